// SPDX-License-Identifier: Apache-2.0
/*
 * LPM tries: path-compressed binary tries, one for each value of the first root_bits bits of the
 * data, and one, the first, for prefixes shorter than that. A lookup goes down the trie of its
 * data, and down the first where that has no match: at most one node a bit. It looks at each bit
 * of the data once in either.
 *
 * A node is an entry (of pool `entries`) or glue (of pool `glue`), which has no value and two
 * children. Data are kept as words of 64 bits, most significant bit first, 0 behind the prefix.
 *
 * Every change is one release store of one link. A node that is taken out keeps its links, so a
 * lookup that stands on it goes on; it may miss what changes below after that, as if it had been
 * earlier. A lookup that runs beside several changes may see a later one and miss an earlier one:
 * there is no moment of the whole trie that it shows.
 */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/slots.h"

#define WORDS_MAX (SEKI_LPM_DATA_MAX / 8)

struct prefix {
	uint64_t words[WORDS_MAX];
	uint32_t len;
};

static const uint64_t *words_of(struct seki_map_slot *node)
{
	return seki_map_key(node);
}

static bool is_glue(const struct seki_bpf_map *map, uint32_t link)
{
	return link >= map->glue.first;
}

static inline unsigned int bit_of(const uint64_t *words, uint32_t at)
{
	return words[at / 64] >> (63 - at % 64) & 1;
}

static inline uint64_t top_bits(uint64_t word, uint32_t n)
{
	return n ? word >> (64 - n) : 0;
}

static inline uint32_t *root_of(const struct seki_bpf_map *map, const uint64_t *words, uint32_t len)
{
	return &map->heads[len < map->root_bits ? 0 : 1 + top_bits(words[0], map->root_bits)];
}

/* The value of the longest prefix below a root. What a node has in common with the one above it is
 * compared once. */
static inline __attribute__((always_inline)) void *find_below(const struct seki_bpf_map *map,
							      const uint32_t *root,
							      const uint64_t *words)
{
	uint32_t link = seki_load_acquire(root), word = 0;
	struct seki_map_slot *best = NULL;

	while (link) {
		struct seki_map_slot *node = seki_map_slot(map, link);
		const uint64_t *have = words_of(node);
		uint32_t len = node->len;

		for (; word < len / 64; word++)
			if (have[word] != words[word])
				goto out;
		if (len % 64 && (have[word] ^ words[word]) >> (64 - len % 64))
			break;
		if (!is_glue(map, link))
			best = node;
		if (len == map->bits)
			break;
		link = seki_load_acquire(&node->child[bit_of(words, len)]);
	}
out:
	return best ? seki_map_value(map, best) : NULL;
}

static inline __attribute__((always_inline)) void *find(const struct seki_bpf_map *map,
							const uint64_t *words)
{
	void *value = find_below(map, root_of(map, words, map->bits), words);

	return value ? value : find_below(map, &map->heads[0], words);
}

static uint64_t load_word(const uint8_t *bytes, uint32_t n)
{
	uint64_t word = 0;

	for (uint32_t i = 0; i < n; i++)
		word |= (uint64_t)bytes[i] << (56 - i * 8);
	return word;
}

static inline uint64_t load_full_word(const uint8_t *bytes)
{
	uint64_t word;

	__builtin_memcpy(&word, bytes, 8);
	return __builtin_bswap64(word);
}

static void load_words(const uint8_t *data, uint32_t bytes, uint64_t *words)
{
	for (; bytes >= 8; bytes -= 8, data += 8)
		*words++ = load_full_word(data);
	if (bytes)
		*words = load_word(data, bytes);
}

static const uint8_t *data_of(const void *key)
{
	return (const uint8_t *)key + sizeof(struct seki_lpm_key);
}

static void *find_4(const struct seki_bpf_map *map, const void *key)
{
	uint64_t word = load_word(data_of(key), 4);

	return find(map, &word);
}

static void *find_16(const struct seki_bpf_map *map, const void *key)
{
	uint64_t words[2] = {load_full_word(data_of(key)), load_full_word(data_of(key) + 8)};

	return find(map, words);
}

static void *find_any(const struct seki_bpf_map *map, const void *key)
{
	uint64_t words[WORDS_MAX];

	load_words(data_of(key), map->bits / 8, words);
	return find(map, words);
}

seki_bpf_find seki_lpm_finder(const struct seki_map_def *def)
{
	switch (def->key_size) {
	case 8:
		return find_4;
	case 20:
		return find_16;
	default:
		return find_any;
	}
}

/* Bits behind the first `len` become 0. */
static void cut(const struct seki_bpf_map *map, uint64_t *words, uint32_t len)
{
	for (uint32_t i = len / 64; i < (map->bits + 63) / 64; i++)
		words[i] &= i == len / 64 ? ~(~0ull >> len % 64) : 0;
}

static int read_prefix(const struct seki_bpf_map *map, const void *key, struct prefix *p)
{
	__builtin_memcpy(&p->len, key, sizeof(p->len));
	if (p->len > map->bits)
		return -EINVAL;
	load_words(data_of(key), map->bits / 8, p->words);
	cut(map, p->words, p->len);
	return 0;
}

/* The inverse; 0 behind the prefix. */
static void write_key(const struct seki_bpf_map *map, struct seki_map_slot *node, void *key)
{
	const uint64_t *words = words_of(node);
	uint8_t *data = (uint8_t *)key + sizeof(struct seki_lpm_key);

	__builtin_memcpy(key, &node->len, sizeof(node->len));
	for (uint32_t i = 0; i < map->bits / 8; i++)
		data[i] = (uint8_t)(words[i / 8] >> (56 - i % 8 * 8));
}

/* Length of what both begin with, at most `limit` bits. */
static uint32_t common_bits(const uint64_t *a, const uint64_t *b, uint32_t limit)
{
	for (uint32_t i = 0; i * 64 < limit; i++)
		if (a[i] != b[i])
			return (uint32_t)seki_min(limit,
						  i * 64 + (uint32_t)__builtin_clzll(a[i] ^ b[i]));
	return limit;
}

/* Where a prefix is or would be, and how far the node there agrees with it. */
struct place {
	uint32_t *link;	   /* leads to the node, or is 0 */
	uint32_t *to_glue; /* the link that leads to the glue which `link` is in, else NULL */
	uint32_t common;
	bool exact; /* the node has the prefix: it is an entry or glue */
};

static struct place look_for(const struct seki_bpf_map *map, const struct prefix *p)
{
	struct place at = {.link = root_of(map, p->words, p->len)};

	while (*at.link) {
		struct seki_map_slot *node = seki_map_slot(map, *at.link);

		at.common = common_bits(words_of(node), p->words,
					(uint32_t)seki_min(node->len, p->len));
		if (at.common < node->len)
			break;
		if (node->len == p->len) {
			at.exact = true;
			break;
		}
		at.to_glue = is_glue(map, *at.link) ? at.link : NULL;
		at.link = &node->child[bit_of(p->words, node->len)];
	}
	return at;
}

static void set_words(const struct seki_bpf_map *map, struct seki_map_slot *node,
		      const uint64_t *words, uint32_t len)
{
	uint64_t *to = seki_map_key(node);

	memcpy(to, words, (map->bits + 63) / 64 * 8);
	node->len = len;
}

/* A node where two paths part. */
static void make_glue(struct seki_bpf_map *map, uint32_t link, const struct prefix *p,
		      uint32_t common)
{
	struct prefix both = *p;

	cut(map, both.words, common);
	set_words(map, seki_map_slot(map, link), both.words, common);
}

/* Links a new entry where look_for() has found no entry of the prefix. */
static int link_entry(struct seki_bpf_map *map, const struct prefix *p, struct place at,
		      uint32_t taken, uint32_t queue)
{
	uint32_t old = *at.link, glue, publish = taken;
	struct seki_map_slot *node = seki_map_slot(map, taken);

	node->child[0] = node->child[1] = 0;
	if (at.exact) { /* glue: it has two children, and leaves */
		memcpy(node->child, seki_map_slot(map, old)->child, sizeof(node->child));
	} else if (old && at.common == p->len) {
		node->child[bit_of(words_of(seki_map_slot(map, old)), p->len)] = old;
	} else if (old) {
		glue = seki_map_take(map, &map->glue, queue);
		if (!glue)
			return -EBUSY;
		make_glue(map, glue, p, at.common);
		seki_map_slot(map, glue)->child[bit_of(p->words, at.common)] = taken;
		seki_map_slot(map, glue)->child[!bit_of(p->words, at.common)] = old;
		publish = glue;
	}
	seki_store_release(at.link, publish);
	if (at.exact)
		seki_map_retire(map, &map->glue, old, queue);
	seki_map_set_live(map, map->live + 1);
	return 0;
}

static int replace(struct seki_bpf_map *map, uint32_t *link, const void *value, uint32_t queue)
{
	uint32_t taken, old = *link;
	struct seki_map_slot *from = seki_map_slot(map, old), *to;

	if (seki_map_in_place(map, queue)) {
		seki_map_store_value(map, seki_map_value(map, from), value);
		return 0;
	}
	taken = seki_map_take(map, &map->entries, queue);
	if (!taken)
		return -EBUSY;
	to = seki_map_slot(map, taken);
	memcpy(to->child, from->child, sizeof(to->child));
	set_words(map, to, words_of(from), from->len);
	seki_map_store_value(map, seki_map_value(map, to), value);
	seki_store_release(link, taken);
	seki_map_retire(map, &map->entries, old, queue);
	return 0;
}

static bool is_entry(const struct seki_bpf_map *map, const struct place *at)
{
	return at->exact && !is_glue(map, *at->link);
}

/* Where the key is or would be, with the map locked if there is no error. */
static int lock_at(struct seki_bpf_map *map, const void *key, struct prefix *p, struct place *at)
{
	int err = read_prefix(map, key, p);

	if (err)
		return err;
	if (!seki_map_lock(map))
		return -EBUSY;
	*at = look_for(map, p);
	return 0;
}

static int put(struct seki_bpf_map *map, const struct prefix *p, struct place at, const void *value,
	       enum seki_map_set how, uint32_t queue)
{
	uint32_t taken;
	int err;

	if (is_entry(map, &at))
		return how == SEKI_MAP_NOEXIST ? -EEXIST : replace(map, at.link, value, queue);
	if (how == SEKI_MAP_EXIST)
		return -ENOENT;
	if (map->live == map->def.max_entries)
		return -ENOSPC;
	taken = seki_map_take(map, &map->entries, queue);
	if (!taken)
		return -EBUSY;
	set_words(map, seki_map_slot(map, taken), p->words, p->len);
	seki_map_store_value(map, seki_map_value(map, seki_map_slot(map, taken)), value);
	err = link_entry(map, p, at, taken, queue);
	if (err)
		seki_map_give(map, &map->entries, taken);
	return err;
}

int seki_lpm_put(struct seki_bpf_map *map, const void *key, const void *value,
		 enum seki_map_set how, uint32_t queue)
{
	struct prefix p;
	struct place at;
	int err = lock_at(map, key, &p, &at);

	if (err)
		return err;
	err = put(map, &p, at, value, how, queue);
	seki_map_unlock(map);
	return err;
}

/* Two children stay together under glue; one goes up; without any, glue above goes as well. */
static int unlink_entry(struct seki_bpf_map *map, const struct place *at, uint32_t queue)
{
	uint32_t old = *at->link, glue;
	struct seki_map_slot *node = seki_map_slot(map, old), *above;

	if (node->child[0] && node->child[1]) {
		glue = seki_map_take(map, &map->glue, queue);
		if (!glue)
			return -EBUSY;
		memcpy(seki_map_slot(map, glue)->child, node->child, sizeof(node->child));
		set_words(map, seki_map_slot(map, glue), words_of(node), node->len);
		seki_store_release(at->link, glue);
	} else if (!node->child[0] && !node->child[1] && at->to_glue) {
		glue = *at->to_glue;
		above = seki_map_slot(map, glue);
		seki_store_release(at->to_glue, above->child[at->link == &above->child[0]]);
		seki_map_retire(map, &map->glue, glue, queue);
	} else {
		seki_store_release(at->link, node->child[!node->child[0]]);
	}
	seki_map_retire(map, &map->entries, old, queue);
	seki_map_set_live(map, map->live - 1);
	return 0;
}

int seki_lpm_remove(struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	struct prefix p;
	struct place at;
	int err = lock_at(map, key, &p, &at);

	if (err)
		return err;
	err = is_entry(map, &at) ? unlink_entry(map, &at, queue) : -ENOENT;
	seki_map_unlock(map);
	return err;
}

int seki_lpm_read(struct seki_bpf_map *map, const void *key, void *value)
{
	struct prefix p;
	struct place at;
	int err = lock_at(map, key, &p, &at);

	if (err)
		return err;
	if (is_entry(map, &at))
		seki_map_load_value(map, value, seki_map_value(map, seki_map_slot(map, *at.link)));
	else
		err = -ENOENT;
	seki_map_unlock(map);
	return err;
}

/* The first entry of a trie in the order node, child 0, child 1; glue always has one below. */
static struct seki_map_slot *first_below(const struct seki_bpf_map *map, uint32_t link)
{
	if (!link)
		return NULL;
	while (is_glue(map, link))
		link = seki_map_slot(map, link)->child[0];
	return seki_map_slot(map, link);
}

/* The first entry after a prefix, which need not be there, in the same order. */
static struct seki_map_slot *first_after(const struct seki_bpf_map *map, const struct prefix *p)
{
	uint32_t link = *root_of(map, p->words, p->len), later = 0;

	while (link) {
		struct seki_map_slot *node = seki_map_slot(map, link);
		uint32_t common = common_bits(words_of(node), p->words,
					      (uint32_t)seki_min(node->len, p->len));
		unsigned int bit;

		if (common < node->len && (common == p->len || bit_of(words_of(node), common)))
			return first_below(map, link);
		if (common < node->len)
			break; /* the node and all below come before */
		if (node->len == p->len) {
			link = node->child[0] ? node->child[0] : node->child[1];
			return first_below(map, link ? link : later);
		}
		bit = bit_of(p->words, node->len);
		if (!bit && node->child[1])
			later = node->child[1];
		link = node->child[bit];
	}
	return first_below(map, later);
}

static int next_in(struct seki_bpf_map *map, uint32_t root, const struct prefix *after, void *next)
{
	struct seki_map_slot *node;

	if (!seki_map_lock(map))
		return -EBUSY;
	node = after ? first_after(map, after) : first_below(map, map->heads[root]);
	if (node)
		write_key(map, node, next);
	seki_map_unlock(map);
	return node ? 0 : -ENOENT;
}

/* One trie after the other; empty ones are passed without the lock. */
int seki_lpm_next(struct seki_bpf_map *map, const void *key, void *next)
{
	struct prefix p, *after = NULL;
	uint64_t root = 0;
	int err;

	if (key) {
		err = read_prefix(map, key, &p);
		if (err)
			return err;
		after = &p;
		root = (uint64_t)(root_of(map, p.words, p.len) - map->heads);
	}
	for (; root <= 1ull << map->root_bits; root++, after = NULL) {
		if (!__atomic_load_n(&map->heads[root], __ATOMIC_RELAXED))
			continue;
		err = next_in(map, (uint32_t)root, after, next);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}
