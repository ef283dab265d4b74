// SPDX-License-Identifier: Apache-2.0
/* x86-64: calls of helpers, and code in the place of some of them. Every target is a constant. */
#include "core/bpf/helper.h"
#include "core/bpf/jit/x86.h"
#include "core/bpf/packet.h"

#define NEAR 0x70000000 /* less than 2^31 by more than any code is long */

static void call_constant(struct seki_x86_gen *g, uint64_t to)
{
	uint64_t from = g->ir->in->address;
	struct seki_x86_buf *b = &g->b;

	if (from && to - from + NEAR < 2ull * NEAR) {
		seki_x86_byte(b, 0xe8);
		seki_x86_u32(b, (uint32_t)(to - from - b->at - 4));
		return;
	}
	seki_x86_mov_imm(b, R11, to);
	seki_x86_rr(b, 0xff, false, 2, R11);
}

/* C wants the stack aligned to 16 at a call; in a body it is 8 off. */
static void call_c(struct seki_x86_gen *g, uint64_t to)
{
	if (g->has_body)
		seki_x86_alu(&g->b, X86_SUB, true, RSP, 8);
	call_constant(g, to);
	if (g->has_body)
		seki_x86_alu(&g->b, X86_ADD, true, RSP, 8);
}

void seki_x86_load_vm(struct seki_x86_gen *g)
{
	seki_x86_rm(&g->b, 0x8b, true, RDI, RSP, g->has_body ? 8 : 0);
}

static bool is_helper(const struct seki_jit_input *in, uint64_t number)
{
	return number < in->n_helpers && in->helpers[number];
}

static bool may_stop(const struct seki_jit_input *in, uint64_t number)
{
	return in->stoppers >> number & 1;
}

static void call_helper(struct seki_x86_gen *g, const struct seki_bpf_op *op, uint64_t number)
{
	const struct seki_jit_input *in = g->ir->in;
	struct seki_x86_buf *b = &g->b;

	seki_x86_load_vm(g);
	if (may_stop(in, number)) {
		seki_x86_rm(b, 0xc6, false, 0, RDI, offsetof(struct seki_bpf_vm, may_wait));
		seki_x86_byte(b, (op->off & SEKI_CALL_MAY_WAIT) != 0);
	}
	call_c(g, (uint64_t)(uintptr_t)in->helpers[number]);
	if (may_stop(in, number)) {
		seki_x86_load_vm(g);
		seki_x86_rm(b, 0x83, false, X86_CMP, RDI, offsetof(struct seki_bpf_vm, stop));
		seki_x86_byte(b, 0);
		seki_x86_jump(b, X86_NE, g->leave, false);
	}
}

/* r0 = packet.buf + packet.off */
static void packet_data(struct seki_x86_gen *g)
{
	int32_t at = g->ir->in->packet_at;

	seki_x86_rm(&g->b, 0x8b, false, RAX, RSI,
		    at + (int32_t)offsetof(struct seki_bpf_packet, off));
	seki_x86_rm(&g->b, 0x03, true, RAX, RSI,
		    at + (int32_t)offsetof(struct seki_bpf_packet, buf));
}

static bool inlines(const struct seki_jit_input *in, const struct seki_bpf_op *op)
{
	return op->imm == SEKI_HELPER_PACKET_DATA && in->packet_at >= 0;
}

void seki_x86_helper_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];

	if (inlines(g->ir->in, op))
		packet_data(g);
	else if (is_helper(g->ir->in, (uint64_t)op->imm))
		call_helper(g, op, (uint64_t)op->imm);
	else
		seki_x86_jump(&g->b, -1, g->no_helper, false);
}

/* The number is data: it is compared with each there is. */
void seki_x86_callx_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	const struct seki_jit_input *in = g->ir->in;
	struct seki_x86_buf *b = &g->b;
	size_t done[SEKI_JIT_HELPERS_MAX];
	uint32_t n = 0;

	for (uint32_t number = 0; number < in->n_helpers; number++) {
		size_t next;

		if (!is_helper(in, number))
			continue;
		seki_x86_alu(b, X86_CMP, true, seki_x86_dst(op), (int32_t)number);
		next = seki_x86_skip(b, X86_NE);
		call_helper(g, op, number);
		seki_x86_byte(b, 0xe9);
		seki_x86_u32(b, 0);
		done[n++] = b->at;
		seki_x86_land(b, next);
	}
	seki_x86_jump(b, -1, g->no_helper, false);
	for (uint32_t k = 0; k < n && b->at <= b->size; k++) {
		uint32_t by = (uint32_t)(b->at - done[k]);

		for (int j = 0; j < 4; j++)
			b->code[done[k] - 4 + j] = (uint8_t)(by >> 8 * j);
	}
}

/* rdi = queue * queue_stride */
static void queue_offset(struct seki_x86_gen *g, uint64_t stride)
{
	seki_x86_load_vm(g);
	seki_x86_rm(&g->b, 0x8b, false, RDI, RDI, offsetof(struct seki_bpf_vm, queue));
	seki_x86_mov_imm(&g->b, R10, stride);
	seki_x86_rr(&g->b, X86_0F | 0xaf, true, RDI, R10);
}

/* r0 = slots + index * stride, where there is such an index. */
static void array_lookup(struct seki_x86_gen *g, const struct seki_bpf_map *map)
{
	struct seki_x86_buf *b = &g->b;
	uint32_t stride = (uint32_t)map->stride;
	size_t none, done;

	seki_x86_rm(b, 0x8b, false, RAX, RDX, 0);
	seki_x86_alu(b, X86_CMP, false, RAX, (int32_t)map->def.max_entries);
	none = seki_x86_skip(b, X86_AE);
	if (stride & (stride - 1)) {
		seki_x86_rr(b, 0x69, true, RAX, RAX);
		seki_x86_u32(b, stride);
	} else if (stride > 1) {
		seki_x86_shift(b, X86_SHL, true, RAX, (unsigned int)__builtin_ctz(stride));
	}
	if (map->queue_stride) {
		queue_offset(g, map->queue_stride);
		seki_x86_alu_rr(b, X86_ADD, true, RAX, RDI);
	}
	seki_x86_mov_imm(b, R11, (uint64_t)(uintptr_t)map->slots);
	seki_x86_alu_rr(b, X86_ADD, true, RAX, R11);
	done = seki_x86_skip(b, -1);
	seki_x86_land(b, none);
	seki_x86_alu_rr(b, X86_XOR, false, RAX, RAX);
	seki_x86_land(b, done);
}

static const struct seki_bpf_map *map_of(const struct seki_jit_input *in,
					 const struct seki_bpf_op *op)
{
	return (const struct seki_bpf_map *)(uintptr_t)in->maps[op->imm];
}

void seki_x86_lookup_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	const struct seki_jit_input *in = g->ir->in;

	if (!in->finds[op->imm]) {
		array_lookup(g, map_of(in, op));
		return;
	}
	seki_x86_mov_imm(&g->b, RDI, in->maps[op->imm]);
	seki_x86_mov(&g->b, true, RSI, RDX);
	call_c(g, (uint64_t)(uintptr_t)in->finds[op->imm]);
}

bool seki_x86_needs_vm(const struct seki_jit_input *in, const struct seki_bpf_op *op)
{
	switch (op->id) {
	case SEKI_OP_CALL:
		return !inlines(in, op);
	case SEKI_JIT_LOOKUP:
		return in->finds[op->imm] || map_of(in, op)->queue_stride;
	case SEKI_OP_MAP64:
		return (uint64_t)op->imm >= in->n_maps;
	default:
		return op->id == SEKI_OP_CALLX || op->id == SEKI_OP_CALL_LOCAL;
	}
}
