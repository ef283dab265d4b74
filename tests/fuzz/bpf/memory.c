// SPDX-License-Identifier: Apache-2.0
/* Random programs: memory at computed places, maps, pointers that are kept and compared. */
#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

static const uint8_t sizes[] = {B, H, W, DW};

static int32_t some_edge(struct choices *c)
{
	return choose(c, 6) ? 0 : choose(c, 2) ? 1 : -1;
}

/* What makes the verifier reckon. */
void gen_chain(struct attempt *a, struct choices *c, uint8_t reg)
{
	static const uint8_t ops[] = {ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, LSH, RSH, ARSH, MOV};

	for (uint64_t i = choose(c, 4); i; i--) {
		uint8_t op = ops[choose(c, sizeof(ops))], class = either(c, ALU64, ALU32);
		int16_t off = 0;

		if (op == DIV || op == MOD)
			off = (int16_t)choose(c, 2);
		if (op == MOV)
			EMIT(RAW(class | BY_REG | MOV, reg, reg,
				 (int16_t)(8 << choose(c, class == ALU64 ? 3 : 2)), 0));
		else if (op >= LSH && op <= RSH)
			EMIT(RAW(class | op, reg, 0, 0, (int32_t)choose(c, 64)));
		else if (choose(c, 3))
			EMIT(RAW(class | op, reg, 0, off, small_imm(c)));
		else
			EMIT(RAW(class | BY_REG | op, reg, number_reg(c), off, 0));
	}
}

static void gen_number(struct attempt *a, struct choices *c, uint8_t reg)
{
	switch (choose(c, 3)) {
	case 0:
		EMIT(LD(some_size(c), reg, 8, (int16_t)choose(c, 16)));
		break;
	case 1:
		EMIT(LD(DW, reg, 10, slot(c)));
		break;
	default:
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, reg, number_reg(c), 0, 0));
		break;
	}
	gen_chain(a, c, reg);
}

/* Out of bounds: the end; or the bound instead. */
static void gen_limit(struct attempt *a, struct choices *c, uint8_t reg, int32_t n)
{
	static const uint8_t in[] = {JLT, JSLT}, last[] = {JLE, JSLE}, out[] = {JGE, JSGE};
	uint8_t width = either(c, JMP64, JMP32), sign = choose(c, 4) == 0;

	if (sign && choose(c, 4)) {
		EMIT(RAW(width | JSGE, reg, 0, 2, choose(c, 8) ? 0 : -1));
		bail(a);
	}
	switch (choose(c, 4)) {
	case 0:
		EMIT(RAW(width | in[sign], reg, 0, 2, n));
		bail(a);
		break;
	case 1:
		EMIT(RAW(width | last[sign], reg, 0, 2, n - 1));
		bail(a);
		break;
	case 2: /* the least of the two */
		EMIT(RAW(width | last[sign], reg, 0, 1, n - 1));
		EMIT(MOVI(reg, n - 1));
		break;
	default:
		EMIT(RAW(width | out[sign], reg, 0, 1, n));
		EMIT(JA(2));
		bail(a);
		break;
	}
	if (width == JMP32 && choose(c, 6))
		EMIT(MOV32R(reg, reg));
}

/* reg = something from 0 to n - 1, if all is well. */
static void gen_bounded(struct attempt *a, struct choices *c, uint8_t reg, int32_t n)
{
	gen_number(a, c, reg);
	switch (choose(c, 6)) {
	case 0:
		EMIT(RAW(either(c, ALU64, ALU32) | AND, reg, 0, 0,
			 (int32_t)(1u << (31 - __builtin_clz((uint32_t)n | 1))) - 1));
		break;
	case 1:
		EMIT(RAW(either(c, ALU64, ALU32) | MOD, reg, 0, choose(c, 8) == 0, n));
		break;
	case 2:
		EMIT(RAW(ALU64 | RSH, reg, 0, 0, 32 + __builtin_clz((uint32_t)n | 1) + 1));
		break;
	default:
		gen_limit(a, c, reg, n);
		break;
	}
	if (choose(c, 8) == 0)
		gen_chain(a, c, reg);
}

static void gen_access(struct attempt *a, struct choices *c, uint8_t base, int16_t off,
		       uint8_t size)
{
	static const int32_t atomics[] = {0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};

	switch (choose(c, 8)) {
	case 0:
	case 1:
		EMIT(STR(size, base, off, number_reg(c)));
		break;
	case 2:
		EMIT(STI(size, base, off, small_imm(c)));
		break;
	case 3:
		if (size == W || size == DW) {
			EMIT(MOVI(0, small_imm(c)));
			EMIT(ATOMIC(size, base, off, choose(c, 3) ? 9 : scratch_reg(c),
				    atomics[choose(c, 10)]));
			break;
		}
		EMIT(RAW(0x81 | size, 9, base, off, 0));
		break;
	case 4:
		EMIT(RAW((size == DW ? 0x61 : 0x81) | size, either(c, 4, 9), base, off, 0));
		break;
	default:
		EMIT(LD(size, either(c, 4, 9), base, off));
		break;
	}
}

/* r5 points to `room` bytes, from `low` on. One or two indices are added, and it is used. */
static void gen_indexed(struct attempt *a, struct choices *c, int32_t low, int32_t room)
{
	int32_t shift = (int32_t)choose(c, 4), bytes = 1 << choose(c, 4),
		n = 1 + (int32_t)choose(c, 8);
	int32_t off;

	if ((n - 1) << shift > room - bytes)
		n = ((room - bytes) >> shift) + 1;
	if (n < 1)
		n = 1;
	gen_bounded(a, c, 1, n);
	if (shift && choose(c, 3))
		EMIT(RAW(either(c, ALU64, ALU32) | LSH, 1, 0, 0, shift));
	else if (shift)
		EMIT(RAW(either(c, ALU64, ALU32) | MUL, 1, 0, 0, 1 << shift));
	EMIT(ALUR(ADD, 5, 1));
	/* Just up to the end, or from the beginning. */
	if (choose(c, 2))
		off = room - bytes - ((n - 1) << shift);
	else
		off = 0;
	off += low + some_edge(c);
	gen_access(a, c, 5, (int16_t)off, sizes[__builtin_ctz((uint32_t)bytes)]);
	EMIT(MOVI(5, 1));
}

void gen_index(struct attempt *a, struct choices *c)
{
	switch (choose(c, a->neutral ? 2 : 3)) {
	case 0:
		EMIT(MOVR(5, 10));
		gen_indexed(a, c, -40, 40);
		break;
	case 1:
		if (a->neutral) {
			EMIT(MOVR(5, 8));
			gen_indexed(a, c, 0, NEUTRAL_PACKET);
		} else {
			int32_t room = 16 + (int32_t)choose(c, 60);

			EMIT(RAW(either(c, JMP64, JMP32) | JGE, 7, 0, 2, room));
			bail(a);
			EMIT(MOVR(5, 8));
			gen_indexed(a, c, 0, room);
		}
		break;
	default:
		EMIT(RAW(0x18, 5, SEKI_LDDW_DATA, 0, 0));
		EMIT(RAW(0, 0, 0, 0, 0));
		gen_indexed(a, c, 0, DATA_BYTES);
		break;
	}
}

/* Some number of small ones, as an immediate or in r1. */
static void gen_key_word(struct attempt *a, struct choices *c, int16_t at, int32_t n)
{
	if (choose(c, 3)) {
		EMIT(STI(W, 10, at, (int32_t)choose(c, (uint64_t)n)));
		return;
	}
	EMIT(MOVR(1, number_reg(c)));
	EMIT(ALUI(AND, 1, n - 1));
	EMIT(STR(W, 10, at, 1));
}

/* r1 = map, r2 = key in the stack. */
static uint32_t gen_key(struct attempt *a, struct choices *c)
{
	uint32_t map = (uint32_t)choose(c, a->neutral ? N_NEUTRAL_MAPS : N_MAPS);
	int16_t at = KEY_SLOT;

	if (fuzz_map_defs[map].key_size == 8) {
		at -= 4;
		gen_key_word(a, c, at, map == MAP_LPM ? 64 : 4);
		if (map == MAP_LPM)
			gen_key_word(a, c, (int16_t)(at + 4), 0x10000);
		else
			EMIT(STI(W, 10, (int16_t)(at + 4), 0));
	} else {
		gen_key_word(a, c, at, 4);
	}
	EMIT(RAW(0x18, 1, 5, 0, (int32_t)map));
	EMIT(RAW(0, 0, 0, 0, 0));
	EMIT(MOVR(2, 10));
	EMIT(ALUI(ADD, 2, at + (int32_t)(choose(c, 40) == 0)));
	return map;
}

/* Another value pointer in the stack, of another entry or the same. */
void gen_lookup(struct attempt *a, struct choices *c)
{
	uint32_t map = gen_key(a, c);
	int32_t bytes = (int32_t)fuzz_map_defs[map].value_size;
	uint8_t pointer = choose(c, 3) ? 5 : 0;
	bool keep = !a->neutral && choose(c, 3) == 0;

	EMIT(CALL(1));
	refill(a, c);
	if (keep && choose(c, 2)) /* before it is known not to be NULL */
		EMIT(STR(DW, 10, POINTER_SLOT, 0));
	EMIT(MOVR(5, 0));
	EMIT(JMPI(JNE, pointer, 0, 2));
	bail(a);
	if (keep)
		EMIT(STR(DW, 10, POINTER_SLOT, 5));
	if (choose(c, 2)) {
		gen_indexed(a, c, 0, bytes);
		return;
	}
	gen_access(a, c, choose(c, 20) ? 5 : 0,
		   (int16_t)(bytes - 8 - 8 * (int32_t)choose(c, 3) + some_edge(c)), some_size(c));
	EMIT(MOVI(5, 1));
}

void gen_change_map(struct attempt *a, struct choices *c)
{
	gen_key(a, c);
	EMIT(MOVR(3, 10));
	EMIT(ALUI(ADD, 3, (int32_t)(choose(c, 40) == 0) - 40));
	EMIT(MOVI(4, 0));
	EMIT(CALL(choose(c, 4) ? 2 : 3));
	a->changes_entries = true;
	if (a->neutral) { /* our error numbers are not the kernel's */
		EMIT(JMPI(JEQ, 0, 0, 1));
		EMIT(MOVI(0, 1));
	}
	if (choose(c, 2))
		EMIT(MOVR(9, 0));
	refill(a, c);
}

void gen_atomic(struct attempt *a, struct choices *c)
{
	static const int32_t ops[] = {0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};
	uint8_t size = either(c, W, DW), reg = number_reg(c);
	int16_t at = (int16_t)(slot(c) + (size == W ? 4 * (int16_t)choose(c, 2) : 0));

	if (reg == 7 && choose(c, 4))
		reg = 9;
	EMIT(MOVR(0, number_reg(c)));
	EMIT(ATOMIC(size, 10, (int16_t)(at + (choose(c, 20) == 0)), reg,
		    ops[choose(c, SEKI_COUNT(ops))]));
	if (choose(c, 2))
		EMIT(MOVR(9, 0));
}

void gen_constant(struct attempt *a, struct choices *c)
{
	static const uint64_t edges[] = {0,
					 1,
					 UINT64_MAX,
					 0x7fffffff,
					 0x80000000,
					 0xffffffff,
					 1ull << 32,
					 0xffffffff80000000,
					 0x7fffffffffffffff,
					 1ull << 63,
					 0xff,
					 0x8000,
					 0xffff,
					 0xffffffff7fffffff,
					 0x5555555555555555};
	uint64_t v = edges[choose(c, SEKI_COUNT(edges))] + choose(c, 3) - 1;
	uint8_t reg = choose(c, 4) ? scratch_reg(c) : 9;

	EMIT(RAW(0x18, reg, 0, 0, (int32_t)v));
	EMIT(RAW(0, 0, 0, 0, (int32_t)(v >> 32)));
	if (choose(c, 2))
		EMIT(RAW(some_condition(c) | BY_REG, reg, number_reg(c), 0, 0));
	if (choose(c, 2))
		gen_chain(a, c, reg);
}

/* What compilers do to the bytes of headers. */
void gen_bytes(struct attempt *a, struct choices *c)
{
	static const uint8_t swaps[] = {0xd4, 0xdc, 0xd7};
	uint8_t reg = choose(c, 3) ? 9 : scratch_reg(c), other = scratch_reg(c);
	int16_t at = (int16_t)choose(c, 16);

	switch (choose(c, 4)) {
	case 0: /* two bytes become one number */
		EMIT(LD(B, reg, 8, at));
		EMIT(LD(B, other, 8, (int16_t)(at + 1)));
		EMIT(ALUI(LSH, reg, 8));
		EMIT(ALUR(OR, reg, other));
		break;
	case 1:
		EMIT(LD(some_size(c), reg, 8, at));
		EMIT(RAW(swaps[choose(c, 3)], reg, 0, 0, 16 << choose(c, 3)));
		break;
	case 2:
		EMIT(RAW(either(c, ALU64, ALU32) | 0x80, reg, 0, 0, 0));
		EMIT(RAW(swaps[choose(c, 3)], reg, 0, 0, 16 << choose(c, 3)));
		break;
	default: /* a number is cut into bytes */
		EMIT(STR(B, 8, at, reg));
		EMIT(ALUI(RSH, reg, 8));
		EMIT(STR(B, 8, (int16_t)(at + 1), reg));
		break;
	}
}

/* Where bytes are in a row: r3 points to `*from`, in the packet or the stack. */
static void gen_row_base(struct attempt *a, struct choices *c, int16_t *from)
{
	bool stack = choose(c, 2);

	EMIT(MOVR(3, stack ? 10 : 8));
	if (stack)
		EMIT(ALUI(ADD, 3, -40));
	else if (!a->neutral) {
		EMIT(RAW(JMP64 | JGE, 7, 0, 2, 24));
		bail(a);
	}
	*from = (int16_t)choose(c, 12);
}

/* A number from bytes in a row, in this order or that, as compilers read what is not aligned. */
static void gen_read_row(struct attempt *a, struct choices *c, uint32_t n, int16_t from)
{
	uint8_t or = choose(c, 6) ? OR : ADD, class = either(c, ALU64, ALU64);
	bool big = choose(c, 2);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = choose(c, 12) ? i : (uint32_t)choose(c, n);
		uint8_t to = i ? 1 : 9;
		int32_t shift = 8 * (int32_t)(big ? n - 1 - at : at);

		EMIT(LD(B, to, choose(c, 30) ? 3 : 8, (int16_t)(from + (int16_t)at)));
		if (shift)
			EMIT(RAW(class | LSH, to, 0, 0, shift + (choose(c, 40) == 0)));
		if (choose(c, 20) == 0) /* something in between */
			gen_access(a, c, 10, -8, B);
		if (i)
			EMIT(RAW(class | BY_REG | or, 9, 1, 0, 0));
	}
	if (choose(c, 2))
		EMIT(RAW(either(c, 0xdc, 0xd4), 9, 0, 0, 16 << choose(c, 3)));
}

static void gen_write_row(struct attempt *a, struct choices *c, uint32_t n, int16_t from)
{
	uint8_t size = choose(c, 3) ? B : some_size(c);
	int16_t step = size == B ? 1 : size == H ? 2 : size == W ? 4 : 8;
	bool down = choose(c, 3) == 0, constant = choose(c, 2);

	EMIT(MOVR(1, 9));
	for (uint32_t i = 0; i < n && (int16_t)(i + 1) * step + from <= 24; i++) {
		int16_t at = (int16_t)(from + (int16_t)i * step);

		if (constant) {
			EMIT(STI(size, 3, at, small_imm(c)));
			continue;
		}
		EMIT(STR(size, 3, at, choose(c, 20) ? 1 : 9));
		if (choose(c, 20) == 0)
			gen_access(a, c, 10, -8, B);
		EMIT(ALUI(down ? LSH : RSH, 1, 8 * step & 63));
	}
}

/* What the JIT makes one access of. */
void gen_rows(struct attempt *a, struct choices *c)
{
	uint32_t n = 2 + (uint32_t)choose(c, 7);
	int16_t from;

	gen_row_base(a, c, &from);
	for (uint64_t i = 1 + choose(c, 3); i; i--)
		if (choose(c, 2))
			gen_read_row(a, c, n, from);
		else
			gen_write_row(a, c, n, from);
	EMIT(MOVI(3, 0));
}

/* Two pointers into one object, compared or subtracted. */
void gen_pointers(struct attempt *a, struct choices *c)
{
	uint8_t base = choose(c, 3) ? 8 : 10;
	int32_t by = base == 10 ? -40 : 0;

	for (uint8_t reg = 3; reg <= 4; reg++) {
		EMIT(MOVR(reg, base));
		if (choose(c, 2)) {
			gen_bounded(a, c, 1, 1 + (int32_t)choose(c, 30));
			EMIT(ALUR(ADD, reg, 1));
		}
		EMIT(ALUI(ADD, reg, by + (int32_t)choose(c, 24)));
	}
	if (choose(c, 3)) {
		EMIT(RAW((some_condition(c) & 0xf0) | JMP64 | BY_REG, 3, 4, 2, 0));
		bail(a);
		gen_access(a, c, either(c, 3, 4), 0, some_size(c));
		EMIT(MOVI(3, 0));
	} else {
		EMIT(ALUR(SUB, 3, 4));
		if (choose(c, 2)) { /* a difference is a number: relied on */
			EMIT(MOVR(5, base));
			EMIT(ALUR(ADD, 5, 3));
			gen_access(a, c, 5, (int16_t)(by + (int32_t)choose(c, 40)), B);
			EMIT(MOVI(5, 0));
		}
	}
	EMIT(MOVI(4, 0));
}

/* Pointers in the stack, into which something else may be written meanwhile. */
void gen_keep_pointer(struct attempt *a, struct choices *c)
{
	switch (choose(c, 7)) {
	case 0:
		EMIT(STR(DW, 10, POINTER_SLOT, 8));
		break;
	case 4: /* into the caller's slots, which these are where it passed them */
		EMIT(LD(DW, 5, 10, META_SLOT));
		EMIT(MOVR(4, either(c, 10, 8)));
		EMIT(STR(DW, 5, 8, choose(c, 2) ? 4 : 9));
		EMIT(MOVI(5, 0));
		EMIT(MOVI(4, 0));
		break;
	case 1:
		EMIT(MOVR(5, 10));
		EMIT(ALUI(ADD, 5, -40));
		EMIT(STR(DW, 10, POINTER_SLOT, 5));
		EMIT(MOVI(5, 0));
		break;
	case 2: /* a part of it is overwritten */
		EMIT(STR(some_size(c), 10, (int16_t)(POINTER_SLOT + (int16_t)choose(c, 8)), 9));
		break;
	case 3: /* the callers' pointers too are the program's */
		EMIT(MOVR(4, number_reg(c)));
		EMIT(LD(some_size(c), 4, 10, (int16_t)(POINTER_SLOT + (int16_t)choose(c, 5))));
		break;
	default:
		EMIT(LD(DW, 5, 10, POINTER_SLOT));
		if (choose(c, 3)) {
			EMIT(JMPI(JNE, 5, 0, 2));
			bail(a);
		}
		gen_access(a, c, 5, (int16_t)choose(c, 36), some_size(c));
		EMIT(MOVI(5, 0));
		break;
	}
}

static void gen_hash(struct attempt *a, struct choices *c)
{
	EMIT(MOVR(1, choose(c, 2) ? 10 : 8));
	if (a->insns[a->n - 1].regs >> 4 == 10)
		EMIT(ALUI(ADD, 1, -40));
	if (choose(c, 2))
		EMIT(MOVI(2, 40 + some_edge(c)));
	else
		gen_bounded(a, c, 2, 41 + some_edge(c));
	EMIT(CALL(6));
}

static void gen_print(struct attempt *a, struct choices *c)
{
	static const int32_t formats[] = {0, 0, 7, 7, 3, 12, 6};

	EMIT(RAW(0x18, 1, SEKI_LDDW_DATA, 0, formats[choose(c, SEKI_COUNT(formats))]));
	EMIT(RAW(0, 0, 0, 0, 0));
	EMIT(CALL(7));
}

/* Helpers that take no part elsewhere; some by a number in a register. */
void gen_helper(struct attempt *a, struct choices *c)
{
	switch (choose(c, 6)) {
	case 0:
		gen_hash(a, c);
		break;
	case 1:
		gen_print(a, c);
		break;
	case 2:
		EMIT(MOVI(5, choose(c, 2) ? 5 : 10));
		EMIT(MOVR(1, 6));
		EMIT(CALLX(5));
		break;
	case 3:
		EMIT(MOVR(1, 10));
		EMIT(ALUI(ADD, 1, (int32_t)(choose(c, 20) == 0) - 40));
		EMIT(MOVI(2, 100));
		EMIT(CALL(32));
		break;
	case 4:
		EMIT(MOVR(1, number_reg(c)));
		EMIT(CALL(34));
		EMIT(MOVI(0, 0));
		break;
	default:
		EMIT(CALL(5));
		break;
	}
	if (choose(c, 2))
		EMIT(MOVR(9, 0));
	refill(a, c);
}
