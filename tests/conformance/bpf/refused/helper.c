// SPDX-License-Identifier: Apache-2.0
//: refused there is no helper 20
#include "../ubpf.h"

static uint64_t (*read_vm_info)(void) = (void *)20;

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	return read_vm_info();
}
