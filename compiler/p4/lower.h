/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the checked tree to what the code generator needs for one packet program of ubpf_model:
 * which parser, control and deparser; the headers; the parser's states, one for each offset that
 * they can be reached at, so that every offset into the packet is a constant; maps; what is ever
 * written.
 */
#ifndef SEKI_P4_LOWER_H
#define SEKI_P4_LOWER_H

#include "compiler/p4/ast.h"

#define SEKI_P4_MAX_STEPS    4096u
#define SEKI_P4_MAX_VARIANTS 64u
#define SEKI_P4_MAX_HEADERS  64u
#define SEKI_P4_MAX_LAYOUTS  256u

/* A header inside the struct of headers. */
struct p4_header {
	struct p4_header *next;
	const char *path;  /* "outer.ipv4": the members from the struct on */
	const char *cname; /* "hdr.f_outer.f_ipv4" */
	const struct p4_decl *field;
	struct p4_type *type;
	uint32_t id;
	uint32_t bits; /* without its varbit field */
	bool has_varbit;
	int rank; /* place in the order of emits, -1: never emitted */
	bool emitted_twice;
	bool written; /* a field is assigned somewhere */
	bool moved;   /* it may become valid or invalid outside extract() */
	bool extracted;
	uint32_t offsets[SEKI_P4_MAX_VARIANTS]; /* bytes: where it can be extracted from */
	uint32_t n_offsets;
};

/* What the parser can have extracted when it accepts. */
struct p4_layout {
	uint64_t mask; /* headers, by id */
	uint32_t len;  /* bytes */
};

/* The sizes that a variable extract or advance can have: base, base + unit ... (bits). */
struct p4_sizes {
	uint32_t unit;
	uint32_t max;
};

/* Part of a parser's state at one offset: from a statement to the next step of variable size. */
struct p4_step {
	struct p4_step *next;
	struct p4_step *follower; /* in the order in which none comes before its predecessors */
	const struct p4_decl *state;
	const struct p4_stmt *start;
	uint32_t off; /* bits */
	uint32_t id;
	uint32_t end_off;		/* behind its last extract of fixed size */
	const struct p4_stmt *variable; /* the step of variable size that ends it, or NULL */
	struct p4_sizes sizes;		/* of that */
	uint32_t variable_off;		/* bits: where that is with size 0 */
	int rank;	 /* highest rank extracted on some way here; -1: none, -2: not in order */
	uint64_t *masks; /* which headers (by id) can have been extracted on the way here */
	uint32_t n_masks;
	bool visiting;
};

enum p4_map_kind { P4_MAP_TABLE, P4_MAP_REGISTER };

struct p4_map_field {
	const char *name;
	struct p4_type *type;
	const struct p4_key *key;
	uint32_t position; /* among the keys as written */
};

struct p4_map {
	struct p4_map *next;
	enum p4_map_kind kind;
	const struct p4_decl *decl;
	const char *name; /* "pipe_filter" */
	uint32_t size;
	struct p4_map_field *fields; /* widest first */
	uint32_t n_fields;
	struct p4_type *key_type, *value_type; /* of a register */
};

struct p4_lower {
	struct seki_diags *diags;
	struct seki_arena *arena;
	const struct p4_program *program;
	const struct seki_source *source; /* the program's file */
	bool compat;			  /* do as p4c's uBPF back end */
	struct p4_decl *parser, *pipeline, *deparser;
	struct p4_decl *hdr_param[3], *meta_param[3], *std_param[3]; /* of the three */
	struct p4_header *headers;
	uint32_t n_headers;
	struct p4_header **emits; /* in order */
	uint32_t n_emits;
	struct p4_step *steps;
	struct p4_step *order; /* the same, by `follower` */
	struct p4_step **steps_end;
	uint32_t n_steps;
	struct p4_layout *layouts; /* with which the parser can accept */
	uint32_t n_layouts;
	bool in_order;	  /* headers are extracted in the order of emits, each once */
	bool has_advance; /* bytes are skipped that no header holds */
	bool preserved;	  /* headers go out as they came in, but for their fields */
	struct p4_map *maps;
	const char **cnames; /* by id of a declaration, NULL: made from its name and id */
};

/* 0, or -EINVAL with errors in diags. */
int seki_p4_lower(struct p4_lower *lower);

/* The header that an expression stands for, or NULL where it is none of the struct of headers. */
struct p4_header *seki_old_header(const struct p4_lower *lower, const struct p4_expr *expr);

/*
 * Before a control applied inside another is looked at: those of its parameters that are given the
 * headers, metadata or standard metadata as a whole become names for them. That cannot be told from
 * copying in and out, as nothing else in the control can reach them.
 */
void seki_old_bind(const struct p4_lower *lower, const struct p4_expr *call);

/* graph.c */
int seki_old_graph(struct p4_lower *lower);
struct p4_step *seki_old_step(const struct p4_lower *lower, const struct p4_decl *state,
			      const struct p4_stmt *start, uint32_t off);
bool seki_old_is_extract(const struct p4_stmt *stmt);
/* packet.extract(), advance() ...: the method's name where the call is one of packet_in's. */
const char *seki_old_packet_call(const struct p4_expr *call);
/* False where there are too many; more than `cap` bits are rejected at run time. */
bool seki_old_sizes(const struct p4_expr *size, uint32_t cap, struct p4_sizes *out);
/* Bits of a fixed advance; false where the amount is not known. */
bool seki_old_fixed_advance(const struct p4_stmt *stmt, uint32_t *bits);
bool seki_old_is_variable(const struct p4_stmt *stmt);

/* order.c: what has been extracted, in which order, on every way; sets layouts and in_order. */
int seki_old_order(struct p4_lower *lower);

/* layout.c */
int seki_old_maps(struct p4_lower *lower);
const struct p4_map *seki_old_map(const struct p4_lower *lower, const struct p4_decl *decl);
/* A name of the language as part of a name of C. */
char *seki_old_cname(struct seki_arena *arena, const char *text);

/* effects.c: what the program may write; sets written and moved of the headers. */
void seki_old_effects(struct p4_lower *lower);

#endif
