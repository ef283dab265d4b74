// SPDX-License-Identifier: Apache-2.0
/* Keys that another run of the program changes while a map's entry is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>

#include "tests/unit/bpf/maps.h"

#define ROUNDS	  20000
#define KEY_WORDS 64

static uint64_t key[KEY_WORDS];
static bool done;

static void *change(void *arg)
{
	for (uint64_t i = 0; !__atomic_load_n(&done, __ATOMIC_RELAXED); i++) {
		__atomic_store_n(&key[0], i & 3, __ATOMIC_RELAXED);
		__atomic_store_n(&key[KEY_WORDS - 1], i & 3, __ATOMIC_RELAXED);
	}
	return arg;
}

/* Whatever keys came of it: each is found, listed once, and can be removed. */
static void check_and_empty(struct seki_bpf_map *map)
{
	uint64_t at[KEY_WORDS], next[KEY_WORDS];
	uint32_t n = 0;
	int err;

	for (err = seki_bpf_map_next(map, NULL, next); !err;
	     err = seki_bpf_map_next(map, at, next)) {
		assert_true(++n <= seki_bpf_map_count(map));
		assert_non_null(find(map, next));
		memcpy(at, next, sizeof(at));
	}
	assert_int_equal(n, seki_bpf_map_count(map));
	while (!seki_bpf_map_next(map, NULL, next))
		assert_int_equal(seki_bpf_map_remove(map, next, 0), 0);
	assert_int_equal(seki_bpf_map_count(map), 0);
	seki_bpf_map_reclaim(map);
}

static void play(uint32_t type)
{
	const struct seki_map_def def = {type, sizeof(key), 16, 16, 0};
	struct seki_bpf_map *map = make_map(&def, 0);
	const uint64_t value[2] = {1, 2};
	pthread_t thread;

	done = false;
	assert_int_equal(pthread_create(&thread, NULL, change, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		put(map, key, value);
		if (i % 4 == 3)
			check_and_empty(map);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	drop_map(map);
}

static void test_changing_keys(void **state)
{
	(void)state;
	play(SEKI_MAP_HASH);
	play(SEKI_MAP_LRU_HASH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_changing_keys)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
