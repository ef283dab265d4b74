// SPDX-License-Identifier: Apache-2.0
/* Classifiers: keys, sizes, changes. How it works: classifier.h. */
#include "core/bpf/map/classifier.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

/* ---- sizes ---- */

#define FEW 64u /* entries: a block's, and not worth an index */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Wide blocks are few, and many entries are on a cache line; but they are copied at each change. */
static uint32_t row_words(const struct seki_map_def *def)
{
	if (def->max_entries <= FEW)
		return 1;
	return def->max_entries <= 128 || def->key_size > 32 ? 2 : SEKI_BLOCK_WIDTH / 64;
}

static void shape_blocks(const struct seki_map_def *def, struct seki_classifier_shape *shape)
{
	uint64_t width, n = def->max_entries;

	shape->row_words = row_words(def);
	width = seki_block_width(shape);
	shape->priorities = (uint32_t)round_up(
		sizeof(struct seki_block) + round_up(shape->nibbles, SEKI_ORDER_STEP), 8);
	shape->links = (uint32_t)(shape->priorities + width * 4);
	shape->weights = (uint32_t)(shape->links + width * 4);
	shape->rows = (uint32_t)round_up(shape->weights + shape->nibbles * 4, 64);
	shape->block_bytes =
		(uint32_t)round_up(shape->rows + shape->nibbles * 16 * shape->row_words * 8, 64);
	shape->blocks = n <= width ? 1 : n * 16 / (width * 7) + 2;
	shape->spare = n <= FEW ? 4 : 8;
}

/* At most 2.5 entries a bucket, so that hardly one of them is full. */
static void shape_index(const struct seki_map_def *def, struct seki_classifier_shape *shape)
{
	if (def->max_entries <= FEW)
		return;
	shape->buckets = 16;
	while (shape->buckets * 5ull < def->max_entries * 2ull)
		shape->buckets *= 2;
	shape->tuple_words = 1 + shape->key_words;
	shape->shift = 64 - (uint32_t)__builtin_ctz(shape->buckets);
	shape->index_bytes = round_up(SEKI_TUPLES_MAX * 8ull * shape->tuple_words, 64) +
			     shape->buckets * (8 + 4 + sizeof(struct seki_bucket));
	shape->sample = (uint32_t)seki_min(def->max_entries, SEKI_SAMPLE_MAX);
	shape->groups = (uint32_t)seki_min(def->max_entries, SEKI_GROUPS_MAX);
}

void seki_classifier_shape(const struct seki_map_def *def, struct seki_classifier_shape *shape)
{
	memset(shape, 0, sizeof(*shape));
	shape->nibbles = def->key_size * 2;
	shape->key_words = (def->key_size + 7) / 8;
	shape_blocks(def, shape);
	shape_index(def, shape);
	shape->state_bytes = round_up(sizeof(struct seki_classifier), 64) + shape->index_bytes +
			     (shape->groups + shape->sample) * 8ull * shape->key_words +
			     seki_block_width(shape) * 8;
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
	struct seki_classifier *c = map->classifier;

	memcpy(c->fields, fields, n * sizeof(*fields));
	c->n_fields = n;
	c->n_ranges = 0;
	memset(c->masked, 0xff, sizeof(c->masked));
	for (uint32_t i = 0; i < n; i++) {
		if (fields[i].match != SEKI_MATCH_RANGE)
			continue;
		c->ranges[c->n_ranges++] = fields[i];
		memset(c->masked + fields[i].offset, 0, fields[i].bytes);
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

void seki_classifier_init(struct seki_bpf_map *map, const struct seki_classifier_shape *shape)
{
	struct seki_classifier *c = map->classifier;
	uint8_t *at = (uint8_t *)c + round_up(sizeof(*c), 64);
	struct seki_map_field all = {0, (uint16_t)map->def.key_size,
				     (uint16_t)(map->def.key_size * 8), SEKI_MATCH_TERNARY, 0};

	c->shape = *shape;
	c->tuples = (uint64_t *)(void *)at;
	at += round_up(SEKI_TUPLES_MAX * 8ull * shape->tuple_words, 64);
	c->tags = (uint64_t *)(void *)at;
	at += shape->buckets * 8ull;
	c->buckets = (struct seki_bucket *)(void *)at;
	at += shape->buckets * sizeof(struct seki_bucket);
	c->tops = (uint32_t *)(void *)at;
	at += shape->buckets * 4ull;
	c->groups = (uint64_t *)(void *)at;
	at += shape->groups * 8ull * shape->key_words;
	c->sample = (uint64_t *)(void *)at;
	at += shape->sample * 8ull * shape->key_words;
	c->items = (uint32_t *)(void *)at;
	c->changes_left = FEW;
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
	for (uint32_t i = 0; i < map->classifier->n_fields; i++) {
		const struct seki_map_field *f = &map->classifier->fields[i];

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
	const struct seki_classifier *c = map->classifier;
	const uint8_t *first = seki_entry_first(entry);
	uint32_t size = map->def.key_size;
	const uint8_t *second = first + size;

	for (uint32_t i = 0; i < size * 2; i++)
		sets[i % 2 * size + i / 2] = (uint16_t)masked_set(nibble_of(first, i / 2, i % 2),
								  nibble_of(second, i / 2, i % 2));
	for (uint32_t r = 0; r < c->n_ranges; r++) {
		const struct seki_map_field *f = &c->ranges[r];
		struct range_walk w = {.one = true};

		for (uint32_t i = f->offset * 2u; i < (f->offset + f->bytes) * 2u; i++)
			sets[i % 2 * size + i / 2] =
				(uint16_t)range_set(&w, nibble_of(first, i / 2, i % 2),
						    nibble_of(second, i / 2, i % 2));
	}
}

/* What the ends of a range begin with. */
static void range_mask(const struct seki_map_field *f, const uint8_t *first, const uint8_t *second,
		       uint8_t *mask)
{
	uint32_t i = f->offset, end = f->offset + f->bytes;

	for (; i < end && first[i] == second[i]; i++)
		mask[i] = 0xff;
	if (i == end)
		return;
	mask[i] = (uint8_t) ~(0xffu >> (__builtin_clz((uint32_t)(first[i] ^ second[i])) - 24));
	memset(mask + i + 1, 0, end - i - 1);
}

void seki_entry_words(const struct seki_bpf_map *map, struct seki_map_slot *entry, uint64_t *first,
		      uint64_t *mask)
{
	const struct seki_classifier *c = map->classifier;
	const uint8_t *bytes = seki_entry_first(entry);
	uint32_t size = map->def.key_size;
	uint8_t own[SEKI_CLASSIFIER_KEY_MAX];

	memcpy(own, bytes + size, size);
	for (uint32_t i = 0; i < c->n_ranges; i++)
		range_mask(&c->ranges[i], bytes, bytes + size, own);
	seki_key_words(bytes, size, first);
	seki_key_words(own, size, mask);
}

/* ---- changes, under the lock ---- */

static bool start(struct seki_classifier *c)
{
	if (__atomic_load_n(&c->holds, __ATOMIC_SEQ_CST))
		return false;
	seki_classifier_start(c);
	return true;
}

/* At first of a large sample; later where more than a few are in blocks again. */
static bool is_choice_due(const struct seki_bpf_map *map)
{
	const struct seki_classifier *c = map->classifier;
	uint64_t many = seki_max(FEW, seki_min(map->def.max_entries / 16, SEKI_SAMPLE_MAX));
	uint64_t few = FEW / 4 + map->live / 1024;

	return c->shape.buckets && c->n_blocked > (c->n_tuples ? few : many);
}

/* Every now and then. */
static void count_change(struct seki_classifier *c)
{
	c->changes_left -= c->changes_left > 0;
}

static void tidy(struct seki_bpf_map *map, uint32_t queue)
{
	struct seki_classifier *c = map->classifier;

	if (c->changes_left)
		return;
	if (is_choice_due(map))
		seki_classifier_choose(map);
	if (c->twice) {
		seki_classifier_start(c);
		seki_blocks_sweep(map, queue);
	}
	seki_classifier_start(c);
	c->changes_left = (uint32_t)seki_max(FEW, c->n_blocked / 2);
}

int seki_classifier_add(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	struct seki_classifier *c = map->classifier;
	int err = 0;

	if (!start(c))
		return -EBUSY;
	tidy(map, queue);
	if (!seki_index_put(map, entry))
		err = seki_blocks_add(map, entry, queue);
	if (!err)
		count_change(c);
	return err;
}

int seki_classifier_drop(struct seki_bpf_map *map, uint32_t entry, uint32_t queue)
{
	struct seki_classifier *c = map->classifier;
	uint32_t *head = seki_index_find(map, entry);
	int err;

	if (!start(c))
		return -EBUSY;
	if (!head || c->twice) {
		err = seki_blocks_drop(map, entry, queue);
		if (err && (err != -ENOENT || !head))
			return err;
	}
	if (head)
		seki_index_erase(map, head);
	count_change(c);
	return 0;
}

int seki_classifier_swap(struct seki_bpf_map *map, uint32_t old, uint32_t entry)
{
	struct seki_classifier *c = map->classifier;
	uint32_t *link = seki_index_find(map, old);

	if (!start(c))
		return -EBUSY;
	if (link)
		seki_store_release(link, entry);
	if (link && !c->twice)
		return 0;
	link = seki_blocks_find(map, old);
	if (link)
		seki_store_release(link, entry);
	return 0;
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
