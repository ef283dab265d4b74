// SPDX-License-Identifier: Apache-2.0
/* Maps against a naive model, and the promises on addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "tests/unit/bpf/maps.h"

#define ENTRIES 50
#define KEYS	80

/* The model: a key is one byte repeated, and there are few of them. */
struct model {
	bool present[KEYS];
	uint8_t value[KEYS][24];
	uint32_t count;
};

static void model_put(struct seki_bpf_map *map, struct model *m, uint8_t k, uint32_t queue)
{
	enum seki_map_set how = (enum seki_map_set)(rand() % 3);
	uint8_t key[SEKI_MAP_KEY_MAX], value[24];
	int err, want = 0;

	memset(key, k, sizeof(key));
	memset(value, rand() & 255, sizeof(value));
	err = seki_bpf_map_put(map, key, value, how, queue);
	if (m->present[k] && how == SEKI_MAP_NOEXIST)
		want = -EEXIST;
	else if (!m->present[k] && how == SEKI_MAP_EXIST)
		want = -ENOENT;
	else if (!m->present[k] && m->count == ENTRIES)
		want = -ENOSPC;
	assert_int_equal(err, want);
	if (err)
		return;
	m->count += !m->present[k];
	m->present[k] = true;
	memcpy(m->value[k], value, sizeof(value));
}

static void model_remove(struct seki_bpf_map *map, struct model *m, uint8_t k, uint32_t queue)
{
	uint8_t key[SEKI_MAP_KEY_MAX];

	memset(key, k, sizeof(key));
	assert_int_equal(seki_bpf_map_remove(map, key, queue), m->present[k] ? 0 : -ENOENT);
	m->count -= m->present[k];
	m->present[k] = false;
}

static void check_all(struct seki_bpf_map *map, const struct model *m)
{
	uint8_t key[SEKI_MAP_KEY_MAX], value[24];
	uint32_t met = 0;

	assert_int_equal(seki_bpf_map_count(map), m->count);
	for (int k = 0; k < KEYS; k++) {
		const void *found;

		memset(key, k, sizeof(key));
		found = find(map, key);
		assert_int_equal(!!found, m->present[k]);
		assert_int_equal(seki_bpf_map_read(map, key, value, PLANE), found ? 0 : -ENOENT);
		if (!found)
			continue;
		assert_int_equal((uintptr_t)found % 8, 0);
		assert_memory_equal(found, m->value[k], map->def.value_size);
		assert_memory_equal(value, m->value[k], map->def.value_size);
	}
	for (int err = seki_bpf_map_next(map, NULL, key); !err;
	     err = seki_bpf_map_next(map, key, key)) {
		assert_true(m->present[key[0]]);
		met++;
	}
	assert_int_equal(met, m->count);
}

/* Runs begin and end between the changes, as some of which the changes are made. */
static void compare_with_model(const struct seki_map_def *def, uint32_t queues, bool collide)
{
	struct seki_bpf_map *map = make_map(def, queues);
	const struct seki_bpf_readers *readers = map->readers;
	static struct model m;

	memset(&m, 0, sizeof(m));
	if (collide)
		make_keys_collide(map);
	for (int i = 0; i < 20000; i++) {
		uint32_t queue = (uint32_t)rand() % 2 ? 0 : PLANE;
		uint8_t k = (uint8_t)(rand() % KEYS);

		if (readers && queue == 0)
			seki_bpf_reader_enter(readers, 0);
		if (rand() % 3)
			model_put(map, &m, k, queue);
		else
			model_remove(map, &m, k, queue);
		if (readers && queue == 0)
			seki_bpf_reader_leave(readers, 0);
		if (!readers)
			seki_bpf_map_reclaim(map);
		if (i % 50 == 0)
			check_all(map, &m);
	}
	drop_map(map);
}

static void test_hash_is_a_map(void **state)
{
	static const uint32_t keys[] = {1, 4, 6, 8, 12, 13, 16, 40, 512};
	static const uint32_t values[] = {1, 8, 11, 24};

	(void)state;
	srand(1);
	for (size_t i = 0; i < SEKI_COUNT(keys); i++)
		for (size_t k = 0; k < SEKI_COUNT(values); k++) {
			struct seki_map_def def = {SEKI_MAP_HASH, keys[i], values[k], ENTRIES, 0};

			compare_with_model(&def, (uint32_t)(i + k) % 3, i % 2);
		}
}

/* As long as a run holds it: deleted, replaced, or neither. */
static void test_pointer_stays_its_keys(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 16, 2, 0};
	struct seki_bpf_map *map = make_map(&def, 2);
	uint32_t one = 1, key;
	uint64_t v1[2] = {11, 11}, v2[2] = {22, 22};
	uint64_t *held;

	(void)state;
	assert_int_equal(put(map, &one, v1), 0);
	seki_bpf_reader_enter(map->readers, 1);
	held = seki_bpf_map_find(map, &one, 1);
	assert_int_equal(seki_bpf_map_put(map, &one, v2, SEKI_MAP_ANY, PLANE), 0);
	assert_int_equal(*(uint64_t *)find(map, &one), 22);
	assert_int_equal(held[0], 11);
	assert_int_equal(seki_bpf_map_remove(map, &one, PLANE), 0);
	for (key = 100; key < 1000; key++) {
		int err = seki_bpf_map_put(map, &key, v2, SEKI_MAP_ANY, PLANE);

		assert_true(!err || err == -EBUSY);
		if (!err)
			assert_int_equal(seki_bpf_map_remove(map, &key, PLANE), 0);
		assert_int_equal(held[0], 11);
		assert_int_equal(held[1], 11);
	}
	/* All spare slots wait for that run. */
	assert_int_equal(seki_bpf_map_put(map, &key, v2, SEKI_MAP_ANY, PLANE), -EBUSY);
	seki_bpf_reader_leave(map->readers, 1);
	seki_bpf_reader_enter(map->readers, 1);
	assert_int_equal(seki_bpf_map_put(map, &key, v2, SEKI_MAP_ANY, PLANE), 0);
	seki_bpf_reader_leave(map->readers, 1);
	drop_map(map);
}

static bool no_barrier(void)
{
	return false;
}

/* Where nobody can tell what others have seen, no memory is used twice. */
static void test_no_barrier_no_reuse(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 8, 4, 0};
	struct seki_bpf_map *map = make_map(&def, 2);
	uint64_t value = 1;
	uint32_t key = 0, n = 0;

	(void)state;
	((struct test_map *)map)->readers.barrier = no_barrier;
	for (; n < 1000 && !put(map, &key, &value); n++)
		assert_int_equal(seki_bpf_map_remove(map, &key, 0), 0);
	assert_int_equal(put(map, &key, &value), -EBUSY);
	((struct test_map *)map)->readers.barrier = NULL;
	assert_int_equal(put(map, &key, &value), 0);
	drop_map(map);
}

/* Keys as tenants choose them fill buckets no worse than chance does, whatever the seed. */
static void test_buckets_are_even(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 8, 8, 16384, 0};

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct seki_bpf_map *map = make_map(&def, 1);
		uint32_t worst = 0;

		map->seed = (uint32_t)way * 0x1234567;
		for (uint64_t i = 0; i < 16384; i++) {
			const uint64_t keys[] = {i, i << 32, i << 50, i << 40 | i};
			uint64_t value = 0;

			assert_int_equal(put(map, &keys[way], &value), 0);
		}
		for (uint32_t i = 0; i <= map->mask; i++) {
			uint32_t link = map->heads[i], n = 0;

			for (; link; n++)
				memcpy(&link, map->slots + link * 8ull, sizeof(link));
			worst = n > worst ? n : worst;
		}
		assert_true(worst <= 12);
		drop_map(map);
	}
}

/* max_entries of them, also within the run that deletes. */
static void test_full_only_when_full(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 16, 2, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	uint64_t value[2] = {0};

	(void)state;
	seki_bpf_reader_enter(map->readers, 0);
	for (uint32_t key = 0; key < 20; key++) {
		uint32_t old = key - 2;

		if (key >= 2)
			assert_int_equal(seki_bpf_map_remove(map, &old, 0), 0);
		assert_int_equal(put(map, &key, value), 0);
		if (!key)
			continue;
		old = 1000;
		assert_int_equal(put(map, &old, value), -ENOSPC);
	}
	seki_bpf_reader_leave(map->readers, 0);
	drop_map(map);
}

/* A run that loads a word twice, or its halves, finds no edit of a table between them. */
static void test_plane_replaces_words_too(void **state)
{
	static const uint32_t types[] = {SEKI_MAP_HASH, SEKI_MAP_LRU_HASH, SEKI_MAP_LPM};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(types); i++) {
		struct seki_map_def def = {types[i], 8, 8, 4, 0};
		struct seki_bpf_map *map = make_map(&def, 1);
		uint64_t key = 32, one = 1, two = 2, three = 3, *held;

		assert_int_equal(put(map, &key, &one), 0);
		seki_bpf_reader_enter(map->readers, 0);
		held = find(map, &key);
		assert_int_equal(seki_bpf_map_put(map, &key, &two, SEKI_MAP_ANY, PLANE), 0);
		assert_int_equal(*held, 1);
		held = find(map, &key);
		assert_int_equal(*held, 2);
		/* The program's own change is there at once. */
		assert_int_equal(put(map, &key, &three), 0);
		assert_int_equal(*held, 3);
		seki_bpf_reader_leave(map->readers, 0);
		drop_map(map);
	}
}

/* A run may change a wide value as often as it likes where no other can look at it. */
static void test_one_queue_stores_in_place(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 40, 4, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	uint64_t value[5] = {0}, *held;
	uint32_t key = 3;

	(void)state;
	seki_bpf_reader_enter(map->readers, 0);
	assert_int_equal(put(map, &key, value), 0);
	held = find(map, &key);
	for (uint64_t i = 0; i < 1000; i++) {
		value[4] = i;
		assert_int_equal(put(map, &key, value), 0);
		assert_ptr_equal(find(map, &key), held);
		assert_int_equal(held[4], i);
	}
	/* The control plane's change is another entry: a run is on. */
	value[4] = 5555;
	assert_int_equal(seki_bpf_map_put(map, &key, value, SEKI_MAP_ANY, PLANE), 0);
	assert_int_equal(held[4], 999);
	assert_int_equal(((uint64_t *)find(map, &key))[4], 5555);
	seki_bpf_reader_leave(map->readers, 0);
	drop_map(map);
}

static void test_lock_is_not_waited_for(void **state)
{
	struct seki_map_def defs[] = {{SEKI_MAP_HASH, 8, 8, 4, 0}, {SEKI_MAP_LPM, 8, 8, 4, 0}};
	uint64_t key = 8, value = 9, next;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(defs); i++) {
		struct seki_bpf_map *map = make_map(&defs[i], 1);

		assert_int_equal(put(map, &key, &value), 0);
		map->lock = 1;
		assert_int_equal(put(map, &key, &value), i ? -EBUSY : 0);
		assert_int_equal(seki_bpf_map_put(map, &key, &value, SEKI_MAP_ANY, PLANE), -EBUSY);
		assert_int_equal(seki_bpf_map_remove(map, &key, 0), -EBUSY);
		assert_int_equal(seki_bpf_map_read(map, &key, &value, PLANE), -EBUSY);
		assert_int_equal(seki_bpf_map_next(map, NULL, &next), -EBUSY);
		assert_non_null(find(map, &key));
		/* A run's store to an entry that is there needs none. */
		key = 9;
		assert_int_equal(put(map, &key, &value), -EBUSY);
		key = 8;
		map->lock = 0;
		assert_int_equal(seki_bpf_map_remove(map, &key, 0), 0);
		drop_map(map);
	}
}

/* An entry that stays is met, whatever comes and goes around it, and its value is replaced. */
static void test_walk_beside_changes(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 16, 200, 0};

	(void)state;
	srand(2);
	for (int round = 0; round < 40; round++) {
		struct seki_bpf_map *map = make_map(&def, 2);
		uint64_t value[2] = {0};
		bool met[100] = {false};
		uint32_t key;

		if (round % 2)
			make_keys_collide(map);
		for (key = 0; key < 100; key++)
			assert_int_equal(put(map, &key, value), 0);
		for (int err = seki_bpf_map_next(map, NULL, &key); !err;
		     err = seki_bpf_map_next(map, &key, &key)) {
			if (key < 100) {
				assert_false(met[key]);
				met[key] = true;
			}
			for (int i = 0; i < 5; i++) {
				uint32_t other = (uint32_t)rand() % 200;

				if (other < 100)
					put(map, &other, value);
				else if (rand() % 2)
					put(map, &other, value);
				else
					seki_bpf_map_remove(map, &other, PLANE);
			}
			if (key >= 100)
				seki_bpf_map_remove(map, &key, PLANE);
		}
		for (key = 0; key < 100; key++)
			assert_true(met[key]);
		drop_map(map);
	}
}

static void test_array(void **state)
{
	struct seki_map_def def = {SEKI_MAP_ARRAY, 4, 5, 3, 0};
	struct seki_bpf_map *map = make_map(&def, 0);
	uint32_t key = 2, beyond = 3, far = UINT32_MAX;
	uint8_t *value = find(map, &key), copy[5];

	(void)state;
	assert_non_null(value);
	assert_int_equal((uintptr_t)value % 8, 0);
	assert_int_equal(put(map, &key, "12345"), 0);
	assert_memory_equal(value, "12345", 5);
	assert_int_equal(seki_bpf_map_read(map, &key, copy, PLANE), 0);
	assert_memory_equal(copy, "12345", 5);
	assert_null(find(map, &beyond));
	assert_null(find(map, &far));
	assert_int_equal(put(map, &beyond, "12345"), -ENOENT);
	assert_int_equal(seki_bpf_map_put(map, &key, "abcde", SEKI_MAP_NOEXIST, 0), -EEXIST);
	assert_int_equal(seki_bpf_map_put(map, &key, "abcde", SEKI_MAP_EXIST, 0), 0);
	assert_int_equal(seki_bpf_map_remove(map, &key, 0), -EINVAL);
	assert_true(seki_bpf_map_holds(map, (uintptr_t)value, 5));
	assert_false(seki_bpf_map_holds(map, (uintptr_t)value, 6));
	assert_false(seki_bpf_map_holds(map, (uintptr_t)value - 1, 1));
	assert_false(seki_bpf_map_holds(map, (uintptr_t)value + 8, 1));
	assert_int_equal(seki_bpf_map_next(map, NULL, &key), 0);
	assert_int_equal(key, 0);
	assert_int_equal(seki_bpf_map_next(map, &key, &key), 0);
	assert_int_equal(key, 1);
	key = 2;
	assert_int_equal(seki_bpf_map_next(map, &key, &key), -ENOENT);
	assert_int_equal(seki_bpf_map_next(map, &far, &key), -ENOENT);
	assert_int_equal(seki_bpf_map_count(map), 3);
	drop_map(map);
}

static void test_queue_array(void **state)
{
	struct seki_map_def def = {SEKI_MAP_QUEUE_ARRAY, 4, 16, 3, 0};
	struct seki_bpf_map *map = make_map(&def, 4);
	uint32_t key = 1, beyond = 3;
	uint64_t *at[4], sum[2], set[2] = {1000, 7};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		at[i] = seki_bpf_map_find(map, &key, i);
		assert_null(seki_bpf_map_find(map, &beyond, i));
		at[i][0] = 10 + i;
		at[i][1] = UINT64_MAX;
		assert_true(seki_bpf_map_holds(map, (uintptr_t)at[i], 16));
		assert_false(seki_bpf_map_holds(map, (uintptr_t)at[i], 17));
		for (uint32_t k = 0; k < i; k++)
			assert_true((uintptr_t)at[i] / 64 != (uintptr_t)at[k] / 64);
	}
	assert_false(seki_bpf_map_holds(map, (uintptr_t)at[3] + 2 * 16, 1));
	assert_int_equal(seki_bpf_map_read(map, &key, sum, PLANE), 0);
	assert_int_equal(sum[0], 46);
	assert_int_equal(sum[1], UINT64_MAX - 3);
	assert_int_equal(seki_bpf_map_read(map, &key, sum, 2), 0);
	assert_int_equal(sum[0], 12);
	assert_int_equal(seki_bpf_map_put(map, &key, set, SEKI_MAP_ANY, 3), 0);
	assert_int_equal(at[3][0], 1000);
	assert_int_equal(at[2][0], 12);
	assert_int_equal(seki_bpf_map_put(map, &key, set, SEKI_MAP_ANY, PLANE), 0);
	assert_int_equal(seki_bpf_map_read(map, &key, sum, PLANE), 0);
	assert_int_equal(sum[0], 1000);
	assert_int_equal(sum[1], 7);
	assert_int_equal(seki_bpf_map_read(map, &beyond, sum, PLANE), -ENOENT);
	assert_int_equal(seki_bpf_map_remove(map, &key, 0), -EINVAL);
	drop_map(map);
}

static void test_holds(void **state)
{
	struct seki_map_def defs[] = {{SEKI_MAP_HASH, 4, 5, 3, 0},
				      {SEKI_MAP_LRU_HASH, 4, 5, 3, 0},
				      {SEKI_MAP_LPM, 8, 5, 3, 0}};
	uint64_t key = 8;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(defs); i++) {
		struct seki_bpf_map *map = make_map(&defs[i], 1);
		uintptr_t value, end = (uintptr_t)map->slots + (size_t)map->entries.end * 8;

		assert_int_equal(put(map, &key, "12345"), 0);
		value = (uintptr_t)find(map, &key);
		assert_true(seki_bpf_map_holds(map, value, 5));
		assert_true(seki_bpf_map_holds(map, value + 4, 1));
		assert_false(seki_bpf_map_holds(map, value + 4, 2));
		assert_false(seki_bpf_map_holds(map, value - 1, 1));
		assert_false(seki_bpf_map_holds(map, (uintptr_t)map->slots, 1));
		assert_false(seki_bpf_map_holds(map, end + map->value_at, 1));
		assert_false(seki_bpf_map_holds(map, 0, 1));
		drop_map(map);
	}
}

static void test_definitions(void **state)
{
	static const struct seki_map_def bad[] = {
		{0, 4, 4, 4, 0},
		{SEKI_MAP_BLOOMFILTER, 4, 4, 4, 0},
		{SEKI_MAP_CLASSIFIER + 1, 4, 4, 4, 0},
		{SEKI_MAP_CLASSIFIER, 0, 4, 4, 0},
		{SEKI_MAP_CLASSIFIER, 129, 4, 4, 0},
		{SEKI_MAP_CLASSIFIER, 4, 4, (1u << 30) + 1, 0},
		{SEKI_MAP_LPM, 4, 4, 4, 0},
		{SEKI_MAP_LPM, 261, 4, 4, 0},
		{SEKI_MAP_HASH, 0, 4, 4, 0},
		{SEKI_MAP_HASH, 513, 4, 4, 0},
		{SEKI_MAP_HASH, 4, 0, 4, 0},
		{SEKI_MAP_HASH, 4, 65537, 4, 0},
		{SEKI_MAP_HASH, 4, 4, 0, 0},
		{SEKI_MAP_HASH, 4, 4, (1u << 30) + 1, 0},
		{SEKI_MAP_HASH, 4, 64, 1u << 30, 0},
		{SEKI_MAP_LRU_HASH, 4, 4, 0, 0},
		{SEKI_MAP_ARRAY, 8, 4, 4, 0},
		{SEKI_MAP_ARRAY, 4, 4, 0, 0},
		{SEKI_MAP_QUEUE_ARRAY, 4, 12, 4, 0},
		{SEKI_MAP_QUEUE_ARRAY, 8, 8, 4, 0},
		{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0},
	};
	static const struct seki_map_def huge = {SEKI_MAP_ARRAY, 4, 65536, UINT32_MAX, 0};
	static const struct seki_map_def few = {SEKI_MAP_HASH, 4, 65536, 1, 0};
	const char *why;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(bad); i++) {
		assert_int_equal(seki_bpf_map_bytes(&bad[i], 64, &why), 0);
		assert_non_null(why);
	}
	assert_true(seki_bpf_map_bytes(&huge, 1, &why) > 1ull << 47);
	/* Spare slots of large values are few. */
	assert_true(seki_bpf_map_bytes(&few, 1, &why) < 6 * 65536);
}

/* All of a map's memory is inside what was asked for: ASan looks on. */
static void test_edge_sizes(void **state)
{
	static const uint32_t types[] = {SEKI_MAP_HASH, SEKI_MAP_LRU_HASH, SEKI_MAP_LPM};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(types); i++)
		for (uint32_t n = 1; n < 70; n += n < 8 ? 1 : 19) {
			struct seki_map_def def = {types[i], 6, n % 2 ? 1 : 9, n, 0};
			struct seki_bpf_map *map = make_map(&def, 2);
			uint8_t key[6] = {16}, value[9] = {0};

			for (uint32_t k = 0; k < n + 200; k++) {
				int err;

				key[4] = (uint8_t)k;
				key[5] = (uint8_t)(k >> 8);
				err = put(map, key, value);
				assert_true(!err || (k >= n && err == -ENOSPC));
				assert_true(seki_bpf_map_count(map) <= n);
			}
			assert_int_equal(seki_bpf_map_count(map), n);
			drop_map(map);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_is_a_map),
		cmocka_unit_test(test_pointer_stays_its_keys),
		cmocka_unit_test(test_no_barrier_no_reuse),
		cmocka_unit_test(test_buckets_are_even),
		cmocka_unit_test(test_full_only_when_full),
		cmocka_unit_test(test_plane_replaces_words_too),
		cmocka_unit_test(test_one_queue_stores_in_place),
		cmocka_unit_test(test_lock_is_not_waited_for),
		cmocka_unit_test(test_walk_beside_changes),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_queue_array),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_edge_sizes),
		cmocka_unit_test(test_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
