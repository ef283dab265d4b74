/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drops what sets a variable to 0 that is still 0 from the entry: out parameters and declarations do
 * so. A header that nothing but its extraction touches is seen as such afterwards.
 */
#include "compiler/p4/pass/flow.h"
#include "compiler/p4/pass/plan.h"

struct touched {
	uint64_t *set; /* variables that may be other than 0, by id */
	uint32_t words;
};

static void touch(void *arg, struct ir_var *var)
{
	struct touched *t = arg;

	seki_set_add(t->set, var->id);
}

static bool is_touched(const struct touched *t, const struct ir_var *var)
{
	return var->kind == IR_VAR_STD || seki_set_has(t->set, var->id);
}

static bool clears_untouched(const struct ir_insn *insn, const struct touched *t)
{
	if (insn->op == IR_SET)
		return seki_ir_is_const(insn->a, 0) && !is_touched(t, insn->var);
	return insn->op == IR_SET_VARBIT && !insn->from && !is_touched(t, insn->var);
}

/* What is touched behind the block, of what is before it. */
static void pass_block(const struct ir_block *block, struct touched *t)
{
	for (const struct ir_insn *i = block->first; i; i = i->next)
		if (!clears_untouched(i, t))
			seki_flow_writes(i, touch, t);
}

static bool pass_on(struct ir_block *block, const struct touched *t, uint64_t *before)
{
	struct flow_edges edges = seki_flow_edges(block);
	struct ir_block **to;
	bool news = false;

	while ((to = seki_flow_next(&edges)))
		news |= seki_set_join(before + (size_t)(*to)->id * t->words, t->set, t->words);
	return news;
}

static void start(struct touched *t, const uint64_t *before, const struct ir_block *block)
{
	for (uint32_t w = 0; w < t->words; w++)
		t->set[w] = before[(size_t)block->id * t->words + w];
}

static void drop(struct ir_block *block, struct touched *t)
{
	struct ir_insn **at = &block->first;

	while (*at) {
		if (clears_untouched(*at, t)) {
			*at = (*at)->next;
			continue;
		}
		seki_flow_writes(*at, touch, t);
		at = &(*at)->next;
	}
	block->end = at;
}

void seki_p4_drop_clears(struct ir_program *ir)
{
	struct touched t = {.words = seki_set_words(ir->n_vars)};
	struct flow_order order;
	uint64_t *before;
	bool more = true;

	seki_flow_number(ir);
	order = seki_flow_order(ir, ir->entry, false);
	t.set = seki_arena_alloc(ir->arena, t.words * sizeof(*t.set));
	before = seki_arena_alloc(ir->arena, (size_t)ir->n_blocks * t.words * sizeof(*before));
	if (ir->pass) /* 1 at first */
		seki_set_add(before + (size_t)ir->entry->id * t.words, ir->pass->id);
	while (more) {
		more = false;
		for (uint32_t i = 0; i < order.n; i++) {
			start(&t, before, order.blocks[i]);
			pass_block(order.blocks[i], &t);
			more |= pass_on(order.blocks[i], &t, before);
		}
	}
	for (uint32_t i = 0; i < order.n; i++) {
		start(&t, before, order.blocks[i]);
		drop(order.blocks[i], &t);
	}
}
