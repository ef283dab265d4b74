// SPDX-License-Identifier: Apache-2.0
/* The checksum of an IPv4 header of any length. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000000250180800abcd000068656c6c6f20776f726c64212121212121212121
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff005000000001000000028018080000000000020405b401010402030307000000abcdef00
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, sum = 0;
	uint8_t *pkt = ubpf_packet_data(ctx);
	unsigned int ihl;

	if (pkt_len < 34)
		return 0;
	ihl = (unsigned int)(pkt[14] & 15) * 4;
	if (ihl < 20 || pkt_len < 14 + ihl)
		return 0;
	*(uint16_t *)(pkt + 24) = 0;
	for (unsigned int i = 0; i < ihl / 2; i++)
		sum += bswap16(*(uint16_t *)(pkt + 14 + 2 * i));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(uint16_t *)(pkt + 24) = bswap16((uint16_t)~sum);
	return 1;
}
