// SPDX-License-Identifier: Apache-2.0
/*
 * Random programs that rely on how numbers relate to the packet's length, of which they know
 * neither: what is left of it, sums of two unknown numbers, ends.
 */
#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

/* An unknown number: small, or of 24 or 32 bits, from the packet, the host or a register. */
static void gen_unknown(struct attempt *a, struct choices *c, uint8_t reg)
{
	switch (choose(c, 4)) {
	case 0:
		EMIT(LD(B, reg, 8, (int16_t)choose(c, 4)));
		break;
	case 1:
		EMIT(MOVR(reg, either(c, 9, number_reg(c))));
		break;
	default:
		EMIT(LD(DW, reg, 10, META_SLOT));
		EMIT(LD(W, reg, reg, 0));
		break;
	}
	if (choose(c, 3))
		EMIT(RAW(either(c, ALU64, ALU32) | AND, reg, 0, 0,
			 choose(c, 2) ? 0xffffff : (1 << choose(c, 8)) - 1));
	if (choose(c, 4) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | LSH, reg, 0, 0, (int32_t)choose(c, 4)));
}

/* The same number again, by a detour. */
static void gen_detour(struct attempt *a, struct choices *c, uint8_t reg)
{
	uint8_t size = either(c, W, DW);

	switch (choose(c, 7)) {
	case 0:
		EMIT(ALUI(LSH, reg, 32));
		EMIT(ALUI(choose(c, 2) ? RSH : ARSH, reg, 32));
		break;
	case 1:
		EMIT(MOV32R(reg, reg));
		break;
	case 2:
		EMIT(RAW(ALU64 | BY_REG | MOV, reg, reg, 32, 0));
		break;
	case 3:
		EMIT(STR(size, 10, -40, reg));
		EMIT(RAW((size == W && choose(c, 2) ? 0x81 : 0x61) | size, reg, 10, -40, 0));
		break;
	default:
		break;
	}
}

/* Goes on where reg is at least n, however it is said. */
static void gen_at_least(struct attempt *a, struct choices *c, uint8_t reg, int32_t n)
{
	uint8_t width = either(c, JMP64, JMP32);
	static const uint8_t ge[] = {JGE, JSGE}, gt[] = {JGT, JSGT}, lt[] = {JLT, JSLT};
	uint64_t sign = choose(c, 2);

	switch (choose(c, 3)) {
	case 0:
		EMIT(RAW(width | ge[sign], reg, 0, 2, n));
		break;
	case 1:
		EMIT(RAW(width | gt[sign], reg, 0, 2, n - 1));
		break;
	default:
		EMIT(RAW(width | lt[sign], reg, 0, 1, n));
		EMIT(JA(2));
		break;
	}
	bail(a);
}

/* Goes on where hi is at least lo. */
static void gen_order(struct attempt *a, struct choices *c, uint8_t hi, uint8_t lo)
{
	static const uint8_t ge[] = {JGE, JSGE, JGT, JSGT}, le[] = {JLE, JSLE, JLT, JSLT};
	uint8_t width = either(c, JMP64, JMP32) | BY_REG;
	uint64_t which = choose(c, 4);

	if (choose(c, 2))
		EMIT(RAW(width | ge[which], hi, lo, 2, 0));
	else
		EMIT(RAW(width | le[which], lo, hi, 2, 0));
	bail(a);
}

/* The last of n bytes from r3 on, or the one behind. */
static void gen_look(struct attempt *a, struct choices *c, int32_t n)
{
	static const uint8_t sizes[] = {B, H, W, DW};
	uint32_t bytes = (uint32_t)choose(c, 4);
	int32_t off = n - (1 << bytes) + (choose(c, 5) ? 0 : (int32_t)choose(c, 3) - 1);

	EMIT(LD(sizes[bytes], 4, 3, (int16_t)off));
	EMIT(MOVI(3, 0));
}

/* r3 = packet + r1, and r2 if `both`, in some order. */
static void gen_place_of(struct attempt *a, struct choices *c, bool both)
{
	EMIT(MOVR(3, 8));
	if (both && choose(c, 3) == 0) {
		EMIT(MOVR(4, 2));
		EMIT(ALUR(ADD, 4, 1));
		EMIT(ALUR(ADD, 3, 4));
		return;
	}
	EMIT(ALUR(ADD, 3, both && choose(c, 2) ? 2 : 1));
	if (both)
		EMIT(ALUR(ADD, 3, a->insns[a->n - 1].regs >> 4 == 1 ? 2 : 1));
}

/* What is left: r2 = length - r1. */
static void gen_left(struct attempt *a, struct choices *c)
{
	int32_t n = 1 + (int32_t)choose(c, 30);

	gen_unknown(a, c, 1);
	if (choose(c, 4) == 0)
		gen_order(a, c, 7, 1);
	EMIT(MOVR(2, 7));
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | SUB, 2, 1, 0, 0));
	gen_detour(a, c, 2);
	if (choose(c, 3)) {
		gen_at_least(a, c, 2, n);
		gen_place_of(a, c, false);
	} else {
		gen_unknown(a, c, 5);
		gen_order(a, c, 2, 5);
		EMIT(MOVR(2, 5));
		gen_place_of(a, c, true);
	}
	gen_look(a, c, n);
}

/* Two unknown numbers and a constant are together at most the length. */
static void gen_sum(struct attempt *a, struct choices *c)
{
	uint8_t add = either(c, ALU64, ALU32);
	int32_t n = (int32_t)choose(c, 24);

	gen_unknown(a, c, 1);
	gen_unknown(a, c, 2);
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, 3, 1, 0, 0));
	EMIT(RAW(add | BY_REG | ADD, 3, 2, 0, 0));
	EMIT(RAW(add | ADD, 3, 0, 0, n));
	gen_detour(a, c, 3);
	gen_order(a, c, 7, 3);
	if (choose(c, 3) == 0) { /* of the second it is known that it is large */
		gen_at_least(a, c, 2, 1 + (int32_t)choose(c, 20));
		gen_place_of(a, c, false);
		n += a->insns[a->n - 4].imm;
	} else {
		gen_place_of(a, c, true);
	}
	gen_look(a, c, n > 100 || n < 0 ? 8 : n);
}

/* X < Y, and Y is at most the length. */
static void gen_chain_of_orders(struct attempt *a, struct choices *c)
{
	gen_unknown(a, c, 1);
	gen_unknown(a, c, 2);
	if (choose(c, 2)) {
		gen_order(a, c, 2, 1);
		gen_order(a, c, 7, 2);
	} else {
		gen_order(a, c, 7, 2);
		gen_order(a, c, 2, 1);
	}
	gen_place_of(a, c, false);
	gen_look(a, c, 1);
}

/* end = packet + length, as pointers are compared elsewhere. */
static void gen_end(struct attempt *a, struct choices *c)
{
	int32_t n = 1 + (int32_t)choose(c, 24);

	gen_unknown(a, c, 1);
	EMIT(MOVR(5, 8));
	EMIT(ALUR(ADD, 5, 7));
	gen_place_of(a, c, false);
	if (choose(c, 4) == 0) { /* what is before the end */
		EMIT(MOVR(3, 5));
		n = 0;
	} else if (choose(c, 3) == 0) {
		EMIT(MOVR(2, 5));
		EMIT(ALUR(SUB, 2, 3));
		gen_detour(a, c, 2);
		gen_at_least(a, c, 2, n);
	} else {
		EMIT(MOVR(4, 3));
		EMIT(ALUI(ADD, 4, n));
		EMIT(JMPR(choose(c, 3) ? JLE : JLT, 4, 5, 2));
		bail(a);
	}
	gen_look(a, c, n);
	EMIT(MOVI(5, 0));
}

/* Of a shifted number it is known that it is large. */
static void gen_scaled(struct attempt *a, struct choices *c)
{
	int32_t by = 1 + (int32_t)choose(c, 3), n = 1 + (int32_t)choose(c, 10);

	gen_unknown(a, c, 1);
	gen_order(a, c, 7, 1);
	EMIT(MOVR(2, 1));
	EMIT(RAW(either(c, ALU64, ALU32) | RSH, 2, 0, 0, by));
	gen_at_least(a, c, 2, n);
	EMIT(MOVR(3, 8));
	gen_look(a, c, n << by);
}

/* How far the head moves, to r2 and the stack: a constant less r9, most often. */
static void gen_how_far(struct attempt *a, struct choices *c)
{
	EMIT(MOVI(2, (int32_t)choose(c, 40) - 8));
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | SUB, 2, 9, 0, 0));
	if (choose(c, 6) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | either(c, SUB, ADD), 2, 7, 0, 0));
	if (choose(c, 6) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | ADD, 2, 0, 0, (int32_t)choose(c, 9) - 4));
	gen_detour(a, c, 2);
	EMIT(STR(choose(c, 3) ? DW : W, 10, -32, 2));
	if (choose(c, 6) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | ADD, 2, 0, 0, (int32_t)choose(c, 9) - 4));
}

static void gen_move_head(struct attempt *a, struct choices *c)
{
	EMIT(MOVR(1, 6));
	EMIT(CALL(8));
	EMIT(MOVR(8, 0));
	refill(a, c);
}

/* r7 is the length again, or r2 what it must not be. */
static void gen_shorter(struct attempt *a, struct choices *c)
{
	EMIT(LD(choose(c, 3) ? DW : W, 2, 10, -32));
	switch (choose(c, 4)) {
	case 0:
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | SUB, 7, 9, 0, 0));
		break;
	case 1:
		EMIT(RAW(either(c, ALU64, ALU32) | 0x80, 2, 0, 0, 0));
		gen_detour(a, c, 2);
		EMIT(RAW(either(c, JMP64, JMP32) | BY_REG | either(c, JNE, JGT), 7, 2, 2, 0));
		bail(a);
		break;
	default:
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | ADD, 7, 2, 0, 0));
		break;
	}
	gen_detour(a, c, 7);
}

/* As deparsers do it: the head goes back over what was parsed, less what is put there. */
static void gen_deparse(struct attempt *a, struct choices *c)
{
	int32_t n = 1 + (int32_t)choose(c, 20);

	gen_unknown(a, c, 9);
	if (choose(c, 3) == 0)
		gen_order(a, c, 7, 9);
	gen_how_far(a, c);
	gen_move_head(a, c);
	gen_shorter(a, c);
	if (choose(c, 5) == 0) {
		EMIT(MOVI(2, (int32_t)choose(c, 40) - 20));
		gen_move_head(a, c);
	} else if (choose(c, 4) == 0) {
		EMIT(MOVR(1, 6));
		EMIT(MOVI(2, (int32_t)choose(c, 60)));
		EMIT(CALL(11));
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | SUB, 7, 0, 0, 0));
		EMIT(MOVR(1, 6));
		EMIT(CALL(9));
		EMIT(MOVR(8, 0));
	}
	if (choose(c, 4))
		gen_at_least(a, c, 7, n);
	EMIT(MOVR(3, 8));
	gen_look(a, c, n);
}

static void gen_copy(struct attempt *a, struct choices *c, uint8_t to, uint8_t from)
{
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, to, from, 0, 0));
	gen_detour(a, c, to);
	if (choose(c, 3) == 0)
		gen_chain(a, c, to);
	if (choose(c, 6) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | either(c, SUB, ADD), to, from, 0, 0));
}

/* Comparisons of a number and its copies until the verifier believes that no run gets to the
 * access, which nothing allows. */
void gen_dead(struct attempt *a, struct choices *c)
{
	uint32_t about = choose(c, 3) ? (uint32_t)choose(c, 8) : (uint32_t)small_imm(c);

	gen_unknown(a, c, 1);
	if (choose(c, 2))
		EMIT(ALUI(AND, 1, 7));
	gen_copy(a, c, 2, 1);
	for (uint64_t i = 1 + choose(c, 3); i; i--) {
		uint8_t reg = either(c, 1, 2);

		if (choose(c, 5) == 0)
			EMIT(RAW(some_condition(c) | BY_REG, reg, 3 - reg, 2, 0));
		else
			EMIT(RAW(some_condition(c), reg, 0, 2, about + (uint32_t)choose(c, 3) - 1));
		bail(a);
		if (choose(c, 4) == 0)
			gen_copy(a, c, 3 - reg, reg);
	}
	if (choose(c, 4) == 0)
		EMIT(RAW(some_condition(c) | BY_REG, 2, 1, 1, 0));
	else
		EMIT(RAW(some_condition(c), either(c, 1, 2), 0, 1,
			 about + (uint32_t)choose(c, 3) - 1));
	EMIT(STI(DW, 10, 0, 0));
}

void gen_relation(struct attempt *a, struct choices *c)
{
	switch (choose(c, 9)) {
	case 6:
	case 7:
	case 8:
		gen_deparse(a, c);
		break;
	case 0:
		gen_scaled(a, c);
		break;
	case 1:
		gen_left(a, c);
		break;
	case 2:
		gen_sum(a, c);
		break;
	case 3:
		gen_chain_of_orders(a, c);
		break;
	default:
		gen_end(a, c);
		break;
	}
	for (uint8_t reg = 1; reg <= 5; reg++)
		EMIT(MOVI(reg, small_imm(c)));
}
