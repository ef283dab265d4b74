// SPDX-License-Identifier: Apache-2.0
/*
 * A header at a place that the packet tells: the length is compared with that very place. Byte 0 is
 * the number of 32-bit words to skip; the byte behind them is returned in place of byte 0.
 */
//: packet 0100000077
//: pass 7700000077
//: packet 01000000
//: drop
//: packet 0f00000000
//: drop
#include "ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, at;
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (pkt_len < 1)
		return 0;
	at = (uint32_t)(pkt[0] & 15) * 4;
	if (pkt_len < at + 1)
		return 0;
	pkt[0] = pkt[at];
	return 1;
}
