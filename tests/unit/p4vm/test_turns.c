/* SPDX-License-Identifier: Apache-2.0 */
/* Which queues a worker looks into: each that has something, soon, and few others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "p4vm/turns.h"

#define BATCH 32u

static struct seki_turns t;
static uint32_t tails[SEKI_TURNS_MAX];

static int setup(void **state)
{
	(void)state;
	t = (struct seki_turns){.n = 0};
	for (uint32_t i = 0; i < SEKI_TURNS_MAX; i++)
		tails[i] = 0;
	return 0;
}

static void add(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		seki_turns_add(&t, &tails[i]);
}

/* A round as the worker makes it: a batch of each that has one. Returns how many queues were looked into. */
static uint32_t go_round(void)
{
	uint32_t work = 0, looked = 0, i = SEKI_TURNS_MAX;

	seki_turns_look(&t);
	while ((i = seki_turns_next(&t, i)) < SEKI_TURNS_MAX) {
		uint32_t n;

		looked++;
		if (!seki_turns_due(&t, i))
			continue;
		n = tails[i] - t.at[i].head;
		n = n < BATCH ? n : BATCH;
		t.at[i].head += n;
		work += n;
	}
	t.packets = work;
	return looked;
}

static void cool_all(void)
{
	for (uint32_t i = 0; i < 16; i++)
		go_round();
	assert_int_equal(seki_turns_next(&t, SEKI_TURNS_MAX), SEKI_TURNS_MAX);
}

static void test_idle_queues_are_not_looked_into(void **state)
{
	(void)state;
	add(SEKI_TURNS_MAX);
	cool_all();
	assert_int_equal(go_round(), 0);
	tails[77] = 1;
	assert_int_equal(go_round(), 1);
	assert_false(seki_turn_ready(&t.at[77]));
}

/* Whatever number it has, and however much another one sends, its packet is taken within as many rounds. */
static void test_flood_starves_nobody(void **state)
{
	const uint32_t flood = 3, rounds = SEKI_TURNS_MAX / (BATCH / 4) + 1;

	(void)state;
	add(SEKI_TURNS_MAX);
	cool_all();
	for (uint32_t i = 0; i < SEKI_TURNS_MAX; i++) {
		uint32_t n = 0;

		if (i == flood)
			continue;
		tails[i]++;
		for (; seki_turn_ready(&t.at[i]); n++) {
			tails[flood] = t.at[flood].head + 512;
			go_round();
		}
		assert_in_range(n, 1, rounds);
	}
}

static void test_all_floods_take_turns(void **state)
{
	(void)state;
	add(100);
	for (uint32_t round = 1; round < 50; round++) {
		for (uint32_t i = 0; i < 100; i++)
			tails[i] = t.at[i].head + 512;
		go_round();
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(t.at[i].head, round * BATCH);
	}
}

static void test_waiting_packets_keep_it_warm(void **state)
{
	(void)state;
	add(2);
	t.at[1].waiting = true;
	for (uint32_t i = 0; i < 100; i++)
		go_round();
	assert_int_equal(seki_turns_next(&t, SEKI_TURNS_MAX), 1);
	assert_int_equal(seki_turns_next(&t, 1), SEKI_TURNS_MAX);
}

static void test_last_gets_the_number_of_who_goes(void **state)
{
	(void)state;
	add(130);
	cool_all();
	tails[129] = 5;
	seki_turns_look(&t);
	seki_turns_remove(&t, 64);
	assert_int_equal(t.n, 129);
	assert_ptr_equal(t.at[64].tail, &tails[129]);
	assert_int_equal(seki_turns_next(&t, SEKI_TURNS_MAX), 64);
	assert_int_equal(seki_turns_next(&t, 64), SEKI_TURNS_MAX);
	seki_turns_remove(&t, 64); /* a cold one comes there */
	assert_int_equal(seki_turns_next(&t, SEKI_TURNS_MAX), SEKI_TURNS_MAX);
	while (t.n)
		seki_turns_remove(&t, 0);
	go_round();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_idle_queues_are_not_looked_into),
		TEST(test_flood_starves_nobody),
		TEST(test_all_floods_take_turns),
		TEST(test_waiting_packets_keep_it_warm),
		TEST(test_last_gets_the_number_of_who_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
