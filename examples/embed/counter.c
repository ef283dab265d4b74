// SPDX-License-Identifier: Apache-2.0
/*
 * A packet program for embed.c: counts packets, and drops those shorter than an Ethernet header.
 *
 *   clang -target bpf -O2 -g -ffreestanding -c counter.c -o counter.o
 */
#include <sekisho/bpf.h>

static void *(*map_lookup)(void *map, const void *key) = (void *)SEKI_HELPER_MAP_LOOKUP;

struct seki_map_def packets = {SEKI_MAP_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1, 0};

uint64_t entry(void *packet, struct seki_std_meta *meta)
{
	uint32_t first = 0;
	uint64_t *count = map_lookup(&packets, &first);

	(void)packet;
	if (count)
		__sync_fetch_and_add(count, 1);
	return meta->packet_length >= 14;
}
