// SPDX-License-Identifier: Apache-2.0
//: refused "count" is a global variable
#include "../ubpf.h"

uint64_t count = 5;

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	return ++count;
}
