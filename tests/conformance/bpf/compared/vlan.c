// SPDX-License-Identifier: Apache-2.0
/* Up to four VLAN tags are counted and their numbers added. */
//: compare 00112233445566778899aabb8100000a8100000b080045000000
//: compare 00112233445566778899aabb080045000000
//: compare 00112233445566778899aabb88a8000181000002810000038100000481000005
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, off = 12, sum = 0;
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint16_t type;

	if (pkt_len < 14)
		return 0;
	type = load_half(pkt, off);
	for (int i = 0; i < 4; i++) {
		if (type != 0x8100 && type != 0x88a8)
			break;
		if (pkt_len < off + 6)
			return 0;
		sum += load_half(pkt, off + 2) & 0xfff;
		off += 4;
		type = load_half(pkt, off);
	}
	pkt[0] = (uint8_t)sum;
	pkt[1] = (uint8_t)off;
	return 1;
}
