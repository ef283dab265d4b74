/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops (P4_16 specification, section 12.8): a few rounds that are known become the body so many
 * times; others are loops of the graph, which the verifier bounds.
 */
#include "compiler/p4/lower/lower.h"

/* Where break and continue of a loop go; the frame's own are put back by end_loop(). */
struct loop {
	struct ir_block *outer_break, *outer_continue;
	struct ir_block *end, *next;
};

static void begin_loop(struct lower *lw, struct loop *loop, struct ir_block *end)
{
	struct frame *frame = lw->frame;

	loop->outer_break = frame->on_break;
	loop->outer_continue = frame->on_continue;
	loop->end = frame->on_break = end;
	loop->next = frame->on_continue = seki_lower_block(lw, NULL);
}

/* The body, up to where the next round is prepared. */
static void lower_body(struct lower *lw, const struct loop *loop, const struct p4_stmt *body)
{
	seki_lower_stmt(lw, body);
	seki_lower_goto(lw, loop->next);
	lw->block = loop->next;
	lw->frame->on_break = loop->outer_break;
	lw->frame->on_continue = loop->outer_continue;
}

/* ---- rounds that are known ---- */

#define MAX_ROUNDS 64u
/* Statements that loops in loops may become. */
#define MAX_COPIES 4096u

/* What the variable of a loop is in each round. */
struct rounds {
	const struct ir_expr *values[MAX_ROUNDS];
	uint32_t n;
};

static bool is_of(const struct p4_expr *e, const struct p4_decl *decl)
{
	while (e && (e->kind == P4_E_MEMBER || e->kind == P4_E_INDEX || e->kind == P4_E_SLICE))
		e = e->a;
	return e && e->kind == P4_E_NAME && e->decl == decl;
}

/* Is the variable given to something that writes to it? */
static bool expr_writes(const struct p4_expr *e, const struct p4_decl *decl)
{
	uint32_t i = 0;

	if (!e || e->known)
		return false;
	if (e->kind == P4_E_CALL && e->bound && e->callee)
		for (const struct p4_decl *p = e->callee->params; p; p = p->next, i++)
			if (p->dir != P4_DIR_IN && e->bound[i] && is_of(e->bound[i], decl))
				return true;
	for (const struct p4_expr *arg = e->args; arg; arg = arg->next)
		if (expr_writes(arg, decl))
			return true;
	return expr_writes(e->a, decl) || expr_writes(e->b, decl) || expr_writes(e->c, decl);
}

/* Adds how many statements there are to *n. */
static bool stmts_write(const struct p4_stmt *list, const struct p4_decl *decl, uint32_t *n)
{
	for (const struct p4_stmt *s = list; s; s = s->next) {
		++*n;
		if (s->kind == P4_S_ASSIGN && is_of(s->a, decl))
			return true;
		if (expr_writes(s->a, decl) || expr_writes(s->b, decl) ||
		    (s->decl && expr_writes(s->decl->init, decl)))
			return true;
		if (stmts_write(s->init, decl, n) || stmts_write(s->update, decl, n) ||
		    stmts_write(s->body, decl, n) || stmts_write(s->other, decl, n) ||
		    stmts_write(s->cases, decl, n))
			return true;
	}
	return false;
}

/* Is the body the same in each round, but for a constant, and not too large for all rounds? */
static bool can_unroll(const struct lower *lw, const struct p4_stmt *s, const struct p4_decl *decl,
		       const struct rounds *rounds)
{
	uint32_t n = 0;

	return !stmts_write(s->body, decl, &n) &&
	       (uint64_t)n * rounds->n * (lw->copies + 1) <= MAX_COPIES;
}

static const struct ir_expr *known(struct lower *lw, const struct p4_expr *e)
{
	const struct ir_expr *value = seki_lower_acts(e) ? NULL : seki_lower_scalar(lw, e);

	return value && value->op == IR_CONST ? value : NULL;
}

/* for (T i = constant; condition on i; i = of i): goes through the rounds, without code. */
static bool count_rounds(struct lower *lw, const struct p4_stmt *s, const struct p4_decl *decl,
			 struct rounds *rounds)
{
	const struct ir_expr *value = known(lw, decl->init), *more = NULL;

	rounds->n = 0;
	while (value) {
		seki_lower_bind(lw, decl, seki_lower_constant(lw, value, decl->type));
		more = known(lw, s->a);
		if (!more || seki_ir_is_const(more, 0) || rounds->n == MAX_ROUNDS)
			break;
		rounds->values[rounds->n++] = value;
		value = known(lw, s->update->b);
	}
	return value && more && seki_ir_is_const(more, 0);
}

static bool count_for(struct lower *lw, const struct p4_stmt *s, struct rounds *rounds)
{
	const struct p4_decl *decl = s->init ? s->init->decl : NULL;
	const struct p4_stmt *update = s->update;
	struct ir_block *block = lw->block;
	bool counted;

	if (!decl || decl->kind != P4_D_VAR || !decl->init || s->init->next || !update ||
	    update->next || update->kind != P4_S_ASSIGN || update->a->kind != P4_E_NAME ||
	    update->a->decl != decl || !seki_lower_width(seki_lower_type(lw, decl->type)))
		return false;
	lw->block = NULL;
	counted = count_rounds(lw, s, decl, rounds);
	lw->block = block;
	return counted && can_unroll(lw, s, decl, rounds);
}

static bool count_range(struct lower *lw, const struct p4_stmt *s, const struct ir_expr *low,
			const struct ir_expr *high, struct rounds *rounds)
{
	bool is_signed = seki_type_base(s->decl->type)->kind == P4_T_SIGNED;

	rounds->n = 0;
	if (!low || !high || low->op != IR_CONST || high->op != IR_CONST)
		return false;
	if (!seki_ir_is_const(seki_ir_binary(lw->ir, is_signed ? IR_LT_S : IR_LT, 1, high, low), 0))
		return true;
	for (; rounds->n < MAX_ROUNDS; rounds->n++) {
		rounds->values[rounds->n] = low;
		if (seki_num_cmp(&low->num, &high->num) == 0) {
			rounds->n++;
			return can_unroll(lw, s, s->decl, rounds);
		}
		low = seki_ir_binary(lw->ir, IR_ADD, low->width, low,
				     seki_ir_const(lw->ir, low->width, 1));
	}
	return false;
}

/* The body once for each round: the variable is a constant in each. */
static void unroll(struct lower *lw, const struct p4_stmt *s, const struct p4_decl *decl,
		   const struct rounds *rounds)
{
	const struct p4_type *type = seki_lower_type(lw, decl->type);
	struct ir_block *end = seki_lower_block(lw, NULL);
	uint32_t copies = lw->copies;
	struct loop loop;

	lw->copies = (copies + 1) * rounds->n;
	for (uint32_t i = 0; i < rounds->n && lw->block && !lw->stop; i++) {
		seki_lower_bind(lw, decl, seki_lower_constant(lw, rounds->values[i], type));
		begin_loop(lw, &loop, end);
		lower_body(lw, &loop, s->body);
	}
	lw->copies = copies;
	seki_lower_goto(lw, end);
	lw->block = end;
}

/* ---- rounds that are not ---- */

static void lower_for(struct lower *lw, const struct p4_stmt *s)
{
	struct ir_block *head, *body, *end;
	struct rounds rounds;
	struct loop loop;

	if (count_for(lw, s, &rounds)) {
		unroll(lw, s, s->init->decl, &rounds);
		return;
	}
	seki_lower_stmts(lw, s->init);
	if (!lw->block)
		return;
	head = seki_lower_block(lw, NULL);
	body = seki_lower_block(lw, NULL);
	end = seki_lower_block(lw, NULL);
	seki_lower_goto(lw, head);
	lw->block = head;
	seki_lower_branch(lw, seki_lower_scalar(lw, s->a), body, end);
	begin_loop(lw, &loop, end);
	lw->block = body;
	lower_body(lw, &loop, s->body);
	seki_lower_stmts(lw, s->update);
	lw->tok = s->tok;
	seki_lower_goto(lw, head);
	lw->block = end;
}

static struct value *loop_variable(struct lower *lw, const struct p4_stmt *s)
{
	struct value *var = seki_lower_storage(lw, s->decl->type, s->decl->name, s->decl->tok);

	seki_lower_bind(lw, s->decl, var);
	return var;
}

/* A bound that is evaluated once. */
static struct value *bound(struct lower *lw, const struct p4_expr *expr)
{
	return seki_lower_keep(lw, seki_lower_expr(lw, expr));
}

/*
 * for (T i in low .. high): a counter of its own, which the body cannot change, goes from low to
 * high; it ends at high, as there may be no number behind it. (Not by ==: the verifier knows how far high
 * can be, and not that the counter meets it.)
 */
static void lower_for_range(struct lower *lw, const struct p4_stmt *s)
{
	struct value *low = bound(lw, s->a->a), *high = bound(lw, s->a->b), *count, *var;
	enum ir_op le = seki_type_base(low->type)->kind == P4_T_SIGNED ? IR_LE_S : IR_LE;
	struct ir_block *body, *again, *end;
	struct rounds rounds;
	struct loop loop;

	if (count_range(lw, s, low->value, high->value, &rounds)) {
		unroll(lw, s, s->decl, &rounds);
		return;
	}
	count = seki_lower_copy(lw, low, "$count");
	var = loop_variable(lw, s);
	if (!lw->block || !count->var || !high->value || !var->var)
		return;
	body = seki_lower_block(lw, NULL);
	end = seki_lower_block(lw, NULL);
	seki_lower_branch(lw, seki_ir_binary(lw->ir, le, 1, low->value, high->value), body, end);
	begin_loop(lw, &loop, end);
	lw->block = body;
	seki_lower_set(lw, var->var, NULL, count->value);
	lower_body(lw, &loop, s->body);
	again = seki_lower_block(lw, NULL);
	lw->tok = s->tok;
	seki_lower_branch(lw, seki_ir_binary(lw->ir, le, 1, high->value, count->value), end, again);
	lw->block = again;
	seki_lower_set(lw, count->var, NULL,
		       seki_ir_binary(lw->ir, IR_ADD, count->var->width, count->value,
				      seki_ir_const(lw->ir, count->var->width, 1)));
	seki_lower_goto(lw, body);
	lw->block = end;
}

/* Numbers without a width, in a list, get the variable's. */
static void set_element(struct lower *lw, const struct value *var, const struct value *element)
{
	if (var->var && !element->value && element->num)
		seki_lower_set(lw, var->var, NULL,
			       seki_ir_num(lw->ir, var->var->width, element->num));
	else
		seki_lower_assign(lw, var, element);
}

/* Over a list or stack: the body once for each element. */
static void lower_for_each(struct lower *lw, const struct p4_stmt *s)
{
	struct value *all = bound(lw, s->a);
	struct value *var = loop_variable(lw, s);
	struct ir_block *end = seki_lower_block(lw, NULL);
	struct loop loop;

	for (uint32_t i = 0; i < all->n_parts && lw->block && !lw->stop; i++) {
		set_element(lw, var, all->parts[i]);
		begin_loop(lw, &loop, end);
		lower_body(lw, &loop, s->body);
	}
	seki_lower_goto(lw, end);
	lw->block = end;
}

void seki_lower_loop(struct lower *lw, const struct p4_stmt *s)
{
	if (s->kind == P4_S_FOR)
		lower_for(lw, s);
	else if (s->a->kind == P4_E_RANGE)
		lower_for_range(lw, s);
	else
		lower_for_each(lw, s);
}
