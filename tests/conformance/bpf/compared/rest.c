// SPDX-License-Identifier: Apache-2.0
/* Places by what is left of the packet: unsigned behind a check of the place, and signed. */
//: compare 04000000deadbeef
//: compare 00
//: compare ff0102
//: compare 0401020304
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t len = std_meta->packet_length, off, sum = 0;
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (len < 1)
		return 0;
	off = pkt[0];
	if ((int)(len - off) >= 4)
		sum += *(uint32_t *)(pkt + off);
	if (off > len)
		return 0;
	if (len - off < 2)
		return 1;
	sum += *(uint16_t *)(pkt + off);
	if (len < 8)
		return 1;
	*(uint32_t *)(pkt + 4) = sum;
	return 1;
}
