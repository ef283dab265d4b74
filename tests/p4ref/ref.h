/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slow, plain interpreter of checked P4 programs: the judge in differential tests of the compiler. It
 * shares the front end with it and nothing else: it walks the tree as the P4_16 specification (1.2.5) says,
 * with GMP for every number. Where that leaves a value undefined it does as Sekisho decided: what was never
 * written is 0, fields of an invalid header are 0 and cannot be written, so is what is out of range.
 */
#ifndef SEKI_P4REF_REF_H
#define SEKI_P4REF_REF_H

#include <gmp.h>
#include <setjmp.h>

#include "abi/p4obj.h"
#include "compiler/p4/ast.h"

struct ref_val {
	const struct p4_type *type; /* with no type parameters in it */
	mpz_t num;		    /* numbers, bool, enums, errors, bits of a varbit */
	uint32_t bits;		    /* a varbit's length now */
	uint32_t next;		    /* a stack's next index */
	bool valid;		    /* of a header; one that is not is 0 in all fields */
	uint32_t n;
	struct ref_val *part; /* fields, elements */
};

/* Where a value is kept. */
struct ref_place {
	struct ref_val *v;
	struct ref_val *header; /* that v is a field of, or NULL */
	struct ref_val *around; /* union that v is a member of, or NULL */
	struct ref_val *stack;	/* for s.next: counts up when it was extracted */
	bool nowhere;		/* out of range: reads v, which is 0; writes are dropped */
	bool sliced;
	uint32_t low, width;
};

/* Bits, the first is the highest of its byte. */
struct ref_bits {
	uint8_t *data;
	size_t len; /* bits */
	size_t max; /* bytes */
};

enum ref_match { REF_ANY, REF_EQUAL, REF_MASK, REF_RANGE };

struct ref_field {
	enum ref_match kind;
	mpz_t a, b; /* value and mask, or low and high end */
	struct p4_expr *keyset;
};

struct ref_entry {
	struct ref_entry *next;
	int64_t priority; /* the greatest wins */
	struct ref_field *fields;
	const struct p4_action_ref *choice; /* of the program: its arguments */
	struct p4_decl *action;		    /* of the control plane, with args */
	struct ref_val **args;		    /* by parameter, NULL for those with a direction */
	uint32_t member, group;		    /* of a table with an action profile: one of them */
	struct ref_cell *cells;		    /* direct counters and meters */
};

/* An instance: of a parser, control or extern; a table is one too. */
struct ref_obj {
	struct ref_obj *next;
	const void *key; /* its declaration, or the call that makes it */
	const struct p4_decl *decl;
	const struct p4_type *type;
	const char *name;	 /* "pipe_inner_filter" */
	struct ref_frame *frame; /* constructor parameters and instances */
	struct ref_obj *members;
	struct ref_entry *entries; /* tables, value sets, cells of registers, members of profiles */
	struct ref_entry *fallback;
	uint32_t max;	       /* cells, records */
	uint32_t algorithm;    /* of a Hash or selector */
	uint32_t width;	       /* of a selector's hash */
	uint32_t unit;	       /* of a counter or meter */
	uint32_t sum;	       /* of an InternetChecksum, in this packet */
	uint64_t packed;       /* into a digest */
	struct ref_obj *other; /* a table's action profile; a profile's table */
	struct ref_cell *cells;
	struct ref_record *records; /* of a digest, that nobody took */
	struct ref_group *groups;   /* the one set last is the first */
	struct ref_val *value;	    /* of a Random that has only one */
};

struct ref_name {
	struct ref_name *next;
	const struct p4_decl *decl;
	struct ref_val *val;
	struct ref_obj *obj;
};

/* What runs: a block, action or function. */
struct ref_frame {
	struct ref_frame *outer;  /* whose names are seen */
	struct ref_frame *caller; /* who goes on after it */
	struct ref_name *names;
	const struct p4_decl *type_params;
	struct p4_type **type_args;
	struct ref_obj *self;
	struct ref_val *result;
	jmp_buf exit;
};

enum ref_flow { REF_NEXT, REF_BREAK, REF_CONTINUE, REF_RETURN };

struct ref_fact {
	struct ref_fact *next;
	int family;
	mpz_t saddr, daddr;
	uint32_t sport, dport;
};

struct ref {
	struct seki_arena *arena; /* where all memory comes from now: keep or scratch */
	struct seki_arena keep, scratch;
	const struct p4_program *program;
	bool compat;
	struct ref_frame *global, *frame;
	struct ref_obj *objects; /* of all */
	struct ref_obj *parser, *pipeline, *deparser;
	struct ref_entry *entry; /* whose action runs */
	struct ref_fact *facts;
	uint64_t time;

	/* the packet */
	struct ref_bits packet, out;
	size_t at; /* bits that the parser has read */
	bool pass, truncated;
	mpz_t cut;
	size_t emitted, kept; /* bits of all headers; of those in front of the cut */
	uint32_t site, steps;
	struct ref_visit {
		const struct p4_decl *state;
		uint32_t n;
	} visits[256];
	uint32_t n_visits;
	jmp_buf reject;
};

struct ref_result {
	bool pass;
	uint32_t action, port, site;
	struct ref_bits out;
};

/* Ends the process: the program is beyond the interpreter. Says where. */
__attribute__((noreturn, format(printf, 2, 3))) void ref_unable(const struct seki_token *tok,
								const char *fmt, ...);

/* value.c */
void ref_memory(struct ref *r, struct seki_arena *arena);
struct ref_val *ref_make(struct ref *r, const struct p4_type *type);
struct ref_val *ref_number(struct ref *r, const struct p4_type *type, uint64_t num);
struct ref_val *ref_clone(struct ref *r, const struct ref_val *v);
void ref_copy(struct ref_val *to, const struct ref_val *from);
void ref_clear(struct ref_val *v);
bool ref_equal(const struct ref_val *a, const struct ref_val *b);
bool ref_is_valid(const struct ref_val *v); /* a header or union */
/* Cuts a number to the width of a type. */
void ref_wrap(mpz_t num, const struct p4_type *type);
/* As the bits of its width. */
void ref_unsigned(mpz_t out, const struct ref_val *v);
uint32_t ref_width(const struct p4_type *type);
void ref_put_bits(struct ref *r, struct ref_bits *bits, const mpz_t num, uint32_t n);
void ref_get_bits(const struct ref_bits *bits, size_t at, uint32_t n, mpz_t out);
/* All bits of a value, one behind the other. `only_valid`: of headers, what emit() emits. */
void ref_pack(struct ref *r, struct ref_bits *bits, const struct ref_val *v, bool only_valid);
/* Returns the bits read; a varbit field gets `varbits`. The bits are there. */
size_t ref_unpack(const struct ref_bits *bits, size_t at, struct ref_val *v, uint32_t varbits);
void ref_from_num(mpz_t out, const struct p4_num *num);

/* place.c */
struct ref_place ref_locate(struct ref *r, const struct p4_expr *e);
struct ref_val *ref_read(struct ref *r, const struct ref_place *place);
void ref_write(struct ref *r, const struct ref_place *place, const struct ref_val *v);
/* setValid() and setInvalid() */
void ref_set_valid(const struct ref_place *place, bool valid);

/* eval.c: a value that is the caller's to change. */
struct ref_val *ref_eval(struct ref *r, const struct p4_expr *e);
bool ref_true(struct ref *r, const struct p4_expr *e);
bool ref_in_set(struct ref *r, const struct p4_expr *set, const struct ref_val *v);

/* call.c */
struct p4_type *ref_type(struct ref *r, const struct p4_type *type);
void ref_bind(struct ref *r, struct ref_frame *frame, const struct p4_decl *decl,
	      struct ref_val *val, struct ref_obj *obj);
struct ref_name *ref_find(struct ref *r, const struct p4_decl *decl);
struct ref_obj *ref_object(struct ref *r, const struct p4_expr *e);
struct ref_val *ref_call(struct ref *r, const struct p4_expr *call);
typedef void ref_body_fn(struct ref *r, const struct p4_decl *decl, struct ref_obj *self);
/* Runs what has parameters: copies in, runs `body`, copies out. `given` are values for the parameters
 * that have one there. */
struct ref_val *ref_run(struct ref *r, const struct p4_decl *decl, struct p4_expr *const *bound,
			struct ref_val *const *given, struct ref_frame *callee, ref_body_fn *body);
struct ref_frame *ref_frame(struct ref *r, struct ref_frame *outer);
void ref_action(struct ref *r, const struct p4_decl *action, struct p4_expr *const *bound,
		struct ref_val *const *given);

/* extern.c */
/* What the constructor of an extern object was given. */
void ref_set_up(struct ref *r, struct ref_obj *obj, const struct p4_expr *call);
struct ref_val *ref_extern(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_method(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_builtin(struct ref *r, const struct p4_expr *call);

uint32_t ref_lookup3(const uint8_t *data, size_t len);

/* psa.c: hashes and checksums of sekisho.p4 */
uint64_t ref_hash_of(const struct ref_bits *bits, uint32_t algorithm);
struct ref_val *ref_get_hash(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_checksum(struct ref *r, const struct p4_expr *call);

/* cells.c: counters, meters, digests, action profiles */
struct ref_val *ref_count(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_meter(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_digest(struct ref *r, const struct p4_expr *call);
/* The member that an entry of a table with an action profile means; NULL: none. */
struct ref_entry *ref_chosen(struct ref *r, const struct ref_obj *table,
			     const struct ref_entry *entry, struct ref_val *const *keys);
/* False, or NULL: there is none of that name, or no such cell. */
struct ref_obj *ref_profile(struct ref *r, const char *name);
bool ref_set_group(struct ref *r, const char *name, uint32_t number, const uint32_t *members,
		   uint32_t n);
bool ref_set_meter(struct ref *r, const char *name, uint64_t index, const uint64_t rates[4]);
bool ref_counter(struct ref *r, const char *name, uint64_t index, uint64_t out[2]);
bool ref_next_record(struct ref *r, const char *name, const struct ref_bits **out);

/* packet.c: methods of packet_in and packet_out */
/* The line that a drop here is counted at: of the program's own file. */
uint32_t ref_line(const struct seki_token *tok);
__attribute__((noreturn)) void ref_reject(struct ref *r, const struct seki_token *tok);
struct ref_val *ref_packet_in(struct ref *r, const struct p4_expr *call);
struct ref_val *ref_packet_out(struct ref *r, const struct p4_expr *call);
struct ref_result ref_process(struct ref *r, uint32_t port, const struct ref_bits *packet);

/* block.c */
void ref_build(struct ref *r);
struct ref_val *ref_apply(struct ref *r, const struct p4_expr *call);
void ref_body(struct ref *r, const struct p4_decl *decl, struct ref_obj *self);
struct ref_obj *ref_make_object(struct ref *r, const void *key, const struct p4_decl *decl,
				const struct p4_type *type, const struct p4_expr *call,
				const char *name);

/* stmt.c */
enum ref_flow ref_stmts(struct ref *r, const struct p4_stmt *list);
void ref_step(struct ref *r, const struct seki_token *tok);

/* table.c */
struct ref_applied {
	bool hit;
	const struct p4_decl *action;
};
struct ref_applied ref_table(struct ref *r, const struct p4_expr *call);
void ref_table_entries(struct ref *r, struct ref_obj *table);
bool ref_matches(struct ref *r, const struct ref_field *field, const struct ref_val *key);

/* script.c: `add ...`, `setdefault ...` and `member ...`. False and a text in why where that cannot be. */
bool ref_add(struct ref *r, const char *text, bool is_default, const char **why);
bool ref_add_member(struct ref *r, const char *text, const char **why);

#endif
