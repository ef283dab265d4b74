// SPDX-License-Identifier: Apache-2.0
/* The lock of a map, and its slots' way: free, in use, deleted, waiting for the queues, free. */
#include "core/bpf/map/slots.h"

#include <string.h>

#include "core/base/check.h"

/* About 10 us: much longer than a change takes, so the holder does not run just now. */
#define LOCK_TRIES 256

static inline void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

bool seki_map_lock(struct seki_bpf_map *map)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!__atomic_load_n(&map->lock, __ATOMIC_RELAXED) &&
		    !__atomic_exchange_n(&map->lock, 1, __ATOMIC_ACQUIRE))
			return true;
		relax();
	}
	return false;
}

void seki_map_unlock(struct seki_bpf_map *map)
{
	seki_store_release(&map->lock, 0);
}

void seki_map_give(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t link)
{
	seki_map_slot(map, link)->chain = pool->free;
	pool->free = link;
}

static void free_waiting(struct seki_bpf_map *map, struct seki_map_pool *pool)
{
	if (!pool->waiting)
		return;
	seki_map_slot(map, pool->waiting_last)->chain = pool->free;
	pool->free = pool->waiting;
	pool->waiting = 0;
}

static void make_deleted_wait(struct seki_map_pool *pool)
{
	pool->waiting = pool->deleted;
	pool->waiting_last = pool->deleted_last;
	pool->deleted = 0;
	pool->n_deleted = 0;
}

static void look_at_queues(const struct seki_bpf_readers *readers, struct seki_map_pool *pool)
{
	for (uint32_t i = 0; i < readers->n; i++) {
		uint64_t run = seki_load64_acquire(&readers->at[i].run);

		pool->seen[i] = run & 1 ? run : 0;
	}
}

static bool have_queues_moved(const struct seki_bpf_readers *readers, struct seki_map_pool *pool)
{
	for (uint32_t i = 0; i < readers->n; i++) {
		if (!pool->seen[i])
			continue;
		if (seki_load64_acquire(&readers->at[i].run) == pool->seen[i])
			return false;
		pool->seen[i] = 0;
	}
	return true;
}

/* The only queue's own word needs no barrier to be seen by itself. */
static bool barrier(const struct seki_bpf_readers *readers, uint32_t queue)
{
	if (readers->n == 1 && queue != SEKI_MAP_NO_QUEUE)
		return true;
	if (readers->barrier)
		return readers->barrier();
	seki_fence();
	return true;
}

/* Steps 2 to 4 of map_readers.h for a batch of slots; does not wait. */
static void advance(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t queue)
{
	if (!map->readers)
		return;
	if (pool->waiting && have_queues_moved(map->readers, pool))
		free_waiting(map, pool);
	if (pool->waiting || !pool->deleted || !barrier(map->readers, queue))
		return;
	make_deleted_wait(pool);
	look_at_queues(map->readers, pool);
	if (have_queues_moved(map->readers, pool))
		free_waiting(map, pool);
}

uint32_t seki_map_take(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t queue)
{
	uint32_t link;

	if (!pool->free && pool->next < pool->end) {
		link = pool->next;
		pool->next += pool->step;
		return link;
	}
	if (!pool->free)
		advance(map, pool, queue);
	link = pool->free;
	if (link)
		pool->free = seki_map_slot(map, link)->chain;
	return link;
}

void seki_map_retire(struct seki_bpf_map *map, struct seki_map_pool *pool, uint32_t link,
		     uint32_t queue)
{
	seki_map_slot(map, link)->chain = pool->deleted;
	if (!pool->deleted)
		pool->deleted_last = link;
	pool->deleted = link;
	if (++pool->n_deleted % pool->batch == 0)
		advance(map, pool, queue);
}

void seki_map_reclaim_pool(struct seki_bpf_map *map, struct seki_map_pool *pool)
{
	free_waiting(map, pool);
	make_deleted_wait(pool);
	free_waiting(map, pool);
}

bool seki_map_in_place(const struct seki_bpf_map *map, uint32_t queue)
{
	if (!map->readers)
		return true;
	return queue != SEKI_MAP_NO_QUEUE && (map->def.value_size <= 8 || map->readers->n == 1);
}

void seki_map_store_value(const struct seki_bpf_map *map, void *to, const void *from)
{
	uint64_t *words = to, word;
	const uint8_t *bytes = from;
	uint32_t left = map->def.value_size;

	for (; left >= 8; left -= 8, bytes += 8) {
		__builtin_memcpy(&word, bytes, 8);
		__atomic_store_n(words++, word, __ATOMIC_RELAXED);
	}
	if (!left)
		return;
	word = 0;
	memcpy(&word, bytes, left);
	__atomic_store_n(words, word, __ATOMIC_RELAXED);
}

void seki_map_load_value(const struct seki_bpf_map *map, void *to, const void *from)
{
	const uint64_t *words = from;
	uint8_t *bytes = to;
	uint32_t left = map->def.value_size;

	while (left) {
		uint64_t word = __atomic_load_n(words++, __ATOMIC_RELAXED);
		uint32_t n = (uint32_t)seki_min(left, 8);

		memcpy(bytes, &word, n);
		bytes += n;
		left -= n;
	}
}
