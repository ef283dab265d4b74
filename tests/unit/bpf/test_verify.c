// SPDX-License-Identifier: Apache-2.0
/* What the verifier reports of programs: the worst case, what is touched, why it was refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/packet.h"
#include "tests/unit/bpf/judge.h"

static void judge_ok(const struct program *program, struct judgement *j)
{
	judge(program, j);
	if (j->err)
		fail_msg("%s: %s", program->name, j->reason);
}

static void test_worst_case(void **state)
{
	struct judgement j;

	(void)state;
	/* The longer side of the branch, and a function called twice. */
	judge_ok(&(struct program){"worst",
				   NULL,
				   {LD(W, 3, 2, 0), JMPI(JEQ, 3, 0, 2), LOCAL(3), LOCAL(2),
				    MOVI(0, 0), EXIT, MOVI(0, 0), MOVI(0, 0), EXIT}},
		 &j);
	assert_int_equal(j.proof.worst_insns, 6 + 2 * 3);
}

#define LENGTH MOVR(8, 1), LD(W, 7, 2, 4)

static void test_packet_report(void **state)
{
	struct judgement j;

	(void)state;
	judge_ok(&(struct program){"read",
				   NULL,
				   {LENGTH, CALL(9), JMPI(JGE, 7, 34, 2), MOVI(0, 0), EXIT,
				    LD(W, 0, 0, 30), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, 34);
	assert_false(j.proof.packet_written);
	judge_ok(&(struct program){"write",
				   NULL,
				   {LENGTH, CALL(9), JMPI(JGE, 7, 34, 2), MOVI(0, 0), EXIT,
				    STI(B, 0, 5, 1), MOVI(0, 1), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, 6);
	assert_true(j.proof.packet_written);
	/* Byte 20 of a packet that lost 14 bytes was byte 34. */
	judge_ok(&(struct program){"shrink",
				   NULL,
				   {LENGTH, JMPI(JGE, 7, 40, 2), MOVI(0, 0), EXIT, MOVI(2, -14),
				    CALL(8), LD(B, 0, 0, 20), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, 35);
	assert_true(j.proof.packet_written);
	judge_ok(&(struct program){"shrink only", NULL, {MOVI(2, -14), CALL(8), MOVI(0, 0), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, 14);
	/* Moved so far, in two unknown steps, that no 32 bits hold it; then forward again. */
	judge_ok(&(struct program){"far",
				   NULL,
				   {MOVR(8, 1), LD(W, 7, 2, 0), MOVR(2, 7), CALL(8), MOVR(1, 8),
				    MOVR(2, 7), CALL(8), MOVR(1, 8), MOVI(2, 4), CALL(8),
				    LD(W, 3, 0, 0), MOVI(0, 0), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, SEKI_BPF_PACKET_MAX);
	/* What grew in front was never in the packet. */
	judge_ok(&(struct program){"grow",
				   NULL,
				   {LENGTH, JMPI(JGE, 7, 40, 2), MOVI(0, 0), EXIT, MOVI(2, 14),
				    CALL(8), LD(B, 0, 0, 20), EXIT}},
		 &j);
	assert_int_equal(j.proof.packet_touch, 7);
}

static bool may_wait(const struct judgement *j, uint32_t insn)
{
	assert_int_equal(j->ops[insn].id, SEKI_OP_CALL);
	return j->ops[insn].off & SEKI_CALL_MAY_WAIT;
}

static void test_may_wait(void **state)
{
	struct judgement j;

	(void)state;
	judge_ok(&(struct program){"first", NULL, {MOVI(1, 9), CALL(33), EXIT}}, &j);
	assert_true(may_wait(&j, 1));
	/* After an update not, before it yes, whichever path is walked first. */
	judge_ok(&(struct program){"update",
				   NULL,
				   {LD(W, 6, 2, 0), MOVI(1, 9), CALL(33), JMPI(JEQ, 6, 0, 6),
				    STI(DW, 10, -8, 0), MAP(1, 0), MOVR(2, 10), ALUI(ADD, 2, -4),
				    CALL(3), MOVI(1, 9), CALL(33), EXIT}},
		 &j);
	assert_true(may_wait(&j, 2));
	assert_false(may_wait(&j, 11));
	/* A store through a value. */
	judge_ok(&(struct program){"store",
				   NULL,
				   {STI(DW, 10, -8, 0), MAP(1, 0), MOVR(2, 10), ALUI(ADD, 2, -4),
				    CALL(1), JMPI(JEQ, 0, 0, 1), STI(W, 0, 0, 1), MOVI(1, 9),
				    CALL(33), EXIT}},
		 &j);
	assert_false(may_wait(&j, 9));
	/* A load through one. */
	judge_ok(&(struct program){"load",
				   NULL,
				   {STI(DW, 10, -8, 0), MAP(1, 0), MOVR(2, 10), ALUI(ADD, 2, -4),
				    CALL(1), JMPI(JEQ, 0, 0, 1), LD(W, 3, 0, 0), MOVI(1, 9),
				    CALL(33), EXIT}},
		 &j);
	assert_true(may_wait(&j, 9));
}

/* One of `CASES` ways to put a number into r8. */
#define CASES	   11
#define CASE(i, v) JMPI(JNE, 7, i, 2), MOVI(8, v), JA(3 * (CASES - (i)) - 2)

/* So many values meet that a range of them is guessed, and one in it would change a map. */
static void test_may_wait_after_guess(void **state)
{
	struct judgement j;

	(void)state;
	judge_ok(&(struct program){"guess",
				   NULL,
				   {LD(W, 7, 2, 0),
				    CASE(0, 90),
				    CASE(1, 91),
				    CASE(2, 92),
				    CASE(3, 93),
				    CASE(4, 94),
				    CASE(5, 95),
				    CASE(6, 96),
				    CASE(7, 97),
				    CASE(8, 98),
				    CASE(9, 99),
				    CASE(10, 101),
				    MOVI(8, 102),
				    JMPI(JNE, 8, 100, 6),
				    STI(DW, 10, -8, 0),
				    MAP(1, 0),
				    MOVR(2, 10),
				    ALUI(ADD, 2, -4),
				    CALL(3),
				    MOVI(1, 9),
				    CALL(33),
				    EXIT}},
		 &j);
	assert_true(may_wait(&j, 3 * CASES + 10));
}

static void test_rejection_names_values(void **state)
{
	struct judgement j;

	(void)state;
	judge(&(struct program){"short",
				NULL,
				{LENGTH, CALL(9), MOVR(6, 0), JMPI(JGE, 7, 14, 2), MOVI(0, 0), EXIT,
				 LD(W, 0, 6, 14), EXIT}},
	      &j);
	assert_int_equal(j.err, -EACCES);
	assert_int_equal(j.rejection.insn, 7);
	assert_string_equal(j.rejection.values,
			    "r6 = packet; the packet is known to have 14 bytes");
	assert_int_equal(j.rejection.n_path, 1);
	assert_int_equal(j.rejection.path[0].insn, 4);
	assert_true(j.rejection.path[0].taken);
}

static int verify(const struct seki_bpf_insn *insns, uint32_t n, uint64_t max_steps,
		  struct seki_bpf_rejection *why)
{
	struct seki_bpf_op *ops = calloc(n, sizeof(*ops));
	static uint8_t memory[SEKI_VERIFY_MEMORY] __attribute__((aligned(16)));
	struct seki_bpf_image image = {.ops = ops, .n = n, .max_steps = max_steps};
	struct seki_bpf_fault fault;
	struct seki_bpf_proof proof;
	int err;

	assert_int_equal(seki_bpf_decode(insns, n, ops, &fault), 0);
	err = seki_bpf_verify(&image, memory, SEKI_VERIFY_MEMORY, &proof, why);
	free(ops);
	if (err == -E2BIG)
		assert_non_null(strstr(why->reason, "too complex"));
	return err;
}

/*
 * Functions nested `frames` deep, each of which has its stack full of numbers that it uses again.
 * Returns where the innermost goes on, with r6 = standard_metadata.
 */
static uint32_t nest(struct seki_bpf_insn *insns, uint32_t frames)
{
	uint32_t n = 0;

	for (uint32_t f = 1; f <= frames; f++) {
		insns[n++] = (struct seki_bpf_insn)MOVR(6, 2);
		for (int16_t i = 1; f < frames && i <= 60; i++) {
			insns[n++] = (struct seki_bpf_insn)LD(W, 3, 6, 0);
			insns[n++] = (struct seki_bpf_insn)STR(DW, 10, (int16_t)(-8 * i), 3);
		}
		if (f == frames)
			break;
		insns[n++] = (struct seki_bpf_insn)MOVR(2, 6);
		insns[n++] = (struct seki_bpf_insn)LOCAL(60 + 1);
		for (int16_t i = 1; i <= 60; i++)
			insns[n++] = (struct seki_bpf_insn)LD(DW, 0, 10, (int16_t)(-8 * i));
		insns[n++] = (struct seki_bpf_insn)EXIT;
	}
	return n;
}

/*
 * In the innermost function, `branches` times: branch on a bit of a number, and keep the choice in
 * one of two values, so that no two paths agree on them; only both together are known, and an index
 * at the end.
 */
static uint32_t explosion(struct seki_bpf_insn *insns, uint32_t frames, uint32_t branches)
{
	uint64_t all = branches < 64 ? (1ull << branches) - 1 : UINT64_MAX;
	uint32_t n = nest(insns, frames);

	insns[n++] = (struct seki_bpf_insn)MOVI(4, 0);
	insns[n++] = (struct seki_bpf_insn)MOVI(5, 0);
	for (uint32_t i = 0; i < branches; i++) {
		insns[n++] = (struct seki_bpf_insn)ALUI(LSH, 4, 1);
		insns[n++] = (struct seki_bpf_insn)ALUI(LSH, 5, 1);
		insns[n++] = (struct seki_bpf_insn)LD(W, 3, 6, 0);
		insns[n++] = (struct seki_bpf_insn)JMPI(JSET, 3, 1, 2);
		insns[n++] = (struct seki_bpf_insn)ALUI(ADD, 4, 1);
		insns[n++] = (struct seki_bpf_insn)JA(1);
		insns[n++] = (struct seki_bpf_insn)ALUI(ADD, 5, 1);
	}
	insns[n++] = (struct seki_bpf_insn)ALUR(ADD, 4, 5);
	insns[n++] = (struct seki_bpf_insn)RAW(0x18, 5, 0, 0, all);
	insns[n++] = (struct seki_bpf_insn)RAW(0, 0, 0, 0, all >> 32);
	insns[n++] = (struct seki_bpf_insn)ALUR(SUB, 4, 5);
	insns[n++] = (struct seki_bpf_insn)STI(DW, 10, -8, 0);
	insns[n++] = (struct seki_bpf_insn)ALUR(ADD, 4, 10);
	insns[n++] = (struct seki_bpf_insn)LD(B, 0, 4, -8);
	insns[n++] = (struct seki_bpf_insn)EXIT;
	return n;
}

static int judge_explosion(uint32_t frames, uint32_t branches)
{
	struct seki_bpf_insn *insns = calloc(frames * 200 + branches * 7 + 16, sizeof(*insns));
	struct seki_bpf_rejection why;
	int err = verify(insns, explosion(insns, frames, branches), 0, &why);

	free(insns);
	return err;
}

static void test_ends_itself(void **state)
{
	clock_t began;

	(void)state;
	assert_int_equal(judge_explosion(1, 8), 0);
	assert_int_equal(judge_explosion(1, 16000), -E2BIG);
	assert_int_equal(judge_explosion(8, 8), 0);
	/* Each step of this costs much more: the limit of steps alone would not do. */
	began = clock();
	assert_int_equal(judge_explosion(8, 40), -E2BIG);
	print_message("gave up after %ld ms\n", (long)((clock() - began) * 1000 / CLOCKS_PER_SEC));
	assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
}

/* The caller's limit of steps, to the step. */
static void test_max_steps(void **state)
{
	static const struct seki_bpf_insn insns[] = {MOVI(0, 0), MOVI(0, 1), EXIT};
	struct seki_bpf_rejection why;

	(void)state;
	assert_int_equal(verify(insns, SEKI_COUNT(insns), 3, &why), 0);
	assert_int_equal(verify(insns, SEKI_COUNT(insns), 2, &why), -E2BIG);
}

/* Few steps, each of which costs much: all numbers of all frames are copied at each branch.
 * It counts down: what counts up may be walked once for all. */
static void test_max_work(void **state)
{
	static struct seki_bpf_insn insns[8 * 200];
	struct seki_bpf_rejection why;
	uint32_t n = nest(insns, 8);

	(void)state;
	insns[n++] = (struct seki_bpf_insn)MOVI(4, 120000);
	insns[n++] = (struct seki_bpf_insn)LD(W, 3, 6, 0);
	insns[n++] = (struct seki_bpf_insn)JMPI(JNE, 3, 7, 2);
	insns[n++] = (struct seki_bpf_insn)MOVI(0, 0);
	insns[n++] = (struct seki_bpf_insn)EXIT;
	insns[n++] = (struct seki_bpf_insn)ALUI(SUB, 4, 1);
	insns[n++] = (struct seki_bpf_insn)JMPI(JNE, 4, 0, -6);
	insns[n++] = (struct seki_bpf_insn)MOVI(0, 0);
	insns[n++] = (struct seki_bpf_insn)EXIT;
	assert_int_equal(verify(insns, n, 0, &why), -E2BIG);
}

/* A loop of a round for each byte of the packet, so many instructions long. */
static void judge_long(uint32_t round, struct judgement *j)
{
	struct seki_bpf_insn insns[PROGRAM_MAX] = {
		PACKET, MOVI(1, 0), MOVI(3, 0), MOVR(2, 1), ALUI(ADD, 2, 4), {0}, ALUI(ADD, 1, 1)};
	uint32_t n = 10;

	insns[8] = (struct seki_bpf_insn)JMPR(JGT, 2, 7, (int16_t)(round - 3));
	while (n < 6 + round - 1)
		insns[n++] = (struct seki_bpf_insn)ALUI(OR, 3, 1);
	insns[n++] = (struct seki_bpf_insn)JA((int16_t)-round);
	insns[n++] = (struct seki_bpf_insn)MOVR(0, 3);
	insns[n++] = (struct seki_bpf_insn)EXIT;
	judge_insns(insns, j);
}

/* 2^24 rounds of 63 instructions are less than 2^30, of 65 more. */
static void test_longest_run(void **state)
{
	struct judgement j;

	(void)state;
	judge_long(63, &j);
	if (j.err)
		fail_msg("%s at %u (%s)", j.reason, j.rejection.insn, j.rejection.values);
	assert_true(j.proof.worst_insns > 63ull * (1 << 24) - 1000);
	judge_long(65, &j);
	assert_int_equal(j.err, -E2BIG);
	assert_non_null(strstr(j.reason, "2^30 instructions"));
}

/* Its address would be NULL: what is only done then must not be believed dead. */
static void test_no_data(void **state)
{
	static const struct seki_bpf_insn insns[] = {DATA(1, 0), JMPI(JNE, 1, 0, 1),
						     LD(DW, 1, 10, 0), MOVI(0, 0), EXIT};
	struct seki_bpf_rejection why;

	(void)state;
	assert_int_equal(verify(insns, SEKI_COUNT(insns), 0, &why), -EACCES);
	assert_string_equal(why.reason, "there is no byte 0 of read-only data");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_data),
		cmocka_unit_test(test_max_steps),
		cmocka_unit_test(test_max_work),
		cmocka_unit_test(test_longest_run),
		cmocka_unit_test(test_worst_case),
		cmocka_unit_test(test_packet_report),
		cmocka_unit_test(test_may_wait),
		cmocka_unit_test(test_may_wait_after_guess),
		cmocka_unit_test(test_rejection_names_values),
		cmocka_unit_test(test_ends_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
