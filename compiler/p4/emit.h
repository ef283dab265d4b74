/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the lowered program to C for clang -target bpf. The C includes nothing, keeps all state in
 * locals of one function, and compiles natively as well (with SEKISHO_NATIVE and the helpers
 * given).
 *
 * Values: bit<W> and int<W> are in the smallest unsigned type that holds them, the bits above W
 * zero. A header that is not valid has zero in all its fields: writes to it are dropped.
 *
 * Names: one that is made of a name of the program has a '$' in it, which no name of P4 has, so
 * that it is no keyword, macro or name of ours. Only fields of structs do with "f_" before them.
 * The symbols of maps have the names that the ABI asks for, each with a '_' in it: no function of
 * ours has that but the helpers, whose symbols have a '$'.
 */
#ifndef SEKI_P4_EMIT_H
#define SEKI_P4_EMIT_H

#include "compiler/p4/lower.h"

/* An action, function or control that is being written out in place. */
struct p4_frame {
	struct p4_frame *outer;
	uint32_t id;
	bool returns;	    /* something jumps to its end */
	bool exits;	    /* an exit leaves through its end */
	const char *result; /* variable of the result, or NULL */
	const struct p4_decl *decl;
};

struct p4_emit {
	const struct p4_lower *lower;
	struct seki_diags *diags;
	struct seki_arena *arena;
	struct seki_strbuf *out; /* where statements go */
	const char *place;	 /* #line of what is being written out, or "" */
	struct p4_frame *frame;
	uint32_t n_ids;
	uint32_t indent;
	const struct p4_step *step; /* in a parser */
	uint32_t off;		    /* bits: where the parser is */
	bool rejects;		    /* something jumps to `reject` */
	bool drops;		    /* something marks the packet */
	bool truncates;
};

/* emit.c */
int seki_p4_emit(const struct p4_lower *lower, const char *source, struct seki_strbuf *out);
__attribute__((format(printf, 2, 3))) void seki_olde_line(struct p4_emit *em, const char *fmt, ...);
void seki_olde_place(struct p4_emit *em, const struct seki_token *tok);
/* The line for drop sites: of the program's own file, that of the #include where it is another. */
uint32_t seki_olde_line_number(const struct seki_token *tok);
uint32_t seki_olde_id(struct p4_emit *em);
__attribute__((format(printf, 2, 3))) char *seki_olde_text(struct p4_emit *em, const char *fmt,
							   ...);
const char *seki_olde_cname(struct p4_emit *em, const struct p4_decl *decl);

/* emit_type.c */
const char *seki_olde_ctype(struct p4_emit *em, const struct p4_type *type,
			    const struct seki_token *tok);
/* Bits of the C type that holds `width` bits: 8, 16, 32, 64, 128. */
uint32_t seki_olde_cwidth(uint32_t width);
void seki_olde_types(struct p4_emit *em);
void seki_olde_maps(struct p4_emit *em);
uint32_t seki_olde_width(const struct p4_type *type); /* of a scalar */
const char *seki_olde_literal(struct p4_emit *em, const struct p4_type *type, struct p4_num num);
bool seki_olde_is_scalar(const struct p4_type *type);

/* emit_expr.c: C text of a value. */
const char *seki_olde_expr(struct p4_emit *em, const struct p4_expr *expr);
bool seki_olde_is_pure(const struct p4_expr *expr);
/* `value` cut to `width` bits, as the C type of that width. */
const char *seki_olde_cut(struct p4_emit *em, const char *value, uint32_t width);
void seki_olde_assign(struct p4_emit *em, const struct p4_expr *lvalue, const char *value);

/* emit_call.c */
const char *seki_olde_call(struct p4_emit *em, const struct p4_expr *call);
void seki_olde_call_stmt(struct p4_emit *em, const struct p4_expr *call);
/* An action or function in place; args are the arguments of its first parameters. */
void seki_olde_inline(struct p4_emit *em, const struct p4_decl *decl, struct p4_expr *const *bound,
		      const char *const *data, const char *result);

/* emit_stmt.c */
void seki_olde_stmt(struct p4_emit *em, const struct p4_stmt *stmt);
void seki_olde_var(struct p4_emit *em, const struct p4_decl *decl);

/* emit_table.c: applies a table; hit and run are C variables to set, or NULL. */
void seki_olde_apply(struct p4_emit *em, const struct p4_decl *table, const char *hit,
		     const char *run);

/* emit_packet.c: bits [off, off + width) of the packet. */
const char *seki_olde_load(struct p4_emit *em, uint32_t off, uint32_t width);
void seki_olde_extract(struct p4_emit *em, const struct p4_type *type, const char *cname,
		       uint32_t off);
void seki_olde_store(struct p4_emit *em, const struct p4_type *type, const char *cname,
		     uint32_t byte);
/* `if` the packet ends before a bit, reject at a line. */
void seki_olde_check_length(struct p4_emit *em, uint32_t end, const struct seki_token *tok);

/* emit_parser.c, emit_deparser.c */
void seki_olde_parser(struct p4_emit *em);
void seki_olde_deparser(struct p4_emit *em);

#endif
