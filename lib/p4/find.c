/* SPDX-License-Identifier: Apache-2.0 */
/* Which entry a lookup found, by looking at all of them: for people, not for packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p4/entry.h"

static bool covers(const struct seki_p4rt_field *field, const struct seki_p4rt_match *match,
		   const uint8_t *number)
{
	uint32_t bytes = seki_p4rt_bytes(field->width);

	if (field->match == SEKI_MATCH_RANGE)
		return memcmp(match->first, number, bytes) <= 0 &&
		       memcmp(number, match->second, bytes) <= 0;
	for (uint32_t i = 0; i < bytes; i++)
		if ((number[i] ^ match->first[i]) & match->second[i])
			return false;
	return true;
}

static bool matches_all(const struct seki_p4rt_table *table, const struct seki_p4rt_match *matches,
			const uint8_t *numbers)
{
	for (uint32_t i = 0; i < table->n_fields; i++)
		if (!covers(&table->fields[i], &matches[i], numbers + i * SEKI_P4RT_MAX_BYTES))
			return false;
	return true;
}

/* Of a trie's key the longest prefix wins, of a classifier's the greatest priority. */
static uint32_t rank(const uint8_t *key)
{
	uint32_t rank;

	memcpy(&rank, key, sizeof(rank));
	return rank;
}

static int find(struct seki_bpf_map *map, const struct seki_p4rt_table *table,
		const uint8_t *numbers, struct seki_p4rt_match *matches, uint8_t *key,
		uint8_t *best)
{
	bool ranks = table->type != SEKI_MAP_HASH;
	int err = seki_bpf_map_next_key(map, NULL, key), found = -ENOENT;
	uint32_t priority;

	for (; !err; err = seki_bpf_map_next_key(map, key, key)) {
		seki_p4rt_key_decode(table, key, matches, &priority);
		if (!matches_all(table, matches, numbers) ||
		    (!found && ranks && rank(key) <= rank(best)))
			continue;
		memcpy(best, key, seki_p4rt_key_bytes(table));
		found = 0;
	}
	return found;
}

int seki_p4rt_find(struct seki_bpf_prog *prog, const struct seki_p4rt_table *table,
		   const uint8_t *numbers, struct seki_p4rt_match *matches, uint32_t *priority)
{
	char why[SEKI_P4RT_WHY];
	struct seki_bpf_map *map = seki_p4rt_map(prog, table, false, why);
	uint8_t *keys = calloc(2, seki_p4rt_key_bytes(table) + 1);
	uint8_t *best = keys ? keys + seki_p4rt_key_bytes(table) : NULL;
	int err = !map ? -ENOENT : !keys ? -ENOMEM : find(map, table, numbers, matches, keys, best);

	if (!err)
		seki_p4rt_key_decode(table, best, matches, priority);
	free(keys);
	return err;
}
