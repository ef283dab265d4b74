// SPDX-License-Identifier: Apache-2.0
/*
 * The object that test_map_live.c runs on several queues while it changes the maps. Of the packet,
 * the first word is a key; the program returns 1, or what it has seen that must not be.
 */
#include "tests/conformance/bpf/ubpf.h"

enum { MAP_LPM = 5, MAP_LRU = 6, MAP_QUEUE_ARRAY = 7 };

struct value {
	uint64_t key, number, check;
};

struct route {
	uint32_t prefix_len;
	uint8_t data[4];
};

struct ubpf_map_def table = {MAP_HASH, 4, sizeof(struct value), 32, 0};
struct ubpf_map_def lately = {MAP_LRU, 4, sizeof(struct value), 8, 0};
struct ubpf_map_def routes = {MAP_LPM, sizeof(struct route), sizeof(struct value), 64, 0};
struct ubpf_map_def hits = {MAP_QUEUE_ARRAY, 4, 8, 4, 0};

enum { RUNS, FOUND, STORED, BUSY };

static __attribute__((always_inline)) void count(uint32_t index)
{
	uint64_t *hit = ubpf_map_lookup(&hits, &index);

	if (hit)
		*hit += 1;
}

static __attribute__((always_inline)) int is_whole(const struct value *v)
{
	return v->check == (v->key ^ v->number * 3);
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	struct value mine, *v, *w;
	struct route route = {0, {10, 0, 0, 0}};
	uint32_t key;
	int err;

	if (std_meta->packet_length < 8)
		return 0;
	key = load_word(pkt, 0) & 63;
	count(RUNS);
	v = ubpf_map_lookup(&table, &key);
	if (v && (v->key != key || !is_whole(v)))
		return 2;
	route.data[3] = (uint8_t)key;
	w = ubpf_map_lookup(&routes, &route);
	if (!w)
		return 3;
	if (!is_whole(w))
		return 4;
	if (v) {
		count(FOUND);
		/* What the run holds does not change. */
		if (v->key != key || !is_whole(v))
			return 5;
	}
	mine.key = key;
	mine.number = load_word(pkt, 4);
	mine.check = mine.key ^ mine.number * 3;
	err = ubpf_map_update(&lately, &key, &mine);
	if (err && err != -16)
		return 6;
	count(err ? BUSY : STORED);
	v = ubpf_map_lookup(&lately, &key);
	if (v && (v->key != key || !is_whole(v)))
		return 7;
	if (key == 5)
		ubpf_map_delete(&lately, &key);
	return 1;
}
