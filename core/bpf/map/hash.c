// SPDX-License-Identifier: Apache-2.0
/*
 * Hash maps and LRU hash maps: chained buckets of links, as many buckets as entries or up to twice
 * that. A chain is sorted by hash, then key, so that "the entry after this key" means something
 * without the entry (seki_hash_next()). Lookups follow links that are published by release stores;
 * a slot that is taken out keeps its own link, so a lookup that stands on it goes on.
 *
 * An LRU map that is full evicts by second chance: a hand goes round the slots, passes those that
 * were looked up since it came by last and takes their mark, and stops at the first without one.
 * It gives up after SWEEP_WORDS steps and takes what is next, so that no change is long.
 *
 * A classifier's entries are kept here as well, by all that names them; lookups find them as
 * classifier.h says, where each change is made first.
 */
#include <errno.h>
#include <string.h>

#include "core/bpf/map/classifier.h"
#include "core/bpf/map/lookup3.h"
#include "core/bpf/map/slots.h"

#define SWEEP_WORDS 2048u /* of 8 marks */

static bool is_lru(const struct seki_bpf_map *map)
{
	return map->def.type == SEKI_MAP_LRU_HASH;
}

static bool is_classifier(const struct seki_bpf_map *map)
{
	return map->def.type == SEKI_MAP_CLASSIFIER;
}

/* Inlined with a constant size where it counts. */
static inline __attribute__((always_inline)) struct seki_map_slot *find_slot(
	const struct seki_bpf_map *map, const void *key, uint32_t size)
{
	uint32_t hash = seki_lookup3(key, size, map->seed);
	uint32_t link = seki_load_acquire(&map->heads[hash & map->mask]);

	while (link) {
		struct seki_map_slot *slot = seki_map_slot(map, link);

		if (slot->hash == hash && !__builtin_memcmp(seki_map_key(slot), key, size))
			return slot;
		link = seki_load_acquire(&slot->next);
	}
	return NULL;
}

static inline void mark(const struct seki_bpf_map *map, const struct seki_map_slot *slot)
{
	uint8_t *marked = &map->marks[slot->index];

	if (!__atomic_load_n(marked, __ATOMIC_RELAXED))
		__atomic_store_n(marked, 1, __ATOMIC_RELAXED);
}

#define FINDERS(suffix, size)                                                                      \
	static void *find_##suffix(const struct seki_bpf_map *map, const void *key)                \
	{                                                                                          \
		struct seki_map_slot *slot = find_slot(map, key, size);                            \
                                                                                                   \
		return slot ? seki_map_value(map, slot) : NULL;                                    \
	}                                                                                          \
	static void *find_lru_##suffix(const struct seki_bpf_map *map, const void *key)            \
	{                                                                                          \
		struct seki_map_slot *slot = find_slot(map, key, size);                            \
                                                                                                   \
		if (!slot)                                                                         \
			return NULL;                                                               \
		mark(map, slot);                                                                   \
		return seki_map_value(map, slot);                                                  \
	}

FINDERS(4, 4)
FINDERS(8, 8)
FINDERS(12, 12)
FINDERS(16, 16)
FINDERS(any, map->def.key_size)

seki_bpf_find seki_hash_finder(const struct seki_map_def *def)
{
	bool lru = def->type == SEKI_MAP_LRU_HASH;

	switch (def->key_size) {
	case 4:
		return lru ? find_lru_4 : find_4;
	case 8:
		return lru ? find_lru_8 : find_8;
	case 12:
		return lru ? find_lru_12 : find_12;
	case 16:
		return lru ? find_lru_16 : find_16;
	default:
		return lru ? find_lru_any : find_any;
	}
}

static uint32_t hash_of(const struct seki_bpf_map *map, const void *key)
{
	return seki_lookup3(key, map->key_bytes, map->seed);
}

/* The link that leads to the entry, or to where it would be. Under the lock. */
static uint32_t *place_of(struct seki_bpf_map *map, const void *key, uint32_t hash, bool *found)
{
	uint32_t *link = &map->heads[hash & map->mask];

	for (; *link; link = &seki_map_slot(map, *link)->next) {
		struct seki_map_slot *slot = seki_map_slot(map, *link);
		int order = slot->hash < hash ? -1 : slot->hash > hash;

		if (!order)
			order = memcmp(seki_map_key(slot), key, map->key_bytes);
		if (order >= 0) {
			*found = !order;
			return link;
		}
	}
	*found = false;
	return link;
}

static void set_alive(struct seki_bpf_map *map, const struct seki_map_slot *slot, bool alive,
		      bool marked)
{
	if (!is_lru(map))
		return;
	map->alive[slot->index] = alive;
	__atomic_store_n(&map->marks[slot->index], marked, __ATOMIC_RELAXED);
}

static void unlink_slot(struct seki_bpf_map *map, uint32_t *link, uint32_t queue)
{
	uint32_t gone = *link;
	struct seki_map_slot *slot = seki_map_slot(map, gone);

	set_alive(map, slot, false, false);
	seki_map_set_live(map, map->live - 1);
	seki_store_release(link, slot->next);
	seki_map_retire(map, &map->entries, gone, queue);
}

/* Is there none to evict among the eight slots from `at` on? Then their marks go. */
static bool pass_eight(struct seki_bpf_map *map, uint32_t at)
{
	uint64_t *marks = (uint64_t *)(void *)(map->marks + at);
	uint64_t alive;

	__builtin_memcpy(&alive, map->alive + at, 8);
	if (alive & ~__atomic_load_n(marks, __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(marks, 0, __ATOMIC_RELAXED);
	return true;
}

/* The slot that the hand stops at. The map has entries: it ends. */
static uint32_t choose_victim(struct seki_bpf_map *map)
{
	uint32_t n = (map->entries.end - map->entries.first) / map->entries.step;
	uint32_t at = map->hand < n ? map->hand : 0;

	for (uint32_t steps = 0;; steps++, at = at < n ? at : 0) {
		if (at % 8 == 0 && at + 8 <= n && steps < SWEEP_WORDS && pass_eight(map, at)) {
			at += 8;
			continue;
		}
		if (map->alive[at] &&
		    (steps >= SWEEP_WORDS || !__atomic_load_n(&map->marks[at], __ATOMIC_RELAXED)))
			break;
		__atomic_store_n(&map->marks[at++], 0, __ATOMIC_RELAXED);
	}
	map->hand = at + 1;
	return map->entries.first + at * map->entries.step;
}

static void evict(struct seki_bpf_map *map, uint32_t queue)
{
	uint32_t victim = choose_victim(map);
	uint32_t *link = &map->heads[seki_map_slot(map, victim)->hash & map->mask];

	while (*link != victim)
		link = &seki_map_slot(map, *link)->next;
	unlink_slot(map, link, queue);
}

static void fill(struct seki_bpf_map *map, uint32_t taken, const void *key, const void *value,
		 uint32_t hash)
{
	struct seki_map_slot *slot = seki_map_slot(map, taken);

	slot->hash = hash;
	slot->index = (taken - map->entries.first) / map->entries.step;
	memcpy(seki_map_key(slot), key, map->key_bytes);
	seki_map_store_value(map, seki_map_value(map, slot), value);
}

static int classify(struct seki_bpf_map *map, uint32_t taken, uint32_t queue)
{
	*seki_entry_number(map, seki_map_slot(map, taken)) = ++map->classifier->added;
	return seki_classifier_add(map, taken, queue);
}

static int classify_instead(struct seki_bpf_map *map, uint32_t old, uint32_t taken)
{
	*seki_entry_number(map, seki_map_slot(map, taken)) =
		*seki_entry_number(map, seki_map_slot(map, old));
	return seki_classifier_swap(map, old, taken);
}

static int insert(struct seki_bpf_map *map, const void *key, const void *value, uint32_t hash,
		  uint32_t queue)
{
	bool full = map->live == map->def.max_entries, found;
	uint32_t taken, *link;

	if (full && !is_lru(map))
		return -ENOSPC;
	taken = seki_map_take(map, &map->entries, queue);
	if (!taken)
		return -EBUSY;
	fill(map, taken, key, value, hash);
	if (is_classifier(map) && classify(map, taken, queue)) {
		seki_map_give(map, &map->entries, taken);
		return -EBUSY;
	}
	if (full)
		evict(map, queue);
	link = place_of(map, key, hash, &found); /* after the eviction, which may change it */
	seki_map_slot(map, taken)->next = *link;
	set_alive(map, seki_map_slot(map, taken), true, false);
	seki_map_set_live(map, map->live + 1);
	seki_store_release(link, taken);
	return 0;
}

static int replace(struct seki_bpf_map *map, uint32_t *link, const void *value, uint32_t queue)
{
	uint32_t taken, old = *link;
	struct seki_map_slot *slot = seki_map_slot(map, old);

	if (seki_map_in_place(map, queue)) {
		seki_map_store_value(map, seki_map_value(map, slot), value);
		set_alive(map, slot, true, true);
		return 0;
	}
	taken = seki_map_take(map, &map->entries, queue);
	if (!taken)
		return -EBUSY;
	fill(map, taken, seki_map_key(slot), value, slot->hash);
	seki_map_slot(map, taken)->next = slot->next;
	if (is_classifier(map) && classify_instead(map, old, taken)) {
		seki_map_give(map, &map->entries, taken);
		return -EBUSY;
	}
	set_alive(map, slot, false, false);
	set_alive(map, seki_map_slot(map, taken), true, true);
	seki_store_release(link, taken);
	seki_map_retire(map, &map->entries, old, queue);
	return 0;
}

static int put(struct seki_bpf_map *map, const void *key, const void *value, enum seki_map_set how,
	       uint32_t queue)
{
	uint32_t hash = hash_of(map, key);
	bool found;
	uint32_t *link = place_of(map, key, hash, &found);

	if (found)
		return how == SEKI_MAP_NOEXIST ? -EEXIST : replace(map, link, value, queue);
	return how == SEKI_MAP_EXIST ? -ENOENT : insert(map, key, value, hash, queue);
}

/*
 * A run stores a word in place without the lock. Were the entry deleted at the same time, the store
 * would be the earlier one; its slot is not another's before the run ends.
 */
static bool store_word(struct seki_bpf_map *map, const void *key, const void *value)
{
	struct seki_map_slot *slot = find_slot(map, key, map->def.key_size);

	if (!slot)
		return false;
	seki_map_store_value(map, seki_map_value(map, slot), value);
	if (is_lru(map))
		mark(map, slot);
	return true;
}

int seki_hash_put(struct seki_bpf_map *map, const void *key, const void *value,
		  enum seki_map_set how, uint32_t queue)
{
	uint64_t own[SEKI_MAP_KEY_MAX / 8];
	int err;

	if (map->def.value_size <= 8 && queue != SEKI_MAP_NO_QUEUE && how != SEKI_MAP_NOEXIST &&
	    store_word(map, key, value))
		return 0;
	/* The key may lie where another run writes: what is hashed and what is kept must be one. */
	memcpy(own, key, map->key_bytes);
	if (!seki_map_lock(map))
		return -EBUSY;
	err = put(map, own, value, how, queue);
	seki_map_unlock(map);
	return err;
}

int seki_hash_remove(struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	uint32_t *link;
	bool found;
	int err;

	if (!seki_map_lock(map))
		return -EBUSY;
	link = place_of(map, key, hash_of(map, key), &found);
	err = found ? 0 : -ENOENT;
	if (found && is_classifier(map))
		err = seki_classifier_drop(map, *link, queue);
	if (!err)
		unlink_slot(map, link, queue);
	seki_map_unlock(map);
	return err;
}

int seki_hash_read(struct seki_bpf_map *map, const void *key, void *value)
{
	uint32_t *link;
	bool found;

	if (!seki_map_lock(map))
		return -EBUSY;
	link = place_of(map, key, hash_of(map, key), &found);
	if (found)
		seki_map_load_value(map, value, seki_map_value(map, seki_map_slot(map, *link)));
	seki_map_unlock(map);
	return found ? 0 : -ENOENT;
}

/* The first entry of a bucket, or the first after a key. -ENOENT: none. */
static int first_in(struct seki_bpf_map *map, uint32_t bucket, const void *after, uint32_t hash,
		    void *next)
{
	uint32_t *link = &map->heads[bucket];
	bool found = false;
	int err = -ENOENT;

	if (!seki_map_lock(map))
		return -EBUSY;
	if (after)
		link = place_of(map, after, hash, &found);
	if (found)
		link = &seki_map_slot(map, *link)->next;
	if (*link) {
		memcpy(next, seki_map_key(seki_map_slot(map, *link)), map->key_bytes);
		err = 0;
	}
	seki_map_unlock(map);
	return err;
}

/* Buckets in a row; empty ones are passed without the lock. */
int seki_hash_next(struct seki_bpf_map *map, const void *key, void *next)
{
	uint32_t hash = key ? hash_of(map, key) : 0;
	uint64_t bucket = hash & map->mask;

	for (; bucket <= map->mask; bucket++, key = NULL) {
		int err;

		if (!__atomic_load_n(&map->heads[bucket], __ATOMIC_RELAXED))
			continue;
		err = first_in(map, (uint32_t)bucket, key, hash, next);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}
