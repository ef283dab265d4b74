/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is valid and what has a value at each point of a program. A *slot* is a header or a scalar
 * variable; a *path* says of each slot that it is valid (has a value), is not, or that nothing is
 * known of it, which is never warned of. Paths are kept apart while they are few, so that "TCP is
 * valid" tells what the parser did before it. Controls, actions and functions are followed at each
 * call. Of what is not understood, nothing is known: better no warning than a wrong one.
 */
#ifndef SEKI_P4_FLOW_H
#define SEKI_P4_FLOW_H

#include "compiler/p4/lint/lint.h"

#define FLOW_SLOTS 512u
#define FLOW_WORDS (FLOW_SLOTS / 64)
#define FLOW_PATHS 32u
#define NO_SLOT	   UINT32_MAX

/* A variable, parameter or part of one: fields, members of a union, elements of a stack. */
struct place {
	struct place *next, *parts;
	struct place *older;	    /* made before it, for a variable or parameter */
	const struct place *around; /* the union that it is a member of, or NULL */
	const char *name;
	const struct p4_decl *decl;
	const struct p4_type *type;
	uint32_t slot; /* NO_SLOT: not followed */
	bool header;
};

struct path {
	uint64_t yes[FLOW_WORDS], no[FLOW_WORDS];
};

/* No path: the point is not reached. */
struct paths {
	uint32_t n;
	struct path *of; /* FLOW_PATHS */
};

enum known { KNOWN_NOT, KNOWN_YES, KNOWN_NO };

struct flow {
	struct p4_lint *lint;
	struct place **places; /* by id of the variable or parameter */
	struct place *newest;
	bool *visited;	       /* by id of the parser, control, function or action */
	bool *varying;	       /* by id: values that may say which way a packet went */
	struct paths **states; /* by id of a state: how it is entered */
	uint32_t *visits;      /* by id of a state */
	uint32_t n_slots;
	uint32_t budget; /* paths that may still be copied: calls in calls are many */
	uint32_t depth;
	struct paths *spare; /* for all, where the budget is used up: nothing is told then */
	struct paths *returned, *exited, *left; /* by return, exit, and break or continue */
};

/* paths.c */
struct paths *seki_paths_none(struct flow *f);
struct paths *seki_paths_one(struct flow *f); /* nothing is known */
struct paths *seki_paths_copy(struct flow *f, const struct paths *from);
/* Adds those of `from`. False: it had them all. */
bool seki_paths_join(struct flow *f, struct paths *to, const struct paths *from);
void seki_paths_set(struct paths *p, uint32_t slot, enum known known);
/* What holds for each slot of the place. */
void seki_paths_set_place(struct paths *p, const struct place *place, enum known headers,
			  enum known scalars);
void seki_paths_copy_place(struct paths *p, const struct place *to, const struct place *from);
/*
 * A header becomes valid, or invalid: so do, or do not stay, the other members of its union, of which one
 * at most is valid.
 */
void seki_paths_set_header(struct paths *p, const struct place *header, enum known known);
/* Leaves the paths on which a header may be (not) valid, or any of a union's, and there it is. */
void seki_paths_assume_valid(struct paths *p, const struct place *place, bool valid);
/* Leaves the paths on which the slot may be so, and there it is. */
void seki_paths_assume(struct paths *p, uint32_t slot, enum known known);
/* How many of the paths know that it is not. */
uint32_t seki_paths_count_no(const struct paths *p, uint32_t slot);
/* What differs between paths is not known any more. */
void seki_paths_soften(struct paths *p);

/* place.c */
/* The place of a variable or parameter, made where there is none. */
struct place *seki_place_of(struct flow *f, const struct p4_decl *decl);
/* Forgets all places. */
void seki_place_reset(struct flow *f);
/* What an expression stands for, or NULL. */
struct place *seki_place_resolve(struct flow *f, const struct p4_expr *expr);

/* flow_expr.c */
void seki_flow_read(struct flow *f, struct paths *p, const struct p4_expr *e);
void seki_flow_assign(struct flow *f, struct paths *p, const struct p4_expr *to,
		      const struct p4_expr *from);
void seki_flow_write(struct flow *f, struct paths *p, const struct p4_expr *to);
void seki_flow_condition(struct flow *f, struct paths *p, const struct p4_expr *e,
			 struct paths **yes, struct paths **no);
bool seki_flow_is_varying(struct flow *f, const struct p4_expr *e);

/* flow_call.c */
void seki_flow_call(struct flow *f, struct paths *p, const struct p4_expr *call);
void seki_flow_table(struct flow *f, struct paths *p, const struct p4_decl *table,
		     struct paths **hit, struct paths **miss);
/* One action of a table, from what was there before. */
struct paths *seki_flow_action_ref(struct flow *f, const struct paths *p,
				   const struct p4_action_ref *ref);

/* flow_stmt.c */
void seki_flow_var(struct flow *f, struct paths *p, const struct p4_decl *var);
/* Runs a body whose `return` ends it. */
void seki_flow_body(struct flow *f, struct paths *p, const struct p4_stmt *body);
/* A parser up to accept, or a control. */
void seki_flow_block(struct flow *f, struct paths *p, const struct p4_decl *block);

#endif
