/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loop of the parser's states comes back with is forgotten, but for the number of its rounds, and
 * so is what a parser with such loops accepts with: else the verifier follows each round, and all behind
 * the parser, for each of the values that there can be.
 */
#include <string.h>

#include "compiler/p4/pass/loops.h"

struct live {
	struct ir_program *ir;
	uint32_t words;
	uint64_t *sets;	   /* for each block: variables that are read before they are set */
	uint64_t *now;	   /* of the block that is looked at */
	uint64_t *set;	   /* by it, so far */
	uint64_t *written; /* in the parser */
};

static void add_live(void *arg, struct ir_var *var)
{
	struct live *l = arg;

	if (!seki_set_has(l->set, var->id))
		seki_set_add(l->now, var->id);
}

static void add_written(void *arg, struct ir_var *var)
{
	seki_set_add(((struct live *)arg)->written, var->id);
}

static uint64_t *live_at(const struct live *l, const struct ir_block *block)
{
	return l->sets + (size_t)block->id * l->words;
}

/* Only what is set for sure is not live before. */
static bool look_at(struct live *l, struct ir_block *block)
{
	struct flow_edges edges = seki_flow_edges(block);
	struct ir_block **to;
	bool news;

	memset(l->now, 0, l->words * sizeof(*l->now));
	memset(l->set, 0, l->words * sizeof(*l->set));
	for (const struct ir_insn *i = block->first; i; i = i->next) {
		seki_flow_reads(i, add_live, l);
		if (i->op == IR_SET && !i->guard)
			seki_set_add(l->set, i->var->id);
	}
	seki_flow_expr_reads(block->value, add_live, l);
	news = seki_set_join(live_at(l, block), l->now, l->words);
	while ((to = seki_flow_next(&edges))) {
		for (uint32_t i = 0; i < l->words; i++)
			l->now[i] = live_at(l, *to)[i] & ~l->set[i];
		news |= seki_set_join(live_at(l, block), l->now, l->words);
	}
	return news;
}

/* All of it where that is come back with: what is left would add up round by round. */
static void forget_in(struct live *l, struct ir_block *block)
{
	bool is_loop = seki_loops_is_count(block);
	const uint64_t *live = live_at(l, block->to);

	for (struct ir_var *var = l->ir->vars; var; var = var->next)
		if ((var->kind == IR_VAR_PLAIN || var->kind == IR_VAR_FIELD) && var->width <= 64 &&
		    seki_set_has(live, var->id) && seki_set_has(l->written, var->id)) {
			struct ir_insn *insn = seki_ir_insn(l->ir, block, IR_FORGET, block->tok);

			insn->var = var;
			insn->lo = is_loop;
		}
}

void seki_loops_forget(struct ir_program *ir)
{
	struct live l = {.ir = ir};
	struct flow_order all, parser;
	bool more = true, loops = false;

	seki_flow_number(ir);
	all = seki_flow_order(ir, ir->entry, false);
	parser = seki_flow_order(ir, ir->entry, true);
	l.words = seki_set_words(ir->n_vars);
	l.sets = seki_arena_alloc(ir->arena, (size_t)ir->n_blocks * l.words * sizeof(uint64_t));
	l.now = seki_arena_alloc(ir->arena, l.words * sizeof(uint64_t));
	l.set = seki_arena_alloc(ir->arena, l.words * sizeof(uint64_t));
	l.written = seki_arena_alloc(ir->arena, l.words * sizeof(uint64_t));
	for (uint32_t b = 0; b < parser.n; b++)
		for (const struct ir_insn *i = parser.blocks[b]->first; i; i = i->next)
			seki_flow_writes(i, add_written, &l);
	while (more) {
		more = false;
		for (uint32_t b = all.n; b-- > 0;)
			more |= look_at(&l, all.blocks[b]);
	}
	for (uint32_t b = 0; b < parser.n; b++)
		loops |= seki_loops_is_count(parser.blocks[b]);
	for (uint32_t b = 0; b < parser.n && loops; b++)
		if (seki_loops_is_count(parser.blocks[b]) || parser.blocks[b]->last == IR_ACCEPTED)
			forget_in(&l, parser.blocks[b]);
}
