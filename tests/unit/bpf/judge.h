/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a program of a table: decode and verify, against the same maps and data each time. */
#ifndef SEKI_TESTS_UNIT_BPF_JUDGE_H
#define SEKI_TESTS_UNIT_BPF_JUDGE_H

#include "core/bpf/verify.h"
#include "tests/unit/bpf/asm.h"

#define PROGRAM_MAX 64

struct program {
	const char *name;
	const char *why; /* of unsafe ones: what the reason must say */
	struct seki_bpf_insn insns[PROGRAM_MAX];
};

/* Maps of these programs: 0 hash (key 4, value 16), 1 array (key 4, value 8). */
enum { MAP_HASH, MAP_ARRAY, MAP_COUNT };

/* Read-only data: a good format at 0, a bad one (%s) at FORMAT_BAD, one without end at
 * FORMAT_OPEN. */
#define FORMAT_BAD  16
#define FORMAT_OPEN 24
#define DATA_BYTES  28

struct judgement {
	int err;
	struct seki_bpf_op ops[PROGRAM_MAX];
	uint32_t n;
	struct seki_bpf_proof proof;
	struct seki_bpf_rejection rejection;
	char reason[600];
};

void judge(const struct program *program, struct judgement *out);

extern const struct program unsafe_programs[];
extern const struct program unsafe_flow_programs[];
extern const struct program safe_programs[];

#endif
