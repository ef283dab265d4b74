// SPDX-License-Identifier: Apache-2.0
//: refused the function "elsewhere" is not defined
#include "../ubpf.h"

uint64_t elsewhere(uint64_t x);

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	return elsewhere(5);
}
