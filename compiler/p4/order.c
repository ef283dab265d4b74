/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On every way through the parser: which headers have been extracted, and whether in the order in
 * which they will be emitted. One pass, as the graph has no loops and its order puts predecessors
 * first.
 */
#include <errno.h>
#include <string.h>

#include "compiler/p4/lower.h"

#define MAX_MASKS 64u

static void add_mask(struct p4_lower *lower, struct p4_step *step, uint64_t mask)
{
	for (uint32_t i = 0; i < step->n_masks; i++)
		if (step->masks[i] == mask)
			return;
	if (!step->masks)
		step->masks = seki_arena_alloc(lower->arena, MAX_MASKS * sizeof(*step->masks));
	if (step->n_masks == MAX_MASKS)
		seki_diag_unsupported(lower->diags, step->state->tok->at,
				      "reaching a state with more than %u sets of headers is",
				      MAX_MASKS);
	else
		step->masks[step->n_masks++] = mask;
}

static void add_layout(struct p4_lower *lower, uint64_t mask, uint32_t len,
		       const struct seki_token *tok)
{
	for (uint32_t i = 0; i < lower->n_layouts; i++)
		if (lower->layouts[i].mask == mask && lower->layouts[i].len == len)
			return;
	if (lower->n_layouts == SEKI_P4_MAX_LAYOUTS)
		seki_diag_unsupported(lower->diags, tok->at,
				      "accepting with more than %u sets of headers is",
				      SEKI_P4_MAX_LAYOUTS);
	else
		lower->layouts[lower->n_layouts++] = (struct p4_layout){.mask = mask, .len = len};
}

/* What a step makes of what it starts with. */
struct behind {
	uint64_t mask; /* headers it extracts */
	int rank;
};

static struct behind behind(const struct p4_lower *lower, const struct p4_step *step)
{
	struct behind b = {.rank = step->rank};

	for (const struct p4_stmt *s = step->start; s; s = s->next) {
		if (seki_old_is_extract(s)) {
			const struct p4_header *h = seki_old_header(lower, s->a->args);

			if (b.rank == -2 || !h || h->rank <= b.rank)
				b.rank = -2;
			else
				b.rank = h->rank;
			if (h)
				b.mask |= (uint64_t)1 << h->id;
		}
		if (s == step->variable)
			break;
	}
	return b;
}

static void pass_on(struct p4_lower *lower, const struct p4_step *from, const struct behind *b,
		    struct p4_step *to)
{
	if (!to)
		return;
	if (b->rank == -2 || to->rank == -2)
		to->rank = -2;
	else if (to->rank < b->rank)
		to->rank = b->rank;
	for (uint32_t i = 0; i < from->n_masks; i++)
		add_mask(lower, to, from->masks[i] | b->mask);
}

static void pass_to(struct p4_lower *lower, const struct p4_step *from, const struct behind *b,
		    const struct p4_stmt *to)
{
	if (to->state) {
		pass_on(lower, from, b,
			seki_old_step(lower, to->state, to->state->body, from->end_off));
		return;
	}
	if (strcmp(to->name, "accept") != 0)
		return;
	lower->in_order &= b->rank != -2;
	for (uint32_t i = 0; i < from->n_masks; i++)
		add_layout(lower, from->masks[i] | b->mask, from->end_off / 8, to->tok);
}

static void walk(struct p4_lower *lower, const struct p4_step *step)
{
	struct behind b = behind(lower, step);

	if (step->variable) {
		for (uint32_t n = 0; n <= step->sizes.max; n += step->sizes.unit)
			pass_on(lower, step, &b,
				seki_old_step(lower, step->state, step->variable->next,
					      step->variable_off + n));
		return;
	}
	for (const struct p4_stmt *s = step->start; s; s = s->next) {
		if (s->kind == P4_S_TRANSITION)
			pass_to(lower, step, &b, s);
		for (const struct p4_stmt *c = s->cases; c && s->kind == P4_S_SELECT; c = c->next)
			pass_to(lower, step, &b, c);
	}
}

int seki_old_order(struct p4_lower *lower)
{
	lower->layouts = seki_arena_alloc(lower->arena,
					  SEKI_P4_MAX_LAYOUTS * sizeof(*lower->layouts));
	lower->in_order = !lower->has_advance;
	if (lower->order)
		add_mask(lower, lower->order, 0);
	for (struct p4_step *s = lower->order; s; s = s->follower)
		walk(lower, s);
	return lower->diags->errors ? -EINVAL : 0;
}
