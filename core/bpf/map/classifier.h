/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classifiers: entries of ternary, range and optional fields, found by priority.
 *
 * Theory of operation. Tuple space search for most entries, bit-sliced blocks for the rest.
 *
 *   tuples    A tuple is a mask over the key that many entries' own masks cover (of a range: the
 *             bits that both ends begin with). Its entries are in buckets by the hash of the bits
 *             that it leaves. All tuples share one table, the index: a bucket has SEKI_BUCKET
 *             entries, and a word with a byte of each one's hash. A lookup takes the words of all
 *             tuples' buckets, which tells nearly all tuples apart that have nothing, and compares
 *             what is left in full. Where the first block has many entries it is searched before:
 *             what is found there rules out all buckets of less than its priority.
 *   blocks    Entries that no tuple has, or for which its bucket is full, are in a list of blocks
 *             by priority. A block is a table of rows, one for each nibble (4 bits) of the key and
 *             value, of a bit for each entry: may it match? ANDing the rows of the key's nibbles
 *             leaves few, which are compared in full. Rows that tell nothing are left out. Blocks
 *             of less than the priority that was found are passed over.
 *   choice    When blocks have many entries, more tuples are chosen from a sample of these
 *             (choose.c): masks that take many and keep them apart. An entry may be both in the
 *             index and in a block for a while: it is found twice.
 *   identity  priority, first and second of an entry name it: hash.c keeps the entries by them.
 *   moments   A lookup shows the map at one moment. Each change is one store that a lookup can
 *             see, under the lock, and counts in `started` before. A lookup that meets another
 *             number at its end than at its begin may have seen a later change and missed an
 *             earlier one, and begins anew; after a few times it asks for changes to hold, which
 *             then are -EBUSY. A change that is stopped half way makes no lookup wait.
 *   memory    The index is changed in place, word by word. A block is never changed but for its
 *             links, to the next one and to entries whose values are replaced: another one takes
 *             its place. Blocks come back as slots do.
 *   bounds    A lookup looks into SEKI_TUPLES_MAX buckets at most, and reads of each block a row
 *             for each nibble at most. Two neighbours are more than 7/8 of a block together, so
 *             there are no more blocks than seki_classifier_shape() counts. Hostile entries are
 *             all in blocks and all match: a lookup is linear in them then, at a few instructions
 *             each. A change copies a block, or makes two of up to three. A choice looks at a sample
 *             of bounded size and at each entry in a block a few times; it comes after half as
 *             many changes as these are, at least.
 */
#ifndef SEKI_CORE_BPF_MAP_CLASSIFIER_H
#define SEKI_CORE_BPF_MAP_CLASSIFIER_H

#include "core/bpf/map/slots.h"

#define SEKI_TUPLES_MAX	   32u
#define SEKI_BUCKET	   8u /* entries */
#define SEKI_ORDER_STEP	   4u
#define SEKI_BLOCK_WIDTH   256u /* entries, at most */
#define SEKI_KEY_WORDS_MAX (SEKI_CLASSIFIER_KEY_MAX / 8)
#define SEKI_SAMPLE_MAX	   512u
#define SEKI_GROUPS_MAX	   128u
#define SEKI_HASH_ODD	   0x9e3779b97f4a7c15u

/* Sizes that follow from a definition. */
struct seki_classifier_shape {
	uint32_t nibbles, key_words; /* of the key */

	uint32_t row_words;   /* each of 64 entries: 1, 2 or 4 */
	uint32_t priorities;  /* offsets in a block: of each entry's */
	uint32_t links;	      /* to the entries */
	uint32_t weights;     /* by nibble: values in all entries' sets together */
	uint32_t rows;	      /* [nibble][value][row_words] */
	uint32_t block_bytes; /* a multiple of 64 */
	uint64_t blocks;      /* needed at most */
	uint64_t spare;	      /* and these, for copies */

	uint32_t buckets;     /* a power of two; 0: there is no index */
	uint32_t tuple_words; /* a salt and a mask */
	uint32_t shift;	      /* of a hash, to the number of its bucket */
	uint64_t index_bytes;
	uint32_t sample;      /* entries */
	uint32_t groups;      /* of entries with one mask */
	uint64_t state_bytes; /* of struct seki_classifier and what it points to */
};

/* A cache line. Loaded by lookups, as the tags are. */
struct seki_bucket {
	uint32_t links[SEKI_BUCKET]; /* 0: a free place */
	uint32_t priorities[SEKI_BUCKET];
};

/* In the map's memory. */
struct seki_classifier {
	/* Constant once there are entries. */
	struct seki_classifier_shape shape;
	struct seki_map_field fields[SEKI_CLASSIFIER_FIELDS_MAX];
	struct seki_map_field ranges[SEKI_CLASSIFIER_FIELDS_MAX]; /* those of them */
	uint32_t n_fields, n_ranges;
	uint8_t masked[SEKI_CLASSIFIER_KEY_MAX]; /* 0xff: of no range */
	/* The index; of each bucket its tags, no less than its greatest priority, and the rest. */
	uint64_t *tuples, *tags;
	uint32_t *tops;
	struct seki_bucket *buckets;
	uint8_t pad[64];

	/* Loaded by lookups, written under the lock. */
	uint64_t started;  /* changes */
	uint32_t first;	   /* link to the first block, 0: none */
	uint32_t n_tuples; /* only grows */

	uint8_t pad_2[64];
	uint32_t holds; /* lookups that ask for changes to hold; written by them */

	/* Under the lock. */
	uint64_t added;	       /* number of the last entry that was added */
	uint32_t n_blocked;    /* entries in blocks */
	bool twice;	       /* some of them may be in the index as well */
	uint32_t changes_left; /* until a choice may be worth while */
	uint32_t *items;       /* scratch: links of the entries of up to three blocks */
	uint64_t *sample;      /* scratch of a choice: entries */
	uint64_t *groups;      /* scratch of a choice: the groups' masks */
};

/* A slot of pool `glue`. What follows: see the shape. */
struct seki_block {
	struct seki_map_slot slot;
	uint32_t next; /* link; loaded by lookups */
	uint32_t n;
	uint32_t priority; /* greatest of them */
	/* Of n_order, which is a multiple of SEKI_ORDER_STEP and not 0, as these are: what is worth
	 * reading before a comparison, and after one in vain. */
	uint32_t n_first, n_last, n_order;
	/* The nibbles whose rows tell something, the most telling first, and some again: as many
	 * as a lookup takes at a time. */
	uint8_t order[];
};

static inline struct seki_block *seki_block(const struct seki_bpf_map *map, uint32_t link)
{
	return (struct seki_block *)(void *)seki_map_slot(map, link);
}

static inline void *seki_block_at(const struct seki_block *block, uint32_t offset)
{
	return (uint8_t *)(uintptr_t)block + offset;
}

/* Nibbles are numbered: the upper ones of all bytes, then the lower ones. */
static inline uint64_t *seki_block_row(const struct seki_classifier_shape *shape,
				       const struct seki_block *block, uint32_t nibble,
				       uint32_t value)
{
	return (uint64_t *)seki_block_at(block, shape->rows) +
	       (size_t)(nibble * 16 + value) * shape->row_words;
}

static inline uint32_t seki_block_width(const struct seki_classifier_shape *shape)
{
	return shape->row_words * 64;
}

/* When the entry was added: among equal priorities the least wins. It stands before the value. */
static inline uint64_t *seki_entry_number(const struct seki_bpf_map *map,
					  struct seki_map_slot *entry)
{
	return (uint64_t *)seki_map_value(map, entry) - 1;
}

static inline uint32_t seki_entry_priority(struct seki_map_slot *entry)
{
	uint32_t priority;

	__builtin_memcpy(&priority, seki_map_key(entry), sizeof(priority));
	return priority;
}

static inline uint8_t *seki_entry_first(struct seki_map_slot *entry)
{
	return (uint8_t *)seki_map_key(entry) + sizeof(struct seki_classifier_key);
}

/* ---- keys as words, and hashes of them ---- */

static inline uint64_t seki_load_word(const uint8_t *bytes)
{
	uint64_t word;

	__builtin_memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Of `size` bytes as many words as it takes; the last has bytes of the one before again. */
static inline void seki_key_words(const uint8_t *bytes, uint32_t size, uint64_t *words)
{
	uint32_t n = (size + 7) / 8;

	if (size < 8) {
		words[0] = 0;
		for (uint32_t i = 0; i < size; i++)
			words[0] |= (uint64_t)bytes[i] << i * 8;
		return;
	}
	words[0] = seki_load_word(bytes);
	for (uint32_t i = 1; i + 1 < n; i++)
		words[i] = seki_load_word(bytes + i * 8);
	words[n - 1] = seki_load_word(bytes + size - 8);
}

static inline uint64_t seki_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a key, as a tuple masks it. */
static inline uint64_t seki_tuple_hash(const uint64_t *tuple, const uint64_t *key, uint32_t n)
{
	const uint64_t odd = SEKI_HASH_ODD, *mask = tuple + 1;
	uint64_t hash = tuple[0];
	uint32_t i = 0;

	for (; i + 2 <= n; i += 2)
		hash = seki_fold(hash ^ (key[i] & mask[i]), odd ^ (key[i + 1] & mask[i + 1]));
	return i < n ? seki_fold(hash ^ (key[i] & mask[i]), odd) : hash;
}

/* The byte of a hash that a bucket's word has; a free place has 0, and no link. */
static inline uint8_t seki_tuple_tag(uint64_t hash)
{
	return (uint8_t)hash;
}

/* Before each store that lookups can see; its release is the store's. */
static inline void seki_classifier_start(struct seki_classifier *c)
{
	seki_store64_release(&c->started, c->started + 1);
}

/* classifier.c. The values, a bit each, that an entry's key can have in each nibble. */
void seki_entry_box(const struct seki_bpf_map *map, struct seki_map_slot *entry, uint16_t *sets);
/* The bits of the key that all that match an entry have alike, and what they are. */
void seki_entry_words(const struct seki_bpf_map *map, struct seki_map_slot *entry, uint64_t *first,
		      uint64_t *mask);

/* The definition has passed seki_bpf_map_bytes(). */
void seki_classifier_shape(const struct seki_map_def *def, struct seki_classifier_shape *shape);
void seki_classifier_init(struct seki_bpf_map *map, const struct seki_classifier_shape *shape);

/* For hash.c, under the lock. -EBUSY: no memory at present, or lookups want changes to hold. */
int seki_classifier_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
int seki_classifier_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
/* The same key and number with another value. */
int seki_classifier_swap(struct seki_bpf_map *map, uint32_t old, uint32_t entry);

static inline uint64_t *seki_tuple(const struct seki_classifier *c, uint32_t n)
{
	return c->tuples + (size_t)n * c->shape.tuple_words;
}

/* index.c: under the lock. False: no tuple has a place for the entry. */
bool seki_index_put(struct seki_bpf_map *map, uint32_t entry);
/* The word that links to an entry; NULL: it is not there. */
uint32_t *seki_index_find(const struct seki_bpf_map *map, uint32_t entry);
void seki_index_erase(struct seki_bpf_map *map, uint32_t *link);
/* Does an entry whose keys have these bits alike fit a tuple of this mask? */
bool seki_mask_covers(const uint64_t *mask, const uint64_t *tuple_mask, uint32_t words);

/* block.c: under the lock. */
int seki_blocks_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
int seki_blocks_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
/* The word that links to an entry; NULL: it is in no block. */
uint32_t *seki_blocks_find(struct seki_bpf_map *map, uint32_t entry);
/* Takes what is in the index out of the blocks, while there is memory for it. */
void seki_blocks_sweep(struct seki_bpf_map *map, uint32_t queue);

/* choose.c: more tuples, for what is in blocks. */
void seki_classifier_choose(struct seki_bpf_map *map);

#endif
