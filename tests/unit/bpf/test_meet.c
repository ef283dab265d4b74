// SPDX-License-Identifier: Apache-2.0
/*
 * Stack that is good on the path that is walked first and bad on the one that is walked second, and
 * every way to read it after they have met: the second must be refused, and is where it is good too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/bpf/code.h"

static struct tally tally;

/* How the 8 bytes at -48 are on the second path. On the first they are a number. */
enum state { UNSET, POINTER, HALF, ALL_BUT_FIRST, ALL_BUT_LAST, GOOD, STATES };

static void make_state(struct code *c, enum state state)
{
	switch (state) {
	case POINTER:
		EMIT(c, STR(DW, 10, -48, 9));
		break;
	case HALF:
		EMIT(c, STI(W, 10, -44, 0));
		break;
	case ALL_BUT_FIRST:
		EMIT(c, STI(W, 10, -44, 0), STI(H, 10, -46, 0), STI(B, 10, -47, 0));
		break;
	case ALL_BUT_LAST:
		EMIT(c, STI(W, 10, -48, 0), STI(H, 10, -44, 0), STI(B, 10, -42, 0));
		break;
	case GOOD:
		EMIT(c, STI(DW, 10, -48, 9));
		break;
	default:
		EMIT(c, JA(0));
	}
}

/* r3 is an unknown number, r8 the context, r9 std_meta; r1 the end of the frame, r5 its start at -48;
 * zeros from -40 on. */
#define READ_MAX     16
#define HALVES(base) LD(W, 4, base, -48), LD(W, 4, base, -44)
static const struct {
	const char *name;
	struct seki_bpf_insn insns[READ_MAX];
} reads[] = {
	{"whole", {LD(DW, 4, 10, -48), ALU32I(XOR, 4, 1)}},
	{"both halves", {LD(W, 4, 10, -48), LD(W, 4, 10, -44)}},
	{"bytes at both ends", {LD(B, 4, 10, -48), LD(B, 4, 10, -41)}},
	{"with sign", {LDS(W, 4, 10, -48), LDS(W, 4, 10, -44)}},
	{"by a pointer", {LD(W, 4, 5, 0), LD(W, 4, 5, 4)}},
	{"at an unknown place", {ALUI(AND, 3, 7), ALUR(ADD, 5, 3), LD(B, 4, 5, 0)}},
	{"at one of two places", {ALUI(AND, 3, 4), ALUR(ADD, 5, 3), LD(W, 4, 5, 0)}},
	{"by an atomic sum", {ATOMIC(DW, 10, -48, 3, 0x00)}},
	{"by an atomic exchange", {ATOMIC(DW, 10, -48, 3, 0xe1)}},
	{"by two atomic sums of 32 bits",
	 {ATOMIC(W, 10, -48, 3, 0x00), ATOMIC(W, 10, -44, 3, 0x00)}},
	{"as keys",
	 {MAP(1, MAP_HASH), MOVR(2, 5), MOVR(6, 5), CALL(1), MAP(1, MAP_HASH), MOVR(2, 6),
	  ALUI(ADD, 2, 4), CALL(1)}},
	{"as a value", {MAP(1, MAP_HASH), MOVR(2, 10), ALUI(ADD, 2, -8), MOVR(3, 5), CALL(2)}},
	{"as the end of a value",
	 {MAP(1, MAP_ARRAY), MOVR(2, 10), ALUI(ADD, 2, -8), MOVR(3, 5), CALL(2)}},
	{"as a query", {MOVR(1, 5), MOVI(2, 0), CALL(32)}},
	{"hashed", {MOVR(1, 5), MOVI(2, 8), CALL(6)}},
	{"hashed, so many bytes", {MOVR(1, 5), ALUI(AND, 3, 8), MOVR(2, 3), CALL(6)}},
	{"by a function", {LOCAL(1), JA(4), HALVES(1), MOVR(0, 4), EXIT}},
	{"by a function's function",
	 {LOCAL(1), JA(6), LOCAL(1), EXIT, HALVES(1), MOVR(0, 4), EXIT}},
	{"by a helper in a function", {MOVR(1, 5), LOCAL(1), JA(3), MOVI(2, 8), CALL(6), EXIT}},
	{"by a pointer out of the stack",
	 {STR(DW, 10, -56, 5), LD(DW, 2, 10, -56), LD(W, 4, 2, 0), LD(W, 4, 2, 4)}},
	{"behind another meeting",
	 {JMPI(JEQ, 3, 1, 1), MOVI(6, 1), JA(0), JMPI(JEQ, 3, 2, 1), MOVI(6, 2), JA(0),
	  HALVES(10)}},
	{"behind a function", {LOCAL(1), JA(2), MOVI(0, 0), EXIT, HALVES(10)}},
	{"on one of two ways", {JMPI(JEQ, 3, 1, 2), HALVES(10)}},
	{"on the other of two ways", {JMPI(JNE, 3, 1, 2), HALVES(10)}},
	{"in the last of three rounds",
	 {MOVI(6, 0), ALUI(ADD, 6, 1), JMPI(JNE, 6, 3, 2), HALVES(10), JMPI(JLT, 6, 3, -5)}},
	{"behind rounds", {MOVI(6, 0), ALUI(ADD, 6, 1), JMPI(JLT, 6, 40, -2), HALVES(10)}},
	{"in a round as data say",
	 {JMPI(JGT, 3, 8, 5), MOVI(6, 0), ALUI(ADD, 6, 1), HALVES(10), JMPR(JLT, 6, 3, -4)}},
	{"behind a write at an unknown place",
	 {ALUI(AND, 3, 7), ALUR(ADD, 5, 3), STI(B, 5, 0, 1), HALVES(10)}},
	{"behind a write of one byte", {STI(B, 10, -45, 1), HALVES(10)}},
	{"behind a write on one of two ways",
	 {JMPI(JEQ, 3, 1, 1), STI(DW, 10, -48, 1), HALVES(10)}},
	{"behind a write of a function's, to its own frame",
	 {LOCAL(1), JA(3), STI(DW, 10, -48, 1), MOVI(0, 0), EXIT, HALVES(10)}},
};

static uint32_t length(const struct seki_bpf_insn *insns)
{
	uint32_t n = READ_MAX;

	while (n && !insns[n - 1].opcode)
		n--;
	return n;
}

static void start(struct code *c)
{
	EMIT(c, MOVR(8, 1), MOVR(9, 2), STI(DW, 10, -8, 0), STI(DW, 10, -16, 0),
	     STI(DW, 10, -24, 0), STI(DW, 10, -32, 0), STI(DW, 10, -40, 0), CALL(5), MOVR(3, 0),
	     LD(W, 4, 9, 0), MOVR(1, 10), MOVR(5, 10), ALUI(ADD, 5, -48));
}

/* `first`: what the path does that is walked first. */
static bool is_accepted(const struct seki_bpf_insn *read, enum state first, enum state second)
{
	struct code c = {.n = 0};
	uint32_t branch;

	start(&c);
	branch = c.n;
	EMIT(&c, JMPI(JEQ, 4, 7, 0));
	make_state(&c, first);
	EMIT(&c, JA(0));
	c.insns[branch].off = (int16_t)(c.n - branch - 1);
	branch = c.n - 1;
	make_state(&c, second);
	c.insns[branch].off = (int16_t)(c.n - branch - 1);
	EMIT(&c, JA(0));
	emit(&c, read, length(read));
	EMIT(&c, RETURN);
	return verdict(&tally, &c) < 0;
}

static void test_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(reads); i++)
		for (int bad = 0; bad < STATES; bad++) {
			bool ok = bad == GOOD;

			if (is_accepted(reads[i].insns, GOOD, bad) != ok)
				fail_msg("%s, good first, then %d", reads[i].name, bad);
			if (is_accepted(reads[i].insns, bad, GOOD) != ok)
				fail_msg("%s, %d first, then good", reads[i].name, bad);
		}
	print_message("%u programs accepted, %u rejected\n", tally.accepted, tally.rejected);
}

/* What nobody reads any more may be anything. */
static void test_written_first(void **state)
{
	static const struct seki_bpf_insn writes[][READ_MAX] = {
		{STI(DW, 10, -48, 1), LD(DW, 4, 10, -48)},
		{STI(W, 10, -48, 1), STI(W, 10, -44, 1), LD(DW, 4, 10, -48)},
		{JMPI(JEQ, 3, 1, 2), STI(DW, 10, -48, 1), JA(1), STI(DW, 10, -48, 2),
		 LD(DW, 4, 10, -48)},
		{LOCAL(1), JA(3), STI(DW, 1, -48, 1), MOVI(0, 0), EXIT, LD(DW, 4, 10, -48)},
		{LD(DW, 4, 10, -40)},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(writes); i++)
		for (int bad = 0; bad < STATES; bad++)
			assert_true(is_accepted(writes[i], GOOD, bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads),
					   cmocka_unit_test(test_written_first)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
