// SPDX-License-Identifier: Apache-2.0
/*
 * Loops that end because a number grows: one round is walked for all. verify.c says why that is
 * right, and that rests on seki_rank_end(), on is_head() and enter_round(), and on what covers what.
 * All else here only makes a head that is likely to do: of two rounds that were walked, where what
 * grew becomes any number up to a generous end, the rest is as join.c has it, and of the length only
 * that is known which was in the first round, or is known next to what grows.
 */
#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/verify/pack.h"

#define RANK_STEPS     5000 /* and as much again as the program is long, eight times */
#define RANK_FAR       64   /* kept states on the way to the round before */
#define BASE_MAX       64
#define RANK_WASTE_MAX 150000 /* steps on wrong guesses in all */

/* The number there. NULL: there is none. */
static struct seki_reg *find_number(struct seki_state *s, struct seki_place place)
{
	struct seki_frame *f = seki_state_top(s);
	struct seki_reg *r = place.spilled ? NULL : &f->regs[place.where];

	for (uint32_t i = 0; place.spilled && i < f->n_spills; i++)
		if (f->spills[i].at == place.where)
			r = &f->spills[i].reg;
	return r && r->type == SEKI_REG_NUMBER ? r : NULL;
}

/* What grows, in that state. */
static struct seki_reg *find_ranked(const struct seki_walk *w, struct seki_state *s)
{
	return find_number(s, w->rank.grown);
}

/* Any byte may matter to the head while it is open. */
static void read_as_head(struct seki_walk *w)
{
	for (uint32_t d = 0; d <= w->state->p.depth; d++)
		seki_walk_read(w, d, 0, SEKI_BPF_FRAME_BYTES);
}

/* Any number up to a generous end, and unless it was no help, as much a multiple as it was. */
static void widen_ranked(struct seki_reg *r)
{
	uint64_t bits = r->v.n.t.value | r->v.n.t.mask, low = bits ? (bits & -bits) - 1 : 0;
	struct seki_scalar v = seki_scalar_range(0, SEKI_GROWN_MAX);

	v.n.t.mask &= ~low;
	*r = seki_reg_number(v);
}

/* The length's symbol less the number: at least that. */
static int64_t gap_of(const struct seki_path_state *p, const struct seki_reg *r)
{
	int64_t gap = r->v.n.umax <= SEKI_GROWN_MAX ? p->len_min - (int64_t)r->v.n.umax : -1;

	for (uint32_t i = 0; i < p->n_facts; i++) {
		const struct seki_fact *fact = &p->facts[i];

		if (!fact->id && !fact->shift && fact->off - (int64_t)r->v.n.umax > gap)
			gap = fact->off - (int64_t)r->v.n.umax;
		if (fact->id && fact->id == r->id && !r->shifted && !r->rest && !fact->shift &&
		    (int64_t)fact->off - r->id_off > gap)
			gap = (int64_t)fact->off - r->id_off;
	}
	return gap;
}

/* The head is to cover the present state as well. Its guess is taken back, and made anew. */
static int widen_head(struct seki_walk *w, const struct seki_reg *grown)
{
	int64_t gap = gap_of(&w->state->p, grown);
	struct seki_path_state *p = &w->state->p;
	struct seki_kept *now;
	struct seki_reg *r;

	seki_walk_unpack(w, seki_walk_kept(w, w->rank.head), w->other);
	w->other->p.rank = p->rank;
	w->other->p.anchor = p->anchor;
	r = find_ranked(w, w->state);
	r->id = SEKI_SYM_NONE;
	if (!seki_walk_join(w->state, w->other, true))
		return -EACCES;
	w->state->p.rank = 0;
	w->state->p.anchor = SEKI_SYM_NONE;
	seki_walk_tidy(w);
	now = seki_kept_pack(w);
	if (now) {
		now->open = SEKI_KEPT_DEAD;
		w->rank.wider = (uint32_t)w->arena.low;
		w->rank.gap = gap < w->rank.gap ? gap : w->rank.gap;
		w->arena.low += now->bytes;
	}
	w->guess = w->rank.guess;
	return -E2BIG;
}

/* Symbol A >> b = S, and S + id_off is r: A is at most what that is at most. */
static void narrow_scaled(struct seki_walk *w, const struct seki_reg *r)
{
	struct seki_path_state *p = &w->state->p;
	struct seki_reg *scaled = find_number(w->state, w->rank.scaled);

	if (!w->rank.scale || !scaled || scaled->shifted || scaled->rest ||
	    r->v.n.umax > SEKI_GROWN_MAX)
		return;
	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term *term = &p->terms[i];
		int64_t most = ((int64_t)r->v.n.umax - r->id_off + 1) * (1ll << term->b) - 1;

		if (term->kind == SEKI_TERM_SHIFT && term->b == w->rank.scale && term->a == r->id &&
		    term->id == scaled->id && scaled->v.n.smin >= 0 &&
		    most + scaled->id_off >= scaled->v.n.smin)
			seki_scalar_clamp(&scaled->v, 0, most + scaled->id_off);
	}
}

/* Is this the next round of the ranked loop, what grows having grown? WALK_END; 0: no. */
int seki_rank_end(struct seki_walk *w)
{
	const struct seki_path_state *p = &w->state->p;
	const struct seki_kept *head;
	const struct seki_reg *r;

	if (!p->rank || !w->rank.head || p->rank != w->rank.serial)
		return 0;
	head = seki_walk_kept(w, w->rank.head);
	if (head->p.pc != p->pc || head->p.depth != p->depth)
		return 0;
	r = find_ranked(w, w->state);
	if (!r || r->rest || r->shifted || r->id != p->anchor || r->id_off <= w->rank.base)
		return 0;
	read_as_head(w); /* r may be in the stack, and tells something even where this is no end */
	narrow_scaled(w, r);
	if (!seki_kept_covers(w, head, NULL, w->state))
		return w->nodes[p->pc].ranked < SEKI_RANKS_MAX ? widen_head(w, r) : 0;
	w->rank.step = seki_min(w->rank.step, (uint64_t)((int64_t)r->id_off - w->rank.base));
	w->rank.most = seki_max(w->rank.most, r->v.n.umax);
	seki_walk_end(w, 0, p->since);
	return WALK_END;
}

/* Of the states on the way here that were kept at the same instruction, the nearest; or the first. */
static const struct seki_kept *round_before(struct seki_walk *w, bool first)
{
	const struct seki_path_state *p = &w->state->p;
	const struct seki_kept *found = NULL;
	uint32_t at = p->keeper;

	for (uint32_t n = 0; (first || (n < RANK_FAR && !found)) && at != w->root; n++) {
		const struct seki_kept *kept = seki_walk_kept(w, at);

		if (kept->p.pc == p->pc && kept->p.depth == p->depth)
			found = kept;
		w->work++;
		at = kept->p.keeper;
	}
	return found;
}

/* Of the numbers that are greater than in the round before, the greatest. */
static void take_greater(struct seki_walk *w, const struct seki_reg *now,
			 const struct seki_reg *before, struct seki_place place, uint64_t *most)
{
	if (now->type != SEKI_REG_NUMBER || before->type != SEKI_REG_NUMBER ||
	    (now->id && now->id < SEKI_SYM_FRESH) || now->v.n.umin <= before->v.n.umin ||
	    now->v.n.umax > SEKI_GROWN_MAX || now->v.n.umin < *most)
		return;
	*most = now->v.n.umin;
	w->rank.grown = place;
}

/* How much the number there is more than an eighth of what grows. False: they are not both known. */
static bool is_eighth(const struct seki_walk *w, struct seki_state *s, struct seki_place place,
		      int64_t *more)
{
	const struct seki_reg *reg = find_number(s, place), *r = find_ranked(w, s);

	if (!reg || !r || reg == r || !seki_scalar_is_const(&reg->v) ||
	    !seki_scalar_is_const(&r->v))
		return false;
	*more = reg->v.n.smin - (int64_t)(r->v.n.umin >> 3);
	return *more >= -BASE_MAX && *more <= BASE_MAX;
}

/* Bits, where bytes are counted as well: then those are what is ranked. */
static bool take_eighth(struct seki_walk *w, struct seki_place place)
{
	int64_t now, before;

	if (!is_eighth(w, w->state, place, &now) || !is_eighth(w, w->other, place, &before) ||
	    now != before)
		return false;
	w->rank.more = (int32_t)now;
	w->rank.scale = 3;
	w->rank.scaled = w->rank.grown;
	w->rank.grown = place;
	return true;
}

static void choose_scaled(struct seki_walk *w)
{
	const struct seki_frame *f = seki_state_top(w->state);

	w->rank.scale = 0;
	for (uint32_t i = 0; i < SEKI_BPF_FP; i++)
		if (take_eighth(w, (struct seki_place){i, false}))
			return;
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (take_eighth(w, (struct seki_place){f->spills[i].at, true}))
			return;
}

static bool choose_ranked(struct seki_walk *w)
{
	struct seki_frame *f = seki_state_top(w->state), *before = seki_state_top(w->other);
	uint64_t most = 0;

	for (uint32_t i = 0; i < SEKI_BPF_FP; i++)
		take_greater(w, &f->regs[i], &before->regs[i], (struct seki_place){i, false},
			     &most);
	for (uint32_t i = 0, k = 0; i < f->n_spills; i++) {
		const struct seki_spill *spill = &f->spills[i];

		while (k < before->n_spills && before->spills[k].at < spill->at)
			k++;
		if (k < before->n_spills && before->spills[k].at == spill->at &&
		    before->spills[k].bytes == spill->bytes)
			take_greater(w, &spill->reg, &before->spills[k].reg,
				     (struct seki_place){spill->at, true}, &most);
	}
	if (most)
		choose_scaled(w);
	if (most)
		w->rank.gap = INT64_MAX;
	for (int i = 0; most && i < 2; i++) {
		struct seki_state *s = i ? w->other : w->state;
		int64_t gap = gap_of(&s->p, find_ranked(w, s));

		w->rank.gap = gap < w->rank.gap ? gap : w->rank.gap;
	}
	return most;
}

/* The number gets a name, if it has none, and what is known of the length next to it is told. */
static void tell_gap(struct seki_walk *w, struct seki_path_state *p, struct seki_reg *r)
{
	seki_walk_tie(w, r);
	if (p->n_facts == SEKI_FACTS)
		p->n_facts--;
	p->facts[p->n_facts++] = (struct seki_fact){r->id, (int32_t)w->rank.gap + r->id_off, 0};
}

static void forget_least(struct seki_reg *reg, void *arg)
{
	const struct seki_path_state *p = arg;

	if (reg->type == SEKI_REG_NUMBER && reg->id == SEKI_SYM_LEN && !reg->shifted &&
	    !reg->rest && reg->id_off >= 0 && reg->v.n.umax <= UINT32_MAX)
		reg->v = seki_scalar_range((uint64_t)(p->len_min + reg->id_off), reg->v.n.umax);
}

/* Rounds before had shorter packets: what is known of the length is what was in the first. */
static void forget_length(struct seki_state *s, const struct seki_path_state *first)
{
	struct seki_path_state *p = &s->p;
	uint32_t kept = 0;

	p->len_min = first->len_min;
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].id)
			p->facts[kept++] = p->facts[i];
	for (uint32_t i = 0; i < first->n_facts && kept < SEKI_FACTS; i++)
		if (!first->facts[i].id)
			p->facts[kept++] = first->facts[i];
	p->n_facts = kept;
	seki_state_each(s, forget_least, p);
}

static bool tell_scaled(struct seki_walk *w, struct seki_reg *r)
{
	struct seki_reg *scaled = find_number(w->state, w->rank.scaled);
	struct seki_path_state *p = &w->state->p;

	if (!scaled || p->n_terms == SEKI_TERMS)
		return false;
	widen_ranked(scaled);
	seki_walk_tie(w, scaled);
	r->v = seki_scalar_range(w->rank.more > 0 ? (uint64_t)w->rank.more : 0, SEKI_GROWN_MAX);
	seki_walk_tie(w, r);
	r->id_off = w->rank.more;
	p->terms[p->n_terms++] = (struct seki_term){scaled->id, r->id, w->rank.scale,
						    SEKI_TERM_SHIFT};
	return true;
}

/* The state becomes one that covers it and `other`, where what grows may be any number. */
static bool widen_round(struct seki_walk *w, bool again)
{
	const struct seki_kept *first = round_before(w, true);
	struct seki_reg *r;

	if (!first || (!again && !choose_ranked(w)) || !seki_walk_join(w->state, w->other, true))
		return false;
	r = find_ranked(w, w->state);
	if (!r)
		return false;
	widen_ranked(r);
	forget_length(w->state, &first->p);
	if (w->rank.scale && !tell_scaled(w, r))
		return false;
	if (w->rank.gap >= 0 && w->rank.gap <= SEKI_BPF_PACKET_MAX)
		tell_gap(w, &w->state->p, r);
	else
		w->rank.gap = -1;
	seki_walk_tidy(w);
	return true;
}

/* Does the head cover what it was made of? What grows must be a number of its own, not negative. */
static bool is_head(struct seki_walk *w, const struct seki_kept *head)
{
	const struct seki_reg *r = find_ranked(w, w->state);

	seki_walk_guess_origin(w, w->other);
	return r && !r->shifted && !r->rest && !seki_scalar_is_const(&r->v) &&
	       r->v.n.umax <= SEKI_GROWN_MAX && (!r->id || r->id >= SEKI_SYM_FRESH) &&
	       seki_kept_covers(w, head, NULL, w->other) && !seki_kept_same(w, head);
}

/* From here on the present state is the head's. */
static void enter_round(struct seki_walk *w, struct seki_kept *head)
{
	struct seki_path_state *p = &w->state->p;
	struct seki_reg *r = find_ranked(w, w->state);

	head->guessed = 1;
	seki_kept_keep(w, head);
	seki_walk_tie(w, r);
	p->anchor = r->id;
	p->rank = ++w->rank.serial;
	w->rank.head = p->keeper;
	w->rank.guess = w->guess;
	w->rank.touch = w->proof.packet_touch;
	w->rank.base = r->id_off;
	w->rank.step = UINT64_MAX;
	w->rank.most = 0;
	if (w->guess == w->first_guess)
		w->guess_until = w->proof.steps + RANK_STEPS + 8ull * w->image->n;
}

/* 0: from here on one round is walked for all. -ENOENT: no loop that it could be done for. */
int seki_rank_guess(struct seki_walk *w)
{
	struct seki_node *node = &w->nodes[w->state->p.pc];
	uint32_t wider = w->rank.wider;
	const struct seki_kept *before;
	struct seki_kept *head;

	w->rank.wider = 0;
	if (!node->join || (w->no_guess && !wider) || w->rank.head || w->state->p.rank ||
	    node->kept < w->rank_after || node->ranked >= SEKI_RANKS_MAX ||
	    w->rank.wasted > RANK_WASTE_MAX || w->rank.serial == UINT16_MAX)
		return -ENOENT;
	before = wider ? seki_walk_kept(w, wider) : round_before(w, false);
	if (!before || before->p.pc != w->state->p.pc)
		return -ENOENT;
	node->ranked++;
	seki_walk_unpack(w, before, w->other);
	if (!seki_walk_guess_begin(w))
		return -ENOENT;
	head = widen_round(w, wider) ? seki_kept_pack(w) : NULL;
	if (head && is_head(w, head)) {
		enter_round(w, head);
		return 0;
	}
	seki_walk_guess_wrong(w);
	node->wrong--; /* it was not even made */
	return -ENOENT;
}
