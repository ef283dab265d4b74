// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier's first pass: the program as a graph. One depth-first search finds where paths meet,
 * and recursion, which is rejected. Then, against the edges until nothing changes: which registers
 * and stack slots a later instruction may still read.
 */
#include "core/bpf/verify/walk.h"

enum { WHITE, GREY, BLACK };

#define NOWHERE	 UINT32_MAX
#define ROUNDS	 64 /* more than loops nest */
#define REGS_ALL 0x3ff
#define REGS_1_5 0x3e
#define REGS_0_5 0x3f

struct edges {
	uint32_t to[2];
	uint32_t n;
};

static struct edges edges_of(const struct seki_bpf_image *image, uint32_t i)
{
	const struct seki_bpf_op *op = &image->ops[i];

	switch (seki_bpf_row(op)->kind) {
	case SEKI_KIND_EXIT:
		return (struct edges){.n = 0};
	case SEKI_KIND_GOTO:
		return (struct edges){{(uint32_t)op->off}, 1};
	case SEKI_KIND_JUMP:
	case SEKI_KIND_LOCAL:
		return (struct edges){{i + 1, (uint32_t)op->off}, 2};
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		return (struct edges){{i + 2}, 1};
	default:
		return (struct edges){{i + 1}, 1};
	}
}

/* The 8-byte slots that an access by r10 touches; none where it is outside the frame, or where the
 * instruction is no access. */
static uint64_t slots_of(int32_t off, uint32_t bytes)
{
	int64_t at = SEKI_BPF_FRAME_BYTES + (int64_t)off;
	uint64_t mask;

	if (!bytes || at < 0 || at + bytes > SEKI_BPF_FRAME_BYTES)
		return 0;
	mask = 1ull << (at / 8);
	return mask | 1ull << ((at + bytes - 1) / 8);
}

static uint16_t bit(uint8_t reg)
{
	return (uint16_t)(1u << reg);
}

static uint16_t helper_uses(const struct seki_bpf_op *op)
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(op->imm);
	uint16_t uses = 0;

	if (!proto || proto->args[0] == SEKI_ARG_FORMAT)
		return REGS_1_5;
	for (uint8_t i = 0; i < SEKI_HELPER_ARGS && proto->args[i]; i++)
		uses |= bit(i + 1);
	return uses;
}

/* Live registers before the instruction, from those after it. */
static uint16_t regs_before(const struct seki_walk *w, const struct seki_bpf_op *op, uint16_t after)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	uint16_t src = row->operand == SEKI_OPERAND_REG ? bit(op->src) : 0;

	switch (row->kind) {
	case SEKI_KIND_ALU:
		if (row->sub >= SEKI_ALU_MOV && row->sub <= SEKI_ALU_SX32 &&
		    row->sub != SEKI_ALU_NEG)
			return (uint16_t)((after & ~bit(op->dst)) | src);
		return after | bit(op->dst) | src;
	case SEKI_KIND_LOAD:
		return (uint16_t)((after & ~bit(op->dst)) | bit(op->src));
	case SEKI_KIND_ATOMIC:
		return after | bit(op->dst) | src | (row->sub == SEKI_ATOMIC_CMPXCHG);
	case SEKI_KIND_STORE:
	case SEKI_KIND_JUMP:
		return after | bit(op->dst) | src;
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		return (uint16_t)(after & ~bit(op->dst));
	case SEKI_KIND_HELPER:
		return (uint16_t)((after & ~REGS_0_5) | helper_uses(op));
	case SEKI_KIND_CALLX:
		return (uint16_t)((after & ~REGS_0_5) | REGS_1_5 | bit(op->dst));
	case SEKI_KIND_LOCAL:
		return (uint16_t)((after & ~REGS_0_5) | (w->nodes[op->off].live_regs & REGS_1_5));
	case SEKI_KIND_EXIT:
		return bit(0);
	default:
		return after;
	}
}

/*
 * Registers whose number matters before the instruction, from those after it. One that is computed
 * with, stored or returned only to be forgotten does not: any number would do, and states that differ
 * in it are alike.
 */
static uint16_t values_before(const struct seki_walk *w, const struct seki_bpf_op *op,
			      uint16_t after)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	switch (row->kind) {
	case SEKI_KIND_ALU:
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		return after & bit(op->dst) ? regs_before(w, op, after) : after;
	case SEKI_KIND_STORE:
		if (op->dst != SEKI_BPF_FP)
			return regs_before(w, op, after);
		return after; /* of the stored one, when its slot is read: see slots_before() */
	case SEKI_KIND_LOCAL:
		return (uint16_t)((after & ~REGS_0_5) | (w->nodes[op->off].value_regs & REGS_1_5));
	case SEKI_KIND_EXIT:
		return w->calls ? bit(0) : 0;
	default:
		return regs_before(w, op, after);
	}
}

/* Live before and after one instruction. */
struct live {
	uint16_t regs, values;
	uint64_t slots;
};

static void slots_before(const struct seki_bpf_op *op, struct live *live)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	uint64_t slots = slots_of(op->off, row->bytes);

	if (row->kind == SEKI_KIND_LOAD && op->src == SEKI_BPF_FP && live->values & bit(op->dst))
		live->slots |= slots;
	if (row->kind != SEKI_KIND_STORE || op->dst != SEKI_BPF_FP)
		return;
	if (row->operand == SEKI_OPERAND_REG && live->slots & slots)
		live->values |= bit(op->src);
	if (row->bytes == 8 && op->off % 8 == 0)
		live->slots &= ~slots;
}

/* From what is live after the instruction: did that add anything? */
static bool update(struct seki_walk *w, uint32_t i)
{
	const struct seki_bpf_op *op = &w->image->ops[i];
	struct edges e = edges_of(w->image, i);
	struct seki_node *node = &w->nodes[i];
	struct live live = {.regs = 0};

	if (seki_bpf_row(op)->kind == SEKI_KIND_LOCAL)
		e.n = 1; /* the callee has registers and a frame of its own */
	for (uint32_t k = 0; k < e.n; k++) {
		live.regs |= w->nodes[e.to[k]].live_regs;
		live.values |= w->nodes[e.to[k]].value_regs;
		live.slots |= w->nodes[e.to[k]].live_slots;
	}
	slots_before(op, &live);
	live.regs = regs_before(w, op, live.regs) | node->live_regs;
	live.values = values_before(w, op, live.values) | node->value_regs;
	live.slots |= node->live_slots;
	if (live.regs == node->live_regs && live.values == node->value_regs &&
	    live.slots == node->live_slots)
		return false;
	node->live_regs = live.regs;
	node->value_regs = live.values;
	node->live_slots = live.slots;
	return true;
}

/* In the order in which the search finished with them, each comes after those that it leads to but
 * for loops: few rounds are enough, and where they are not, all is live. */
static void find_live(struct seki_walk *w, uint32_t first)
{
	bool changed = true;

	for (uint32_t round = 0; changed && round < ROUNDS; round++) {
		changed = false;
		for (uint32_t i = first; i != NOWHERE; i = w->nodes[i].link)
			changed |= update(w, i);
	}
	if (!changed)
		return;
	for (uint32_t i = first; i != NOWHERE; i = w->nodes[i].link) {
		w->nodes[i].live_regs = w->nodes[i].value_regs = REGS_ALL;
		w->nodes[i].live_slots = UINT64_MAX;
	}
}

/* From the first and last instructions of loops to how many each instruction is in. */
static void find_nests(struct seki_walk *w)
{
	uint32_t nest = 0;

	for (uint32_t i = 0; i < w->image->n; i++) {
		struct seki_node *node = &w->nodes[i];

		nest += node->nest;
		node->nest = nest;
		nest -= node->nest_end;
	}
}

static int reject_recursion(struct seki_walk *w, uint32_t from, uint32_t to)
{
	w->state->p.pc = from;
	return seki_walk_reject(w, -1,
				"recursion: insn %u calls the function at %u, which is running "
				"already",
				(uint64_t)from, (uint64_t)to);
}

/* Follows one edge. Returns where to go on searching. */
static int follow(struct seki_walk *w, uint32_t from, uint32_t to, uint32_t *at)
{
	const struct seki_bpf_op *op = &w->image->ops[from];
	struct seki_node *node = &w->nodes[to];

	if (node->color == GREY && seki_bpf_row(op)->kind == SEKI_KIND_LOCAL &&
	    (uint32_t)op->off == to)
		return reject_recursion(w, from, to);
	if (node->color == GREY) { /* a loop: where it is in the code */
		w->nodes[from < to ? from : to].nest++;
		w->nodes[from < to ? to : from].nest_end++;
	}
	node->join |= node->entered;
	node->entered = true;
	if (node->color == WHITE) {
		node->color = GREY;
		node->link = from;
		*at = to;
	}
	return 0;
}

int seki_walk_cfg(struct seki_walk *w)
{
	uint32_t at = w->image->entry, first = NOWHERE, last = NOWHERE;
	int err;

	w->nodes[at].link = NOWHERE;
	w->nodes[at].color = GREY;
	w->nodes[at].entered = true;
	while (at != NOWHERE) {
		struct seki_node *node = &w->nodes[at];
		struct edges e = edges_of(w->image, at);
		uint32_t done = at;

		if (node->next_edge == e.n) {
			node->color = BLACK;
			at = node->link;
			if (last == NOWHERE)
				first = done;
			else
				w->nodes[last].link = done;
			last = done;
			continue;
		}
		/* A function may return from several places to behind its call. */
		if (seki_bpf_row(&w->image->ops[at])->kind == SEKI_KIND_LOCAL)
			w->nodes[at + 1].join = w->calls = true;
		err = follow(w, at, e.to[node->next_edge++], &at);
		if (err)
			return err;
	}
	w->nodes[last].link = NOWHERE;
	find_live(w, first);
	find_nests(w);
	return 0;
}
