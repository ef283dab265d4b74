// SPDX-License-Identifier: Apache-2.0
/* The maximum segment size among the options of TCP, behind those of IPv4. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000000250180800abcd000068656c6c6f20776f726c64212121212121212121
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff005000000001000000028018080000000000020405b401010402030307000000abcdef00
#include "../ubpf.h"

static inline int mend(uint8_t *pkt, uint32_t at, uint32_t end)
{
	for (int i = 0; i < 10 && at < end; i++) {
		uint8_t kind = pkt[at], len = 1;

		if (kind == 0)
			break;
		if (kind != 1) {
			if (at + 2 > end || pkt[at + 1] < 2)
				return -1;
			len = pkt[at + 1];
		}
		if (kind == 2 && at + 4 <= end) {
			pkt[at + 2] = 0x05;
			pkt[at + 3] = 0x00;
			break;
		}
		at += len;
	}
	return 0;
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length;
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t ihl, doff, at, end;

	if (pkt_len < 34)
		return 0;
	ihl = (uint32_t)(pkt[14] & 15) * 4;
	if (ihl < 20 || pkt_len < 14 + ihl + 20)
		return 0;
	doff = (uint32_t)(pkt[14 + ihl + 12] >> 4) * 4;
	if (doff < 20 || pkt_len < 14 + ihl + doff)
		return 0;
	at = 14 + ihl + 20;
	end = 14 + ihl + doff;
	return mend(pkt, at, end) >= 0;
}
