/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the parser share: parse.c (declarations), parse_table.c,
 * parse_stmt.c, parse_expr.c, parse_notes.c (annotations), parse_hint.c, parse_core.c. */
#ifndef SEKI_P4_PARSER_H
#define SEKI_P4_PARSER_H

#include "compiler/p4/ast.h"
#include "compiler/p4/names.h"

#define SEKI_P4_MAX_NESTING 200u
#define SEKI_P4_MAX_DEPTH   1000u

struct p4_parser {
	struct seki_diags *diags;
	struct seki_arena *arena;
	struct seki_token *tok;	       /* the next one */
	const struct seki_token *prev; /* the last one taken */
	uint32_t nesting;
	bool panic; /* an error was told; be silent until in step again */
	bool stop;  /* nested too deeply: give up */
	bool no_gt; /* inside <...>: '>' closes it */
	uint32_t n_ids;
	struct p4_names types; /* so far, so that "(T) x" is known to be a cast */
};

/* What annotations before a declaration say. */
struct p4_notes {
	const char *name;
	bool optional;
	bool pure;
	bool default_only;
	bool table_only;
	bool atomic;
	const char *deprecated;		/* why it should not be used, or NULL */
	uint32_t quiet;			/* set of the warnings of @noWarn */
	struct p4_expr *exprs;		/* what is in @a[...] */
	const struct seki_token *match; /* first token of what @match has */
	const struct seki_token *first; /* the first '@', where there is one */
};

bool seki_parse_at(const struct p4_parser *p, const char *text);
bool seki_parse_accept(struct p4_parser *p, const char *text);
void seki_parse_expect(struct p4_parser *p, const char *text, const char *where);
void seki_parse_error(struct p4_parser *p, const char *expected);
/* The '}' of an '{', which a note points at where there is none. */
void seki_parse_close(struct p4_parser *p, const struct seki_token *open, const char *where);
bool seki_parse_at_outer(const struct p4_parser *p);
bool seki_parse_at_state(const struct p4_parser *p); /* `state` may be a name, too */
void seki_parse_take(struct p4_parser *p);
const char *seki_parse_name(struct p4_parser *p, const char *what);
/* May the token be a name? Some keywords may. */
bool seki_parse_is_name(const struct seki_token *tok);
void seki_parse_decl_name(struct p4_parser *p, struct p4_decl *decl, const char *what);
bool seki_parse_at_name(const struct p4_parser *p);
bool seki_parse_enter(struct p4_parser *p);
void seki_parse_leave(struct p4_parser *p);
/* After an error: to behind the next ';' or before a '}' of this level. */
void seki_parse_sync(struct p4_parser *p);
struct p4_notes seki_parse_annotations(struct p4_parser *p);
/* When all that the annotations are of has been taken. */
void seki_parse_noted(struct p4_parser *p, const struct p4_notes *notes);
void seki_parse_add_type(struct p4_parser *p, const char *name);
bool seki_parse_is_type(const struct p4_parser *p, const char *name);
struct p4_decl *seki_parse_new_decl(struct p4_parser *p, enum p4_decl_kind kind);

struct p4_tref *seki_parse_type(struct p4_parser *p);
struct p4_tref *seki_parse_type_args(struct p4_parser *p);
struct p4_tref *seki_parse_type_arg(struct p4_parser *p); /* exactly one */
/* Without taking anything: the token after a type, or NULL where none starts here. */
const struct seki_token *seki_parse_skip_type(const struct seki_token *tok, uint32_t depth);

struct p4_expr *seki_parse_expr(struct p4_parser *p);
struct p4_expr *seki_parse_keyset(struct p4_parser *p);
struct p4_expr *seki_parse_args(struct p4_parser *p, const char *close);
/* A name and what follows it: member, index, call. */
struct p4_expr *seki_parse_postfix(struct p4_parser *p);
struct p4_expr *seki_parse_new_expr(struct p4_parser *p, enum p4_expr_kind kind);

struct p4_stmt *seki_parse_block(struct p4_parser *p);
struct p4_stmt *seki_parse_stmt(struct p4_parser *p);
struct p4_stmt *seki_parse_transition(struct p4_parser *p);

/* parse_hint.c: each tells an error where what is there is of another language. True: it has. */
bool seki_parse_tell_statement(struct p4_parser *p);
bool seki_parse_tell_place(struct p4_parser *p, bool in_control);
void seki_parse_tell_operator(struct p4_parser *p, const struct p4_expr *condition);
void seki_parse_tell_dotted(struct p4_parser *p, const struct p4_expr *first);

struct p4_decl *seki_parse_table(struct p4_parser *p);

/* Local declarations: constants, variables, instances. */
bool seki_parse_at_declaration(const struct p4_parser *p);
struct p4_decl *seki_parse_const(struct p4_parser *p);
struct p4_decl *seki_parse_var_or_instance(struct p4_parser *p);
struct p4_decl *seki_parse_params(struct p4_parser *p);
struct p4_decl *seki_parse_function(struct p4_parser *p, struct p4_tref *result);

#endif
