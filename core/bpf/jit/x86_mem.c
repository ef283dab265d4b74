// SPDX-License-Identifier: Apache-2.0
/* x86-64: loads, stores and atomic operations (RFC 9669, 5). */
#include "core/bpf/jit/x86.h"

static void load(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	static const uint32_t zero[] = {[1] = X86_0F | 0xb6, [2] = X86_0F | 0xb7, [4] = 0x8b};
	static const uint32_t sign[] = {[1] = X86_0F | 0xbe, [2] = X86_0F | 0xbf, [4] = 0x63};
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool wide = row->bytes == 8 || row->sub == SEKI_LOAD_SIGN;
	uint32_t code = row->bytes == 8		     ? 0x8b
			: row->sub == SEKI_LOAD_SIGN ? sign[row->bytes]
						     : zero[row->bytes];

	seki_x86_rm(b, code, wide, seki_x86_dst(op), seki_x86_src(op), op->off);
}

static void store_imm(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	uint8_t bytes = seki_bpf_row(op)->bytes;

	seki_x86_rm(b, (bytes == 1 ? 0xc6 : 0xc7) | (bytes == 2 ? X86_P66 : 0), bytes == 8, 0,
		    seki_x86_dst(op), op->off);
	if (bytes >= 4) {
		seki_x86_u32(b, (uint32_t)op->imm);
		return;
	}
	seki_x86_byte(b, (uint8_t)op->imm);
	if (bytes == 2)
		seki_x86_byte(b, (uint8_t)(op->imm >> 8));
}

static void store(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	uint8_t bytes = seki_bpf_row(op)->bytes;

	if (seki_bpf_row(op)->operand == SEKI_OPERAND_IMM) {
		store_imm(b, op);
		return;
	}
	seki_x86_rm(b, (bytes == 1 ? X86_BYTE | 0x88 : 0x89) | (bytes == 2 ? X86_P66 : 0),
		    bytes == 8, seki_x86_src(op), seki_x86_dst(op), op->off);
}

void seki_x86_memory_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];

	if (seki_bpf_row(op)->kind == SEKI_KIND_LOAD)
		load(&g->b, op);
	else
		store(&g->b, op);
}

/* and, or, xor with the old value: tried until no other thread came in between. */
static void fetch_loop(struct seki_x86_buf *b, const struct seki_bpf_op *op, unsigned int group)
{
	bool wide = seki_bpf_row(op)->bytes == 8;
	unsigned int src = seki_x86_src(op), next = src == RAX ? RDI : src;
	size_t again;

	seki_x86_rm(b, 0x8d, true, R11, seki_x86_dst(op), op->off);
	seki_x86_mov(b, true, R10, src);
	if (src != RAX)
		seki_x86_mov(b, true, RDI, RAX);
	seki_x86_rm(b, 0x8b, wide, RAX, R11, 0);
	again = b->at;
	seki_x86_mov(b, wide, next, RAX);
	seki_x86_alu_rr(b, group, wide, next, R10);
	seki_x86_rm(b, X86_LOCK | X86_0F | 0xb1, wide, next, R11, 0);
	seki_x86_jump(b, X86_NE, again, true);
	if (src == RAX) {
		if (!wide)
			seki_x86_mov(b, false, RAX, RAX);
		return;
	}
	seki_x86_mov(b, wide, src, RAX);
	seki_x86_mov(b, true, RAX, RDI);
}

void seki_x86_atomic_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	bool wide = seki_bpf_row(op)->bytes == 8;
	unsigned int base = seki_x86_dst(op), src = seki_x86_src(op);
	struct seki_x86_buf *b = &g->b;

	switch (seki_bpf_row(op)->sub) {
	case SEKI_ATOMIC_ADD:
		seki_x86_rm(b, X86_LOCK | 0x01, wide, src, base, op->off);
		break;
	case SEKI_ATOMIC_OR:
		seki_x86_rm(b, X86_LOCK | 0x09, wide, src, base, op->off);
		break;
	case SEKI_ATOMIC_AND:
		seki_x86_rm(b, X86_LOCK | 0x21, wide, src, base, op->off);
		break;
	case SEKI_ATOMIC_XOR:
		seki_x86_rm(b, X86_LOCK | 0x31, wide, src, base, op->off);
		break;
	case SEKI_ATOMIC_FETCH_ADD:
		seki_x86_rm(b, X86_LOCK | X86_0F | 0xc1, wide, src, base, op->off);
		break;
	case SEKI_ATOMIC_FETCH_OR:
		fetch_loop(b, op, X86_OR);
		break;
	case SEKI_ATOMIC_FETCH_AND:
		fetch_loop(b, op, X86_AND);
		break;
	case SEKI_ATOMIC_FETCH_XOR:
		fetch_loop(b, op, X86_XOR);
		break;
	case SEKI_ATOMIC_XCHG:
		seki_x86_rm(b, 0x87, wide, src, base, op->off);
		break;
	default:
		seki_x86_rm(b, X86_LOCK | X86_0F | 0xb1, wide, src, base, op->off);
		if (!wide) /* where it succeeds, it leaves rax as it is */
			seki_x86_mov(b, false, RAX, RAX);
	}
}

/* op reg, [src + index + off] */
static void with_memory(struct seki_x86_buf *b, uint32_t code, bool wide, unsigned int reg,
			const struct seki_bpf_op *op)
{
	int index = op->id < SEKI_OP_COUNT ? -1 : SEKI_JIT_INDEX(op);

	if (index < 0)
		seki_x86_rm(b, code, wide, reg, seki_x86_src(op), op->off);
	else
		seki_x86_rmx(b, code, wide, reg, seki_x86_src(op), seki_x86_regs[index], 0,
			     op->off);
}

static void from_memory(struct seki_x86_buf *b, uint32_t code, bool wide,
			const struct seki_bpf_op *op)
{
	with_memory(b, code, wide, seki_x86_dst(op), op);
}

void seki_x86_memory_operand(struct seki_x86_gen *g, uint32_t i, uint32_t code, unsigned int reg)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];

	with_memory(&g->b, code,
		    (op->id < SEKI_OP_COUNT ? seki_bpf_row(op)->bytes : SEKI_JIT_BYTES(op)) == 8,
		    reg, op);
}

/* Of 16 bits those above stay as they are: zero after a load, not wanted of what is to be stored. */
static void swap_low(struct seki_x86_buf *b, unsigned int reg, unsigned int bytes)
{
	if (bytes != 2) {
		seki_x86_swap(b, reg, bytes * 8);
		return;
	}
	seki_x86_rr(b, X86_P66 | 0xc1, false, X86_ROL, reg);
	seki_x86_byte(b, 8);
}

void seki_x86_lea_op(struct seki_x86_gen *g, uint32_t i)
{
	from_memory(&g->b, 0x8d, true, &g->ir->ops[i]);
}

void seki_x86_joined_load_op(struct seki_x86_gen *g, uint32_t i)
{
	static const uint32_t codes[] = {
		[1] = X86_0F | 0xb6, [2] = X86_0F | 0xb7, [4] = 0x8b, [8] = 0x8b};
	const struct seki_bpf_op *op = &g->ir->ops[i];
	unsigned int bytes = SEKI_JIT_BYTES(op);
	bool wide = bytes == 8;

	if (SEKI_JIT_SWAPS(op) && bytes > 2 && g->ir->in->features & SEKI_X86_MOVBE) {
		from_memory(&g->b, X86_0F38 | 0xf0, wide, op);
		return;
	}
	from_memory(&g->b, codes[bytes], wide, op);
	if (SEKI_JIT_SWAPS(op))
		swap_low(&g->b, seki_x86_dst(op), bytes);
}

void seki_x86_joined_store_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	unsigned int bytes = SEKI_JIT_BYTES(op), from = seki_x86_src(op);
	bool swaps = SEKI_JIT_SWAPS(op), big = swaps && g->ir->in->features & SEKI_X86_MOVBE;
	uint32_t code = big ? X86_0F38 | 0xf1 : bytes == 1 ? X86_BYTE | 0x88 : 0x89;
	struct seki_x86_buf *b = &g->b;

	if (SEKI_JIT_SHIFT(op) || (swaps && !big)) {
		seki_x86_mov(b, true, R11, from);
		from = R11;
	}
	if (SEKI_JIT_SHIFT(op))
		seki_x86_shift(b, X86_SHR, true, R11, SEKI_JIT_SHIFT(op));
	if (swaps && !big)
		swap_low(b, R11, bytes);
	seki_x86_rm(b, code | (bytes == 2 ? X86_P66 : 0), bytes == 8, from, seki_x86_dst(op),
		    op->off);
}

void seki_x86_copy_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	unsigned int bytes = SEKI_JIT_BYTES(op);
	enum seki_jit_order order = SEKI_JIT_ORDER(op);
	bool wide = bytes == 8;
	struct seki_x86_buf *b = &g->b;

	seki_x86_rm(b, bytes == 2 ? X86_0F | 0xb7 : 0x8b, wide, R11, seki_x86_src(op),
		    SEKI_JIT_FROM(op));
	if (order != SEKI_JIT_SAME)
		swap_low(b, R11, bytes);
	if (order == SEKI_JIT_HALVES)
		seki_x86_shift(b, X86_ROL, wide, R11, bytes * 4);
	seki_x86_rm(b, 0x89 | (bytes == 2 ? X86_P66 : 0), wide, R11, seki_x86_dst(op), op->off);
}
