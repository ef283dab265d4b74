// SPDX-License-Identifier: Apache-2.0
/* RFC 1071 over the packet's bytes, up to 1514 of them, 16 bits at a time as the RFC has it. */
#include "abi.h"

#define BYTES	   1514
#define FLAT_BYTES 64

static inline u64 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

#ifdef FLAT
/* As DPDK's machine enters a program; without LOOP no loop is left of it. */
u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ctx;
	u32 sum = 0;

	(void)meta;
#ifndef LOOP
#pragma GCC unroll 64
#else
#pragma GCC unroll 1
#endif
	for (u32 at = 0; at < FLAT_BYTES; at += 2)
		sum += load16(pkt + at);
	return fold(sum);
}
#else
u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ubpf_packet_data(ctx);
	u32 len = meta->packet_length, sum = 0;

	for (u32 at = 0; at < BYTES && at + 2 <= len; at += 2)
		sum += load16(pkt + at);
	return fold(sum);
}
#endif
