// SPDX-License-Identifier: Apache-2.0
/* Eight headers, each there or not by a bit of the first byte; the flags live to the end. */
//: compare ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
//: compare 00
//: compare 5501020304050607
//: compare aa0102
#include "../ubpf.h"

struct header {
	uint16_t value;
	uint8_t valid;
};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	struct header h[8] = {{0}};
	uint32_t pkt_len = std_meta->packet_length;
	uint8_t *pkt = ubpf_packet_data(ctx), flags;
	int off = 8, out = 8;

	if (pkt_len < 1)
		return 1;
	flags = pkt[0];
#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (!(flags >> i & 1))
			continue;
		if (pkt_len < (off + 16) / 8)
			return 1;
		h[i].value = load_half(pkt, off / 8);
		h[i].valid = 1;
		off += 16;
	}
#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (!h[i].valid)
			continue;
		if (pkt_len < (out + 16) / 8)
			return 1;
		*(uint16_t *)(pkt + out / 8) = bswap16((uint16_t)(h[i].value + i));
		out += 16;
	}
	return 1;
}
