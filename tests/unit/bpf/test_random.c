// SPDX-License-Identifier: Apache-2.0
/* Some thousand random programs against the verifier's promises; diff_bpf and fuzz_verifier have
 * more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/fuzz/bpf/checked.h"

static uint64_t programs(void)
{
	const char *count = getenv("SEKISHO_PROGRAMS");

	return count ? strtoull(count, NULL, 10) : 6000;
}

/* Up to n programs, as many as 3 seconds allow. */
static void try_kind(enum kind kind, uint64_t n)
{
	clock_t end = clock() + 3 * CLOCKS_PER_SEC;

	tally = (struct tally){0};
	for (uint64_t i = 0; i < n && clock() < end; i++) {
		struct choices c = choices_seeded(i);

		check_random_program(&c, kind);
	}
	print_message(
		"%lu programs tried, %lu accepted as they were, %lu after repair, %lu mutants "
		"accepted, %lu with loops\n",
		(unsigned long)tally.tried, (unsigned long)tally.whole,
		(unsigned long)tally.repaired, (unsigned long)tally.mutants_accepted,
		(unsigned long)tally.loops);
	assert_true(tally.whole + tally.repaired > tally.tried / 2);
}

static void test_wild(void **state)
{
	(void)state;
	try_kind(KIND_WILD, programs());
}

static void test_typed(void **state)
{
	(void)state;
	try_kind(KIND_TYPED, programs());
}

static void test_neutral(void **state)
{
	(void)state;
	try_kind(KIND_NEUTRAL, programs());
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wild),
					   cmocka_unit_test(test_typed),
					   cmocka_unit_test(test_neutral)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
