// SPDX-License-Identifier: Apache-2.0
//: refused the loop that insn
#include "../ubpf.h"

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint64_t sum = 0;

#pragma clang loop unroll(disable)
	for (uint32_t i = 0; i < std_meta->input_port; i++)
		sum += ubpf_time_get_ns();
	return sum;
}
