// SPDX-License-Identifier: Apache-2.0
/* The verifier's words: what was refused, and what was known of the register that failed. */
#include "core/bpf/verify/walk.h"

#include <errno.h>

#include "core/bpf/text.h"

#define MANY_ROUNDS 1000

static void put_bounds(struct seki_text *text, const struct seki_num *n)
{
	if (seki_num_is_const(n))
		seki_text_add(text, "%d", (int64_t)n->umin);
	else if (n->umin == 0 && n->umax == UINT64_MAX && n->smin == INT64_MIN &&
		 n->smax == INT64_MAX)
		seki_text_add(text, "any number");
	else if (n->smin < 0)
		seki_text_add(text, "%d to %d", n->smin, n->smax);
	else
		seki_text_add(text, "%u to %u", n->umin, n->umax);
}

static void put_offset(struct seki_text *text, const struct seki_num *n)
{
	if (seki_num_is_const(n)) {
		if (n->umin)
			seki_text_add(text, "%+", (int64_t)n->umin);
		return;
	}
	seki_text_add(text, "+(%d to %d)", n->smin, n->smax);
}

static void put_number(struct seki_text *text, const struct seki_reg *reg)
{
	if (reg->id == SEKI_SYM_LEN && !reg->shifted) {
		seki_text_add(text, "packet length");
		if (reg->id_off)
			seki_text_add(text, "%+", (int64_t)reg->id_off);
		seki_text_add(text, ", ");
	}
	put_bounds(text, &reg->v.n);
}

static void put_reg(struct seki_text *text, const struct seki_walk *w, const struct seki_reg *reg)
{
	static const char *const names[] = {
		[SEKI_REG_NONE] = "never written",
		[SEKI_REG_GONE] = "destroyed by the last call",
		[SEKI_REG_NUMBER] = "",
		[SEKI_REG_CTX] = "packet context",
		[SEKI_REG_META] = "standard_metadata",
		[SEKI_REG_STACK] = "end of the stack frame",
		[SEKI_REG_PACKET] = "packet",
		[SEKI_REG_STALE] = "pointer to where the packet was before it moved",
		[SEKI_REG_MAP] = "map ",
		[SEKI_REG_VALUE] = "value of map ",
		[SEKI_REG_MAYBE] = "NULL or value of map ",
		[SEKI_REG_DATA] = "read-only data",
	};

	seki_text_add(text, "%s", names[reg->type]);
	if (reg->type == SEKI_REG_NUMBER)
		put_number(text, reg);
	if (reg->type == SEKI_REG_MAP || reg->type == SEKI_REG_VALUE || reg->type == SEKI_REG_MAYBE)
		seki_text_add(text, "%s", w->image->map_names[reg->map]);
	if (reg->type > SEKI_REG_CTX && reg->type != SEKI_REG_STALE && reg->type != SEKI_REG_MAP)
		put_offset(text, &reg->v.n);
}

static void put_values(struct seki_walk *w, int regno)
{
	struct seki_text text = seki_text_on(w->why->values, sizeof(w->why->values));
	const struct seki_reg *reg;

	if (regno < 0)
		return;
	reg = seki_walk_reg(w, (unsigned int)regno);
	seki_text_add(&text, "r%d = ", (int64_t)regno);
	put_reg(&text, w, reg);
	if (reg->type == SEKI_REG_PACKET)
		seki_text_add(&text, "; the packet is known to have %d bytes",
			      seki_state_len_min(w->state));
}

/* The last branches on the way here. */
static void put_path(struct seki_walk *w)
{
	uint32_t at = w->state->p.branch, n = 0;

	for (uint32_t i = at; i && n < SEKI_PATH_MAX; i = w->history[i - 1].parent)
		n++;
	w->why->n_path = n;
	for (uint32_t i = at; n; i = w->history[i - 1].parent) {
		uint32_t packed = w->history[i - 1].insn_taken;

		w->why->path[--n] = (struct seki_bpf_branch){packed >> 1, packed & 1};
	}
}

int seki_walk_reject(struct seki_walk *w, int reg, const char *format, ...)
{
	struct seki_text text = seki_text_on(w->why->reason, sizeof(w->why->reason));
	va_list args;

	va_start(args, format);
	seki_text_add_args(&text, format, args);
	va_end(args);
	w->why->insn = w->state->p.pc;
	put_values(w, reg);
	put_path(w);
	return -EACCES;
}

/* The register that the loop from `from` to `back` compares where it can be left; -1: none. */
static int loop_register(struct seki_walk *w, uint32_t from, uint32_t back)
{
	for (uint32_t i = back + 1; i-- > from;) {
		const struct seki_bpf_op *op = &w->image->ops[i];
		uint32_t to = (uint32_t)op->off;

		if (seki_bpf_row(op)->kind == SEKI_KIND_JUMP &&
		    (i == back || to < from || to > back) &&
		    seki_reg_holds_something(seki_walk_reg(w, op->dst)))
			return op->dst;
	}
	return -1;
}

int seki_walk_endless(struct seki_walk *w)
{
	uint32_t back = w->state->p.back ? w->state->p.back - 1 : w->state->p.pc;
	uint32_t to = (uint32_t)w->image->ops[back].off;
	int err;

	err = seki_walk_reject(w, loop_register(w, to, back),
			       "loop: insn %u jumps back to %u, and nothing has changed that could "
			       "end it; bound it: count the rounds, and compare the count with a "
			       "constant in each",
			       (uint64_t)back, (uint64_t)to);
	w->why->insn = back;
	return err;
}

int seki_walk_too_complex(struct seki_walk *w, const char *what)
{
	struct seki_text text = seki_text_on(w->why->reason, sizeof(w->why->reason));
	uint32_t back = w->state->p.back ? w->state->p.back - 1 : 0;
	uint32_t rounds = w->nodes[back].rounds;

	seki_text_add(&text, "too complex: %s; ", what);
	if (rounds > MANY_ROUNDS)
		seki_text_add(&text,
			      "the loop that insn %u closes was followed %u times: bound it by a "
			      "lower constant, or branch less in it",
			      (uint64_t)back, (uint64_t)rounds);
	else
		seki_text_add(&text, "split the program, or branch less between the places where "
				     "packet lengths are checked and where they are used");
	w->why->insn = w->state->p.pc;
	put_values(w, -1);
	put_path(w);
	return -E2BIG;
}
