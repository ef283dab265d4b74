/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to know of each header, and of all ways through the parser together: which headers can
 * have been extracted where it accepts, and whether in the order in which they leave again.
 */
#include "compiler/p4/pass/plan.h"

#include <errno.h>
#include <string.h>

#include "compiler/p4/pass/flow.h"

#define MAX_MASKS    64u /* at one block */
#define MAX_LAYOUTS  256u

#define NOT_IN_ORDER (-2)

/* What can have happened on the ways to a block's start. */
struct ways {
	uint64_t *extracted; /* headers, by id: on some way */
	uint64_t *masks;     /* sets of headers: each what one way, or several, extracted */
	uint32_t n_masks;
	int rank; /* of the last header of all ways; -1: none, NOT_IN_ORDER */
	bool reached;
};

struct planner {
	struct ir_program *ir;
	struct ir_plan *plan;
	uint32_t words;
	struct ways *ways; /* by id of the block */
	struct ways after; /* of the block that is looked at */
	uint64_t *added;   /* and what it extracts */
	uint64_t *mask;
	bool too_many; /* ways to be told apart */
	bool in_order;
};

/* ---- fates ---- */

static void add_spot(struct planner *p, const struct ir_insn *extract)
{
	struct ir_fate *fate = &p->plan->fates[extract->header->id];
	struct ir_spot *spot = fate->spots;

	fate->extracted = true;
	while (spot && (spot->at.base != extract->at.base || spot->at.bits != extract->at.bits))
		spot = spot->next;
	if (!spot) {
		spot = seki_arena_new(p->ir->arena, struct ir_spot);
		spot->at = extract->at;
		spot->next = fate->spots;
		fate->spots = spot;
		fate->n_spots++;
	}
	if ((fate->n_spots > 1 || spot->at.base) && !fate->where)
		fate->where = seki_ir_var(
			p->ir, IR_VAR_BASE, 32,
			seki_arena_printf(p->ir->arena, "%s.place", extract->header->path));
}

static void note_write(void *arg, struct ir_var *var)
{
	struct planner *p = arg;
	struct ir_fate *fate = var->header ? &p->plan->fates[var->header->id] : NULL;

	var->written = true;
	if (!fate)
		return;
	fate->written = true;
	fate->moved |= var->kind != IR_VAR_FIELD; /* a varbit field's size is the header's */
}

static void rank_headers(struct planner *p)
{
	for (uint32_t i = 0; i < p->ir->n_headers; i++)
		p->plan->fates[i].rank = -1;
	for (uint32_t i = 0; i < p->ir->n_emits; i++) {
		const struct ir_emit *emit = &p->ir->emits[i];
		struct ir_fate *fate = &p->plan->fates[emit->header->id];

		if (fate->rank >= 0)
			fate->emitted_twice = true;
		else
			fate->rank = (int)i;
		fate->moved |= emit->flag != emit->header->valid;
	}
}

static void find_fates(struct planner *p)
{
	struct flow_order all = seki_flow_order(p->ir, p->ir->entry, false);

	for (uint32_t i = 0; i < all.n; i++)
		for (const struct ir_insn *n = all.blocks[i]->first; n; n = n->next)
			if (n->op == IR_EXTRACT)
				add_spot(p, n);
			else
				seki_flow_writes(n, note_write, p);
	rank_headers(p);
}

/* ---- ways through the parser ---- */

static uint64_t *new_set(struct planner *p)
{
	return seki_arena_alloc(p->ir->arena, p->words * sizeof(uint64_t));
}

static bool add_mask(struct planner *p, struct ways *to, const uint64_t *mask)
{
	size_t bytes = p->words * sizeof(*mask);

	for (uint32_t i = 0; i < to->n_masks; i++)
		if (memcmp(to->masks + (size_t)i * p->words, mask, bytes) == 0)
			return false;
	if (to->n_masks == MAX_MASKS) {
		p->too_many = true;
		return false;
	}
	if (!to->masks)
		to->masks = seki_arena_alloc(p->ir->arena, MAX_MASKS * bytes);
	memcpy(to->masks + (size_t)to->n_masks++ * p->words, mask, bytes);
	return true;
}

static bool join_rank(struct ways *to, int rank)
{
	int old = to->rank;

	if (rank == NOT_IN_ORDER || to->rank == NOT_IN_ORDER)
		to->rank = NOT_IN_ORDER;
	else if (to->rank < rank)
		to->rank = rank;
	return to->rank != old;
}

static bool join(struct planner *p, struct ways *to, const struct ways *from)
{
	bool news = !to->reached;

	to->reached = true;
	news |= seki_set_join(to->extracted, from->extracted, p->words);
	news |= join_rank(to, from->rank);
	for (uint32_t i = 0; i < from->n_masks && !p->too_many; i++)
		news |= add_mask(p, to, from->masks + (size_t)i * p->words);
	return news;
}

/* Headers whose validity is not what the extraction made it are in no mask. */
static void extract(struct planner *p, struct ways *ways, const struct ir_header *header,
		    uint64_t *added)
{
	struct ir_fate *fate = &p->plan->fates[header->id];

	fate->extracted_twice |= seki_set_has(ways->extracted, header->id);
	seki_set_add(ways->extracted, header->id);
	if (ways->rank == NOT_IN_ORDER || fate->rank <= ways->rank)
		ways->rank = NOT_IN_ORDER;
	else
		ways->rank = fate->rank;
	if (fate->rank >= 0 && !fate->moved)
		seki_set_add(added, header->id);
}

static void copy_set(const struct planner *p, uint64_t *to, const uint64_t *from)
{
	memcpy(to, from, p->words * sizeof(*to));
}

/* The ways as they are behind the block: valid until the next is looked at. */
static const struct ways *behind(struct planner *p, const struct ir_block *block)
{
	const struct ways *before = &p->ways[block->id];
	struct ways *after = &p->after;

	copy_set(p, after->extracted, before->extracted);
	after->rank = before->rank;
	after->n_masks = 0;
	memset(p->added, 0, p->words * sizeof(*p->added));
	for (const struct ir_insn *i = block->first; i; i = i->next)
		if (i->op == IR_EXTRACT)
			extract(p, after, i->header, p->added);
	for (uint32_t i = 0; i < before->n_masks && !p->too_many; i++) {
		copy_set(p, p->mask, before->masks + (size_t)i * p->words);
		seki_set_join(p->mask, p->added, p->words);
		add_mask(p, after, p->mask);
	}
	return after;
}

static bool walk_block(struct planner *p, struct ir_block *block)
{
	struct flow_edges edges = seki_flow_edges(block);
	const struct ways *after = behind(p, block);
	struct ir_block **to;
	bool news = false;

	while (block->last != IR_ACCEPTED && (to = seki_flow_next(&edges)))
		news |= join(p, &p->ways[(*to)->id], after);
	return news;
}

/* ---- layouts ---- */

static bool is_layout_there(const struct planner *p, const uint64_t *mask, uint32_t len)
{
	for (uint32_t i = 0; i < p->plan->n_layouts; i++)
		if (p->plan->layouts[i].len == len &&
		    memcmp(p->plan->layouts[i].headers, mask, p->words * sizeof(*mask)) == 0)
			return true;
	return false;
}

static void add_layout(struct planner *p, const uint64_t *mask, uint32_t len)
{
	struct ir_layout *layout = &p->plan->layouts[p->plan->n_layouts++];

	layout->len = len;
	layout->headers = new_set(p);
	copy_set(p, layout->headers, mask);
}

static void accept(struct planner *p, const struct ir_block *block)
{
	const struct ways *ways = behind(p, block);

	p->in_order &= ways->rank != NOT_IN_ORDER;
	p->too_many |= block->at.base != NULL;
	for (uint32_t i = 0; i < ways->n_masks && !p->too_many; i++) {
		uint64_t *mask = ways->masks + (size_t)i * p->words;

		if (is_layout_there(p, mask, block->at.bits / 8))
			continue;
		if (p->plan->n_layouts == MAX_LAYOUTS)
			p->too_many = true;
		else
			add_layout(p, mask, block->at.bits / 8);
	}
}

static void find_ways(struct planner *p)
{
	struct flow_order order = seki_flow_order(p->ir, p->ir->entry, true);
	bool more = true;

	p->words = seki_set_words(p->ir->n_headers);
	p->added = new_set(p);
	p->mask = new_set(p);
	p->after.extracted = new_set(p);
	p->ways = seki_arena_alloc(p->ir->arena, p->ir->n_blocks * sizeof(*p->ways));
	for (uint32_t i = 0; i < order.n; i++) {
		struct ways *w = &p->ways[order.blocks[i]->id];

		w->extracted = new_set(p);
		w->rank = -1;
	}
	add_mask(p, &p->ways[p->ir->entry->id], p->mask);
	while (more) {
		more = false;
		for (uint32_t i = 0; i < order.n; i++)
			more |= walk_block(p, order.blocks[i]);
	}
	p->plan->layouts = seki_arena_alloc(p->ir->arena, MAX_LAYOUTS * sizeof(struct ir_layout));
	for (uint32_t i = 0; i < order.n; i++)
		if (order.blocks[i]->last == IR_ACCEPTED)
			accept(p, order.blocks[i]);
}

/* ---- all together ---- */

static bool has_constant_sizes(const struct planner *p)
{
	for (uint32_t i = 0; i < p->ir->n_emits; i++) {
		const struct ir_emit *emit = &p->ir->emits[i];
		const struct ir_fate *fate = &p->plan->fates[emit->header->id];

		if (emit->header->varbit && (fate->extracted || fate->moved))
			return false;
		if (fate->emitted_twice && emit->flag != emit->header->valid)
			return false; /* its emits come and go one by one */
	}
	return true;
}

static void decide(struct planner *p)
{
	struct ir_plan *plan = p->plan;
	bool moved = false;

	plan->in_order = p->in_order && !plan->skips;
	for (uint32_t i = 0; i < p->ir->n_headers; i++) {
		const struct ir_fate *fate = &plan->fates[i];

		if (fate->emitted_twice || fate->extracted_twice ||
		    (fate->extracted && fate->rank < 0))
			plan->in_order = false;
		moved |= fate->moved && fate->rank >= 0;
	}
	plan->preserved = plan->in_order && !moved;
	if (p->too_many || !has_constant_sizes(p))
		plan->n_layouts = 0;
}

int seki_p4_plan(struct ir_program *ir)
{
	struct planner p = {.ir = ir, .plan = ir->plan, .in_order = true};

	seki_p4_settle_emits(ir);
	seki_flow_number(ir);
	p.plan->fates = seki_arena_alloc(ir->arena, (ir->n_headers + 1) * sizeof(struct ir_fate));
	p.plan->head = seki_ir_var(ir, IR_VAR_BASE, 32, "head");
	find_fates(&p);
	find_ways(&p);
	decide(&p);
	return ir->diags->errors ? -EINVAL : 0;
}
