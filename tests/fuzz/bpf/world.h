/* SPDX-License-Identifier: Apache-2.0 */
/* Running one accepted program in every engine on the same packets: see checked.h. */
#ifndef SEKI_TESTS_FUZZ_BPF_WORLD_H
#define SEKI_TESTS_FUZZ_BPF_WORLD_H

#include "tests/fuzz/bpf/attempt.h"

/* A broken promise. `what` is NULL where there is none. */
struct violation {
	const char *what;
	int err;
	uint32_t pc;
	uint64_t insns;
};

/* Runs it on packets and maps that follow from the seed. The attempt has been accepted. */
struct violation world_run(const struct attempt *a, uint64_t seed);

#endif
