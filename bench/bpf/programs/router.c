// SPDX-License-Identifier: Apache-2.0
/* An IPv4 router: the longest prefix of the destination, a next hop's addresses, TTL, checksum. */
#include "abi.h"

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

	if (meta->packet_length < 34 || load16(pkt + 12) != 0x0800 || pkt[14] != 0x45 ||
	    pkt[22] <= 1)
		return DROP;
	__builtin_memcpy(key.addr, pkt + 30, 4);
	hop = ubpf_map_lookup(&routes, &key);
	if (!hop)
		return DROP;
	__builtin_memcpy(pkt, hop->macs, 12);
	pkt[22]--;
	sum = load16(pkt + 24) + 0x100;
	sum += sum >> 16;
	pkt[24] = (u8)(sum >> 8);
	pkt[25] = (u8)sum;
	meta->output_action = REDIRECT;
	meta->output_port = hop->port;
	return PASS;
}
