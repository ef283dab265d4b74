// SPDX-License-Identifier: Apache-2.0
/* Classifiers: keys, sizes, lookups. How it works: classifier.h. */
#include "core/bpf/map/classifier.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

/* ---- sizes ---- */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Wide nodes are few, and many entries are on a cache line; but they are copied at each change. */
static uint32_t words_of(const struct seki_map_def *def)
{
	if (def->max_entries <= 128 || def->key_size > 32)
		return 2;
	return def->key_size > 16 ? 4 : 8;
}

/* Each level is at least a quarter full, but for one node of each parent. */
static void count_nodes(const struct seki_map_def *def, struct seki_tree_shape *shape)
{
	uint64_t n = def->max_entries, least = seki_tree_width(shape) / 4, depth = 0;

	shape->nodes = 0;
	while (n > 1) {
		n = n <= seki_tree_width(shape) && !depth ? 1 : n / (least - 2) + 2;
		shape->nodes += n;
		depth++;
		if (n <= 2)
			break;
	}
	shape->nodes += depth > 1;
	shape->nodes = seki_max(shape->nodes, 1);
	shape->spare = 8 * seki_max(depth, 1);
}

void seki_tree_shape(const struct seki_map_def *def, struct seki_tree_shape *shape)
{
	uint64_t items;

	memset(shape, 0, sizeof(*shape));
	shape->nibbles = def->key_size * 2;
	shape->words = words_of(def);
	shape->priorities = (uint32_t)round_up(
		sizeof(struct seki_node) + round_up(shape->nibbles, SEKI_ORDER_STEP), 8);
	shape->links = shape->priorities + seki_tree_width(shape) * 4;
	shape->sets = shape->links + seki_tree_width(shape) * 4;
	shape->weights = shape->sets + seki_tree_sets(shape) * 2;
	shape->rows = (uint32_t)round_up(shape->weights + shape->nibbles * 4, 64);
	shape->node_bytes = (uint32_t)round_up(shape->rows + shape->nibbles * 16 * shape->words * 8,
					       64);
	count_nodes(def, shape);
	items = seki_tree_width(shape) + 1;
	shape->state_bytes = round_up(sizeof(struct seki_tree), 8) + round_up(items * 4, 8) * 2 +
			     round_up(items, 8) + items * seki_tree_sets(shape) * 2;
}

/* ---- fields and keys ---- */

static const char *fault_of(const struct seki_map_def *def, const struct seki_map_field *fields,
			    uint32_t n)
{
	uint32_t at = 0;

	if (!n || n > SEKI_CLASSIFIER_FIELDS_MAX)
		return "a classifier has 1 to 64 fields";
	for (uint32_t i = 0; i < n; at += fields[i++].bytes) {
		const struct seki_map_field *f = &fields[i];

		if (f->offset != at || !f->bytes)
			return "the fields do not follow one another from the key's start on";
		if (f->bits > f->bytes * 8 || f->bits + 8 <= f->bytes * 8)
			return "a field's bits do not fit its bytes";
		if (f->match < SEKI_MATCH_EXACT || f->match > SEKI_MATCH_OPTIONAL)
			return "a field's match is not exact (1), LPM (2), ternary (3), range (4) "
			       "or optional (5)";
		if (f->pad)
			return "a field's padding is not 0";
	}
	return at == def->key_size ? NULL : "the fields do not have the key's size together";
}

static void set_fields(struct seki_bpf_map *map, const struct seki_map_field *fields, uint32_t n)
{
	struct seki_tree *tree = map->tree;

	memcpy(tree->fields, fields, n * sizeof(*fields));
	tree->n_fields = n;
	tree->n_ranges = 0;
	memset(tree->masked, 0xff, sizeof(tree->masked));
	for (uint32_t i = 0; i < n; i++) {
		if (fields[i].match != SEKI_MATCH_RANGE)
			continue;
		tree->ranges[tree->n_ranges++] = fields[i];
		memset(tree->masked + fields[i].offset, 0, fields[i].bytes);
	}
}

const char *seki_bpf_map_set_fields(struct seki_bpf_map *map, const struct seki_map_field *fields,
				    uint32_t n)
{
	const char *why = fault_of(&map->def, fields, n);

	if (!why)
		set_fields(map, fields, n);
	return why;
}

void seki_tree_init(struct seki_bpf_map *map, const struct seki_tree_shape *shape)
{
	struct seki_tree *tree = map->tree;
	uint64_t items = seki_tree_width(shape) + 1;
	uint8_t *at = (uint8_t *)tree + round_up(sizeof(*tree), 8);
	struct seki_map_field all = {0, (uint16_t)map->def.key_size,
				     (uint16_t)(map->def.key_size * 8), SEKI_MATCH_TERNARY, 0};

	tree->shape = *shape;
	tree->item_links = (uint32_t *)(void *)at;
	at += round_up(items * 4, 8);
	tree->item_priorities = (uint32_t *)(void *)at;
	at += round_up(items * 4, 8);
	tree->item_side = at;
	tree->item_sets = (uint16_t *)(void *)(at + round_up(items, 8));
	set_fields(map, &all, 1);
}

/* Which bits of a field's first byte count; of all others all do. */
static uint8_t top_mask(const struct seki_map_field *f)
{
	return (uint8_t)(0xff >> (f->bytes * 8 - f->bits));
}

static bool all_are(const struct seki_map_field *f, const uint8_t *mask, bool ones)
{
	for (uint32_t i = 0; i < f->bytes; i++)
		if (mask[i] != (ones ? i ? 0xff : top_mask(f) : 0))
			return false;
	return true;
}

/* Ones, then zeros. */
static bool is_prefix(const struct seki_map_field *f, const uint8_t *mask)
{
	bool ended = false;

	for (uint32_t i = 0; i < f->bytes; i++) {
		uint8_t full = i ? 0xff : top_mask(f), zeros = (uint8_t)(full & ~mask[i]);

		if ((zeros & (zeros + 1)) || (ended && mask[i]))
			return false;
		ended |= zeros;
	}
	return true;
}

static bool is_mask(const struct seki_map_field *f, const uint8_t *mask)
{
	switch (f->match) {
	case SEKI_MATCH_EXACT:
		return all_are(f, mask, true);
	case SEKI_MATCH_OPTIONAL:
		return all_are(f, mask, true) || all_are(f, mask, false);
	case SEKI_MATCH_LPM:
		return is_prefix(f, mask);
	default:
		return true;
	}
}

static int order(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static bool normalise_field(const struct seki_map_field *f, uint8_t *first, uint8_t *second)
{
	if (first[0] & ~top_mask(f))
		return false;
	if (f->match == SEKI_MATCH_RANGE)
		return !(second[0] & ~top_mask(f)) && order(first, second, f->bytes) <= 0;
	second[0] &= top_mask(f);
	for (uint32_t i = 0; i < f->bytes; i++)
		first[i] &= second[i];
	return is_mask(f, second);
}

static int normalise(const struct seki_bpf_map *map, const void *key, void *out)
{
	uint8_t *first = (uint8_t *)out + sizeof(struct seki_classifier_key);

	memcpy(out, key, map->key_bytes);
	for (uint32_t i = 0; i < map->tree->n_fields; i++) {
		const struct seki_map_field *f = &map->tree->fields[i];

		if (!normalise_field(f, first + f->offset, first + map->def.key_size + f->offset))
			return -EINVAL;
	}
	return 0;
}

/* ---- boxes ---- */

static uint32_t nibble_of(const uint8_t *bytes, uint32_t i, bool lower)
{
	return lower ? bytes[i] & 15 : bytes[i] >> 4;
}

/* Values n with low <= n <= high. */
static uint32_t span(uint32_t low, uint32_t high)
{
	return (2u << high) - (1u << low);
}

static uint32_t masked_set(uint32_t value, uint32_t mask)
{
	uint32_t set = 0;

	for (uint32_t v = 0; v < 16; v++)
		set |= (uint32_t) !((v ^ value) & mask) << v;
	return set;
}

/*
 * What nibble values a range can have, from the upper nibble on. So far the number may be the
 * beginning of the low end, of the high end, or be between them, where all that follows may be.
 */
struct range_walk {
	bool low, high, one, between;
};

static uint32_t range_set(struct range_walk *w, uint32_t low, uint32_t high)
{
	uint32_t set = w->between ? 0xffff : 0;

	if (w->one) { /* both ends begin alike */
		set = span(low, high);
		w->between = high > low + 1;
		w->one = low == high;
		w->low = w->high = low != high;
		return set;
	}
	if (w->low)
		set |= span(low, 15);
	if (w->high)
		set |= span(0, high);
	w->between |= (w->low && low < 15) || (w->high && high);
	return set;
}

void seki_entry_box(const struct seki_bpf_map *map, struct seki_map_slot *entry, uint16_t *sets)
{
	const struct seki_tree *tree = map->tree;
	const uint8_t *first = (uint8_t *)seki_map_key(entry) + sizeof(struct seki_classifier_key);
	uint32_t size = map->def.key_size;
	const uint8_t *second = first + size;

	for (uint32_t i = 0; i < size * 2; i++)
		sets[i % 2 * size + i / 2] = (uint16_t)masked_set(nibble_of(first, i / 2, i % 2),
								  nibble_of(second, i / 2, i % 2));
	for (uint32_t r = 0; r < tree->n_ranges; r++) {
		const struct seki_map_field *f = &tree->ranges[r];
		struct range_walk w = {.one = true};

		for (uint32_t i = f->offset * 2u; i < (f->offset + f->bytes) * 2u; i++)
			sets[i % 2 * size + i / 2] =
				(uint16_t)range_set(&w, nibble_of(first, i / 2, i % 2),
						    nibble_of(second, i / 2, i % 2));
	}
}

/* ---- lookups ---- */

typedef uint64_t pair __attribute__((vector_size(16), may_alias));

struct row {
	pair pairs[SEKI_NODE_WIDTH / 128]; /* as many as the map's rows have */
};

typedef uint16_t eight __attribute__((vector_size(16), may_alias));
typedef uint8_t eight_bytes __attribute__((vector_size(8), may_alias));

#define BATCH 8 /* leaves */

/* Short loops of a constant number of rounds: gcc leaves them as they are at -O2, clang does not. */
#ifdef __clang__
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

struct search {
	const struct seki_bpf_map *map;
	const uint8_t *key;
	struct seki_map_slot *best;
	int64_t priority;			    /* of the best; 0: there is none */
	uint16_t rows[SEKI_CLASSIFIER_KEY_MAX * 2]; /* by nibble: the number of the key's row */
};

/* A leaf, and what the rows so far leave of it. */
struct visit {
	const struct seki_node *leaf;
	uint32_t at;	  /* the first entry that is left */
	bool refined;	  /* all rows were read */
	int64_t priority; /* of that; -1: none is left */
	uint64_t left[SEKI_NODE_WIDTH / 64] __attribute__((aligned(16)));
};

static inline uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	__builtin_memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Of eight nibbles in the lower halves of bytes, the first of which has this number. */
static inline void number_rows(struct search *s, uint64_t nibbles, uint32_t first)
{
	static const eight steps = {0, 16, 32, 48, 64, 80, 96, 112};
	eight rows = __builtin_convertvector((eight_bytes)nibbles, eight) + steps +
		     (uint16_t)(first * 16);

	__builtin_memcpy(s->rows + first, &rows, sizeof(rows));
}

static inline void find_rows(struct search *s, uint32_t size)
{
	const uint64_t lower = 0x0f0f0f0f0f0f0f0fu;

	for (uint32_t i = 0; size >= 8; i += 8) {
		uint32_t at = i + 8 < size ? i : size - 8; /* some again, in the end */
		uint64_t word = load(s->key + at);

		number_rows(s, word >> 4 & lower, at);
		number_rows(s, word & lower, size + at);
		if (i + 8 >= size)
			return;
	}
	for (uint32_t i = 0; i < size; i++) {
		s->rows[i] = (uint16_t)(i * 16 + (s->key[i] >> 4));
		s->rows[size + i] = (uint16_t)((size + i) * 16 + (s->key[i] & 15));
	}
}

/* In all fields but ranges. */
static inline bool agree(const struct seki_tree *tree, const uint8_t *key, const uint8_t *first,
			 uint32_t size)
{
	const uint8_t *mask = first + size;
	uint64_t differ = 0;
	uint32_t i = 0;

	for (; i + 8 <= size; i += 8)
		differ |= (load(key + i) ^ load(first + i)) & load(mask + i) &
			  load(tree->masked + i);
	if (i < size && size >= 8) {
		i = size - 8; /* some bytes again */
		differ |= (load(key + i) ^ load(first + i)) & load(mask + i) &
			  load(tree->masked + i);
		i = size;
	}
	for (; i < size; i++)
		differ |= (uint64_t)((key[i] ^ first[i]) & mask[i] & tree->masked[i]);
	return !differ;
}

static inline uint32_t load_16(const uint8_t *bytes)
{
	uint16_t half;

	__builtin_memcpy(&half, bytes, sizeof(half));
	return __builtin_bswap16(half);
}

static inline bool is_between(const struct seki_map_field *f, const uint8_t *key,
			      const uint8_t *low, const uint8_t *high)
{
	uint32_t at = f->offset;

	if (f->bytes == 2) /* ports: one comparison */
		return load_16(key + at) - load_16(low + at) <=
		       load_16(high + at) - load_16(low + at);
	return order(key + at, low + at, f->bytes) >= 0 &&
	       order(key + at, high + at, f->bytes) <= 0;
}

static inline bool matches(const struct search *s, struct seki_map_slot *entry)
{
	const struct seki_tree *tree = s->map->tree;
	const uint8_t *first = (uint8_t *)seki_map_key(entry) + sizeof(struct seki_classifier_key);
	uint32_t size = s->map->def.key_size;

	if (!agree(tree, s->key, first, size))
		return false;
	for (uint32_t i = 0; i < tree->n_ranges; i++)
		if (!is_between(&tree->ranges[i], s->key, first, first + size))
			return false;
	return true;
}

/* ANDs the rows of the next eight nibbles of the order. Words is a constant where this is inlined. */
static inline __attribute__((always_inline)) struct row and_rows(const struct search *s,
								 const struct seki_node *node,
								 uint32_t from, uint32_t words,
								 struct row left)
{
	const uint8_t *rows = seki_node_at(node, s->map->tree->shape.rows);
	const uint8_t *order = node->order + from;

	UNROLLED
	for (uint32_t i = 0; i < SEKI_ORDER_STEP; i++) {
		const pair *row =
			(const pair *)(const void *)(rows + s->rows[order[i]] * (words * 8));

		UNROLLED
		for (uint32_t w = 0; w < words / 2; w++)
			left.pairs[w] &= row[w];
	}
	return left;
}

/* Every row has zeros where there is no child. */
static const struct row all_bits = {
	{{~0ull, ~0ull}, {~0ull, ~0ull}, {~0ull, ~0ull}, {~0ull, ~0ull}}};

/* Without a branch: which word it is in is hard to foresee. */
static inline __attribute__((always_inline)) void find_first(const struct search *s,
							     struct visit *v, uint32_t words)
{
	const uint32_t *priorities = seki_node_at(v->leaf, s->map->tree->shape.priorities);
	uint64_t word = 0;

	v->at = 0;
	UNROLLED
	for (uint32_t w = words; w--;) {
		v->at = v->left[w] ? w * 64 : v->at;
		word = v->left[w] ? v->left[w] : word;
	}
	v->at += (uint32_t)__builtin_ctzll(word | 1ull << 63);
	v->priority = word ? (int64_t)priorities[v->at] : -1;
}

static inline __attribute__((always_inline)) void begin(const struct search *s,
							const struct seki_node *leaf,
							uint32_t words, struct visit *v)
{
	struct row left = and_rows(s, leaf, 0, words, all_bits);

	for (uint32_t i = SEKI_ORDER_STEP; i < leaf->n_first; i += SEKI_ORDER_STEP)
		left = and_rows(s, leaf, i, words, left);
	v->leaf = leaf;
	v->refined = false;
	__builtin_memcpy(v->left, &left, words * 8);
	find_first(s, v, words);
}

/* The first that was left does not match. */
static inline __attribute__((always_inline)) void go_on(const struct search *s, struct visit *v,
							uint32_t words)
{
	struct row left = {{{0}}};

	v->left[v->at / 64] &= ~(1ull << v->at % 64);
	__builtin_memcpy(&left, v->left, words * 8);
	for (uint32_t i = v->leaf->n_first; !v->refined && i < v->leaf->n_order;
	     i += SEKI_ORDER_STEP)
		left = and_rows(s, v->leaf, i, words, left);
	__builtin_memcpy(v->left, &left, words * 8);
	v->refined = true;
	find_first(s, v, words);
}

static inline bool is_better(const struct search *s, struct seki_map_slot *entry, int64_t priority)
{
	if (!s->best || priority != s->priority)
		return true; /* not less: see compare() */
	return *seki_entry_number(s->map, entry) < *seki_entry_number(s->map, s->best);
}

/* Compares the entries that are left in full, by priority. The first of a leaf that matches is the
 * leaf's best. */
static inline __attribute__((always_inline)) void compare(struct search *s, struct visit *visits,
							  uint32_t n, uint32_t words)
{
	for (;;) {
		struct visit *v = visits;
		struct seki_map_slot *entry;
		uint32_t *links;

		for (uint32_t i = 1; i < n; i++)
			v = visits[i].priority > v->priority ? &visits[i] : v;
		if (v->priority < s->priority)
			return;
		links = seki_node_at(v->leaf, s->map->tree->shape.links);
		entry = seki_map_slot(s->map, seki_load_acquire(&links[v->at]));
		if (!matches(s, entry)) {
			go_on(s, v, words);
			continue;
		}
		if (is_better(s, entry, v->priority)) {
			s->best = entry;
			s->priority = v->priority;
		}
		v->priority = -1;
	}
}

/* The number of the lowest bit, which becomes 0. False: there is none. */
static inline __attribute__((always_inline)) bool take_bit(uint64_t *bits, uint32_t words,
							   uint32_t *at)
{
	for (uint32_t w = 0; w < words; w++)
		if (bits[w]) {
			*at = w * 64 + (uint32_t)__builtin_ctzll(bits[w]);
			bits[w] &= bits[w] - 1;
			return true;
		}
	return false;
}

/* The next child that can have a better entry. */
static inline __attribute__((always_inline)) const struct seki_node *next_child(
	const struct search *s, const struct seki_node *node, uint64_t *left, uint32_t words)
{
	const struct seki_tree_shape *shape = &s->map->tree->shape;
	const uint32_t *priorities = seki_node_at(node, shape->priorities);
	const uint32_t *links = seki_node_at(node, shape->links);
	uint32_t at;

	while (take_bit(left, words, &at))
		if (priorities[at] >= s->priority)
			return seki_node(s->map, links[at]);
	return NULL;
}

/* In batches: rows of one leaf are on their way while those of another are ANDed, and what is
 * compared first is likely to rule all others out. */
static inline __attribute__((always_inline)) void search_leaves(struct search *s,
								const struct seki_node *node,
								uint64_t *left, uint32_t words)
{
	struct visit visits[BATCH];
	uint32_t n;

	do {
		for (n = 0; n < BATCH; n++) {
			const struct seki_node *leaf = next_child(s, node, left, words);

			if (!leaf)
				break;
			begin(s, leaf, words, &visits[n]);
		}
		if (n)
			compare(s, visits, n, words);
	} while (n == BATCH);
}

/* The children that may match. */
static inline __attribute__((always_inline)) void select(const struct search *s,
							 const struct seki_node *node,
							 uint32_t words, uint64_t *children)
{
	const uint8_t *rows = seki_node_at(node, s->map->tree->shape.rows);
	struct row left;

	if (node->n <= 64) { /* one word of each row */
		__builtin_memset(children, 0, words * 8);
		children[0] = ~0ull;
		for (uint32_t i = 0; i < node->n_order; i += SEKI_ORDER_STEP) {
			UNROLLED
			for (uint32_t j = i; j < i + SEKI_ORDER_STEP; j++)
				children[0] &= load(rows + s->rows[node->order[j]] * (words * 8));
		}
		return;
	}
	left = all_bits;
	for (uint32_t i = 0; i < node->n_order; i += SEKI_ORDER_STEP)
		left = and_rows(s, node, i, words, left);
	__builtin_memcpy(children, &left, words * 8);
}

/* Below a node that is no leaf, depth first. */
static inline __attribute__((always_inline)) void search_below(struct search *s,
							       const struct seki_node *top,
							       uint32_t words)
{
	uint64_t left[SEKI_TREE_DEPTH_MAX][SEKI_NODE_WIDTH / 64];
	const struct seki_node *path[SEKI_TREE_DEPTH_MAX] = {top};
	uint32_t depth = 0;

	select(s, top, words, left[0]);
	for (;;) {
		const struct seki_node *child = NULL;

		if (path[depth]->level == 1)
			search_leaves(s, path[depth], left[depth], words);
		else
			child = next_child(s, path[depth], left[depth], words);
		if (child) {
			path[++depth] = child;
			select(s, child, words, left[depth]);
		} else if (!depth--) {
			return;
		}
	}
}

static inline __attribute__((always_inline)) void *find(const struct seki_bpf_map *map,
							const void *key, uint32_t words)
{
	uint32_t root = seki_load_acquire(&map->tree->root);
	const struct seki_node *top = seki_node(map, root);
	struct visit only;
	struct search s;

	if (!root)
		return NULL;
	s.map = map;
	s.key = key;
	s.best = NULL;
	s.priority = 0;
	find_rows(&s, map->def.key_size);
	if (top->level) {
		search_below(&s, top, words);
	} else {
		begin(&s, top, words, &only);
		compare(&s, &only, 1, words);
	}
	return s.best ? seki_map_value(map, s.best) : NULL;
}

static void *find_8(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 8);
}

static void *find_4(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 4);
}

static void *find_2(const struct seki_bpf_map *map, const void *key)
{
	return find(map, key, 2);
}

seki_bpf_find seki_classifier_finder(const struct seki_map_def *def)
{
	uint32_t words = words_of(def);

	return words == 8 ? find_8 : words == 4 ? find_4 : find_2;
}

/* ---- the control plane: programs have no business here, and keys of another size ---- */

int seki_classifier_put(struct seki_bpf_map *map, const void *key, const void *value,
			enum seki_map_set how, uint32_t queue)
{
	uint64_t own[SEKI_MAP_KEY_MAX / 8];
	int err = queue == SEKI_MAP_NO_QUEUE ? normalise(map, key, own) : -EINVAL;

	return err ? err : seki_hash_put(map, own, value, how, queue);
}

int seki_classifier_remove(struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	uint64_t own[SEKI_MAP_KEY_MAX / 8];
	int err = queue == SEKI_MAP_NO_QUEUE ? normalise(map, key, own) : -EINVAL;

	return err ? err : seki_hash_remove(map, own, queue);
}

int seki_classifier_read(struct seki_bpf_map *map, const void *key, void *value)
{
	uint64_t own[SEKI_MAP_KEY_MAX / 8];
	int err = normalise(map, key, own);

	return err ? err : seki_hash_read(map, own, value);
}
