/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter. It trusts the code it is given: either the verifier has accepted it, or a guard
 * checks every access (tests, fuzzing, conformance).
 */
#ifndef SEKI_CORE_BPF_INTERP_H
#define SEKI_CORE_BPF_INTERP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bpf/isa.h"

struct seki_bpf_vm;

/* A helper and its arguments. To stop the program it sets vm->stop to a negative errno. */
typedef uint64_t (*seki_bpf_helper)(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3,
				    uint64_t a4, uint64_t a5);

/* Exact checks: is this memory, which is not the stack, the program's to read (to write)? */
struct seki_bpf_guard {
	bool (*allows)(void *arg, uint64_t addr, uint64_t len, bool write);
	/* Is this call in order? NULL: all are. */
	bool (*allows_call)(void *arg, int64_t number, const uint64_t args[5]);
	void *arg;
	uint8_t *stack_set; /* a byte for each of the stack's: has it been written? May be NULL */
	uint64_t max_insns;
};

struct seki_bpf_vm {
	const struct seki_bpf_op *ops; /* decoded without fault */
	uint32_t entry;
	uint8_t *stack;	     /* SEKI_BPF_STACK_BYTES, aligned to 16 */
	const uint8_t *data; /* read-only data */
	uint64_t *maps;	     /* what a map's handle is, by number */
	uint32_t n_maps;
	const seki_bpf_helper *helpers; /* by number; NULL: there is none */
	uint32_t n_helpers;
	const struct seki_bpf_guard *guard; /* NULL: trust the code */
	void *arg;			    /* the helpers' */
	uint32_t queue;			    /* whose run it is */
	uint64_t fuel;	/* backward jumps and local calls before it is stopped: -ELOOP. A guarded
			  run has max_insns instead */
	bool may_wait;	/* for helpers: was the call flagged SEKI_CALL_MAY_WAIT? */
	uint64_t frame; /* compiled code's: where its processor's stack was */

	int stop;	/* out: why the program ended before its end, else 0 */
	uint32_t pc;	/* out: where it stopped */
	uint64_t insns; /* out: instructions executed */
};

/*
 * Runs from the entry with r1 and r2. 0 and r0, or what a helper stopped it with, or -ELOOP (ran too
 * long), or, of a guarded run, -EFAULT (access), -ENOSYS (no such helper), -ELOOP (calls too deep).
 */
int seki_bpf_interp(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0);

/* Is [addr, addr + len) a guarded program's to read now? For allows_call. */
bool seki_bpf_guard_reads(const struct seki_bpf_vm *vm, uint64_t addr, uint64_t len);

#endif
