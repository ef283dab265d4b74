// SPDX-License-Identifier: Apache-2.0
/* A classifier's blocks: columns in and out, splits, merges, the list. See classifier.h. */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

static const struct seki_classifier_shape *shape_of(const struct seki_bpf_map *map)
{
	return &map->classifier->shape;
}

static uint32_t width_of(const struct seki_bpf_map *map)
{
	return seki_block_width(shape_of(map));
}

static uint32_t *links_of(const struct seki_bpf_map *map, const struct seki_block *block)
{
	return seki_block_at(block, shape_of(map)->links);
}

static uint32_t *priorities_of(const struct seki_bpf_map *map, const struct seki_block *block)
{
	return seki_block_at(block, shape_of(map)->priorities);
}

static uint32_t *weights_of(const struct seki_bpf_map *map, const struct seki_block *block)
{
	return seki_block_at(block, shape_of(map)->weights);
}

static uint32_t count(uint32_t set)
{
	uint32_t n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

/* ---- one block ---- */

/* Opens a gap of a bit, 0, in a row. */
static void widen(uint64_t *row, uint32_t words, uint32_t at)
{
	uint64_t below = (1ull << at % 64) - 1;

	for (uint32_t w = words - 1; w > at / 64; w--)
		row[w] = row[w] << 1 | row[w - 1] >> 63;
	row[at / 64] = (row[at / 64] & below) | (row[at / 64] & ~below) << 1;
}

static void narrow(uint64_t *row, uint32_t words, uint32_t at)
{
	uint64_t below = (1ull << at % 64) - 1;

	row[at / 64] = (row[at / 64] & below) | (row[at / 64] >> 1 & ~below);
	for (uint32_t w = at / 64 + 1; w < words; w++) {
		row[w - 1] |= row[w] << 63;
		row[w] >>= 1;
	}
}

static void insert(const struct seki_bpf_map *map, struct seki_block *block, uint32_t at,
		   uint32_t entry)
{
	const struct seki_classifier_shape *shape = shape_of(map);
	uint32_t *links = links_of(map, block), *priorities = priorities_of(map, block);
	uint64_t *row = seki_block_row(shape, block, 0, 0);
	uint16_t sets[SEKI_CLASSIFIER_KEY_MAX * 2];

	seki_entry_box(map, seki_map_slot(map, entry), sets);
	for (uint32_t i = 0; i < shape->nibbles; i++) {
		for (uint32_t v = 0; v < 16; v++, row += shape->row_words) {
			if (at < block->n)
				widen(row, shape->row_words, at);
			row[at / 64] |= (uint64_t)(sets[i] >> v & 1) << at % 64;
		}
		weights_of(map, block)[i] += count(sets[i]);
	}
	memmove(links + at + 1, links + at, (block->n - at) * sizeof(*links));
	memmove(priorities + at + 1, priorities + at, (block->n - at) * sizeof(*priorities));
	links[at] = entry;
	priorities[at] = seki_entry_priority(seki_map_slot(map, entry));
	block->n++;
}

static void erase(const struct seki_bpf_map *map, struct seki_block *block, uint32_t at)
{
	const struct seki_classifier_shape *shape = shape_of(map);
	uint32_t *links = links_of(map, block), *priorities = priorities_of(map, block);
	uint64_t *row = seki_block_row(shape, block, 0, 0);
	uint16_t sets[SEKI_CLASSIFIER_KEY_MAX * 2];

	seki_entry_box(map, seki_map_slot(map, links[at]), sets);
	for (uint32_t i = 0; i < shape->nibbles; i++) {
		for (uint32_t v = 0; v < 16; v++, row += shape->row_words)
			narrow(row, shape->row_words, at);
		weights_of(map, block)[i] -= count(sets[i]);
	}
	block->n--;
	memmove(links + at, links + at + 1, (block->n - at) * sizeof(*links));
	memmove(priorities + at, priorities + at + 1, (block->n - at) * sizeof(*priorities));
}

static void sort_nibbles(const struct seki_classifier_shape *shape, struct seki_block *block,
			 const uint32_t *weights)
{
	block->n_order = 0;
	for (uint32_t i = 0; i < shape->nibbles; i++) {
		uint32_t at = block->n_order;

		if (weights[i] == 16 * block->n)
			continue; /* any value matches any entry */
		for (; at && weights[block->order[at - 1]] > weights[i]; at--)
			block->order[at] = block->order[at - 1];
		block->order[at] = (uint8_t)i;
		block->n_order++;
	}
	for (uint32_t i = 0; !block->n_order || block->n_order % SEKI_ORDER_STEP; i++)
		block->order[block->n_order++] = block->order[i];
}

/* Trials of how many rows are worth reading before a comparison. A step's rows cost as much as wrong
 * comparisons in STEP_COST of the trials. */
#define TRIALS	  16u
#define STEPS_MAX (SEKI_CLASSIFIER_KEY_MAX * 2 / SEKI_ORDER_STEP)
#define STEP_COST 1u
#define TRY_AGAIN 8u /* changes of a block, at most */

/* Half of the keys are any, half match one of the entries, evenly. */
static const uint64_t *trial_row(const struct seki_classifier_shape *shape,
				 const struct seki_block *block, uint32_t trial, uint32_t nibble)
{
	uint32_t value = seki_fold(SEKI_HASH_ODD * (trial + 1), SEKI_HASH_ODD + 2 * nibble) % 16;
	uint32_t entry = trial / 2 * block->n / (TRIALS / 2);
	const uint64_t *row = seki_block_row(shape, block, nibble, value);

	/* It ends: in each nibble an entry has a value. */
	while (trial % 2 && !(row[entry / 64] >> entry % 64 & 1)) {
		value = (value + 1) % 16;
		row = seki_block_row(shape, block, nibble, value);
	}
	return row;
}

/* After each step of the rows, the first entry that is left; the block's width: none. */
static void try_rows(const struct seki_classifier_shape *shape, const struct seki_block *block,
		     uint32_t trial, uint16_t *first)
{
	uint64_t left[SEKI_BLOCK_WIDTH / 64];
	uint32_t words = shape->row_words, w;

	memset(left, 0xff, sizeof(left));
	for (uint32_t i = 0; i < block->n_order; i++) {
		const uint64_t *row = trial_row(shape, block, trial, block->order[i]);

		for (w = 0; w < words; w++)
			left[w] &= row[w];
		if ((i + 1) % SEKI_ORDER_STEP)
			continue;
		for (w = 0; w < words && !left[w]; w++)
			;
		*first++ =
			(uint16_t)(w * 64 + (w < words ? (uint32_t)__builtin_ctzll(left[w]) : 0));
	}
}

/* After which of the rows a comparison is cheaper than more rows, by steps; and whether those are worth
 * reading after a comparison in vain. */
static void choose_rows(const struct seki_classifier_shape *shape, struct seki_block *block)
{
	uint32_t wrong[STEPS_MAX] = {0}, steps = block->n_order / SEKI_ORDER_STEP, best = 0;
	uint16_t first[STEPS_MAX];

	for (uint32_t trial = 0; trial < TRIALS; trial++) {
		try_rows(shape, block, trial, first);
		for (uint32_t i = 0; i < steps; i++)
			wrong[i] += first[i] != first[steps - 1];
	}
	for (uint32_t i = 1; i < steps; i++)
		if (wrong[i] + i * STEP_COST < wrong[best] + best * STEP_COST)
			best = i;
	block->n_first = (best + 1) * SEKI_ORDER_STEP;
	block->n_last = wrong[best] ? UINT32_MAX : block->n_first;
}

/* Trials take a while, but where hardly any entry is left to blocks they are few. */
static bool is_trial_due(const struct seki_bpf_map *map, const struct seki_block *block)
{
	return !block->n_first || block->n % TRY_AGAIN == 0 ||
	       (map->classifier->n_tuples && block->n < 64);
}

/* Before it is published: what follows from its rows. */
static void finish(const struct seki_bpf_map *map, struct seki_block *block)
{
	block->priority = priorities_of(map, block)[0];
	sort_nibbles(shape_of(map), block, weights_of(map, block));
	if (is_trial_due(map, block))
		choose_rows(shape_of(map), block);
	block->n_first = (uint32_t)seki_min(block->n_first, block->n_order);
	block->n_last = (uint32_t)seki_min(block->n_last, block->n_order);
}

/* ---- places ---- */

/* Does an entry of a block stand before another one? */
static bool precedes(const struct seki_bpf_map *map, const struct seki_block *block, uint32_t at,
		     struct seki_map_slot *entry)
{
	uint32_t have = priorities_of(map, block)[at], priority = seki_entry_priority(entry);
	struct seki_map_slot *other = seki_map_slot(map, links_of(map, block)[at]);

	if (have != priority)
		return have > priority;
	return *seki_entry_number(map, other) < *seki_entry_number(map, entry);
}

/* The first in a block that an entry does not stand behind. */
static uint32_t place_in(const struct seki_bpf_map *map, const struct seki_block *block,
			 struct seki_map_slot *entry)
{
	uint32_t low = 0, high = block->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (precedes(map, block, middle, entry))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A block of the list, and the words that link to it and to the one before. */
struct spot {
	uint32_t *to, *to_previous; /* NULL: it is the first */
	uint32_t at;		    /* in the block */
};

/* Where an entry is, or would go; the list is not empty. */
static struct spot spot_of(struct seki_bpf_map *map, uint32_t entry)
{
	struct spot spot = {.to = &map->classifier->first};
	struct seki_map_slot *slot = seki_map_slot(map, entry);
	struct seki_block *block = seki_block(map, *spot.to);

	while (block->next && precedes(map, block, block->n - 1, slot)) {
		spot.to_previous = spot.to;
		spot.to = &block->next;
		block = seki_block(map, block->next);
	}
	spot.at = place_in(map, block, slot);
	return spot;
}

uint32_t *seki_blocks_find(struct seki_bpf_map *map, uint32_t entry)
{
	const struct seki_block *block;
	struct spot spot;

	if (!map->classifier->first)
		return NULL;
	spot = spot_of(map, entry);
	block = seki_block(map, *spot.to);
	if (spot.at == block->n || links_of(map, block)[spot.at] != entry)
		return NULL;
	return &links_of(map, block)[spot.at];
}

/* ---- the list ---- */

/* Neighbours, as they are to be: their entries are in the scratch, in order. */
struct stretch {
	uint32_t *to;	   /* links to the first */
	uint32_t n_old, n; /* blocks, entries */
};

static void take_in(struct seki_bpf_map *map, struct stretch *s, uint32_t link)
{
	const struct seki_block *block = seki_block(map, link);

	memcpy(map->classifier->items + s->n, links_of(map, block), block->n * sizeof(uint32_t));
	s->n += block->n;
	s->n_old++;
}

/* A new block of entries of the scratch; 0: no memory at present. */
static uint32_t build(struct seki_bpf_map *map, uint32_t from, uint32_t to, uint32_t queue)
{
	uint32_t link = seki_map_take(map, &map->glue, queue);
	struct seki_block *block = seki_block(map, link);

	if (!link)
		return 0;
	memset(block, 0, shape_of(map)->block_bytes);
	for (uint32_t i = from; i < to; i++)
		insert(map, block, block->n, map->classifier->items[i]);
	finish(map, block);
	return link;
}

/* The stretch becomes these blocks, which are linked; `first` 0: none. */
static void publish(struct seki_bpf_map *map, const struct stretch *s, uint32_t first,
		    uint32_t last, uint32_t queue)
{
	uint32_t old = *s->to, next = old;

	for (uint32_t i = 0; i < s->n_old; i++)
		next = seki_block(map, next)->next;
	if (first)
		seki_block(map, last)->next = next;
	seki_store_release(s->to, first ? first : next);
	for (uint32_t i = 0; i < s->n_old; i++) {
		uint32_t after = seki_block(map, old)->next;

		seki_map_retire(map, &map->glue, old, queue);
		old = after;
	}
}

/* One block, or two of about the same size, of the entries in the scratch. */
static int replace(struct seki_bpf_map *map, const struct stretch *s, uint32_t pieces,
		   uint32_t queue)
{
	uint32_t half = s->n / pieces, first, last;

	if (!s->n) {
		publish(map, s, 0, 0, queue);
		return 0;
	}
	first = last = build(map, 0, half, queue);
	if (first && pieces == 2) {
		last = build(map, half, s->n, queue);
		if (last)
			seki_block(map, first)->next = last;
		else
			seki_map_give(map, &map->glue, first);
	}
	if (!last)
		return -EBUSY;
	publish(map, s, first, last, queue);
	return 0;
}

static uint32_t size_of(const struct seki_bpf_map *map, uint32_t link)
{
	return link ? seki_block(map, link)->n : UINT32_MAX;
}

/* A block and those of its neighbours that have no more than these many entries. */
static struct stretch stretch_at(struct seki_bpf_map *map, const struct spot *spot, uint32_t most)
{
	uint32_t own = *spot->to, next = seki_block(map, own)->next;
	struct stretch s = {.to = spot->to};

	if (spot->to_previous && size_of(map, *spot->to_previous) <= most) {
		s.to = spot->to_previous;
		take_in(map, &s, *spot->to_previous);
	}
	take_in(map, &s, own);
	if (size_of(map, next) <= most)
		take_in(map, &s, next);
	return s;
}

/* The block is full: of it and its small neighbours two are made. */
static int split(struct seki_bpf_map *map, const struct spot *spot, uint32_t entry, uint32_t queue)
{
	struct stretch s = stretch_at(map, spot, width_of(map) * 3 / 8);
	uint32_t at = spot->at + (s.to == spot->to ? 0 : size_of(map, *s.to));
	uint32_t *items = map->classifier->items;

	memmove(items + at + 1, items + at, (s.n - at) * sizeof(*items));
	items[at] = entry;
	s.n++;
	return replace(map, &s, 2, queue);
}

static int copy_with(struct seki_bpf_map *map, const struct spot *spot, uint32_t entry,
		     uint32_t queue)
{
	uint32_t link = seki_map_take(map, &map->glue, queue);
	struct stretch s = {.to = spot->to, .n_old = 1};

	if (!link)
		return -EBUSY;
	memcpy(seki_block(map, link), seki_block(map, *spot->to), shape_of(map)->block_bytes);
	if (entry)
		insert(map, seki_block(map, link), spot->at, entry);
	else
		erase(map, seki_block(map, link), spot->at);
	finish(map, seki_block(map, link));
	publish(map, &s, link, link, queue);
	return 0;
}

int seki_blocks_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	struct seki_classifier *c = map->classifier;
	struct spot spot;
	int err;

	if (!c->first) {
		struct stretch s = {.to = &c->first, .n = 1};

		c->items[0] = entry;
		err = replace(map, &s, 1, queue);
	} else {
		spot = spot_of(map, entry);
		if (seki_block(map, *spot.to)->n == width_of(map))
			err = split(map, &spot, entry, queue);
		else
			err = copy_with(map, &spot, entry, queue);
	}
	c->n_blocked += !err;
	return err;
}

/* With the neighbours that are not too full for it, one block is made, where there are any. */
static int merge(struct seki_bpf_map *map, const struct spot *spot, uint32_t queue)
{
	uint32_t own = *spot->to, n = seki_block(map, own)->n - 1, most = width_of(map) * 7 / 8;
	uint32_t next = seki_block(map, own)->next, *items = map->classifier->items, at = spot->at;
	struct stretch s = {.to = spot->to};

	if (spot->to_previous && size_of(map, *spot->to_previous) + n <= most) {
		s.to = spot->to_previous;
		take_in(map, &s, *spot->to_previous);
		at += s.n;
	}
	take_in(map, &s, own);
	if (next && s.n - 1 + size_of(map, next) <= most)
		take_in(map, &s, next);
	if (s.n_old == 1 && n)
		return copy_with(map, spot, 0, queue);
	s.n--;
	memmove(items + at, items + at + 1, (s.n - at) * sizeof(*items));
	return replace(map, &s, 1, queue);
}

int seki_blocks_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	struct spot spot;
	int err;

	if (!seki_blocks_find(map, entry))
		return -ENOENT;
	spot = spot_of(map, entry);
	err = merge(map, &spot, queue);
	map->classifier->n_blocked -= !err;
	return err;
}

/* Takes in a block without what is in the index. */
static void take_rest(struct seki_bpf_map *map, struct stretch *s, uint32_t link)
{
	const struct seki_block *block = seki_block(map, link);

	for (uint32_t i = 0; i < block->n; i++) {
		uint32_t entry = links_of(map, block)[i];

		if (!seki_index_find(map, entry))
			map->classifier->items[s->n++] = entry;
	}
	s->n_old++;
}

/* One block at most of as many as fit, from here on, and whether anything has changed. */
static struct stretch sweep_from(struct seki_bpf_map *map, uint32_t *to, uint32_t *before)
{
	struct stretch s = {.to = to}, more;

	*before = size_of(map, *to);
	take_rest(map, &s, *to);
	for (uint32_t link = seki_block(map, *to)->next; link; link = seki_block(map, link)->next) {
		more = s;
		take_rest(map, &more, link);
		if (more.n > width_of(map) * 7 / 8)
			break;
		s = more;
		*before += size_of(map, link);
	}
	return s;
}

void seki_blocks_sweep(struct seki_bpf_map *map, uint32_t queue)
{
	uint32_t *to = &map->classifier->first, before;

	while (*to) {
		struct stretch s = sweep_from(map, to, &before);

		if (s.n != before && replace(map, &s, 1, queue))
			return;
		map->classifier->n_blocked -= before - s.n;
		if (s.n)
			to = &seki_block(map, *to)->next;
	}
	map->classifier->twice = false;
}
