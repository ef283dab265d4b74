// SPDX-License-Identifier: Apache-2.0
/* Which instructions make a sequence that the interpreter does at once: see fuse.h. */
#include "core/bpf/fuse.h"

enum { CHAIN, ROW };

struct fusion {
	uint8_t fast, rule, n;
	uint8_t ids[3];
};

static const struct fusion fusions[] = {
#define X(rule, last, n, first, second, third)                                                     \
	{SEKI_FAST(first, second, third),                                                          \
	 rule,                                                                                     \
	 n,                                                                                        \
	 {SEKI_OP_##first, SEKI_OP_##second, SEKI_OP_##third}},
	SEKI_FUSIONS(X)
#undef X
};

static bool reads_src(const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	return row->kind == SEKI_KIND_LOAD || row->operand == SEKI_OPERAND_REG;
}

static bool is_chain(const struct seki_bpf_op *op, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (op[i].dst != op->dst || (reads_src(&op[i]) && op[i].src == op->dst))
			return false;
	return true;
}

static bool matches(const struct fusion *f, const struct seki_bpf_op *op, uint32_t room)
{
	if (f->n > room)
		return false;
	for (uint32_t i = 0; i < f->n; i++)
		if (op[i].id != f->ids[i])
			return false;
	return f->rule == ROW || is_chain(op, f->n);
}

static bool is_shift_by_8(const struct seki_bpf_op *op)
{
	return (op->id == SEKI_OP_LSH32_IMM || op->id == SEKI_OP_LSH64_IMM) && op->imm == 8;
}

static bool is_or(const struct seki_bpf_op *op)
{
	return op->id == SEKI_OP_OR32_REG || op->id == SEKI_OP_OR64_REG;
}

/*
 * Two loads of a byte, a shift of the one, which then is ORed with the other: the bytes side by
 * side, from one base that the first load leaves alone. 0: it is something else.
 */
static uint8_t find_word(const struct seki_bpf_op *op)
{
	bool last = is_shift_by_8(&op[2]);
	const struct seki_bpf_op *second = &op[last ? 1 : 2], *shift = &op[last ? 2 : 1];
	uint8_t high = op[3].dst, low = op[3].src;
	int32_t apart = second->off - op->off;
	bool little;

	if (!is_shift_by_8(shift) || !is_or(&op[3]) || second->id != SEKI_OP_LDB ||
	    second->src != op->src || op->dst == op->src || shift->dst != high || high == low)
		return 0;
	if (apart != 1 && apart != -1)
		return 0;
	if (!(op->dst == high && second->dst == low) &&
	    !(last && op->dst == low && second->dst == high))
		return 0;
	little = (second->dst == high) == (apart == 1);
	if (apart == 1)
		return little ? SEKI_FAST_UP_LITTLE : SEKI_FAST_UP_BIG;
	return little ? SEKI_FAST_DOWN_LITTLE : SEKI_FAST_DOWN_BIG;
}

static uint8_t find_call(const struct seki_bpf_op *op, uint32_t room)
{
	if (room >= 3 && op->id == SEKI_OP_MAP64 && op[2].id == SEKI_OP_CALL)
		return SEKI_FAST_MAP_CALL;
	if (room >= 5 && op->id == SEKI_OP_MOV64_REG && op[1].id == SEKI_OP_ADD64_IMM &&
	    op[1].dst == op->dst && op[2].id == SEKI_OP_MAP64 && op[4].id == SEKI_OP_CALL)
		return SEKI_FAST_ADDRESS_MAP_CALL;
	return 0;
}

#define N_FUSIONS (sizeof(fusions) / sizeof(fusions[0]))

/* By their first instruction: the first fusion + 1, then the next one + 1, 0: none. */
struct index {
	uint8_t first[SEKI_OP_COUNT];
	uint8_t next[N_FUSIONS];
};

static void make_index(struct index *index)
{
	for (uint32_t i = 0; i < SEKI_OP_COUNT; i++)
		index->first[i] = 0;
	for (uint32_t i = N_FUSIONS; i > 0; i--) {
		index->next[i - 1] = index->first[fusions[i - 1].ids[0]];
		index->first[fusions[i - 1].ids[0]] = (uint8_t)i;
	}
}

static uint8_t find(const struct index *index, const struct seki_bpf_op *op, uint32_t room)
{
	uint8_t special = room >= 4 && op->id == SEKI_OP_LDB ? find_word(op) : 0;

	if (!special)
		special = find_call(op, room);
	if (special)
		return special;
	for (uint32_t i = index->first[op->id]; i; i = index->next[i - 1])
		if (matches(&fusions[i - 1], op, room))
			return fusions[i - 1].fast;
	return op->id;
}

void seki_bpf_fuse(struct seki_bpf_op *ops, uint32_t n)
{
	struct index index;

	make_index(&index);
	for (uint32_t i = 0; i < n; i++)
		ops[i].fast = find(&index, &ops[i], n - i);
}
