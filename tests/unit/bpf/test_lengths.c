// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier believes of the packet's length and of places in it: random programs that add
 * and compare lengths, places and pointers, move and cut the packet, and then read. They are run
 * here on many lengths and numbers; a read one byte beyond what is there in the worst of these runs
 * must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bpf/packet.h"
#include "tests/unit/bpf/code.h"
#include "tests/unit/bpf/machine_words.h"

#define PROGRAMS   24000
#define FAR_ONE_IN 12 /* constants: of far too much */
#define RUNS	   1536
#define ROOM	   256 /* before the packet's head */

static struct tally tally;
static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t some(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

/*
 * Numbers are in r3, r4, r5, r7 and r9. r6 is the packet's head, r2 and r0 are places in the packet
 * (here: counted from the head). r8 is the context. In the stack: what is kept over calls at -16 and
 * -24, std_meta at -32, r2 at -56.
 */
struct run {
	uint64_t r[10];
	int64_t place[2]; /* r2, r0 */
	int64_t len, first_len, moved;
};

static struct run runs[RUNS];
static unsigned int n_runs;

static const uint8_t numbers[] = {3, 4, 5, 7, 9};

static uint8_t number(void)
{
	return numbers[some(SEKI_COUNT(numbers))];
}

static void start(struct code *c)
{
	static const uint32_t ports[] = {0,	     1,		 5,	     0x7fffffff,
					 0x80000000, 0xffffffff, 0xfffffff0, 40};
	static const int64_t lens[] = {
		0, 1, 13, 14, 20, 33, 34, 40, 41, 60, 64, 100, 1514, 65535, SEKI_BPF_PACKET_MAX};

	EMIT(c, MOVR(8, 1), STR(DW, 10, -32, 2), LD(W, 7, 2, 4), LD(W, 9, 2, 0), STI(DW, 10, -8, 0),
	     MAP(1, MAP_HASH), MOVR(2, 10), ALUI(ADD, 2, -8), CALL(1), JMPI(JNE, 0, 0, 2), RETURN,
	     LD(B, 3, 0, 0), LD(B, 4, 0, 1), STR(DW, 10, -16, 3), STR(DW, 10, -24, 4), MOVR(1, 8),
	     CALL(9), MOVR(6, 0), MOVR(2, 0), LD(DW, 3, 10, -16), LD(DW, 4, 10, -24), MOVI(5, 4));
	n_runs = RUNS;
	for (unsigned int i = 0; i < RUNS; i++) {
		struct run *run = &runs[i];

		memset(run, 0, sizeof(*run));
		run->r[3] = i < 256 ? i : some(2) ? some(256) : some(24);
		run->r[4] = some(2) ? some(256) : some(24);
		run->r[5] = 4;
		run->len = some(2) ? some(110) : lens[some(SEKI_COUNT(lens))];
		run->r[7] = (uint64_t)run->len;
		run->first_len = run->len;
		run->r[9] = some(2) ? ports[some(SEKI_COUNT(ports))] : some(100);
	}
}

static int32_t some_constant(void)
{
	static const int32_t often[] = {0, 1, 2, 4, 14, 15, 20, 34, 40, -1, -4, -14, -20, 63, 255};
	static const int32_t far[] = {1 << 28,	  1 << 29,    1 << 30,	  INT32_MAX, INT32_MIN,
				      -(1 << 28), -(1 << 29), -(1 << 30), -INT32_MAX};

	if (some(FAR_ONE_IN) == 0)
		return far[some(SEKI_COUNT(far))];
	return some(2) ? often[some(SEKI_COUNT(often))] : (int32_t)some(64) - 10;
}

/* src 0: the constant. */
static void compute(struct code *c, uint8_t op, uint8_t class, uint8_t dst, uint8_t src,
		    int32_t constant)
{
	EMIT(c, RAW((uint8_t)(op | class | (src ? 8 : 0)), dst, src, 0, constant));
	for (unsigned int i = 0; i < n_runs; i++) {
		uint64_t *r = runs[i].r, b = src ? r[src] : (uint64_t)(int64_t)constant;

		if (op == MOV)
			r[dst] = class == 7 ? b : (uint32_t)b;
		else
			r[dst] = machine_compute(op, false, r[dst], b, class == 7);
	}
}

static void arithmetic(struct code *c)
{
	static const uint8_t often[] = {ADD, ADD, ADD, SUB, SUB, MOV, MOV, AND, LSH, RSH, MUL, OR};
	uint8_t op = often[some(SEKI_COUNT(often))], dst = number(), src = number();
	uint8_t class = some(3) ? 7 : 4;
	bool by_reg = op <= SUB || op == MOV ? some(3) != 0 : false;
	int32_t constant = by_reg				 ? 0
			   : op == LSH || op == RSH || op == MUL ? (int32_t)some(4)
			   : op == AND				 ? (int32_t)(some(2) ? 15 : 63)
								 : some_constant();

	compute(c, op, class, dst, by_reg ? src : 0, constant);
}

/* What is left of lengths that change: c - number, or -number; sums with it in either width. */
static void negate(struct code *c)
{
	uint8_t dst = some(2) ? 7 : 9, src = number(), class = some(2) ? 7 : 4;

	if (some(2)) {
		compute(c, MOV, class, dst, 0, some_constant());
		compute(c, SUB, class, dst, src, 0);
	} else if (some(2)) {
		compute(c, XOR, class, dst, 0, -1);
	} else {
		EMIT(c, RAW((uint8_t)(0x80 | class), dst, 0, 0, 0));
		for (unsigned int i = 0; i < n_runs; i++)
			runs[i].r[dst] = machine_compute(SUB, false, 0, runs[i].r[dst], class == 7);
	}
	if (some(2))
		compute(c, some(2) ? ADD : SUB, some(2) ? 7 : 4, 16 - dst, dst, 0);
}

static void extend(struct code *c)
{
	uint8_t dst = number();

	if (some(3) == 0) {
		compute(c, LSH, 7, dst, 0, 32);
		compute(c, RSH, 7, dst, 0, 32);
		return;
	}
	if (some(2)) {
		EMIT(c, RAW(0xbf, dst, dst, 32, 0));
	} else {
		EMIT(c, ALUI(LSH, dst, 32), ALUI(ARSH, dst, 32));
	}
	for (unsigned int i = 0; i < n_runs; i++)
		runs[i].r[dst] = (uint64_t)(int32_t)runs[i].r[dst];
}

static const uint8_t conds[] = {JEQ, JNE, JGT, JGE, JLT, JLE, JSGT, JSGE, JSLT, JSLE};

/* Runs of which it is not true return. */
static void comparison(struct code *c)
{
	uint8_t cond = conds[some(SEKI_COUNT(conds))], class = some(3) ? 5 : 6;
	uint8_t dst = some(2) ? 7 : number(), src = number();
	bool by_reg = some(3) != 0;
	int32_t constant = by_reg ? 0 : some_constant();
	unsigned int kept = 0;

	if (by_reg && some(2)) {
		uint8_t other = dst;

		dst = src;
		src = other;
	}
	EMIT(c, RAW((uint8_t)(cond | class | (by_reg ? 8 : 0)), dst, by_reg ? src : 0, 2, constant),
	     RETURN);
	for (unsigned int i = 0; i < n_runs; i++) {
		uint64_t b = by_reg ? runs[i].r[src] : (uint64_t)(int64_t)constant;

		if (machine_compares(cond, runs[i].r[dst], b, class == 5))
			runs[kept++] = runs[i];
	}
	n_runs = kept;
}

static const uint8_t places[] = {2, 0};

/* r2 or r0 becomes a place; or is moved on. */
static void place(struct code *c, bool anew, int which)
{
	uint8_t reg = places[which], src = number();
	int32_t constant = some(3) ? 0 : some_constant();
	bool sub = some(8) == 0;

	if (anew)
		EMIT(c, MOVR(reg, 6));
	if (constant)
		EMIT(c, ALUI(ADD, reg, constant));
	else if (sub)
		EMIT(c, ALUR(SUB, reg, src));
	else
		EMIT(c, ALUR(ADD, reg, src));
	for (unsigned int i = 0; i < n_runs; i++) {
		uint64_t at = anew ? 0 : (uint64_t)runs[i].place[which];
		uint64_t by = constant ? (uint64_t)(int64_t)constant : runs[i].r[src];

		runs[i].place[which] = (int64_t)(sub && !constant ? at - by : at + by);
	}
}

/* Addresses compare as places do. */
static void compare_places(struct code *c)
{
	uint8_t cond = conds[some(SEKI_COUNT(conds))];
	bool swapped = some(2);
	unsigned int kept = 0;

	place(c, true, 1);
	if (swapped)
		EMIT(c, JMPR(cond, 0, 2, 2), RETURN);
	else
		EMIT(c, JMPR(cond, 2, 0, 2), RETURN);
	for (unsigned int i = 0; i < n_runs; i++) {
		uint64_t base = 1ull << 40, a = base + (uint64_t)runs[i].place[0],
			 b = base + (uint64_t)runs[i].place[1];

		if (machine_compares(cond, swapped ? b : a, swapped ? a : b, true))
			runs[kept++] = runs[i];
	}
	n_runs = kept;
}

/* Place less place is a number. */
static void distance(struct code *c)
{
	uint8_t dst = numbers[some(3)];

	EMIT(c, MOVR(dst, 2), ALUR(SUB, dst, 6));
	for (unsigned int i = 0; i < n_runs; i++)
		runs[i].r[dst] = (uint64_t)runs[i].place[0];
}

static bool move_run(struct run *run, int32_t by, bool truncate, uint64_t *cut)
{
	*cut = 0;
	if (truncate) {
		int64_t keep = by < 0 ? 0 : by;

		*cut = run->len > keep ? (uint64_t)(run->len - keep) : 0;
		run->len -= (int64_t)*cut;
		return true;
	}
	if (-(int64_t)by > run->len || run->moved + by > ROOM ||
	    run->len + by > SEKI_BPF_PACKET_MAX)
		return false;
	run->moved += by;
	run->len += by;
	return true;
}

/* Moves the head or cuts the end, by a constant or a number. What was cut goes to r9. */
static void move_by(struct code *c, bool truncate, uint8_t src, bool keep_cut)
{
	bool same_place = truncate && some(2); /* a cut leaves the head where it is */
	int32_t constant = truncate ? (int32_t)some(80) : (int32_t)some(48) - 24;
	unsigned int kept = 0;

	EMIT(c, STR(DW, 10, -16, 3), STR(DW, 10, -24, 4), STR(DW, 10, -56, 2), MOVR(1, 8));
	keep_cut &= truncate;
	if (src)
		EMIT(c, MOVR(2, src));
	else
		EMIT(c, MOVI(2, constant));
	EMIT(c, CALL(truncate ? 11 : 8));
	if (keep_cut)
		EMIT(c, MOVR(9, 0));
	if (same_place)
		EMIT(c, LD(DW, 2, 10, -56));
	else
		EMIT(c, MOVR(1, 8), CALL(9), MOVR(6, 0), MOVR(2, 0));
	EMIT(c, LD(DW, 3, 10, -16), LD(DW, 4, 10, -24), MOVI(5, 4));
	for (unsigned int i = 0; i < n_runs; i++) {
		struct run run = runs[i];
		uint64_t cut;

		if (!move_run(&run, src ? (int32_t)run.r[src] : constant, truncate, &cut))
			continue;
		run.r[5] = 4;
		if (keep_cut)
			run.r[9] = cut;
		if (!same_place)
			run.place[0] = 0;
		runs[kept++] = run;
	}
	n_runs = kept;
}

static void move(struct code *c)
{
	move_by(c, some(2), some(2) ? number() : 0, some(2));
}

/* Through the stack, in eight bytes or four. */
static void spill(struct code *c)
{
	uint8_t src = number(), dst = number();
	bool wide = some(2);

	if (wide)
		EMIT(c, STR(DW, 10, -40, src), LD(DW, dst, 10, -40));
	else
		EMIT(c, STR(W, 10, -40, src), LD(W, dst, 10, -40));
	for (unsigned int i = 0; i < n_runs; i++)
		runs[i].r[dst] = wide ? runs[i].r[src] : (uint32_t)runs[i].r[src];
}

static void reload_length(struct code *c)
{
	EMIT(c, LD(DW, 1, 10, -32), LD(W, 7, 1, 4));
	for (unsigned int i = 0; i < n_runs; i++)
		runs[i].r[7] = (uint64_t)runs[i].first_len;
}

/* As a program adds to its length what it moves the head by, or takes off what was cut; and what it
 * compares it with. */
static void follow(struct code *c)
{
	uint8_t by = some(2) ? 9 : 3;

	if (some(3))
		negate(c);
	if (some(3))
		compute(c, AND, 7, by, 0, 63);
	if (some(2)) {
		compute(c, MOV, 7, 5, 0, some_constant());
		compute(c, SUB, some(2) ? 7 : 4, 5, by, 0);
		compute(c, MOV, 7, by, 5, 0);
	}
	move_by(c, some(2), some(4) ? by : 0, some(2));
	if (some(4))
		compute(c, some(2) ? ADD : SUB, some(2) ? 7 : 4, 7, some(2) ? by : 9, 0);
	else
		negate(c);
	if (some(2))
		compute(c, ADD, some(2) ? 7 : 4, 7, 0, some_constant());
	if (some(2))
		extend(c);
	comparison(c);
}

static void step(struct code *c)
{
	uint32_t kind = some(46);

	if (kind < 13)
		arithmetic(c);
	else if (kind < 24)
		comparison(c);
	else if (kind < 29)
		place(c, some(2), 0);
	else if (kind < 32)
		compare_places(c);
	else if (kind < 34)
		move(c);
	else if (kind < 36)
		spill(c);
	else if (kind < 37)
		extend(c);
	else if (kind < 39)
		distance(c);
	else if (kind < 40)
		reload_length(c);
	else if (kind < 42)
		negate(c);
	else
		follow(c);
}

static bool allows(const struct code *prefix, int64_t at)
{
	struct code c = *prefix;

	if (at < INT16_MIN || at > INT16_MAX)
		return false;
	EMIT(&c, LD(B, 0, 2, (int16_t)at), EXIT);
	return verdict(&tally, &c) < 0;
}

static void print_code(const struct code *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		print_error("%u: %02x r%d r%d off %d imm %d\n", i, c->insns[i].opcode,
			    c->insns[i].regs & 15, c->insns[i].regs >> 4, c->insns[i].off,
			    c->insns[i].imm);
}

/* Reads at r2 + first up to r2 + last are inside in all runs. */
static void try_program(unsigned int *used)
{
	int64_t first = INT64_MIN, last = INT64_MAX;
	unsigned int length = 3 + some(8);
	struct code c = {.n = 0};

	start(&c);
	for (unsigned int i = 0; i < length && c.n < PROGRAM_MAX - 20; i++)
		step(&c);
	if (some(2))
		place(&c, true, 0);
	for (unsigned int i = 0; i < n_runs; i++) {
		int64_t low = -runs[i].place[0], high = runs[i].len - 1 - runs[i].place[0];

		first = low > first ? low : first;
		last = high < last ? high : last;
	}
	if (!n_runs)
		return;
	if (allows(&c, last + 1) || allows(&c, first - 1)) {
		print_code(&c);
		fail_msg("a read outside was accepted: inside are %ld to %ld", (long)first,
			 (long)last);
	}
	*used += first <= last && (allows(&c, last) || allows(&c, first));
}

static void test_lengths(void **state)
{
	const char *count = getenv("SEKISHO_LENGTHS");
	unsigned long programs = count ? strtoul(count, NULL, 10) : PROGRAMS;
	unsigned int used = 0;

	(void)state;
	for (unsigned long i = 0; i < programs; i++)
		try_program(&used);
	print_message("%lu programs; in %u the last or the first byte that is inside may be read\n",
		      programs, used);
	assert_true(used > programs / 50);
}

/* What a number was divided by is none of the symbols, even if it has the number of one. */
static void test_divisors(void **state)
{
	(void)state;
	for (int32_t by = 4; by < 200; by++) {
		const struct seki_bpf_insn insns[PROGRAM_MAX] = {MOVR(9, 2),
								 PACKET,
								 LD(W, 3, 9, 0),
								 ALUI(AND, 3, 0xff),
								 LD(W, 4, 9, 0),
								 ALUI(AND, 4, 0xff),
								 JMPI(JNE, 4, 0, 2),
								 RETURN,
								 MOVR(6, 4),
								 MOVR(1, 4),
								 ALUI(DIV, 1, by),
								 JMPR(JGE, 7, 1, 2),
								 RETURN,
								 MOVI(2, 0),
								 ALUR(SUB, 2, 3),
								 MOVR(1, 8),
								 CALL(8),
								 ALUR(ADD, 0, 6),
								 LD(B, 0, 0, -1),
								 EXIT};
		static struct judgement j;

		judge_insns(insns, &j);
		if (!j.err || !strstr(j.reason, "may be shorter"))
			fail_msg("divided by %d: error %d, \"%s\"", by, j.err, j.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_divisors),
					   cmocka_unit_test(test_lengths)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
