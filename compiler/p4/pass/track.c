/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/pass/track.h"

/* ---- slots ---- */

/* How a variable occurs. */
struct occurrence {
	const struct ir_insn *set; /* the one unguarded IR_SET of it */
	uint32_t n_writes;
	bool outside; /* of the parser */
};

struct search {
	struct track *track;
	struct ir_program *ir;
	struct occurrence *seen; /* by id of a variable */
	const struct ir_insn *insn;
	bool outside;
	bool other; /* the expression reads what has no slot */
};

static void see_write(void *arg, struct ir_var *var)
{
	struct search *s = arg;
	struct occurrence *o = &s->seen[var->id];

	o->n_writes++;
	o->outside |= s->outside;
	o->set = s->insn->op == IR_SET && !s->insn->guard ? s->insn : NULL;
}

static void see_read(void *arg, struct ir_var *var)
{
	struct search *s = arg;

	s->seen[var->id].outside |= s->outside;
}

static void see_block(struct search *s, const struct ir_block *block)
{
	for (const struct ir_insn *i = block->first; i; i = i->next) {
		s->insn = i;
		seki_flow_reads(i, see_read, s);
		if (i->op !=
		    IR_EXTRACT) /* of a stack it has no header yet; nor does it set others */
			seki_flow_writes(i, see_write, s);
	}
	seki_flow_expr_reads(block->value, see_read, s);
}

static void look_for_slot(void *arg, struct ir_var *var)
{
	struct search *s = arg;

	s->other |= seki_track_slot(s->track, var) == 0;
}

/* A variable of the parser's alone that is set in one place, to what is computed of slots. */
static bool is_computed(struct search *s, const struct ir_var *var)
{
	const struct occurrence *o = &s->seen[var->id];

	if (var->kind != IR_VAR_PLAIN || var->width > 32 || o->n_writes != 1 || !o->set ||
	    o->outside || seki_track_slot(s->track, var) || o->set->a->op == IR_CONST)
		return false;
	s->other = false;
	seki_flow_expr_reads(o->set->a, look_for_slot, s);
	return !s->other;
}

static void give_slots(struct track *track, struct ir_program *ir, const struct flow_order *parser)
{
	struct search s = {.track = track, .ir = ir};
	bool more = true;

	s.seen = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(*s.seen));
	for (const struct ir_block *b = ir->blocks; b; b = b->next) {
		s.outside = !parser->reached[b->id];
		see_block(&s, b);
	}
	for (struct ir_stack *stack = ir->stacks; stack; stack = stack->next) {
		stack->id = track->n_slots++;
		if (stack->next_index)
			track->slots[stack->next_index->id] = track->n_slots;
	}
	while (more && track->n_slots) {
		more = false;
		for (const struct ir_var *v = ir->vars; v; v = v->next) {
			if (!is_computed(&s, v))
				continue;
			track->slots[v->id] = ++track->n_slots;
			more = true;
		}
	}
}

/* ---- where they matter ---- */

struct usage {
	const struct track *track;
	uint64_t *used, *set;
};

static void use_slot(struct usage *use, uint32_t slot)
{
	if (!seki_set_has(use->set, slot))
		seki_set_add(use->used, slot);
}

static void use_var(void *arg, struct ir_var *var)
{
	struct usage *use = arg;
	uint32_t slot = seki_track_slot(use->track, var);

	if (slot)
		use_slot(use, slot - 1);
}

/* What the block itself looks at before it sets it, and what it sets before it looks at it. */
static void use_block(struct usage *use, const struct ir_block *block)
{
	for (const struct ir_insn *i = block->first; i; i = i->next) {
		uint32_t slot = i->op == IR_SET ? seki_track_slot(use->track, i->var) : 0;

		seki_flow_reads(i, use_var, use);
		if (i->stack)
			use_slot(use, i->stack->id);
		if (slot && !seki_set_has(use->used, slot - 1))
			seki_set_add(use->set, slot - 1);
	}
	seki_flow_expr_reads(block->value, use_var, use);
}

static bool use_from(const struct track *track, struct ir_block *block, const uint64_t *set)
{
	uint32_t words = seki_set_words(track->n_slots);
	uint64_t *used = track->used + (size_t)block->id * words;
	struct flow_edges edges = seki_flow_edges(block);
	struct ir_block **to;
	uint64_t news = 0;

	while (block->last != IR_ACCEPTED && (to = seki_flow_next(&edges))) {
		const uint64_t *behind = seki_track_used(track, *to);

		for (uint32_t w = 0; w < words; w++) {
			news |= behind[w] & ~set[w] & ~used[w];
			used[w] |= behind[w] & ~set[w];
		}
	}
	return news != 0;
}

static void find_used(struct track *track, struct ir_program *ir, const struct flow_order *parser)
{
	uint32_t words = seki_set_words(track->n_slots);
	size_t bytes = (size_t)ir->n_blocks * words * sizeof(uint64_t);
	uint64_t *set = seki_arena_alloc(ir->arena, bytes);
	bool more = true;

	track->used = seki_arena_alloc(ir->arena, bytes);
	for (uint32_t i = 0; i < parser->n; i++) {
		size_t at = (size_t)parser->blocks[i]->id * words;
		struct usage use = {track, track->used + at, set + at};

		use_block(&use, parser->blocks[i]);
	}
	while (more) {
		more = false;
		for (uint32_t i = parser->n; i-- > 0;)
			more |= use_from(track, parser->blocks[i],
					 set + (size_t)parser->blocks[i]->id * words);
	}
}

void seki_track_init(struct track *track, struct ir_program *ir, const struct flow_order *parser)
{
	*track = (struct track){.n_vars = ir->n_vars};
	track->slots = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(*track->slots));
	give_slots(track, ir, parser);
	find_used(track, ir, parser);
}
