// SPDX-License-Identifier: Apache-2.0
/* Random programs of any instructions: see the header. */
#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

int32_t some_imm(struct choices *c)
{
	static const int32_t edges[] = {0,  1,	-1,  2,	  4,	 8,	15,	    31,	       32,
					63, 64, 255, 256, 65535, 65536, 0x7fffffff, INT32_MIN, -8};

	switch (choose(c, 3)) {
	case 0:
		return edges[choose(c, SEKI_COUNT(edges))];
	case 1:
		return (int32_t)choose(c, 64);
	default:
		return (int32_t)choose(c, UINT64_MAX);
	}
}

static uint8_t some_reg(struct choices *c)
{
	return (uint8_t)choose(c, 10);
}

static void gen_alu(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, MOV, ARSH};
	static const uint8_t classes[] = {0x04, 0x07, 0x0c, 0x0f};
	uint8_t op = ops[choose(c, sizeof(ops))], class = classes[choose(c, 4)];
	int16_t off = (op == DIV || op == MOD) ? (int16_t)choose(c, 2) : 0;

	if (class & 8) {
		if (op == MOV && choose(c, 3) == 0)
			off = (int16_t)(8 << choose(c, class == 0x0f ? 3 : 2));
		EMIT(RAW(class | op, some_reg(c), some_reg(c), off, 0));
	} else {
		EMIT(RAW(class | op, some_reg(c), 0, off, some_imm(c)));
	}
}

static void gen_unary(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {0x84, 0x87, 0xd4, 0xdc, 0xd7};
	uint8_t op = ops[choose(c, sizeof(ops))];

	EMIT(RAW(op, some_reg(c), 0, 0, op < 0xd0 ? 0 : 16 << choose(c, 3)));
}

static void gen_jump(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, JLT, JLE, JSLT, JSLE};
	static const uint8_t classes[] = {0x05, 0x06, 0x0d, 0x0e};
	uint8_t op = ops[choose(c, sizeof(ops))], class = classes[choose(c, 4)];
	int16_t off = (int16_t)(1 + choose(c, 6));

	if (class & 8)
		EMIT(RAW(class | op, some_reg(c), some_reg(c), off, 0));
	else
		EMIT(RAW(class | op, some_reg(c), 0, off, some_imm(c)));
}

uint8_t some_size(struct choices *c)
{
	static const uint8_t sizes[] = {B, H, W, DW};

	return sizes[choose(c, 4)];
}

/* Through r10, a register, or a register to which another is added first. */
static uint8_t gen_base(struct attempt *a, struct choices *c, int16_t *off)
{
	uint8_t base = some_reg(c);

	*off = (int16_t)choose(c, 48);
	switch (choose(c, 4)) {
	case 0:
		*off = (int16_t)(-8 * (int16_t)(1 + choose(c, 6)) + (choose(c, 4) ? 0 : 3));
		return 10;
	case 1:
		EMIT(ALUR(ADD, base, some_reg(c)));
		return base;
	case 2:
		*off = (int16_t)((int16_t)*off - 16);
		return base;
	default:
		return base;
	}
}

static void gen_memory(struct attempt *a, struct choices *c)
{
	static const int32_t atomics[] = {0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};
	uint8_t size = some_size(c), reg = some_reg(c);
	int16_t off;
	uint8_t base = gen_base(a, c, &off);

	switch (choose(c, 6)) {
	case 0:
		EMIT(STI(size, base, off, some_imm(c)));
		break;
	case 1:
	case 2:
		EMIT(STR(size, base, off, reg));
		break;
	case 3:
		EMIT(ATOMIC(choose(c, 2) ? W : DW, base, off, reg, atomics[choose(c, 10)]));
		break;
	case 4:
		EMIT(RAW((size == DW ? 0x61 : 0x81) | size, reg, base, off, 0));
		break;
	default:
		EMIT(LD(size, reg, base, off));
		break;
	}
}

/* A number made small, as programs do before they use it as an index. */
static void gen_bound(struct attempt *a, struct choices *c)
{
	uint8_t reg = some_reg(c);

	switch (choose(c, 4)) {
	case 0:
		EMIT(ALUI(AND, reg, (int32_t)choose(c, 40)));
		break;
	case 1:
		EMIT(ALUI(MOD, reg, (int32_t)choose(c, 40)));
		break;
	case 2:
		EMIT(ALUI(RSH, reg, (int32_t)(56 + choose(c, 8))));
		break;
	default:
		EMIT(JMPI(JLE, reg, (int32_t)choose(c, 40), 2));
		EMIT(MOVI(0, 0));
		EMIT(EXIT);
		break;
	}
}

static void gen_wild_lookup(struct attempt *a, struct choices *c)
{
	EMIT(STI(W, 10, -4, (int32_t)choose(c, 4)));
	EMIT(RAW(0x18, 1, 5, 0, choose(c, 2)));
	EMIT(RAW(0, 0, 0, 0, 0));
	EMIT(MOVR(2, 10));
	EMIT(ALUI(ADD, 2, -4));
	if (choose(c, 4) == 0) {
		EMIT(CALL(3));
		return;
	}
	EMIT(CALL(1));
	EMIT(JMPI(JNE, 0, 0, 2));
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
	EMIT(MOVR(9, 0));
}

static void gen_length_check(struct attempt *a, struct choices *c)
{
	uint8_t len = choose(c, 3) ? 7 : some_reg(c);

	if (choose(c, 3) == 0) /* against a place, not a constant */
		EMIT(JMPR(JGE, len, some_reg(c), 2));
	else
		EMIT(RAW((choose(c, 2) ? 0x05 : 0x06) | JGE, len, 0, 2, (int32_t)choose(c, 64)));
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
}

static void gen_packet_call(struct attempt *a, struct choices *c)
{
	static const int32_t moves[] = {4, -4, 14, -14, 0, 64, -20, 1};
	int32_t by = moves[choose(c, SEKI_COUNT(moves))];
	uint32_t which = (uint32_t)choose(c, 4);

	EMIT(MOVR(1, 6));
	if (choose(c, 4))
		EMIT(MOVI(2, by));
	else
		EMIT(MOVR(2, some_reg(c)));
	EMIT(CALL(which == 0 ? 8 : which == 1 ? 11 : which == 2 ? 9 : 10));
	if (which == 0) {
		EMIT(MOVR(8, 0));
		EMIT(ALUI(ADD, 7, by));
	} else if (which == 1) {
		EMIT(ALUR(SUB, 7, 0));
	} else if (which == 2) {
		EMIT(MOVR(8, 0));
	}
}

static void gen_other_call(struct attempt *a, struct choices *c)
{
	switch (choose(c, 4)) {
	case 0:
		EMIT(MOVR(1, some_reg(c)));
		EMIT(MOVI(2, (int32_t)choose(c, 70)));
		EMIT(CALL(6));
		break;
	case 1:
		EMIT(RAW(0x18, 1, 3, 0, 0));
		EMIT(RAW(0, 0, 0, 0, 0));
		EMIT(CALL(7));
		break;
	case 2:
		EMIT(LOCAL((int32_t)(1 + choose(c, 8))));
		break;
	default:
		EMIT(CALL(5));
		break;
	}
}

void gen_wild_insn(struct attempt *a, struct choices *c)
{
	switch (choose(c, 12)) {
	case 0:
	case 1:
	case 2:
		gen_alu(a, c);
		break;
	case 3:
		gen_unary(a, c);
		break;
	case 4:
		gen_jump(a, c);
		break;
	case 5:
	case 6:
		gen_memory(a, c);
		break;
	case 7:
		gen_bound(a, c);
		break;
	case 8:
		gen_wild_lookup(a, c);
		break;
	case 9:
		gen_length_check(a, c);
		break;
	case 10:
		gen_packet_call(a, c);
		break;
	default:
		gen_other_call(a, c);
		break;
	}
}

void generate_wild(struct attempt *a, struct choices *c)
{
	uint32_t target = 12 + (uint32_t)choose(c, 84);

	a->n = 0;
	a->neutral = false;
	EMIT(MOVR(6, 1));
	EMIT(LD(W, 7, 2, 4));
	EMIT(STR(DW, 10, -48, 2));
	EMIT(CALL(9));
	EMIT(MOVR(8, 0));
	while (a->n < target)
		gen_wild_insn(a, c);
	for (int i = 0; i < 8; i++)
		EMIT(MOVI(0, i));
	EMIT(EXIT);
}
