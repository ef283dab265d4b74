// SPDX-License-Identifier: Apache-2.0
/* A word looked for in the first bytes of what the packet holds. */
//: compare 474554202f696e6465782e68746d6c20485454502f312e310d0a
//: compare 504f5354
//: compare 4745542020485454502f
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	static const char word[] = "HTTP/";
	uint8_t *pkt = ubpf_packet_data(ctx), *end = pkt + std_meta->packet_length;

	for (uint8_t *at = pkt; at < pkt + 32 && at + 5 <= end; at++) {
		int i = 0;

		while (i < 5 && at[i] == word[i])
			i++;
		if (i == 5) {
			*at = 'h';
			return 1;
		}
	}
	return 0;
}
