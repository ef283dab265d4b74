// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier's first pass: the program as a graph. One depth-first search finds loops and
 * recursion (which are rejected), and, on its way back, the longest path from each instruction and
 * which registers and stack slots a later instruction may still read.
 */
#include "core/bpf/walk.h"

#include "core/base/check.h"

enum { WHITE, GREY, BLACK };

#define NO_PARENT UINT32_MAX
#define REGS_1_5  0x3e
#define REGS_0_5  0x3f

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

/* The 8-byte slots that an access by r10 touches. */
static uint64_t slots_of(int32_t off, uint32_t bytes)
{
	int64_t at = SEKI_BPF_FRAME_BYTES + (int64_t)off;
	uint64_t mask;

	if (at < 0 || at + bytes > SEKI_BPF_FRAME_BYTES)
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

static uint64_t slots_before(const struct seki_bpf_op *op, uint64_t after)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	if (row->kind == SEKI_KIND_LOAD && op->src == SEKI_BPF_FP)
		return after | slots_of(op->off, row->bytes);
	if (row->kind == SEKI_KIND_STORE && op->dst == SEKI_BPF_FP && row->bytes == 8 &&
	    op->off % 8 == 0)
		return after & ~slots_of(op->off, 8);
	return after;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t s;

	return __builtin_add_overflow(a, b, &s) ? UINT64_MAX : s;
}

/* All edges out of i lead to finished instructions. */
static void finish(struct seki_walk *w, uint32_t i)
{
	const struct seki_bpf_op *op = &w->image->ops[i];
	struct edges e = edges_of(w->image, i);
	bool local = seki_bpf_row(op)->kind == SEKI_KIND_LOCAL;
	struct seki_node *node = &w->nodes[i];
	uint16_t regs = 0;
	uint64_t slots = 0, cost = 0;

	for (uint32_t k = 0; k < e.n; k++) {
		const struct seki_node *to = &w->nodes[e.to[k]];

		cost = local ? sum(cost, to->cost) : seki_max(cost, to->cost);
		if (local && k)
			break; /* the callee has registers and a frame of its own */
		regs |= to->live_regs;
		slots |= to->live_slots;
	}
	node->cost = sum(cost, 1);
	node->live_regs = regs_before(w, op, regs);
	node->live_slots = slots_before(op, slots);
	node->color = BLACK;
}

static int reject_cycle(struct seki_walk *w, uint32_t from, uint32_t to)
{
	w->state->p.pc = from;
	if (seki_bpf_row(&w->image->ops[from])->kind == SEKI_KIND_LOCAL &&
	    (uint32_t)w->image->ops[from].off == to)
		return seki_walk_reject(w, -1,
					"recursion: insn %u calls the function at %u, which is "
					"running already",
					(uint64_t)from, (uint64_t)to);
	return seki_walk_reject(w, -1,
				"loop: insn %u jumps back to %u; loops are not supported, unroll "
				"it",
				(uint64_t)from, (uint64_t)to);
}

/* Follows one edge. Returns where to go on searching. */
static int follow(struct seki_walk *w, uint32_t from, uint32_t to, uint32_t *at)
{
	struct seki_node *node = &w->nodes[to];

	if (node->color == GREY)
		return reject_cycle(w, from, to);
	node->join |= node->entered;
	node->entered = true;
	if (node->color == WHITE) {
		node->color = GREY;
		node->parent = from;
		*at = to;
	}
	return 0;
}

int seki_walk_cfg(struct seki_walk *w)
{
	uint32_t at = w->image->entry;
	int err;

	w->nodes[at].parent = NO_PARENT;
	w->nodes[at].color = GREY;
	while (at != NO_PARENT) {
		struct seki_node *node = &w->nodes[at];
		struct edges e = edges_of(w->image, at);

		if (node->next_edge == e.n) {
			finish(w, at);
			at = node->parent;
			continue;
		}
		/* A function may return from several places to behind its call. */
		if (seki_bpf_row(&w->image->ops[at])->kind == SEKI_KIND_LOCAL)
			w->nodes[at + 1].join = true;
		err = follow(w, at, e.to[node->next_edge++], &at);
		if (err)
			return err;
	}
	w->proof.worst_insns = w->nodes[w->image->entry].cost;
	return 0;
}
