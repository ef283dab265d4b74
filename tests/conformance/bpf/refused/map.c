// SPDX-License-Identifier: Apache-2.0
//: refused map m (type 2): only array (1), hash (4), LPM trie (5),
#include "../ubpf.h"

struct ubpf_map_def m = {2, 4, 4, 16, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t key = 0;

	return ubpf_map_lookup(&m, &key) != NULL;
}
