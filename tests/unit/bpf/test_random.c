// SPDX-License-Identifier: Apache-2.0
/* Some ten thousand random programs against the verifier's promises; fuzz_verifier has more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/fuzz/bpf/checked.h"

static void test_random_programs(void **state)
{
	const char *count = getenv("SEKISHO_PROGRAMS");
	uint64_t programs = count ? strtoull(count, NULL, 10) : 40000, accepted = 0;

	(void)state;
	for (uint64_t i = 0; i < programs; i++) {
		struct choices c = choices_of((const uint8_t *)&i, sizeof(i));

		c.at = c.len; /* the number is a seed, no choices */
		accepted += check_random_program(&c) == ACCEPTED;
	}
	print_message("%lu programs tried, %lu accepted and run\n", (unsigned long)programs,
		      (unsigned long)accepted);
	assert_true(accepted > programs / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_programs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
