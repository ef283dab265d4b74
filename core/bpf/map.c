// SPDX-License-Identifier: Apache-2.0
/* Array and hash maps: see the header. */
#include "core/bpf/map.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/helper.h"

/* What stands at the start of each slot of a hash map; the key follows, then the value. */
struct slot {
	uint32_t next; /* in its bucket's, the free or the limbo chain, + 1 */
	uint32_t hash;
};

#define KEY_AT sizeof(struct slot)

static size_t round_up(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static uint32_t bucket_count(uint32_t entries)
{
	uint32_t n = 1;

	while (n < entries && n < 1u << 31)
		n <<= 1;
	return n;
}

static size_t value_offset(const struct seki_map_def *def)
{
	return def->type == SEKI_MAP_ARRAY ? 0 : round_up(KEY_AT + def->key_size);
}

uint64_t seki_bpf_map_bytes(const struct seki_map_def *def, const char **why)
{
	uint64_t stride = value_offset(def) + round_up(def->value_size);

	*why = NULL;
	if (def->type != SEKI_MAP_ARRAY && def->type != SEKI_MAP_HASH)
		*why = "only array (1) and hash (4) maps are supported";
	else if (!def->key_size || def->key_size > SEKI_MAP_KEY_MAX)
		*why = "the key size must be 1 to 512";
	else if (!def->value_size || def->value_size > SEKI_MAP_VALUE_MAX)
		*why = "the value size must be 1 to 65536";
	else if (!def->max_entries)
		*why = "the map can hold no entry";
	else if (def->type == SEKI_MAP_ARRAY && def->key_size != 4)
		*why = "the key of an array map has 4 bytes";
	if (*why)
		return 0;
	if (def->type == SEKI_MAP_ARRAY)
		return stride * def->max_entries;
	return stride * def->max_entries +
	       round_up(bucket_count(def->max_entries) * sizeof(uint32_t));
}

void seki_bpf_map_init(struct seki_bpf_map *map, const struct seki_map_def *def, void *memory,
		       uint32_t seed)
{
	*map = (struct seki_bpf_map){
		.def = *def,
		.slots = memory,
		.stride = value_offset(def) + round_up(def->value_size),
		.value_at = (uint32_t)value_offset(def),
		.seed = seed,
	};
	if (def->type == SEKI_MAP_ARRAY)
		return;
	map->buckets = bucket_count(def->max_entries);
	map->heads = (uint32_t *)(void *)(map->slots + map->stride * def->max_entries);
}

static uint8_t *slot_at(const struct seki_bpf_map *map, uint32_t index)
{
	return map->slots + map->stride * index;
}

static struct slot *head_of(const struct seki_bpf_map *map, uint32_t index)
{
	return (struct slot *)(void *)slot_at(map, index);
}

/* The link that leads to the entry, or NULL. */
static uint32_t *find_link(const struct seki_bpf_map *map, const void *key, uint32_t hash)
{
	uint32_t *link = &map->heads[hash & (map->buckets - 1)];

	while (*link) {
		struct slot *slot = head_of(map, *link - 1);

		if (slot->hash == hash &&
		    !memcmp(slot_at(map, *link - 1) + KEY_AT, key, map->def.key_size))
			return link;
		link = &slot->next;
	}
	return NULL;
}

static uint32_t hash_key(const struct seki_bpf_map *map, const void *key)
{
	return seki_bpf_hash(key, map->def.key_size, map->seed);
}

static void *array_find(const struct seki_bpf_map *map, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index < map->def.max_entries ? slot_at(map, index) : NULL;
}

void *seki_bpf_map_find(const struct seki_bpf_map *map, const void *key)
{
	uint32_t *link;

	if (map->def.type == SEKI_MAP_ARRAY)
		return array_find(map, key);
	link = find_link(map, key, hash_key(map, key));
	return link ? slot_at(map, *link - 1) + map->value_at : NULL;
}

/* A slot that nothing uses, + 1; 0 where the map is full. */
static uint32_t take_slot(struct seki_bpf_map *map)
{
	uint32_t taken = map->free;

	if (taken)
		map->free = head_of(map, taken - 1)->next;
	else if (map->used < map->def.max_entries)
		taken = ++map->used;
	return taken;
}

static int hash_insert(struct seki_bpf_map *map, const void *key, const void *value, uint32_t hash)
{
	uint32_t *bucket = &map->heads[hash & (map->buckets - 1)];
	uint32_t taken = take_slot(map);
	struct slot *slot;

	if (!taken)
		return -ENOSPC;
	slot = head_of(map, taken - 1);
	*slot = (struct slot){.next = *bucket, .hash = hash};
	memcpy(slot_at(map, taken - 1) + KEY_AT, key, map->def.key_size);
	memmove(slot_at(map, taken - 1) + map->value_at, value, map->def.value_size);
	*bucket = taken;
	return 0;
}

/* Key and value may lie in the map itself, where the program has them: memmove. */
int seki_bpf_map_put(struct seki_bpf_map *map, const void *key, const void *value)
{
	void *place = seki_bpf_map_find(map, key);

	if (place) {
		memmove(place, value, map->def.value_size);
		return 0;
	}
	if (map->def.type == SEKI_MAP_ARRAY)
		return -ENOENT;
	return hash_insert(map, key, value, hash_key(map, key));
}

int seki_bpf_map_remove(struct seki_bpf_map *map, const void *key)
{
	uint32_t *link, index;
	struct slot *slot;

	if (map->def.type == SEKI_MAP_ARRAY)
		return -EINVAL;
	link = find_link(map, key, hash_key(map, key));
	if (!link)
		return -ENOENT;
	index = *link;
	slot = head_of(map, index - 1);
	*link = slot->next;
	slot->next = map->limbo;
	if (!map->limbo)
		map->limbo_last = index;
	map->limbo = index;
	return 0;
}

void seki_bpf_map_reclaim(struct seki_bpf_map *map)
{
	if (!map->limbo)
		return;
	head_of(map, map->limbo_last - 1)->next = map->free;
	map->free = map->limbo;
	map->limbo = 0;
}

bool seki_bpf_map_holds(const struct seki_bpf_map *map, uint64_t addr, uint64_t len)
{
	uint64_t off = addr - (uint64_t)(uintptr_t)map->slots;
	uint64_t in_slot = off % map->stride;

	return off < map->stride * map->def.max_entries && in_slot >= map->value_at &&
	       seki_in_range(in_slot - map->value_at, len, map->def.value_size);
}
