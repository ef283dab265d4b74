/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drops what can change nothing: blocks that nothing leads to, and what sets variables that nothing
 * reads. The rest is put in an order in which a block stands before those behind it.
 */
#include "compiler/p4/pass/flow.h"
#include "compiler/p4/pass/plan.h"

/* An instruction that is there for the variable's sake only. */
struct setter {
	struct setter *next;
	const struct ir_insn *insn;
};

struct prune {
	struct ir_program *ir;
	struct setter **setters; /* by id of the variable */
	struct ir_var **work;	 /* read, and what sets them not looked at yet */
	uint32_t n_work;
};

static void need(void *arg, struct ir_var *var)
{
	struct prune *p = arg;

	if (!var || var->read)
		return;
	var->read = true;
	p->work[p->n_work++] = var;
}

static void order_blocks(struct ir_program *ir)
{
	struct flow_order order;

	seki_flow_number(ir);
	order = seki_flow_order(ir, ir->entry, false);
	ir->blocks_end = &ir->blocks;
	for (uint32_t i = 0; i < order.n; i++) {
		*ir->blocks_end = order.blocks[i];
		ir->blocks_end = &order.blocks[i]->next;
	}
	*ir->blocks_end = NULL;
	seki_flow_number(ir);
}

/* What is looked at from outside of the graph: by the architecture, by the deparser's end. */
static void need_outside(struct prune *p)
{
	struct ir_program *ir = p->ir;

	need(p, ir->pass);
	need(p, ir->truncate);
	need(p, ir->truncate_len);
	need(p, ir->plan->head);
	for (struct ir_var *v = ir->vars; v; v = v->next)
		if (v->kind == IR_VAR_STD || v->kind == IR_VAR_BASE)
			need(p, v);
}

static void need_emits(struct prune *p)
{
	for (uint32_t i = 0; i < p->ir->n_emits; i++) {
		const struct ir_emit *emit = &p->ir->emits[i];
		const struct ir_header *h = emit->header;
		const struct ir_fate *fate = &p->ir->plan->fates[h->id];

		/* Headers that leave as they came are not looked at. */
		if (p->ir->plan->preserved && !(fate->written && fate->extracted))
			continue;
		need(p, emit->flag);
		need(p, h->valid);
		for (uint32_t f = 0; f < h->n_fields; f++) {
			need(p, h->fields[f].var);
			need(p, h->fields[f].var->size);
		}
	}
}

static bool is_for_its_variable(const struct ir_insn *insn)
{
	return insn->op == IR_SET || insn->op == IR_SET_VARBIT || insn->op == IR_PEEK ||
	       insn->op == IR_DATA || insn->op == IR_EMIT;
}

static void add_setter(struct prune *p, const struct ir_var *var, const struct ir_insn *insn)
{
	struct setter *s = seki_arena_new(p->ir->arena, struct setter);

	s->insn = insn;
	s->next = p->setters[var->id];
	p->setters[var->id] = s;
}

static void need_block(struct prune *p, const struct ir_block *block)
{
	for (const struct ir_insn *i = block->first; i; i = i->next) {
		if (!is_for_its_variable(i)) {
			seki_flow_reads(i, need, p);
			continue;
		}
		add_setter(p, i->var, i);
		if (i->var->size)
			add_setter(p, i->var->size, i);
	}
	seki_flow_expr_reads(block->value, need, p);
}

/* Behind the parser nobody asks for a stack's next element. */
static bool is_unneeded(const struct ir_insn *insn)
{
	if (insn->op == IR_PUSH || insn->op == IR_POP)
		return true;
	return is_for_its_variable(insn) && !insn->var->read &&
	       !(insn->var->size && insn->var->size->read);
}

static void drop_unneeded(struct ir_block *block)
{
	struct ir_insn **at = &block->first;

	while (*at) {
		if (is_unneeded(*at))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	block->end = at;
}

void seki_p4_prune(struct ir_program *ir)
{
	struct prune p = {.ir = ir};

	p.setters = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(struct setter *));
	p.work = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(struct ir_var *));
	order_blocks(ir);
	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		need_block(&p, b);
	need_outside(&p);
	need_emits(&p);
	while (p.n_work) {
		const struct ir_var *var = p.work[--p.n_work];

		for (const struct setter *s = p.setters[var->id]; s; s = s->next)
			seki_flow_reads(s->insn, need, &p);
	}
	for (struct ir_block *b = ir->blocks; b; b = b->next)
		drop_unneeded(b);
}
