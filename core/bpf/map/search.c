// SPDX-License-Identifier: Apache-2.0
/* Lookups in classifiers: tuples, then blocks. See classifier.h. */
#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

#define BATCH 8	  /* blocks */
#define FEW   64u /* entries of a block: a word of its rows has them all */
#define TRIES 4	  /* before a lookup asks for changes to hold */

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

typedef uint64_t pair __attribute__((vector_size(16), may_alias));
typedef uint16_t eight __attribute__((vector_size(16), may_alias));
typedef uint8_t eight_bytes __attribute__((vector_size(8), may_alias));

/* Short loops of a constant number of rounds: gcc leaves them as they are at
 * -O2, clang does not. */
#ifdef __clang__
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

/* By nibble: the number of the key's row in a block. */
struct rows {
	uint16_t at[SEKI_CLASSIFIER_KEY_MAX * 2];
};

struct best {
	struct seki_map_slot *entry;
	int64_t priority; /* -1: there is none */
};

struct search {
	const struct seki_bpf_map *map;
	const uint8_t *key;
	struct best best;
	struct rows rows; /* once the first block was searched by rows */
};

/* A tuple whose bucket may have an entry. */
struct hit {
	uint64_t hash;
	uint64_t places; /* the upper bit of each one's byte */
};

struct hits {
	struct hit at[SEKI_TUPLES_MAX + 1];
	uint32_t n;
};

/* ---- entries ---- */

static int order(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static inline uint64_t differ_at(const struct seki_classifier *c, const uint8_t *key,
				 const uint8_t *first, uint32_t size, uint32_t at)
{
	return (seki_load_word(key + at) ^ seki_load_word(first + at)) &
	       seki_load_word(first + size + at) & seki_load_word(c->masked + at);
}

/* Not 0 where they differ, in any field but ranges. */
static inline uint64_t differ(const struct seki_classifier *c, const uint8_t *key,
			      const uint8_t *first, uint32_t size)
{
	uint64_t bits = 0;

	if (size < 8) {
		for (uint32_t i = 0; i < size; i++)
			bits |= (uint64_t)((key[i] ^ first[i]) & first[size + i] & c->masked[i]);
		return bits;
	}
	bits = differ_at(c, key, first, size, 0) | differ_at(c, key, first, size, size - 8);
	for (uint32_t i = 8; i + 8 < size; i += 8)
		bits |= differ_at(c, key, first, size, i);
	return bits;
}

static inline uint32_t load_16(const uint8_t *bytes)
{
	uint16_t half;

	__builtin_memcpy(&half, bytes, sizeof(half));
	return __builtin_bswap16(half);
}

static __attribute__((noinline)) bool is_outside_wide(const struct seki_map_field *f,
						      const uint8_t *key, const uint8_t *low,
						      const uint8_t *high)
{
	uint32_t at = f->offset;

	return order(key + at, low + at, f->bytes) < 0 || order(key + at, high + at, f->bytes) > 0;
}

static inline bool is_outside(const struct seki_map_field *f, const uint8_t *key,
			      const uint8_t *low, const uint8_t *high)
{
	uint32_t at = f->offset;

	if (f->bytes == 2) /* ports: one comparison */
		return load_16(key + at) - load_16(low + at) >
		       load_16(high + at) - load_16(low + at);
	return is_outside_wide(f, key, low, high);
}

/*
 * Mostly without a branch: the entry is often not in the cache, and a wrong guess of what it is would
 * cost as much as the wait. `words` may be the key's, or 0.
 */
static inline __attribute__((always_inline)) bool matches(const struct seki_bpf_map *map,
							  const uint8_t *key,
							  struct seki_map_slot *entry,
							  uint32_t words)
{
	const struct seki_classifier *c = map->classifier;
	const uint8_t *first = seki_entry_first(entry);
	uint32_t size = map->def.key_size;
	uint64_t wrong;

	if (words == 2)
		wrong = differ_at(c, key, first, size, 0) |
			differ_at(c, key, first, size, size - 8);
	else
		wrong = differ(c, key, first, size);
	for (uint32_t i = 0; i < c->n_ranges; i++)
		wrong |= is_outside(&c->ranges[i], key, first, first + size);
	return !wrong;
}

static inline bool is_better(const struct seki_bpf_map *map, const struct best *best,
			     struct seki_map_slot *entry, int64_t priority)
{
	if (priority != best->priority)
		return priority > best->priority;
	return *seki_entry_number(map, entry) < *seki_entry_number(map, best->entry);
}

/* ---- tuples ---- */

/* The bytes of a word that are this one; rarely another above it. */
static inline uint64_t find_byte(uint64_t word, uint8_t byte)
{
	uint64_t differ = word ^ ONES * byte;

	return (differ - ONES) & ~differ & HIGHS;
}

/*
 * Without a branch: tuples whose bucket has the tag of the key's hash; where something was found,
 * and an entry that is as good. Words is a constant where this is inlined for short keys.
 */
static inline __attribute__((always_inline)) void probe(const struct search *s, const uint64_t *key,
							uint32_t words, bool found,
							struct hits *hits)
{
	const struct seki_classifier *c = s->map->classifier;
	const uint64_t *tuple = c->tuples, *tags = c->tags;
	const uint32_t *tops = c->tops;
	uint32_t shift = c->shape.shift, least = s->best.entry ? (uint32_t)s->best.priority : 0;
	struct hit *hit = hits->at;

	for (uint32_t n = seki_load_acquire(&c->n_tuples); n; n--, tuple += 1 + words) {
		uint64_t hash = seki_tuple_hash(tuple, key, words);

		hit->hash = hash;
		hit->places = find_byte(seki_load64_acquire(&tags[hash >> shift]),
					seki_tuple_tag(hash));
		if (found) /* after the tag: an entry's priority is there before it */
			hit->places &= -(uint64_t)(seki_load_acquire(&tops[hash >> shift]) >=
						   least);
		hit += hit->places != 0;
	}
	hits->n = (uint32_t)(hit - hits->at);
}

/* Without a branch on what an entry is. */
static inline __attribute__((always_inline)) struct best compare(const struct search *s,
								 const struct hits *hits,
								 uint32_t words)
{
	const struct seki_bpf_map *map = s->map;
	const struct seki_bucket *buckets = map->classifier->buckets;
	const uint8_t *key = s->key;
	uint32_t shift = map->classifier->shape.shift;
	struct best best = s->best;
	const struct hit *end = hits->at + hits->n;

	for (const struct hit *hit = hits->at; hit < end; hit++) {
		const struct seki_bucket *bucket = buckets + (hit->hash >> shift);

		for (uint64_t left = hit->places; left; left &= left - 1) {
			uint32_t at = (uint32_t)__builtin_ctzll(left) / 8;
			uint32_t link = seki_load_acquire(&bucket->links[at]);
			struct seki_map_slot *entry = seki_map_slot(map, link);
			int64_t priority = seki_load_acquire(&bucket->priorities[at]);
			uint64_t better;

			if (priority < best.priority || !link)
				continue;
			better = -(uint64_t)matches(map, key, entry, words);
			if (__builtin_expect(priority == best.priority && better, 0))
				better = -(uint64_t)is_better(map, &best, entry, priority);
			best.priority ^= (int64_t)((uint64_t)(best.priority ^ priority) & better);
			best.entry = (struct seki_map_slot *)(((uintptr_t)entry & better) |
							      ((uintptr_t)best.entry & ~better));
		}
	}
	return best;
}

/* ---- blocks ---- */

/* As many words as the map's rows have. */
struct row {
	uint64_t words[SEKI_BLOCK_WIDTH / 64] __attribute__((aligned(16)));
};

/* A block, and what the rows so far leave of it. */
struct visit {
	const struct seki_block *block;
	bool refined;	  /* all rows were read */
	uint32_t at;	  /* the first entry that is left */
	int64_t priority; /* of that; -1: none is left */
	struct row left;
};

/* Of eight nibbles in the lower halves of bytes, the first of which has this
 * number. */
static inline void number_rows(struct rows *rows, uint64_t nibbles, uint32_t first)
{
	static const eight steps = {0, 16, 32, 48, 64, 80, 96, 112};
	eight at = __builtin_convertvector((eight_bytes)nibbles, eight) + steps +
		   (uint16_t)(first * 16);

	__builtin_memcpy(rows->at + first, &at, sizeof(at));
}

static inline void find_rows(const uint8_t *key, uint32_t size, struct rows *rows)
{
	const uint64_t lower = 0x0f0f0f0f0f0f0f0fu;

	for (uint32_t i = 0; size >= 8; i += 8) {
		uint32_t at = i + 8 < size ? i : size - 8; /* some again, in the end */
		uint64_t word = seki_load_word(key + at);

		number_rows(rows, word >> 4 & lower, at);
		number_rows(rows, word & lower, size + at);
		if (i + 8 >= size)
			return;
	}
	for (uint32_t i = 0; i < size; i++) {
		rows->at[i] = (uint16_t)(i * 16 + (key[i] >> 4));
		rows->at[size + i] = (uint16_t)((size + i) * 16 + (key[i] & 15));
	}
}

/* ANDs the rows of the nibbles of an order, the first ones where `fresh`. `words` are a row's, `used`
 * of these, constants where this is inlined. Words are stored in pairs: they are loaded so. */
static inline __attribute__((always_inline)) void and_rows(struct row *left, bool fresh,
							   const uint8_t *table,
							   const struct rows *rows,
							   const uint8_t *order, const uint8_t *end,
							   uint32_t words, uint32_t used)
{
	uint64_t word = fresh ? ~0ull : left->words[0];
	pair pairs[SEKI_BLOCK_WIDTH / 128];

	UNROLLED
	for (uint32_t w = 0; w < used / 2; w++)
		pairs[w] = fresh ? (pair){~0ull, ~0ull} : ((const pair *)(const void *)left)[w];
	for (; order < end; order += SEKI_ORDER_STEP) {
		UNROLLED
		for (uint32_t i = 0; i < SEKI_ORDER_STEP; i++) {
			const uint8_t *row = table + rows->at[order[i]] * (words * 8);

			if (used == 1)
				word &= seki_load_word(row);
			UNROLLED
			for (uint32_t w = 0; w < used / 2; w++)
				pairs[w] &= ((const pair *)(const void *)row)[w];
		}
	}
	UNROLLED
	for (uint32_t w = 0; w < used / 2; w++)
		((pair *)(void *)left)[w] = pairs[w];
	if (used == 1)
		left->words[0] = word;
}

/* Without a branch: which word it is in is hard to foresee. */
static inline __attribute__((always_inline)) void find_first(
	const struct seki_classifier_shape *shape, struct visit *v, uint32_t used)
{
	const uint32_t *priorities = seki_block_at(v->block, shape->priorities);
	uint64_t word = 0;

	v->at = 0;
	UNROLLED
	for (uint32_t w = used; w--;) {
		v->at = v->left.words[w] ? w * 64 : v->at;
		word = v->left.words[w] ? v->left.words[w] : word;
	}
	v->at += (uint32_t)__builtin_ctzll(word | 1ull << 63);
	v->priority = word ? (int64_t)priorities[v->at] : -1;
}

static inline __attribute__((always_inline)) void begin(const struct seki_classifier_shape *shape,
							struct visit *v, const struct rows *rows,
							uint32_t words, uint32_t used)
{
	const struct seki_block *block = v->block;

	/* Rows have zeros where there is no entry. */
	and_rows(&v->left, true, seki_block_at(block, shape->rows), rows, block->order,
		 block->order + block->n_first, words, used);
	v->refined = false;
	find_first(shape, v, used);
}

/* The first that was left does not match. */
static inline __attribute__((always_inline)) void go_on(const struct seki_classifier_shape *shape,
							struct visit *v, const struct rows *rows,
							uint32_t words, uint32_t used)
{
	const struct seki_block *block = v->block;

	if (!v->refined)
		and_rows(&v->left, false, seki_block_at(block, shape->rows), rows,
			 block->order + block->n_first, block->order + block->n_last, words, used);
	v->left.words[v->at / 64] &= ~(1ull << v->at % 64);
	v->refined = true;
	find_first(shape, v, used);
}

/* Entries that are left, by priority: the first of a block that matches is the
 * block's best. */
static inline __attribute__((always_inline)) void search_block(struct search *s, struct visit *v,
							       const struct rows *rows,
							       uint32_t words, uint32_t used)
{
	const struct seki_classifier_shape *shape = &s->map->classifier->shape;
	const uint32_t *links = seki_block_at(v->block, shape->links);

	for (; v->priority >= s->best.priority && v->priority >= 0;
	     go_on(shape, v, rows, words, used)) {
		struct seki_map_slot *entry = seki_map_slot(s->map,
							    seki_load_acquire(&links[v->at]));

		if (!is_better(s->map, &s->best, entry, v->priority) ||
		    !matches(s->map, s->key, entry, 0))
			continue;
		s->best = (struct best){entry, v->priority};
		return;
	}
}

static inline __attribute__((always_inline)) void search_by_rows(struct search *s,
								 const struct seki_block *block,
								 uint32_t words, uint32_t used)
{
	const struct seki_classifier_shape *shape = &s->map->classifier->shape;
	struct visit v = {.block = block};

	begin(shape, &v, &s->rows, words, used);
	search_block(s, &v, &s->rows, words, used);
}

/* May a block of few have an entry? Its most telling nibbles mostly say no. */
static inline bool may_have(const struct search *s, const struct seki_block *block)
{
	const struct seki_classifier_shape *shape = &s->map->classifier->shape;
	uint32_t size = s->map->def.key_size;
	uint64_t left = ~0ull;

	for (uint32_t i = 0; i < block->n_first; i++) {
		uint32_t nibble = block->order[i];
		bool lower = nibble >= size;
		uint8_t byte = s->key[lower ? nibble - size : nibble];

		left &= *seki_block_row(shape, block, nibble, lower ? byte & 15 : byte >> 4);
	}
	return left;
}

/* Returns the link to the next one. */
static __attribute__((noinline)) uint32_t search_first(struct search *s, uint32_t link)
{
	const struct seki_block *block = seki_block(s->map, link);
	uint32_t words = s->map->classifier->shape.row_words;

	find_rows(s->key, s->map->def.key_size, &s->rows);
	if (words == 1)
		search_by_rows(s, block, 1, 1);
	else if (words == 2)
		search_by_rows(s, block, 2, 2);
	else if (block->n <= FEW)
		search_by_rows(s, block, 4, 1);
	else
		search_by_rows(s, block, 4, 4);
	return seki_load_acquire(&block->next);
}

/* The same for a block of few: all that there is, or the last that tuples did not take. */
static inline uint32_t search_small(struct search *s, uint32_t link)
{
	const struct seki_block *block = seki_block(s->map, link);

	if (seki_load_acquire(&block->next) || !seki_load_acquire(&s->map->classifier->n_tuples) ||
	    may_have(s, block))
		return search_first(s, link);
	return 0;
}

/* The link to one that may have an entry that is as good; 0: there is none. */
static inline uint32_t next_block(const struct search *s, const struct seki_block *block)
{
	uint32_t link = seki_load_acquire(&block->next);

	return link && seki_block(s->map, link)->priority >= s->best.priority ? link : 0;
}

/* Some at a time: rows of one are on their way while those of another are
 * ANDed. */
static inline __attribute__((always_inline)) void search_batches(struct search *s, uint32_t link,
								 uint32_t words)
{
	const struct seki_classifier_shape *shape = &s->map->classifier->shape;
	struct visit visits[BATCH];

	for (uint32_t batch = 1; link; batch = (uint32_t)seki_min(batch * 2, BATCH)) {
		uint32_t n = 0;

		for (; link && n < batch; n++) {
			visits[n].block = seki_block(s->map, link);
			begin(shape, &visits[n], &s->rows, words, words);
			link = next_block(s, visits[n].block);
		}
		for (uint32_t i = 0; i < n; i++)
			search_block(s, &visits[i], &s->rows, words, words);
	}
}

static __attribute__((noinline)) void search_rest(struct search *s, uint32_t link)
{
	switch (s->map->classifier->shape.row_words) {
	case 1:
		search_batches(s, link, 1);
		break;
	case 2:
		search_batches(s, link, 2);
		break;
	default:
		search_batches(s, link, 4);
	}
}

/* ---- lookups ---- */

/* As seki_key_words() does; a short key's words stay in registers. */
static inline __attribute__((always_inline)) void load_key(const struct search *s, uint64_t *key,
							   uint32_t words)
{
	uint32_t size = s->map->def.key_size;

	if (words != 2) {
		seki_key_words(s->key, size, key);
		return;
	}
	key[0] = seki_load_word(s->key);
	key[1] = seki_load_word(s->key + size - 8);
}

/* The first block is searched before the tuples: where many entries match, it mostly has one that rules
 * theirs out. */
/* A first block of many mostly has an entry, which rules out most of the tuples'. One of few mostly has
 * none: the tuples need not wait for it. */
static inline __attribute__((always_inline)) void search(struct search *s, uint32_t words)
{
	const struct seki_classifier *c = s->map->classifier;
	uint32_t link = seki_load_acquire(&c->first);
	uint64_t key[SEKI_KEY_WORDS_MAX];
	struct hits hits;

	s->best = (struct best){NULL, -1};
	load_key(s, key, words);
	if (link && seki_block(s->map, link)->n > FEW) {
		link = search_first(s, link);
		probe(s, key, words, true, &hits);
	} else {
		probe(s, key, words, false, &hits);
		if (link)
			link = search_small(s, link);
	}
	s->best = compare(s, &hits, words);
	if (link && seki_block(s->map, link)->priority >= s->best.priority)
		search_rest(s, link);
}

/* The words of a key are a constant for short ones; 0: the map's. */
static inline __attribute__((always_inline)) void *find(const struct seki_bpf_map *map,
							const void *key, uint32_t words)
{
	struct seki_classifier *c = map->classifier;
	struct search s;
	uint64_t started;
	uint32_t tries = 0;

	s.map = map;
	s.key = key;
	do {
		if (tries == TRIES)
			__atomic_fetch_add(&c->holds, 1, __ATOMIC_SEQ_CST);
		tries += tries <= TRIES;
		started = seki_load64_acquire(&c->started);
		search(&s, words ? words : c->shape.key_words);
	} while (seki_load64_acquire(&c->started) != started);
	if (tries > TRIES)
		__atomic_fetch_sub(&c->holds, 1, __ATOMIC_SEQ_CST);
	return s.best.entry ? seki_map_value(map, s.best.entry) : NULL;
}

static void *find_1(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 1);
}

static void *find_2(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 2);
}

static void *find_any(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 0);
}

seki_bpf_find seki_classifier_finder(const struct seki_map_def *def)
{
	return def->key_size > 16 ? find_any : def->key_size > 8 ? find_2 : find_1;
}
