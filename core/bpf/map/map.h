/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps over the caller's memory: arrays, arrays with a value for each queue, hash maps, LRU hash
 * maps, LPM tries, classifiers.
 *
 * Threads. Programs run on several queues at once; control planes change maps meanwhile.
 *   lookups    never wait and take no lock. What a lookup returned stays an entry of the key that
 *              was asked for until the run ends, even if it is deleted or replaced meanwhile: its
 *              memory is used anew only once every queue has been between runs (map_readers.h).
 *   changes    of hash maps and tries take the map's lock, one at a time. They are bounded: where
 *              the lock stays taken, or the memory of deleted entries cannot be used anew yet, they
 *              return -EBUSY and have changed nothing. A run that sets an entry of a hash map that
 *              is there, to a value of one word, needs no lock.
 *   values     of hash maps and tries are replaced as a whole: the entry gives way to another, and
 *              a lookup finds the old or the new one. Who holds a pointer to the old one still
 *              sees the old value, and what it writes there is lost.
 *              Two changes that programs make are stored in place instead: a value of one word (8
 *              bytes), by one store, as registers and counters are; and any value where the
 *              program has only one queue, so that no other run can see it half done.
 *              Values of arrays are stored in place word by word: wider ones may be seen half
 *              done, as in the kernel's arrays. So are values that programs write by pointers.
 *   deletion   of an entry never touches its key or value.
 *
 * Keys of entries, for all but lookups, have key_bytes: see abi/p4obj.h for classifiers'.
 *
 * Memory. Hash maps and tries have some more slots than max_entries (see spare_slots()) for
 * entries that are deleted but may still be looked at.
 */
#ifndef SEKI_CORE_BPF_MAP_H
#define SEKI_CORE_BPF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"
#include "core/bpf/map/readers.h"

#define SEKI_MAP_KEY_MAX	   512u
#define SEKI_MAP_VALUE_MAX	   65536u
#define SEKI_MAP_ENTRIES_MAX	   (1u << 30) /* of hash maps and tries */
#define SEKI_LPM_DATA_MAX	   256u	      /* bytes of a trie's key after the length */

#define SEKI_CLASSIFIER_KEY_MAX	   128u /* bytes of what is looked up */
#define SEKI_CLASSIFIER_FIELDS_MAX 64u

#define SEKI_MAP_NO_QUEUE	   UINT32_MAX /* a control plane, not a run of a program */

/*
 * Slots of one size. Slots are named by links: the offset in the map's memory in units of 8 bytes;
 * 0 is none. Everything is under the map's lock.
 */
struct seki_map_pool {
	uint32_t first, next, end; /* first slot; first that was never used; one past the last */
	uint32_t step;		   /* links from slot to slot */
	uint32_t free;		   /* chain of slots that nobody can hold a pointer to */
	uint32_t deleted, deleted_last; /* chain of slots deleted lately */
	uint32_t n_deleted;
	uint32_t waiting, waiting_last;	    /* chain of slots deleted before `seen` was taken */
	uint32_t batch;			    /* deleted slots that are worth a barrier */
	uint64_t seen[SEKI_MAP_QUEUES_MAX]; /* odd words that have to change; 0: has changed */
};

struct seki_bpf_map {
	/* Never changed after seki_bpf_map_init(): the JIT may build them into its code. */
	struct seki_map_def def;
	uint32_t value_at;   /* offset of the value in a slot */
	uint32_t key_bytes;  /* of what names an entry: more than def.key_size in classifiers */
	uint8_t *slots;	     /* the map's memory; of arrays: where values are in a row */
	size_t stride;	     /* from value to value, or slot to slot */
	size_t queue_stride; /* from queue to queue: 0 but for SEKI_MAP_QUEUE_ARRAY */
	uint32_t *heads;     /* links: first of each bucket's chain; root of each trie */
	uint8_t *marks;	     /* LRU: of each slot, was it looked up since the hand passed? */
	uint8_t *alive;	     /* LRU: of each slot, is it an entry? Under the lock */
	const struct seki_bpf_readers *readers; /* NULL: one thread, which calls reclaim */
	const char *name;			/* the user's, else NULL */
	uint32_t mask;				/* number of buckets - 1 */
	uint32_t seed;
	uint32_t bits;			    /* LPM: of the data */
	uint32_t root_bits;		    /* LPM: of the data that choose the trie */
	struct seki_classifier *classifier; /* in the map's memory */

	uint8_t pad[64]; /* what lookups read is not on the cache lines that changes write */

	uint32_t lock;
	uint32_t live; /* entries; written under the lock */
	uint32_t hand; /* LRU: number of the slot to look at next for eviction */
	struct seki_map_pool entries;
	struct seki_map_pool glue; /* LPM: inner nodes without a value; classifiers: nodes */
};

/*
 * Bytes of memory, zeroed and aligned to 64, that a map of this definition needs for this many
 * queues; 0 where it is of no known type or one of its sizes is out of bounds, and *why says so.
 */
uint64_t seki_bpf_map_bytes(const struct seki_map_def *def, uint32_t queues, const char **why);

/*
 * `def` has passed seki_bpf_map_bytes() with as many queues as `readers` has. `seed` makes
 * collisions hard to foresee. `readers` NULL: one queue, one thread; seki_bpf_map_reclaim() has to
 * be called between runs.
 */
void seki_bpf_map_init(struct seki_bpf_map *map, const struct seki_map_def *def, void *memory,
		       uint32_t seed, const struct seki_bpf_readers *readers);

/* Bytes of what names an entry for all but lookups: of classifiers more than def->key_size. */
uint32_t seki_bpf_map_key_size(const struct seki_map_def *def);

/*
 * Classifiers: the fields of the key, before there are entries; without this it is one ternary field.
 * NULL, or why they are refused.
 */
const char *seki_bpf_map_set_fields(struct seki_bpf_map *map, const struct seki_map_field *fields,
				    uint32_t n);

/*
 * The value's address, aligned to 8, or NULL: by a run of the program on this queue, which may use
 * it until the run ends.
 */
void *seki_bpf_map_find(const struct seki_bpf_map *map, const void *key, uint32_t queue);

/*
 * What finds in maps of this definition, for who wants to call it directly; NULL: arrays, where a
 * value is at slots + queue * queue_stride + index * stride.
 */
typedef void *(*seki_bpf_find)(const struct seki_bpf_map *map, const void *key);
seki_bpf_find seki_bpf_map_finder(const struct seki_map_def *def);

/*
 * Sets an entry: by a run of the program on this queue or, SEKI_MAP_NO_QUEUE, by a control plane.
 * In an array with a value for each queue, a run sets its queue's; a control plane the first one,
 * and the others to 0, so that their sum is what it set.
 * -ENOSPC full. -ENOENT no such index, or no such key (SEKI_MAP_EXIST). -EEXIST (SEKI_MAP_NOEXIST).
 * -EBUSY see above. -EINVAL a prefix longer than the key; of classifiers, a mask that does
 * not fit its field, or a range that ends before it begins. LRU maps are never full: another entry
 * goes.
 */
int seki_bpf_map_put(struct seki_bpf_map *map, const void *key, const void *value,
		     enum seki_map_set how, uint32_t queue);

/* -ENOENT: no such key. -EINVAL: arrays lose no entries. -EBUSY. */
int seki_bpf_map_remove(struct seki_bpf_map *map, const void *key, uint32_t queue);

/*
 * Copies the value of a key out, whole. Tries: of exactly this prefix. Arrays with a value for each
 * queue: that of `queue` or, SEKI_MAP_NO_QUEUE, the sum of all, by words of 8 bytes. -ENOENT, -EBUSY.
 */
int seki_bpf_map_read(struct seki_bpf_map *map, const void *key, void *value, uint32_t queue);

/*
 * The key that follows `key` in the map's order, NULL: the first; `key` need not exist, and may be
 * `next`. An entry that is there all the while, replaced or not, is met exactly once. -ENOENT: no
 * more. -EBUSY.
 */
int seki_bpf_map_next(struct seki_bpf_map *map, const void *key, void *next);

/* Entries; of arrays max_entries. */
uint32_t seki_bpf_map_count(const struct seki_bpf_map *map);

/* Makes the memory of all deleted entries usable anew. The caller knows that nobody can hold a
 * pointer to one. Maps with readers need no such call. */
void seki_bpf_map_reclaim(struct seki_bpf_map *map);

/* Do these bytes lie inside one value of the map, a live or a deleted one's? */
bool seki_bpf_map_holds(const struct seki_bpf_map *map, uint64_t addr, uint64_t len);

#endif
