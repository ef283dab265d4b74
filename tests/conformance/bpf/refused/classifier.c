// SPDX-License-Identifier: Apache-2.0
//: refused programs only look up in classifiers; their entries are the control plane's
//: refused classifier.c:1
#include "../ubpf.h"

struct ubpf_map_def acl = {8, 4, 4, 16, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t key[12] = {0};
	uint32_t value = 0;

	return ubpf_map_update(&acl, key, &value);
}
