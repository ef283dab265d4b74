// SPDX-License-Identifier: Apache-2.0
/* How long an end looks before it sleeps: what it learns, and that looking in vain is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ring/spin.h"

#define US 1000ull
#define MS 1000000ull

static const struct seki_spin_limits limits = {
	.few = 4, .few_ns = 200 * US, .many_ns = 20 * US, .share = 8};

/* Work comes `gap` after the last: found by looking where the window reaches. Returns whether. */
static bool wait_for(struct seki_spin *s, uint64_t *now, uint32_t packets, uint64_t gap)
{
	uint64_t budget = seki_spin_begin(s, *now, packets);
	bool found = gap < budget;

	if (!found && budget)
		seki_spin_vain(s, *now + budget);
	*now += gap;
	seki_spin_end(s, *now, found);
	return found;
}

static void packets_one_by_one_are_found(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS;

	(void)state;
	seki_spin_init(&s, &limits);
	for (int i = 0; i < 1000; i++)
		assert_true(wait_for(&s, &now, 1, 30 * US));
	/* The window came down to what is needed, with some to spare. */
	assert_in_range(s.window_ns[0], 60 * US, 70 * US);
	/* It comes up again at once where they take longer. */
	assert_false(wait_for(&s, &now, 1, 90 * US));
	assert_true(wait_for(&s, &now, 1, 90 * US));
}

static void rare_packets_are_not_looked_for(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS;

	(void)state;
	seki_spin_init(&s, &limits);
	for (int i = 0; i < 10; i++)
		assert_false(wait_for(&s, &now, 1, 5 * MS));
	assert_int_equal(s.window_ns[0], 0);
	assert_int_equal(seki_spin_begin(&s, now, 1), 0);
	now += 50 * US; /* a burst begins */
	seki_spin_end(&s, now, false);
	assert_true(wait_for(&s, &now, 1, 50 * US));
}

static void many_at_once_are_looked_for_less(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS;

	(void)state;
	seki_spin_init(&s, &limits);
	assert_int_equal(seki_spin_begin(&s, now, 32), 20 * US);
	seki_spin_end(&s, now, true);
	for (int i = 0; i < 10; i++)
		assert_false(wait_for(&s, &now, 32, 100 * US));
	assert_int_equal(seki_spin_begin(&s, now, 32), 0);
	assert_int_equal(seki_spin_begin(&s, now, 1), 200 * US); /* of few, nothing was learnt */
	for (int i = 0; i < 100; i++)
		wait_for(&s, &now, 32, 1 * US);
	assert_true(wait_for(&s, &now, 32, 1 * US));
}

/* Work that comes within a microsecond, but for a gap now and then, as of an interrupt: few sleeps. */
static void a_short_gap_is_bridged(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS;

	(void)state;
	seki_spin_init(&s, &limits);
	for (int i = 0; i < 1000; i++)
		assert_true(wait_for(&s, &now, 32, i % 100 == 99 ? 10 * US : 1 * US));
}

/* A sleep takes long because of the sleep: one must not bring on the next. */
static void a_sleep_is_not_followed_by_more(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS;

	(void)state;
	seki_spin_init(&s, &limits);
	for (int i = 0; i < 10; i++)
		assert_false(wait_for(&s, &now, 32, 200 * US));
	assert_false(wait_for(&s, &now, 32, 31 * US)); /* it came after 1 us, and woke it up */
	assert_true(wait_for(&s, &now, 32, 1 * US));
}

/* A peer that lets each packet come just after the window: an eighth of the time, and what was saved up. */
static void looking_in_vain_is_bounded(void **state)
{
	struct seki_spin s;
	uint64_t now = 1000 * MS, start = now, spent = 0;

	(void)state;
	seki_spin_init(&s, &limits);
	while (now - start < 1000 * MS) {
		uint64_t budget = seki_spin_begin(&s, now, 1);

		seki_spin_vain(&s, now + budget);
		spent += budget;
		now += s.window_ns[0] + 1;
		seki_spin_end(&s, now, false);
	}
	assert_in_range(spent, 50 * MS, 130 * MS);
}

/* Where success counts, too, so is a peer that answers within the window, always. */
static void looking_with_success_can_be_bounded(void **state)
{
	const struct seki_spin_limits strict = {
		.few = 8, .few_ns = 50 * US, .share = 4, .count_success = true};
	struct seki_spin s;
	uint64_t now = 1000 * MS, start = now, spent = 0;

	(void)state;
	seki_spin_init(&s, &strict);
	assert_int_equal(seki_spin_begin(&s, now, 9), 0);
	seki_spin_end(&s, now, false);
	while (now - start < 1000 * MS) {
		uint64_t budget = seki_spin_begin(&s, now, 1);
		bool found = budget > 20 * US;

		spent += found ? 20 * US : budget;
		if (!found)
			seki_spin_vain(&s, now + budget);
		now += 20 * US;
		seki_spin_end(&s, now, found);
	}
	assert_in_range(spent, 100 * MS, 260 * MS);
}

static void clocks_may_do_anything(void **state)
{
	static const uint64_t times[] = {0, UINT64_MAX, 5, 1ull << 63, 0, 1000 * MS};
	struct seki_spin s;

	(void)state;
	seki_spin_init(&s, &limits);
	seki_spin_end(&s, 77, true); /* none began */
	for (size_t i = 0; i < 36; i++) {
		assert_true(seki_spin_begin(&s, times[i / 6], 1) <= 200 * US);
		seki_spin_vain(&s, times[i % 6]);
		seki_spin_end(&s, times[i % 6], i & 1);
		assert_true(s.window_ns[0] <= 200 * US);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_one_by_one_are_found),
		cmocka_unit_test(rare_packets_are_not_looked_for),
		cmocka_unit_test(many_at_once_are_looked_for_less),
		cmocka_unit_test(a_short_gap_is_bridged),
		cmocka_unit_test(a_sleep_is_not_followed_by_more),
		cmocka_unit_test(looking_in_vain_is_bounded),
		cmocka_unit_test(looking_with_success_can_be_bounded),
		cmocka_unit_test(clocks_may_do_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
