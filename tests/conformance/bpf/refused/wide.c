// SPDX-License-Identifier: Apache-2.0
/*
 * A 24-bit field at the end of a header, loaded with 4 bytes (p4c does).
 */
//: refused up to byte 4, but it may be shorter
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (std_meta->packet_length < BYTES(24))
		return 0;
	return load_word(pkt, 0) >> 8;
}
