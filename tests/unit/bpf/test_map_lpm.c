// SPDX-License-Identifier: Apache-2.0
/* Tries against a list of prefixes that is searched from end to end. */
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

#define ENTRIES 300

struct key {
	uint32_t len;
	uint8_t data[256];
};

struct list {
	struct key keys[ENTRIES];
	uint64_t values[ENTRIES];
	uint32_t n, bytes;
};

static unsigned int data_bit(const uint8_t *data, uint32_t at)
{
	return data[at / 8] >> (7 - at % 8) & 1;
}

static bool begins_with(const uint8_t *data, const struct key *prefix)
{
	for (uint32_t i = 0; i < prefix->len; i++)
		if (data_bit(data, i) != data_bit(prefix->data, i))
			return false;
	return true;
}

static int index_of(const struct list *list, const struct key *key)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->keys[i].len == key->len && begins_with(key->data, &list->keys[i]))
			return (int)i;
	return -1;
}

static int longest(const struct list *list, const uint8_t *data)
{
	int best = -1;

	for (uint32_t i = 0; i < list->n; i++)
		if (begins_with(data, &list->keys[i]) &&
		    (best < 0 || list->keys[i].len > list->keys[best].len))
			best = (int)i;
	return best;
}

/* Few differ in few bits, so that prefixes cover each other. */
static struct key random_key(uint32_t bytes)
{
	static const uint8_t some[] = {0, 0, 0, 0, 1, 128, 255, 129};
	struct key key = {.len = (uint32_t)rand() % (bytes * 8 + 1)};

	if (rand() % 4 == 0)
		key.len = bytes * 8;
	for (uint32_t i = 0; i < bytes; i++)
		key.data[i] = some[(uint32_t)rand() % SEKI_COUNT(some)];
	return key;
}

static uint32_t pick_queue(void)
{
	return rand() % 2 ? 0 : PLANE;
}

static void list_put(struct seki_bpf_map *map, struct list *list, const struct key *key)
{
	uint64_t value[2] = {(uint64_t)rand(), 0};
	int at = index_of(list, key), err;

	value[1] = ~value[0];
	err = seki_bpf_map_put(map, key, value, SEKI_MAP_ANY, pick_queue());
	if (at < 0 && list->n == ENTRIES) {
		assert_int_equal(err, -ENOSPC);
		return;
	}
	assert_int_equal(err, 0);
	if (at < 0)
		list->keys[at = (int)list->n++] = *key;
	list->values[at] = value[0];
}

static void list_remove(struct seki_bpf_map *map, struct list *list, const struct key *key)
{
	int at = index_of(list, key);

	assert_int_equal(seki_bpf_map_remove(map, key, pick_queue()), at < 0 ? -ENOENT : 0);
	if (at < 0)
		return;
	list->keys[at] = list->keys[--list->n];
	list->values[at] = list->values[list->n];
}

static void check_lookup(struct seki_bpf_map *map, const struct list *list)
{
	struct key key = random_key(list->bytes);
	int at = longest(list, key.data);
	const uint64_t *found = find(map, &key);
	uint64_t value[2];

	assert_int_equal(!!found, at >= 0);
	if (found) {
		assert_int_equal(found[0], list->values[at]);
		assert_int_equal(found[1], ~list->values[at]);
	}
	at = index_of(list, &key);
	assert_int_equal(seki_bpf_map_read(map, &key, value, PLANE), at < 0 ? -ENOENT : 0);
	if (at >= 0)
		assert_int_equal(value[0], list->values[at]);
}

static void check_walk(struct seki_bpf_map *map, const struct list *list)
{
	struct key key;
	uint32_t met = 0;
	bool seen[ENTRIES] = {false};

	assert_int_equal(seki_bpf_map_count(map), list->n);
	for (int err = seki_bpf_map_next(map, NULL, &key); !err;
	     err = seki_bpf_map_next(map, &key, &key), met++) {
		int at = index_of(list, &key);

		assert_true(at >= 0 && !seen[at]);
		seen[at] = true;
		/* What is behind the prefix is 0. */
		for (uint32_t i = key.len; i < list->bytes * 8; i++)
			assert_int_equal(data_bit(key.data, i), 0);
	}
	assert_int_equal(met, list->n);
}

/* Every run ends before the next change: nothing is ever busy. */
static void compare_with_list(uint32_t bytes, uint32_t queues, int steps)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 4 + bytes, 16, ENTRIES, 0};
	struct seki_bpf_map *map = make_map(&def, queues);
	static struct list list;

	list.n = 0;
	list.bytes = bytes;
	for (int i = 0; i < steps; i++) {
		struct key key = random_key(bytes);

		if (list.n && rand() % 3 == 0)
			key = list.keys[(uint32_t)rand() % list.n];
		/* Waves of growth and of decay. */
		if (rand() % 10 < (i / 1000 % 2 ? 3 : 7))
			list_put(map, &list, &key);
		else
			list_remove(map, &list, &key);
		check_lookup(map, &list);
		if (i % 100 == 0)
			check_walk(map, &list);
	}
	while (list.n)
		list_remove(map, &list, &list.keys[0]);
	for (uint32_t i = 0; i <= 1u << map->root_bits; i++)
		assert_int_equal(map->heads[i], 0);
	drop_map(map);
}

static void test_trie_is_a_list(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 20, 64};

	(void)state;
	srand(1);
	compare_with_list(4, 1, 60000);
	compare_with_list(4, 3, 20000);
	for (size_t i = 0; i < SEKI_COUNT(sizes); i++)
		compare_with_list(sizes[i], 1 + (uint32_t)i % 2, 8000);
	compare_with_list(256, 2, 1500);
}

/* Lookups are for all of the data, whatever the length in the key says; changes are not. */
static void test_lengths(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 8, 8, 10, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	struct key net = {8, {10, 1, 2, 3}}, all = {0, {0}}, host = {32, {10, 9, 8, 7}};
	struct key beyond = {33, {0}}, far = {UINT32_MAX, {0}}, key = {0, {10, 9, 8, 7}};
	uint64_t eight = 8, zero = 0, full = 32, value;

	(void)state;
	assert_null(find(map, &key));
	assert_int_equal(put(map, &net, &eight), 0);
	assert_int_equal(put(map, &all, &zero), 0);
	assert_int_equal(*(uint64_t *)find(map, &key), 8);
	key.len = 32;
	assert_int_equal(*(uint64_t *)find(map, &key), 8);
	key.len = UINT32_MAX;
	assert_int_equal(*(uint64_t *)find(map, &key), 8);
	key.data[0] = 11;
	assert_int_equal(*(uint64_t *)find(map, &key), 0);
	assert_int_equal(put(map, &host, &full), 0);
	key = host;
	assert_int_equal(*(uint64_t *)find(map, &key), 32);
	assert_int_equal(put(map, &beyond, &full), -EINVAL);
	assert_int_equal(put(map, &far, &full), -EINVAL);
	assert_int_equal(seki_bpf_map_remove(map, &beyond, 0), -EINVAL);
	assert_int_equal(seki_bpf_map_read(map, &far, &value, PLANE), -EINVAL);
	assert_int_equal(seki_bpf_map_next(map, &far, &far), -EINVAL);
	/* Bits behind the prefix do not count. */
	net.data[3] = 99;
	assert_int_equal(seki_bpf_map_put(map, &net, &eight, SEKI_MAP_NOEXIST, 0), -EEXIST);
	assert_int_equal(seki_bpf_map_remove(map, &net, 0), 0);
	net.len = 9;
	assert_int_equal(seki_bpf_map_put(map, &net, &eight, SEKI_MAP_EXIST, 0), -ENOENT);
	assert_int_equal(seki_bpf_map_remove(map, &net, 0), -ENOENT);
	drop_map(map);
}

/* The most glue that entries can need, with full use of the map, in every order of leaving. */
static void test_full_trie(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 8, 8, 256, 0};

	(void)state;
	srand(3);
	for (int round = 0; round < 20; round++) {
		struct seki_bpf_map *map = make_map(&def, 1);
		struct key key = {32, {1, 2, 3, 0}}, other = {24, {1, 2, 3, 0}};
		uint64_t value = 1;

		for (int i = 0; i < 256; i++) {
			key.data[3] = (uint8_t)(i * 167);
			assert_int_equal(put(map, &key, &value), 0);
		}
		assert_int_equal(put(map, &other, &value), -ENOSPC);
		for (int i = 0; i < 2000; i++) {
			key.data[3] = (uint8_t)rand();
			if (seki_bpf_map_remove(map, &key, 0))
				continue;
			other.len = 24 + (uint32_t)rand() % 8;
			other.data[3] = (uint8_t)rand();
			if (put(map, &other, &value))
				assert_int_equal(put(map, &key, &value), 0);
			else if (rand() % 2)
				assert_int_equal(seki_bpf_map_remove(map, &other, 0), 0);
		}
		drop_map(map);
	}
}

/* What a run holds or stands on is left alone until it ends; then it comes back. */
static void test_run_holds_nodes(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 8, 16, 8, 0};
	struct seki_bpf_map *map = make_map(&def, 2);
	struct key host = {32, {1, 2, 3, 4}}, net = {16, {1, 2, 0, 0}};
	uint64_t one[2] = {1, 1}, two[2] = {2, 2}, *held;
	int err = 0;

	(void)state;
	assert_int_equal(put(map, &host, one), 0);
	seki_bpf_reader_enter(map->readers, 1);
	held = seki_bpf_map_find(map, &host, 1);
	for (int i = 0; i < 1000 && !err; i++) {
		err = seki_bpf_map_put(map, &host, two, SEKI_MAP_ANY, PLANE);
		if (!err)
			err = seki_bpf_map_put(map, &net, two, SEKI_MAP_ANY, PLANE);
		if (!err)
			err = seki_bpf_map_remove(map, &host, PLANE);
		assert_int_equal(held[0], 1);
		assert_int_equal(held[1], 1);
	}
	assert_int_equal(err, -EBUSY);
	seki_bpf_reader_leave(map->readers, 1);
	seki_bpf_reader_enter(map->readers, 1);
	assert_int_equal(seki_bpf_map_put(map, &host, two, SEKI_MAP_ANY, PLANE), 0);
	seki_bpf_reader_leave(map->readers, 1);
	drop_map(map);
}

/* Between two children an entry leaves glue behind; the glue's turn comes with a child's. */
static void test_glue_comes_and_goes(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 8, 8, 8, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	struct key net = {24, {1, 2, 3, 0}}, low = {32, {1, 2, 3, 1}}, high = {32, {1, 2, 3, 200}};
	uint64_t value = 5;

	(void)state;
	for (int i = 0; i < 500; i++) {
		assert_int_equal(put(map, &net, &value), 0);
		assert_int_equal(put(map, &low, &value), 0);
		assert_int_equal(put(map, &high, &value), 0);
		assert_int_equal(seki_bpf_map_remove(map, &net, 0), 0);
		assert_non_null(find(map, &low));
		assert_non_null(find(map, &high));
		assert_null(find(map, &net));
		if (i % 2)
			assert_int_equal(put(map, &net, &value), 0);
		assert_int_equal(seki_bpf_map_remove(map, i % 3 ? &low : &high, 0), 0);
		assert_int_equal(seki_bpf_map_remove(map, i % 3 ? &high : &low, 0), 0);
		if (i % 2)
			assert_int_equal(seki_bpf_map_remove(map, &net, 0), 0);
		assert_int_equal(seki_bpf_map_count(map), 0);
	}
	drop_map(map);
}

#define ROUTES 120000u

struct route {
	uint32_t len;
	uint32_t net; /* the first byte of the address is the most significant */
};

static uint32_t mask_of(uint32_t len)
{
	return len ? ~0u << (32 - len) : 0;
}

static int compare_routes(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->net < y->net ? -1 : x->net > y->net;
}

static struct key route_key(uint32_t len, uint32_t addr)
{
	return (struct key){len,
			    {(uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8),
			     (uint8_t)addr}};
}

static uint32_t random_word(void)
{
	return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

/* The longest route to the address; NULL: none. They are sorted by length, then net. */
static const struct route *search(const struct route *routes, size_t n, uint32_t addr)
{
	for (uint32_t len = 33; len-- > 0;) {
		struct route want = {len, addr & mask_of(len)};
		const struct route *found = bsearch(&want, routes, n, sizeof(*routes),
						    compare_routes);

		if (found)
			return found;
	}
	return NULL;
}

/* A table as large as the Internet's used to be. A route's value is what it is. */
static void test_many_routes(void **state)
{
	struct seki_map_def def = {SEKI_MAP_LPM, 8, 8, ROUTES, 0};
	struct seki_bpf_map *map = make_map(&def, 1);
	struct route *routes = calloc(ROUTES, sizeof(*routes));
	size_t n = 0;

	(void)state;
	srand(4);
	while (n < ROUTES) {
		uint32_t len = rand() % 2 ? 24 : 8 + (uint32_t)rand() % 25;
		struct route route = {len, (random_word() & 0x0fffffff) & mask_of(len)};
		struct key key = route_key(len, route.net);

		if (!seki_bpf_map_put(map, &key, &route, SEKI_MAP_NOEXIST, 0))
			routes[n++] = route;
	}
	assert_int_equal(seki_bpf_map_count(map), ROUTES);
	for (size_t i = 0; i < n; i += 3) { /* a quarter goes */
		struct key key = route_key(routes[i].len, routes[i].net);

		assert_int_equal(seki_bpf_map_remove(map, &key, 0), 0);
		routes[i] = routes[--n];
	}
	qsort(routes, n, sizeof(*routes), compare_routes);
	assert_int_equal(seki_bpf_map_count(map), n);
	for (int i = 0; i < 300000; i++) {
		uint32_t addr = random_word() & 0x1fffffff;
		struct key key = route_key(0, addr);
		const struct route *found = find(map, &key), *want = search(routes, n, addr);

		assert_int_equal(!!found, !!want);
		if (want)
			assert_int_equal(compare_routes(found, want), 0);
	}
	free(routes);
	drop_map(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trie_is_a_list),	    cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_full_trie),	    cmocka_unit_test(test_run_holds_nodes),
		cmocka_unit_test(test_glue_comes_and_goes), cmocka_unit_test(test_many_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
