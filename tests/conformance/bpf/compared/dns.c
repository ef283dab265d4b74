// SPDX-License-Identifier: Apache-2.0
/* A name as DNS writes it: labels behind their lengths, up to 0. How many, and how long. */
//: compare 00000000000000000000000003777777076578616d706c6503636f6d0000010001
//: compare 00000000000000000000000003777777c00c
//: compare 0000000000000000000000003f
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, at = 12, labels = 0;
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (pkt_len < 13)
		return 0;
	for (int i = 0; i < 16; i++) {
		uint32_t len = pkt[at];

		if (!len)
			break;
		if (len > 63 || pkt_len < at + len + 2)
			return 0;
		pkt[at] = '.';
		at += len + 1;
		labels++;
	}
	pkt[0] = (uint8_t)labels;
	pkt[1] = (uint8_t)at;
	return 1;
}
