// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier against tables: of unsafe programs, each rejected for its reason and at its place; of
 * safe programs, each accepted and run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/check.h"
#include "tests/unit/bpf/judge.h"

static const struct unsafe_program *const unsafe[] = {
	unsafe_programs, unsafe_flow_programs, unsafe_loops, unsafe_code,
	unsafe_cve,	 unsafe_meet,	       unsafe_ties,  unsafe_low};
static const struct safe_program *const safe[] = {safe_programs, safe_numbers, safe_shapes,
						  safe_loops, safe_low};

static bool is_rejected(const struct unsafe_program *p)
{
	static struct judgement j;

	judge_insns(p->insns, &j);
	if (!j.err)
		print_error("accepted: %s\n", p->name);
	else if (!strstr(j.reason, p->why) || j.rejection.insn != p->at)
		print_error("%s: rejected at %u because \"%s\" (%s), not at %u because \"%s\"\n",
			    p->name, j.rejection.insn, j.reason, j.rejection.values, p->at, p->why);
	else
		return true;
	return false;
}

static bool is_accepted(const struct safe_program *p)
{
	static struct judgement j;
	const char *wrong;

	judge_insns(p->insns, &j);
	if (j.err) {
		print_error("%s: rejected at %u: %s (%s)\n", p->name, j.rejection.insn, j.reason,
			    j.rejection.values);
		return false;
	}
	wrong = run_judged(p, &j);
	if (wrong)
		print_error("%s: %s\n", p->name, wrong);
	return !wrong;
}

static void test_unsafe(void **state)
{
	unsigned int n = 0, wrong = 0;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(unsafe); i++)
		for (const struct unsafe_program *p = unsafe[i]; p->name; p++, n++)
			wrong += !is_rejected(p);
	print_message("%u unsafe programs, %u not rejected as they should\n", n, wrong);
	assert_int_equal(wrong, 0);
	assert_true(n >= 250);
}

static void test_safe(void **state)
{
	unsigned int n = 0, wrong = 0;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(safe); i++)
		for (const struct safe_program *p = safe[i]; p->name; p++, n++)
			wrong += !is_accepted(p);
	print_message("%u safe programs, %u not accepted or run as they should\n", n, wrong);
	assert_int_equal(wrong, 0);
	assert_true(n >= 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_unsafe),
					   cmocka_unit_test(test_safe)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
