// SPDX-License-Identifier: Apache-2.0
/* Bytes compared one by one, and copied. */
//: compare 00112233001122330011
//: compare 00112233001122340011
#include "../ubpf.h"

static int same(const uint8_t *a, const uint8_t *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx), copy[8];

	if (std_meta->packet_length < 10)
		return 0;
	for (int i = 0; i < 8; i++)
		copy[i] = pkt[7 - i];
	pkt[8] = same(pkt, pkt + 4, 4);
	pkt[9] = same(copy, pkt, 8);
	return 1;
}
