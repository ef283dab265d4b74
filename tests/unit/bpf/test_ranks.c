// SPDX-License-Identifier: Apache-2.0
/*
 * Loops that end only because a number grows towards the packet's length, and neighbours of theirs
 * that do not end, or read too far: tables of them, then random ones. What the verifier accepts
 * runs, every access checked, on packets that keep it in the loop for as long as they can, and for no
 * longer than was proved. `test_bpf_ranks SEED COUNT` tries other random ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/bpf/judge.h"

#define MAX_STEPS  20000
#define MAX_PACKET 4000
#define PACKETS	   12

#define LONGEST	   65535
#define SHORT	   24

/*
 * r6 packet, r7 its length, r1 a place in it, r3 a flag. A round leaves where there are no four bytes
 * at the place (`check`), reads one of them, goes one of two ways by what it is, and adds to the
 * place on each.
 */
#define CHECK	      MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 9)
#define CHECK_32      MOV32R(2, 1), ALU32I(ADD, 2, 4), JMP32R(JGT, 2, 7, 9)
#define CHECK_SIGNED  MOVR(2, 1), ALUI(ADD, 2, 4), JMP32R(JSGT, 2, 7, 9)
#define CHECK_LATE    MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 11)
#define CHECK_MEET    MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 10)
#define CHECK_EQUAL   MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JEQ, 2, 7, 9)
#define CHECK_ZERO    MOVI(2, 0), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 9)
#define CHECK_LOW     MOVR(2, 1), ALUI(AND, 2, 255), JMPR(JGT, 2, 7, 9)
#define CHECK_NOTHING MOVR(2, 1), ALUI(ADD, 2, 4), JMPI(JGT, 2, -1, 9)
#define CHECK_LESS    MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JLT, 2, 7, 9)

#define ROUND(check, at, one, other)                                                               \
	{                                                                                          \
		PACKET, MOVI(1, 0), MOVI(3, 0), check, MOVR(4, 6), ALUR(ADD, 4, 1),                \
			LD(B, 5, 4, at), JMPI(JEQ, 5, 2, 2), one, JA(-9), MOVI(3, 1), other,       \
			JA(-12), MOVR(0, 3), EXIT                                                  \
	}
#define ROUND_INSNS 10 /* the longer way */

/* The place is in the stack between rounds; there is an inner loop in each. */
#define SPILLED(one, other)                                                                        \
	{                                                                                          \
		PACKET, STI(DW, 10, -8, 0), MOVI(3, 0), LD(DW, 1, 10, -8), MOVR(2, 1),             \
			ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 11), MOVR(4, 6), ALUR(ADD, 4, 1),         \
			LD(B, 5, 4, 3), JMPI(JEQ, 5, 2, 3), one, STR(DW, 10, -8, 1), JA(-11),      \
			MOVI(3, 1), other, STR(DW, 10, -8, 1), JA(-15), MOVR(0, 3), EXIT           \
	}
#define NESTED(first, inner, one, other)                                                           \
	{                                                                                          \
		PACKET, MOVI(1, 0), MOVI(3, 0), MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 12),  \
			first, inner, JMPI(JLT, 9, 5, -2), MOVR(4, 6), ALUR(ADD, 4, 1),            \
			LD(B, 5, 4, 3), JMPI(JEQ, 5, 2, 2), one, JA(-12), MOVI(3, 1), other,       \
			JA(-15), MOVR(0, 3), EXIT                                                  \
	}

/* The byte that is read is always the same one. */
#define STAYS(check, one, other)                                                                   \
	{                                                                                          \
		PACKET, MOVI(0, 0), JMPI(JGT, 7, 9, 1), EXIT, MOVI(1, 0), MOVI(3, 0), check,       \
			LD(B, 5, 6, 0), LD(B, 4, 6, 1), JMPI(JEQ, 5, 2, 2), one, JA(-8),           \
			MOVI(3, 1), other, JA(-11), RETURN                                         \
	}

struct loop {
	const char *name;
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint64_t worst; /* for packets of LONGEST, about; 0: not told */
};

static const struct loop growing[] = {
	{"a place in bytes", ROUND(CHECK, 3, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4)),
	 (LONGEST / 2) * ROUND_INSNS},
	{"compared in 32 bits", ROUND(CHECK_32, 3, ALU32I(ADD, 1, 2), ALU32I(ADD, 1, 4)), 0},
	{"in steps of one", ROUND(CHECK, 0, ALUI(ADD, 1, 1), ALUI(ADD, 1, 1)), 0},
	{"in bytes of which some are not read", ROUND(CHECK, 2, ALUI(ADD, 1, 8), ALUI(ADD, 1, 3)),
	 0},
	{"in large steps", ROUND(CHECK, 3, ALUI(ADD, 1, 1 << 20), ALUI(ADD, 1, 4)), 0},
	{"by the longer of two ways that meet",
	 {PACKET, MOVI(1, 0), MOVI(3, 0), CHECK_MEET, MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3),
	  JMPI(JEQ, 5, 2, 1), JA(2), MOVI(4, 1), MOVI(4, 2), ALUI(ADD, 1, 2), ALUI(OR, 3, 1),
	  JA(-13), MOVR(0, 3), EXIT},
	 (LONGEST / 2) * 12},
	{"by the longer of two ways that meet behind the head",
	 {PACKET,
	  MOVI(1, 0),
	  MOVI(3, 0),
	  JMPI(JLT, 7, 8, 24),
	  MOVR(2, 1),
	  ALUI(ADD, 2, 4),
	  JMPR(JGT, 2, 7, 21),
	  MOVR(4, 6),
	  ALUR(ADD, 4, 1),
	  LD(B, 5, 4, 3),
	  JMPI(JEQ, 5, 2, 1),
	  JA(10),
	  MOVI(4, 1),
	  MOVI(4, 2),
	  MOVI(4, 3),
	  MOVI(4, 4),
	  MOVI(4, 5),
	  MOVI(4, 6),
	  MOVI(4, 7),
	  MOVI(4, 8),
	  MOVI(4, 9),
	  MOVI(4, 10),
	  LD(B, 5, 6, 0),
	  ALUI(ADD, 1, 2),
	  JMPI(JEQ, 5, 7, 1),
	  JA(-22),
	  ALUI(OR, 3, 1),
	  JA(-24),
	  MOVR(0, 3),
	  EXIT},
	 (LONGEST / 2) * 22},
	{"a place in the stack", SPILLED(ALUI(ADD, 1, 2), ALUI(ADD, 1, 4)), 0},
	{"around an inner loop",
	 NESTED(MOVI(9, 0), ALUI(ADD, 9, 1), ALUI(ADD, 1, 2), ALUI(ADD, 1, 4)), 0},
	{"2^31 more wraps in 32 bits, twice, which leaves",
	 ROUND(CHECK_32, 3, ALU32I(ADD, 1, 1 << 31), ALU32I(ADD, 1, 4)), 0},
	{"2^31 more in 64 bits, compared in 32, which leaves",
	 ROUND(CHECK_32, 3, ALUI(ADD, 1, 1 << 31), ALUI(ADD, 1, 4)), 0},
	{"2^30 more, compared signed, which leaves",
	 ROUND(CHECK_SIGNED, 3, ALUI(ADD, 1, 1 << 30), ALUI(ADD, 1, 4)), 0},
};

static const struct loop others[] = {
	{.name = "one way does not grow", ROUND(CHECK, 3, MOVI(5, 0), ALUI(ADD, 1, 4))},
	{.name = "nor does the other", ROUND(CHECK, 3, ALUI(ADD, 1, 2), MOVI(5, 0))},
	{.name = "one adds nothing", ROUND(CHECK, 3, ALUI(ADD, 1, 0), ALUI(ADD, 1, 4))},
	{.name = "one adds what may be nothing", ROUND(CHECK, 3, ALUR(ADD, 1, 5), ALUI(ADD, 1, 4))},
	{.name = "set back", ROUND(CHECK, 3, MOVI(1, 0), ALUI(ADD, 1, 4))},
	{.name = "cut", ROUND(CHECK, 3, ALUI(AND, 1, 63), ALUI(ADD, 1, 4))},
	{.name = "up and down", ROUND(CHECK, 3, ALUI(SUB, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "up and less down", ROUND(CHECK, 3, ALUI(SUB, 1, 1), ALUI(ADD, 1, 4))},
	{.name = "halved", ROUND(CHECK, 3, ALUI(RSH, 1, 1), ALUI(ADD, 1, 4))},
	{.name = "doubled, which 0 does not mind",
	 ROUND(CHECK, 3, ALUI(LSH, 1, 1), ALUI(ADD, 1, 4))},
	{.name = "the end grows as well", ROUND(CHECK, 3, ALUI(ADD, 7, 2), ALUI(ADD, 1, 4))},
	{.name = "both grow", ROUND(CHECK, 3, ALUR(ADD, 7, 1), ALUI(ADD, 1, 4))},
	{.name = "beyond the check", ROUND(CHECK, 4, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "before the packet", ROUND(CHECK, -1, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "the check is of what does not grow",
	 ROUND(CHECK_ZERO, 3, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "the check is of the low byte",
	 ROUND(CHECK_LOW, 3, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "there is no check", ROUND(CHECK_NOTHING, 3, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "the check is the wrong way round",
	 ROUND(CHECK_LESS, 3, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	/* Both ways meet before the loop's head. */
	{.name = "one way does not grow from 3000 to 4000",
	 {PACKET, MOVI(1, 0), MOVI(3, 0), CHECK_MEET, MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3),
	  JMPI(JEQ, 5, 2, 2), ALUI(ADD, 1, 4), JA(2), JMPI(JLT, 1, 3000, 3), JMPI(JGT, 1, 4000, 2),
	  MOVI(3, 1), JA(-13), MOVR(0, 3), EXIT}},
	/* What only later rounds do, where paths meet behind the growth; and behind the loop. */
	{.name = "writes the stack further up from round to round",
	 {PACKET, MOVI(1, 0), MOVI(3, 0), CHECK_LATE, MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3),
	  ALUI(ADD, 1, 2), JMPI(JEQ, 5, 2, 1), MOVI(3, 1), MOVR(4, 1), ALUI(RSH, 4, 12),
	  ALUR(ADD, 4, 10), STI(B, 4, -8, 0), JA(-14), MOVR(0, 3), EXIT}},
	{.name = "cut in each round, and read when all are done",
	 {PACKET, MOVI(0, 0), JMPI(JGT, 7, 63, 1), EXIT, MOVI(9, 0), MOVI(7, 0),
	  JMPI(JGT, 9, 50000, 8), CALL(5), JMPI(JSET, 0, 1, 1), MOVI(7, 1), MOVR(1, 8), MOVI(2, 32),
	  CALL(11), ALUI(ADD, 9, 1), JA(-9), LD(B, 0, 6, 60), EXIT}},
	{.name = "one way meets behind the growth, and there late rounds read too far",
	 {PACKET,
	  MOVI(1, 0),
	  MOVI(3, 0),
	  MOVR(2, 1),
	  ALUI(ADD, 2, 4),
	  JMPR(JGT, 2, 7, 12),
	  MOVR(4, 6),
	  ALUR(ADD, 4, 1),
	  LD(B, 5, 4, 3),
	  ALUI(ADD, 1, 2),
	  JMPI(JEQ, 5, 2, 2),
	  JMPI(JEQ, 5, 3, 1),
	  JA(-10),
	  JMPI(JLT, 1, 3000, 3),
	  MOVR(4, 6),
	  ALUR(ADD, 4, 1),
	  LD(B, 5, 4, 30),
	  JA(-15),
	  MOVR(0, 3),
	  EXIT}},
	{.name = "grows on one way, and late on another not, as a sum that was greater would",
	 {PACKET, MOVI(1, 0), MOVI(3, 0), MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 10),
	  MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3), JMPI(JEQ, 5, 2, 2), ALUI(ADD, 1, 13), JA(2),
	  JMPI(JLT, 1, 3000, -3), ALUI(ADD, 1, 8), ALUI(SUB, 1, 8), JA(-13), MOVR(0, 3), EXIT}},
	/* One way only: no other would be walked from what the guess does not stand for. */
	{.name = "cut in the first round, and read in late ones",
	 {PACKET,
	  MOVI(0, 0),
	  JMPI(JGT, 7, 63, 1),
	  EXIT,
	  MOVI(1, 0),
	  MOVI(9, 0),
	  MOVR(2, 1),
	  ALUI(ADD, 2, 4),
	  JMPR(JGT, 2, 7, 13),
	  JMPI(JGT, 1, 3000, 11),
	  JMPI(JNE, 9, 0, 8),
	  STR(DW, 10, -8, 1),
	  MOVR(1, 8),
	  MOVI(2, 32),
	  CALL(11),
	  LD(DW, 1, 10, -8),
	  MOVI(9, 1),
	  ALUI(ADD, 1, 2),
	  JA(-13),
	  ALUI(ADD, 1, 2),
	  JA(-15),
	  LD(B, 5, 6, 60),
	  RETURN}},
	{.name = "beyond the bits that are compared",
	 STAYS(CHECK_LOW, ALUI(ADD, 1, 256), ALUI(ADD, 1, 512))},
	{.name = "2^31 more and 2^31 more, signed",
	 STAYS(CHECK_SIGNED, ALU32I(ADD, 1, 1 << 31), ALU32I(ADD, 1, 1 << 31))},
	{.name = "2^31 less and 2^31 less, signed",
	 STAYS(CHECK_SIGNED, ALUI(ADD, 1, 1 << 31), ALUI(ADD, 1, 1 << 31))},
	{.name = "past an end that is compared for equality",
	 STAYS(CHECK_EQUAL, ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "past an end that is compared for equality, in 32 bits",
	 STAYS(CHECK_EQUAL, ALU32I(ADD, 1, 2), ALU32I(ADD, 1, 4))},
	{.name = "down past zero", STAYS(CHECK, ALU32I(SUB, 1, 2), ALU32I(ADD, 1, 2))},
	{.name = "less than nothing", STAYS(CHECK_SIGNED, ALUI(SUB, 1, 2), ALUI(SUB, 1, 4))},
	{.name = "in the stack, one way does not grow", SPILLED(MOVI(5, 0), ALUI(ADD, 1, 4))},
	{.name = "in the stack, set back", SPILLED(MOVI(1, 0), ALUI(ADD, 1, 4))},
	{.name = "in the stack, and another slot is written",
	 SPILLED(STR(DW, 10, -16, 1), ALUI(ADD, 1, 4))},
	{.name = "in the stack, and one way writes a byte of it",
	 {PACKET,
	  STI(DW, 10, -8, 0),
	  MOVI(3, 0),
	  LD(DW, 1, 10, -8),
	  MOVR(2, 1),
	  ALUI(ADD, 2, 4),
	  JMPR(JGT, 2, 7, 11),
	  MOVR(4, 6),
	  ALUR(ADD, 4, 1),
	  LD(B, 5, 4, 3),
	  JMPI(JEQ, 5, 2, 3),
	  ALUI(ADD, 1, 2),
	  STR(DW, 10, -8, 1),
	  JA(-11),
	  ALUI(ADD, 1, 4),
	  STR(DW, 10, -8, 1),
	  STI(B, 10, -7, 0),
	  JA(-15),
	  MOVR(0, 3),
	  EXIT}},
	{.name = "cut once, in the first round, and read when all are done",
	 {PACKET, MOVI(0, 0), JMPI(JGT, 7, 63, 1), EXIT, MOVI(9, 0), MOVI(7, 0),
	  JMPI(JGT, 9, 50000, 9), JMPI(JNE, 7, 0, 4), MOVI(7, 1), MOVR(1, 8), MOVI(2, 32), CALL(11),
	  ALUI(ADD, 9, 1), CALL(5), JMPI(JSET, 0, 1, 2), JA(-10), LD(B, 0, 6, 60), EXIT}},
	/* What a later round alone leaves in the stack for the next. */
	{.name = "an index that is set where the place is beyond 4096",
	 {PACKET,
	  STI(DW, 10, -16, 0),
	  STI(DW, 10, -64, 0),
	  MOVI(1, 0),
	  MOVI(3, 0),
	  MOVR(2, 1),
	  ALUI(ADD, 2, 4),
	  JMPR(JGT, 2, 7, 14),
	  MOVR(4, 7),
	  ALUI(AND, 4, 1),
	  JMPI(JEQ, 4, 0, 0),
	  LD(DW, 9, 10, -16),
	  MOVR(4, 10),
	  ALUR(ADD, 4, 9),
	  LD(B, 5, 4, -64),
	  MOVR(4, 1),
	  ALUI(RSH, 4, 12),
	  JMPI(JNE, 4, 0, 1),
	  JA(1),
	  STI(DW, 10, -16, 1000),
	  ALUI(ADD, 1, 2),
	  JA(-17),
	  MOVR(0, 3),
	  EXIT}},
	{.name = "an inner loop takes back what was added",
	 NESTED(MOVI(9, 0), ALUI(SUB, 9, -1), ALUI(SUB, 1, 1), ALUI(ADD, 1, 4))},
	{.name = "an inner loop that does not end",
	 NESTED(MOVI(9, 0), ALUI(ADD, 3, 1), ALUI(ADD, 1, 2), ALUI(ADD, 1, 4))},
	{.name = "an inner loop counts the place down",
	 NESTED(MOVI(9, 0), ALUI(ADD, 9, 1), ALUR(SUB, 1, 9), ALUI(ADD, 1, 4))},
};

static uint64_t seed, first = 1, count = 1000;

static uint32_t pick(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

struct code {
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint32_t n;
	bool bits; /* places are counted in bits */
	bool spilled;
	bool effects;
	uint32_t leave[PROGRAM_MAX]; /* jumps to the end */
	uint32_t n_leave;
	uint32_t calls[PROGRAM_MAX]; /* of the function behind that */
	uint32_t n_calls;
};

/* Where it is full, what it ends with is no program. */
static void emit(struct code *c, struct seki_bpf_insn insn)
{
	c->insns[c->n] = insn;
	c->n += c->n + 1 < PROGRAM_MAX;
}

#define EMIT(c, ...) emit(c, (struct seki_bpf_insn)__VA_ARGS__)

/* r6 packet, r7 its length, r8 context, r1 the place, r2 another number, r3 flags, r9 what was read;
 * r0, r4 and r5 are free. */
static void leave(struct code *c, struct seki_bpf_insn jump)
{
	c->leave[c->n_leave++] = c->n;
	emit(c, jump);
}

static int32_t unit(const struct code *c)
{
	return c->bits ? 8 : 1;
}

/* Around a call, which destroys them. */
static void save(struct code *c)
{
	for (uint8_t reg = 1; reg <= 3; reg++)
		EMIT(c, STR(DW, 10, (int16_t)(-8 - 8 * reg), reg));
}

static void restore(struct code *c, uint8_t from)
{
	for (uint8_t reg = from; reg <= 3; reg++)
		EMIT(c, LD(DW, reg, 10, (int16_t)(-8 - 8 * reg)));
}

/* What changes more than numbers: the packet's head and end, the stack, a call that adds. */
static void gen_effect(struct code *c)
{
	int32_t by = (int32_t)pick(5) - 2;

	switch (pick(5)) {
	case 0:
		save(c);
		EMIT(c, MOVR(1, 8));
		EMIT(c, MOVI(2, by));
		EMIT(c, CALL(8));
		EMIT(c, MOVR(6, 0));
		restore(c, 1);
		if (pick(2))
			EMIT(c, ALUI(ADD, 7, by));
		break;
	case 1:
		save(c);
		EMIT(c, MOVR(1, 8));
		EMIT(c, MOVI(2, (int32_t)pick(40)));
		EMIT(c, CALL(11));
		restore(c, 1);
		if (pick(2))
			EMIT(c, ALUR(SUB, 7, 0));
		break;
	case 2: /* bytes of the stack that other rounds wrote */
		EMIT(c, MOVR(4, 1));
		EMIT(c, ALUI(AND, 4, 7));
		EMIT(c, ALUR(ADD, 4, 10));
		EMIT(c, STI(B, 4, -48, 1));
		break;
	case 3:
		EMIT(c, LD(B, 0, 10, (int16_t)(-48 + (int16_t)pick(8))));
		EMIT(c, ALUR(ADD, pick(2) ? 1 : 3, 0));
		break;
	default:
		save(c);
		EMIT(c, MOVR(2, 9));
		c->calls[c->n_calls++] = c->n;
		EMIT(c, LOCAL(0));
		restore(c, 2);
		EMIT(c, MOVR(1, 0));
		break;
	}
}

/* r1 and something more, by what is in r2. */
static void gen_function(struct code *c)
{
	for (uint32_t i = 0; i < c->n_calls; i++)
		c->insns[c->calls[i]].imm = (int32_t)c->n - (int32_t)c->calls[i] - 1;
	if (!c->n_calls)
		return;
	EMIT(c, MOVR(0, 1));
	EMIT(c, JMPI(JEQ, 2, 3, 1));
	EMIT(c, ALUI(ADD, 0, (int32_t)pick(4) * unit(c)));
	EMIT(c, ALUI(ADD, 0, (int32_t)pick(3) * unit(c)));
	EMIT(c, EXIT);
}

/* What a round does to its numbers: mostly the place grows. */
static void gen_update(struct code *c)
{
	static const int32_t steps[] = {1, 1, 2, 2, 3, 4, 5, 7, 0, -1, -2, 1000};
	int32_t by = steps[pick(12)] * unit(c) + (pick(30) ? 0 : (int32_t)pick(3) - 1);
	uint8_t reg = pick(10) ? 1 : 2;

	switch (pick(40)) {
	case 0:
		EMIT(c, ALUR(ADD, 1, 9));
		break;
	case 1:
		EMIT(c, MOVI(1, (int32_t)pick(40)));
		break;
	case 2:
		EMIT(c, ALUI(AND, 1, pick(2) ? -8 : (int32_t)pick(128)));
		break;
	case 3:
		EMIT(c, ALUI(RSH, 1, (int32_t)pick(3)));
		break;
	case 4:
		EMIT(c, ALUI(ADD, 7, (int32_t)pick(3)));
		break;
	case 5:
		EMIT(c, ALUR(SUB, 1, 2));
		break;
	case 6:
		EMIT(c, ALU32I(SUB, 1, (int32_t)pick(3)));
		break;
	case 7:
		EMIT(c, ALUR(OR, 1, 3));
		break;
	case 8:
		EMIT(c, MOVR(2, 1));
		break;
	case 9:
		EMIT(c, MOVR(1, 2));
		break;
	case 10:
		EMIT(c, ALUI(LSH, 1, (int32_t)pick(2)));
		break;
	case 11:
		EMIT(c, ALUI(AND, 9, 3));
		EMIT(c, ALUI(ADD, 9, (int32_t)pick(2)));
		EMIT(c, ALUR(ADD, 1, 9));
		break;
	case 12:
		EMIT(c, ALU32I(ADD, 1, pick(2) ? 0x40000000 : -16));
		break;
	default:
		break;
	}
	if (pick(3))
		EMIT(c, ALU32I(ADD, reg, by));
	else
		EMIT(c, ALUI(ADD, reg, by));
	if (!pick(3))
		EMIT(c, ALUI(OR, 3, 1 << pick(3)));
	if (!pick(6))
		EMIT(c, ALUI(ADD, 2, (int32_t)pick(5) - 2));
	if (!pick(25))
		EMIT(c, ALUI(ADD, 7, -(int32_t)pick(2)));
	if (c->effects && !pick(4))
		gen_effect(c);
}

/* Leaves where the packet has not so many bytes at the place; or nearly. */
static void gen_check(struct code *c, int32_t bytes)
{
	static const uint8_t conds[] = {JGT, JGT, JGT, JGE, JSGT, JLT};
	uint8_t cond = conds[pick(6)];

	if (cond == JLT && pick(4))
		cond = JGT;
	EMIT(c, MOVR(4, 1));
	if (pick(2))
		EMIT(c, ALU32I(ADD, 4, bytes * unit(c)));
	else
		EMIT(c, ALUI(ADD, 4, bytes * unit(c)));
	if (c->bits)
		EMIT(c, ALU32I(RSH, 4, pick(12) ? 3 : 2));
	if (!pick(30))
		return;
	if (pick(2))
		leave(c, (struct seki_bpf_insn)JMP32R(cond, 4, 7, 0));
	else
		leave(c, (struct seki_bpf_insn)JMPR(cond, 4, 7, 0));
}

static void gen_read(struct code *c, int32_t bytes)
{
	int32_t at = pick(12) ? (int32_t)pick((uint32_t)bytes) : bytes;

	EMIT(c, MOVR(5, 1));
	if (c->bits)
		EMIT(c, ALUI(RSH, 5, 3));
	EMIT(c, ALUR(ADD, 5, 6));
	EMIT(c, LD(B, 9, 5, (int16_t)at));
}

static void gen_jump_back(struct code *c, uint32_t head)
{
	EMIT(c, JA((int16_t)((int32_t)head - (int32_t)c->n - 1)));
}

/* An inner loop with a bound, or with none that is seen. */
static void gen_inner(struct code *c)
{
	uint32_t head;

	EMIT(c, MOVI(0, 0));
	head = c->n;
	EMIT(c, ALUI(ADD, pick(4) ? 0 : 1, 1));
	EMIT(c, JMPI(JLT, 0, 3, (int16_t)((int32_t)head - (int32_t)c->n - 1)));
}

static void gen_round(struct code *c)
{
	uint32_t head = c->n, ways = 1 + pick(3);
	int32_t bytes = 1 + (int32_t)pick(4);

	if (c->spilled)
		EMIT(c, LD(DW, 1, 10, -8));
	gen_check(c, bytes);
	gen_read(c, bytes);
	if (!pick(12))
		gen_inner(c);
	for (uint32_t way = 0; way < ways; way++) {
		uint32_t skip = c->n;

		if (way + 1 < ways)
			EMIT(c, JMPI(JNE, 9, (int32_t)way + 1, 0));
		else
			leave(c, (struct seki_bpf_insn)JMPI(pick(8) ? JEQ : JSET, 9, 9, 0));
		gen_update(c);
		if (!pick(5))
			gen_check(c, (int32_t)pick(3));
		if (c->spilled)
			EMIT(c, STR(DW, 10, -8, 1));
		gen_jump_back(c, head);
		if (way + 1 < ways)
			c->insns[skip].off = (int16_t)(c->n - skip - 1);
	}
}

static void end(struct code *c)
{
	for (uint32_t i = 0; i < c->n_leave; i++)
		c->insns[c->leave[i]].off = (int16_t)(c->n - c->leave[i] - 1);
	c->n_leave = 0;
}

static void gen_program(struct code *c)
{
	const struct seki_bpf_insn start[] = {PACKET, MOVI(2, 0), MOVI(3, 0)};
	uint32_t loops = pick(6) ? 1 : 2;

	*c = (struct code){.bits = pick(2), .spilled = !pick(4), .effects = pick(2)};
	memcpy(c->insns, start, sizeof(start));
	c->n = sizeof(start) / sizeof(start[0]);
	if (c->effects && pick(2))
		EMIT(c, STI(DW, 10, -48, 0));
	EMIT(c, MOVI(1, (int32_t)pick(3) * unit(c)));
	if (c->spilled)
		EMIT(c, STR(DW, 10, -8, 1));
	if (pick(3)) /* as compilers do: the loop is entered behind its check */
		gen_check(c, (int32_t)pick(3));
	while (loops--) {
		gen_round(c);
		end(c);
	}
	EMIT(c, MOVR(0, 3));
	EMIT(c, EXIT);
	gen_function(c);
}

/* Bytes that keep a loop going: mostly one value. */
static void fill(uint8_t *bytes, uint32_t len)
{
	uint8_t most = (uint8_t)pick(6);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = pick(20) ? most : (uint8_t)pick(10);
	if (!pick(3))
		memset(bytes, most, len);
}

/* Of one byte each, with the one or the other way at times, and long enough to matter. */
static void run_growing(const struct loop *l, const struct judgement *j)
{
	static uint8_t bytes[LONGEST];
	uint64_t insns, most = 0;

	for (int i = 0; i < 6; i++) {
		uint32_t len = i < 3 ? LONGEST : (uint32_t)i;
		const char *wrong;

		memset(bytes, i == 1 ? 2 : 0, len);
		for (uint32_t k = 0; i == 2 && k < len; k++)
			bytes[k] = k % 3 ? 2 : 0;
		wrong = run_packet(j, bytes, len, &insns);
		if (wrong || insns > j->proof.worst_insns)
			fail_msg("%s: %s, %llu instructions", l->name, wrong ? wrong : "too long",
				 (unsigned long long)insns);
		most = insns > most ? insns : most;
	}
	/* The rounds that were walked before are counted as well. */
	if (l->worst &&
	    (j->proof.worst_insns < l->worst || j->proof.worst_insns > l->worst + l->worst / 50 ||
	     most * 10 < l->worst * 8))
		fail_msg("%s: worst %llu, ran %llu", l->name,
			 (unsigned long long)j->proof.worst_insns, (unsigned long long)most);
}

static void test_growing(void **state)
{
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < sizeof(growing) / sizeof(growing[0]); i++) {
		judge_within(growing[i].insns, LONGEST, 0, &j);
		if (j.err)
			fail_msg("%s: %s", growing[i].name, j.reason);
		/* One round is walked for all. */
		if (j.proof.steps > 100000)
			fail_msg("%s: %lu steps", growing[i].name, (unsigned long)j.proof.steps);
		assert_true(j.proof.packet_touch <= LONGEST);
		run_growing(&growing[i], &j);
	}
}

static void test_others(void **state)
{
	struct judgement j;
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		judge_within(others[i].insns, LONGEST, 0, &j);
		if (j.err && (strstr(j.reason, "too complex") || strstr(j.reason, "could end it") ||
			      strstr(j.reason, "reads ") || strstr(j.reason, "writes ")))
			continue;
		print_error("%s: %s\n", others[i].name, j.err ? j.reason : "accepted");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void print_program(const struct code *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		print_error("RAW(0x%02x, %d, %d, %d, %d),\n", c->insns[k].opcode,
			    c->insns[k].regs & 15, c->insns[k].regs >> 4, c->insns[k].off,
			    c->insns[k].imm);
}

static void run(const struct code *c, const struct judgement *j, uint64_t at)
{
	static uint8_t bytes[MAX_PACKET];

	for (int i = 0; i < PACKETS; i++) {
		uint32_t len = i ? pick(MAX_PACKET + 1) : MAX_PACKET;
		const char *wrong;
		uint64_t insns;

		fill(bytes, len);
		wrong = run_packet(j, bytes, len, &insns);
		if (!wrong && insns <= j->proof.worst_insns)
			continue;
		print_program(c);
		fail_msg("program %llu: %s; worst %llu, ran %llu", (unsigned long long)at,
			 wrong ? wrong : "longer than proved",
			 (unsigned long long)j->proof.worst_insns, (unsigned long long)insns);
	}
}

/* On packets so short that each path can be walked to its end, that must say the same. */
static bool compare(const struct code *c, uint64_t at)
{
	const struct judge_how some = {.max_packet = SHORT, .rank_after = 1 + (uint8_t)(at % 7)};
	const struct judge_how all = {
		.max_packet = SHORT, .max_steps = MAX_STEPS, .walk_all = SEKI_WALK_ALL};
	struct judgement j, exact;

	judge_as(c->insns, &some, &j);
	if (j.err)
		return false;
	judge_as(c->insns, &all, &exact);
	if (exact.err == -E2BIG)
		return false;
	if (!exact.err && exact.proof.worst_insns <= j.proof.worst_insns &&
	    exact.proof.packet_touch <= j.proof.packet_touch)
		return true;
	print_program(c);
	print_error("program %llu: %s; worst %llu and %llu, touches %u and %u\n",
		    (unsigned long long)at, exact.reason, (unsigned long long)j.proof.worst_insns,
		    (unsigned long long)exact.proof.worst_insns, j.proof.packet_touch,
		    exact.proof.packet_touch);
	return false;
}

static void test_compared(void **state)
{
	uint64_t compared = 0;

	(void)state;
	for (uint64_t at = first; at < first + count; at++) {
		static struct code c;

		seed = at * 0x9e3779b97f4a7c15u | 1;
		pick(1);
		gen_program(&c);
		compared += compare(&c, at);
	}
	print_message("%llu programs, %llu accepted by both\n", (unsigned long long)count,
		      (unsigned long long)compared);
	assert_true(compared > count / 50);
}

static void test_random(void **state)
{
	uint64_t accepted = 0, ranked = 0;

	(void)state;
	for (uint64_t at = first; at < first + count; at++) {
		static struct code c;
		struct judgement j;

		seed = at * 0x9e3779b97f4a7c15u | 1;
		pick(1);
		gen_program(&c);
		judge_as(c.insns,
			 &(struct judge_how){.max_packet = MAX_PACKET,
					     .max_steps = MAX_STEPS,
					     .rank_after = (uint8_t)(at % 3 * 30)},
			 &j);
		if (j.err)
			continue;
		accepted++;
		ranked += j.proof.worst_insns > j.proof.steps;
		run(&c, &j, at);
	}
	print_message("%llu programs, %llu accepted, %llu of them with a ranked loop\n",
		      (unsigned long long)count, (unsigned long long)accepted,
		      (unsigned long long)ranked);
	assert_true(ranked > count / 50);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing), cmocka_unit_test(test_others),
		cmocka_unit_test(test_random), cmocka_unit_test(test_compared)};

	if (argc == 3) {
		first = strtoull(argv[1], NULL, 0);
		count = strtoull(argv[2], NULL, 0);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
