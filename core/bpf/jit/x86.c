// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64: the whole program. Sizes are found by writing into nothing: first with long jumps, then
 * with short ones where the long form's distances allow it, then for good.
 */
#include "core/bpf/jit/x86.h"

#include <cpuid.h>
#include <errno.h>

const uint8_t seki_x86_regs[SEKI_BPF_REGS] = {RAX, RSI, RDX, RCX, R8, R9, RBX, R13, R14, R15, RBP};

static uint32_t features(void)
{
	unsigned int a, b, c, d;
	uint32_t found = 0;

	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_BMI2)
		found |= SEKI_X86_BMI2;
	if (__get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE)
		found |= SEKI_X86_MOVBE;
	return found;
}

/* What the program needs of its frame, from its instructions. */
static void plan(struct seki_x86_gen *g)
{
	struct seki_jit_ir *ir = g->ir;

	g->keeps_vm = ir->has_loops;
	for (uint32_t i = 0; i < ir->n; i++)
		g->keeps_vm |= seki_x86_needs_vm(ir->in, &ir->ops[i]);
	for (int r = 6; r < SEKI_BPF_FP; r++)
		if (ir->used >> r & 1)
			g->kept |= (uint16_t)(1u << seki_x86_regs[r]);
	g->saved = g->kept;
	if (ir->has_locals || ir->used >> SEKI_BPF_FP & 1)
		g->saved |= 1 << RBP;
	if (ir->has_locals || ir->has_loops)
		g->saved |= 1 << X86_FUEL;
	g->has_body = ir->has_locals;
	g->pad = __builtin_popcount(g->saved) % 2 ? 8 : 0;
}

static void push_all(struct seki_x86_buf *b, uint16_t regs)
{
	for (unsigned int r = 0; r < 16; r++)
		if (regs >> r & 1)
			seki_x86_push(b, r);
}

static void pop_all(struct seki_x86_buf *b, uint16_t regs)
{
	for (unsigned int r = 16; r-- > 0;)
		if (regs >> r & 1)
			seki_x86_pop(b, r);
}

static void epilogue(struct seki_x86_gen *g)
{
	if (g->keeps_vm)
		seki_x86_alu(&g->b, X86_ADD, true, RSP, 8 + g->pad);
	pop_all(&g->b, g->saved);
	seki_x86_byte(&g->b, 0xc3);
}

static void call_slot(struct seki_x86_gen *g, uint32_t to)
{
	seki_x86_byte(&g->b, 0xe8);
	seki_x86_u32(&g->b, (uint32_t)(g->ir->at[to] - g->b.at - 4));
}

/* After the saved registers the stack is 8 off; the vm's address, once or twice, aligns it. */
static void prologue(struct seki_x86_gen *g)
{
	struct seki_x86_buf *b = &g->b;

	push_all(b, g->saved);
	for (int n = g->keeps_vm ? 1 + (g->pad != 0) : 0; n; n--)
		seki_x86_push(b, RDI);
	if (g->saved >> RBP & 1) {
		seki_x86_rm(b, 0x8b, true, RBP, RDI, offsetof(struct seki_bpf_vm, stack));
		seki_x86_alu(b, X86_ADD, true, RBP, SEKI_BPF_FRAME_BYTES);
	}
	if (g->saved >> X86_FUEL & 1)
		seki_x86_rm(b, 0x8b, true, X86_FUEL, RDI, offsetof(struct seki_bpf_vm, fuel));
	if (g->has_body) {
		seki_x86_rm(b, 0x89, true, RSP, RDI, offsetof(struct seki_bpf_vm, frame));
		call_slot(g, g->ir->in->entry);
		epilogue(g);
	} else if (g->ir->in->entry) {
		seki_x86_jump(b, -1, g->ir->at[g->ir->in->entry], false);
	}
}

static void stop_with(struct seki_x86_gen *g, int err)
{
	seki_x86_load_vm(g);
	seki_x86_rm(&g->b, 0xc7, false, 0, RDI, offsetof(struct seki_bpf_vm, stop));
	seki_x86_u32(&g->b, (uint32_t)err);
	seki_x86_jump(&g->b, -1, g->leave, false);
}

/* The ways out before the end. */
static void exits(struct seki_x86_gen *g)
{
	if (!g->keeps_vm)
		return;
	g->out_of_fuel = g->b.at;
	stop_with(g, -ELOOP);
	g->no_helper = g->b.at;
	stop_with(g, -ENOSYS);
	g->fault = g->b.at;
	stop_with(g, -EFAULT);
	g->leave = g->b.at;
	if (g->has_body) {
		seki_x86_load_vm(g);
		seki_x86_rm(&g->b, 0x8b, true, RSP, RDI, offsetof(struct seki_bpf_vm, frame));
	}
	epilogue(g);
}

/*
 * The caller's r6 to r9 are kept on the processor's stack, with the vm's address on top, where the
 * function finds it as its caller did. It is as deep as allowed where r10 is at the stack's end.
 */
static void local_op(struct seki_x86_gen *g, uint32_t i)
{
	struct seki_x86_buf *b = &g->b;
	int n = __builtin_popcount(g->kept) % 2 ? 2 : 1;

	seki_x86_use_fuel(g);
	seki_x86_load_vm(g);
	seki_x86_rm(b, 0x8b, true, R11, RDI, offsetof(struct seki_bpf_vm, stack));
	seki_x86_alu(b, X86_ADD, true, R11, SEKI_BPF_STACK_BYTES);
	seki_x86_alu_rr(b, X86_CMP, true, RBP, R11);
	seki_x86_jump(b, X86_AE, g->out_of_fuel, false);
	push_all(b, g->kept);
	for (int k = 0; k < n; k++)
		seki_x86_push(b, RDI);
	seki_x86_alu(b, X86_ADD, true, RBP, SEKI_BPF_FRAME_BYTES);
	call_slot(g, (uint32_t)g->ir->ops[i].off);
	seki_x86_alu(b, X86_SUB, true, RBP, SEKI_BPF_FRAME_BYTES);
	seki_x86_alu(b, X86_ADD, true, RSP, 8 * n);
	pop_all(b, g->kept);
}

static void constant_op(struct seki_x86_gen *g, const struct seki_bpf_op *op)
{
	const struct seki_jit_input *in = g->ir->in;
	unsigned int dst = seki_x86_dst(op);
	uint64_t imm = (uint64_t)op->imm;

	if (op->id == SEKI_OP_DATA64)
		imm += (uint64_t)(uintptr_t)in->data;
	else if (op->id == SEKI_OP_MAP64 && imm >= in->n_maps)
		seki_x86_jump(&g->b, -1, g->fault, false);
	else if (op->id == SEKI_OP_MAP64)
		imm = in->maps[imm];
	seki_x86_mov_imm(&g->b, dst, imm);
}

static void exit_op(struct seki_x86_gen *g)
{
	if (g->has_body)
		seki_x86_byte(&g->b, 0xc3);
	else
		epilogue(g);
}

static void emit_own(struct seki_x86_gen *g, uint32_t i)
{
	switch (g->ir->ops[i].id) {
	case SEKI_JIT_LOOKUP:
		seki_x86_lookup_op(g, i);
		break;
	case SEKI_JIT_LEA:
		seki_x86_lea_op(g, i);
		break;
	case SEKI_JIT_LOAD:
		seki_x86_joined_load_op(g, i);
		break;
	case SEKI_JIT_STORE:
		seki_x86_joined_store_op(g, i);
		break;
	case SEKI_JIT_COPY:
		seki_x86_copy_op(g, i);
		break;
	default:
		break;
	}
}

/* dispatch */
static void emit_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];

	if (g->ir->flags[i] & SEKI_JIT_FOLDED)
		return;

	switch (seki_jit_kind(op)) {
	case SEKI_KIND_ALU:
		seki_x86_alu_op(g, i);
		break;
	case SEKI_KIND_LOAD:
	case SEKI_KIND_STORE:
		seki_x86_memory_op(g, i);
		break;
	case SEKI_KIND_ATOMIC:
		seki_x86_atomic_op(g, i);
		break;
	case SEKI_KIND_JUMP:
		seki_x86_jump_op(g, i);
		break;
	case SEKI_KIND_GOTO:
		seki_x86_goto_op(g, i);
		break;
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		constant_op(g, op);
		break;
	case SEKI_KIND_HELPER:
		seki_x86_helper_op(g, i);
		break;
	case SEKI_KIND_CALLX:
		seki_x86_callx_op(g, i);
		break;
	case SEKI_KIND_LOCAL:
		local_op(g, i);
		break;
	case SEKI_KIND_EXIT:
		exit_op(g);
		break;
	default:
		emit_own(g, i);
	}
}

/* Loops begin where the processor fetches from. */
static void align(struct seki_x86_buf *b)
{
	static const uint8_t nops[9][9] = {
		{0x90},
		{0x66, 0x90},
		{0x0f, 0x1f, 0x00},
		{0x0f, 0x1f, 0x40, 0x00},
		{0x0f, 0x1f, 0x44, 0x00, 0x00},
		{0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
		{0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		{0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
		{0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};
	size_t left = (LOOP_ALIGN - b->at % LOOP_ALIGN) % LOOP_ALIGN;

	while (left) {
		size_t n = left < 9 ? left : 9;

		for (size_t i = 0; i < n; i++)
			seki_x86_byte(b, nops[n - 1][i]);
		left -= n;
	}
}

static void pass(struct seki_x86_gen *g)
{
	g->b.at = 0;
	prologue(g);
	for (uint32_t i = 0; i < g->ir->n; i++) {
		if (g->ir->flags[i] & SEKI_JIT_LOOP)
			align(&g->b);
		g->ir->at[i] = (uint32_t)g->b.at;
		emit_op(g, i);
	}
	g->ir->at[g->ir->n] = (uint32_t)g->b.at;
	exits(g);
}

static int compile(const struct seki_jit_input *in, void *scratch, uint8_t *code, size_t size,
		   size_t *used)
{
	struct seki_x86_gen g = {.ir = NULL};

	if (in->n_helpers > SEKI_JIT_HELPERS_MAX)
		return -EINVAL;
	g.ir = seki_jit_prepare(in, scratch);
	plan(&g);
	seki_x86_fold(g.ir);
	pass(&g);
	seki_x86_find_short(&g);
	pass(&g);
	*used = g.b.at;
	if (g.b.at > size)
		return -ENOSPC;
	g.b.code = code;
	g.b.size = size;
	pass(&g);
	return 0;
}

const struct seki_jit_target seki_jit_x86 = {"x86-64", features, compile};

const struct seki_jit_target *seki_jit_target(void)
{
#ifdef __x86_64__
	return &seki_jit_x86;
#else
	return NULL;
#endif
}
