// SPDX-License-Identifier: Apache-2.0
/* IPv4 with options, then TCP by its own length, then its payload. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000000250180800abcd000068656c6c6f20776f726c64212121212121212121
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff005000000001000000028018080000000000020405b401010402030307000000abcdef00
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	int len = (int)std_meta->packet_length, off = 14;
	uint8_t *pkt = ubpf_packet_data(ctx), *ip, *tcp, *data;
	int ihl, doff;

	if (len - off < 20)
		return 0;
	ip = pkt + off;
	ihl = (ip[0] & 0xf) << 2;
	if (ihl < 20 || len - off < ihl)
		return 0;
	off += ihl;
	if (len - off < 20)
		return 0;
	tcp = pkt + off;
	doff = (tcp[12] >> 4) << 2;
	if (doff < 20 || len - off < doff)
		return 0;
	off += doff;
	if (len - off < 4)
		return 1;
	data = pkt + off;
	tcp[0] = data[3];
	*(uint32_t *)data ^= 0x20202020;
	return 1;
}
