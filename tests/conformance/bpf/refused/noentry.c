// SPDX-License-Identifier: Apache-2.0
//: refused there is no function "entry"
#include "../ubpf.h"

uint64_t start(void *ctx, struct standard_metadata *std_meta)
{
	return 1;
}
