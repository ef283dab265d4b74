/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A P4 program as one graph of blocks over scalar variables: what the tree becomes once instances,
 * generics, calls, structs, stacks and unions are gone. One packet is one walk from `entry`: the
 * parser's blocks, the pipeline's, the deparser's, an end.
 *
 *   lower/   makes it of the checked tree
 *   pass/    specialises the parser, finds what is written, plans the deparser
 *   emit/    writes it as C
 *
 * Values. A variable has 1 to P4_IR_MAX_WIDTH bits and no sign: operators say where a sign matters. A
 * bool has one bit; an enum without representation and an error have 32, and count from 0. A varbit
 * variable is a string of bits, the first of the packet first, zero behind its size.
 *
 * What the specification leaves undefined is decided here: all variables are 0 at the entry and
 * where they are declared; a header that is not valid has 0 in all fields (whoever makes it invalid
 * sets them), and a write to one of its fields is dropped (`guard`); x / 0 is 0, x % 0 is x; a shift
 * by the width or more gives 0, or the sign.
 *
 * Memory: everything lives in the compilation's arena. Lists are chained by `next`.
 */
#ifndef SEKI_P4_IR_IR_H
#define SEKI_P4_IR_IR_H

#include "compiler/p4/ast.h"

#define P4_IR_MAX_WIDTH 2048u

/* What IR_LOOKUP finds where NoAction is to run and is not in the table's list. */
#define IR_NO_ACTION UINT32_MAX

/* ---- variables and headers ---- */

enum ir_var_kind {
	IR_VAR_PLAIN,  /* user metadata, a local, a temporary */
	IR_VAR_FIELD,  /* of `header` */
	IR_VAR_VALID,  /* the validity of `header` */
	IR_VAR_VARBIT, /* width: the most bits it can hold; its bits in use are in `size` */
	IR_VAR_STD, /* a field of the standard metadata, `field`: it lives outside of the program */
	IR_VAR_BASE, /* a byte offset into the packet that the parser keeps; made by pass/ */
	IR_VAR_BYTES, /* a number of bytes that the parser goes by, 32 bits wide: what is known of the
			 packet's length is told by it, so C must not compute it anew */
	IR_VAR_COUNT, /* how often the parser came back to a state; made by pass/, 32 bits */
};

struct ir_var {
	struct ir_var *next;
	enum ir_var_kind kind;
	uint32_t id;
	uint32_t width;
	bool is_signed;		  /* for dumps and C's comments: means nothing */
	const char *name;	  /* "hdr.ipv4.ttl", "ingress.count": as a person writes it */
	const char *field;	  /* IR_VAR_STD: "input_port" ... */
	struct ir_header *header; /* IR_VAR_FIELD, IR_VAR_VALID; of a varbit field too */
	struct ir_var *size;	  /* IR_VAR_VARBIT: a variable of 32 bits */
	bool written;		  /* pass/plan.c: something but an extraction may change it */
	bool counts;		  /* pass/loops.c: a loop of statements may end by it */
	bool read; /* pass/prune.c: something looks at it; else what is extracted to it is not needed */
};

/* A field of a header, structs in it opened up, in the order of the packet. */
struct ir_field {
	struct ir_var *var;
	uint32_t off; /* bits from the header's start, a varbit field before it not counted */
};

/* A header: of the struct of headers, a local, a stack's element, a union's member. */
struct ir_header {
	struct ir_header *next;
	uint32_t id;
	const char *path; /* "hdr.ipv4", "hdr.vlan[1]" */
	const struct p4_type *type;
	const struct seki_token *tok; /* where it is declared */
	struct ir_var *valid;
	struct ir_field *fields;
	uint32_t n_fields;
	uint32_t bits;		    /* without its varbit field */
	struct ir_var *varbit;	    /* or NULL */
	uint32_t varbit_field;	    /* its place in fields */
	struct ir_stack *stack;	    /* that it is an element of, or NULL */
	uint32_t index;		    /* its place in the stack */
	struct ir_header *in_union; /* ring of the members of its union, or NULL */
};

/* A stack of headers (union_members 0) or of header unions. */
struct ir_stack {
	struct ir_stack *next;
	uint32_t id;
	const char *path;
	const struct seki_token *tok;
	uint32_t size;
	uint32_t union_members;
	struct ir_header **elems;  /* size of them; of unions: size * union_members */
	struct ir_var *next_index; /* 32 bits: an ordinary variable, in parsers known to pass/ */
};

/* ---- values: trees without side effects ---- */

enum ir_op {
	IR_CONST, /* num */
	IR_READ,  /* var */
	/* one operand; the result has `width` */
	IR_NOT, /* ~ */
	IR_NEG,
	IR_LNOT, /* of one bit */
	IR_ZEXT, /* to more bits, or the low ones: a cast */
	IR_SEXT,
	IR_SLICE, /* bits [lo + width - 1 : lo] of a */
	/* two operands of the result's width */
	IR_ADD,
	IR_SUB,
	IR_MUL,
	IR_DIV, /* unsigned */
	IR_MOD,
	IR_SAT_ADD, /* unsigned */
	IR_SAT_SUB,
	IR_SAT_ADD_S, /* signed */
	IR_SAT_SUB_S,
	IR_AND,
	IR_OR,
	IR_XOR,
	/* a of the result's width, b of any */
	IR_SHL,
	IR_SHR,
	IR_SHR_S,
	IR_CONCAT, /* a in the high bits */
	/* two operands of one width; the result has 1 bit */
	IR_EQ,
	IR_NE,
	IR_LT,
	IR_LE,
	IR_LT_S,
	IR_LE_S,
	IR_LAND, /* of one bit each; both operands may be looked at */
	IR_LOR,
	/* a, of one bit, ? b : c */
	IR_COND,
	/* of two varbit variables (IR_READ): the same size and bits */
	IR_VARBIT_EQ,
};

struct ir_expr {
	enum ir_op op;
	uint32_t width;
	uint32_t lo;
	const struct ir_expr *a, *b, *c;
	struct ir_var *var;
	struct p4_num num; /* 0 <= num < 2^width */
};

/* ---- tables ---- */

enum ir_match { IR_MATCH_EXACT, IR_MATCH_LPM, IR_MATCH_TERNARY, IR_MATCH_RANGE, IR_MATCH_OPTIONAL };

struct ir_key {
	const char *name; /* "hdr.ipv4.dst", or what @name says: P4Runtime's name */
	const struct p4_key *key;
	enum ir_match match;
	uint32_t width;
	bool is_signed;
};

/* A parameter that the control plane gives. */
struct ir_param {
	const char *name;
	const struct p4_decl *decl;
	uint32_t width;
};

/* An action in a table's list. Its number is its place there. */
struct ir_action {
	const char *name; /* "ingress.forward", what @name says, "NoAction" */
	const struct p4_decl *decl;
	const struct p4_action_ref *ref;
	struct ir_param *params;
	uint32_t n_params;
	bool default_only, table_only;
};

/* An action with what its parameters get. */
struct ir_choice {
	uint32_t action;
	struct p4_num *args; /* as many as the action has parameters */
	const struct seki_token *tok;
};

/* One field of an entry's keys. Exact: low. Lpm, ternary, optional: low and mask. Range: low, high. */
struct ir_keyset {
	struct p4_num low, mask, high;
	uint32_t prefix; /* lpm: bits */
};

struct ir_entry {
	struct ir_entry *next;
	struct ir_keyset *keys;
	struct ir_choice choice;
	uint32_t priority; /* greater wins; 0 where all keys are exact or lpm */
	bool is_const;
};

struct ir_table {
	struct ir_table *next;
	uint32_t id;
	const struct p4_decl *decl;
	const char *name;     /* "ingress.acl", what @name says: P4Runtime's name */
	const char *map_name; /* "ingress_acl": p4c's */
	struct ir_key *keys;
	uint32_t n_keys;
	struct ir_action *actions;
	uint32_t n_actions;
	struct ir_choice miss; /* default action; NoAction where the program names none */
	bool has_no_action;    /* NoAction is not in the list, and is number n_actions */
	bool const_default;
	struct ir_entry *entries;
	uint32_t n_entries;
	bool const_entries;
	uint32_t size;
	struct ir_extern *profile; /* implementation: an action profile or selector, or NULL */
	struct ir_key *choosers; /* keys of kind `selector`: IR_LOOKUP has them behind the others */
	uint32_t n_choosers;
	struct ir_extern **direct; /* direct counters and meters */
	uint32_t n_direct;
	bool applied;
};

/* ---- externs ---- */

/* An instance of an extern type but packet_in and packet_out. */
struct ir_extern {
	struct ir_extern *next;
	uint32_t id;
	const struct p4_decl *decl; /* the instance */
	const char *type;	    /* "Register", "Counter" ... */
	const char *name;	    /* P4Runtime's; map_name as for tables */
	const char *map_name;
	const struct p4_type *const *type_args;
	uint32_t n_type_args;
	struct p4_num *args; /* of the constructor: numbers, bools, numbers of enums' members */
	uint32_t n_args;
	struct ir_table *table; /* that it is direct of, or NULL */
};

/* ---- code ---- */

enum ir_insn_op {
	IR_SET,	       /* var = a, if guard (or NULL) is not 0 */
	IR_SET_VARBIT, /* varbit var = varbit from (NULL: of no bits), if guard */
	IR_LOOKUP, /* table, with the keys in args; hit = found?; action = number of the action */
	IR_DATA,   /* var = parameter `lo` of action `number` of the table looked up last */
	IR_CALL,   /* extern function `name`, or its method of `ext`, with args; sets results */
	IR_NOTE,   /* for traces: `note` and name; changes nothing */
	/* parser; positions count from the packet's start or, before pass/, from the cursor */
	IR_NEED, /* rejects with PacketTooShort unless `lo` bits are there, and `a` bytes behind them
		    (32 bits, or NULL) */
	IR_EXTRACT, /* `header`, or member `lo` of the next element of `stack`, which then grows by one;
		       a: bytes of its varbit field or NULL. What it needs was checked */
	IR_ADVANCE, /* the cursor by `lo` bits, and `a` bytes (32 bits, or NULL) */
	IR_PEEK,    /* var = the bits at `at`; what it needs was checked */
	IR_PUSH,    /* the next index of `stack` grows by `lo`, to its size at most */
	IR_POP,	    /* and shrinks, to 0 at least */
	/* made by pass/ */
	IR_MARK, /* base variable `var` = at, and `a` bytes (or NULL) behind it: `lo` bytes at most, and
		    the machine shall not know more of it than that: states that differ only there
		    would be told apart */
	IR_FORGET, /* var stays what it is, and the machine shall not know what: a loop of the
		      parser comes back with it (`lo`: 1), or it is accepted with, and what
		      follows is not to be followed for each of its values */
	/* deparser */
	IR_EMIT, /* header, as number `number` of ir->emits; after pass/ only those that a condition
		    may leave out: var (the emit's flag) = the header is valid */
};

enum ir_note { IR_NOTE_STATE, IR_NOTE_TABLE, IR_NOTE_ACTION };

/* A place in the packet: the base's bytes (NULL: 0), and so many bits. */
struct ir_at {
	struct ir_var *base;
	uint32_t bits;
};

struct ir_arg {
	const struct ir_expr *value; /* NULL where it is only a result */
	struct ir_var *result;	     /* out, inout: NULL for in */
	const struct p4_decl *param;
	const char *path; /* inside of a struct: "addr.port"; "" for a scalar */
};

struct ir_insn {
	struct ir_insn *next;
	enum ir_insn_op op;
	const struct seki_token *tok; /* the place in the program that this is of */
	struct ir_var *var;
	struct ir_var *guard;
	struct ir_var *from;
	const struct ir_expr *a;
	uint32_t lo;
	uint32_t number;
	struct ir_table *table;
	struct ir_var *hit, *action; /* IR_LOOKUP: NULL where nobody wants to know */
	struct ir_extern *ext;
	const struct p4_decl *callee;	  /* IR_CALL */
	const struct p4_type **type_args; /* of the callee */
	struct ir_arg *args;
	uint32_t n_args;
	struct ir_var *result; /* what the call returns, or NULL */
	struct ir_header *header;
	struct ir_stack *stack;
	struct ir_at at; /* after pass/: of IR_EXTRACT, IR_PEEK, IR_NEED, IR_MARK */
	enum ir_note note;
	const char *name;
};

enum ir_end {
	IR_GOTO,     /* to */
	IR_BRANCH,   /* cond ? to : other */
	IR_SWITCH,   /* value: cases, else other */
	IR_ACCEPTED, /* parser: to; what was extracted and skipped ends here (at) */
	IR_REJECT,   /* parser: `error`; drops, or passes unchanged with compat */
	IR_DROP,
	IR_PASS, /* deparser's end: headers go out */
};

struct ir_case {
	struct ir_case *next;
	struct p4_num value;
	struct ir_block *to;
};

struct ir_block {
	struct ir_block *next;
	uint32_t id;
	const char *name; /* of a parser state or NULL */
	struct ir_insn *first, **end;
	enum ir_end last;
	const struct seki_token *tok; /* of the end */
	const struct ir_expr *value;  /* IR_BRANCH, IR_SWITCH */
	struct ir_case *cases;
	struct ir_block *to, *other;
	const char *error; /* IR_REJECT: "PacketTooShort" ... */
	struct ir_at at;   /* IR_ACCEPTED, after pass/ */
};

/* What the deparser puts out, in order: `header` where `flag` is set when IR_PASS is reached. */
struct ir_emit {
	struct ir_header *header;
	struct ir_var *flag; /* the header's validity itself where nothing can be between */
	const struct seki_token *tok;
};

struct ir_program {
	struct seki_diags *diags;
	struct seki_arena *arena;
	const struct seki_source *source;
	bool compat;	/* a rejected packet passes unchanged, as with p4c's uBPF back end */
	bool old_model; /* ubpf_model before 20200515: no standard metadata */
	const struct p4_decl *parser, *pipeline, *deparser;
	struct ir_var *vars, **vars_end;
	struct ir_header *headers, **headers_end;
	struct ir_stack *stacks, **stacks_end;
	struct ir_table *tables, **tables_end;
	struct ir_extern *externs, **externs_end;
	struct ir_block *blocks, **blocks_end;
	uint32_t n_vars, n_headers, n_stacks, n_tables, n_externs, n_blocks;
	struct ir_block *entry, *pipeline_entry, *deparser_entry;
	struct ir_emit *emits;
	uint32_t n_emits;
	struct ir_var *pass; /* 1 bit, 1 at first: mark_to_pass(), mark_to_drop() */
	struct ir_var *truncate, *truncate_len; /* is truncate() asked for, and to what; or NULL */
	struct ir_plan *plan;			/* pass/plan.h */
};

/* ---- make.c: each returns what it made, of the program's arena ---- */

struct ir_var *seki_ir_var(struct ir_program *ir, enum ir_var_kind kind, uint32_t width,
			   const char *name);
struct ir_block *seki_ir_block(struct ir_program *ir, const char *name);
struct ir_insn *seki_ir_insn(struct ir_program *ir, struct ir_block *block, enum ir_insn_op op,
			     const struct seki_token *tok);

const struct ir_expr *seki_ir_const(struct ir_program *ir, uint32_t width, uint64_t value);
const struct ir_expr *seki_ir_num(struct ir_program *ir, uint32_t width, const struct p4_num *num);
const struct ir_expr *seki_ir_read(struct ir_program *ir, struct ir_var *var);
/* These fold what is known, and give the operand back where nothing is to do. */
const struct ir_expr *seki_ir_unary(struct ir_program *ir, enum ir_op op, uint32_t width,
				    const struct ir_expr *a);
const struct ir_expr *seki_ir_binary(struct ir_program *ir, enum ir_op op, uint32_t width,
				     const struct ir_expr *a, const struct ir_expr *b);
const struct ir_expr *seki_ir_slice(struct ir_program *ir, const struct ir_expr *a, uint32_t hi,
				    uint32_t lo);
const struct ir_expr *seki_ir_cond(struct ir_program *ir, const struct ir_expr *a,
				   const struct ir_expr *b, const struct ir_expr *c);
bool seki_ir_is_const(const struct ir_expr *expr, uint64_t value);

/* ---- print.c: the program as text, for people and tests ---- */

struct seki_strbuf;
void seki_ir_print(const struct ir_program *ir, struct seki_strbuf *out);

#endif
