// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "tests/fuzz/bpf/native.h"

#include <errno.h>

bool native_compile(const struct attempt *a)
{
	(void)a;
	return false;
}

int native_run(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0)
{
	(void)vm;
	(void)r1;
	(void)r2;
	(void)r0;
	return -ENOSYS;
}
