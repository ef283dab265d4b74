/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of the values in a program's registers, walking it once from front to back. Each
 * instruction's result is a value with a number. A value is known as eight bytes, each zero, or a
 * byte of some value; as some value plus a constant; as a sum of two; as a number. So what was put
 * together from bytes of memory is seen to be one load, wherever the compiler took a detour. A value
 * never changes: what is said of it holds for ever, and of a register as long as it has that value.
 */
#ifndef SEKI_CORE_BPF_JIT_VALUE_H
#define SEKI_CORE_BPF_JIT_VALUE_H

#include "core/bpf/jit/ir.h"

#define SEKI_JIT_NONE	 0u /* no value: nothing is known */
#define SEKI_JIT_UNKNOWN ~0u

/* Where a pointer may point: to the stack, certainly not there, or who knows. */
enum { SEKI_JIT_ANYWHERE, SEKI_JIT_STACK, SEKI_JIT_ELSEWHERE };

struct seki_jit_value {
	uint32_t bytes[8]; /* 0: zero; else value << 3 | byte; SEKI_JIT_UNKNOWN equals nothing */
	uint64_t number;   /* if is_number */
	uint32_t root;	   /* this value is root + add, in 64 bits */
	int32_t add;
	uint32_t sum[2]; /* this value is the sum of these two, in 64 bits; or NONE */
	uint32_t base;	 /* of loads: the address is base + off */
	int32_t off;
	uint32_t epoch[2]; /* of loads: the memory's, see struct seki_jit_state */
	uint8_t loaded;	   /* bytes that were loaded and widened with zeros; 0: not so */
	uint8_t origin;	   /* of roots */
	bool is_number;
};

struct seki_jit_state {
	uint32_t regs[SEKI_BPF_REGS]; /* values */
	uint32_t since[SEKI_BPF_REGS];
	/* Memory elsewhere, and the stack: a number that grows when something is stored there. */
	uint32_t epoch[2];
};

struct seki_jit_values {
	struct seki_jit_ir *ir;
	struct seki_jit_value *all;
	uint32_t n, max;
	struct seki_jit_state now;
	bool reached; /* some path leads to the present slot */
	uint32_t epochs;
	struct seki_jit_state *entries; /* of heads, by ir->at */
};

size_t seki_jit_values_size(uint32_t n);
void seki_jit_values_init(struct seki_jit_values *v, struct seki_jit_ir *ir, void *memory);

/* Before slot i: what all paths to it agree on. */
void seki_jit_values_enter(struct seki_jit_values *v, uint32_t i);

/* The instruction as it was before it was rewritten: sets what it changes. */
void seki_jit_values_apply(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op);

/* After slot i: what is known goes to where it jumps. */
void seki_jit_values_leave(struct seki_jit_values *v, uint32_t i);

static inline const struct seki_jit_value *seki_jit_value(const struct seki_jit_values *v,
							  unsigned int reg)
{
	return &v->all[v->now.regs[reg]];
}

/* May what was loaded then be loaded again now, and be the same? */
bool seki_jit_values_is_fresh(const struct seki_jit_values *v, const struct seki_jit_state *now,
			      const struct seki_jit_value *loaded);

#endif
