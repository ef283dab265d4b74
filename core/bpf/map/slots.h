/* SPDX-License-Identifier: Apache-2.0 */
/* What hash maps and tries have in common: the lock, slots and their way from use to use. */
#ifndef SEKI_CORE_BPF_MAP_SLOTS_H
#define SEKI_CORE_BPF_MAP_SLOTS_H

#include "core/bpf/map/map.h"

/* What stands at the start of each slot; the key follows, then the value. */
struct seki_map_slot {
	union {
		struct {
			uint32_t next; /* link in the bucket's chain; loaded by lookups */
			uint32_t hash;
		};
		uint32_t child[2]; /* of a trie's node; loaded by lookups */
	};
	uint32_t chain; /* link in the free, deleted or waiting chain */
	union {
		uint32_t index; /* hash maps: number of the slot */
		uint32_t len;	/* tries: bits of the prefix */
	};
};

#define SEKI_MAP_KEY_AT sizeof(struct seki_map_slot)

static inline struct seki_map_slot *seki_map_slot(const struct seki_bpf_map *map, uint32_t link)
{
	return (struct seki_map_slot *)(void *)(map->slots + (size_t)link * 8);
}

static inline void *seki_map_key(struct seki_map_slot *slot)
{
	return slot + 1;
}

static inline void *seki_map_value(const struct seki_bpf_map *map, struct seki_map_slot *slot)
{
	return (uint8_t *)slot + map->value_at;
}

/* Bounded tries. */
bool seki_map_lock(struct seki_bpf_map *map);
void seki_map_unlock(struct seki_bpf_map *map);

/* The rest is called under the lock. */

/* Entries; others may ask for their number meanwhile. */
static inline void seki_map_set_live(struct seki_bpf_map *map, uint32_t live)
{
	__atomic_store_n(&map->live, live, __ATOMIC_RELAXED);
}

/* A slot that nobody else knows; 0: there is none at present. */
uint32_t seki_map_take(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t queue);

/* Back, unused. */
void seki_map_give(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t link);

/* No lookup that begins now finds the slot; those under way may. */
void seki_map_retire(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t link,
		     uint32_t queue);

void seki_map_reclaim_pool(struct seki_bpf_map *map, struct seki_map_pool *pool);

/* May this change store a value where it is? See the head of map.h. */
bool seki_map_in_place(const struct seki_bpf_map *map, uint32_t queue);

/* By words, each loaded and stored at once. Bytes after the value's last, up to the next multiple
 * of 8, become 0. */
void seki_map_store_value(const struct seki_bpf_map *map, void *to, const void *from);
void seki_map_load_value(const struct seki_bpf_map *map, void *to, const void *from);

/* The types: see map.h. `find` of the key's size. */
seki_bpf_find seki_hash_finder(const struct seki_map_def *def);
int seki_hash_put(struct seki_bpf_map *map, const void *key, const void *value,
		  enum seki_map_set how, uint32_t queue);
int seki_hash_remove(struct seki_bpf_map *map, const void *key, uint32_t queue);
int seki_hash_read(struct seki_bpf_map *map, const void *key, void *value);
int seki_hash_next(struct seki_bpf_map *map, const void *key, void *next);

seki_bpf_find seki_lpm_finder(const struct seki_map_def *def);
int seki_lpm_put(struct seki_bpf_map *map, const void *key, const void *value,
		 enum seki_map_set how, uint32_t queue);
int seki_lpm_remove(struct seki_bpf_map *map, const void *key, uint32_t queue);
int seki_lpm_read(struct seki_bpf_map *map, const void *key, void *value);
int seki_lpm_next(struct seki_bpf_map *map, const void *key, void *next);

seki_bpf_find seki_classifier_finder(const struct seki_map_def *def);
int seki_classifier_put(struct seki_bpf_map *map, const void *key, const void *value,
			enum seki_map_set how, uint32_t queue);
int seki_classifier_remove(struct seki_bpf_map *map, const void *key, uint32_t queue);
int seki_classifier_read(struct seki_bpf_map *map, const void *key, void *value);

#endif
