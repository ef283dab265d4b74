/* SPDX-License-Identifier: Apache-2.0 */
/* Programs put together by tests, piece by piece. */
#ifndef SEKI_TESTS_UNIT_BPF_CODE_H
#define SEKI_TESTS_UNIT_BPF_CODE_H

#include "core/base/check.h"
#include "tests/unit/bpf/judge.h"

struct code {
	struct seki_bpf_insn insns[PROGRAM_MAX];
	uint32_t n;
};

static inline void emit(struct code *c, const struct seki_bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n && c->n < PROGRAM_MAX; i++)
		c->insns[c->n++] = insns[i];
}

#define EMIT(c, ...)                                                                               \
	emit(c, (const struct seki_bpf_insn[]){__VA_ARGS__},                                       \
	     SEKI_COUNT(((const struct seki_bpf_insn[]){__VA_ARGS__})))

/* How many programs were judged. */
struct tally {
	unsigned int accepted, rejected;
};

/* -1: accepted; else the instruction that was refused. */
static inline int64_t verdict(struct tally *tally, const struct code *c)
{
	static struct judgement j;

	judge_insns(c->insns, &j);
	tally->accepted += !j.err;
	tally->rejected += j.err != 0;
	return j.err ? (int64_t)j.rejection.insn : -1;
}

#endif
