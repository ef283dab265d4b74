/* SPDX-License-Identifier: Apache-2.0 */
/* The JIT as the fuzzers use it. */
#ifndef SEKI_TESTS_FUZZ_BPF_NATIVE_H
#define SEKI_TESTS_FUZZ_BPF_NATIVE_H

#include "core/bpf/interp.h"
#include "tests/fuzz/bpf/attempt.h"

/*
 * Machine code for runs with these data, maps and helpers, without some of what the processor can,
 * by `variant`. It lasts until the next is compiled. 0; -ENOTSUP: there is no JIT here.
 */
int native_compile(const struct attempt *a, const struct seki_bpf_vm *vm, uint32_t variant);

/* As seki_bpf_interp(). */
int native_run(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0);

#endif
