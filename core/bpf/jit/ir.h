/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a target makes code from: a copy of the decoded instructions, rewritten in place. A slot
 * keeps its number, so jumps need no care; nothing is moved across a place that a jump leads to.
 */
#ifndef SEKI_CORE_BPF_JIT_IR_H
#define SEKI_CORE_BPF_JIT_IR_H

#include "core/bpf/jit/jit.h"

/* Instructions beyond those of isa.h. */
enum seki_jit_opid {
	SEKI_JIT_NOP = SEKI_OP_COUNT,
	SEKI_JIT_LOOKUP, /* r0 = lookup in map imm of the key at r2 */
	SEKI_JIT_LEA,	 /* dst = src + index + off; imm: SEKI_JIT_ACCESS */
	SEKI_JIT_LOAD,	 /* dst = memory of src + index + off, widened with zeros */
	SEKI_JIT_STORE,	 /* memory of dst + off = src >> shift */
	SEKI_JIT_COPY,	 /* memory of dst + off = memory of src + ...; imm: SEKI_JIT_COPYING */
};

_Static_assert(SEKI_JIT_COPY < 256, "an identity is a byte");

/* In `imm` of these: bytes, are they swapped, a second register to add or -1, shift. */
#define SEKI_JIT_ACCESS(bytes, swaps, index, shift)                                                \
	((bytes) | (swaps) << 4 | ((index) + 1) << 8 | (int64_t)(shift) << 16)
#define SEKI_JIT_BYTES(op) ((unsigned int)(op)->imm & 15)
#define SEKI_JIT_SWAPS(op) ((op)->imm >> 4 & 1)
#define SEKI_JIT_INDEX(op) ((int)((op)->imm >> 8 & 15) - 1)
#define SEKI_JIT_SHIFT(op) ((unsigned int)((op)->imm >> 16))

/* The order of what is copied. */
enum seki_jit_order { SEKI_JIT_SAME, SEKI_JIT_SWAPPED, SEKI_JIT_HALVES /* each half swapped */ };

#define SEKI_JIT_COPYING(bytes, order, off)                                                        \
	((bytes) | (order) << 4 | (int64_t)((uint64_t)(off) << 32))
#define SEKI_JIT_ORDER(op) ((enum seki_jit_order)((op)->imm >> 4 & 3))
#define SEKI_JIT_FROM(op)  ((int32_t)((op)->imm >> 32))

/* What is known of a slot. */
enum {
	SEKI_JIT_HEAD = 1,     /* a jump or call leads here, or the program starts here */
	SEKI_JIT_LOOP = 2,     /* a backward jump leads here */
	SEKI_JIT_FUNCTION = 4, /* a call leads here */
	SEKI_JIT_SHORT = 8,    /* the jump here has a short form */
	SEKI_JIT_COVERED = 16, /* what is loaded here is loaded elsewhere as well */
	/* Set by targets. */
	SEKI_JIT_FOLDED = 32, /* done by the jump that follows */
	SEKI_JIT_FLAGS = 64,  /* of a jump: the comparison has been made */
	SEKI_JIT_ALONE = 128, /* what is loaded here is not to be loaded elsewhere */
};

struct seki_jit_ir {
	const struct seki_jit_input *in;
	struct seki_bpf_op *ops;
	uint32_t n;
	uint32_t *at;	/* where a slot's code begins; n + 1 of them */
	uint16_t *live; /* registers whose values matter when a slot begins; n + 1 */
	uint8_t *flags; /* n + 1 */
	uint16_t used;	/* registers that occur */
	bool has_loops, has_locals;
};

static inline bool seki_jit_is_head(const struct seki_jit_ir *ir, uint32_t i)
{
	return ir->flags[i] & SEKI_JIT_HEAD;
}

static inline uint8_t seki_jit_kind(const struct seki_bpf_op *op)
{
	return op->id < SEKI_OP_COUNT ? seki_bpf_rows[op->id].kind : SEKI_KIND_INVALID;
}

/* Lays out the scratch memory, copies the instructions and rewrites them. */
struct seki_jit_ir *seki_jit_prepare(const struct seki_jit_input *in, void *scratch);

/* Registers that the instruction reads, and those that it gives a new value, which may be none that
 * means anything. */
void seki_jit_regs(const struct seki_bpf_op *op, uint16_t *reads, uint16_t *writes);

void seki_jit_liveness(struct seki_jit_ir *ir);

/* jit_opt.c: the same in fewer instructions. `memory` has seki_jit_opt_size(n) bytes. */
void seki_jit_optimize(struct seki_jit_ir *ir, void *memory);
size_t seki_jit_opt_size(uint32_t n);

/*
 * After that, and what is dead having been removed: is a word of memory read more often than the
 * program reads it? Another thread may change it in between, and what was compared is not what is
 * used then. The loads in question are marked SEKI_JIT_ALONE.
 */
bool seki_jit_reads_again(struct seki_jit_ir *ir, const void *memory);

/* Registers whose values matter after slot i. */
uint16_t seki_jit_live_after(const struct seki_jit_ir *ir, uint32_t i);

#endif
