// SPDX-License-Identifier: Apache-2.0
/* IPv6 extension headers of three kinds, up to the ports behind them. */
//: compare 00112233445566778899aabb86dd60012345001400400102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f203b0001000000000068656c6c6f
//: compare 00112233445566778899aabb86dd600123450014004001020304050607080900000000000000000000000000000000000000000000002b010000000000000000000000000000060000000000000050
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, at = 54;
	uint8_t *pkt = ubpf_packet_data(ctx), next;

	if (pkt_len < 54 || load_half(pkt, 12) != 0x86dd)
		return 1;
	next = pkt[20];
	for (int i = 0; i < 8; i++) {
		if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60)
			break;
		if (pkt_len < at + 8)
			return 0;
		if (next == 44)
			at += 8;
		else
			at += 8 + pkt[at + 1] * (next == 51 ? 4 : 8);
		next = 6;
		if (pkt_len < at + 1)
			return 0;
		next = pkt[at - 8];
	}
	if (pkt_len < at + 4)
		return 0;
	pkt[at] ^= next;
	return load_half(pkt, at + 2) != 22;
}
