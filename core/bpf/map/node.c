// SPDX-License-Identifier: Apache-2.0
/* Nodes of a classifier's tree: columns in and out, boxes, splits. See classifier.h. */
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

#define ONE (1u << 30) /* of volumes */

/* log2(n) * 256. */
static const uint16_t logs[17] = {0,   0,   256, 406, 512, 594, 662,  719, 768,
				  811, 850, 886, 918, 947, 975, 1000, 1024};

static const struct seki_tree_shape *shape_of(const struct seki_bpf_map *map)
{
	return &map->tree->shape;
}

static uint32_t *links_of(const struct seki_bpf_map *map, const struct seki_node *node)
{
	return seki_node_at(node, shape_of(map)->links);
}

static uint32_t *priorities_of(const struct seki_bpf_map *map, const struct seki_node *node)
{
	return seki_node_at(node, shape_of(map)->priorities);
}

static uint16_t *sets_of(const struct seki_bpf_map *map, const struct seki_node *node)
{
	return seki_node_at(node, shape_of(map)->sets);
}

static uint32_t *weights_of(const struct seki_bpf_map *map, const struct seki_node *node)
{
	return seki_node_at(node, shape_of(map)->weights);
}

/* How many bits each of the four lanes of 16 has. */
static uint64_t count_lanes(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555u;
	x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (x + (x >> 8)) & 0x00ff00ff00ff00ffu;
}

static uint32_t count(uint16_t set)
{
	return (uint32_t)count_lanes(set);
}

static uint64_t load_lanes(const uint16_t *sets)
{
	uint64_t lanes;

	__builtin_memcpy(&lanes, sets, sizeof(lanes));
	return lanes;
}

struct seki_item seki_node_item(const struct seki_bpf_map *map, uint32_t link)
{
	const struct seki_node *node = seki_node(map, link);

	return (struct seki_item){link, node->priority, sets_of(map, node)};
}

void seki_node_make(const struct seki_bpf_map *map, struct seki_node *node, uint32_t level)
{
	memset(node, 0, shape_of(map)->node_bytes);
	node->level = level;
}

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

void seki_node_insert(const struct seki_bpf_map *map, struct seki_node *node, uint32_t at,
		      const struct seki_item *item)
{
	const struct seki_tree_shape *shape = shape_of(map);
	uint32_t *links = links_of(map, node), *priorities = priorities_of(map, node);
	uint64_t *row = seki_node_row(shape, node, 0, 0);

	for (uint32_t i = 0; i < shape->nibbles; i++) {
		for (uint32_t v = 0; v < 16; v++, row += shape->words) {
			if (at < node->n)
				widen(row, shape->words, at);
			row[at / 64] |= (uint64_t)(item->sets[i] >> v & 1) << at % 64;
		}
		weights_of(map, node)[i] += count(item->sets[i]);
	}
	memmove(links + at + 1, links + at, (node->n - at) * sizeof(*links));
	memmove(priorities + at + 1, priorities + at, (node->n - at) * sizeof(*priorities));
	links[at] = item->link;
	priorities[at] = item->priority;
	node->n++;
}

void seki_node_erase(const struct seki_bpf_map *map, struct seki_node *node, uint32_t at,
		     const uint16_t *sets)
{
	const struct seki_tree_shape *shape = shape_of(map);
	uint32_t *links = links_of(map, node), *priorities = priorities_of(map, node);
	uint64_t *row = seki_node_row(shape, node, 0, 0);

	for (uint32_t i = 0; i < shape->nibbles; i++) {
		for (uint32_t v = 0; v < 16; v++, row += shape->words)
			narrow(row, shape->words, at);
		weights_of(map, node)[i] -= count(sets[i]);
	}
	node->n--;
	memmove(links + at, links + at + 1, (node->n - at) * sizeof(*links));
	memmove(priorities + at, priorities + at + 1, (node->n - at) * sizeof(*priorities));
}

static void find_box(const struct seki_tree_shape *shape, const struct seki_node *node,
		     uint16_t *sets)
{
	const uint64_t *row = seki_node_row(shape, node, 0, 0);

	for (uint32_t i = 0; i < shape->nibbles; i++) {
		uint32_t set = 0;

		for (uint32_t v = 0; v < 16; v++, row += shape->words) {
			uint64_t any = 0;

			for (uint32_t w = 0; w < shape->words; w++)
				any |= row[w];
			set |= (uint32_t) !!any << v;
		}
		sets[i] = (uint16_t)set;
	}
}

/* Where all children have the same set, the parent's row has told; a root has none. */
static bool tells(const struct seki_node *node, uint32_t values, uint32_t weight, bool is_root)
{
	return weight != values * node->n || (is_root && values < 16);
}

static void sort_nibbles(const struct seki_tree_shape *shape, struct seki_node *node,
			 const uint16_t *sets, const uint32_t *weights, bool is_root)
{
	node->n_order = 0;
	for (uint32_t i = 0; i < shape->nibbles; i++) {
		uint32_t at = node->n_order;

		if (!tells(node, count(sets[i]), weights[i], is_root))
			continue;
		for (; at && weights[node->order[at - 1]] > weights[i]; at--)
			node->order[at] = node->order[at - 1];
		node->order[at] = (uint8_t)i;
		node->n_order++;
	}
	for (uint32_t i = 0; !node->n_order || node->n_order % SEKI_ORDER_STEP; i++)
		node->order[node->n_order++] = node->order[i];
}

/* After which of the rows, were they independent, a random key would have less than half a child
 * left, by steps. */
static uint32_t first_rows(const struct seki_node *node, const uint32_t *weights)
{
	uint64_t left = (uint64_t)node->n << 16;
	uint32_t i = 0;

	do {
		left = left * weights[node->order[i]] / (16 * node->n);
		i++;
	} while (i < node->n_order && (i % SEKI_ORDER_STEP || left > 1u << 15));
	return i;
}

void seki_node_finish(const struct seki_bpf_map *map, struct seki_node *node, bool is_root)
{
	const struct seki_tree_shape *shape = shape_of(map);
	const uint32_t *weights = weights_of(map, node), *priorities = priorities_of(map, node);
	uint16_t *sets = sets_of(map, node);

	find_box(shape, node, sets);
	node->priority = 0;
	for (uint32_t i = 0; i < node->n; i++)
		node->priority = (uint32_t)seki_max(node->priority, priorities[i]);
	sort_nibbles(shape, node, sets, weights, is_root);
	node->n_first = first_rows(node, weights);
}

/* ---- where a new entry goes ---- */

void seki_node_containing(const struct seki_bpf_map *map, const struct seki_node *node,
			  const uint16_t *sets, uint64_t *children)
{
	const struct seki_tree_shape *shape = shape_of(map);
	const uint64_t *row = seki_node_row(shape, node, 0, 0);

	for (uint32_t w = 0; w < shape->words; w++)
		children[w] = ~0ull;
	for (uint32_t i = 0; i < shape->nibbles; i++)
		for (uint32_t v = 0; v < 16; v++, row += shape->words)
			for (uint32_t w = 0; w < shape->words && sets[i] >> v & 1; w++)
				children[w] &= row[w];
}

/* log2 * 256 of the volumes of a box and of one that contains it and another one. */
static void volumes(const struct seki_tree_shape *shape, const uint16_t *box, const uint16_t *more,
		    uint32_t *before, uint32_t *after)
{
	*before = *after = 0;
	for (uint32_t i = 0; i < shape->nibbles; i += 4) {
		uint64_t have = load_lanes(box), n = count_lanes(have);
		uint64_t m = count_lanes(have | load_lanes(more));

		for (int lane = 0; lane < 64; lane += 16) {
			*before += logs[n >> lane & 31];
			*after += logs[m >> lane & 31];
		}
		box += 4;
		more += 4;
	}
}

/* About log2 * 256 of how much the volume grows; for a box that does not, less than for all that do
 * and by its volume. */
static int64_t growth(uint32_t before, uint32_t after)
{
	uint32_t by = after - before;

	if (!by)
		return (int64_t)before - (1 << 24);
	if (by >= 256)
		return after;
	return (int64_t)after - 256 * (8 - (31 - __builtin_clz(by)));
}

uint32_t seki_node_choose(const struct seki_bpf_map *map, const struct seki_node *node,
			  const uint16_t *sets)
{
	const uint32_t *links = links_of(map, node);
	int64_t least = INT64_MAX;
	uint32_t best = 0;

	for (uint32_t i = 0; i < node->n; i++) {
		uint32_t before, after;
		int64_t by;

		volumes(shape_of(map), sets_of(map, seki_node(map, links[i])), sets, &before,
			&after);
		by = growth(before, after);
		if (by < least) {
			least = by;
			best = i;
		}
	}
	return best;
}

/* ---- items: children in the scratch, for splits and merges ---- */

static uint16_t *item_sets(const struct seki_bpf_map *map, uint32_t item)
{
	return map->tree->item_sets + (size_t)item * seki_tree_sets(shape_of(map));
}

uint32_t seki_items_add(struct seki_bpf_map *map, const struct seki_item *item, uint32_t at)
{
	map->tree->item_links[at] = item->link;
	map->tree->item_priorities[at] = item->priority;
	memcpy(item_sets(map, at), item->sets, seki_tree_sets(shape_of(map)) * sizeof(*item->sets));
	return at + 1;
}

uint32_t seki_items_take(struct seki_bpf_map *map, const struct seki_node *node, uint32_t at)
{
	const uint32_t *links = links_of(map, node), *priorities = priorities_of(map, node);

	for (uint32_t i = 0; i < node->n; i++, at++) {
		map->tree->item_links[at] = links[i];
		map->tree->item_priorities[at] = priorities[i];
		if (node->level)
			memcpy(item_sets(map, at), sets_of(map, seki_node(map, links[i])),
			       shape_of(map)->nibbles * sizeof(uint16_t));
		else
			seki_entry_box(map, seki_map_slot(map, links[i]), item_sets(map, at));
	}
	return at;
}

void seki_items_build(struct seki_bpf_map *map, struct seki_node *node, uint32_t level, uint32_t n,
		      uint8_t side)
{
	const struct seki_tree *tree = map->tree;

	seki_node_make(map, node, level);
	for (uint32_t i = 0; i < n; i++) {
		struct seki_item item = {tree->item_links[i], tree->item_priorities[i],
					 item_sets(map, i)};

		if (tree->item_side[i] == side)
			seki_node_insert(map, node, node->n, &item);
	}
}

/* One side of a split: items whose values of a bit of the key are just this one, or both. */
struct cut {
	uint32_t nibble;
	uint16_t zeros; /* the values whose bit is 0 */
	uint8_t kind;	/* 1: only 0, 2: only 1, 3: both */
};

static bool is_inside(const struct cut *cut, const uint16_t *sets)
{
	uint32_t zeros = sets[cut->nibble] & cut->zeros, ones = sets[cut->nibble] & ~cut->zeros;

	return cut->kind == (zeros ? 1 : 0) + (ones ? 2 : 0);
}

/* Of a box's volume in another's, which contains it. */
static uint64_t share(const struct seki_tree_shape *shape, const uint16_t *box, const uint16_t *all)
{
	uint64_t volume = ONE;

	for (uint32_t i = 0; i < shape->nibbles; i++)
		if (box[i] != all[i])
			volume = volume * count(box[i]) / count(all[i]);
	return volume;
}

static void unite(uint16_t *box, const uint16_t *more, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 4) {
		uint64_t lanes = load_lanes(box + i) | load_lanes(more + i);

		__builtin_memcpy(box + i, &lanes, sizeof(lanes));
	}
}

/* What both sides' boxes take of the whole, so about how many of the two a lookup visits, and a
 * little for sides of unlike size. UINT64_MAX: one side would be too small. */
static uint64_t price(const struct seki_bpf_map *map, const struct cut *cut, uint32_t n)
{
	const struct seki_tree_shape *shape = shape_of(map);
	uint16_t boxes[2][SEKI_CLASSIFIER_KEY_MAX * 2] = {{0}}, all[SEKI_CLASSIFIER_KEY_MAX * 2];
	uint32_t inside = 0, far;

	for (uint32_t i = 0; i < n; i++)
		inside += is_inside(cut, item_sets(map, i));
	if (inside < n / 4 || n - inside < n / 4)
		return UINT64_MAX;
	for (uint32_t i = 0; i < n; i++)
		unite(boxes[is_inside(cut, item_sets(map, i))], item_sets(map, i),
		      seki_tree_sets(shape));
	memcpy(all, boxes[0], sizeof(all));
	unite(all, boxes[1], seki_tree_sets(shape));
	far = inside * 2 > n ? inside * 2 - n : n - inside * 2;
	return share(shape, boxes[0], all) + share(shape, boxes[1], all) +
	       (uint64_t)far * (ONE / 64) / n;
}

/* The lower priorities of a leaf, or any half, go to side 1 where no cut is good. */
static void halve(struct seki_bpf_map *map, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		map->tree->item_side[i] = i >= n / 2;
}

void seki_items_split(struct seki_bpf_map *map, uint32_t n)
{
	static const uint16_t zeros[4] = {0x00ff, 0x0f0f, 0x3333, 0x5555};
	uint64_t least = UINT64_MAX;
	struct cut best = {0};

	for (uint32_t i = 0; i < shape_of(map)->nibbles * 12; i++) {
		struct cut cut = {i / 12, zeros[i / 3 % 4], (uint8_t)(i % 3 + 1)};
		uint64_t now = price(map, &cut, n);

		if (now < least) {
			least = now;
			best = cut;
		}
	}
	if (least == UINT64_MAX) {
		halve(map, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		map->tree->item_side[i] = is_inside(&best, item_sets(map, i));
}
