// SPDX-License-Identifier: Apache-2.0
/* Drops packets whose IPv4 header has a wrong checksum. */
#include "parse.h"

u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ubpf_packet_data(ctx);
	u32 sum = 0;

	if (!is_plain(pkt, meta))
		return DROP;
#pragma GCC unroll 10
	for (int at = 14; at < 34; at += 2)
		sum += get16(pkt + at);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? PASS : DROP;
}
