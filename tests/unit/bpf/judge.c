// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bpf/judge.h"

#include <stdio.h>

const struct seki_map_def judge_maps[MAP_COUNT] = {
	{SEKI_MAP_HASH, 4, 16, 8, 0},
	{SEKI_MAP_ARRAY, 4, 8, 4, 0},
	{SEKI_MAP_CLASSIFIER, 4, 8, 4, 0},
};

static const char *const names[MAP_COUNT] = {"flows", "counters", "rules"};

const uint8_t judge_data[DATA_BYTES] = "n %d of %llu\n\0\0\0bad %s\0\0open";

static bool is_empty(const struct seki_bpf_insn *insn)
{
	return !insn->opcode && !insn->regs && !insn->off && !insn->imm;
}

/* Programs are zero-padded; no program of ours ends in an all-zero slot. */
static uint32_t length(const struct seki_bpf_insn insns[PROGRAM_MAX])
{
	uint32_t n = PROGRAM_MAX;

	while (n && is_empty(&insns[n - 1]))
		n--;
	return n;
}

void judge_as(const struct seki_bpf_insn insns[PROGRAM_MAX], const struct judge_how *how,
	      struct judgement *out)
{
	struct seki_bpf_fault fault;
	struct seki_bpf_image image = {
		.ops = out->ops,
		.maps = judge_maps,
		.map_names = names,
		.n_maps = MAP_COUNT,
		.data = judge_data,
		.data_size = sizeof(judge_data),
		.max_steps = how->max_steps,
		.max_packet = how->max_packet,
		.walk_all = how->walk_all,
		.rank_after = how->rank_after,
	};
	static uint8_t memory[SEKI_VERIFY_MEMORY] __attribute__((aligned(16)));

	out->n = image.n = length(insns);
	out->rejection.values[0] = '\0';
	out->err = seki_bpf_decode(insns, image.n, out->ops, &fault);
	if (out->err) {
		snprintf(out->reason, sizeof(out->reason), "%s", fault.why);
		out->rejection.insn = fault.insn;
	} else {
		out->err = seki_bpf_verify(&image, memory, SEKI_VERIFY_MEMORY, &out->proof,
					   &out->rejection);
		snprintf(out->reason, sizeof(out->reason), "%s", out->rejection.reason);
	}
}

void judge_within(const struct seki_bpf_insn insns[PROGRAM_MAX], uint32_t max_packet,
		  uint64_t max_steps, struct judgement *out)
{
	judge_as(insns, &(struct judge_how){.max_packet = max_packet, .max_steps = max_steps}, out);
}

void judge_insns(const struct seki_bpf_insn insns[PROGRAM_MAX], struct judgement *out)
{
	judge_within(insns, 0, 0, out);
}

void judge(const struct program *program, struct judgement *out)
{
	judge_insns(program->insns, out);
}
