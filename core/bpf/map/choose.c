// SPDX-License-Identifier: Apache-2.0
/*
 * Which tuples a classifier gets: one after the other, masks that take the most of what is in blocks.
 * A mask with few bits covers many entries but does not keep them apart. So each starts as the most
 * frequent mask of a sample, and gives up bits for other masks' sake while that is a gain. See
 * classifier.h.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/classifier.h"

#define UNIT	   256u			 /* of gains: an entry */
#define VAIN_COST  4u			 /* of a comparison in vain, in probes of a tuple */
#define GROWTH_MAX 32u			 /* times as many entries are foreseen, at most */
#define TABLE	   (SEKI_SAMPLE_MAX * 2) /* hashes */

/* Of the sample, entries with one mask are a group. */
struct choice {
	struct seki_classifier *c;
	uint32_t n_seen, n_sample, n_groups; /* those of too many groups are not in the sample */
	uint64_t scale;			/* how many entries there will be for each in the sample */
	uint32_t left[SEKI_GROUPS_MAX]; /* of each group, in no tuple yet */
	uint8_t group[SEKI_SAMPLE_MAX]; /* of each entry */
	uint64_t hashes[TABLE];
	uint16_t counts[TABLE];
};

static uint64_t *mask_of(const struct choice *ch, uint32_t group)
{
	return ch->c->groups + (size_t)group * ch->c->shape.key_words;
}

/* One that the entry matches. */
static uint64_t *packet_of(const struct choice *ch, uint32_t entry)
{
	return ch->c->sample + (size_t)entry * ch->c->shape.key_words;
}

/* ---- the sample ---- */

/* UINT32_MAX: there are too many. */
static uint32_t group_of(struct choice *ch, const uint64_t *mask)
{
	uint32_t words = ch->c->shape.key_words;

	for (uint32_t g = 0; g < ch->n_groups; g++)
		if (!memcmp(mask_of(ch, g), mask, words * sizeof(*mask)))
			return g;
	if (ch->n_groups == ch->c->shape.groups)
		return UINT32_MAX;
	memcpy(mask_of(ch, ch->n_groups), mask, words * sizeof(*mask));
	return ch->n_groups++;
}

static void take_sample_of(struct choice *ch, struct seki_bpf_map *map, uint32_t entry)
{
	uint64_t mask[SEKI_KEY_WORDS_MAX], *packet = packet_of(ch, ch->n_sample);
	uint32_t group;

	seki_entry_words(map, seki_map_slot(map, entry), packet, mask);
	for (uint32_t i = 0; i < ch->c->shape.key_words; i++)
		packet[i] |= seki_fold(SEKI_HASH_ODD * (ch->n_seen + 1), SEKI_HASH_ODD + 2 * i) &
			     ~mask[i];
	group = group_of(ch, mask);
	ch->n_seen++;
	if (group == UINT32_MAX)
		return;
	ch->group[ch->n_sample++] = (uint8_t)group;
	ch->left[group]++;
}

/* Of what is in blocks, evenly. */
static void take_sample(struct choice *ch, struct seki_bpf_map *map)
{
	struct seki_classifier *c = ch->c;
	uint32_t every = (c->n_blocked + c->shape.sample - 1) / c->shape.sample, at = 0;

	for (uint32_t link = c->first; link; link = seki_block(map, link)->next) {
		const struct seki_block *block = seki_block(map, link);
		const uint32_t *links = seki_block_at(block, c->shape.links);

		for (; at < block->n; at += every)
			take_sample_of(ch, map, links[at]);
		at -= block->n;
	}
	ch->scale = seki_min(map->def.max_entries / (map->live + 1), GROWTH_MAX) * every;
	ch->scale = seki_max(ch->scale, 1);
}

/* ---- one tuple ---- */

static uint32_t place_of(const struct choice *ch, uint64_t hash)
{
	uint32_t at = (uint32_t)(hash >> 32) % TABLE;

	while (ch->counts[at] && ch->hashes[at] != hash)
		at = (at + 1) % TABLE;
	return at;
}

/* Pairs of a packet and an entry, not its own, that have these bits of a tuple's mask alike, of the
 * groups that fit. */
static uint64_t count_pairs(struct choice *ch, const uint64_t *tuple, uint64_t bits,
			    const bool *fits)
{
	uint32_t words = ch->c->shape.key_words;
	uint64_t part[SEKI_KEY_WORDS_MAX + 1] = {tuple[0]}, pairs = 0, hash[SEKI_SAMPLE_MAX];

	for (uint32_t i = 1; i <= words; i++)
		part[i] = tuple[i] & bits;
	memset(ch->counts, 0, sizeof(ch->counts));
	for (uint32_t i = 0; i < ch->n_sample; i++) {
		uint32_t at;

		hash[i] = seki_tuple_hash(part, packet_of(ch, i), words);
		if (!fits[ch->group[i]])
			continue;
		at = place_of(ch, hash[i]);
		ch->hashes[at] = hash[i];
		pairs -= 1; /* with its own packet, below */
		ch->counts[at]++;
	}
	for (uint32_t i = 0; i < ch->n_sample; i++)
		pairs += ch->counts[place_of(ch, hash[i])];
	return pairs;
}

/* Entries that a tuple would take. */
struct share {
	bool fits[SEKI_GROUPS_MAX];
	uint32_t groups;
	uint64_t n;
};

/*
 * How many of a tuple's entries a lookup will compare in vain, in units, once the map has grown: packets
 * are as the sample's. A small sample has no pairs that are rare, but shows how rare: halves of the
 * bits are alike more often, and both at once that much more seldom, or more often where they depend
 * on each other, which then shows in the sample. Entries of one mask are hardly ever alike, however
 * dense they are.
 */
static uint64_t count_vain(struct choice *ch, const uint64_t *tuple, const struct share *share)
{
	const uint64_t half = 0x5555555555555555u;
	uint64_t pairs = count_pairs(ch, tuple, ~0ull, share->fits), even, odd;

	if (share->groups > 1) { /* + 1 to be on the safe side */
		even = count_pairs(ch, tuple, half, share->fits) + 1;
		odd = count_pairs(ch, tuple, ~half, share->fits) + 1;
		pairs = seki_max(pairs, even * odd / (share->n * ch->n_sample));
	}
	return ch->scale * UNIT * pairs / ch->n_sample;
}

/* Entries that a tuple would take; fewer where a lookup would compare many in vain. Not more than
 * `least`: 0. */
static uint64_t gain(struct choice *ch, const uint64_t *tuple, uint64_t least)
{
	struct share share = {.n = 0};

	for (uint32_t g = 0; g < ch->n_groups; g++) {
		if (!ch->left[g] ||
		    !seki_mask_covers(mask_of(ch, g), tuple + 1, ch->c->shape.key_words))
			continue;
		share.fits[g] = true;
		share.groups++;
		share.n += ch->left[g];
	}
	if (share.n * UNIT <= least)
		return 0;
	return share.n * UNIT * UNIT / (UNIT + VAIN_COST * count_vain(ch, tuple, &share));
}

static uint32_t most_frequent(const struct choice *ch)
{
	uint32_t best = 0;

	for (uint32_t g = 1; g < ch->n_groups; g++)
		if (ch->left[g] > ch->left[best])
			best = g;
	return best;
}

static void meet(const struct choice *ch, uint64_t *to, const uint64_t *tuple, uint32_t group)
{
	to[0] = tuple[0];
	for (uint32_t i = 0; i < ch->c->shape.key_words; i++)
		to[1 + i] = tuple[1 + i] & mask_of(ch, group)[i];
}

/* The mask gives way to the one that it has in common with some group, the best. */
static bool improve(struct choice *ch, uint64_t *tuple, uint64_t *have)
{
	uint32_t words = ch->c->shape.tuple_words, best = UINT32_MAX;
	uint64_t other[SEKI_KEY_WORDS_MAX + 1];

	for (uint32_t g = 0; g < ch->n_groups; g++) {
		uint64_t now;

		if (!ch->left[g] || seki_mask_covers(mask_of(ch, g), tuple + 1, words - 1))
			continue;
		meet(ch, other, tuple, g);
		now = gain(ch, other, *have);
		if (now <= *have)
			continue;
		*have = now;
		best = g;
	}
	if (best == UINT32_MAX)
		return false;
	meet(ch, other, tuple, best);
	memcpy(tuple, other, words * sizeof(*tuple));
	return true;
}

/* Entries that are worth a tuple: the more there are, the more. */
static uint64_t worth(const struct seki_classifier *c)
{
	return 2 + c->n_tuples * c->n_tuples / 16;
}

/* False: no more is worth it. */
static bool add_tuple(struct choice *ch, uint32_t seed)
{
	struct seki_classifier *c = ch->c;
	uint64_t *tuple = seki_tuple(c, c->n_tuples), have;

	tuple[0] = seki_fold(seed + SEKI_HASH_ODD, c->n_tuples + 0xbf58476d1ce4e5b9u);
	memcpy(tuple + 1, mask_of(ch, most_frequent(ch)), c->shape.key_words * sizeof(*tuple));
	have = gain(ch, tuple, 0);
	while (improve(ch, tuple, &have))
		;
	if (have * c->n_blocked < (worth(c) + c->n_blocked / 64ull) * UNIT * ch->n_seen)
		return false;
	for (uint32_t g = 0; g < ch->n_groups; g++)
		if (seki_mask_covers(mask_of(ch, g), tuple + 1, c->shape.key_words))
			ch->left[g] = 0;
	seki_store_release(&c->n_tuples, c->n_tuples + 1);
	return true;
}

static void put_all(struct seki_bpf_map *map)
{
	struct seki_classifier *c = map->classifier;

	c->twice = true;
	for (uint32_t link = c->first; link; link = seki_block(map, link)->next) {
		const struct seki_block *block = seki_block(map, link);
		const uint32_t *links = seki_block_at(block, c->shape.links);

		for (uint32_t i = 0; i < block->n; i++)
			if (!seki_index_find(map, links[i]))
				seki_index_put(map, links[i]);
	}
}

void seki_classifier_choose(struct seki_bpf_map *map)
{
	struct choice ch = {.c = map->classifier};
	uint32_t before = map->classifier->n_tuples;

	take_sample(&ch, map);
	while (ch.n_sample && map->classifier->n_tuples < SEKI_TUPLES_MAX &&
	       add_tuple(&ch, map->seed))
		;
	if (map->classifier->n_tuples > before)
		put_all(map);
}
