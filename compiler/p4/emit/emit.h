/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the graph of ir/ir.h, after pass/, to C for clang -target bpf. The C includes nothing, keeps
 * all state in locals of one function, and compiles natively as well (with SEKISHO_NATIVE and the
 * helpers given).
 *
 * Values: those of up to 64 bits are in the smallest unsigned type that holds them, the bits above
 * zero; wider ones are arrays of limbs of 64 bits, the lowest first; varbits are such arrays as well,
 * which hold the bytes in the packet's order, and a count of bytes beside the size in bits.
 *
 * Names: one that is made of a name of the program has a '$' in it, which no name of P4 has, so
 * that it is no keyword, macro or name of ours. The symbols of maps have the names that the ABI
 * asks for, each with a '_' in it: no function of ours has that but the helpers, whose symbols have
 * a '$'.
 */
#ifndef SEKI_P4_EMIT_EMIT_H
#define SEKI_P4_EMIT_EMIT_H

#include "abi/p4obj.h"
#include "compiler/p4/pass/plan.h"

#define EMIT_TEMPS 256u

/*
 * How the same program can be written, from tight to defensive: where one does not fit the stack, or the
 * verifier does not follow it, the next is tried.
 */
enum emit_profile {
	EMIT_ON_STACK,	       /* variables are locals: the fastest */
	EMIT_IN_SCRATCH,       /* the headers' and the program's own values are in scratch memory */
	EMIT_FLAGS_IN_SCRATCH, /* and whether headers are valid */
	/*
	 * All but what loops count with is there and volatile: neither clang nor the verifier knows
	 * anything of what is read, so wherever paths meet there is one state, and what bounds an
	 * access is checked at the access.
	 */
	EMIT_OPAQUE,
	/*
	 * And rounds of states are counted down. What grows the verifier guesses to bound the loop, and
	 * then walks all behind it anew (core/bpf/verify/rank.c): good for one loop, not for several.
	 */
	EMIT_OPAQUE_DOWN,
	EMIT_PROFILES
};

struct emit {
	const struct ir_program *ir;
	struct seki_diags *diags;
	struct seki_arena *arena;
	struct seki_strbuf *out;
	const char *place;	      /* #line of what is being written out, or "" */
	const struct seki_token *tok; /* its place */
	const char **vars;	      /* C name of each variable, by id */
	const char *site;	      /* of where a packet was dropped */
	const char *base;	      /* that of the base variable, while a copy stands for it */
	bool *needed;		      /* of a varbit variable, by id: its bits are looked at */
	bool *joined;		      /* of a field, by id: loaded together with the one before */
	bool *is_head;		      /* of a block, by id: a loop of states comes back to it */
	enum emit_profile profile;
	bool trace;
	uint32_t n_ids;
	struct emit_known *known;    /* what custom.c has declared */
	const struct ir_insn *write; /* of a register, which uses the key of the read before it: */
	const char *write_key;
	uint32_t n_temps;	    /* in scratch: arrays that this instruction needs, */
	uint32_t temps[EMIT_TEMPS]; /* and for each of those that any needs, its limbs */
};

struct emit_opts {
	enum emit_profile profile;
	const char *extern_code; /* C of the program's own extern functions, or NULL */
	bool trace;		 /* it tells what it does: trace.c */
};

/* emit.c: 0, or -EINVAL with errors in diags. `source`: the name of the P4 file. */
int seki_emit_program(const struct ir_program *ir, const char *source, const struct emit_opts *opts,
		      struct seki_strbuf *out);

/* prelude.c: what comes first in each program. */
extern const char seki_emit_prelude[];
/* And behind it, of each profile. */
extern const char *const seki_emit_forget[EMIT_PROFILES];

/* text.c */
__attribute__((format(printf, 2, 3))) void seki_emit_line(struct emit *em, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) char *seki_emit_text(struct emit *em, const char *fmt, ...);
/* The next lines are of that place of the P4 program. */
void seki_emit_place(struct emit *em, const struct seki_token *tok);
/* The line for drop sites: of the program's own file, that of the #include where it is another. */
uint32_t seki_emit_line_number(const struct seki_token *tok);
uint32_t seki_emit_id(struct emit *em);
/* A string of C, whatever is in it. */
const char *seki_emit_string(struct emit *em, const char *s);
/* A name of the language as part of a name of C. */
const char *seki_emit_cname(struct emit *em, const char *text);

/* vars.c: names and declarations of variables. */
void seki_emit_name_vars(struct emit *em);
void seki_emit_declare_vars(struct emit *em);
void seki_emit_scratch_map(struct emit *em);
/* Is it in scratch memory? */
bool seki_emit_in_scratch(const struct emit *em, const struct ir_var *var);
static inline const char *seki_emit_var(const struct emit *em, const struct ir_var *var)
{
	return em->vars[var->id];
}
/* As it is declared. */
const char *seki_emit_own_name(struct emit *em, const struct ir_var *var);
/* Is it kept as how many rounds are left? */
bool seki_emit_counts_down(const struct emit *em, const struct ir_var *var);
/* Of a varbit variable: the variable of C that counts its bytes, short-lived, and making it. */
const char *seki_emit_count(struct emit *em, const struct ir_var *var);
void seki_emit_recall_count(struct emit *em, const struct ir_header *header);
/* Bits of the C type that holds `width` bits: 8, 16, 32, 64. */
uint32_t seki_emit_cwidth(uint32_t width);
static inline bool seki_emit_is_wide(uint32_t width)
{
	return width > 64;
}
static inline uint32_t seki_emit_limbs(uint32_t width)
{
	return (width + 63) / 64;
}

/*
 * narrow.c: C text of a value of up to 64 bits; what it is made of may be written out before. The
 * text has no effects and may be used several times.
 */
const char *seki_emit_value(struct emit *em, const struct ir_expr *expr);
/* `text` cut to `width` bits, as the C type of that width. */
const char *seki_emit_cut(struct emit *em, const char *text, uint32_t width);
/* A variable of its own for it. */
const char *seki_emit_keep(struct emit *em, uint32_t width, const char *text);

/* All bits set where the text is 1, none where it is 0; a variable of its own. */
const char *seki_emit_mask(struct emit *em, const char *text);

/* wide.c: the name of an array of limbs that holds a value of more than 64 bits. */
const char *seki_emit_wide(struct emit *em, const struct ir_expr *expr);
/* A wide number as an amount to shift by: ~0 where it is more than 32 bits hold. */
const char *seki_emit_wide_amount(struct emit *em, const struct ir_expr *expr);
/* Comparisons and pieces of wide values, which are narrow ones. */
const char *seki_emit_wide_compare(struct emit *em, const struct ir_expr *expr);
const char *seki_emit_wide_piece(struct emit *em, const char *limbs, uint32_t n_limbs, uint32_t lo,
				 uint32_t width);
void seki_emit_wide_copy(struct emit *em, const char *to, const char *from, uint32_t width);

/* packet.c: bits of the packet. */
const char *seki_emit_load(struct emit *em, const char *base, uint32_t off, uint32_t width);
void seki_emit_load_to(struct emit *em, const struct ir_var *var, const char *base, uint32_t off);
void seki_emit_need(struct emit *em, const struct ir_insn *insn);
/* Where what is known of a place was forgotten: else the program may look at all of a packet. */
void seki_emit_bound_place(struct emit *em, const char *name, const char *label);
/* Before an access: with a copy of the place, which is compared and added to the packet's start near to
 * each other, for the rest of the block. */
void seki_emit_need_again(struct emit *em, const struct ir_at *at, uint32_t bits);
void seki_emit_extract(struct emit *em, const struct ir_insn *insn);
/* All fields of a header to the packet, from `byte` behind `at` on. */
void seki_emit_store(struct emit *em, const struct ir_header *header, const char *at,
		     uint32_t byte);
/* The same where it was extracted from: what no more than the extraction sets is there. */
void seki_emit_store_changes(struct emit *em, const struct ir_header *header, const char *at,
			     uint32_t byte);
const char *seki_emit_base(struct emit *em, const struct ir_var *base);
/* Bytes from the packet's start. */
const char *seki_emit_place_text(struct emit *em, const struct ir_at *at);
/* C text of all of a header's bytes. */
const char *seki_emit_size(struct emit *em, const struct ir_header *header);

/* trace.c: nothing where the program is not to tell what it does. */
void seki_emit_trace(struct emit *em, char kind, const struct seki_token *tok, const char *name);
void seki_emit_trace_number(struct emit *em, char kind, const char *name, uint32_t width,
			    const char *value);
void seki_emit_trace_extract(struct emit *em, const struct ir_insn *insn);
void seki_emit_trace_keys(struct emit *em, const struct ir_insn *insn);
void seki_emit_trace_hit(struct emit *em, const char *value);

/* block.c */
void seki_emit_blocks(struct emit *em);

/* extern.c */
void seki_emit_call(struct emit *em, const struct ir_insn *insn);
/* Types, maps, prototypes; `code`: C of the program's own functions, or NULL. */
void seki_emit_externs(struct emit *em, const char *code);
void seki_emit_declare_states(struct emit *em);

/* table.c */
/* Is the default action no entry? What is direct of a table needs one, whoever may change it. */
static inline bool seki_emit_fixed_miss(const struct ir_table *table)
{
	return table->const_default && !table->n_direct;
}
void seki_emit_tables(struct emit *em); /* types and maps */
void seki_emit_lookup(struct emit *em, const struct ir_insn *insn);
void seki_emit_data(struct emit *em, const struct ir_insn *insn);
void seki_emit_declare_tables(struct emit *em);
uint32_t seki_emit_action_number(const struct ir_table *table, uint32_t action);
/* Big-endian in whole bytes; of a trie's last field the bits at the front, as prefixes count. */
void seki_emit_bytes(struct emit *em, const char *to, const struct ir_expr *value, bool in_front);
void seki_emit_map(struct emit *em, const char *name, const char *suffix, uint32_t type,
		   const char *key, const char *value, uint32_t size);
/* Of which kind of map a table is made; its keys in the order of C's struct, and their names. */
enum seki_map_type seki_emit_table_type(const struct ir_table *table);
const struct ir_key **seki_emit_keys(struct emit *em, const struct ir_table *table);
const char *seki_emit_key_name(struct emit *em, const struct ir_table *table,
			       const struct ir_key *key);

/* entry.c: what maps hold at first. */
void seki_emit_entries(struct emit *em, const struct ir_table *table);

/* custom.c: extern functions that the program brings along. */
void seki_emit_custom_prototype(struct emit *em, const struct ir_insn *insn);
void seki_emit_custom_call(struct emit *em, const struct ir_insn *insn);

/* deparser.c: where the deparser's blocks have gone through; label `deparse`. */
void seki_emit_deparser(struct emit *em);
/* Is the header stored elsewhere than it came from? */
bool seki_emit_moves(const struct emit *em, const struct ir_header *header);

#endif
