// SPDX-License-Identifier: Apache-2.0
//: refused may be shorter
//: refused at insn
//: refused short.c:13
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (std_meta->packet_length < 14)
		return 0;
	return pkt[14];
}
