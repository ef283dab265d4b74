// SPDX-License-Identifier: Apache-2.0
//: refused map m (type 5): only array (1) and hash (4) maps are supported
#include "../ubpf.h"

struct ubpf_map_def m = {5, 4, 4, 16, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t key = 0;

	return ubpf_map_lookup(&m, &key) != NULL;
}
