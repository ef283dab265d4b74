// SPDX-License-Identifier: Apache-2.0
//: refused keep state in maps
#include "../ubpf.h"

uint64_t count;

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	return ++count;
}
