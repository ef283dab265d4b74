/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x86-64 target from the inside. Where the program's registers are:
 *
 *	r0  r1  r2  r3  r4 r5 r6  r7  r8  r9  r10
 *	rax rsi rdx rcx r8 r9 rbx r13 r14 r15 rbp
 *
 * so that a helper's arguments are where C wants them, with the vm in rdi. r12 is the fuel, where
 * there are loops or local calls; rdi, r10 and r11 are free within an instruction.
 */
#ifndef SEKI_CORE_BPF_JIT_X86_H
#define SEKI_CORE_BPF_JIT_X86_H

#include "core/bpf/jit/ir.h"
#include "core/bpf/jit/x86_emit.h"

#define X86_FUEL   R12
#define LOOP_ALIGN 64 /* where loops begin */

struct seki_x86_gen {
	struct seki_x86_buf b;
	struct seki_jit_ir *ir;
	bool keeps_vm;	/* its address lies on the stack, at rsp + vm_at */
	bool has_body;	/* there are local calls: the program is a function of the entry's, and
			    exit is a return */
	uint8_t pad;	/* bytes from rsp to the vm's address of an entry without a body */
	uint16_t saved; /* processor's registers that the entry saves */
	uint16_t kept;	/* those of them that a local call keeps for its caller */
	bool shortens;	/* ir->at and the short forms are valid */
	/* Ways out, from the pass before. */
	size_t leave, out_of_fuel, no_helper, fault;
};

extern const uint8_t seki_x86_regs[SEKI_BPF_REGS];

static inline unsigned int seki_x86_dst(const struct seki_bpf_op *op)
{
	return seki_x86_regs[op->dst];
}

static inline unsigned int seki_x86_src(const struct seki_bpf_op *op)
{
	return seki_x86_regs[op->src];
}

/* dst = its low 16, 32 or 64 bits in the other byte order */
void seki_x86_swap(struct seki_x86_buf *b, unsigned int dst, unsigned int bits);

void seki_x86_alu_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_memory_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_atomic_op(struct seki_x86_gen *g, uint32_t i);

/* What jit_opt.c makes. */
void seki_x86_lea_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_joined_load_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_joined_store_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_copy_op(struct seki_x86_gen *g, uint32_t i);

/* op reg, [memory that the load at slot i loads] */
void seki_x86_memory_operand(struct seki_x86_gen *g, uint32_t i, uint32_t code, unsigned int reg);

/* Before the first pass: what is done together with jumps. */
void seki_x86_fold(struct seki_jit_ir *ir);
void seki_x86_use_fuel(struct seki_x86_gen *g);
void seki_x86_jump_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_goto_op(struct seki_x86_gen *g, uint32_t i);

/* After the first pass, whose jumps are long: which may be short. */
void seki_x86_find_short(struct seki_x86_gen *g);

/* Calls of helpers, and what stands for some of them. */
void seki_x86_helper_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_callx_op(struct seki_x86_gen *g, uint32_t i);
void seki_x86_lookup_op(struct seki_x86_gen *g, uint32_t i);

/* Does it want the vm, or a stack that is aligned for a call? */
bool seki_x86_needs_vm(const struct seki_jit_input *in, const struct seki_bpf_op *op);

/* rdi = the vm */
void seki_x86_load_vm(struct seki_x86_gen *g);

#endif
