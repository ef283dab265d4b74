/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/pass/flow.h"

struct flow_edges seki_flow_edges(struct ir_block *block)
{
	return (struct flow_edges){.block = block, .next_case = block->cases};
}

struct ir_block **seki_flow_next(struct flow_edges *edges)
{
	struct ir_block *block = edges->block;
	uint32_t step = edges->step;

	switch (block->last) {
	case IR_GOTO:
	case IR_ACCEPTED:
		edges->step++;
		return step == 0 && block->to ? &block->to : NULL;
	case IR_BRANCH:
		edges->step++;
		return step == 0 ? &block->to : step == 1 ? &block->other : NULL;
	case IR_SWITCH:
		if (edges->next_case) {
			struct ir_case *c = edges->next_case;

			edges->next_case = c->next;
			return &c->to;
		}
		edges->step++;
		return step == 0 ? &block->other : NULL;
	case IR_REJECT:
	case IR_DROP:
	case IR_PASS:
		break;
	}
	return NULL;
}

void seki_flow_number(struct ir_program *ir)
{
	uint32_t id = 0;

	for (struct ir_block *b = ir->blocks; b; b = b->next)
		b->id = id++;
	ir->n_blocks = id;
}

struct flow_order seki_flow_order(struct ir_program *ir, struct ir_block *entry, bool in_parser)
{
	struct flow_order order = {0};
	struct flow_edges *stack = seki_arena_alloc(ir->arena, ir->n_blocks * sizeof(*stack));
	uint32_t depth = 0, last = ir->n_blocks;

	order.blocks = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(*order.blocks));
	order.reached = seki_arena_alloc(ir->arena, ir->n_blocks + 1);
	if (entry) {
		stack[depth++] = seki_flow_edges(entry);
		order.reached[entry->id] = true;
	}
	while (depth) {
		struct ir_block *block = stack[depth - 1].block;
		struct ir_block **to = in_parser && block->last == IR_ACCEPTED
					       ? NULL
					       : seki_flow_next(&stack[depth - 1]);

		if (!to) {
			order.blocks[--last] = block;
			depth--;
		} else if (!order.reached[(*to)->id]) {
			order.reached[(*to)->id] = true;
			stack[depth++] = seki_flow_edges(*to);
		}
	}
	order.blocks += last; /* they were filled in from the end */
	order.n = ir->n_blocks - last;
	return order;
}

void seki_flow_expr_reads(const struct ir_expr *expr, seki_flow_fn fn, void *arg)
{
	if (!expr)
		return;
	if (expr->op == IR_READ) {
		fn(arg, expr->var);
		if (expr->var->size)
			fn(arg, expr->var->size);
	}
	seki_flow_expr_reads(expr->a, fn, arg);
	seki_flow_expr_reads(expr->b, fn, arg);
	seki_flow_expr_reads(expr->c, fn, arg);
}

void seki_flow_reads(const struct ir_insn *insn, seki_flow_fn fn, void *arg)
{
	seki_flow_expr_reads(insn->a, fn, arg);
	if (insn->guard)
		fn(arg, insn->guard);
	if (insn->from) {
		fn(arg, insn->from);
		fn(arg, insn->from->size);
	}
	for (uint32_t i = 0; i < insn->n_args; i++)
		seki_flow_expr_reads(insn->args[i].value, fn, arg);
	if (insn->op == IR_EMIT)
		fn(arg, insn->header->valid);
}

static void write_one(struct ir_var *var, seki_flow_fn fn, void *arg)
{
	if (!var)
		return;
	fn(arg, var);
	if (var->size)
		fn(arg, var->size);
}

void seki_flow_writes(const struct ir_insn *insn, seki_flow_fn fn, void *arg)
{
	if (insn->op == IR_FORGET)
		return;
	write_one(insn->var, fn, arg);
	write_one(insn->hit, fn, arg);
	write_one(insn->action, fn, arg);
	write_one(insn->result, fn, arg);
	for (uint32_t i = 0; i < insn->n_args; i++)
		write_one(insn->args[i].result, fn, arg);
	if (insn->op != IR_EXTRACT)
		return;
	fn(arg, insn->header->valid);
	for (uint32_t i = 0; i < insn->header->n_fields; i++)
		write_one(insn->header->fields[i].var, fn, arg);
}
