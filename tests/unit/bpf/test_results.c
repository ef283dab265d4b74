// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier believes of numbers, end to end: random chains of arithmetic and comparisons on
 * one unknown byte and one of two bits, whose result is an index into 16 bytes. All that the machine
 * can compute is computed here, by the words of RFC 9669; where one index is outside, the program
 * must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/bpf/code.h"
#include "tests/unit/bpf/machine_words.h"

#define INPUTS 1024 /* 256 bytes by 4 */
#define CHAINS 30000

static struct tally tally;
static uint64_t seed = 0x853c49e6748fea9bu;

static uint32_t some(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

/* r3 and r4 of every run that has come this far. */
static struct {
	uint64_t x[INPUTS], y[INPUTS];
	unsigned int n;
} runs;

static void start(struct code *c)
{
	bool sign = some(4) == 0;

	EMIT(c, KEY(MAP_HASH), CALL(1), MOVR(6, 0), JMPI(JNE, 6, 0, 2), RETURN);
	if (sign)
		EMIT(c, LDS(B, 3, 6, 0));
	else
		EMIT(c, LD(B, 3, 6, 0));
	EMIT(c, LD(B, 4, 6, 1), ALUI(AND, 4, 3));
	runs.n = INPUTS;
	for (unsigned int i = 0; i < INPUTS; i++) {
		runs.x[i] = sign ? (uint64_t)(int8_t)(i & 255) : (i & 255);
		runs.y[i] = i >> 8;
	}
}

/* What clang emits most, and what lies at the edges. */
static int32_t some_constant(void)
{
	static const int32_t edges[] = {0,  1,	2,   3,	  4,   7,   8,	 15,	    16,	       17,
					31, 32, 63,  64,  127, 128, 255, 256,	    0xff00,    -1,
					-2, -8, -16, -17, 60,  28,  24,	 INT32_MAX, INT32_MIN, 12};

	return edges[some(SEKI_COUNT(edges))];
}

static const uint8_t ops[] = {ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, ARSH};

static void arithmetic(struct code *c)
{
	uint8_t op = ops[some(SEKI_COUNT(ops))], class = some(2) ? 7 : 4;
	bool by_y = !some(4), is_signed = (op == DIV || op == MOD) && !some(3);
	int32_t constant = by_y ? 0 : some_constant();
	uint8_t opcode = (uint8_t)(op | class | (by_y ? 8 : 0));

	EMIT(c, RAW(opcode, 3, by_y ? 4 : 0, is_signed, constant));
	for (unsigned int i = 0; i < runs.n; i++)
		runs.x[i] = machine_compute(op, is_signed, runs.x[i],
					    by_y ? runs.y[i] : (uint64_t)(int64_t)constant,
					    class == 7);
}

/* Moves and extensions, 0 - x, byte orders. */
static void unary(struct code *c)
{
	uint32_t which = some(9);
	static const struct seki_bpf_insn insns[] = {MOV32R(3, 3),
						     RAW(0xbf, 3, 3, 8, 0),
						     RAW(0xbf, 3, 3, 16, 0),
						     RAW(0xbf, 3, 3, 32, 0),
						     RAW(0xbc, 3, 3, 8, 0),
						     RAW(0xbc, 3, 3, 16, 0),
						     NEGR(3),
						     RAW(0x84, 3, 0, 0, 0),
						     BSWAP(3, 16)};

	EMIT(c, insns[which]);
	for (unsigned int i = 0; i < runs.n; i++) {
		uint64_t v = runs.x[i];
		const uint64_t results[] = {
			(uint32_t)v,
			(uint64_t)(int8_t)v,
			(uint64_t)(int16_t)v,
			(uint64_t)(int32_t)v,
			(uint32_t)(int8_t)v,
			(uint32_t)(int16_t)v,
			0 - v,
			(uint32_t)(0 - v),
			(v & 0xff) << 8 | (v >> 8 & 0xff),
		};

		runs.x[i] = results[which];
	}
}

/* Runs of which it is not true return. */
static void comparison(struct code *c)
{
	static const uint8_t conds[] = {JEQ, JNE, JGT, JGE, JLT, JLE, JSGT, JSGE, JSLT, JSLE, JSET};
	uint8_t cond = conds[some(SEKI_COUNT(conds))], class = some(2) ? 5 : 6;
	bool by_y = !some(5);
	int32_t constant = by_y ? 0 : some_constant();
	uint8_t opcode = (uint8_t)(cond | class | (by_y ? 8 : 0));
	unsigned int kept = 0;

	EMIT(c, RAW(opcode, 3, by_y ? 4 : 0, 2, constant), RETURN);
	for (unsigned int i = 0; i < runs.n; i++) {
		uint64_t b = by_y ? runs.y[i] : (uint64_t)(int64_t)constant;

		if (!machine_compares(cond, runs.x[i], b, class == 5))
			continue;
		runs.x[kept] = runs.x[i];
		runs.y[kept++] = runs.y[i];
	}
	runs.n = kept;
}

/* Through the stack, in eight bytes or four. */
static void spill(struct code *c)
{
	if (some(2)) {
		EMIT(c, STR(DW, 10, -16, 3), LD(DW, 3, 10, -16));
		return;
	}
	EMIT(c, STR(W, 10, -16, 3), LD(W, 3, 10, -16));
	for (unsigned int i = 0; i < runs.n; i++)
		runs.x[i] = (uint32_t)runs.x[i];
}

static bool all_inside(void)
{
	for (unsigned int i = 0; i < runs.n; i++)
		if (runs.x[i] > 15)
			return false;
	return true;
}

static void try_chain(unsigned int *missed)
{
	unsigned int length = 1 + some(5);
	struct code c = {.n = 0};
	bool inside, accepted;

	start(&c);
	for (unsigned int i = 0; i < length; i++) {
		uint32_t kind = some(10);

		if (kind < 5)
			arithmetic(&c);
		else if (kind < 8)
			comparison(&c);
		else if (kind < 9)
			unary(&c);
		else
			spill(&c);
	}
	EMIT(&c, ALUR(ADD, 6, 3), LD(B, 3, 6, 0), RETURN);
	inside = all_inside();
	accepted = verdict(&tally, &c) < 0;
	if (accepted && !inside) {
		for (uint32_t i = 10; i < c.n; i++)
			print_error("%u: %02x regs %02x off %d imm %d\n", i, c.insns[i].opcode,
				    c.insns[i].regs, c.insns[i].off, c.insns[i].imm);
		fail_msg("an index outside was accepted");
	}
	*missed += inside && !accepted;
}

static void test_chains(void **state)
{
	const char *count = getenv("SEKISHO_CHAINS");
	unsigned long chains = count ? strtoul(count, NULL, 10) : CHAINS;
	unsigned int missed = 0;

	(void)state;
	for (unsigned long i = 0; i < chains; i++)
		try_chain(&missed);
	print_message("%u programs accepted, %u rejected, %u of these without need\n",
		      tally.accepted, tally.rejected, missed);
	assert_true(tally.accepted > chains / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_chains)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
