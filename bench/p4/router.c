// SPDX-License-Identifier: Apache-2.0
/* An IPv4 router: the longest prefix gives the next hop. */
#include "parse.h"

struct key {
	u32 bits;
	u8 addr[4];
};

struct hop {
	u8 macs[12]; /* destination, source */
	u32 port;
};

struct map_def routes = {MAP_LPM, sizeof(struct key), sizeof(struct hop), 131072, 0};

u64 entry(void *ctx, struct meta *meta)
{
	u8 *pkt = ubpf_packet_data(ctx);
	struct key key = {.bits = 32};
	const struct hop *hop;
	u32 sum;

	if (!is_plain(pkt, meta) || pkt[22] <= 1)
		return DROP;
	__builtin_memcpy(key.addr, pkt + 30, 4);
	hop = ubpf_map_lookup(&routes, &key);
	if (!hop)
		return DROP;
	for (int i = 0; i < 12; i += 4)
		*(u32 *)(pkt + i) = *(const u32 *)(hop->macs + i);
	pkt[22]--;
	sum = get16(pkt + 24) + 0x100u;
	sum += sum >> 16;
	put16(pkt + 24, (u16)sum);
	meta->output_action = REDIRECT;
	meta->output_port = hop->port;
	return PASS;
}
