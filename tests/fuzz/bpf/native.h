/* SPDX-License-Identifier: Apache-2.0 */
/* The JIT as the fuzzers use it. */
#ifndef SEKI_TESTS_FUZZ_BPF_NATIVE_H
#define SEKI_TESTS_FUZZ_BPF_NATIVE_H

#include "core/bpf/interp.h"
#include "tests/fuzz/bpf/attempt.h"

/* False: there is no JIT for it here. The code lasts until the next one is compiled. */
bool native_compile(const struct attempt *a);

/* As seki_bpf_interp(). */
int native_run(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0);

#endif
