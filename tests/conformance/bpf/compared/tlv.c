// SPDX-License-Identifier: Apache-2.0
/* Type, length, value: how many there are of type 7; by what is left of the packet. */
//: compare 0102aabb07010c
//: compare 07000700070109
//: compare 07ff01
//: compare 0701
//: compare
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t left = std_meta->packet_length;
	uint8_t *pkt = ubpf_packet_data(ctx), *at = pkt;
	uint8_t count = 0;

	for (int i = 0; i < 8; i++) {
		uint32_t len;

		if (left < 2)
			break;
		len = 2u + at[1];
		if (len > left)
			return 0;
		count += at[0] == 7;
		at += len;
		left -= len;
	}
	if (std_meta->packet_length < 1)
		return 0;
	pkt[0] = count;
	return 1;
}
