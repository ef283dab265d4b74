/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a program of a table: decode and verify, against the same maps and data each time. */
#ifndef SEKI_TESTS_UNIT_BPF_JUDGE_H
#define SEKI_TESTS_UNIT_BPF_JUDGE_H

#include "core/bpf/verify/verify.h"
#include "tests/unit/bpf/asm.h"

#define PROGRAM_MAX 96

/* Lengths of the packets that safe programs run on. */
enum { RUN_EMPTY, RUN_SHORT, RUN_LONG, RUN_LENGTHS };
#define RUN_SHORT_BYTES 40
#define RUN_LONG_BYTES	1514

/* What r0 counts as where a helper stopped the program, as it may. */
#define STOPPED 0xffffffffffff0001u

struct program {
	const char *name;
	const char *why; /* of unsafe ones: what the reason must say */
	struct seki_bpf_insn insns[PROGRAM_MAX];
};

struct unsafe_program {
	const char *name;
	const char *why; /* what the reason must say */
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint32_t at; /* the instruction that is cited */
};

struct safe_program {
	const char *name;
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint64_t r0[RUN_LENGTHS]; /* what it returns */
};

/* Maps of these programs: 0 hash (key 4, value 16), 1 array (key 4, value 8), 2 classifier (the same). */
enum { MAP_HASH, MAP_ARRAY, MAP_CLASSIFIER, MAP_COUNT };

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
void judge_insns(const struct seki_bpf_insn insns[PROGRAM_MAX], struct judgement *out);

/* With the longest packet and the most steps that a loader gives; 0: none. */
void judge_within(const struct seki_bpf_insn insns[PROGRAM_MAX], uint32_t max_packet,
		  uint64_t max_steps, struct judgement *out);

/* The same, with what else tests of the verifier set (core/bpf/verify/verify.h). */
struct judge_how {
	uint32_t max_packet;
	uint64_t max_steps;
	uint8_t walk_all;
	uint8_t rank_after;
};

void judge_as(const struct seki_bpf_insn insns[PROGRAM_MAX], const struct judge_how *how,
	      struct judgement *out);

/* Runs an accepted program, every access checked, on packets of all lengths, and each of those with
 * maps that hold zeros, ones, and numbers. Returns what went wrong, NULL: nothing. */
const char *run_judged(const struct safe_program *program, const struct judgement *j);

/* Runs an accepted program, every access checked, on one packet, for no longer than was proved. Returns
 * what went wrong, NULL: nothing; how many instructions it took. */
const char *run_packet(const struct judgement *j, const uint8_t *bytes, uint32_t len,
		       uint64_t *insns);

/* For the maps of the programs and of their runs. */
extern const struct seki_map_def judge_maps[MAP_COUNT];
extern const uint8_t judge_data[DATA_BYTES];

/* r6 = packet, r7 = its length, r8 = context; r1 and r2 are gone. */
#define PACKET MOVR(8, 1), LD(W, 7, 2, 4), CALL(9), MOVR(6, 0)
/* The key 0 at r10 - 4 (and zeros to r10 - 8), map in r1, key in r2. */
#define KEY(map) STI(DW, 10, -8, 0), MAP(1, map), MOVR(2, 10), ALUI(ADD, 2, -4)
#define RETURN	 MOVI(0, 0), EXIT

/* The tables; the last entry of each has no name. */
extern const struct unsafe_program unsafe_programs[];
extern const struct unsafe_program unsafe_flow_programs[];
extern const struct unsafe_program unsafe_loops[];
extern const struct program unsafe_endless[];
extern const struct unsafe_program unsafe_code[];
extern const struct unsafe_program unsafe_meet[];
extern const struct unsafe_program unsafe_cve[];
extern const struct unsafe_program unsafe_ties[];
extern const struct unsafe_program unsafe_low[];
extern const struct safe_program safe_programs[];
extern const struct safe_program safe_numbers[];
extern const struct safe_program safe_shapes[];
extern const struct safe_program safe_loops[];
extern const struct safe_program safe_low[];

#endif
