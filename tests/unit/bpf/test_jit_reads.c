// SPDX-License-Identifier: Apache-2.0
/*
 * What compiled code may not take for granted: that memory stays as it was read, while other threads
 * change it; that the entry is come to only once; that whoever wrote the program wants it compiled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "core/base/check.h"
#include "lib/bpf/code.h"
#include "tests/unit/bpf/asm.h"

#define INSNS 65536
#define RUNS  100000
#define WORDS (32 << 10)

static struct seki_bpf_insn insns[INSNS];
static struct seki_bpf_op ops[INSNS];
static uint32_t n;
static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
static struct seki_bpf_code code;

static void put(struct seki_bpf_insn insn)
{
	insns[n++] = insn;
}

#define PUT(...) put((struct seki_bpf_insn)__VA_ARGS__)

static void compile(uint32_t entry)
{
	struct seki_jit_input in = {.ops = ops, .n = n, .entry = entry, .packet_at = -1};
	struct seki_bpf_fault fault;

	if (seki_bpf_decode(insns, n, ops, &fault))
		fail_msg("insn %u: %s", fault.insn, fault.why);
	assert_int_equal(seki_bpf_code_make(&in, 0, &code), 0);
}

static uint64_t run(const void *memory)
{
	struct seki_bpf_vm vm = {.ops = ops, .stack = stack, .fuel = 1000};
	uint64_t r0 = code.run(&vm, (uint64_t)(uintptr_t)memory, 0);

	assert_int_equal(vm.stop, 0);
	return r0;
}

static uint32_t shared;
static bool done;

static void *change(void *arg)
{
	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		__atomic_store_n(&shared, 5, __ATOMIC_RELAXED);
		__atomic_store_n(&shared, 0x00070005, __ATOMIC_RELAXED);
	}
	return arg;
}

/* The program returns 0 whatever the word is, if it is one word at a time. */
static void run_while_it_changes(void)
{
	pthread_t thread;
	uint64_t r0 = 0;

	PUT(EXIT);
	compile(0);
	done = false;
	assert_int_equal(pthread_create(&thread, NULL, change, NULL), 0);
	for (uint32_t i = 0; !r0 && i < RUNS; i++)
		r0 = run(&shared);
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	seki_bpf_code_free(&code);
	assert_int_equal(r0, 0);
}

static void waste_time(void)
{
	PUT(MOVR(5, 1));
	for (int i = 0; i < 1000; i++)
		PUT(ALUR(MUL, 5, 5));
	PUT(STR(DW, 10, -64, 5));
}

static void test_compared(void **state)
{
	(void)state;
	n = 0;
	PUT(LD(W, 2, 1, 0));
	PUT(MOVI(0, 0));
	waste_time();
	PUT(JMPI(JGT, 2, 255, 2));
	PUT(MOVR(0, 2));
	PUT(ALUI(RSH, 0, 16));
	run_while_it_changes();
}

static void test_copied(void **state)
{
	(void)state;
	n = 0;
	PUT(LD(H, 2, 1, 0));
	PUT(LD(H, 3, 1, 2));
	PUT(MOVI(0, 0));
	waste_time();
	PUT(JMPI(JNE, 3, 0, 3));
	PUT(STR(H, 10, -8, 2));
	PUT(STR(H, 10, -6, 3));
	PUT(LD(H, 0, 10, -6));
	run_while_it_changes();
}

static void test_taken_apart(void **state)
{
	(void)state;
	n = 0;
	PUT(LD(W, 2, 1, 0));
	PUT(MOVR(3, 2));
	PUT(ALUI(RSH, 3, 16));
	waste_time();
	PUT(MOVR(0, 2));
	PUT(BSWAP(0, 32));
	PUT(ALUI(AND, 0, 0xffff));
	PUT(BSWAP(0, 16));
	PUT(ALUR(SUB, 0, 3));
	run_while_it_changes();
}

/* Where the program starts, r1 is the caller's; the second time it is the stack. */
static void test_entry_again(void **state)
{
	static uint8_t memory[16];

	(void)state;
	n = 0;
	PUT(MOVR(1, 10));
	PUT(ALUI(ADD, 1, -8));
	PUT(MOVI(2, 1));
	PUT(STI(H, 10, -8, 0x1155)); /* the entry */
	PUT(LD(H, 3, 10, -8));
	PUT(STI(H, 1, 0, 0x2222));
	PUT(MOVR(0, 3));
	PUT(BSWAP(0, 16));
	PUT(JMPI(JEQ, 2, 0, -9));
	PUT(EXIT);
	compile(3);
	assert_int_equal(run(memory), 0x5511);
	seki_bpf_code_free(&code);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A long loop with a limit in each of its instructions, and one with many ends. */
static void test_compile_time(void **state)
{
	double start = seconds();

	(void)state;
	for (int limits = 0; limits < 2; limits++) {
		n = 0;
		for (int i = 0; i < WORDS; i++)
			PUT(ALUI(ADD, 1, 1));
		for (int i = 1; i < WORDS; i++)
			if (limits)
				PUT(JMPI(JGT, 2, 5, (int16_t)(WORDS - 1 - i)));
			else
				PUT(JMPI(JEQ, 2, i, (int16_t)-WORDS));
		PUT(EXIT);
		if (limits) { /* as far back as a jump can reach */
			insns[n - 2] = (struct seki_bpf_insn)ALUI(ADD, 2, 1);
			insns[n - 3] = (struct seki_bpf_insn)JMPI(JLT, 2, 5, -32768);
		}
		compile(0);
		seki_bpf_code_free(&code);
	}
	assert_true(seconds() - start < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compared),     cmocka_unit_test(test_copied),
		cmocka_unit_test(test_taken_apart),  cmocka_unit_test(test_entry_again),
		cmocka_unit_test(test_compile_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
