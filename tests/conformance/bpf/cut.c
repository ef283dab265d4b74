// SPDX-License-Identifier: Apache-2.0
/*
 * truncate() before the headers are written, as p4c does it: the length is lowered by what the
 * helper says it has cut.
 */
//: packet 00112233445566778899aabbccddeeff
//: pass ff11223344556677ee99
//: packet 0011223344556677
//: pass ff11223344556677
#include "ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length;
	uint8_t *pkt;

	pkt_len -= ubpf_truncate_packet(ctx, 10);
	pkt = ubpf_packet_data(ctx);
	if (pkt_len < 1)
		return 0;
	pkt[0] = 0xff;
	if (pkt_len < 9)
		return 1;
	pkt[8] = 0xee;
	return 1;
}
