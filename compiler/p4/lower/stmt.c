/* SPDX-License-Identifier: Apache-2.0 */
/* Statements (P4_16 specification, section 12). */
#include "compiler/p4/lower/lower.h"

/* ---- declarations ---- */

/* A local object is made once, however often the block that it is in is put in place. */
static void lower_instance(struct lower *lw, const struct p4_decl *decl)
{
	struct instance *in = lw->frame->instance;

	if (seki_lower_find(lw, decl) || !decl->init)
		return;
	seki_lower_bind_in(lw, in ? in->frame : lw->global, decl,
			   seki_lower_construct(lw, decl->init, decl->type, decl));
}

/* "ingress.acl.count" in a control, "forward.port" in an action. */
static const char *name_of(struct lower *lw, const struct p4_decl *decl)
{
	const struct p4_decl *in = lw->frame->decl;
	const char *where = in->name;

	if (lw->frame->instance && (in->kind == P4_D_CONTROL || in->kind == P4_D_PARSER))
		where = lw->frame->instance->path;
	return seki_arena_printf(lw->arena, "%s.%s", where, decl->name);
}

static void lower_var(struct lower *lw, const struct p4_decl *decl)
{
	struct value *init = decl->init ? seki_lower_expr(lw, decl->init) : NULL;
	const char *name = name_of(lw, decl);
	struct value *var = seki_lower_storage(lw, decl->type, name, decl->tok);

	if (init)
		seki_lower_assign(lw, var, init);
	else
		seki_lower_clear(lw, var);
	seki_lower_bind(lw, decl, var);
}

void seki_lower_decl(struct lower *lw, const struct p4_decl *decl)
{
	if (lw->stop)
		return;
	if (decl->kind == P4_D_VAR)
		lower_var(lw, decl);
	else if (decl->kind == P4_D_CONST)
		seki_lower_bind(lw, decl, seki_lower_expr(lw, decl->init));
	else if (decl->kind == P4_D_INSTANCE)
		lower_instance(lw, decl);
}

/* ---- branches ---- */

static void lower_if(struct lower *lw, const struct p4_stmt *s)
{
	const struct ir_expr *cond = seki_lower_scalar(lw, s->a);
	struct ir_block *then, *other, *next;

	if (cond->op == IR_CONST) {
		if (!seki_ir_is_const(cond, 0))
			seki_lower_stmt(lw, s->body);
		else if (s->other)
			seki_lower_stmt(lw, s->other);
		return;
	}
	then = seki_lower_block(lw, NULL);
	next = seki_lower_block(lw, NULL);
	other = s->other ? seki_lower_block(lw, NULL) : next;
	seki_lower_branch(lw, cond, then, other);
	lw->block = then;
	seki_lower_stmt(lw, s->body);
	seki_lower_goto(lw, next);
	if (s->other) {
		lw->block = other;
		seki_lower_stmt(lw, s->other);
		seki_lower_goto(lw, next);
	}
	lw->block = next;
}

/* The number of an action in the list of the table that is switched on. */
static struct p4_num number_of_action(const struct p4_stmt *s, const struct p4_decl *action)
{
	const struct p4_action_ref *ref = s->a->type->decl->table->actions;

	while (ref && ref->action != action)
		ref = ref->next;
	return seki_num_u64(ref ? ref->index : UINT32_MAX);
}

static const struct ir_expr *switch_value(struct lower *lw, const struct p4_stmt *s)
{
	struct ir_var *action;

	if (s->a->type->kind != P4_T_ACTIONS)
		return seki_lower_scalar(lw, s->a);
	action = seki_ir_var(lw->ir, IR_VAR_PLAIN, 32, "$action");
	seki_lower_apply(lw, s->a->a->callee, NULL, action);
	return seki_ir_read(lw->ir, action);
}

/* The cases of a switch, while they are made. */
struct cases {
	struct ir_block *block; /* that ends in the switch */
	struct ir_case **end;
	const struct ir_expr *value;
};

static bool is_there(const struct ir_block *block, const struct p4_num *value)
{
	for (const struct ir_case *c = block->cases; c; c = c->next)
		if (seki_num_cmp(&c->value, value) == 0)
			return true;
	return false;
}

static void add_case(struct lower *lw, struct cases *cases, const struct p4_stmt *s,
		     const struct p4_stmt *label, struct ir_block *to)
{
	struct ir_case *c;
	struct p4_num num;

	if (label->a->kind == P4_E_DEFAULT) {
		cases->block->other = to;
		return;
	}
	if (s->a->type->kind == P4_T_ACTIONS)
		num = number_of_action(s, label->a->decl);
	else if (!seki_lower_number(lw, label->a, &num))
		return;
	num = seki_num_wrap(lw->arena, &num, cases->value->width, false);
	if (!label->a->known && is_there(cases->block, &num))
		return; /* the first one counts */
	c = seki_arena_new(lw->arena, struct ir_case);
	c->value = num;
	c->to = to;
	*cases->end = c;
	cases->end = &c->next;
}

static void lower_switch(struct lower *lw, const struct p4_stmt *s)
{
	struct cases cases = {.value = switch_value(lw, s)};
	struct ir_block *next, *to = NULL;

	if (!lw->block)
		return;
	next = seki_lower_block(lw, NULL);
	cases.block = lw->block;
	cases.end = &lw->block->cases;
	lw->block->last = IR_SWITCH;
	lw->block->tok = s->tok;
	lw->block->value = cases.value;
	lw->block->other = next;
	for (const struct p4_stmt *c = s->cases; c; c = c->next) {
		to = to ? to : seki_lower_block(lw, NULL);
		add_case(lw, &cases, s, c, to);
		if (!c->body) /* it does what the next one does */
			continue;
		lw->block = to;
		seki_lower_stmt(lw, c->body);
		seki_lower_goto(lw, next);
		to = NULL;
	}
	lw->block = to;
	seki_lower_goto(lw, next);
	lw->block = next;
}

/* ---- leaving ---- */

static void lower_return(struct lower *lw, const struct p4_stmt *s)
{
	struct frame *frame = lw->frame;
	struct value *result = s->a ? seki_lower_expr(lw, s->a) : NULL;

	if (result && frame->result)
		seki_lower_assign(lw, frame->result, result);
	frame->left = true;
	seki_lower_goto(lw, frame->after);
}

/* Out of the outermost control nobody asks whether it is an exit. */
static void lower_exit(struct lower *lw)
{
	struct frame *frame = lw->frame;

	if (frame->caller && frame->caller->after)
		seki_lower_set(lw, lw->exiting, NULL, seki_ir_const(lw->ir, 1, 1));
	frame->left = frame->exits = true;
	seki_lower_goto(lw, frame->after);
}

/* ---- all of them ---- */

static void lower_assign(struct lower *lw, const struct p4_stmt *s)
{
	struct place *outer = lw->places;

	seki_lower_places(lw, s->a);
	seki_lower_store(lw, s->a, seki_lower_expr(lw, s->b));
	lw->places = outer;
}

static void lower_kind(struct lower *lw, const struct p4_stmt *s)
{
	switch (s->kind) {
	case P4_S_BLOCK:
		seki_lower_stmts(lw, s->body);
		break;
	case P4_S_ASSIGN:
		lower_assign(lw, s);
		break;
	case P4_S_CALL:
		seki_lower_expr(lw, s->a);
		break;
	case P4_S_IF:
		lower_if(lw, s);
		break;
	case P4_S_SWITCH:
		lower_switch(lw, s);
		break;
	case P4_S_RETURN:
		lower_return(lw, s);
		break;
	case P4_S_EXIT:
		lower_exit(lw);
		break;
	case P4_S_DECL:
		seki_lower_decl(lw, s->decl);
		break;
	case P4_S_FOR:
	case P4_S_FOR_IN:
		seki_lower_loop(lw, s);
		break;
	case P4_S_BREAK:
		seki_lower_goto(lw, lw->frame->on_break);
		break;
	case P4_S_CONTINUE:
		seki_lower_goto(lw, lw->frame->on_continue);
		break;
	default:
		break;
	}
}

void seki_lower_stmt(struct lower *lw, const struct p4_stmt *stmt)
{
	const struct seki_token *outer = lw->tok;

	if (!lw->block || lw->stop)
		return;
	lw->tok = stmt->tok;
	lower_kind(lw, stmt);
	lw->tok = outer;
}

void seki_lower_stmts(struct lower *lw, const struct p4_stmt *list)
{
	for (; list; list = list->next)
		seki_lower_stmt(lw, list);
}
