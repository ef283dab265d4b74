// SPDX-License-Identifier: Apache-2.0
//: refused without comparing it with NULL
#include "../ubpf.h"

struct ubpf_map_def m = {MAP_HASH, 4, 4, 16, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t key = std_meta->input_port;

	return *(uint32_t *)ubpf_map_lookup(&m, &key);
}
