/* SPDX-License-Identifier: Apache-2.0 */
/* Adds instructions and blocks to the graph: see lower.h. */
#include "compiler/p4/lower/lower.h"

#define MAX_INSNS 1000000u

/* Calls in calls may double what there is again and again. */
static void tell_too_large(struct lower *lw)
{
	if (!lw->stop)
		seki_diag_error(lw->diags, lw->tok->at,
				"with this the program has more than %u steps once all calls are "
				"in place: call less, or from fewer places",
				MAX_INSNS);
	lw->stop = true;
	lw->block = NULL;
}

struct ir_insn *seki_lower_insn(struct lower *lw, enum ir_insn_op op)
{
	if (!lw->block)
		return NULL;
	if (lw->n_insns++ >= MAX_INSNS) {
		tell_too_large(lw);
		return seki_arena_new(lw->arena, struct ir_insn);
	}
	return seki_ir_insn(lw->ir, lw->block, op, lw->tok);
}

void seki_lower_set(struct lower *lw, struct ir_var *var, struct ir_var *guard,
		    const struct ir_expr *value)
{
	struct ir_insn *insn = seki_lower_insn(lw, IR_SET);

	if (!insn)
		return;
	insn->var = var;
	insn->guard = guard;
	insn->a = value;
}

struct ir_block *seki_lower_block(struct lower *lw, const char *name)
{
	if (lw->n_insns++ >= MAX_INSNS)
		tell_too_large(lw);
	return seki_ir_block(lw->ir, name);
}

void seki_lower_goto(struct lower *lw, struct ir_block *to)
{
	if (!lw->block)
		return;
	lw->block->last = IR_GOTO;
	lw->block->tok = lw->tok;
	lw->block->to = to;
	lw->block = NULL;
}

void seki_lower_branch(struct lower *lw, const struct ir_expr *cond, struct ir_block *then,
		       struct ir_block *other)
{
	if (!lw->block)
		return;
	if (cond->op == IR_CONST) {
		seki_lower_goto(lw, seki_ir_is_const(cond, 0) ? other : then);
		return;
	}
	lw->block->last = IR_BRANCH;
	lw->block->tok = lw->tok;
	lw->block->value = cond;
	lw->block->to = then;
	lw->block->other = other;
	lw->block = NULL;
}
