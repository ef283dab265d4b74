/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classifiers: entries of ternary, range and optional fields, found by priority.
 *
 * Theory of operation. Every entry is a box: for each nibble (4 bits) of the key the set of values
 * that it can match. A balanced tree of nodes holds the entries in its leaves; the box of a node
 * covers those of all below. A node is a table of rows, one for each nibble and value, of a bit for
 * each of up to SEKI_NODE_WIDTH children: may the child match? A lookup ANDs the rows of its key's
 * nibbles and goes on with the children that are left: in leaves, whose entries are sorted by
 * priority, it compares in full and takes the first; children whose greatest priority is less than
 * what was found are passed over. Rows that tell nothing the parent has not told are left out.
 *
 *   changes   copy the nodes from the root to the leaf and publish the new root by one store: a
 *             lookup sees the map at one moment. Only the link to an entry whose value is replaced
 *             changes in place. Nodes come back as slots do.
 *   ranges    are kept as they are: their nibbles' sets are a superset, and leaves compare.
 *   identity  priority, first and second of an entry name it: hash.c keeps the entries by them.
 *   bounds    A node but the root and one child of each parent is at least a quarter full, so there
 *             are no more nodes than seki_tree_shape() counts. A lookup visits each at most once,
 *             reads at most a row for each nibble there, and compares each entry at most once;
 *             hostile entries can make it do all of that: it is linear in the entries then, at a
 *             few instructions each. A change walks a path, may have to look for it in as many
 *             nodes, and splits at most a node a level.
 */
#ifndef SEKI_CORE_BPF_MAP_CLASSIFIER_H
#define SEKI_CORE_BPF_MAP_CLASSIFIER_H

#include "core/bpf/map/slots.h"

#define SEKI_TREE_DEPTH_MAX 8u
#define SEKI_ORDER_STEP	    8u
#define SEKI_NODE_WIDTH	    512u /* children, at most; see `words` */

/* Sizes that follow from a definition. */
struct seki_tree_shape {
	uint32_t nibbles;     /* of the key */
	uint32_t words;	      /* of a row, each of 64 children: 2, 4 or 8 */
	uint32_t priorities;  /* offsets in a node: of the greatest priority of each child */
	uint32_t links;	      /* to the children */
	uint32_t sets;	      /* of values, a bit each, by nibble: its box */
	uint32_t weights;     /* by nibble: values in all children's sets together */
	uint32_t rows;	      /* [nibble][value][words] */
	uint32_t node_bytes;  /* a multiple of 64 */
	uint64_t nodes;	      /* needed at most */
	uint64_t spare;	      /* and these, for copies */
	uint64_t state_bytes; /* of struct seki_tree and what it points to */
};

/* In the map's memory. */
struct seki_tree {
	/* Constant once there are entries. */
	struct seki_tree_shape shape;
	struct seki_map_field fields[SEKI_CLASSIFIER_FIELDS_MAX];
	struct seki_map_field ranges[SEKI_CLASSIFIER_FIELDS_MAX]; /* those of them */
	uint32_t n_fields, n_ranges;
	uint8_t masked[SEKI_CLASSIFIER_KEY_MAX]; /* 0xff: of no range */
	uint8_t pad[64];
	uint32_t root; /* link, 0: no entries; loaded by lookups */

	/* Under the lock. */
	uint64_t added;		   /* number of the last entry that was added */
	uint32_t *item_links;	   /* scratch of one more than a node has */
	uint32_t *item_priorities; /* the same */
	uint8_t *item_side;	   /* the same: which half of a split */
	uint16_t *item_sets;	   /* the same, each a box */
};

/* A slot of pool `glue`. What follows: see the shape. */
struct seki_node {
	struct seki_map_slot slot;
	uint32_t level;	   /* 0: a leaf, whose children are entries */
	uint32_t n;	   /* children */
	uint32_t priority; /* greatest of them */
	uint32_t n_first;  /* of these: what is worth reading before a comparison, a multiple too */
	uint32_t n_order;  /* a multiple of SEKI_ORDER_STEP, not 0 */
	/* The nibbles whose rows tell something, the most telling first, and some again: as many
	 * as a lookup takes at a time. */
	uint8_t order[];
};

static inline struct seki_node *seki_node(const struct seki_bpf_map *map, uint32_t link)
{
	return (struct seki_node *)(void *)seki_map_slot(map, link);
}

static inline void *seki_node_at(const struct seki_node *node, uint32_t offset)
{
	return (uint8_t *)(uintptr_t)node + offset;
}

/* Nibbles are numbered: the upper ones of all bytes, then the lower ones. */
static inline uint64_t *seki_node_row(const struct seki_tree_shape *shape,
				      const struct seki_node *node, uint32_t nibble, uint32_t value)
{
	return (uint64_t *)seki_node_at(node, shape->rows) + (nibble * 16 + value) * shape->words;
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

/* Length of a box, so that it can be read four sets at a time. */
static inline uint32_t seki_tree_sets(const struct seki_tree_shape *shape)
{
	return (shape->nibbles + 3) & ~3u;
}

/* classifier.c. Of an entry's key as the control plane has it. */
void seki_entry_box(const struct seki_bpf_map *map, struct seki_map_slot *entry, uint16_t *sets);

/* The definition has passed seki_bpf_map_bytes(). */
void seki_tree_shape(const struct seki_map_def *def, struct seki_tree_shape *shape);
void seki_tree_init(struct seki_bpf_map *map, const struct seki_tree_shape *shape);

/* tree.c, node.c: under the lock. -EBUSY: no nodes at present. */
int seki_tree_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
int seki_tree_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue);
/* The same key and number with another value. */
void seki_tree_swap(struct seki_bpf_map *map, uint32_t old, uint32_t entry);

/* A child as its parent sees it. */
struct seki_item {
	uint32_t link, priority;
	const uint16_t *sets;
};

struct seki_item seki_node_item(const struct seki_bpf_map *map, uint32_t link);
void seki_node_make(const struct seki_bpf_map *map, struct seki_node *node, uint32_t level);
void seki_node_insert(const struct seki_bpf_map *map, struct seki_node *node, uint32_t at,
		      const struct seki_item *item);
void seki_node_erase(const struct seki_bpf_map *map, struct seki_node *node, uint32_t at,
		     const uint16_t *sets);
/* Before it is published: what follows from its rows. */
void seki_node_finish(const struct seki_bpf_map *map, struct seki_node *node, bool is_root);

/* Into the scratch from index `at` on; returns one past the last. */
uint32_t seki_items_take(struct seki_bpf_map *map, const struct seki_node *node, uint32_t at);
uint32_t seki_items_add(struct seki_bpf_map *map, const struct seki_item *item, uint32_t at);
/* Says for each of the n items on which side it is to be: at least a quarter on either. */
void seki_items_split(struct seki_bpf_map *map, uint32_t n);
/* A node of those on that side. */
void seki_items_build(struct seki_bpf_map *map, struct seki_node *node, uint32_t level, uint32_t n,
		      uint8_t side);

/* The child that a box widens least. */
uint32_t seki_node_choose(const struct seki_bpf_map *map, const struct seki_node *node,
			  const uint16_t *sets);
/* A bit for each child whose box contains it. */
void seki_node_containing(const struct seki_bpf_map *map, const struct seki_node *node,
			  const uint16_t *sets, uint64_t *children);

static inline uint32_t seki_tree_width(const struct seki_tree_shape *shape)
{
	return shape->words * 64;
}

#endif
