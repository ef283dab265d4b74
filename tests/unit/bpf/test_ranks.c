// SPDX-License-Identifier: Apache-2.0
/*
 * Loops that end only because a number grows towards the packet's length, and neighbours of theirs
 * that do not end, or read too far: tables of them. What the verifier accepts runs, every access
 * checked, on packets that keep it in the loop for as long as they can, and for no longer than was
 * proved. (test_ranks_random.c has more.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/bpf/judge.h"

#define LONGEST 65535

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

/* r3 counts bits, r1 is the byte that they come to and 4 more; `or` may be the other way. */
#define BITS(or)                                                                                   \
	{                                                                                          \
		PACKET, MOVI(1, 4), MOVI(3, 0), MOVR(2, 3), ALUI(ADD, 2, 64), ALUI(RSH, 2, 3),     \
			JMPR(JGT, 2, 7, 11), MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3),          \
			JMPI(JEQ, 5, 2, 3), ALUI(ADD, 3, 16), ALUI(ADD, 1, 2), JA(-11), or,        \
			ALUI(ADD, 3, 32), ALUI(ADD, 1, 4), JA(-15), RETURN                         \
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
	{"a place in bytes, and bits", BITS(JA(0)), (LONGEST / 2) * 12},
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
	{.name = "set to more than another number, which is kept",
	 {PACKET, MOVI(0, 0), JMPI(JGT, 7, 9, 1), EXIT, LD(B, 9, 6, 1), MOVI(1, 0), MOVI(3, 0),
	  MOVR(2, 1), ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 8), LD(B, 5, 6, 0), JMPI(JEQ, 5, 2, 2),
	  ALUI(ADD, 1, 2), JA(-7), MOVI(3, 1), MOVR(1, 9), ALUI(ADD, 1, 1), JA(-11), RETURN}},
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
	{.name = "bits, and one way counts none from byte 3000 on", BITS(JMPI(JGT, 1, 3000, -12))},
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

/* The port says which of two loops a run has. */
static void test_two(void **state)
{
#define HALF                                                                                       \
	MOVI(1, 0), MOVI(3, 0), CHECK, MOVR(4, 6), ALUR(ADD, 4, 1), LD(B, 5, 4, 3),                \
		JMPI(JEQ, 5, 2, 2), ALUI(ADD, 1, 2), JA(-9), MOVI(3, 1), ALUI(ADD, 1, 4), JA(-12), \
		MOVR(0, 3), EXIT
#define PAD8                                                                                       \
	MOVI(4, 1), MOVI(4, 2), MOVI(4, 3), MOVI(4, 4), MOVI(4, 5), MOVI(4, 6), MOVI(4, 7),        \
		MOVI(4, 8)
	static const struct loop two[] = {
		{"both as long as the packet",
		 {LD(W, 9, 2, 0), PACKET, JMPI(JGT, 9, 1, 16), HALF, HALF},
		 (LONGEST / 2) * ROUND_INSNS},
		{"one with fewer rounds, which are longer",
		 {LD(W, 9, 2, 0), PACKET, JMPI(JGT, 9, 1, 16), HALF, MOVI(1, 0), MOVR(2, 1),
		  ALUI(ADD, 2, 4), JMPR(JGT, 2, 7, 27), JMPI(JGT, 1, 2000, 26), PAD8, PAD8, PAD8,
		  ALUI(ADD, 1, 2), JA(-30), RETURN},
		 (LONGEST / 2) * ROUND_INSNS},
	};
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		judge_within(two[i].insns, LONGEST, 0, &j);
		if (j.err)
			fail_msg("%s: %s", two[i].name, j.reason);
		run_growing(&two[i], &j);
	}
}

/* Where the stack ends the loop does: one round of any would be outside. That it was tried does not
 * show. */
static void test_wrong(void **state)
{
	static const struct seki_bpf_insn insns[PROGRAM_MAX] = {PACKET,
								MOVI(1, 0),
								MOVR(2, 1),
								ALUI(ADD, 2, 4),
								JMPR(JGT, 2, 7, 8),
								MOVR(4, 6),
								ALUR(ADD, 4, 1),
								LD(B, 5, 4, 3),
								MOVR(4, 10),
								ALUR(ADD, 4, 1),
								STR(B, 4, -512, 5),
								ALUI(ADD, 1, 1),
								JMPI(JLT, 1, 500, -11),
								RETURN};
	struct judgement j;

	(void)state;
	judge_within(insns, LONGEST, 0, &j);
	assert_int_equal(j.err, 0);
	assert_int_equal(j.proof.packet_touch, 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing), cmocka_unit_test(test_others),
		cmocka_unit_test(test_two), cmocka_unit_test(test_wrong)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
