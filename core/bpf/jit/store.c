// SPDX-License-Identifier: Apache-2.0
/*
 * Stores side by side become one. A group is a row of stores relative to one root, between which
 * nothing else looks at that memory, stops the program or jumps. A window of 8, 4 or 2 bytes that some
 * of them fill exactly is stored at once: by the place of the group where a register has the bytes
 * in order, or, where they were loaded a moment ago, by loading and storing them at the last place.
 */
#include "core/bpf/jit/store.h"

#include <string.h>

static const struct seki_jit_value *value_in(const struct seki_jit_stores *g,
					     const struct seki_jit_state *state, unsigned int reg)
{
	return &g->v->all[state->regs[reg]];
}

/* A register that is root plus *disp less. */
static int base_in(const struct seki_jit_stores *g, const struct seki_jit_state *state,
		   uint32_t root, int64_t *off)
{
	for (int r = SEKI_BPF_FP; r >= 0; r--) {
		const struct seki_jit_value *value = value_in(g, state, (unsigned int)r);

		if (state->regs[r] == SEKI_JIT_NONE || value->root != root ||
		    *off - value->add != (int32_t)(*off - value->add))
			continue;
		*off -= value->add;
		return r;
	}
	return -1;
}

struct window {
	int64_t off;
	int size;
	uint32_t bytes[8];
	uint64_t number;
	bool is_number;
	uint32_t members; /* a bit each */
	int last;
};

/* The members that fill the window, if some do. */
static bool fill_window(const struct seki_jit_stores *g, struct window *w)
{
	int filled = 0;

	w->members = 0;
	w->number = 0;
	w->is_number = true;
	for (int i = 0; i < g->n; i++) {
		const struct seki_jit_store *s = &g->stores[i];
		int64_t at = s->off - w->off;

		if (at + s->bytes <= 0 || at >= w->size)
			continue;
		if (s->gone || at < 0 || at + s->bytes > w->size)
			return false;
		for (int k = 0; k < s->bytes; k++)
			w->bytes[at + k] = s->is_number && s->number >> 8 * k & 0xff
						   ? SEKI_JIT_UNKNOWN
					   : s->is_number ? 0
							  : g->v->all[s->value].bytes[k];
		if (s->is_number)
			w->number |= (s->bytes == 8 ? s->number
						    : s->number & ((1ull << 8 * s->bytes) - 1))
				     << 8 * at;
		w->is_number &= s->is_number;
		filled += s->bytes;
		w->members |= 1u << i;
		w->last = i;
	}
	return filled == w->size && (w->members & (w->members - 1));
}

/* The stores of the window become one, at the place of member i. */
static bool place(struct seki_jit_stores *g, const struct window *w, int i, struct seki_bpf_op op)
{
	int64_t off = w->off;
	int base = base_in(g, &g->stores[i].state, g->root, &off);

	if (base < 0)
		return false;
	for (int k = 0; k < g->n; k++)
		if (w->members >> k & 1) {
			g->v->ir->ops[g->stores[k].slot].id = SEKI_JIT_NOP;
			g->stores[k].gone = true;
		}
	op.dst = (uint8_t)base;
	op.off = (int32_t)off;
	g->v->ir->ops[g->stores[i].slot] = op;
	return true;
}

static bool store_number(struct seki_jit_stores *g, const struct window *w)
{
	static const uint8_t ids[] = {
		[2] = SEKI_OP_STH_IMM, [4] = SEKI_OP_STW_IMM, [8] = SEKI_OP_STDW_IMM};

	if (!w->is_number || (w->size == 8 && w->number != (uint64_t)(int64_t)(int32_t)w->number))
		return false;
	return place(g, w, w->last,
		     (struct seki_bpf_op){.id = ids[w->size], .imm = (int32_t)w->number});
}

static bool has_bytes(const struct window *w, const uint32_t *bytes, int shift, bool swaps)
{
	for (int k = 0; k < w->size; k++) {
		uint32_t byte = bytes[shift + (swaps ? w->size - 1 - k : k)];

		if (w->bytes[k] != byte || byte == SEKI_JIT_UNKNOWN)
			return false;
	}
	return true;
}

static bool store_register(struct seki_jit_stores *g, const struct window *w, int i,
			   unsigned int reg)
{
	const uint32_t *bytes = value_in(g, &g->stores[i].state, reg)->bytes;

	for (int shift = 0; shift + w->size <= 8; shift++)
		for (int swaps = 0; swaps < 2; swaps++)
			if (has_bytes(w, bytes, shift, swaps))
				return place(g, w, i,
					     (struct seki_bpf_op){
						     .id = SEKI_JIT_STORE,
						     .src = (uint8_t)reg,
						     .imm = SEKI_JIT_ACCESS(w->size, swaps, -1,
									    8 * shift)});
	return false;
}

/* Where byte k of the window stands in memory, from where byte 0 would in each order. */
static int from_start(const struct window *w, enum seki_jit_order order, int k)
{
	int half = w->size / 2;

	switch (order) {
	case SEKI_JIT_SAME:
		return k;
	case SEKI_JIT_SWAPPED:
		return w->size - 1 - k;
	default: /* each half is swapped */
		return k < half ? half - 1 - k : w->size - 1 - (k - half);
	}
}

static const struct seki_jit_value *loaded(const struct seki_jit_stores *g, uint32_t byte)
{
	const struct seki_jit_value *value;

	if (!byte || byte == SEKI_JIT_UNKNOWN)
		return NULL;
	value = &g->v->all[byte >> 3];
	return value->loaded > (byte & 7) ? value : NULL;
}

static bool copy(struct seki_jit_stores *g, const struct window *w, enum seki_jit_order order)
{
	const struct seki_jit_state *state = &g->stores[w->last].state;
	const struct seki_jit_value *first = loaded(g, w->bytes[0]);
	int64_t start, off;
	int base;

	if (!first || !seki_jit_values_is_fresh(g->v, state, first))
		return false;
	start = (int64_t)first->off + (w->bytes[0] & 7) - from_start(w, order, 0);
	for (int k = 0; k < w->size; k++) {
		const struct seki_jit_value *value = loaded(g, w->bytes[k]);

		if (!value || value->base != first->base ||
		    !seki_jit_values_is_fresh(g->v, state, value) ||
		    (int64_t)value->off + (w->bytes[k] & 7) != start + from_start(w, order, k))
			return false;
	}
	off = start;
	base = base_in(g, state, first->base, &off);
	if (base < 0 || !place(g, w, w->last,
			       (struct seki_bpf_op){.id = SEKI_JIT_COPY,
						    .src = (uint8_t)base,
						    .imm = SEKI_JIT_COPYING(w->size, order, off)}))
		return false;
	for (int k = 0; k < w->size; k++)
		g->v->ir->flags[(w->bytes[k] >> 3) - 1] |= SEKI_JIT_COVERED;
	/* A store makes no value; here it is what the copy loads. */
	memcpy(g->v->all[g->stores[w->last].slot + 1].bytes, w->bytes, sizeof(w->bytes));
	return true;
}

static void join(struct seki_jit_stores *g, const struct window *w)
{
	if (store_number(g, w))
		return;
	for (int i = 0; i < g->n; i++)
		if (w->members >> i & 1)
			for (unsigned int reg = 0; reg < SEKI_BPF_FP; reg++)
				if (g->stores[i].state.regs[reg] != SEKI_JIT_NONE &&
				    store_register(g, w, i, reg))
					return;
	for (int order = SEKI_JIT_SAME; order <= SEKI_JIT_HALVES; order++)
		if ((w->size == 4 || order != SEKI_JIT_HALVES) &&
		    copy(g, w, (enum seki_jit_order)order))
			return;
}

void seki_jit_stores_end(struct seki_jit_stores *g)
{
	struct window w;

	if (g->n > 1)
		for (w.size = 8; w.size >= 2; w.size /= 2)
			for (int i = 0; i < g->n; i++) {
				w.off = g->stores[i].off;
				if (!g->stores[i].gone && fill_window(g, &w))
					join(g, &w);
			}
	g->n = 0;
}

static bool overlaps(const struct seki_jit_stores *g, int64_t off, int bytes)
{
	for (int i = 0; i < g->n; i++)
		if (off < g->stores[i].off + g->stores[i].bytes && g->stores[i].off < off + bytes)
			return true;
	return false;
}

static bool apart(const struct seki_jit_stores *g, uint32_t root)
{
	uint8_t a = g->v->all[g->root].origin, b = g->v->all[root].origin;

	return a != b && a != SEKI_JIT_ANYWHERE && b != SEKI_JIT_ANYWHERE;
}

static void add(struct seki_jit_stores *g, uint32_t i, const struct seki_bpf_op *op)
{
	const struct seki_jit_value *base = seki_jit_value(g->v, op->dst);
	const struct seki_jit_value *src = seki_jit_value(g->v, op->src);
	const struct seki_bpf_row *row = seki_bpf_row(op);
	int64_t off = (int64_t)base->add + op->off;

	if (g->n == SEKI_JIT_STORES || g->root != base->root || overlaps(g, off, row->bytes))
		seki_jit_stores_end(g);
	g->root = base->root;
	if (base->root == SEKI_JIT_NONE)
		return;
	g->stores[g->n++] = (struct seki_jit_store){
		.state = g->v->now,
		.slot = i,
		.off = off,
		.bytes = row->bytes,
		.value = g->v->now.regs[op->src],
		.is_number = row->operand == SEKI_OPERAND_IMM || src->is_number,
		.number = row->operand == SEKI_OPERAND_IMM ? (uint64_t)op->imm : src->number,
	};
}

void seki_jit_stores_see(struct seki_jit_stores *g, uint32_t i, const struct seki_bpf_op *op)
{
	switch (seki_jit_kind(op)) {
	case SEKI_KIND_INVALID: /* nothing, as of now */
	case SEKI_KIND_ALU:
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		break;
	case SEKI_KIND_LOAD:
		if (g->n && !apart(g, seki_jit_value(g->v, op->src)->root))
			seki_jit_stores_end(g);
		break;
	case SEKI_KIND_STORE:
		add(g, i, op);
		break;
	default:
		seki_jit_stores_end(g);
	}
}
