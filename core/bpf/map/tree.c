// SPDX-License-Identifier: Apache-2.0
/* Changes of a classifier's tree: a new path for each. See classifier.h. */
#include <errno.h>
#include <string.h>

#include "core/bpf/map/classifier.h"

struct step {
	uint32_t node, at; /* which of its children is next on the path */
};

/* From the root down. */
struct path {
	struct step steps[SEKI_TREE_DEPTH_MAX];
	uint32_t n;
};

/* What becomes of the tree: nodes that it gets and nodes that it loses. */
struct change {
	struct seki_bpf_map *map;
	uint32_t queue;
	uint32_t taken[SEKI_TREE_DEPTH_MAX * 2 + 1], gone[SEKI_TREE_DEPTH_MAX * 2];
	uint32_t n_taken, n_gone;
};

/* What a node, or an entry that goes in, gives way to: none, one or two. */
struct pieces {
	struct seki_item items[2];
	uint32_t n;
};

static uint32_t *links_of(const struct seki_bpf_map *map, const struct seki_node *node)
{
	return seki_node_at(node, map->tree->shape.links);
}

static uint32_t width(const struct seki_bpf_map *map)
{
	return seki_tree_width(&map->tree->shape);
}

/* 0: there is none. */
static uint32_t take(struct change *c)
{
	uint32_t link = seki_map_take(c->map, &c->map->glue, c->queue);

	if (link)
		c->taken[c->n_taken++] = link;
	return link;
}

static uint32_t copy(struct change *c, uint32_t of)
{
	uint32_t link = take(c);

	if (link)
		memcpy(seki_node(c->map, link), seki_node(c->map, of),
		       c->map->tree->shape.node_bytes);
	return link;
}

static int give_up(struct change *c)
{
	while (c->n_taken)
		seki_map_give(c->map, &c->map->glue, c->taken[--c->n_taken]);
	return -EBUSY;
}

static void publish(struct change *c, uint32_t root)
{
	seki_store_release(&c->map->tree->root, root);
	while (c->n_gone)
		seki_map_retire(c->map, &c->map->glue, c->gone[--c->n_gone], c->queue);
}

static void finish(const struct change *c, uint32_t link, bool is_root)
{
	seki_node_finish(c->map, seki_node(c->map, link), is_root);
}

/* Where in a leaf an entry of this priority, added later than all there, stands. */
static uint32_t place_in(const struct seki_bpf_map *map, const struct seki_node *leaf,
			 uint32_t priority)
{
	const uint32_t *priorities = seki_node_at(leaf, map->tree->shape.priorities);
	uint32_t at = 0;

	while (at < leaf->n && priorities[at] >= priority)
		at++;
	return at;
}

/* The n items of the scratch as two nodes. */
static int make_two(struct change *c, uint32_t level, uint32_t n, struct pieces *pieces)
{
	seki_items_split(c->map, n);
	pieces->n = 2;
	for (uint8_t side = 0; side < 2; side++) {
		uint32_t link = take(c);

		if (!link)
			return -EBUSY;
		seki_items_build(c->map, seki_node(c->map, link), level, n, side);
		finish(c, link, false);
		pieces->items[side] = seki_node_item(c->map, link);
	}
	return 0;
}

/* The items of a full node and one more among them. */
static uint32_t gather(struct seki_bpf_map *map, const struct seki_node *node,
		       const struct seki_item *more, uint32_t at)
{
	struct seki_tree *tree = map->tree;
	uint32_t n = seki_items_take(map, node, 0), sets = seki_tree_sets(&tree->shape);

	memmove(tree->item_links + at + 1, tree->item_links + at, (n - at) * 4);
	memmove(tree->item_priorities + at + 1, tree->item_priorities + at, (n - at) * 4);
	memmove(tree->item_sets + (size_t)(at + 1) * sets, tree->item_sets + (size_t)at * sets,
		(size_t)(n - at) * sets * 2);
	seki_items_add(map, more, at);
	return n + 1;
}

/* A node that was taken for this change turned out not to be needed. */
static void drop_taken(struct change *c, uint32_t link)
{
	uint32_t i = 0;

	while (c->taken[i] != link)
		i++;
	c->taken[i] = c->taken[--c->n_taken];
	seki_map_give(c->map, &c->map->glue, link);
}

/* Puts an item into a node of this change; where that is full, two take its place. */
static int put_in(struct change *c, uint32_t link, const struct seki_item *item, uint32_t at,
		  struct pieces *pieces)
{
	struct seki_node *node = seki_node(c->map, link);
	int err;

	if (node->n < width(c->map)) {
		seki_node_insert(c->map, node, at, item);
		*pieces = (struct pieces){{{.link = link}}, 1};
		return 0;
	}
	err = make_two(c, node->level, gather(c->map, node, item, at), pieces);
	if (!err)
		drop_taken(c, link);
	return err;
}

/* Its child `at` becomes another. */
static void replace(const struct seki_bpf_map *map, struct seki_node *node, uint32_t at,
		    const struct seki_item *item, const uint16_t *old)
{
	uint32_t *priorities = seki_node_at(node, map->tree->shape.priorities);

	if (memcmp(item->sets, old, map->tree->shape.nibbles * sizeof(*old))) {
		seki_node_erase(map, node, at, old);
		seki_node_insert(map, node, at, item);
		return;
	}
	links_of(map, node)[at] = item->link;
	priorities[at] = item->priority;
}

static const uint16_t *sets_of_child(const struct seki_bpf_map *map, const struct step *step)
{
	return seki_node_item(map, links_of(map, seki_node(map, step->node))[step->at]).sets;
}

/* A copy of the parent, in which the pieces, finished, are instead of a child. */
static int put_pieces(struct change *c, const struct step *step, struct pieces *pieces)
{
	uint32_t link = copy(c, step->node);
	struct seki_item second = pieces->items[1];

	if (!link)
		return -EBUSY;
	replace(c->map, seki_node(c->map, link), step->at, &pieces->items[0],
		sets_of_child(c->map, step));
	if (pieces->n == 2)
		return put_in(c, link, &second, seki_node(c->map, link)->n, pieces);
	pieces->items[0].link = link;
	return 0;
}

static void settle(struct change *c, struct pieces *pieces, bool is_root)
{
	if (pieces->n == 2)
		return; /* finished when they were made */
	finish(c, pieces->items[0].link, is_root);
	pieces->items[0] = seki_node_item(c->map, pieces->items[0].link);
}

static int add_root(struct change *c, struct pieces *pieces, uint32_t level)
{
	uint32_t link = level < SEKI_TREE_DEPTH_MAX ? take(c) : 0;
	struct seki_node *node;

	if (!link)
		return -EBUSY;
	node = seki_node(c->map, link);
	seki_node_make(c->map, node, level);
	for (uint32_t i = 0; i < pieces->n; i++)
		seki_node_insert(c->map, node, i, &pieces->items[i]);
	pieces->n = 1;
	pieces->items[0].link = link;
	return 0;
}

static int add_along(struct change *c, const struct path *path, const struct seki_item *item)
{
	const struct step *leaf = &path->steps[path->n - 1];
	uint32_t at = place_in(c->map, seki_node(c->map, leaf->node), item->priority);
	uint32_t link = copy(c, leaf->node);
	struct pieces pieces;
	int err = link ? put_in(c, link, item, at, &pieces) : -EBUSY;

	for (uint32_t i = path->n - 1; !err && i--;) {
		settle(c, &pieces, false);
		err = put_pieces(c, &path->steps[i], &pieces);
	}
	if (!err && pieces.n == 2)
		err = add_root(c, &pieces, path->n);
	if (err)
		return err;
	settle(c, &pieces, true);
	for (uint32_t i = 0; i < path->n; i++)
		c->gone[c->n_gone++] = path->steps[i].node;
	publish(c, pieces.items[0].link);
	return 0;
}

int seki_tree_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	uint16_t sets[SEKI_CLASSIFIER_KEY_MAX * 2] = {0};
	struct seki_item item = {entry, seki_entry_priority(seki_map_slot(map, entry)), sets};
	struct change c = {.map = map, .queue = queue};
	struct pieces only = {{item}, 1};
	struct path path = {.n = 0};
	uint32_t link = map->tree->root;
	int err;

	seki_entry_box(map, seki_map_slot(map, entry), sets);
	while (link) {
		const struct seki_node *node = seki_node(map, link);
		struct step *step = &path.steps[path.n++];

		*step = (struct step){.node = link};
		link = 0;
		if (!node->level)
			continue;
		step->at = seki_node_choose(map, node, sets);
		link = links_of(map, node)[step->at];
	}
	if (path.n) {
		err = add_along(&c, &path, &item);
	} else {
		err = add_root(&c, &only, 0);
		if (!err) {
			settle(&c, &only, true);
			publish(&c, only.items[0].link);
		}
	}
	return err ? give_up(&c) : 0;
}

/* ---- entries that are there ---- */

static bool find_in_leaf(const struct seki_bpf_map *map, const struct seki_node *leaf,
			 uint32_t entry, uint32_t *at)
{
	const uint32_t *links = links_of(map, leaf);

	for (*at = 0; *at < leaf->n; ++*at)
		if (links[*at] == entry)
			return true;
	return false;
}

static bool take_bit(uint64_t *words, uint32_t n, uint32_t *at)
{
	for (uint32_t w = 0; w < n; w++) {
		if (!words[w])
			continue;
		*at = w * 64 + (uint32_t)__builtin_ctzll(words[w]);
		words[w] &= words[w] - 1;
		return true;
	}
	return false;
}

/* The path to an entry, which is there: only nodes whose boxes contain its own can have it. */
static void locate(const struct seki_bpf_map *map, uint32_t entry, struct path *path)
{
	uint64_t left[SEKI_TREE_DEPTH_MAX][SEKI_NODE_WIDTH / 64];
	uint16_t sets[SEKI_CLASSIFIER_KEY_MAX * 2] = {0};
	uint32_t link = map->tree->root;

	seki_entry_box(map, seki_map_slot(map, entry), sets);
	path->n = 0;
	for (;;) {
		const struct seki_node *node = seki_node(map, link);
		struct step *step = &path->steps[path->n];

		step->node = link;
		if (node->level)
			seki_node_containing(map, node, sets, left[path->n++]);
		else if (find_in_leaf(map, node, entry, &step->at))
			break;
		do
			step = &path->steps[path->n - 1];
		while (!take_bit(left[path->n - 1], map->tree->shape.words, &step->at) &&
		       path->n--);
		link = links_of(map, seki_node(map, step->node))[step->at];
	}
	path->n++;
}

void seki_tree_swap(struct seki_bpf_map *map, uint32_t old, uint32_t entry)
{
	const struct step *leaf;
	struct path path;

	locate(map, old, &path);
	leaf = &path.steps[path.n - 1];
	seki_store_release(&links_of(map, seki_node(map, leaf->node))[leaf->at], entry);
}

/* A sibling with which a node of so few children is not too full; UINT32_MAX: there is none. */
static uint32_t find_partner(const struct seki_bpf_map *map, const struct seki_node *parent,
			     uint32_t at, uint32_t n)
{
	uint32_t best = UINT32_MAX, fewest = width(map) / 4 * 3 - n + 1;

	for (uint32_t i = 0; i < parent->n; i++) {
		uint32_t have = seki_node(map, links_of(map, parent)[i])->n;

		if (i == at || have >= fewest)
			continue;
		fewest = have;
		best = i;
	}
	return best;
}

/* Where in a leaf an entry of another one stands. */
static uint32_t place_of(const struct seki_bpf_map *map, const struct seki_node *leaf,
			 uint32_t entry)
{
	const uint32_t *priorities = seki_node_at(leaf, map->tree->shape.priorities);
	struct seki_map_slot *slot = seki_map_slot(map, entry);
	uint32_t at = 0, priority = seki_entry_priority(slot);
	uint64_t number = *seki_entry_number(map, slot);

	while (at < leaf->n &&
	       (priorities[at] > priority ||
		(priorities[at] == priority &&
		 *seki_entry_number(map, seki_map_slot(map, links_of(map, leaf)[at])) < number)))
		at++;
	return at;
}

/* A copy of a node with all children of another one as well. 0: no nodes. */
static uint32_t merge(struct change *c, uint32_t into, uint32_t from)
{
	const struct seki_node *few = seki_node(c->map, from);
	struct seki_tree *tree = c->map->tree;
	uint32_t link = copy(c, into), sets = seki_tree_sets(&tree->shape);
	struct seki_node *node = seki_node(c->map, link);

	if (!link)
		return 0;
	seki_items_take(c->map, few, 0);
	for (uint32_t i = 0; i < few->n; i++) {
		struct seki_item item = {tree->item_links[i], tree->item_priorities[i],
					 tree->item_sets + (size_t)i * sets};

		seki_node_insert(c->map, node,
				 node->level ? node->n : place_of(c->map, node, item.link), &item);
	}
	finish(c, link, false);
	return link;
}

/* The child, which has lost one of its own, comes back into the copy of its parent: as it is,
 * together with a sibling, or not at all. */
static int put_back(struct change *c, struct seki_node *parent, const struct step *step,
		    uint32_t child)
{
	const uint16_t *old = sets_of_child(c->map, step);
	uint32_t n = seki_node(c->map, child)->n, partner = UINT32_MAX, both, sibling;
	struct seki_item item;

	if (!n) {
		drop_taken(c, child);
		seki_node_erase(c->map, parent, step->at, old);
		return 0;
	}
	if (n < width(c->map) / 4)
		partner = find_partner(c->map, parent, step->at, n);
	if (partner == UINT32_MAX) {
		finish(c, child, false);
		item = seki_node_item(c->map, child);
		replace(c->map, parent, step->at, &item, old);
		return 0;
	}
	sibling = links_of(c->map, parent)[partner];
	both = merge(c, sibling, child);
	if (!both)
		return -EBUSY;
	drop_taken(c, child);
	c->gone[c->n_gone++] = sibling;
	item = seki_node_item(c->map, both);
	replace(c->map, parent, step->at, &item, old);
	seki_node_erase(c->map, parent, partner, seki_node_item(c->map, sibling).sets);
	return 0;
}

/* The root of what is left of a copy of the old one. */
static uint32_t shrink(struct change *c, uint32_t root)
{
	struct seki_node *node = seki_node(c->map, root);

	if (node->n > 1 || (node->n && !node->level)) {
		finish(c, root, true);
		return root;
	}
	drop_taken(c, root);
	return node->n ? links_of(c->map, node)[0] : 0;
}

int seki_tree_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	uint16_t sets[SEKI_CLASSIFIER_KEY_MAX * 2] = {0};
	struct change c = {.map = map, .queue = queue};
	struct path path;
	uint32_t link;

	locate(map, entry, &path);
	seki_entry_box(map, seki_map_slot(map, entry), sets);
	link = copy(&c, path.steps[path.n - 1].node);
	if (!link)
		return give_up(&c);
	seki_node_erase(map, seki_node(map, link), path.steps[path.n - 1].at, sets);
	c.gone[c.n_gone++] = path.steps[path.n - 1].node;
	for (uint32_t i = path.n - 1; i--;) {
		uint32_t parent = copy(&c, path.steps[i].node);

		if (!parent || put_back(&c, seki_node(map, parent), &path.steps[i], link))
			return give_up(&c);
		c.gone[c.n_gone++] = path.steps[i].node;
		link = parent;
	}
	publish(&c, shrink(&c, link));
	return 0;
}
