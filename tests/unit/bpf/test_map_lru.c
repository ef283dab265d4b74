// SPDX-License-Identifier: Apache-2.0
/* LRU hash maps: never full, and what was used lately stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/bpf/maps.h"

/* A value says what key it is of. */
static void add(struct seki_bpf_map *map, uint32_t key)
{
	uint64_t value = key * 3ull;

	assert_int_equal(put(map, &key, &value), 0);
}

static bool use(struct seki_bpf_map *map, uint32_t key)
{
	const uint64_t *value = find(map, &key);

	if (value)
		assert_int_equal(*value, key * 3ull);
	return value;
}

static bool has(struct seki_bpf_map *map, uint32_t key)
{
	uint64_t value;

	return !seki_bpf_map_read(map, &key, &value, PLANE);
}

/* No more keys than entries: none ever goes. */
static void test_working_set_stays(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LRU_HASH, 4, 8, 1000, 0};
	struct seki_bpf_map *map = make_map(&def, 1);

	(void)state;
	srand(1);
	for (uint32_t key = 0; key < 1000; key++)
		add(map, key);
	for (int i = 0; i < 100000; i++) {
		uint32_t key = (uint32_t)rand() % 1000;

		if (rand() % 4)
			assert_true(use(map, key));
		else
			add(map, key);
		if (rand() % 16 == 0) {
			assert_int_equal(seki_bpf_map_remove(map, &key, 0), 0);
			add(map, key);
		}
	}
	assert_int_equal(seki_bpf_map_count(map), 1000);
	drop_map(map);
}

/* Keys in use stay beside a stream of others that are used once, whose newest stay as well. */
static void keep_some(uint32_t entries, uint32_t in_use, uint32_t stream)
{
	struct seki_map_def def = {SEKI_MAP_LRU_HASH, 4, 8, entries, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	uint32_t other = 1u << 20;

	for (uint32_t key = 0; key < in_use; key++)
		add(map, key);
	for (uint32_t i = 0; i < stream; i++, other++) {
		/* Each is used while half of what is not in use is replaced. */
		uint32_t rounds = (entries - in_use) / 2;

		if (i % (rounds ? rounds : 1) == 0)
			for (uint32_t key = 0; key < in_use; key++)
				assert_true(use(map, key));
		add(map, other);
		assert_true(has(map, other));
		assert_true(seki_bpf_map_count(map) <= entries);
	}
	for (uint32_t key = 0; key < in_use; key++)
		assert_true(use(map, key));
	assert_int_equal(seki_bpf_map_count(map), entries);
	drop_map(map);
}

static void test_what_is_used_stays(void **state)
{
	(void)state;
	keep_some(2, 1, 1000);
	keep_some(100, 50, 5000);
	keep_some(100, 90, 5000);
	keep_some(1000, 900, 5000);
	keep_some(20000, 10000, 30000);
}

/* All of a large map in use: something has to go, soon, and only one at a time. */
static void test_all_in_use(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LRU_HASH, 4, 8, 50000, 0};
	struct seki_bpf_map *map = make_map(&def, 1);

	(void)state;
	for (uint32_t key = 0; key < 50000; key++)
		add(map, key);
	for (uint32_t i = 0; i < 100; i++) {
		for (uint32_t key = i; key < 50000; key++)
			use(map, key);
		add(map, 100000 + i);
		assert_true(has(map, 100000 + i));
		assert_int_equal(seki_bpf_map_count(map), 50000);
	}
	drop_map(map);
}

static void test_one_entry(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LRU_HASH, 16, 100, 1, 0};
	struct seki_bpf_map *map = make_map(&def, 2);
	uint64_t key[2] = {0, 7};
	uint8_t value[100];

	(void)state;
	for (key[0] = 0; key[0] < 1000; key[0]++) {
		memset(value, (int)key[0], sizeof(value));
		assert_int_equal(put(map, key, value), 0);
		assert_memory_equal(find(map, key), value, sizeof(value));
		assert_int_equal(seki_bpf_map_count(map), 1);
	}
	drop_map(map);
}

/* What a run has looked up is its own until it ends, though the entry has gone from the map. */
static void test_evicted_stays_readable(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LRU_HASH, 4, 8, 4, 0};
	struct seki_bpf_map *map = make_map(&def, 2);
	uint32_t key = 1, busy = 0;
	uint64_t value = 3, *held;

	(void)state;
	add(map, 1);
	seki_bpf_reader_enter(map->readers, 1);
	held = seki_bpf_map_find(map, &key, 1);
	for (key = 2; key < 300; key++) {
		int err = put(map, &key, &value);

		assert_true(!err || err == -EBUSY);
		busy += err == -EBUSY;
		assert_int_equal(*held, 3);
	}
	assert_true(busy > 0);
	assert_int_equal(seki_bpf_map_count(map), 4);
	seki_bpf_reader_leave(map->readers, 1);
	assert_int_equal(put(map, &key, &value), 0);
	drop_map(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_working_set_stays),
		cmocka_unit_test(test_what_is_used_stays),
		cmocka_unit_test(test_all_in_use),
		cmocka_unit_test(test_one_entry),
		cmocka_unit_test(test_evicted_stays_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
