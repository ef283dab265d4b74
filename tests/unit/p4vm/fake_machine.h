/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for lib/bpf and for the facts where the logic around them is tested: a program is a C
 * function, and facts are what the test says.
 */
#ifndef SEKI_TESTS_UNIT_P4VM_FAKE_MACHINE_H
#define SEKI_TESTS_UNIT_P4VM_FAKE_MACHINE_H

#include "sekisho/bpf.h"

struct seki_bpf_prog {
	struct seki_bpf_info info;
	int (*run)(struct seki_bpf_run *run, uint64_t *r0);
};

/* The facts of every struct seki_vminfo of the test. */
struct fake_facts {
	bool fresh;
	bool sent;
	bool changed; /* what the next poll says */
};
extern struct fake_facts fake_facts;

#endif
