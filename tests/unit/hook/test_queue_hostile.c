// SPDX-License-Identifier: Apache-2.0
/* Two million steps of a P4 VM that lies in every way: no packet is lost, doubled or out of bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/hook/liar.h"

#define RUNS  40
#define STEPS 50000

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static void a_lying_p4vm(void **state)
{
	uint64_t random = 0x6c69617221ull;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		struct liar *l = liar_create();

		for (int i = 0; i < STEPS; i++)
			liar_step(l, next(&random));
		liar_destroy(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_lying_p4vm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
