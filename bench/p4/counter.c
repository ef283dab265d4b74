// SPDX-License-Identifier: Apache-2.0
/* Counts packets and bytes of each flow. */
#include "parse.h"

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
	struct value *old, value = {1, meta->packet_length};
	struct key key;

	if (!is_plain(pkt, meta))
		return DROP;
	key.src = get32(pkt + 26);
	key.dst = get32(pkt + 30);
	key.sport = get16(pkt + 34);
	key.dport = get16(pkt + 36);
	key.protocol = pkt[23];
	old = ubpf_map_lookup(&flows, &key);
	if (old) {
		value.packets += old->packets;
		value.bytes += old->bytes;
	}
	ubpf_map_update(&flows, &key, &value);
	return PASS;
}
