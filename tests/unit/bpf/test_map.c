// SPDX-License-Identifier: Apache-2.0
/* Maps against a naive model, the promises on addresses, and the helpers that need no host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/bpf/helper.h"
#include "core/bpf/map.h"
#include "core/bpf/packet.h"

#define ENTRIES 50

static struct seki_bpf_map make(const struct seki_map_def *def)
{
	struct seki_bpf_map map;
	const char *why;
	uint64_t bytes = seki_bpf_map_bytes(def, &why);

	assert_null(why);
	seki_bpf_map_init(&map, def, calloc(1, bytes), 7);
	return map;
}

static const struct seki_map_def hash_def = {SEKI_MAP_HASH, 6, 11, ENTRIES, 0};

/* The model: a key is one byte repeated, and there are few of them. */
struct model {
	bool present[80];
	uint8_t value[80][11];
	uint32_t count;
};

static void model_step(struct seki_bpf_map *map, struct model *m, uint8_t k, unsigned int action)
{
	uint8_t key[6], value[11];
	int err;

	memset(key, k, sizeof(key));
	memset(value, rand() & 255, sizeof(value));
	if (action < 2) {
		err = seki_bpf_map_put(map, key, value);
		if (!m->present[k] && m->count == ENTRIES) {
			assert_int_equal(err, -ENOSPC);
			return;
		}
		assert_int_equal(err, 0);
		m->count += !m->present[k];
		m->present[k] = true;
		memcpy(m->value[k], value, sizeof(value));
	} else {
		err = seki_bpf_map_remove(map, key);
		assert_int_equal(err, m->present[k] ? 0 : -ENOENT);
		m->count -= m->present[k];
		m->present[k] = false;
		seki_bpf_map_reclaim(map);
	}
}

static void test_hash_is_a_map(void **state)
{
	struct seki_bpf_map map = make(&hash_def);
	static struct model m;

	(void)state;
	srand(1);
	for (int i = 0; i < 50000; i++) {
		uint8_t k = (uint8_t)(rand() % 80), key[6];
		const void *found;

		model_step(&map, &m, k, (unsigned int)rand() % 3);
		k = (uint8_t)(rand() % 80);
		memset(key, k, sizeof(key));
		found = seki_bpf_map_find(&map, key);
		assert_int_equal(!!found, m.present[k]);
		if (found)
			assert_memory_equal(found, m.value[k], 11);
	}
	free(map.slots);
}

static void test_deleted_slot_stays_until_reclaim(void **state)
{
	struct seki_map_def def = {SEKI_MAP_HASH, 4, 8, 2, 0};
	struct seki_bpf_map map = make(&def);
	uint32_t one = 1, two = 2, three = 3;
	uint64_t v1 = 11, v2 = 22, v3 = 33;
	uint64_t *held;

	(void)state;
	assert_int_equal(seki_bpf_map_put(&map, &one, &v1), 0);
	assert_int_equal(seki_bpf_map_put(&map, &two, &v2), 0);
	held = seki_bpf_map_find(&map, &one);
	assert_int_equal((uintptr_t)held % 8, 0);
	assert_int_equal(seki_bpf_map_remove(&map, &one), 0);
	assert_null(seki_bpf_map_find(&map, &one));
	/* The slot is not another entry's as long as someone may hold its address. */
	assert_int_equal(seki_bpf_map_put(&map, &three, &v3), -ENOSPC);
	assert_int_equal(*held, 11);
	seki_bpf_map_reclaim(&map);
	assert_int_equal(seki_bpf_map_put(&map, &three, &v3), 0);
	assert_ptr_equal(seki_bpf_map_find(&map, &three), held);
	assert_int_equal(*(uint64_t *)seki_bpf_map_find(&map, &two), 22);
	free(map.slots);
}

static void test_array(void **state)
{
	struct seki_map_def def = {SEKI_MAP_ARRAY, 4, 5, 3, 0};
	struct seki_bpf_map map = make(&def);
	uint32_t key = 2, beyond = 3, far = UINT32_MAX;
	uint8_t *value = seki_bpf_map_find(&map, &key);

	(void)state;
	assert_non_null(value);
	assert_int_equal((uintptr_t)value % 8, 0);
	assert_int_equal(seki_bpf_map_put(&map, &key, "12345"), 0);
	assert_memory_equal(value, "12345", 5);
	assert_null(seki_bpf_map_find(&map, &beyond));
	assert_null(seki_bpf_map_find(&map, &far));
	assert_int_equal(seki_bpf_map_put(&map, &beyond, "12345"), -ENOENT);
	assert_int_equal(seki_bpf_map_remove(&map, &key), -EINVAL);
	assert_true(seki_bpf_map_holds(&map, (uintptr_t)value, 5));
	assert_false(seki_bpf_map_holds(&map, (uintptr_t)value, 6));
	assert_false(seki_bpf_map_holds(&map, (uintptr_t)value - 1, 1));
	assert_false(seki_bpf_map_holds(&map, (uintptr_t)value + 8, 1));
	free(map.slots);
}

static void test_definitions(void **state)
{
	static const struct seki_map_def bad[] = {
		{0, 4, 4, 4, 0},
		{SEKI_MAP_LPM, 4, 4, 4, 0},
		{SEKI_MAP_HASH, 0, 4, 4, 0},
		{SEKI_MAP_HASH, 513, 4, 4, 0},
		{SEKI_MAP_HASH, 4, 0, 4, 0},
		{SEKI_MAP_HASH, 4, 65537, 4, 0},
		{SEKI_MAP_HASH, 4, 4, 0, 0},
		{SEKI_MAP_ARRAY, 8, 4, 4, 0},
		{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0},
	};
	static const struct seki_map_def huge = {SEKI_MAP_HASH, 512, 65536, UINT32_MAX, 0};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(seki_bpf_map_bytes(&bad[i], &why), 0);
		assert_non_null(why);
	}
	assert_true(seki_bpf_map_bytes(&huge, &why) > 1ull << 47);
}

/* The vectors that Bob Jenkins gives with lookup3. */
static void test_lookup3(void **state)
{
	static const char *text = "Four score and seven years ago";

	(void)state;
	assert_int_equal(seki_bpf_hash("", 0, 0), 0xdeadbeef);
	assert_int_equal(seki_bpf_hash("", 0, 0xdeadbeef), 0xbd5b7dde);
	assert_int_equal(seki_bpf_hash(text, 30, 0), 0x17770551);
	assert_int_equal(seki_bpf_hash(text, 30, 1), 0xcd628161);
}

static void test_formats(void **state)
{
	(void)state;
	assert_int_equal(seki_bpf_format_args("plain", 6), 0);
	assert_int_equal(seki_bpf_format_args("%d %u %x %lld", 14), 4);
	assert_int_equal(seki_bpf_format_args("%llu%llx%c%%", 13), 3);
	assert_int_equal(seki_bpf_format_args("%d%d%d%d%d", 11), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%s", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%n", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%5d", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%ld", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%llc", 5), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%", 2), -EINVAL);
	assert_int_equal(seki_bpf_format_args("%ll", 3), -EINVAL);
	assert_int_equal(seki_bpf_format_args("open", 4), -EINVAL);
	assert_int_equal(seki_bpf_format_args("", 0), -EINVAL);
}

static void test_packet_moves(void **state)
{
	uint8_t buf[16];
	struct seki_bpf_packet p = {buf, sizeof(buf), 4, 8, 20};

	(void)state;
	memset(buf, 0xaa, sizeof(buf));
	memset(buf + 4, 0x11, 8);
	assert_int_equal(seki_bpf_packet_adjust(&p, 2), 0);
	assert_int_equal(p.off, 2);
	assert_int_equal(p.copied, 10);
	assert_int_equal(p.len, 22);
	assert_memory_equal(buf + 2, "\0\0\x11", 3);
	/* More than there is in front: the bytes move up into the room behind. */
	assert_int_equal(seki_bpf_packet_adjust(&p, 6), 0);
	assert_int_equal(p.off, 0);
	assert_int_equal(p.copied, 16);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\x11\x11\x11\x11\x11\x11\x11\x11", 16);
	assert_int_equal(seki_bpf_packet_adjust(&p, 1), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, -17), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, INT32_MIN), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, INT32_MAX), -ENOBUFS);
	assert_int_equal(seki_bpf_packet_adjust(&p, -10), 0);
	assert_int_equal(p.copied, 6);
	assert_int_equal(p.len, 18);
	assert_int_equal(seki_bpf_packet_truncate(&p, 100), 0);
	assert_int_equal(seki_bpf_packet_truncate(&p, 10), 8);
	assert_int_equal(p.copied, 6);
	assert_int_equal(seki_bpf_packet_truncate(&p, 3), 7);
	assert_int_equal(p.copied, 3);
	assert_int_equal(seki_bpf_packet_truncate(&p, -1), 3);
	assert_int_equal(p.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_is_a_map),
		cmocka_unit_test(test_deleted_slot_stays_until_reclaim),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_lookup3),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_packet_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
