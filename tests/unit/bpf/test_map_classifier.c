// SPDX-License-Identifier: Apache-2.0
/* Classifiers against a list of entries that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/map/classifier.h"
#include "tests/unit/bpf/maps.h"

#define ENTRIES_MAX 15000
#define BYTES_MAX   128u

struct key {
	uint32_t priority;
	uint8_t bytes[2 * BYTES_MAX]; /* first, then second, of the key's size each */
};

struct list {
	struct key keys[ENTRIES_MAX];
	uint64_t values[ENTRIES_MAX]; /* in the order of addition */
	uint32_t n, entries, bytes;
	struct seki_map_field fields[8];
	uint32_t n_fields;
	struct key kinds[200]; /* entries have the masks of one of these */
	uint32_t n_kinds;      /* 0: any */
};

static struct list list;

static uint32_t draw(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static size_t key_bytes(void)
{
	return 4 + 2 * (size_t)list.bytes;
}

/* ---- the model ---- */

static bool field_matches(const struct seki_map_field *f, const uint8_t *key, const uint8_t *first,
			  const uint8_t *second)
{
	if (f->match == SEKI_MATCH_RANGE)
		return memcmp(key, first, f->bytes) >= 0 && memcmp(key, second, f->bytes) <= 0;
	for (uint32_t i = 0; i < f->bytes; i++)
		if ((key[i] ^ first[i]) & second[i])
			return false;
	return true;
}

static bool matches(const struct key *entry, const uint8_t *key)
{
	for (uint32_t i = 0; i < list.n_fields; i++) {
		const struct seki_map_field *f = &list.fields[i];

		if (!field_matches(f, key + f->offset, entry->bytes + f->offset,
				   entry->bytes + list.bytes + f->offset))
			return false;
	}
	return true;
}

static int best_of(const uint8_t *key)
{
	int best = -1;

	for (uint32_t i = 0; i < list.n; i++)
		if (matches(&list.keys[i], key) &&
		    (best < 0 || list.keys[i].priority > list.keys[best].priority))
			best = (int)i;
	return best;
}

static int index_of(const struct key *key)
{
	for (uint32_t i = 0; i < list.n; i++)
		if (!memcmp(&list.keys[i], key, key_bytes()))
			return (int)i;
	return -1;
}

/* ---- random entries: few values, so that they overlap ---- */

static uint8_t some_byte(void)
{
	static const uint8_t some[] = {0, 0, 0, 1, 128, 255, 129, 16};

	return draw(4) ? some[draw(SEKI_COUNT(some))] : (uint8_t)rand();
}

static uint8_t top_mask(const struct seki_map_field *f)
{
	return (uint8_t)(0xff >> (f->bytes * 8 - f->bits));
}

static void random_bytes(const struct seki_map_field *f, uint8_t *out)
{
	for (uint32_t i = 0; i < f->bytes; i++)
		out[i] = some_byte();
	out[0] &= top_mask(f);
}

static void prefix_mask(const struct seki_map_field *f, uint32_t len, uint8_t *mask)
{
	memset(mask, 0, f->bytes);
	for (uint32_t i = 0; i < len; i++) {
		uint32_t bit = f->bytes * 8 - f->bits + i;

		mask[bit / 8] |= (uint8_t)(128 >> bit % 8);
	}
}

static void random_range(const struct seki_map_field *f, uint8_t *first, uint8_t *second)
{
	uint8_t swap[BYTES_MAX];

	random_bytes(f, first);
	random_bytes(f, second);
	if (draw(3) == 0) { /* close ends */
		memcpy(second, first, f->bytes);
		second[f->bytes - 1] |= (uint8_t)draw(f->bytes == 1 ? top_mask(f) + 1u : 256);
	}
	if (memcmp(first, second, f->bytes) <= 0)
		return;
	memcpy(swap, first, f->bytes);
	memcpy(first, second, f->bytes);
	memcpy(second, swap, f->bytes);
}

static void random_field(const struct seki_map_field *f, uint8_t *first, uint8_t *second)
{
	random_bytes(f, first);
	switch (f->match) {
	case SEKI_MATCH_EXACT:
		prefix_mask(f, f->bits, second);
		break;
	case SEKI_MATCH_LPM:
		prefix_mask(f, draw(f->bits + 1), second);
		break;
	case SEKI_MATCH_OPTIONAL:
		prefix_mask(f, draw(2) * f->bits, second);
		break;
	case SEKI_MATCH_TERNARY:
		random_bytes(f, second);
		break;
	default:
		random_range(f, first, second);
		return;
	}
	for (uint32_t i = 0; i < f->bytes; i++)
		first[i] &= second[i];
}

/* Of all values, as tables mostly are. */
static struct key key_of_kind(const struct key *kind)
{
	struct key key = *kind;

	key.priority = draw(2) ? draw(8) : (uint32_t)rand();
	for (uint32_t i = 0; i < list.n_fields; i++) {
		const struct seki_map_field *f = &list.fields[i];

		for (uint32_t j = f->offset; j < f->offset + f->bytes; j++)
			if (f->match != SEKI_MATCH_RANGE)
				key.bytes[j] = (uint8_t)rand() & key.bytes[list.bytes + j];
	}
	return key;
}

static struct key random_key(void)
{
	struct key key = {.priority = draw(2) ? draw(8) : (uint32_t)rand()};

	if (list.n_kinds)
		return key_of_kind(&list.kinds[draw(list.n_kinds)]);

	for (uint32_t i = 0; i < list.n_fields; i++) {
		const struct seki_map_field *f = &list.fields[i];

		random_field(f, key.bytes + f->offset, key.bytes + list.bytes + f->offset);
	}
	return key;
}

static struct key known_or_random(void)
{
	return list.n && draw(2) ? list.keys[draw(list.n)] : random_key();
}

/* One that an entry matches, more often than not. */
static void random_packet(uint8_t *packet)
{
	const struct key *of = list.n && draw(4) ? &list.keys[draw(list.n)] : NULL;

	for (uint32_t i = 0; i < list.n_fields; i++) {
		const struct seki_map_field *f = &list.fields[i];

		random_bytes(f, packet + f->offset);
		for (uint32_t j = f->offset; of && j < f->offset + f->bytes; j++) {
			uint8_t mask = f->match == SEKI_MATCH_RANGE ? 0xff
								    : of->bytes[list.bytes + j];

			packet[j] = (uint8_t)((packet[j] & ~mask) | (of->bytes[j] & mask));
		}
	}
}

/* ---- steps ---- */

static void step_put(struct seki_bpf_map *map)
{
	struct key key = known_or_random();
	uint64_t value[2] = {(uint64_t)rand(), 0};
	enum seki_map_set how = draw(4) ? SEKI_MAP_ANY : draw(3);
	int at = index_of(&key), err;

	value[1] = ~value[0];
	err = seki_bpf_map_put(map, &key, value, how, PLANE);
	if (at >= 0 && how == SEKI_MAP_NOEXIST) {
		assert_int_equal(err, -EEXIST);
		return;
	}
	if (at < 0 && (how == SEKI_MAP_EXIST || list.n == list.entries)) {
		assert_int_equal(err, how == SEKI_MAP_EXIST ? -ENOENT : -ENOSPC);
		return;
	}
	assert_int_equal(err, 0);
	if (at < 0)
		list.keys[at = (int)list.n++] = key;
	list.values[at] = value[0];
}

static void step_remove(struct seki_bpf_map *map)
{
	struct key key = known_or_random();
	int at = index_of(&key);

	assert_int_equal(seki_bpf_map_remove(map, &key, PLANE), at < 0 ? -ENOENT : 0);
	if (at < 0)
		return;
	list.n--;
	memmove(&list.keys[at], &list.keys[at + 1], (list.n - (uint32_t)at) * sizeof(key));
	memmove(&list.values[at], &list.values[at + 1], (list.n - (uint32_t)at) * 8);
}

static void step_look(struct seki_bpf_map *map)
{
	uint8_t *packet = malloc(list.bytes); /* of no byte more, for the address sanitizer */
	const uint64_t *found;
	int at;

	random_packet(packet);
	at = best_of(packet);
	found = find(map, packet);
	assert_int_equal(!!found, at >= 0);
	if (found) {
		assert_int_equal(found[0], list.values[at]);
		assert_int_equal(found[1], ~list.values[at]);
		assert_true(seki_bpf_map_holds(map, (uintptr_t)found, 16));
	}
	free(packet);
}

static void step_read(struct seki_bpf_map *map)
{
	struct key key = known_or_random();
	int at = index_of(&key);
	uint64_t value[2];

	assert_int_equal(seki_bpf_map_read(map, &key, value, PLANE), at < 0 ? -ENOENT : 0);
	if (at >= 0)
		assert_int_equal(value[0], list.values[at]);
}

static void check_walk(struct seki_bpf_map *map)
{
	static bool seen[ENTRIES_MAX];
	struct key key;
	uint32_t met = 0;

	memset(seen, 0, sizeof(seen));
	assert_int_equal(seki_bpf_map_count(map), list.n);
	for (int err = seki_bpf_map_next(map, NULL, &key); !err;
	     err = seki_bpf_map_next(map, &key, &key), met++) {
		int at = index_of(&key);

		assert_true(at >= 0 && !seen[at]);
		seen[at] = true;
	}
	assert_int_equal(met, list.n);
}

/* What classifier.h promises of a block. */
static void check_block(struct seki_bpf_map *map, const struct seki_block *block,
			const struct seki_block *before)
{
	const struct seki_classifier_shape *shape = &map->classifier->shape;
	const uint32_t *links = seki_block_at(block, shape->links);
	const uint32_t *priorities = seki_block_at(block, shape->priorities);

	assert_true(block->n && block->n <= seki_block_width(shape));
	assert_int_equal(block->priority, priorities[0]);
	for (uint32_t i = 0; i < block->n; i++) {
		assert_int_equal(priorities[i], seki_entry_priority(seki_map_slot(map, links[i])));
		assert_true(!i || priorities[i - 1] >= priorities[i]);
	}
	if (before)
		assert_true(before->n + block->n > seki_block_width(shape) * 7 / 8);
}

static uint32_t count_placed(const struct seki_classifier *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->shape.buckets * SEKI_BUCKET; i++) {
		uint32_t link = c->buckets[i / SEKI_BUCKET].links[i % SEKI_BUCKET];

		assert_true(link || !(c->tags[i / SEKI_BUCKET] >> i % SEKI_BUCKET * 8 & 0xff));
		n += link != 0;
	}
	return n;
}

/* Each entry is in a bucket or in a block. */
static void check_shape(struct seki_bpf_map *map)
{
	const struct seki_classifier *c = map->classifier;
	const struct seki_block *before = NULL;
	uint32_t blocks = 0, entries = 0;

	for (uint32_t link = c->first; link; link = before->next) {
		check_block(map, seki_block(map, link), before);
		before = seki_block(map, link);
		entries += before->n;
		blocks++;
	}
	assert_int_equal(entries, c->n_blocked);
	assert_true(blocks <= c->shape.blocks);
	entries += count_placed(c);
	assert_true(entries == list.n || (c->twice && entries > list.n));
}

/* `grow`: of 8 changes, how many put. No run is on: nothing is ever busy. */
static void steps(struct seki_bpf_map *map, uint32_t n, uint32_t grow)
{
	while (n--) {
		if (draw(8) < grow)
			step_put(map);
		else
			step_remove(map);
		step_look(map);
		if (n % 4 == 0)
			step_read(map);
		if (n % 256 == 0)
			check_shape(map);
	}
	check_walk(map);
}

static struct seki_bpf_map *make_classifier(const struct seki_map_field *fields, uint32_t n,
					    uint32_t entries)
{
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, 0, 16, entries, 0};
	struct seki_bpf_map *map;

	memset(&list, 0, sizeof(list));
	list.entries = entries;
	list.n_fields = n;
	for (uint32_t i = 0; i < n; i++) {
		list.fields[i] = fields[i];
		list.fields[i].offset = (uint16_t)list.bytes;
		list.bytes += fields[i].bytes;
	}
	def.key_size = list.bytes;
	map = make_map(&def, 2);
	assert_null(seki_bpf_map_set_fields(map, list.fields, n));
	return map;
}

#define FIELD(b, m)                                                                                \
	{                                                                                          \
		.bytes = ((b) + 7) / 8, .bits = (b), .match = SEKI_MATCH_##m                       \
	}

static const struct {
	struct seki_map_field fields[8];
	uint32_t n;
} shapes[] = {
	{{FIELD(32, LPM), FIELD(32, LPM), FIELD(16, RANGE), FIELD(16, RANGE), FIELD(8, TERNARY)},
	 5},
	{{FIELD(8, TERNARY)}, 1},
	{{FIELD(1, EXACT), FIELD(3, RANGE), FIELD(13, OPTIONAL), FIELD(9, LPM)}, 4},
	{{FIELD(16, RANGE)}, 1},
	{{FIELD(64, TERNARY)}, 1},
	{{FIELD(48, EXACT), FIELD(12, OPTIONAL), FIELD(128, LPM), FIELD(65, RANGE)}, 4},
	{{FIELD(20, RANGE), FIELD(24, RANGE), FIELD(33, TERNARY)}, 3},
	{{FIELD(1024, TERNARY)}, 1},
	{{FIELD(320, TERNARY), FIELD(9, RANGE)}, 2},
};

static void test_against_list(void **state)
{
	static const uint32_t sizes[] = {1, 5, 129, 700, 3000};

	(void)state;
	for (uint32_t s = 0; s < SEKI_COUNT(shapes); s++)
		for (uint32_t e = 0; e < SEKI_COUNT(sizes); e++) {
			uint32_t n = sizes[e];
			struct seki_bpf_map *map = make_classifier(shapes[s].fields, shapes[s].n,
								   n);

			srand(s * 100 + e);
			steps(map, n + 50, 8);
			steps(map, n / 2 + 50, 4);
			steps(map, n + 50, 1);
			drop_map(map);
		}
}

/* Few masks: most entries are in tuples, and stay there while others come and go. */
static void test_kinds(void **state)
{
	static const uint32_t kinds[] = {1, 4, 32, 200};

	(void)state;
	for (uint32_t s = 0; s < SEKI_COUNT(shapes); s++)
		for (uint32_t k = 0; k < SEKI_COUNT(kinds); k++) {
			struct seki_bpf_map *map = make_classifier(shapes[s].fields, shapes[s].n,
								   2000);

			srand(s * 10 + k);
			for (uint32_t i = 0; i < kinds[k]; i++)
				list.kinds[i] = random_key();
			list.n_kinds = kinds[k];
			steps(map, 2000, 8);
			if (list.fields[0].match == SEKI_MATCH_EXACT && list.bytes >= 8)
				assert_true(map->classifier->n_blocked < list.n / 8);
			steps(map, 1000, 4);
			list.n_kinds = 0; /* now others */
			steps(map, 1000, 5);
			steps(map, 2500, 1);
			drop_map(map);
		}
}

/* Many blocks, from the first entry to the last and back. */
static void test_deep(void **state)
{
	static const struct seki_map_field field = FIELD(272, TERNARY);
	struct seki_bpf_map *map = make_classifier(&field, 1, ENTRIES_MAX);

	(void)state;
	srand(5);
	while (list.n < ENTRIES_MAX) {
		uint64_t value[2] = {list.n, ~(uint64_t)list.n};

		list.keys[list.n] = random_key();
		if (seki_bpf_map_put(map, &list.keys[list.n], value, SEKI_MAP_NOEXIST, PLANE))
			continue;
		list.values[list.n++] = value[0];
		if (list.n % 1000 == 0)
			step_look(map);
	}
	check_shape(map);
	while (list.n > 10) {
		assert_int_equal(seki_bpf_map_remove(map, &list.keys[--list.n], PLANE), 0);
		if (list.n % 500)
			continue;
		check_shape(map);
		step_look(map);
	}
	steps(map, 100, 4);
	drop_map(map);
}

/* Of equal priorities the first added wins, also after its value was replaced. */
static void test_ties(void **state)
{
	static const struct seki_map_field field = FIELD(8, TERNARY);
	struct seki_bpf_map *map = make_classifier(&field, 1, 300);
	uint8_t packet = 0xff;

	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		struct key key = {.priority = 3, .bytes = {(uint8_t)(255 - i), (uint8_t)(255 - i)}};
		uint64_t value[2] = {i, 0};

		assert_int_equal(seki_bpf_map_put(map, &key, value, SEKI_MAP_ANY, PLANE), 0);
		value[0] = 1000 + i;
		assert_int_equal(seki_bpf_map_put(map, &key, value, SEKI_MAP_EXIST, PLANE), 0);
		assert_int_equal(*(uint64_t *)find(map, &packet), 1000);
	}
	for (uint32_t i = 0; i < 256; i++) {
		struct key key = {.priority = 3, .bytes = {(uint8_t)(255 - i), (uint8_t)(255 - i)}};

		assert_int_equal(*(uint64_t *)find(map, &packet), 1000 + i);
		assert_int_equal(seki_bpf_map_remove(map, &key, PLANE), 0);
	}
	assert_null(find(map, &packet));
	drop_map(map);
}

/* Exact 12 bits, range, optional, LPM of 8 each. */
static void test_keys(void **state)
{
	static const struct seki_map_field fields[] = {FIELD(12, EXACT), FIELD(8, RANGE),
						       FIELD(8, OPTIONAL), FIELD(8, LPM)};
	static const struct {
		uint8_t bytes[10];
		int err;
	} keys[] = {
		{{0x0a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0xff, 0xc0}, 0},
		{{0x0a, 0xbc, 1, 2, 3, 0xff, 0xff, 2, 0xff, 0xc0}, 0}, /* above the field's bits */
		{{0x0a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0, 0}, 0},
		{{0x1a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0xff, 0xc0}, -EINVAL},
		{{0x0a, 0xbc, 1, 2, 3, 0x07, 0xff, 2, 0xff, 0xc0}, -EINVAL},
		{{0x0a, 0xbc, 3, 2, 3, 0x0f, 0xff, 2, 0xff, 0xc0}, -EINVAL},
		{{0x0a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0x7f, 0xc0}, -EINVAL},
		{{0x0a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0xff, 0xa0}, -EINVAL},
		{{0x0a, 0xbc, 1, 2, 3, 0x0f, 0xff, 2, 0xff, 0x01}, -EINVAL},
	};
	struct seki_bpf_map *map = make_classifier(fields, 4, 9);
	uint64_t value[2] = {1, 2};
	struct key key = {.priority = 1}, first;

	(void)state;
	for (uint32_t i = 0; i < SEKI_COUNT(keys); i++) {
		memcpy(key.bytes, keys[i].bytes, 10);
		assert_int_equal(seki_bpf_map_put(map, &key, value, SEKI_MAP_ANY, PLANE),
				 keys[i].err);
		assert_int_equal(seki_bpf_map_read(map, &key, value, PLANE), keys[i].err);
		assert_int_equal(seki_bpf_map_put(map, &key, value, SEKI_MAP_ANY, 0), -EINVAL);
		assert_int_equal(seki_bpf_map_remove(map, &key, 0), -EINVAL);
	}
	assert_int_equal(seki_bpf_map_count(map), 2);
	/* What the mask leaves out reads as 0. */
	memcpy(key.bytes, keys[2].bytes, 10);
	assert_int_equal(seki_bpf_map_remove(map, &key, PLANE), 0);
	assert_int_equal(seki_bpf_map_next(map, NULL, &first), 0);
	assert_memory_equal(first.bytes,
			    ((uint8_t[]){0x0a, 0xbc, 1, 2, 0, 0x0f, 0xff, 2, 0xff, 0xc0}), 10);
	drop_map(map);
}

static void test_fields(void **state)
{
	static const struct {
		struct seki_map_field fields[2];
		uint32_t n;
		bool good;
	} cases[] = {
		{{{0, 2, 16, 1, 0}, {2, 2, 16, 5, 0}}, 2, true},
		{{{0, 4, 25, 3, 0}}, 1, true},
		{{{0, 4, 24, 3, 0}}, 1, false},
		{{{0, 4, 33, 3, 0}}, 1, false},
		{{{0, 4, 0, 3, 0}}, 1, false},
		{{{0, 4, 32, 0, 0}}, 1, false},
		{{{0, 4, 32, 6, 0}}, 1, false},
		{{{0, 4, 32, 3, 1}}, 1, false},
		{{{0, 3, 24, 3, 0}}, 1, false},
		{{{0, 5, 40, 3, 0}}, 1, false},
		{{{1, 3, 24, 3, 0}}, 1, false},
		{{{0, 2, 16, 3, 0}, {1, 3, 24, 3, 0}}, 2, false},
		{{{0, 4, 32, 3, 0}, {4, 0, 0, 3, 0}}, 2, false},
		{{{0, 4, 32, 3, 0}}, 0, false},
		{{{0, 4, 32, 3, 0}}, 65, false},
	};
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, 4, 8, 4, 0};
	struct seki_bpf_map *map = make_map(&def, 0);

	(void)state;
	for (uint32_t i = 0; i < SEKI_COUNT(cases); i++)
		assert_int_equal(!seki_bpf_map_set_fields(map, cases[i].fields, cases[i].n),
				 cases[i].good);
	drop_map(map);
}

/* While a run is on, memory runs out: what fails then has changed nothing. */
static void test_busy(void **state)
{
	struct seki_bpf_map *map = make_classifier(shapes[0].fields, shapes[0].n, 1000);
	uint64_t value[2] = {0, ~0ull};
	uint32_t busy = 0;

	(void)state;
	srand(9);
	steps(map, 1200, 8);
	for (int round = 0; round < 8; round++) {
		seki_bpf_reader_enter(map->readers, 0);
		for (int i = 0; i < 160; i++) { /* more than there are spare slots */
			struct key key = list.keys[list.n - 1];

			if (seki_bpf_map_remove(map, &key, PLANE))
				busy++;
			else
				list.n--;
			step_look(map);
			key = random_key();
			if (index_of(&key) >= 0 || list.n == list.entries)
				continue;
			if (seki_bpf_map_put(map, &key, value, SEKI_MAP_NOEXIST, PLANE)) {
				busy++;
			} else {
				list.values[list.n] = value[0];
				list.keys[list.n++] = key;
			}
			step_look(map);
		}
		check_shape(map);
		check_walk(map);
		seki_bpf_reader_leave(map->readers, 0);
	}
	assert_true(busy > 10);
	steps(map, 500, 4);
	drop_map(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_list), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_deep),	     cmocka_unit_test(test_ties),
		cmocka_unit_test(test_keys),	     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
