/* SPDX-License-Identifier: Apache-2.0 */
/* A map on memory of its own, for the tests of core/bpf/map*.c. Included after cmocka.h. */
#ifndef SEKI_TESTS_UNIT_BPF_MAPS_H
#define SEKI_TESTS_UNIT_BPF_MAPS_H

#include <stdlib.h>
#include <string.h>

#include "core/bpf/map/map.h"

/* A plane to change maps from: no queue. */
#define PLANE SEKI_MAP_NO_QUEUE

struct test_map {
	struct seki_bpf_map map;
	struct seki_bpf_readers readers;
};

/* `queues` 0: without readers, for one thread. The queues' barrier is the fence. */
static inline struct seki_bpf_map *make_map(const struct seki_map_def *def, uint32_t queues)
{
	struct test_map *t = calloc(1, sizeof(*t));
	const char *why;
	uint64_t bytes = seki_bpf_map_bytes(def, queues ? queues : 1, &why);
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

	assert_null(why);
	assert_non_null(memory);
	memset(memory, 0, bytes);
	t->readers.n = queues;
	t->readers.at = aligned_alloc(64, (queues + 1) * sizeof(*t->readers.at));
	memset(t->readers.at, 0, (queues + 1) * sizeof(*t->readers.at));
	seki_bpf_map_init(&t->map, def, memory, 7, queues ? &t->readers : NULL);
	return &t->map;
}

static inline void drop_map(struct seki_bpf_map *map)
{
	struct test_map *t = (struct test_map *)map;

	free(map->slots);
	free(t->readers.at);
	free(t);
}

/* Every key in one bucket. */
static inline void make_keys_collide(struct seki_bpf_map *map)
{
	map->mask = 0;
}

static inline void *find(const struct seki_bpf_map *map, const void *key)
{
	return seki_bpf_map_find(map, key, 0);
}

static inline int put(struct seki_bpf_map *map, const void *key, const void *value)
{
	return seki_bpf_map_put(map, key, value, SEKI_MAP_ANY, 0);
}

#endif
