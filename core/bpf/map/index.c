// SPDX-License-Identifier: Apache-2.0
/* A classifier's entries in buckets, by the hash of the bits that a tuple leaves. See classifier.h. */
#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

/* Entries of one tag in a bucket, most of them alike in the tuple's bits: lookups compare them all. */
#define ALIKE_MAX 4u

/* An entry as tuples see it. */
struct view {
	uint64_t first[SEKI_KEY_WORDS_MAX], mask[SEKI_KEY_WORDS_MAX];
};

/* Where an entry is or would be. */
struct place {
	uint64_t *tags;
	uint32_t *top;
	struct seki_bucket *bucket;
	uint8_t tag;
};

bool seki_mask_covers(const uint64_t *mask, const uint64_t *tuple_mask, uint32_t words)
{
	uint64_t missing = 0;

	for (uint32_t i = 0; i < words; i++)
		missing |= tuple_mask[i] & ~mask[i];
	return !missing;
}

/* Of the next tuple from *n on that covers the entry; false: there is none. */
static bool next_place(const struct seki_classifier *c, const struct view *view, uint32_t *n,
		       struct place *place)
{
	const struct seki_classifier_shape *shape = &c->shape;

	for (; *n < c->n_tuples; ++*n) {
		const uint64_t *tuple = seki_tuple(c, *n);
		uint64_t hash;

		if (!seki_mask_covers(view->mask, tuple + 1, shape->key_words))
			continue;
		hash = seki_tuple_hash(tuple, view->first, shape->key_words);
		*place = (struct place){c->tags + (hash >> shape->shift),
					c->tops + (hash >> shape->shift),
					c->buckets + (hash >> shape->shift), seki_tuple_tag(hash)};
		++*n;
		return true;
	}
	return false;
}

/* Entries of a tag; *at: a free place, if there is one. */
static uint32_t count_tag(const struct place *place, uint32_t *at)
{
	uint32_t n = 0;

	*at = SEKI_BUCKET;
	for (uint32_t i = 0; i < SEKI_BUCKET; i++) {
		if (!place->bucket->links[i])
			*at = i;
		else
			n += (uint8_t)(*place->tags >> i * 8) == place->tag;
	}
	return n;
}

static void put_at(const struct place *place, uint32_t at, uint32_t entry, uint32_t priority)
{
	seki_store_release(place->top, (uint32_t)seki_max(*place->top, priority));
	seki_store_release(&place->bucket->priorities[at], priority);
	seki_store_release(&place->bucket->links[at], entry);
	seki_store64_release(place->tags, *place->tags | (uint64_t)place->tag << at * 8);
}

/* Where the fewest are alike. */
bool seki_index_put(struct seki_bpf_map *map, uint32_t entry)
{
	struct seki_map_slot *slot = seki_map_slot(map, entry);
	uint32_t n = 0, least = ALIKE_MAX, best_at = 0;
	struct place place, best = {.tag = 0};
	struct view view;

	seki_entry_words(map, slot, view.first, view.mask);
	while (least && next_place(map->classifier, &view, &n, &place)) {
		uint32_t at, alike = count_tag(&place, &at);

		if (alike >= least || at == SEKI_BUCKET)
			continue;
		least = alike;
		best = place;
		best_at = at;
	}
	if (least == ALIKE_MAX)
		return false;
	put_at(&best, best_at, entry, seki_entry_priority(slot));
	return true;
}

uint32_t *seki_index_find(const struct seki_bpf_map *map, uint32_t entry)
{
	struct place place;
	struct view view;
	uint32_t n = 0;

	seki_entry_words(map, seki_map_slot(map, entry), view.first, view.mask);
	while (next_place(map->classifier, &view, &n, &place))
		for (uint32_t at = 0; at < SEKI_BUCKET; at++)
			if (place.bucket->links[at] == entry)
				return &place.bucket->links[at];
	return NULL;
}

static uint32_t top_of(const struct seki_bucket *bucket)
{
	uint32_t top = 0;

	for (uint32_t i = 0; i < SEKI_BUCKET; i++)
		if (bucket->links[i])
			top = (uint32_t)seki_max(top, bucket->priorities[i]);
	return top;
}

/* First the link: who has seen the tag finds none. */
void seki_index_erase(struct seki_bpf_map *map, uint32_t *link)
{
	struct seki_classifier *c = map->classifier;
	size_t offset = (size_t)((uint8_t *)link - (uint8_t *)c->buckets);
	size_t bucket = offset / sizeof(struct seki_bucket);
	size_t at = offset % sizeof(struct seki_bucket) / sizeof(*link);

	seki_store_release(link, 0);
	seki_store64_release(&c->tags[bucket], c->tags[bucket] & ~(0xffull << at * 8));
	seki_store_release(&c->tops[bucket], top_of(&c->buckets[bucket]));
}
