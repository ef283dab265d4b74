// SPDX-License-Identifier: Apache-2.0
/* The same by pointers and an end. */
//: compare 0102aabb07010c
//: compare 07000700070109
//: compare 07ff01
//: compare 0701
//: compare
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx), *at = pkt;
	uint8_t *end = pkt + std_meta->packet_length;
	uint8_t count = 0;

	for (int i = 0; i < 8 && at + 2 <= end; i++) {
		uint32_t len = at[1];

		count += at[0] == 7;
		at += 2;
		if (at + len > end)
			return 0;
		at += len;
	}
	if (pkt + 1 > end)
		return 0;
	pkt[0] = count;
	return 1;
}
