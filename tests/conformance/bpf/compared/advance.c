// SPDX-License-Identifier: Apache-2.0
/* The options of IPv4 are skipped as p4c does it: places count bits, and bytes are made of them. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff0050000000010000
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	void *pkt = ubpf_packet_data(ctx);
	uint32_t pkt_len = std_meta->packet_length, tmp;
	int offset = 112;
	uint8_t ihl;

	if (pkt_len < BYTES(offset + 160))
		goto reject;
	ihl = load_byte(pkt, BYTES(offset)) & 15;
	offset += 160;
	if (ihl < 5)
		goto reject;
	tmp = ((uint32_t)ihl << 5) - 160;
	if (pkt_len < BYTES(offset + tmp))
		goto reject;
	offset += tmp;
	if (pkt_len < BYTES(offset + 64))
		goto reject;
	write_byte(pkt, 0, load_byte(pkt, BYTES(offset)));
	offset += 16;
	write_byte(pkt, 1, load_byte(pkt, BYTES(offset)));
	offset += 32;
	write_byte(pkt, 2, (uint8_t)load_half(pkt, BYTES(offset)));
	return 1;
reject:
	return 0;
}
