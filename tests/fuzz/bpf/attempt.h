/* SPDX-License-Identifier: Apache-2.0 */
/* A random program in the making, and what generates and changes it: see checked.h. */
#ifndef SEKI_TESTS_FUZZ_BPF_ATTEMPT_H
#define SEKI_TESTS_FUZZ_BPF_ATTEMPT_H

#include "core/bpf/verify/verify.h"
#include "tests/fuzz/bpf/checked.h"
#include "tests/unit/bpf/asm.h"

#define INSNS_MAX 1200
#define JUMPS_MAX 100
#define CALLS_MAX 12
#define LONGEST	  2000 /* bytes of the packets that programs run on */

/* The maps that every program may use, by index; the first ones in the kernel as well. */
enum {
	MAP_HASH,
	MAP_ARRAY,
	MAP_WIDE,
	N_NEUTRAL_MAPS,
	MAP_LRU = N_NEUTRAL_MAPS,
	MAP_LPM,
	MAP_QUEUE,
	MAP_ODD,
	N_MAPS
};

#define KEY_BYTES_MAX	8
#define VALUE_BYTES_MAX 40
#define DATA_BYTES	64 /* of read-only data; it starts with two formats */

extern const struct seki_map_def fuzz_map_defs[N_MAPS];
extern const uint8_t fuzz_data[DATA_BYTES];

/* Kernel programs have a packet of just this many bytes, in r8. */
#define NEUTRAL_PACKET 64

struct attempt {
	struct seki_bpf_insn insns[INSNS_MAX];
	struct seki_bpf_op ops[INSNS_MAX];
	uint32_t n;
	bool neutral;	      /* means the same to the kernel: see neutral.c */
	bool changes_entries; /* calls update or delete */
	bool mutated;
	uint32_t max_packet; /* the verifier's image has these, too */
	uint8_t rank_after;
	uint64_t inputs; /* of the runs that broke a promise */
	struct seki_bpf_proof proof;
	struct seki_bpf_rejection why;
	/* While it is made: jumps to the start of a statement to come, calls to be given a place,
	 * how deep in loops it is. */
	uint32_t statement, n_jumps, n_calls, depth;
	struct {
		uint32_t at, statement;
	} jumps[JUMPS_MAX];
	uint32_t calls[CALLS_MAX];
};

static inline void emit(struct attempt *a, struct seki_bpf_insn insn)
{
	if (a->n < INSNS_MAX)
		a->insns[a->n++] = insn;
}

#define EMIT_TO(a, ...) emit(a, (struct seki_bpf_insn)__VA_ARGS__)
#define EMIT(...)	EMIT_TO(a, __VA_ARGS__)

/* What wild.c and typed.c choose from. */
int32_t some_imm(struct choices *c);
uint8_t some_size(struct choices *c);
uint8_t some_condition(struct choices *c); /* without BY_REG */
int32_t small_imm(struct choices *c);
uint8_t either(struct choices *c, uint8_t a, uint8_t b);
uint8_t number_reg(struct choices *c);
uint8_t scratch_reg(struct choices *c);
int16_t slot(struct choices *c);
void refill(struct attempt *a, struct choices *c);
void bail(struct attempt *a);

#define SLOTS	     5 /* numbers in the stack, from r10 - 8 down */
#define META_SLOT    (-64)
#define KEY_SLOT     (-76)
#define LOOP_SLOT    (-88)  /* counters, by depth, down to -112 */
#define POINTER_SLOT (-120) /* a pointer, once a statement has put one there */
#define FRAME_SLOT   (-200) /* 64 bytes up from here: a caller's buffer */

#define ALU64	     0x07
#define ALU32	     0x04
#define JMP64	     0x05
#define JMP32	     0x06
#define BY_REG	     0x08

/* wild.c: any instruction with any register. Finds what nobody thought of. */
void generate_wild(struct attempt *a, struct choices *c);
void gen_wild_insn(struct attempt *a, struct choices *c);

/*
 * typed.c: registers have parts to play (r6 context, r7 packet length, r8 packet, r9 and r1 to r5
 * numbers, stack slots numbers), so that most of a program survives the verifier: what it believes
 * of lengths, their copies and sums is believed by programs that then rely on it. A neutral one
 * keeps to what the kernel's programs can do as well.
 */
void generate_typed(struct attempt *a, struct choices *c, bool neutral);
void gen_statement(struct attempt *a, struct choices *c);

/* Where a neutral program and its translation differ, but for maps. */
#define NEUTRAL_PROLOGUE 9
void neutral_prologue(struct seki_bpf_insn *out, bool kernel);

/* flow.c: loops that end, and almost; branches that meet; functions and calls of them. */
void gen_loop(struct attempt *a, struct choices *c);
void gen_join(struct attempt *a, struct choices *c);
void gen_call(struct attempt *a, struct choices *c);
/* Appends a function for each call so far, and again for the calls that those make. */
void gen_functions(struct attempt *a, struct choices *c,
		   void (*body)(struct attempt *, struct choices *));

/* memory.c: pointers with numbers added that are just small enough, or just not. */
void gen_index(struct attempt *a, struct choices *c);
void gen_lookup(struct attempt *a, struct choices *c);
void gen_change_map(struct attempt *a, struct choices *c);
void gen_atomic(struct attempt *a, struct choices *c);
void gen_pointers(struct attempt *a, struct choices *c);
void gen_keep_pointer(struct attempt *a, struct choices *c);
void gen_helper(struct attempt *a, struct choices *c);
void gen_constant(struct attempt *a, struct choices *c);
void gen_bytes(struct attempt *a, struct choices *c);
void gen_chain(struct attempt *a, struct choices *c, uint8_t reg);
void gen_rows(struct attempt *a, struct choices *c);

/* relate.c: places in the packet that are there by what was compared with its length. */
void gen_relation(struct attempt *a, struct choices *c);
void gen_dead(struct attempt *a, struct choices *c);

/* mutate.c: one small change. False: it came to nothing. */
bool mutate(struct attempt *a, struct choices *c);

#endif
