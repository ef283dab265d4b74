// SPDX-License-Identifier: Apache-2.0
/* The share of CPU time: over any time, no more than it says and not much less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "p4vm/budget.h"

#define MS 1000000ull
#define S  1000000000ull

/* A worker that uses all it may, in runs of `run` ns, for `time` ns; returns what it used. */
static uint64_t use(struct seki_budget *b, uint64_t run, uint64_t time)
{
	uint64_t now = 5 * S, end = now + time, used = 0, last = 0;

	while (now < end) {
		uint64_t wait = seki_budget_take(b, last, now);

		last = 0;
		now += wait ? seki_min(wait, 5 * MS) : run;
		if (wait)
			continue;
		last = run;
		used += run;
	}
	return used;
}

static void holds_to_its_share(void **state)
{
	static const uint32_t shares[] = {10, 100, 500, 900, 1000};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(shares); i++) {
		for (uint64_t run = 10000; run <= 4 * MS; run *= 20) {
			struct seki_budget b;
			uint64_t used, share = shares[i] * (10 * S / 1000);

			seki_budget_init(&b, shares[i]);
			used = use(&b, run, 10 * S);
			assert_true(used <= share + SEKI_BUDGET_BURST_NS + run);
			assert_true(used >= share * 9 / 10);
		}
	}
}

static void idle_time_is_not_saved_up(void **state)
{
	struct seki_budget b;

	(void)state;
	seki_budget_init(&b, 500);
	assert_int_equal(seki_budget_take(&b, 0, 1000 * S), 0);
	assert_int_equal(seki_budget_take(&b, SEKI_BUDGET_BURST_NS, 2000 * S), 0);
	assert_int_equal(seki_budget_take(&b, 10 * MS, 2000 * S), 20 * MS + 1);
}

/* A clock that stands, goes back or leaps, and times that no thread can have used. */
static void odd_times_do_no_harm(void **state)
{
	struct seki_budget b;

	(void)state;
	seki_budget_init(&b, 500);
	seki_budget_take(&b, 0, UINT64_MAX);
	seki_budget_take(&b, UINT64_MAX, 0);
	assert_true(seki_budget_take(&b, 0, 0) <= 200 * S);
	seki_budget_init(&b, 1024000);
	assert_int_equal(seki_budget_take(&b, 0, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_to_its_share),
		cmocka_unit_test(idle_time_is_not_saved_up),
		cmocka_unit_test(odd_times_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
