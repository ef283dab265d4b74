// SPDX-License-Identifier: Apache-2.0
/* GTP-U with optional fields and a chain of extension headers, each as long as it says. */
//: compare 00112233445566778899aabb08004500003c1c4640004011b1e6ac100a63ac100a0c086808680010000030ff0000000000014500003c1c4640004006b1e6ac100a63ac100a0c
//: compare 00112233445566778899aabb08004500003c1c4640004011b1e6ac100a63ac100a0c086808680010000036ff000000000001123400850110000100000000450000001c4640004006b1e6ac100a63ac100a0c
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, at = 34, teid;
	uint8_t *pkt = ubpf_packet_data(ctx), flags, next;

	if (pkt_len < 50 || pkt[23] != 17 || load_half(pkt, at + 2) != 2152)
		return 0;
	flags = pkt[42];
	teid = *(uint32_t *)(pkt + 46);
	at = 50;
	if (flags & 7) {
		if (pkt_len < at + 4)
			return 0;
		next = pkt[at + 3];
		at += 4;
		for (int i = 0; i < 4 && flags & 4 && next; i++) {
			uint32_t len;

			if (pkt_len < at + 1)
				return 0;
			len = pkt[at] * 4;
			if (!len || pkt_len < at + len)
				return 0;
			next = pkt[at + len - 1];
			at += len;
		}
	}
	if (pkt_len < at + 20)
		return 0;
	pkt[at + 8]--;
	*(uint32_t *)(pkt + at + 12) = teid;
	return 1;
}
