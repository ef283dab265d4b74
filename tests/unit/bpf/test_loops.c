// SPDX-License-Identifier: Apache-2.0
/*
 * Loops in the verifier: those that end are accepted, with as many instructions at worst as the
 * interpreter executes; those that may not are rejected, and nothing takes for ever.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/bpf/interp.h"
#include "tests/unit/bpf/judge.h"

#define COMPLEX "too complex"
#define ENDLESS "nothing has changed that could end it"

struct bounded {
	const char *name;
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint64_t worst;
};

/* One path each, no packet: they are run, and execute what the verifier says to the instruction. */
static const struct bounded single[] = {
	{"up", {MOVI(0, 0), ALUI(ADD, 0, 1), JMPI(JLT, 0, 10, -2), EXIT}, 1 + 2 * 10 + 1},
	{"down", {MOVI(0, 10), ALUI(SUB, 0, 1), JMPI(JNE, 0, 0, -2), EXIT}, 1 + 2 * 10 + 1},
	{"to its own head",
	 {MOVI(0, 3), MOVI(1, 0), ALUI(SUB, 0, 1), JMPI(JSGT, 0, 0, -2), EXIT},
	 2 + 2 * 3 + 1},
	{"test first",
	 {MOVI(0, 0), JMPI(JGE, 0, 7, 2), ALUI(ADD, 0, 1), JA(-3), EXIT},
	 1 + 7 * 3 + 1 + 1},
	{"by two", {MOVI(0, 0), ALUI(ADD, 0, 2), JMPI(JNE, 0, 64, -2), EXIT}, 1 + 2 * 32 + 1},
	{"by shifting", {MOVI(0, 1), ALUI(LSH, 0, 1), JMPI(JNE, 0, 0, -2), EXIT}, 1 + 2 * 64 + 1},
	{"wraps into its end",
	 {MOVI(0, -5), ALUI(ADD, 0, 1), JMPI(JNE, 0, 0, -2), EXIT},
	 1 + 2 * 5 + 1},
	{"wraps in 32 bits",
	 {MOVI(0, -5), ALU32I(ADD, 0, 1), JMP32I(JNE, 0, 0, -2), EXIT},
	 1 + 2 * 5 + 1},
	{"lddw counts as one",
	 {MOVI(0, 0), LDDW(1, 1ull << 40), ALUI(ADD, 0, 1), JMPI(JLT, 0, 4, -4), EXIT},
	 1 + 3 * 4 + 1},
	{"nested",
	 {MOVI(0, 0), MOVI(1, 0), ALUI(ADD, 1, 1), JMPI(JLT, 1, 32, -2), ALUI(ADD, 0, 1),
	  JMPI(JLT, 0, 32, -5), EXIT},
	 1 + 32 * (1 + 2 * 32 + 2) + 1},
	{"counter in the stack",
	 {STI(DW, 10, -8, 0), LD(DW, 0, 10, -8), ALUI(ADD, 0, 1), STR(DW, 10, -8, 0),
	  JMPI(JLT, 0, 9, -4), EXIT},
	 1 + 4 * 9 + 1},
	{"pointer walks to another",
	 {MOVR(1, 10), ALUI(ADD, 1, -64), STI(DW, 1, 0, 0), ALUI(ADD, 1, 8), JMPR(JNE, 1, 10, -3),
	  MOVI(0, 0), EXIT},
	 2 + 3 * 8 + 2},
	{"in a function, called twice",
	 {MOVI(1, 3), LOCAL(3), MOVI(1, 5), LOCAL(1), EXIT, MOVI(0, 0), ALUI(ADD, 0, 1),
	  JMPR(JLT, 0, 1, -2), EXIT},
	 4 + 1 + (1 + 2 * 3 + 1) + (1 + 2 * 5 + 1)},
	{"around a call",
	 {MOVI(6, 0), LOCAL(3), ALUI(ADD, 6, 1), JMPI(JLT, 6, 6, -3), EXIT, MOVI(0, 1), EXIT},
	 1 + 6 * (3 + 2) + 1},
	{"two ends",
	 {MOVI(0, 0), MOVI(1, 100), ALUI(ADD, 0, 1), JMPI(JEQ, 0, 20, 2), ALUI(SUB, 1, 1),
	  JMPI(JNE, 1, 0, -4), EXIT},
	 2 + 4 * 19 + 2 + 1},
	{"jumps into the middle",
	 {MOVI(0, 0), JA(1), ALUI(ADD, 0, 1), ALUI(ADD, 0, 1), JMPI(JLT, 0, 9, -3), EXIT},
	 2 + 2 + 4 * 3 + 1},
};

static uint64_t run(struct judgement *j)
{
	static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	struct seki_bpf_vm vm = {.ops = j->ops, .stack = stack, .fuel = UINT64_MAX};
	uint64_t r0;

	assert_int_equal(seki_bpf_interp(&vm, 0, 0, &r0), 0);
	return vm.insns;
}

static void test_single(void **state)
{
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		judge_insns(single[i].insns, &j);
		if (j.err)
			fail_msg("%s: %s", single[i].name, j.reason);
		if (j.proof.worst_insns != single[i].worst || run(&j) != single[i].worst)
			fail_msg("%s: worst %lu, run %lu, not %lu", single[i].name,
				 (unsigned long)j.proof.worst_insns, (unsigned long)run(&j),
				 (unsigned long)single[i].worst);
	}
}

/* r0 = a byte of the packet, or the program has ended. */
#define BYTE	   PACKET, JMPI(JGT, 7, 63, 2), MOVI(0, 0), EXIT, LD(B, 0, 6, 0)
#define BYTE_INSNS 6 /* where the packet is long enough */

/* What the packet says decides: the worst of all paths. They return 0. */
static const struct bounded by_packet[] = {
	{"as often as a byte says",
	 {BYTE, ALUI(AND, 0, 15), JMPI(JEQ, 0, 0, 2), ALUI(SUB, 0, 1), JA(-3), RETURN},
	 BYTE_INSNS + 1 + 15 * 3 + 1 + 2},
	{"to an unknown bound, with !=",
	 {BYTE, ALUI(AND, 0, 15), MOVI(1, 0), JMPR(JEQ, 1, 0, 2), ALUI(ADD, 1, 1), JA(-3), RETURN},
	 BYTE_INSNS + 2 + 15 * 3 + 1 + 2},
	{"left on a byte of the packet",
	 {BYTE, MOVI(1, 0), MOVR(2, 6), ALUR(ADD, 2, 1), LD(B, 3, 2, 0), JMPI(JEQ, 3, 0, 2),
	  ALUI(ADD, 1, 1), JMPI(JNE, 1, 64, -6), RETURN},
	 BYTE_INSNS + 1 + 64 * 6 + 2},
	{"one way of two in each round, and the longer counts",
	 {BYTE, MOVI(1, 0), MOVR(2, 6), ALUR(ADD, 2, 1), LD(B, 3, 2, 0), JMPI(JEQ, 3, 0, 2),
	  MOVI(4, 1), MOVI(4, 2), ALUI(ADD, 1, 1), JMPI(JNE, 1, 32, -8), RETURN},
	 BYTE_INSNS + 1 + 32 * 8 + 2},
	{"a step that the packet tells, at least one",
	 {BYTE, MOVI(1, 0), MOVR(2, 6), ALUR(ADD, 2, 1), LD(B, 3, 2, 0), ALUI(AND, 3, 7),
	  ALUI(ADD, 3, 1), ALUR(ADD, 1, 3), JMPI(JLT, 1, 32, -7), RETURN},
	 BYTE_INSNS + 1 + 32 * 7 + 2},
	{"the same round and round, but counted",
	 {BYTE, MOVI(1, 0), LD(B, 0, 6, 5), ALUI(ADD, 1, 1), JMPI(JLT, 1, 500, -3), RETURN},
	 BYTE_INSNS + 1 + 500 * 3 + 2},
};

static void test_by_packet(void **state)
{
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < sizeof(by_packet) / sizeof(by_packet[0]); i++) {
		struct safe_program program = {.name = by_packet[i].name};
		const char *wrong;

		judge_insns(by_packet[i].insns, &j);
		if (j.err)
			fail_msg("%s: %s", program.name, j.reason);
		if (j.proof.worst_insns != by_packet[i].worst)
			fail_msg("%s: worst %lu, not %lu", program.name,
				 (unsigned long)j.proof.worst_insns,
				 (unsigned long)by_packet[i].worst);
		/* Runs are cut off at the worst case. */
		memcpy(program.insns, by_packet[i].insns, sizeof(program.insns));
		wrong = run_judged(&program, &j);
		if (wrong)
			fail_msg("%s: %s", program.name, wrong);
	}
}

struct endless {
	const char *name;
	const char *why;
	uint32_t at; /* the jump back */
	struct seki_bpf_insn insns[PROGRAM_MAX];
};

#define ANY_PLACE UINT32_MAX

static const struct endless endless[] = {
	{"jump to itself", ENDLESS, 0, {JA(-1), EXIT}},
	{"jump to itself, far", ENDLESS, 1, {MOVI(0, 0), RAW(0x06, 0, 0, 0, -1), EXIT}},
	{"condition on itself", ENDLESS, 1, {MOVI(0, 1), JMPI(JEQ, 0, 1, -1), EXIT}},
	{"counter not changed", ENDLESS, 2, {MOVI(0, 0), MOVI(1, 0), JMPI(JLT, 0, 9, -2), EXIT}},
	{"another counter changed",
	 ENDLESS,
	 3,
	 {MOVI(0, 0), MOVI(1, 0), ALUI(ADD, 1, 1), JMPI(JLT, 0, 9, -2), MOVR(0, 1), EXIT}},
	{"counter that nobody looks at", ENDLESS, 2, {MOVI(0, 0), ALUI(ADD, 0, 1), JA(-2), EXIT}},
	{"wrong direction",
	 COMPLEX,
	 ANY_PLACE,
	 {MOVI(0, 10), ALUI(ADD, 0, 1), JMPI(JNE, 0, 0, -2), EXIT}},
	{"steps over its bound",
	 ENDLESS,
	 3,
	 {MOVI(0, 0), ALUI(ADD, 0, 2), ALUI(AND, 0, 63), JMPI(JNE, 0, 9, -3), EXIT}},
	{"wraps before its bound",
	 ENDLESS,
	 3,
	 {MOVI(0, 0), ALUI(ADD, 0, 1), ALUI(AND, 0, 7), JMPI(JNE, 0, 9, -3), EXIT}},
	{"set back in each round",
	 ENDLESS,
	 3,
	 {MOVI(0, 0), ALUI(ADD, 0, 1), ALUI(AND, 0, 0), JMPI(JLT, 0, 5, -3), EXIT}},
	{"bound moves along",
	 COMPLEX,
	 ANY_PLACE,
	 {MOVI(0, 0), MOVI(1, 5), ALUI(ADD, 0, 1), ALUI(ADD, 1, 1), JMPR(JLT, 0, 1, -3), EXIT}},
	{"exit that cannot be",
	 ENDLESS,
	 10,
	 {BYTE, ALUI(AND, 0, 15), JMPI(JGT, 0, 15, 1), JA(-2), EXIT}},
	{"waits for the packet to change",
	 ENDLESS,
	 ANY_PLACE,
	 {BYTE, LD(B, 0, 6, 3), JMPI(JEQ, 0, 0, -2), EXIT}},
	{"a step that may be nothing",
	 ENDLESS,
	 ANY_PLACE,
	 {BYTE, MOVI(1, 0), LD(B, 3, 6, 0), ALUI(AND, 3, 7), ALUR(ADD, 1, 3), JMPI(JLT, 1, 9, -4),
	  EXIT}},
	{"inner loop without end",
	 ENDLESS,
	 4,
	 {MOVI(6, 0), MOVI(0, 0), ALUI(ADD, 6, 1), MOVI(1, 0), JMPI(JEQ, 1, 0, -1),
	  JMPI(JLT, 6, 4, -4), EXIT}},
	{"counter in a stack slot that is set back",
	 ENDLESS,
	 4,
	 {STI(DW, 10, -8, 0), LD(DW, 0, 10, -8), ALUI(ADD, 0, 1), STI(DW, 10, -8, 0),
	  JMPI(JLT, 0, 9, -4), EXIT}},
	{"in a function",
	 ENDLESS,
	 3,
	 {MOVI(1, 0), LOCAL(1), EXIT, JMPI(JEQ, 1, 0, -1), MOVI(0, 0), EXIT}},
	{"a function resets the counter",
	 ENDLESS,
	 3,
	 {MOVI(6, 0), LOCAL(3), MOVR(6, 0), JMPI(JLT, 6, 5, -3), EXIT, MOVI(0, 0), EXIT}},
	{"around a helper",
	 ENDLESS,
	 ANY_PLACE,
	 {MOVI(6, 5), CALL(5), JMPI(JEQ, 6, 5, -2), MOVI(0, 0), EXIT}},
	{"until the time says so",
	 ENDLESS,
	 ANY_PLACE,
	 {CALL(5), JMPI(JSET, 0, 1, -2), MOVI(0, 0), EXIT}},
	{"around callx",
	 ENDLESS,
	 ANY_PLACE,
	 {MOVI(6, 5), CALLX(6), JMPI(JEQ, 6, 5, -2), MOVI(0, 0), EXIT}},
	{"until a map says so",
	 ENDLESS,
	 ANY_PLACE,
	 {KEY(MAP_ARRAY), CALL(1), JMPI(JEQ, 0, 0, 3), MOVR(6, 0), LD(DW, 0, 6, 0),
	  JMPI(JEQ, 0, 0, -2), MOVI(0, 0), EXIT}},
	{"counter in a map",
	 ENDLESS,
	 ANY_PLACE,
	 {KEY(MAP_ARRAY), CALL(1), JMPI(JEQ, 0, 0, 5), MOVR(6, 0), LD(DW, 0, 6, 0), ALUI(ADD, 0, 1),
	  STR(DW, 6, 0, 0), JMPI(JLT, 0, 9, -4), MOVI(0, 0), EXIT}},
	{"two loops feed each other",
	 ENDLESS,
	 ANY_PLACE,
	 {MOVI(0, 0), ALUI(ADD, 0, 1), JMPI(JLT, 0, 5, -2), ALUI(SUB, 0, 1), JMPI(JGT, 0, 2, -2),
	  JA(-5), EXIT}},
	{"a bound of 2^32",
	 COMPLEX,
	 ANY_PLACE,
	 {LD(W, 1, 2, 0), MOVI(0, 0), ALUI(ADD, 0, 1), JMPR(JLT, 0, 1, -2), EXIT}},
	{"function calls itself", "recursion", ANY_PLACE, {LOCAL(1), EXIT, LOCAL(-1), EXIT}},
	{"recursion by a jump",
	 "nest deeper",
	 ANY_PLACE,
	 {MOVI(0, 0), LOCAL(1), EXIT, JA(0), LOCAL(1), EXIT, JA(-4), EXIT}},
};

static void test_endless(void **state)
{
	struct judgement j;
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		const struct endless *e = &endless[i];

		judge_insns(e->insns, &j);
		if (j.err && strstr(j.reason, e->why) &&
		    (e->at == ANY_PLACE || j.rejection.insn == e->at))
			continue;
		print_error("%s: insn %u, %s\n", e->name, j.rejection.insn,
			    j.err ? j.reason : "accepted");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

#define WRITE STI(DW, 10, -8, 1)
#define READ  LD(DW, 0, 10, -8)
#define FORK  LD(B, 1, 6, 0), JMPI(JEQ, 1, 7, 1), MOVI(2, 0) /* paths part, and meet again */

/* The stack is written on the path that is walked first, not on the next, and read where both have
 * met: the state kept there must know that it is read, however far behind. */
static const struct endless reads[] = {
	{"read at once", "never written", 10, {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, READ, RETURN}},
	{"read behind another state",
	 "never written",
	 13,
	 {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, FORK, READ, RETURN}},
	{"read behind two more",
	 "never written",
	 16,
	 {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, FORK, FORK, READ, RETURN}},
	{"read behind a state that covers",
	 "never written",
	 17,
	 {BYTE, JMPI(JEQ, 0, 5, 2), WRITE, JA(5), LD(B, 1, 6, 0), JMPI(JEQ, 1, 7, 1), WRITE,
	  LD(B, 1, 6, 1), JMPI(JEQ, 1, 9, 2), MOVI(3, 0), READ, RETURN}},
	{"read behind a state that is kept",
	 "never written",
	 13,
	 {BYTE, JMPI(JEQ, 0, 6, 7), JMPI(JEQ, 0, 5, 1), WRITE, LD(B, 1, 6, 0), JMPI(JEQ, 1, 7, 1),
	  READ, RETURN, WRITE, JA(-5)}},
	{"read in a loop's next round",
	 "never written",
	 10,
	 {BYTE, MOVI(9, 0), JMPI(JEQ, 9, 0, 1), READ, LD(B, 1, 6, 0), JMPI(JEQ, 1, 7, 1), WRITE,
	  ALUI(ADD, 9, 1), JMPI(JLT, 9, 3, -7), RETURN}},
	{"read by a function",
	 "never written",
	 19,
	 {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, MOVR(1, 10), ALUI(ADD, 1, -8), LOCAL(2), RETURN,
	  MOVR(6, 1), CALL(5), JMPI(JSET, 0, 1, 1), MOVI(2, 0), LD(DW, 0, 6, 0), EXIT}},
	{"read by a helper",
	 "never written",
	 16,
	 {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, FORK, MOVR(1, 10), ALUI(ADD, 1, -8), MOVI(2, 8), CALL(6),
	  RETURN}},
	{"added to",
	 "never written",
	 14,
	 {BYTE, JMPI(JEQ, 0, 5, 1), WRITE, FORK, MOVI(1, 1), ATOMIC(DW, 10, -8, 1, 0), RETURN}},
	{"a pointer there, and plain bytes on the other path",
	 "as plain bytes",
	 15,
	 {BYTE, JMPI(JEQ, 0, 5, 2), WRITE, JA(1), STR(DW, 10, -8, 6), FORK, LD(B, 0, 10, -5),
	  RETURN}},
	{"a number on the other path, too large",
	 "reads outside",
	 ANY_PLACE,
	 {BYTE, STI(DW, 10, -8, -16), JMPI(JEQ, 0, 5, 1), STI(DW, 10, -8, 16), FORK,
	  LD(DW, 3, 10, -8), MOVR(4, 10), ALUR(ADD, 4, 3), LD(B, 0, 4, 0), RETURN}},
};

static void test_reads(void **state)
{
	struct judgement j;
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		const struct endless *e = &reads[i];

		judge_insns(e->insns, &j);
		if (j.err == -EACCES && strstr(j.reason, e->why) &&
		    (e->at == ANY_PLACE || j.rejection.insn == e->at))
			continue;
		print_error("%s: insn %u, %s\n", e->name, j.rejection.insn,
			    j.err ? j.reason : "accepted");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* A loop's rejection says where, what is known, and what to do. */
static void test_words(void **state)
{
	static const struct seki_bpf_insn insns[PROGRAM_MAX] = {MOVI(3, 7), MOVI(0, 0), MOVI(1, 0),
								JMPI(JLT, 3, 9, -2), EXIT};
	struct judgement j;

	(void)state;
	judge_insns(insns, &j);
	assert_int_equal(j.err, -EACCES);
	assert_non_null(strstr(j.reason, "insn 3 jumps back to 2"));
	assert_non_null(strstr(j.reason, "compare the count with a constant"));
	assert_string_equal(j.rejection.values, "r3 = 7");
}

/* Appends to a program. */
#define ADD_INSNS(to, n, ...)                                                                      \
	do {                                                                                       \
		const struct seki_bpf_insn add_[] = {__VA_ARGS__};                                 \
                                                                                                   \
		memcpy((to) + (n), add_, sizeof(add_));                                            \
		(n) += (uint32_t)(sizeof(add_) / sizeof(add_[0]));                                 \
	} while (0)

/* So many flags, each set or not as the packet says, all still needed at the end; with `data` what
 * was written only with the flag is read only with it. */
static uint32_t flags(struct seki_bpf_insn *to, int count, bool data)
{
	uint32_t n = 0;

	ADD_INSNS(to, n, BYTE);
	for (int i = 1; i <= count; i++)
		ADD_INSNS(to, n, STI(B, 10, (int16_t)-i, 0));
	for (int i = 1; i <= count; i++) {
		ADD_INSNS(to, n, LD(B, 1, 6, (int16_t)i), JMPI(JNE, 1, 7, data ? 2 : 1),
			  STI(B, 10, (int16_t)-i, 1));
		if (data)
			ADD_INSNS(to, n, STI(B, 10, (int16_t)(-256 - i), 1));
	}
	for (int i = 1; i <= count; i++)
		ADD_INSNS(to, n, LD(B, 1, 10, (int16_t)-i), JMPI(JEQ, 1, 0, 1),
			  LD(B, 2, 10, (int16_t)(data ? -256 - i : -i)));
	ADD_INSNS(to, n, RETURN);
	return n;
}

static int judge_flags(int count, bool data, struct seki_bpf_proof *proof)
{
	static struct seki_bpf_insn insns[1024];
	static struct seki_bpf_op ops[1024];
	static uint8_t memory[SEKI_VERIFY_MEMORY] __attribute__((aligned(16)));
	static struct seki_bpf_rejection why;
	struct seki_bpf_image image = {.ops = ops, .n = flags(insns, count, data)};
	struct seki_bpf_fault fault;

	assert_int_equal(seki_bpf_decode(insns, image.n, ops, &fault), 0);
	return seki_bpf_verify(&image, memory, sizeof(memory), proof, &why);
}

/* Where flags are independent a guess serves for all; where they are not, it is taken back. */
static void test_guesses(void **state)
{
	struct seki_bpf_proof proof;

	(void)state;
	assert_int_equal(judge_flags(48, false, &proof), 0);
	assert_int_equal(proof.worst_insns, BYTE_INSNS + 48 + 48 * 3 + 48 * 3 + 2);
	assert_true(proof.steps < 100000);
	assert_int_equal(judge_flags(8, true, &proof), 0);
	assert_int_equal(proof.worst_insns, BYTE_INSNS + 8 + 8 * 4 + 8 * 3 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),	cmocka_unit_test(test_by_packet),
		cmocka_unit_test(test_endless), cmocka_unit_test(test_reads),
		cmocka_unit_test(test_guesses), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
