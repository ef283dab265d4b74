// SPDX-License-Identifier: Apache-2.0
/* Compiled code: its memory, jumps of all lengths, calls, fuel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "lib/bpf/code.h"
#include "tests/unit/bpf/asm.h"

#define INSNS 65000
#define FUEL  100000

static struct seki_bpf_insn insns[INSNS];
static struct seki_bpf_op ops[INSNS];
static uint32_t n_insns;
static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));

static uint64_t args[5];
static bool aligned;

static uint64_t note_args(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3,
			  uint64_t a4, uint64_t a5)
{
	uint64_t given[] = {a1, a2, a3, a4, a5};

	memcpy(args, given, sizeof(args));
	aligned = (uintptr_t)__builtin_frame_address(0) % 16 == 0;
	return 100 + vm->queue;
}

static uint64_t stop_it(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
			uint64_t a5)
{
	(void)(a1 + a2 + a3 + a4 + a5);
	vm->stop = -ENOBUFS;
	return vm->may_wait;
}

/* The last is none of the program's. */
static const seki_bpf_helper helpers[] = {[1] = note_args, [3] = stop_it, [4] = note_args};

#define HELPERS (SEKI_COUNT(helpers) - 1)

static void start(void)
{
	n_insns = 0;
}

static void put(struct seki_bpf_insn insn)
{
	assert_true(n_insns < INSNS);
	insns[n_insns++] = insn;
}

#define PUT(...)                                                                                   \
	do {                                                                                       \
		static const struct seki_bpf_insn list_[] = {__VA_ARGS__};                         \
		for (size_t i_ = 0; i_ < SEKI_COUNT(list_); i_++)                                  \
			put(list_[i_]);                                                            \
	} while (0)

static void compile(struct seki_bpf_code *code)
{
	struct seki_jit_input in = {.ops = ops,
				    .n = n_insns,
				    .helpers = helpers,
				    .n_helpers = HELPERS,
				    .stoppers = 1 << 3,
				    .packet_at = -1};
	struct seki_bpf_fault fault;

	if (seki_bpf_decode(insns, n_insns, ops, &fault))
		fail_msg("insn %u: %s", fault.insn, fault.why);
	assert_int_equal(seki_bpf_code_make(&in, 0, code), 0);
}

static struct seki_bpf_vm machine(uint64_t fuel)
{
	return (struct seki_bpf_vm){.ops = ops,
				    .stack = stack,
				    .helpers = helpers,
				    .n_helpers = HELPERS,
				    .queue = 5,
				    .fuel = fuel};
}

static int run_code(uint64_t fuel, uint64_t *r0)
{
	struct seki_bpf_vm vm = machine(fuel);
	struct seki_bpf_code code;

	compile(&code);
	*r0 = code.run(&vm, 1, 2);
	seki_bpf_code_free(&code);
	return vm.stop;
}

/* Runs it compiled; *r0 as the interpreter has it too, unless it is stopped. */
static int run(uint64_t fuel, uint64_t *r0)
{
	struct seki_bpf_vm vm = machine(fuel);
	int stop = run_code(fuel, r0);
	uint64_t want;

	if (stop)
		return stop;
	assert_int_equal(seki_bpf_interp(&vm, 1, 2, &want), 0);
	assert_int_equal(*r0, want);
	return 0;
}

/* The line of /proc/self/maps that has the address. */
static void rights_at(const uint8_t *at, char *rights)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];

	assert_non_null(maps);
	strcpy(rights, "none");
	while (fgets(line, sizeof(line), maps)) {
		char found[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, found) == 3 && (uintptr_t)at >= from &&
		    (uintptr_t)at < to)
			strcpy(rights, found);
	}
	fclose(maps);
}

static void test_memory(void **state)
{
	struct seki_bpf_code code;
	char rights[5];
	size_t room;

	(void)state;
	start();
	PUT(MOVI(0, 1), EXIT);
	compile(&code);
	room = code.map_bytes - 2 * 4096;
	rights_at(code.start, rights);
	assert_string_equal(rights, "r-xp");
	rights_at(code.start - 1, rights);
	assert_string_equal(rights, "---p");
	rights_at(code.start + room, rights);
	assert_string_equal(rights, "---p");
	assert_ptr_equal(code.map + 4096, code.start);
	for (size_t i = code.size; i < room; i++)
		assert_int_equal(code.start[i], 0xcc);
	seki_bpf_code_free(&code);
	seki_bpf_code_free(&code);
}

/* Too little room is said, and what is needed; so are too many helpers. */
static void test_room(void **state)
{
	static uint8_t scratch[1 << 20] __attribute__((aligned(16)));
	struct seki_jit_input in = {.ops = ops, .packet_at = -1};
	uint8_t code[4096];
	size_t used, again;

	(void)state;
	start();
	PUT(MOVI(0, 1), JMPI(JEQ, 0, 1, 1), MOVI(0, 2), EXIT);
	assert_int_equal(seki_bpf_decode(insns, n_insns, ops, &(struct seki_bpf_fault){0}), 0);
	in.n = n_insns;
	assert_true(seki_jit_scratch(n_insns) <= sizeof(scratch));
	assert_int_equal(seki_jit_x86.compile(&in, scratch, NULL, 0, &used), -ENOSPC);
	assert_int_equal(seki_jit_x86.compile(&in, scratch, code, used - 1, &again), -ENOSPC);
	assert_int_equal(again, used);
	memset(code, 0x77, sizeof(code));
	assert_int_equal(seki_jit_x86.compile(&in, scratch, code, used, &again), 0);
	assert_int_equal(code[used], 0x77);
	in.n_helpers = SEKI_JIT_HELPERS_MAX;
	assert_int_equal(seki_jit_x86.compile(&in, scratch, code, used, &again), 0);
	in.n_helpers++;
	assert_int_equal(seki_jit_x86.compile(&in, scratch, code, used, &again), -EINVAL);
}

/* Forward and back over so many instructions, with all that may stand around the borders. */
static void test_jump_lengths(void **state)
{
	static const uint32_t lengths[] = {0,  1,  2,  9,   10,	 11,  12,   13,	   14,	  15,
					   16, 17, 18, 100, 119, 120, 8000, 20000, 30000, 60000};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(lengths); i++) {
		uint32_t by = lengths[i];
		uint64_t r0;

		start();
		PUT(MOVI(0, 0), MOVI(3, 3));
		put((struct seki_bpf_insn)RAW(0x06, 0, 0, 0, by)); /* gotol, over the filling */
		for (uint32_t k = 0; k < by; k++)
			put((struct seki_bpf_insn)ALUI(ADD, 0, 0x1000000));
		PUT(ALUI(ADD, 0, 1), ALUI(SUB, 3, 1), JMPI(JNE, 3, 0, 1));
		put((struct seki_bpf_insn)EXIT);
		put((struct seki_bpf_insn)RAW(0x06, 0, 0, 0, -(int32_t)by - 5));
		if (by <= 30000) {
			insns[2] = (struct seki_bpf_insn)JMPI(JEQ, 0, 0, (int16_t)by);
			assert_int_equal(run(FUEL, &r0), 0);
		}
		insns[2] = (struct seki_bpf_insn)RAW(0x06, 0, 0, 0, by);
		assert_int_equal(run(FUEL, &r0), 0);
		assert_int_equal(r0 & 0xff, 3);
	}
}

static void test_fuel(void **state)
{
	uint64_t r0;

	(void)state;
	start();
	PUT(JA(-1));
	assert_int_equal(run(FUEL, &r0), -ELOOP);
	start();
	PUT(MOVI(0, 0), MOVI(6, 1), JMPI(JEQ, 6, 1, -1), EXIT);
	assert_int_equal(run(FUEL, &r0), -ELOOP);
	start();
	PUT(MOVI(0, 0), MOVI(6, 0), ALUI(ADD, 6, 1), JMPI(JNE, 6, 1000, -2), MOVR(0, 6), EXIT);
	assert_int_equal(run(1000, &r0), 0);
	assert_int_equal(r0, 1000);
	assert_int_equal(run(998, &r0), -ELOOP);
	/* A loop that is a call into what stands before. */
	start();
	PUT(MOVI(0, 0), LOCAL(-2), EXIT);
	assert_int_equal(run(FUEL, &r0), -ELOOP);
	/* Calls, without any jump back. */
	start();
	PUT(MOVI(0, 0), LOCAL(3), LOCAL(2), LOCAL(1), EXIT, EXIT);
	assert_int_equal(run(3, &r0), 0);
	assert_int_equal(run(2, &r0), -ELOOP);
}

/* Loops that are seen to end need no fuel; those that look like it do. */
static void test_free_loops(void **state)
{
	static const struct {
		const char *what;
		struct seki_bpf_insn body[3];
		int stop;
	} loops[] = {
		{"counts to a limit and leaves",
		 {ALUI(ADD, 6, 2), JMPI(JGT, 6, 3000, 2), JMPI(JEQ, 7, 0, -3)},
		 0},
		{"counts to a limit and goes on below it",
		 {ALUI(ADD, 6, 2), ALUI(ADD, 8, 1), JMPI(JLT, 6, 3000, -3)},
		 0},
		{"of too many rounds",
		 {ALUI(ADD, 6, 1), ALUI(ADD, 8, 1), JMPI(JLT, 6, 30000, -3)},
		 -ELOOP},
		{"counts down",
		 {ALUI(ADD, 6, -2), JMPI(JGT, 7, 3000, 2), JMPI(JEQ, 7, 0, -3)},
		 -ELOOP},
		{"counts by nothing",
		 {ALUI(ADD, 6, 0), JMPI(JGT, 6, 3000, 2), JMPI(JEQ, 7, 0, -3)},
		 -ELOOP},
		{"in 32 bits",
		 {ALU32I(ADD, 6, 2), JMPI(JGT, 6, 3000, 2), JMPI(JEQ, 7, 0, -3)},
		 -ELOOP},
		{"waits for one number",
		 {ALUI(ADD, 6, 2), JMPI(JEQ, 6, 3000, 2), JMPI(JEQ, 7, 0, -3)},
		 -ELOOP},
		{"is set back", {ALUI(ADD, 6, 2), MOVI(6, 0), JMPI(JLT, 6, 3000, -3)}, -ELOOP},
		{"another counts", {ALUI(ADD, 8, 2), MOVI(9, 0), JMPI(JLT, 6, 3000, -3)}, -ELOOP},
		{"counting is passed by",
		 {JMPI(JEQ, 7, 0, 1), ALUI(ADD, 6, 2), JMPI(JLT, 6, 3000, -3)},
		 -ELOOP},
		{"the limit is beyond the sign",
		 {ALUI(ADD, 6, 2), MOVI(9, 0), JMPI(JLT, 6, -1, -3)},
		 -ELOOP},
		{"the limit is to stay above",
		 {ALUI(ADD, 6, 2), MOVI(9, 0), JMPI(JGE, 6, 2, -3)},
		 -ELOOP},
		{"calls", {ALUI(ADD, 6, 2), CALL(1), JMPI(JLT, 6, 3000, -3)}, -ELOOP},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(loops); i++) {
		uint64_t r0;
		int stop;

		start();
		PUT(MOVI(0, 0), MOVI(6, 0), MOVI(7, 0), MOVI(8, 0));
		for (int k = 0; k < 3; k++)
			put(loops[i].body[k]);
		PUT(MOVR(0, 6), EXIT);
		stop = run_code(20, &r0);
		if (stop != loops[i].stop)
			fail_msg("%s: %d", loops[i].what, stop);
	}
}

/* A loop of so many instructions, from its first to its last. */
static int run_long(uint32_t length)
{
	uint64_t r0;

	start();
	PUT(MOVI(0, 0), MOVI(6, 0), MOVI(8, 0), ALUI(ADD, 6, 1));
	for (uint32_t i = 2; i < length; i++)
		put((struct seki_bpf_insn)ALUI(ADD, 8, 1));
	put((struct seki_bpf_insn)JMPI(JLT, 6, 100, (int16_t)-length));
	put((struct seki_bpf_insn)EXIT);
	return run_code(20, &r0);
}

/* In long loops fuel costs little, and looking for an end much. */
static void test_loops_with_fuel(void **state)
{
	uint64_t r0;

	(void)state;
	assert_int_equal(run_long(129), 0);
	assert_int_equal(run_long(130), -ELOOP);
	/* Entered behind its start. */
	start();
	PUT(MOVI(0, 0), MOVI(6, 0), MOVI(8, 0), JMPI(JEQ, 0, 0, 1), ALUI(ADD, 6, 1),
	    ALUI(ADD, 8, 1), JMPI(JLT, 6, 100, -3), EXIT);
	assert_int_equal(run_code(20, &r0), -ELOOP);
	/* With calls, which may take long. */
	start();
	PUT(MOVI(0, 0), MOVI(6, 0), MOVI(9, 1), ALUI(ADD, 6, 1), CALLX(9), JMPI(JLT, 6, 100, -3),
	    EXIT);
	assert_int_equal(run_code(20, &r0), -ELOOP);
	start();
	PUT(MOVI(0, 0), MOVI(6, 0), ALUI(ADD, 6, 1), LOCAL(2), JMPI(JLT, 6, 10, -3), EXIT, EXIT);
	assert_int_equal(run_code(19, &r0), -ELOOP);
	assert_int_equal(run_code(20, &r0), 0);
	/* Of two that start as one, the outer one. */
	start();
	PUT(MOVI(0, 0), MOVI(6, 0), MOVI(8, 0), ALUI(ADD, 6, 1), JMPI(JLT, 6, 1000, -2), MOVI(6, 0),
	    ALUI(ADD, 8, 1), JMPI(JLT, 8, 100, -5), EXIT);
	assert_int_equal(run_code(20, &r0), -ELOOP);
	assert_int_equal(run_code(100, &r0), 0);
}

static void test_calls(void **state)
{
	uint64_t r0;

	(void)state;
	/* Seven deep is allowed; each frame has its own stack, and its caller's registers. */
	start();
	PUT(MOVI(6, 6), MOVI(7, 7), MOVI(8, 8), MOVI(9, 9), STI(DW, 10, -8, 77), MOVI(1, 7),
	    LOCAL(8), LD(DW, 1, 10, -8), ALUR(ADD, 0, 1), ALUR(ADD, 0, 6), ALUR(ADD, 0, 7),
	    ALUR(ADD, 0, 8), ALUR(ADD, 0, 9), ALUI(ADD, 0, 0), EXIT,
	    /* f: */ MOVR(6, 1), STR(DW, 10, -8, 1), MOVI(7, 70), ALUI(SUB, 1, 1), MOVI(0, 0),
	    JMPI(JEQ, 1, 0, 1), LOCAL(-7), LD(DW, 1, 10, -8), ALUR(ADD, 0, 1), ALUR(ADD, 0, 6),
	    EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 2 * (7 + 6 + 5 + 4 + 3 + 2 + 1) + 77 + 6 + 7 + 8 + 9);
	insns[5].imm = 8;
	assert_int_equal(run(FUEL, &r0), -ELOOP);
}

static void test_helpers(void **state)
{
	uint64_t r0;

	(void)state;
	for (int depth = 0; depth < 2; depth++)
		for (int keeps = 0; keeps < 5; keeps++) {
			start();
			if (depth)
				PUT(LOCAL(1), EXIT);
			for (int k = 0; k < keeps; k++)
				put((struct seki_bpf_insn)MOVI(6 + k, 60 + k));
			PUT(MOVI(1, 11), MOVI(2, 12), MOVI(3, 13), MOVI(4, 14), MOVI(5, -15),
			    CALL(1));
			for (int k = 0; k < keeps; k++)
				put((struct seki_bpf_insn)ALUR(ADD, 0, 6 + k));
			put((struct seki_bpf_insn)EXIT);
			assert_int_equal(run(FUEL, &r0), 0);
			assert_int_equal(r0, 105 + 60 * keeps + keeps * (keeps - 1) / 2);
			assert_true(aligned);
			assert_int_equal(args[0], 11);
			assert_int_equal(args[3], 14);
			assert_int_equal(args[4], (uint64_t)-15);
		}
}

static void test_stops(void **state)
{
	uint64_t r0;

	(void)state;
	start();
	PUT(MOVI(0, 1), CALL(3), EXIT);
	assert_int_equal(run(FUEL, &r0), -ENOBUFS);
	start();
	PUT(MOVI(6, 6), LOCAL(1), EXIT, MOVI(7, 1), LOCAL(1), EXIT, CALL(3), EXIT);
	assert_int_equal(run(FUEL, &r0), -ENOBUFS);
	start();
	PUT(CALL(2), EXIT);
	assert_int_equal(run(FUEL, &r0), -ENOSYS);
	start();
	PUT(CALL(4), EXIT);
	assert_int_equal(run(FUEL, &r0), -ENOSYS);
	start();
	PUT(CALL(60000), EXIT);
	assert_int_equal(run(FUEL, &r0), -ENOSYS);
	start();
	PUT(MAP(1, 0), MOVI(0, 0), EXIT);
	assert_int_equal(run(FUEL, &r0), -EFAULT);
}

static void test_callx(void **state)
{
	static const struct {
		uint64_t number;
		int stop;
	} calls[] = {{1, 0},	       {3, -ENOBUFS},
		     {0, -ENOSYS},     {2, -ENOSYS},
		     {4, -ENOSYS},     {1ull << 32 | 1, -ENOSYS},
		     {~0ull, -ENOSYS}, {(uint64_t)(uintptr_t)&note_args, -ENOSYS}};

	(void)state;
	for (unsigned int reg = 0; reg < 10; reg++)
		for (size_t i = 0; i < SEKI_COUNT(calls); i++) {
			struct seki_bpf_insn load[] = {LDDW(0, calls[i].number)};
			uint64_t r0;

			start();
			load[0].regs = (uint8_t)reg;
			put(load[0]);
			put(load[1]);
			put((struct seki_bpf_insn)CALLX(reg));
			put((struct seki_bpf_insn)EXIT);
			assert_int_equal(run(FUEL, &r0), calls[i].stop);
			if (!calls[i].stop)
				assert_int_equal(r0, 105);
		}
}

/* A comparison that has no need to compare, where it has. */
static void test_results_compared(void **state)
{
	uint64_t r0;

	(void)state;
	start(); /* what comes before it is jumped over */
	PUT(MOVI(0, 7), MOVI(3, 5), JMPI(JEQ, 2, 2, 1), ALUI(AND, 3, 8), JMPI(JEQ, 3, 0, 1), EXIT,
	    MOVI(0, 1), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 7);
	start(); /* the result is wanted */
	PUT(MOVI(0, 7), STI(W, 10, -8, 0x14), LD(W, 3, 10, -8), ALUI(AND, 3, 0x1c),
	    JMPI(JEQ, 3, 0, 1), MOVR(0, 3), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 0x14);
	start(); /* it is wider than what is compared */
	PUT(MOVI(0, 7), ALU32I(MOV, 3, INT32_MIN), ALUR(ADD, 3, 3), JMP32I(JEQ, 3, 0, 1),
	    MOVI(0, 1), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 7);
	start(); /* a number of 32 bits is compared with more of them */
	PUT(STI(W, 10, -8, INT32_MIN), STI(W, 10, -4, 1), LD(DW, 4, 10, -8), MOVI(0, 7),
	    ALU32I(MOV, 3, INT32_MIN), JMPR(JEQ, 4, 3, 1), EXIT, MOVI(0, 1), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 7);
}

/* Where paths meet, of which one has changed what was loaded. */
static void test_changed_on_one_path(void **state)
{
	uint64_t r0;

	(void)state;
	start();
	PUT(STI(H, 10, -8, 0x1234), LD(H, 3, 10, -8), JMPI(JEQ, 2, 3, 1), STI(H, 10, -8, 0x5678),
	    MOVR(0, 3), BSWAP(0, 16), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 0x3412);
	start(); /* a function that one also falls into, with another number */
	PUT(MOVI(3, 9), LOCAL(3), JMPI(JEQ, 0, 18, 1), EXIT, MOVI(3, 5), MOVR(0, 3),
	    ALUR(ADD, 0, 3), EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 10);
}

/* More code than one would think. */
static void test_large_code(void **state)
{
	uint64_t r0;

	(void)state;
	start();
	PUT(MOVI(6, 1));
	for (int i = 0; i < 500; i++)
		PUT(CALLX(6));
	PUT(EXIT);
	assert_int_equal(run(FUEL, &r0), 0);
	assert_int_equal(r0, 105);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_fuel),
		cmocka_unit_test(test_free_loops),
		cmocka_unit_test(test_loops_with_fuel),
		cmocka_unit_test(test_jump_lengths),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_callx),
		cmocka_unit_test(test_large_code),
		cmocka_unit_test(test_results_compared),
		cmocka_unit_test(test_changed_on_one_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
