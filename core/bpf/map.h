/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps over the caller's memory. Arrays are values in a row. Hash maps have as many slots as
 * entries; a slot never moves, so a value's address stays good for as long as the entry lives, and
 * the slot of a deleted entry is not used anew before seki_bpf_map_reclaim(), which the machine
 * calls between runs: a pointer that a run has looked up cannot come to point into another entry
 * during that run. (So a map that was full stays full within the run that deletes from it.)
 * One thread at a time.
 */
#ifndef SEKI_CORE_BPF_MAP_H
#define SEKI_CORE_BPF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"

#define SEKI_MAP_KEY_MAX   512u
#define SEKI_MAP_VALUE_MAX 65536u

struct seki_bpf_map {
	struct seki_map_def def;
	uint8_t *slots;	 /* max_entries times stride bytes */
	uint32_t *heads; /* hash maps: first slot of a bucket + 1; 0: empty */
	size_t stride;
	uint32_t value_at; /* offset of the value in a slot */
	uint32_t buckets;  /* power of two */
	uint32_t seed;
	uint32_t used;	/* slots that have ever been used */
	uint32_t free;	/* chain of slots to use first, + 1 */
	uint32_t limbo; /* chain of slots deleted since the last reclaim, + 1 */
	uint32_t limbo_last;
};

/*
 * Bytes of memory, zeroed and aligned to 8, that a map of this definition needs; 0 where it is of
 * no known type or one of its sizes is out of bounds, and *why says so.
 */
uint64_t seki_bpf_map_bytes(const struct seki_map_def *def, const char **why);

/* `def` has passed seki_bpf_map_bytes(). `seed` makes collisions hard to foresee. */
void seki_bpf_map_init(struct seki_bpf_map *map, const struct seki_map_def *def, void *memory,
		       uint32_t seed);

/* The value's address, aligned to 8, or NULL. */
void *seki_bpf_map_find(const struct seki_bpf_map *map, const void *key);

/* -ENOSPC: full. -ENOENT: no such index of the array. */
int seki_bpf_map_put(struct seki_bpf_map *map, const void *key, const void *value);

/* -ENOENT: no such key. -EINVAL: arrays lose no entries. */
int seki_bpf_map_remove(struct seki_bpf_map *map, const void *key);

void seki_bpf_map_reclaim(struct seki_bpf_map *map);

/* Do these bytes lie inside one value of the map? */
bool seki_bpf_map_holds(const struct seki_bpf_map *map, uint64_t addr, uint64_t len);

#endif
