// SPDX-License-Identifier: Apache-2.0
/* Packets and bytes of each flow, in a hash map by the 5-tuple. */
#include "abi.h"

struct key {
	u32 src, dst;
	u16 sport, dport;
	u32 protocol;
};

struct value {
	u64 packets, bytes;
};

struct map_def flows = {MAP_HASH, sizeof(struct key), sizeof(struct value), 65536, 0};

u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ubpf_packet_data(ctx);
	struct value *value, first = {1, meta->packet_length};
	struct key key;

	if (meta->packet_length < 38 || load16(pkt + 12) != 0x0800 || pkt[14] != 0x45)
		return DROP;
	key.src = load32(pkt + 26);
	key.dst = load32(pkt + 30);
	key.sport = load16(pkt + 34);
	key.dport = load16(pkt + 36);
	key.protocol = pkt[23];
	value = ubpf_map_lookup(&flows, &key);
	if (!value)
		return ubpf_map_update(&flows, &key, &first) ? DROP : PASS;
	value->packets++;
	value->bytes += meta->packet_length;
	return PASS;
}
