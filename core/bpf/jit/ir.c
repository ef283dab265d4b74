// SPDX-License-Identifier: Apache-2.0
/* From decoded instructions to what the targets work on. */
#include "core/bpf/jit/ir.h"

#include <string.h>

#include "core/base/check.h"
#include "core/bpf/helper.h"

#define ALL_REGS   0x7ffu
#define CALL_ARGS  0x03eu /* r1 to r5 */
#define SWEEPS_MAX 32
#define ROUNDS_MAX 4

size_t seki_jit_scratch(uint32_t n)
{
	return sizeof(struct seki_jit_ir) +
	       (n + 1) * (sizeof(struct seki_bpf_op) + sizeof(uint32_t) + sizeof(uint16_t) + 1) +
	       seki_jit_opt_size(n) + 64;
}

static uint16_t helper_reads(int64_t number)
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(number);
	uint16_t reads = 0;

	if (!proto || proto->args[0] == SEKI_ARG_FORMAT)
		return CALL_ARGS;
	for (int i = 0; i < SEKI_HELPER_ARGS; i++)
		if (proto->args[i] != SEKI_ARG_NONE)
			reads |= (uint16_t)(2u << i);
	return reads;
}

static void alu_regs(const struct seki_bpf_op *op, uint16_t *reads, uint16_t *writes)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool moves = row->sub == SEKI_ALU_MOV || row->sub == SEKI_ALU_SX8 ||
		     row->sub == SEKI_ALU_SX16 || row->sub == SEKI_ALU_SX32;

	*writes = (uint16_t)(1u << op->dst);
	if (!moves)
		*reads |= *writes;
	if (row->operand == SEKI_OPERAND_REG)
		*reads |= (uint16_t)(1u << op->src);
}

static void atomic_regs(const struct seki_bpf_op *op, uint16_t *reads, uint16_t *writes)
{
	uint8_t sub = seki_bpf_row(op)->sub;

	*reads = (uint16_t)(1u << op->dst | 1u << op->src);
	if (sub == SEKI_ATOMIC_CMPXCHG) {
		*reads |= 1;
		*writes = 1;
	} else if (sub >= SEKI_ATOMIC_FETCH_ADD) {
		*writes = (uint16_t)(1u << op->src);
	}
}

static void own_regs(const struct seki_bpf_op *op, uint16_t *reads, uint16_t *writes)
{
	switch (op->id) {
	case SEKI_JIT_LOOKUP:
		*reads = 1 << 2;
		*writes = CALL_ARGS | 1;
		break;
	case SEKI_JIT_LEA:
	case SEKI_JIT_LOAD:
		*reads = (uint16_t)(1u << op->src | (1u << (SEKI_JIT_INDEX(op) + 1)) >> 1);
		*writes = (uint16_t)(1u << op->dst);
		break;
	case SEKI_JIT_STORE:
	case SEKI_JIT_COPY:
		*reads = (uint16_t)(1u << op->dst | 1u << op->src);
		break;
	default:
		break;
	}
}

void seki_jit_regs(const struct seki_bpf_op *op, uint16_t *reads, uint16_t *writes)
{
	const uint16_t dst = (uint16_t)(1u << op->dst), src = (uint16_t)(1u << op->src);

	*reads = *writes = 0;
	if (op->id >= SEKI_OP_COUNT) {
		own_regs(op, reads, writes);
		return;
	}
	switch (seki_bpf_row(op)->kind) {
	case SEKI_KIND_ALU:
		alu_regs(op, reads, writes);
		break;
	case SEKI_KIND_LOAD:
		*reads = src;
		*writes = dst;
		break;
	case SEKI_KIND_STORE:
	case SEKI_KIND_JUMP:
		*reads = seki_bpf_row(op)->operand == SEKI_OPERAND_REG ? dst | src : dst;
		break;
	case SEKI_KIND_ATOMIC:
		atomic_regs(op, reads, writes);
		break;
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		*writes = dst;
		break;
	case SEKI_KIND_HELPER:
		*reads = helper_reads(op->imm);
		*writes = CALL_ARGS | 1;
		break;
	case SEKI_KIND_CALLX:
		*reads = CALL_ARGS | dst;
		*writes = CALL_ARGS | 1;
		break;
	case SEKI_KIND_LOCAL:
		*reads = ALL_REGS;
		break;
	case SEKI_KIND_EXIT:
		/* Of a function, r6 to r9 are its caller's again, who has kept them. */
		*reads = 1;
		break;
	default:
		break;
	}
}

uint16_t seki_jit_live_after(const struct seki_jit_ir *ir, uint32_t i)
{
	const struct seki_bpf_op *op = &ir->ops[i];

	switch (seki_jit_kind(op)) {
	case SEKI_KIND_EXIT:
		return 0;
	case SEKI_KIND_GOTO:
		return ir->live[op->off];
	case SEKI_KIND_JUMP:
		return ir->live[op->off] | ir->live[i + 1];
	default:
		return ir->live[i + 1];
	}
}

/* Does it but give a register a value? A load does more, unless what it loads is loaded anyway. */
static bool is_pure(const struct seki_jit_ir *ir, uint32_t i)
{
	switch (seki_jit_kind(&ir->ops[i])) {
	case SEKI_KIND_ALU:
	case SEKI_KIND_CONST:
	case SEKI_KIND_DATA:
		return true;
	case SEKI_KIND_LOAD:
		return ir->flags[i] & SEKI_JIT_COVERED;
	case SEKI_KIND_MAP:
		return (uint64_t)ir->ops[i].imm < ir->in->n_maps;
	default:
		return ir->ops[i].id == SEKI_JIT_LEA || ir->ops[i].id == SEKI_JIT_LOAD;
	}
}

static bool sweep(struct seki_jit_ir *ir)
{
	bool changed = false;

	for (uint32_t i = ir->n; i-- > 0;) {
		uint16_t reads, writes, live = seki_jit_live_after(ir, i);

		seki_jit_regs(&ir->ops[i], &reads, &writes);
		if (live & writes || !is_pure(ir, i))
			live = (uint16_t)((live & ~writes) | reads);
		changed |= live != ir->live[i];
		ir->live[i] = live;
	}
	return changed;
}

/* What nothing reads is not read for it. Loops take some sweeps; where they do not settle soon, all
 * registers matter everywhere. */
void seki_jit_liveness(struct seki_jit_ir *ir)
{
	memset(ir->live, 0, (ir->n + 1) * sizeof(*ir->live));
	for (int i = 0; i < SWEEPS_MAX; i++)
		if (!sweep(ir) || !ir->has_loops)
			return;
	for (uint32_t i = 0; i <= ir->n; i++)
		ir->live[i] = ALL_REGS;
}

static void mark_target(struct seki_jit_ir *ir, uint32_t i)
{
	const struct seki_bpf_op *op = &ir->ops[i];
	uint8_t kind = seki_jit_kind(op);

	if (kind != SEKI_KIND_JUMP && kind != SEKI_KIND_GOTO && kind != SEKI_KIND_LOCAL)
		return;
	ir->flags[op->off] |= SEKI_JIT_HEAD;
	if (kind == SEKI_KIND_LOCAL) {
		ir->flags[op->off] |= SEKI_JIT_FUNCTION;
		ir->has_locals = true;
	} else if ((uint32_t)op->off <= i) {
		ir->flags[op->off] |= SEKI_JIT_LOOP;
		ir->has_loops = true;
	}
}

static uint8_t *align(uint8_t *at)
{
	return at + (16 - (uintptr_t)at % 16) % 16;
}

static uint8_t *lay_out(struct seki_jit_ir *ir, uint8_t *memory)
{
	ir->ops = (struct seki_bpf_op *)(void *)memory;
	memory += (ir->n + 1) * sizeof(*ir->ops);
	ir->at = (uint32_t *)(void *)memory;
	memory += (ir->n + 1) * sizeof(*ir->at);
	ir->live = (uint16_t *)(void *)memory;
	memory += (ir->n + 1) * sizeof(*ir->live);
	ir->flags = memory;
	memset(ir->at, 0, (ir->n + 1) * sizeof(*ir->at));
	memset(ir->flags, 0, ir->n + 1);
	return align(memory + ir->n + 1);
}

/* What gives a register a value that nobody wants. */
static void remove_dead(struct seki_jit_ir *ir)
{
	for (uint32_t i = 0; i < ir->n; i++) {
		uint16_t reads, writes;

		seki_jit_regs(&ir->ops[i], &reads, &writes);
		if (writes && !(writes & seki_jit_live_after(ir, i)) && is_pure(ir, i))
			ir->ops[i].id = SEKI_JIT_NOP;
	}
}

static void note_used(struct seki_jit_ir *ir)
{
	uint16_t reads, writes;

	ir->used = 0;
	for (uint32_t i = 0; i < ir->n; i++) {
		seki_jit_regs(&ir->ops[i], &reads, &writes);
		if (seki_jit_kind(&ir->ops[i]) != SEKI_KIND_LOCAL)
			ir->used |= reads | writes;
	}
}

static void start_over(struct seki_jit_ir *ir, bool join)
{
	memcpy(ir->ops, ir->in->ops, ir->n * sizeof(*ir->ops));
	for (uint32_t i = 0; i < ir->n; i++) {
		ir->flags[i] &= (uint8_t)~SEKI_JIT_COVERED;
		if (!join)
			ir->flags[i] |= SEKI_JIT_ALONE;
	}
	seki_jit_liveness(ir);
}

/* Loads that cannot be joined with others, as their results are wanted as well, are left alone in the
 * next round; in the last one all are. */
static void rewrite(struct seki_jit_ir *ir, void *memory)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (round)
			start_over(ir, round < ROUNDS_MAX - 1);
		seki_jit_optimize(ir, memory);
		seki_jit_liveness(ir);
		remove_dead(ir);
		if (!seki_jit_reads_again(ir, memory))
			return;
	}
}

struct seki_jit_ir *seki_jit_prepare(const struct seki_jit_input *in, void *scratch)
{
	struct seki_jit_ir *ir = scratch;
	uint8_t *rest;

	*ir = (struct seki_jit_ir){.in = in, .n = in->n};
	rest = lay_out(ir, align((uint8_t *)(ir + 1)));
	memcpy(ir->ops, in->ops, in->n * sizeof(*ir->ops));
	ir->flags[in->entry] |= SEKI_JIT_HEAD;
	for (uint32_t i = 0; i < in->n; i++)
		mark_target(ir, i);
	seki_jit_liveness(ir);
	if (!in->plain)
		rewrite(ir, rest);
	note_used(ir);
	return ir;
}
