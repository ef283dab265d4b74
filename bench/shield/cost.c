// SPDX-License-Identifier: Apache-2.0
/* Passes every packet after LOOPS rounds of a multiplication that waits for the one before. */
#include "bench/bpf/programs/abi.h"

u64 entry(void *ctx, struct meta *meta)
{
	u64 x = meta->packet_length;

	if (meta->packet_length < 14)
		return DROP;
	x += ubpf_packet_data(ctx)[12];
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < LOOPS; i++)
		x = (x ^ x >> 7) * 0x9e3779b97f4a7c15;
	return x | 1;
}
