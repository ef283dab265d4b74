// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier forgets where paths meet, so that their states become alike: registers and
 * stack slots that no later instruction reads, symbols that tie nothing; and names of symbols and
 * order of spills, which depend on the path only.
 */
#include "core/bpf/verify/low.h"
#include "core/bpf/verify/walk.h"

#define IDS_MAX (SEKI_SYM_NEW - SEKI_SYM_FRESH)

/* Which symbols the state uses, and how often. Their new names are FRESH + index. */
struct ids {
	uint32_t id[IDS_MAX];
	uint32_t uses[IDS_MAX];
	uint32_t n;
	uint32_t *next_id; /* for what has no place here */
	uint64_t looked_at;
};

/* Index, or ids->n. */
static uint32_t find_id(struct ids *ids, uint32_t id)
{
	uint32_t i = 0;

	while (i < ids->n && ids->id[i] != id)
		i++;
	ids->looked_at += i;
	return i;
}

static bool has_name(const struct seki_reg *reg)
{
	return seki_reg_holds_something(reg) && reg->id >= SEKI_SYM_FRESH;
}

static void count_id(struct seki_reg *reg, void *arg)
{
	struct ids *ids = arg;
	uint32_t i;

	if (!has_name(reg))
		return;
	i = find_id(ids, reg->id);
	if (i == IDS_MAX)
		return;
	if (i == ids->n) {
		ids->id[ids->n++] = reg->id;
		ids->uses[i] = 0;
	}
	ids->uses[i]++;
}

/* A symbol of one register only says nothing, and one that found no place is given up. */
static void rename_id(struct seki_reg *reg, void *arg)
{
	struct ids *ids = arg;
	uint32_t i;

	if (!has_name(reg))
		return;
	i = find_id(ids, reg->id);
	if (reg->type == SEKI_REG_MAYBE) {
		reg->id = i < ids->n ? SEKI_SYM_FRESH + i : (*ids->next_id)++;
	} else if (i < ids->n && ids->uses[i] > 1) {
		reg->id = SEKI_SYM_FRESH + i;
	} else {
		reg->id = SEKI_SYM_NONE;
		reg->id_off = 0;
		reg->shifted = false;
		if (reg->type == SEKI_REG_NUMBER)
			reg->rest = SEKI_REST_NONE;
	}
}

static bool has_fact(const struct seki_path_state *p, uint32_t id)
{
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].id == id)
			return true;
	return false;
}

/* A term is of use while its parts are in registers, and it is too or something is known of it: then
 * it needs a name even if no register has it. */
static bool term_is_live(const struct seki_path_state *p, const struct seki_term *term,
			 struct ids *ids)
{
	uint32_t at = find_id(ids, term->id);

	if (find_id(ids, term->a) == ids->n ||
	    (term->kind == SEKI_TERM_SUM && find_id(ids, term->b) == ids->n) ||
	    (at == ids->n && (at == IDS_MAX || !has_fact(p, term->id))))
		return false;
	if (at == ids->n) {
		ids->id[ids->n] = term->id;
		ids->uses[ids->n++] = 0;
	}
	return true;
}

static uint32_t keep_id(struct ids *ids, uint32_t id)
{
	uint32_t at = find_id(ids, id);

	ids->uses[at]++;
	return SEKI_SYM_FRESH + at;
}

static void tidy_terms(struct seki_path_state *p, struct ids *ids)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_terms; i++) {
		struct seki_term term = p->terms[i];

		if (!term_is_live(p, &term, ids))
			continue;
		term.id = keep_id(ids, term.id);
		term.a = keep_id(ids, term.a);
		if (term.kind == SEKI_TERM_SUM)
			term.b = keep_id(ids, term.b);
		p->terms[kept++] = term;
	}
	for (uint32_t i = kept; i < SEKI_TERMS; i++)
		p->terms[i] = (struct seki_term){0, 0, 0, 0};
	p->n_terms = kept;
}

static void tidy_holes(struct seki_path_state *p, struct ids *ids)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_holes; i++) {
		struct seki_hole hole = p->holes[i];

		if (find_id(ids, hole.id) < ids->n)
			p->holes[kept++] = (struct seki_hole){keep_id(ids, hole.id), hole.value};
	}
	for (uint32_t i = kept; i < SEKI_HOLES; i++)
		p->holes[i] = (struct seki_hole){0, 0};
	p->n_holes = kept;
}

/* Facts of symbols that no register has are of no use. */
static void tidy_facts(struct seki_path_state *p, struct ids *ids)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->n_facts; i++) {
		uint32_t at = find_id(ids, p->facts[i].id);

		if (p->facts[i].id == SEKI_SYM_NONE)
			p->facts[kept++] = p->facts[i];
		if (at == ids->n)
			continue;
		ids->uses[at]++;
		p->facts[kept++] = (struct seki_fact){SEKI_SYM_FRESH + at, p->facts[i].off,
						      p->facts[i].shift};
	}
	for (uint32_t i = kept; i < SEKI_FACTS; i++)
		p->facts[i] = (struct seki_fact){0, 0, 0};
	p->n_facts = kept;
}

/* A name for what needs one even if no register has it. */
static uint32_t hold_id(struct ids *ids, uint32_t id)
{
	uint32_t at = find_id(ids, id);

	if (at == ids->n) {
		ids->id[ids->n] = id;
		ids->uses[ids->n++] = 1;
	}
	return SEKI_SYM_FRESH + at;
}

static void tidy_ids(struct seki_walk *w)
{
	struct ids ids = {.n = 0, .next_id = &w->next_id};
	uint32_t *less = &w->state->p.less;

	if (*less) { /* in use, and it has a place: the first */
		ids.id[ids.n] = *less;
		ids.uses[ids.n++] = 1;
		*less = SEKI_SYM_FRESH;
	}
	if (w->state->p.rank)
		w->state->p.anchor = hold_id(&ids, w->state->p.anchor);
	seki_state_each(w->state, count_id, &ids);
	tidy_terms(&w->state->p, &ids);
	tidy_facts(&w->state->p, &ids);
	tidy_holes(&w->state->p, &ids);
	seki_state_each(w->state, rename_id, &ids);
	w->work += ids.looked_at / 8;
}

static bool slot_is_live(const struct seki_spill *spill, uint64_t live)
{
	return live >> (spill->at / 8) & 1 || live >> ((spill->at + spill->bytes - 1) / 8) & 1;
}

/* Numbers that do not matter become "some number"; pointers stay, as they could still be reached
 * through a pointer into the stack. */
static void tidy_frame(struct seki_frame *f, uint16_t live_regs, uint16_t value_regs,
		       uint64_t live_slots)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < SEKI_BPF_FP; i++) {
		if (!(live_regs >> i & 1))
			f->regs[i].type = SEKI_REG_NONE;
		else if (!(value_regs >> i & 1) && f->regs[i].type == SEKI_REG_NUMBER)
			f->regs[i] = seki_reg_number(seki_scalar_unknown());
	}
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (seki_reg_is_pointer(&f->spills[i].reg) ||
		    slot_is_live(&f->spills[i], live_slots))
			f->spills[kept++] = f->spills[i];
	f->n_spills = kept;
}

/* Spills in the order of the stack, however they came there. Returns how many were moved, about. */
static uint32_t sort_spills(struct seki_frame *f)
{
	uint32_t moves = 0;

	for (uint32_t i = 1; i < f->n_spills; i++) {
		struct seki_spill spill = f->spills[i];
		uint32_t k = i;

		for (; k && f->spills[k - 1].at > spill.at; k--)
			f->spills[k] = f->spills[k - 1];
		if (k == i)
			continue;
		f->spills[k] = spill;
		moves += i - k;
	}
	return moves;
}

void seki_walk_tidy(struct seki_walk *w)
{
	struct seki_state *s = w->state;
	const struct seki_node *node = &w->nodes[s->p.pc];

	seki_low_forget(s);
	for (uint32_t d = s->p.depth + 1; d-- > 0;) {
		uint16_t regs = node->live_regs;

		if (d < s->p.depth)
			regs &= 0x3c0; /* the call has destroyed the others */
		tidy_frame(&s->frames[d], regs, node->value_regs, node->live_slots);
		w->work += sort_spills(&s->frames[d]) + SEKI_BPF_REGS + s->frames[d].n_spills;
		node = &w->nodes[s->frames[d].call + 1];
	}
	tidy_ids(w);
}
