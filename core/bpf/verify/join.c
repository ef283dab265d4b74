// SPDX-License-Identifier: Apache-2.0
/*
 * Two states made one that covers both: what is known in it is known in each. prune.c tries it where
 * many states meet that differ in little. It need not be the least such state; that it covers is
 * checked, as for any other.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/verify/walk.h"

#define TIES_MAX 64

/* Symbols of one state and of the other that stand for the same in both. */
struct ties {
	uint32_t a[TIES_MAX], b[TIES_MAX];
	uint32_t n;
	bool far;
};

static bool same_tie(struct ties *ties, uint32_t a, uint32_t b)
{
	if (a < SEKI_SYM_FRESH || b < SEKI_SYM_FRESH)
		return a == b;
	for (uint32_t i = 0; i < ties->n; i++)
		if (ties->a[i] == a || ties->b[i] == b)
			return ties->a[i] == a && ties->b[i] == b;
	if (ties->n == TIES_MAX)
		return false;
	ties->a[ties->n] = a;
	ties->b[ties->n++] = b;
	return true;
}

/* A bound of few: 2^n - 1, n twice as large each time. */
static uint64_t far_bound(uint64_t max)
{
	for (unsigned int bits = 1; bits < 64; bits *= 2)
		if (max < 1ull << bits)
			return (1ull << bits) - 1;
	return UINT64_MAX;
}

/* Keeps what the number is a multiple of. */
static void widen_far(struct seki_scalar *s)
{
	uint64_t bits = s->n.t.value | s->n.t.mask, low = bits ? (bits & -bits) - 1 : 0;

	*s = seki_scalar_range(0, far_bound(s->n.umax));
	s->n.t.mask &= ~low;
}

static void join_scalar(struct seki_scalar *s, const struct seki_scalar *with)
{
	uint64_t differ = s->n.t.value ^ with->n.t.value;

	s->n.t.mask |= with->n.t.mask | differ;
	s->n.t.value &= ~s->n.t.mask;
	s->n.umin = seki_min(s->n.umin, with->n.umin);
	s->n.umax = seki_max(s->n.umax, with->n.umax);
	s->n.smin = s->n.smin < with->n.smin ? s->n.smin : with->n.smin;
	s->n.smax = s->n.smax > with->n.smax ? s->n.smax : with->n.smax;
	s->umin32 = (uint32_t)seki_min(s->umin32, with->umin32);
	s->umax32 = (uint32_t)seki_max(s->umax32, with->umax32);
	s->smin32 = s->smin32 < with->smin32 ? s->smin32 : with->smin32;
	s->smax32 = s->smax32 > with->smax32 ? s->smax32 : with->smax32;
}

/* False: they have nothing in common. */
static bool join_reg(struct seki_reg *reg, const struct seki_reg *with, struct ties *ties)
{
	bool number = reg->type == SEKI_REG_NUMBER;

	if (reg->type != with->type || (!number && reg->frame != with->frame) ||
	    reg->map != with->map)
		return false;
	if (!seki_scalar_covers(&with->v, &reg->v)) {
		join_scalar(&reg->v, &with->v);
		if (ties->far && reg->type == SEKI_REG_NUMBER)
			widen_far(&reg->v);
	} else {
		reg->v = with->v;
	}
	if (reg->id_off == with->id_off && reg->shifted == with->shifted &&
	    reg->frame == with->frame && same_tie(ties, reg->id, with->id))
		return true;
	if (number)
		reg->rest = SEKI_REST_NONE;
	reg->id = SEKI_SYM_NONE;
	reg->id_off = 0;
	reg->shifted = false;
	return reg->type != SEKI_REG_MAYBE; /* it is nothing without a symbol */
}

static const struct seki_spill *find(const struct seki_frame *f, const struct seki_spill *like)
{
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (f->spills[i].at == like->at && f->spills[i].bytes == like->bytes)
			return &f->spills[i];
	return NULL;
}

/* Where either has a pointer and the other does not, nothing may be read. */
static void forget_pointers(struct seki_frame *f, const struct seki_frame *with)
{
	for (uint32_t i = 0; i < with->n_spills; i++) {
		const struct seki_spill *spill = &with->spills[i], *mine = find(f, spill);

		if (seki_reg_is_pointer(&spill->reg) && !(mine && seki_reg_is_pointer(&mine->reg)))
			seki_frame_unmark(f, spill->at, spill->bytes);
	}
}

static void join_spills(struct seki_frame *f, const struct seki_frame *with, struct ties *ties)
{
	uint32_t kept = 0;

	forget_pointers(f, with);
	for (uint32_t i = 0; i < f->n_spills; i++) {
		struct seki_spill *spill = &f->spills[i];
		const struct seki_spill *other = find(with, spill);
		bool pointer = seki_reg_is_pointer(&spill->reg);

		if (other && join_reg(&spill->reg, &other->reg, ties))
			f->spills[kept++] = *spill;
		else if (pointer)
			seki_frame_unmark(f, spill->at, spill->bytes);
	}
	f->n_spills = kept;
}

static void join_frame(struct seki_frame *f, const struct seki_frame *with, struct ties *ties)
{
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (!join_reg(&f->regs[i], &with->regs[i], ties))
			f->regs[i].type = SEKI_REG_NONE;
	for (size_t i = 0; i < SEKI_COUNT(f->set); i++)
		f->set[i] &= with->set[i];
	join_spills(f, with, ties);
}

static void join_facts(struct seki_path_state *p, const struct seki_path_state *with,
		       struct ties *ties)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_facts; i++) {
		struct seki_fact fact = p->facts[i];
		bool holds = false;

		for (uint32_t k = 0; k < with->n_facts && !holds; k++) {
			holds = fact.shift == with->facts[k].shift &&
				same_tie(ties, fact.id, with->facts[k].id);
			if (holds && with->facts[k].off < fact.off)
				fact.off = with->facts[k].off;
		}
		if (holds)
			p->facts[kept++] = fact;
	}
	p->n_facts = kept;
}

static void join_terms(struct seki_path_state *p, const struct seki_path_state *with,
		       struct ties *ties)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term term = p->terms[i];
		bool holds = false;

		for (uint32_t k = 0; k < with->n_terms && !holds; k++) {
			const struct seki_term *other = &with->terms[k];

			holds = term.kind == other->kind && same_tie(ties, term.a, other->a) &&
				(term.kind == SEKI_TERM_SUM ? same_tie(ties, term.b, other->b)
							    : term.b == other->b) &&
				same_tie(ties, term.id, other->id);
		}
		if (holds)
			p->terms[kept++] = term;
	}
	p->n_terms = kept;
}

static void join_holes(struct seki_path_state *p, const struct seki_path_state *with,
		       struct ties *ties)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_holes; i++) {
		const struct seki_hole hole = p->holes[i];
		bool holds = false;

		for (uint32_t k = 0; k < with->n_holes && !holds; k++)
			holds = hole.value == with->holes[k].value &&
				same_tie(ties, hole.id, with->holes[k].id);
		if (holds)
			p->holes[kept++] = hole;
	}
	p->n_holes = kept;
}

bool seki_walk_join(struct seki_state *s, const struct seki_state *with, bool far)
{
	struct seki_path_state *p = &s->p;
	struct ties ties;

	ties.n = 0;
	ties.far = far;
	if (p->depth != with->p.depth || p->grown != with->p.grown ||
	    !same_tie(&ties, p->less, with->p.less) || p->map_changed != with->p.map_changed ||
	    p->rank != with->p.rank || !same_tie(&ties, p->anchor, with->p.anchor))
		return false;
	for (uint32_t d = 0; d <= p->depth; d++) {
		if (s->frames[d].call != with->frames[d].call)
			return false;
		join_frame(&s->frames[d], &with->frames[d], &ties);
	}
	join_terms(p, &with->p, &ties);
	join_holes(p, &with->p, &ties);
	join_facts(p, &with->p, &ties);
	p->meta_is_len &= with->p.meta_is_len;
	p->len_min = p->len_min < with->p.len_min ? p->len_min : with->p.len_min;
	p->len_max = p->len_max > with->p.len_max ? p->len_max : with->p.len_max;
	p->moved_min = p->moved_min < with->p.moved_min ? p->moved_min : with->p.moved_min;
	return true;
}
