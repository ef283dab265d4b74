// SPDX-License-Identifier: Apache-2.0
/* Gives what comes from an address another one, with the checksums of IPv4 and UDP kept right. */
#include "parse.h"

struct map_def addresses = {MAP_HASH, 4, 4, 256, 0};

/* RFC 1624. */
static inline u16 replace(u16 checksum, u32 old, u32 new)
{
	u32 sum = (u16)~checksum;

	sum += (~old >> 16) + (~old & 0xffff) + (new >> 16) + (new & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

u64 entry(void *ctx, struct meta *meta)
{
	u8 *pkt = ubpf_packet_data(ctx);
	const u32 *addr;
	u32 src;
	u16 sum;

	if (!is_plain(pkt, meta) || meta->packet_length < 42 || pkt[23] != 17)
		return DROP;
	src = get32(pkt + 26);
	addr = ubpf_map_lookup(&addresses, &src);
	if (!addr)
		return PASS;
	put16(pkt + 24, replace(get16(pkt + 24), src, *addr));
	sum = get16(pkt + 40);
	if (sum) {
		sum = replace(sum, src, *addr);
		put16(pkt + 40, sum ? sum : 0xffff);
	}
	*(u32 *)(pkt + 26) = __builtin_bswap32(*addr);
	return PASS;
}
