// SPDX-License-Identifier: Apache-2.0
/*
 * Random loops that end because a number grows, or only nearly. What the verifier accepts runs, every
 * access checked, for no longer than was proved; and on packets so short that each path can be walked
 * to its end, it is accepted so as well, with no longer a path. `test_bpf_ranks_random SEED COUNT`
 * tries others.
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

#include "tests/unit/bpf/judge.h"

#define MAX_STEPS  20000
#define MAX_PACKET 4000
#define PACKETS	   12

#define SHORT	   24

static uint64_t seed, first = 1, count = 400;

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

/* All that follows is a function, called once or twice. */
static void gen_callers(struct code *c)
{
	uint32_t calls = 1 + pick(2);

	for (uint32_t left = calls; left > 0; left--) {
		EMIT(c, MOVR(1, 6));
		EMIT(c, MOVR(2, 7));
		EMIT(c, MOVR(3, 8));
		EMIT(c, LOCAL(4 * ((int32_t)left - 1) + 1));
	}
	EMIT(c, EXIT);
	EMIT(c, MOVR(6, 1));
	EMIT(c, MOVR(7, 2));
	EMIT(c, MOVR(8, 3));
}

/* The loops once more, their place set back. */
static void gen_again(struct code *c, uint32_t head)
{
	EMIT(c, LD(DW, 0, 10, -56));
	EMIT(c, ALUI(ADD, 0, 1));
	EMIT(c, STR(DW, 10, -56, 0));
	EMIT(c, JMPI(JLT, 0, 3, (int16_t)((int32_t)head - (int32_t)c->n - 1)));
}

static void gen_program(struct code *c)
{
	const struct seki_bpf_insn start[] = {PACKET};
	uint32_t loops = pick(6) ? 1 : 2, head;
	bool again = !pick(6);

	*c = (struct code){.bits = pick(2), .spilled = !pick(4), .effects = pick(2)};
	memcpy(c->insns, start, sizeof(start));
	c->n = sizeof(start) / sizeof(start[0]);
	if (!pick(4))
		gen_callers(c);
	EMIT(c, MOVI(2, 0));
	EMIT(c, MOVI(3, 0));
	if (c->effects && pick(2))
		EMIT(c, STI(DW, 10, -48, 0));
	if (again)
		EMIT(c, STI(DW, 10, -56, 0));
	head = c->n;
	EMIT(c, MOVI(1, (int32_t)pick(3) * unit(c)));
	if (c->spilled)
		EMIT(c, STR(DW, 10, -8, 1));
	if (pick(3)) /* as compilers do: the loop is entered behind its check */
		gen_check(c, (int32_t)pick(3));
	while (loops--) {
		gen_round(c);
		end(c);
	}
	if (again)
		gen_again(c, head);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
					   cmocka_unit_test(test_compared)};

	if (argc == 3) {
		first = strtoull(argv[1], NULL, 0);
		count = strtoull(argv[2], NULL, 0);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
