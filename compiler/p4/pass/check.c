/* SPDX-License-Identifier: Apache-2.0 */
/* What holds after each pass, as plan.h states it; tests ask. */
#include "abi/ring.h"
#include "compiler/p4/pass/loops.h"
#include "compiler/p4/pass/plan.h"

struct check {
	struct ir_program *ir;
	const char *fault;
};

static void expect(struct check *c, bool ok, const char *fault)
{
	if (!ok && !c->fault)
		c->fault = fault;
}

static void not_an_index(void *arg, struct ir_var *var)
{
	struct check *c = arg;

	for (const struct ir_stack *s = c->ir->stacks; s; s = s->next)
		expect(c, s->next_index != var, "a stack's next index is read in the parser");
}

static void check_place(struct check *c, const struct ir_insn *insn, uint32_t bits)
{
	expect(c, !insn->at.base || insn->at.base->kind == IR_VAR_BASE,
	       "a place is not from a base variable");
	expect(c, insn->at.bits + bits <= SEKI_PACKET_MAX * 8, "a place is beyond any packet");
}

static void check_insn(struct check *c, const struct ir_insn *insn)
{
	seki_flow_reads(insn, not_an_index, c);
	switch (insn->op) {
	case IR_NEED:
		check_place(c, insn, insn->lo);
		break;
	case IR_EXTRACT:
		expect(c, insn->header && !insn->stack, "an extract has no header");
		check_place(c, insn, insn->header ? insn->header->bits : 0);
		break;
	case IR_PEEK:
		check_place(c, insn, insn->var->width);
		break;
	case IR_MARK:
		check_place(c, insn, 0);
		expect(c, insn->at.bits % 8 == 0, "a base is inside a byte");
		expect(c, insn->var->kind == IR_VAR_BASE, "what is marked is no base");
		break;
	case IR_ADVANCE:
	case IR_PUSH:
	case IR_POP:
		expect(c, false, "an instruction that moves a cursor is left");
		break;
	default:
		break;
	}
}

static void check_block(struct check *c, const struct ir_block *block)
{
	for (const struct ir_insn *i = block->first; i; i = i->next)
		check_insn(c, i);
	seki_flow_expr_reads(block->value, not_an_index, c);
	if (block->last == IR_ACCEPTED)
		expect(c, block->at.bits % 8 == 0, "the parser accepts inside a byte");
}

/* With the edges that count taken away, no block of a state can be come back to. */
static void check_loops(struct check *c)
{
	struct flow_order order = seki_flow_order(c->ir, c->ir->entry, true);
	uint32_t *rank = seki_arena_alloc(c->ir->arena, c->ir->n_blocks * sizeof(*rank));

	for (uint32_t i = 0; i < order.n; i++)
		rank[order.blocks[i]->id] = i;
	for (uint32_t i = 0; i < order.n; i++) {
		struct flow_edges edges = seki_flow_edges(order.blocks[i]);
		struct ir_block **to;

		while (!seki_loops_is_count(order.blocks[i]) &&
		       order.blocks[i]->last != IR_ACCEPTED && (to = seki_flow_next(&edges)))
			expect(c, rank[(*to)->id] > i || !(*to)->name, "a loop is not cut");
	}
}

static void check_parser(struct check *c)
{
	struct flow_order order = seki_flow_order(c->ir, c->ir->entry, true);

	for (uint32_t i = 0; i < order.n; i++)
		check_block(c, order.blocks[i]);
	check_loops(c);
}

static void check_spot(struct check *c, const struct ir_insn *insn)
{
	const struct ir_fate *fate = &c->ir->plan->fates[insn->header->id];
	const struct ir_spot *spot = fate->spots;

	while (spot && (spot->at.base != insn->at.base || spot->at.bits != insn->at.bits))
		spot = spot->next;
	expect(c, spot && fate->extracted, "a place of an extract is not planned");
	expect(c, (fate->n_spots == 1 && !spot->at.base) || fate->where,
	       "where a header is extracted from is not kept");
}

static void check_plan(struct check *c)
{
	struct flow_order order = seki_flow_order(c->ir, c->ir->entry, false);

	for (uint32_t b = 0; b < order.n; b++)
		for (const struct ir_insn *i = order.blocks[b]->first; i; i = i->next) {
			if (i->op == IR_EXTRACT)
				check_spot(c, i);
			if (i->op == IR_EMIT)
				expect(c, i->var, "an emit has no flag");
		}
	for (uint32_t i = 0; i < c->ir->n_emits; i++)
		expect(c, c->ir->emits[i].flag, "what is emitted has no flag");
}

const char *seki_p4_pass_fault(struct ir_program *ir, enum ir_pass after)
{
	struct check c = {.ir = ir};
	uint32_t n = 0;

	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		expect(&c, b->id == n++, "blocks are not numbered by their place");
	if (c.fault)
		return c.fault;
	check_parser(&c);
	if (after >= IR_PASS_PLAN)
		check_plan(&c);
	if (after >= IR_PASS_PRUNE)
		expect(&c, seki_flow_order(ir, ir->entry, false).n == n,
		       "a block cannot be reached");
	return c.fault;
}
