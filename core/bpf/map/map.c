// SPDX-License-Identifier: Apache-2.0
/* Maps of all types: sizes, layout, arrays; see the header. The other types' ways: map_slots.h. */
#include "core/bpf/map/map.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

#define SPARE_MAX      (1u << 14)
#define SPARE_FEW      64u
#define SPARE_BYTES    65536u
#define SPARE_LEAST    4u
#define BATCHES	       4u	    /* barriers before all spare slots are gone */
#define LPM_ROOT_BITS  16u	    /* at most, and no more roots than entries */
#define LARGEST_POOLED (8ull << 32) /* what links can name */

/* Where the parts of a map's memory are: offsets, and the size in the end. */
struct layout {
	uint64_t stride, value_at;
	uint64_t queue_stride;
	uint64_t heads; /* their number; they come first */
	uint64_t slots, n_slots;
	uint64_t glue, glue_stride, n_glue;
	uint64_t marks, alive;
	uint64_t classifier;
	uint64_t bytes;
};

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static bool is_array(const struct seki_map_def *def)
{
	return def->type == SEKI_MAP_ARRAY || def->type == SEKI_MAP_QUEUE_ARRAY;
}

static uint32_t lpm_bits(const struct seki_map_def *def)
{
	return (def->key_size - (uint32_t)sizeof(struct seki_lpm_key)) * 8;
}

static uint32_t log2_floor(uint32_t n)
{
	return 31 - (uint32_t)__builtin_clz(n);
}

static uint32_t lpm_root_bits(const struct seki_map_def *def)
{
	return (uint32_t)seki_min(seki_min(LPM_ROOT_BITS, lpm_bits(def)),
				  log2_floor(def->max_entries));
}

/* The least power of two that is no less than the entries. */
static uint64_t bucket_count(const struct seki_map_def *def)
{
	uint32_t floor = log2_floor(def->max_entries);

	return 1ull << (floor + (def->max_entries > 1u << floor));
}

/* An eighth more, at least a few; but few of large ones. */
static uint64_t spare_slots(const struct seki_map_def *def, uint64_t stride)
{
	uint64_t few = seki_max(seki_min(SPARE_FEW, SPARE_BYTES / stride), SPARE_LEAST);

	return seki_min(seki_max(def->max_entries / 8, few), SPARE_MAX);
}

static void lay_out_array(const struct seki_map_def *def, uint32_t queues, struct layout *l)
{
	l->stride = round_up(def->value_size, 8);
	l->n_slots = def->max_entries;
	l->bytes = l->stride * def->max_entries;
	if (def->type == SEKI_MAP_ARRAY)
		return;
	l->queue_stride = round_up(l->bytes, 64);
	l->bytes = l->queue_stride * queues;
}

uint32_t seki_bpf_map_key_size(const struct seki_map_def *def)
{
	if (def->type == SEKI_MAP_CLASSIFIER)
		return (uint32_t)sizeof(struct seki_classifier_key) + 2 * def->key_size;
	return def->key_size;
}

static void lay_out_classifier(const struct seki_map_def *def, struct layout *l)
{
	struct seki_classifier_shape shape;

	seki_classifier_shape(def, &shape);
	l->glue = round_up(l->bytes, 64);
	l->glue_stride = shape.block_bytes;
	l->n_glue = shape.blocks + shape.spare;
	l->classifier = l->glue + l->glue_stride * l->n_glue;
	l->bytes = l->classifier + shape.state_bytes;
}

static void lay_out_pools(const struct seki_map_def *def, struct layout *l)
{
	bool lpm = def->type == SEKI_MAP_LPM, classifier = def->type == SEKI_MAP_CLASSIFIER;
	uint64_t key = lpm ? round_up(lpm_bits(def) / 8, 8) : seki_bpf_map_key_size(def);

	l->value_at = round_up(SEKI_MAP_KEY_AT + key, 8) + classifier * sizeof(uint64_t);
	l->stride = l->value_at + round_up(def->value_size, 8);
	l->heads = lpm ? 1 + (1ull << lpm_root_bits(def)) : bucket_count(def);
	l->n_slots = def->max_entries + spare_slots(def, l->stride);
	/* Link 0 is none: there is a head at offset 0. */
	l->slots = round_up(l->heads * sizeof(uint32_t), 64);
	l->bytes = l->slots + l->stride * l->n_slots;
	if (lpm) {
		l->glue = l->bytes;
		l->glue_stride = l->value_at;
		l->n_glue = l->n_slots;
		l->bytes += l->glue_stride * l->n_glue;
	} else if (classifier) {
		lay_out_classifier(def, l);
	} else if (def->type == SEKI_MAP_LRU_HASH) {
		l->marks = l->bytes;
		l->alive = l->marks + round_up(l->n_slots, 8);
		l->bytes = l->alive + round_up(l->n_slots, 8);
	}
}

static void lay_out(const struct seki_map_def *def, uint32_t queues, struct layout *l)
{
	*l = (struct layout){.bytes = 0};
	if (is_array(def))
		lay_out_array(def, queues, l);
	else
		lay_out_pools(def, l);
}

static const char *fault_of_type(const struct seki_map_def *def)
{
	switch (def->type) {
	case SEKI_MAP_ARRAY:
	case SEKI_MAP_QUEUE_ARRAY:
		if (def->key_size != 4)
			return "the key of an array map has 4 bytes";
		if (def->type == SEKI_MAP_QUEUE_ARRAY && def->value_size % 8)
			return "the value size of a per-queue array must be a multiple of 8";
		return NULL;
	case SEKI_MAP_LPM:
		if (def->key_size <= sizeof(struct seki_lpm_key) ||
		    def->key_size > sizeof(struct seki_lpm_key) + SEKI_LPM_DATA_MAX)
			return "the key of an LPM trie has 4 bytes for the prefix length and 1 to "
			       "256 bytes of data";
		return NULL;
	case SEKI_MAP_CLASSIFIER:
		if (def->key_size > SEKI_CLASSIFIER_KEY_MAX)
			return "the key of a classifier has at most 128 bytes";
		return NULL;
	case SEKI_MAP_HASH:
	case SEKI_MAP_LRU_HASH:
		return NULL;
	default:
		return "only array (1), hash (4), LPM trie (5), LRU hash (6), per-queue array (7) "
		       "and classifier (8) maps are supported";
	}
}

uint64_t seki_bpf_map_bytes(const struct seki_map_def *def, uint32_t queues, const char **why)
{
	struct layout l;

	*why = fault_of_type(def);
	if (*why)
		return 0;
	if (!def->key_size || def->key_size > SEKI_MAP_KEY_MAX)
		*why = "the key size must be 1 to 512";
	else if (!def->value_size || def->value_size > SEKI_MAP_VALUE_MAX)
		*why = "the value size must be 1 to 65536";
	else if (!def->max_entries)
		*why = "the map can hold no entry";
	else if (!is_array(def) && def->max_entries > SEKI_MAP_ENTRIES_MAX)
		*why = "the map has more than 2^30 entries";
	if (*why)
		return 0;
	lay_out(def, queues, &l);
	if (!is_array(def) && l.bytes >= LARGEST_POOLED)
		*why = "the map is larger than 32 GiB";
	return *why ? 0 : l.bytes;
}

static struct seki_map_pool pool_at(uint64_t at, uint64_t stride, uint64_t n, uint64_t entries)
{
	return (struct seki_map_pool){
		.first = (uint32_t)(at / 8),
		.next = (uint32_t)(at / 8),
		.end = (uint32_t)((at + stride * n) / 8),
		.step = (uint32_t)(stride / 8),
		.batch = (uint32_t)((n - entries) / BATCHES),
	};
}

static void init_classifier(struct seki_bpf_map *map, const struct layout *l)
{
	struct seki_classifier_shape shape;

	seki_classifier_shape(&map->def, &shape);
	map->glue = pool_at(l->glue, l->glue_stride, l->n_glue, shape.blocks);
	map->classifier = (struct seki_classifier *)(void *)(map->slots + l->classifier);
	seki_classifier_init(map, &shape);
}

void seki_bpf_map_init(struct seki_bpf_map *map, const struct seki_map_def *def, void *memory,
		       uint32_t seed, const struct seki_bpf_readers *readers)
{
	struct layout l;

	lay_out(def, readers ? readers->n : 1, &l);
	memset(map, 0, sizeof(*map));
	map->def = *def;
	map->slots = memory;
	map->value_at = (uint32_t)l.value_at;
	map->key_bytes = seki_bpf_map_key_size(def);
	map->stride = l.stride;
	map->queue_stride = l.queue_stride;
	map->readers = readers;
	map->seed = seed;
	if (is_array(def))
		return;
	map->heads = memory;
	map->entries = pool_at(l.slots, l.stride, l.n_slots, def->max_entries);
	if (def->type == SEKI_MAP_LPM) {
		map->glue = pool_at(l.glue, l.glue_stride, l.n_glue, def->max_entries);
		map->bits = lpm_bits(def);
		map->root_bits = lpm_root_bits(def);
		return;
	}
	map->mask = (uint32_t)(l.heads - 1);
	if (def->type == SEKI_MAP_CLASSIFIER)
		init_classifier(map, &l);
	if (def->type == SEKI_MAP_LRU_HASH) {
		map->marks = map->slots + l.marks;
		map->alive = map->slots + l.alive;
	}
}

static uint8_t *array_value(const struct seki_bpf_map *map, uint32_t index, uint32_t queue)
{
	return map->slots + queue * map->queue_stride + index * map->stride;
}

static bool array_index(const struct seki_bpf_map *map, const void *key, uint32_t *index)
{
	__builtin_memcpy(index, key, sizeof(*index));
	return *index < map->def.max_entries;
}

seki_bpf_find seki_bpf_map_finder(const struct seki_map_def *def)
{
	if (is_array(def))
		return NULL;
	if (def->type == SEKI_MAP_CLASSIFIER)
		return seki_classifier_finder(def);
	return def->type == SEKI_MAP_LPM ? seki_lpm_finder(def) : seki_hash_finder(def);
}

void *seki_bpf_map_find(const struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	uint32_t index;

	if (is_array(&map->def))
		return array_index(map, key, &index) ? array_value(map, index, queue) : NULL;
	return seki_bpf_map_finder(&map->def)(map, key);
}

static uint32_t queue_count(const struct seki_bpf_map *map)
{
	return map->queue_stride && map->readers ? map->readers->n : 1;
}

static void clear_value(const struct seki_bpf_map *map, void *value)
{
	uint64_t *words = value;

	for (uint32_t i = 0; i < map->def.value_size / 8; i++)
		__atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

static int array_put(struct seki_bpf_map *map, const void *key, const void *value,
		     enum seki_map_set how, uint32_t queue)
{
	uint32_t index;

	if (!array_index(map, key, &index))
		return -ENOENT;
	if (how == SEKI_MAP_NOEXIST)
		return -EEXIST;
	if (queue == SEKI_MAP_NO_QUEUE) {
		for (uint32_t i = 1; i < queue_count(map); i++)
			clear_value(map, array_value(map, index, i));
		queue = 0;
	}
	seki_map_store_value(map, array_value(map, index, queue), value);
	return 0;
}

int seki_bpf_map_put(struct seki_bpf_map *map, const void *key, const void *value,
		     enum seki_map_set how, uint32_t queue)
{
	if (is_array(&map->def))
		return array_put(map, key, value, how, queue);
	if (map->def.type == SEKI_MAP_LPM)
		return seki_lpm_put(map, key, value, how, queue);
	if (map->def.type == SEKI_MAP_CLASSIFIER)
		return seki_classifier_put(map, key, value, how, queue);
	return seki_hash_put(map, key, value, how, queue);
}

int seki_bpf_map_remove(struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	if (is_array(&map->def))
		return -EINVAL;
	if (map->def.type == SEKI_MAP_LPM)
		return seki_lpm_remove(map, key, queue);
	if (map->def.type == SEKI_MAP_CLASSIFIER)
		return seki_classifier_remove(map, key, queue);
	return seki_hash_remove(map, key, queue);
}

static void add_up(const struct seki_bpf_map *map, uint32_t index, uint8_t *value)
{
	for (uint32_t at = 0; at < map->def.value_size; at += 8) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < queue_count(map); i++)
			sum += __atomic_load_n(
				(uint64_t *)(void *)(array_value(map, index, i) + at),
				__ATOMIC_RELAXED);
		memcpy(value + at, &sum, sizeof(sum));
	}
}

static int array_read(struct seki_bpf_map *map, const void *key, void *value, uint32_t queue)
{
	uint32_t index;

	if (!array_index(map, key, &index))
		return -ENOENT;
	if (map->queue_stride && queue == SEKI_MAP_NO_QUEUE)
		add_up(map, index, value);
	else
		seki_map_load_value(map, value, array_value(map, index, queue));
	return 0;
}

int seki_bpf_map_read(struct seki_bpf_map *map, const void *key, void *value, uint32_t queue)
{
	if (is_array(&map->def))
		return array_read(map, key, value, queue);
	if (map->def.type == SEKI_MAP_LPM)
		return seki_lpm_read(map, key, value);
	if (map->def.type == SEKI_MAP_CLASSIFIER)
		return seki_classifier_read(map, key, value);
	return seki_hash_read(map, key, value);
}

static int array_next(const struct seki_bpf_map *map, const void *key, void *next)
{
	uint32_t index = 0;

	if (key && (!array_index(map, key, &index) || ++index == map->def.max_entries))
		return -ENOENT;
	memcpy(next, &index, sizeof(index));
	return 0;
}

int seki_bpf_map_next(struct seki_bpf_map *map, const void *key, void *next)
{
	if (is_array(&map->def))
		return array_next(map, key, next);
	if (map->def.type == SEKI_MAP_LPM)
		return seki_lpm_next(map, key, next);
	return seki_hash_next(map, key, next);
}

uint32_t seki_bpf_map_count(const struct seki_bpf_map *map)
{
	return is_array(&map->def) ? map->def.max_entries
				   : __atomic_load_n(&map->live, __ATOMIC_RELAXED);
}

void seki_bpf_map_reclaim(struct seki_bpf_map *map)
{
	if (is_array(&map->def))
		return;
	seki_map_reclaim_pool(map, &map->entries);
	if (map->glue.step)
		seki_map_reclaim_pool(map, &map->glue);
}

bool seki_bpf_map_holds(const struct seki_bpf_map *map, uint64_t addr, uint64_t len)
{
	uint64_t off = addr - (uint64_t)(uintptr_t)map->slots, size, in_slot;

	if (is_array(&map->def)) {
		size = map->stride * map->def.max_entries;
		if (map->queue_stride && off < map->queue_stride * queue_count(map))
			off %= map->queue_stride;
	} else {
		off -= (uint64_t)map->entries.first * 8;
		size = (uint64_t)(map->entries.end - map->entries.first) * 8;
	}
	in_slot = off % map->stride;
	return off < size && in_slot >= map->value_at &&
	       seki_in_range(in_slot - map->value_at, len, map->def.value_size);
}
