// SPDX-License-Identifier: Apache-2.0
/*
 * What a guarded run of the interpreter refuses: every access, call and number of rounds that is one
 * beyond what it may do, and nothing that is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/interp.h"
#include "tests/unit/bpf/asm.h"

#define INSNS_MAX 24

/* r1 points to 16 bytes to read and write, then 8 to read only, then 8 to write only. */
#define READ_ONLY  16
#define WRITE_ONLY 24
#define MEMORY	   32

static uint8_t room[3 * MEMORY] __attribute__((aligned(16)));
static uint8_t *const memory = room + MEMORY; /* the stack is not next to it */
static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
static uint8_t stack_set[SEKI_BPF_STACK_BYTES];
static struct seki_bpf_vm vm;
static uint64_t given; /* to the helper */

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	uint64_t at = addr - (uint64_t)(uintptr_t)memory;

	(void)arg;
	return write ? seki_in_range(at, len, READ_ONLY) || (at == WRITE_ONLY && len == 8)
		     : seki_in_range(at, len, WRITE_ONLY);
}

static bool allows_call(void *arg, int64_t number, const uint64_t args[5])
{
	(void)arg, (void)number;
	return args[0] != 7;
}

static uint64_t helper(struct seki_bpf_vm *self, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
		       uint64_t a5)
{
	(void)a2, (void)a3, (void)a4, (void)a5;
	given = a1;
	if (a1 == 8)
		self->stop = -EPERM;
	return 0;
}

static int run(const struct seki_bpf_insn *insns, uint32_t n, uint64_t max_insns)
{
	static const seki_bpf_helper helpers[] = {NULL, helper};
	static uint64_t maps[] = {1};
	static struct seki_bpf_op ops[INSNS_MAX];
	struct seki_bpf_guard guard = {.allows = allows,
				       .allows_call = allows_call,
				       .stack_set = stack_set,
				       .max_insns = max_insns};
	struct seki_bpf_fault fault;
	uint64_t r0;

	assert_int_equal(seki_bpf_decode(insns, n, ops, &fault), 0);
	memset(stack_set, 0, sizeof(stack_set));
	vm = (struct seki_bpf_vm){.ops = ops,
				  .stack = stack,
				  .maps = maps,
				  .n_maps = SEKI_COUNT(maps),
				  .helpers = helpers,
				  .n_helpers = SEKI_COUNT(helpers),
				  .guard = &guard};
	return seki_bpf_interp(&vm, (uint64_t)(uintptr_t)memory, 0, &r0);
}

struct refusal {
	const char *what;
	struct seki_bpf_insn insns[INSNS_MAX];
	int err;
};

static const struct refusal refusals[] = {
	{"reads the last bytes", {LD(DW, 0, 1, 16), EXIT}, 0},
	{"reads one beyond", {LD(DW, 0, 1, 17), EXIT}, -EFAULT},
	{"reads one before", {LD(B, 0, 1, -1), EXIT}, -EFAULT},
	{"reads what is to be written only", {LD(DW, 0, 1, 24), EXIT}, -EFAULT},
	{"writes the last bytes", {STI(DW, 1, 8, 0), EXIT}, 0},
	{"writes one beyond", {STI(DW, 1, 9, 0), EXIT}, -EFAULT},
	{"writes one before", {STI(B, 1, -1, 0), EXIT}, -EFAULT},
	{"writes a register one beyond", {STR(W, 1, 13, 1), EXIT}, -EFAULT},
	{"atomic", {ATOMIC(DW, 1, 8, 1, 0), EXIT}, 0},
	{"atomic one beyond", {ATOMIC(DW, 1, 16, 1, 0), EXIT}, -EFAULT},
	{"atomic, not aligned", {ATOMIC(W, 1, 2, 1, 0), EXIT}, -EFAULT},
	{"atomic on what is to be written only", {ATOMIC(DW, 1, 24, 1, 0), EXIT}, -EFAULT},
	{"stack", {STI(DW, 10, -512, 0), LD(DW, 0, 10, -512), EXIT}, 0},
	{"stack, not written", {LD(B, 0, 10, -1), EXIT}, -EFAULT},
	{"stack, half written", {STI(W, 10, -8, 0), LD(DW, 0, 10, -8), EXIT}, -EFAULT},
	{"stack, its other half written", {STI(W, 10, -4, 0), LD(DW, 0, 10, -8), EXIT}, -EFAULT},
	{"below the stack", {STI(B, 10, -513, 0), EXIT}, -EFAULT},
	{"atomic on stack that was not written", {ATOMIC(DW, 10, -8, 1, 0), EXIT}, -EFAULT},
	{"stack that another function wrote",
	 {RAW(0x85, 0, 1, 0, 2), RAW(0x85, 0, 1, 0, 3), EXIT, STI(DW, 10, -8, 0), EXIT,
	  LD(DW, 0, 10, -8), EXIT},
	 -EFAULT},
	{"map", {MAP(1, 0), EXIT}, 0},
	{"map that is not there", {MAP(1, 1), EXIT}, -EFAULT},
	{"helper", {CALL(1), EXIT}, 0},
	{"helper that is not there", {CALL(0), EXIT}, -ENOSYS},
	{"helper behind the last", {CALL(2), EXIT}, -ENOSYS},
	{"helper before the first", {CALL(-1), EXIT}, -ENOSYS},
	{"helper by a register, not there", {MOVI(3, 2), CALLX(3), EXIT}, -ENOSYS},
	{"helper with what it must not have", {MOVI(1, 7), CALL(1), EXIT}, -EFAULT},
	{"helper by a register, with that", {MOVI(1, 7), MOVI(3, 1), CALLX(3), EXIT}, -EFAULT},
	{"helper that stops it", {MOVI(1, 8), CALL(1), JA(-2), EXIT}, -EPERM},
	{"eight frames",
	 {MOVI(1, 6), RAW(0x85, 0, 1, 0, 1), EXIT, MOVI(0, 0), JMPI(JEQ, 1, 0, 2), ALUI(ADD, 1, -1),
	  RAW(0x85, 0, 1, 0, -4), EXIT},
	 0},
	{"nine frames",
	 {MOVI(1, 7), RAW(0x85, 0, 1, 0, 1), EXIT, MOVI(0, 0), JMPI(JEQ, 1, 0, 2), ALUI(ADD, 1, -1),
	  RAW(0x85, 0, 1, 0, -4), EXIT},
	 -ELOOP},
};

/* They end in the last EXIT. */
static uint32_t length(const struct seki_bpf_insn *insns)
{
	uint32_t n = INSNS_MAX;

	while (insns[n - 1].opcode != 0x95)
		n--;
	return n;
}

static void what_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(refusals); i++) {
		int err = run(refusals[i].insns, length(refusals[i].insns), 1000);

		assert_int_not_equal(given, 7);
		if (err != refusals[i].err)
			fail_msg("%s: %d, not %d", refusals[i].what, err, refusals[i].err);
	}
}

static void how_long_it_may_run(void **state)
{
	const struct seki_bpf_insn loop[] = {JA(-1)};
	const struct seki_bpf_insn calls[] = {RAW(0x85, 0, 1, 0, 1), EXIT, MOVI(0, 0), EXIT};
	const struct seki_bpf_insn line[] = {MOVI(0, 0), MOVI(0, 1), EXIT};

	(void)state;
	assert_int_equal(run(loop, SEKI_COUNT(loop), 9), -ELOOP);
	assert_int_equal(vm.insns, 9);
	assert_int_equal(run(calls, SEKI_COUNT(calls), 4), 0);
	assert_int_equal(run(calls, SEKI_COUNT(calls), 1), -ELOOP);
	assert_int_equal(vm.insns, 1);
	assert_int_equal(run(line, SEKI_COUNT(line), 3), 0);
	assert_int_equal(run(line, SEKI_COUNT(line), 2), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_refused),
					   cmocka_unit_test(how_long_it_may_run)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
