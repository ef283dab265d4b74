// SPDX-License-Identifier: Apache-2.0
/* Random words in every shared field, a million steps: no crash, nothing out of bounds, no hang. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ring/hostile.h"

#define STEPS 2000000

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static void random_words(void **state)
{
	struct hostile *h = hostile_create();
	uint64_t random = 0x73656b6973686f21ull;

	(void)state;
	for (int i = 0; i < STEPS; i++)
		hostile_step(h, next(&random));
	hostile_destroy(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
