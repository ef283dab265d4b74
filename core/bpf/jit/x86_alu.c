// SPDX-License-Identifier: Apache-2.0
/* x86-64: arithmetic. RFC 9669, 4.1 and 4.2 say what a division by zero and the rest come to. */
#include "core/bpf/jit/x86.h"

static bool has_reg(const struct seki_bpf_op *op)
{
	return seki_bpf_row(op)->operand == SEKI_OPERAND_REG;
}

static bool is_wide(const struct seki_bpf_op *op)
{
	return seki_bpf_row(op)->bytes == 8;
}

static void simple(struct seki_x86_buf *b, const struct seki_bpf_op *op, unsigned int group)
{
	unsigned int dst = seki_x86_dst(op);
	bool wide = is_wide(op);

	if (has_reg(op))
		seki_x86_alu_rr(b, group, wide, dst, seki_x86_src(op));
	else if (group == X86_AND && op->imm >= 0)
		seki_x86_alu(b, group, false, dst, (int32_t)op->imm);
	else
		seki_x86_alu(b, group, wide, dst, (int32_t)op->imm);
}

static void multiply(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	unsigned int dst = seki_x86_dst(op);

	if (has_reg(op)) {
		seki_x86_rr(b, X86_0F | 0xaf, is_wide(op), dst, seki_x86_src(op));
		return;
	}
	seki_x86_rr(b, 0x69, is_wide(op), dst, dst);
	seki_x86_u32(b, (uint32_t)op->imm);
}

static bool wants_quotient(const struct seki_bpf_op *op)
{
	uint8_t sub = seki_bpf_row(op)->sub;

	return sub == SEKI_ALU_DIV || sub == SEKI_ALU_SDIV;
}

static bool is_signed(const struct seki_bpf_op *op)
{
	uint8_t sub = seki_bpf_row(op)->sub;

	return sub == SEKI_ALU_SDIV || sub == SEKI_ALU_SMOD;
}

/* x / 0 is 0, x % 0 is x. */
static void divide_by_zero(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	unsigned int dst = seki_x86_dst(op);

	if (wants_quotient(op))
		seki_x86_alu_rr(b, X86_XOR, false, dst, dst);
	else if (!is_wide(op))
		seki_x86_mov(b, false, dst, dst);
}

/* x / -1 is -x, which the processor refuses to find for the least x; x % -1 is 0. */
static void divide_by_minus_one(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	unsigned int dst = seki_x86_dst(op);

	if (wants_quotient(op))
		seki_x86_rr(b, 0xf7, is_wide(op), X86_NEG, dst);
	else
		seki_x86_alu_rr(b, X86_XOR, false, dst, dst);
}

/* dst by r11, which is neither 0 nor, of signed ones, -1. rdx:rax is the dividend. */
static void divide_by_r11(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	struct seki_x86_buf *b = &g->b;
	unsigned int dst = seki_x86_dst(op), result = wants_quotient(op) ? RAX : RDX;
	uint16_t live = seki_jit_live_after(g->ir, i);
	bool wide = is_wide(op), keep_rax = dst != RAX && live & 1,
	     keep_rdx = dst != RDX && live & 4;

	if (keep_rax)
		seki_x86_mov(b, true, R10, RAX);
	if (keep_rdx)
		seki_x86_mov(b, true, RDI, RDX);
	if (dst != RAX)
		seki_x86_mov(b, wide, RAX, dst);
	if (is_signed(op)) {
		if (wide)
			seki_x86_byte(b, 0x48);
		seki_x86_byte(b, 0x99); /* cdq, cqo */
	} else {
		seki_x86_alu_rr(b, X86_XOR, false, RDX, RDX);
	}
	seki_x86_rr(b, 0xf7, wide, is_signed(op) ? X86_IDIV : X86_DIV, R11);
	if (dst != result)
		seki_x86_mov(b, wide, dst, result);
	if (keep_rax)
		seki_x86_mov(b, true, RAX, R10);
	if (keep_rdx)
		seki_x86_mov(b, true, RDX, RDI);
}

static void divide_by_reg(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	struct seki_x86_buf *b = &g->b;
	bool wide = is_wide(op);
	size_t zero, minus = 0, done, done2 = 0;

	seki_x86_mov(b, wide, R11, seki_x86_src(op));
	seki_x86_rr(b, 0x85, wide, R11, R11);
	zero = seki_x86_skip(b, X86_E);
	if (is_signed(op)) {
		seki_x86_alu(b, X86_CMP, wide, R11, -1);
		minus = seki_x86_skip(b, X86_E);
	}
	divide_by_r11(g, i);
	done = seki_x86_skip(b, -1);
	if (is_signed(op)) {
		seki_x86_land(b, minus);
		divide_by_minus_one(b, op);
		done2 = seki_x86_skip(b, -1);
	}
	seki_x86_land(b, zero);
	divide_by_zero(b, op);
	seki_x86_land(b, done);
	if (is_signed(op))
		seki_x86_land(b, done2);
}

static void divide(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];
	int64_t by = op->imm;

	if (has_reg(op)) {
		divide_by_reg(g, i);
	} else if (is_wide(op) ? !by : !(uint32_t)by) {
		divide_by_zero(&g->b, op);
	} else if (is_signed(op) && by == -1) {
		divide_by_minus_one(&g->b, op);
	} else {
		seki_x86_mov_imm(&g->b, R11, is_wide(op) ? (uint64_t)by : (uint32_t)by);
		divide_by_r11(g, i);
	}
}

/* Without BMI2 the count must be in cl. */
static void shift_by_cl(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int dst,
			unsigned int src)
{
	seki_x86_mov(b, true, R11, dst);
	seki_x86_mov(b, true, RDI, RCX);
	seki_x86_mov(b, false, RCX, src);
	seki_x86_rr(b, 0xd3, wide, group, R11);
	seki_x86_mov(b, true, RCX, RDI);
	seki_x86_mov(b, wide, dst, R11);
}

static void shift(struct seki_x86_gen *g, const struct seki_bpf_op *op, unsigned int group)
{
	unsigned int dst = seki_x86_dst(op), by = (unsigned int)op->imm & (is_wide(op) ? 63 : 31);
	struct seki_x86_buf *b = &g->b;

	if (has_reg(op) && g->ir->in->features & SEKI_X86_BMI2)
		seki_x86_shiftx(b, group, is_wide(op), dst, dst, seki_x86_src(op));
	else if (has_reg(op))
		shift_by_cl(b, group, is_wide(op), dst, seki_x86_src(op));
	else if (by)
		seki_x86_shift(b, group, is_wide(op), dst, by);
	else if (!is_wide(op))
		seki_x86_mov(b, false, dst, dst);
}

static void move(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	unsigned int dst = seki_x86_dst(op);

	if (!has_reg(op))
		seki_x86_mov_imm(b, dst, is_wide(op) ? (uint64_t)op->imm : (uint32_t)op->imm);
	else if (!is_wide(op) || op->src != op->dst)
		seki_x86_mov(b, is_wide(op), dst, seki_x86_src(op));
}

void seki_x86_swap(struct seki_x86_buf *b, unsigned int dst, unsigned int bits)
{
	if (bits == 16) {
		seki_x86_rr(b, X86_P66 | 0xc1, false, X86_ROL, dst);
		seki_x86_byte(b, 8);
		seki_x86_rr(b, X86_0F | 0xb7, false, dst, dst);
		return;
	}
	if (bits == 64 || dst >= R8)
		seki_x86_byte(b, (uint8_t)(0x40 | (bits == 64) << 3 | dst >> 3));
	seki_x86_byte(b, 0x0f);
	seki_x86_byte(b, (uint8_t)(0xc8 | (dst & 7)));
}

static void byte_order(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	unsigned int dst = seki_x86_dst(op);

	switch (seki_bpf_row(op)->sub) {
	case SEKI_ALU_LE16:
		seki_x86_rr(b, X86_0F | 0xb7, false, dst, dst);
		break;
	case SEKI_ALU_LE32:
		seki_x86_mov(b, false, dst, dst);
		break;
	case SEKI_ALU_LE64:
		break;
	case SEKI_ALU_BE16:
	case SEKI_ALU_SWAP16:
		seki_x86_swap(b, dst, 16);
		break;
	case SEKI_ALU_BE32:
	case SEKI_ALU_SWAP32:
		seki_x86_swap(b, dst, 32);
		break;
	default:
		seki_x86_swap(b, dst, 64);
	}
}

/* dispatch */
void seki_x86_alu_op(struct seki_x86_gen *g, uint32_t i)
{
	static const uint8_t groups[] = {
		[SEKI_ALU_ADD] = X86_ADD, [SEKI_ALU_SUB] = X86_SUB,  [SEKI_ALU_OR] = X86_OR,
		[SEKI_ALU_AND] = X86_AND, [SEKI_ALU_XOR] = X86_XOR,  [SEKI_ALU_LSH] = X86_SHL,
		[SEKI_ALU_RSH] = X86_SHR, [SEKI_ALU_ARSH] = X86_SAR,
	};
	const struct seki_bpf_op *op = &g->ir->ops[i];
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_x86_buf *b = &g->b;

	switch (row->sub) {
	case SEKI_ALU_ADD:
	case SEKI_ALU_SUB:
	case SEKI_ALU_OR:
	case SEKI_ALU_AND:
	case SEKI_ALU_XOR:
		simple(b, op, groups[row->sub]);
		break;
	case SEKI_ALU_MUL:
		multiply(b, op);
		break;
	case SEKI_ALU_DIV:
	case SEKI_ALU_SDIV:
	case SEKI_ALU_MOD:
	case SEKI_ALU_SMOD:
		divide(g, i);
		break;
	case SEKI_ALU_LSH:
	case SEKI_ALU_RSH:
	case SEKI_ALU_ARSH:
		shift(g, op, groups[row->sub]);
		break;
	case SEKI_ALU_MOV:
		move(b, op);
		break;
	case SEKI_ALU_NEG:
		seki_x86_rr(b, 0xf7, is_wide(op), X86_NEG, seki_x86_dst(op));
		break;
	case SEKI_ALU_SX8:
		seki_x86_rr(b, X86_0F | X86_BYTE | 0xbe, is_wide(op), seki_x86_dst(op),
			    seki_x86_src(op));
		break;
	case SEKI_ALU_SX16:
		seki_x86_rr(b, X86_0F | 0xbf, is_wide(op), seki_x86_dst(op), seki_x86_src(op));
		break;
	case SEKI_ALU_SX32:
		seki_x86_rr(b, 0x63, true, seki_x86_dst(op), seki_x86_src(op));
		break;
	default:
		byte_order(b, op);
	}
}
