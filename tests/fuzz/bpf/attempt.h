/* SPDX-License-Identifier: Apache-2.0 */
/* A random program in the making, and the two generators: see checked.h. */
#ifndef SEKI_TESTS_FUZZ_BPF_ATTEMPT_H
#define SEKI_TESTS_FUZZ_BPF_ATTEMPT_H

#include "core/bpf/verify.h"
#include "tests/fuzz/bpf/checked.h"
#include "tests/unit/bpf/asm.h"

#define INSNS_MAX 700
#define JUMPS_MAX 100

struct attempt {
	struct seki_bpf_insn insns[INSNS_MAX];
	struct seki_bpf_op ops[INSNS_MAX];
	uint32_t n;
	struct seki_bpf_proof proof;
	struct seki_bpf_rejection why;
	/* While it is made: jumps to the start of a statement to come. */
	uint32_t statement, n_jumps;
	struct {
		uint32_t at, statement;
	} jumps[JUMPS_MAX];
};

static inline void emit(struct attempt *a, struct seki_bpf_insn insn)
{
	a->insns[a->n++] = insn;
}

#define EMIT(...) emit(a, (struct seki_bpf_insn)__VA_ARGS__)

int32_t some_imm(struct choices *c);
uint8_t some_size(struct choices *c);

/* wild.c: any instruction with any register. Finds what nobody thought of. */
void generate_wild(struct attempt *a, struct choices *c);

/*
 * typed.c: registers have parts to play (r6 context, r7 packet length, r8 packet, r9 and r1 to r5
 * numbers, stack slots numbers), so that most of a program survives the verifier: what it believes
 * of lengths, their copies and sums is believed by programs that then rely on it.
 */
void generate_typed(struct attempt *a, struct choices *c);

#endif
