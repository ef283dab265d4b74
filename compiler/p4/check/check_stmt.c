/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and transitions (P4_16 specification, sections 12 and 13). */
#include <string.h>

#include "compiler/p4/check/check.h"

static void check_stmt(struct p4_check *cx, struct p4_stmt *stmt);

static void check_assign(struct p4_check *cx, struct p4_stmt *stmt)
{
	seki_check_expr(cx, stmt->a);
	if (stmt->op != P4_OP_NONE) {
		/* a op= b is a = a op b: evaluating a twice is harmless, as it has no calls. */
		struct p4_expr *both = seki_arena_new(cx->arena, struct p4_expr);
		struct p4_expr *left = seki_arena_new(cx->arena, struct p4_expr);

		*left = *stmt->a;
		both->kind = P4_E_BINARY;
		both->op = stmt->op;
		both->tok = stmt->tok;
		both->first = left->first;
		both->last = stmt->b->last;
		both->a = left;
		both->b = stmt->b;
		stmt->b = both;
		stmt->op = P4_OP_NONE;
	}
	seki_check_value(cx, stmt->b, NULL);
	if (seki_check_lvalue(cx, stmt->a))
		seki_convert(cx, stmt->b, stmt->a->type);
}

static void tell_no_label(struct p4_check *cx, const struct p4_decl *table,
			  const struct p4_expr *label)
{
	const char *names[128] = {NULL};
	const char *near = NULL;
	uint32_t n = 0;

	for (const struct p4_action_ref *ref = table->table->actions; ref && n < 128;
	     ref = ref->next)
		if (ref->action)
			names[n++] = ref->action->name;
	if (label->kind == P4_E_NAME)
		near = seki_diag_suggest(label->name, names, n);
	seki_diag_error(cx->diags, seki_expr_span(label),
			"this is not an action of table '%s'%s%s%s", table->name,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void check_action_labels(struct p4_check *cx, struct p4_stmt *stmt)
{
	const struct p4_decl *table = stmt->a->type->decl;

	for (struct p4_stmt *c = stmt->cases; c; c = c->next) {
		const struct p4_action_ref *ref = NULL;

		if (c->a->kind == P4_E_DEFAULT)
			continue;
		if (c->a->kind == P4_E_NAME && !c->a->global)
			ref = seki_names_find(table->table->by_name, c->a->name);
		if (ref)
			c->a->decl = ref->action;
		else
			tell_no_label(cx, table, c->a);
		c->a->type = stmt->a->type;
	}
}

/* What two labels of a switch that are the same have in common. */
static const char *label_name(struct p4_check *cx, const struct p4_expr *label)
{
	struct seki_strbuf text = {.arena = cx->arena};

	if (label->kind == P4_E_DEFAULT)
		return "default";
	if (!label->known)
		return label->decl ? seki_arena_printf(cx->arena, "decl %u", label->decl->id)
				   : NULL;
	seki_strbuf_printf(&text, label->num.neg ? "-" : "+");
	for (uint32_t i = 0; i < label->num.n || i == 0; i++)
		seki_strbuf_printf(&text, " %llx",
				   (unsigned long long)seki_num_word(&label->num, i));
	return text.data;
}

static void check_label(struct p4_check *cx, const struct p4_stmt *stmt, struct p4_expr *label)
{
	struct p4_type *type = stmt->a->type;
	struct seki_diag *diag;

	seki_check_value(cx, label, NULL);
	if (!seki_can_convert(label, type)) {
		diag = seki_diag_error(cx->diags, seki_expr_span(stmt->a),
				       "this is of type %s, one of its labels of type %s",
				       seki_type_name(cx->arena, type),
				       seki_type_name(cx->arena, label->type));
		seki_diag_note(cx->diags, diag, seki_expr_span(label), "the label is here");
		return;
	}
	seki_convert(cx, label, type);
	if (!seki_is_constant(label))
		seki_diag_error(cx->diags, seki_expr_span(label),
				"a label must be known at compile time");
}

static void tell_label_twice(struct p4_check *cx, const struct p4_expr *first,
			     const struct p4_expr *second)
{
	struct seki_diag *diag = seki_diag_error(cx->diags, seki_expr_span(second),
						 "this label is there twice");

	seki_diag_note(cx->diags, diag, seki_expr_span(first), "the first time");
}

static void check_switch(struct p4_check *cx, struct p4_stmt *stmt)
{
	struct p4_names seen = {0};
	const struct p4_expr *first;
	const char *name;
	struct p4_type *type;

	cx->in_switch = true;
	seki_check_value(cx, stmt->a, NULL);
	cx->in_switch = false;
	type = stmt->a->type;
	if (cx->function && cx->function->kind == P4_D_STATE)
		seki_diag_error(cx->diags, stmt->tok->at, "a state of a parser has no 'switch'");
	if (type->kind == P4_T_ACTIONS) {
		check_action_labels(cx, stmt);
	} else if (type->kind == P4_T_BAD || seki_type_is_fixed(seki_type_base(type)) ||
		   type->kind == P4_T_ENUM || type->kind == P4_T_ERROR) {
		for (struct p4_stmt *c = stmt->cases; c; c = c->next)
			if (c->a->kind != P4_E_DEFAULT) {
				check_label(cx, stmt, c->a);
			}
	} else {
		seki_diag_error(cx->diags, seki_expr_span(stmt->a), "cannot switch on %s",
				seki_type_name(cx->arena, type));
	}
	cx->cases++;
	for (struct p4_stmt *c = stmt->cases; c; c = c->next) {
		if (c->a->kind == P4_E_DEFAULT && c->next)
			seki_diag_error(cx->diags, seki_expr_span(c->a),
					"'default' must be the last label");
		name = label_name(cx, c->a);
		first = name ? seki_names_add(&seen, cx->arena, name, c->a) : NULL;
		if (first)
			tell_label_twice(cx, first, c->a);
		if (c->body)
			check_stmt(cx, c->body);
	}
	cx->cases--;
}

static void check_return(struct p4_check *cx, struct p4_stmt *stmt)
{
	if (cx->block && cx->block->kind == P4_D_PARSER && !cx->result &&
	    (!cx->function || cx->function->kind == P4_D_STATE)) {
		seki_diag_error(cx->diags, stmt->tok->at,
				"a parser has nothing to return to: 'transition' ends a state");
		return;
	}
	if (!stmt->a) {
		if (cx->result && cx->result->kind != P4_T_VOID && cx->result->kind != P4_T_BAD)
			seki_diag_error(cx->diags, stmt->tok->at,
					"'return' needs a value of type %s",
					seki_type_name(cx->arena, cx->result));
		return;
	}
	if (cx->result && cx->result->kind != P4_T_VOID) {
		seki_check_value(cx, stmt->a, cx->result);
		return;
	}
	seki_check_expr(cx, stmt->a);
	seki_diag_error(cx->diags, seki_expr_span(stmt->a), "there is no value to return here");
}

static void check_exit(struct p4_check *cx, struct p4_stmt *stmt)
{
	if (cx->block && cx->block->kind == P4_D_PARSER)
		seki_diag_error(cx->diags, stmt->tok->at, "'exit' is not for parsers");
	else if (cx->function && cx->function->kind == P4_D_FUNCTION)
		seki_diag_error(cx->diags, stmt->tok->at, "'exit' is not for functions");
}

static void check_for(struct p4_check *cx, struct p4_stmt *stmt)
{
	seki_scope_push(cx);
	seki_check_stmts(cx, stmt->init);
	seki_check_bool(cx, stmt->a, "the condition of a loop");
	seki_check_stmts(cx, stmt->update);
	cx->loops++;
	check_stmt(cx, stmt->body);
	cx->loops--;
	seki_scope_pop(cx);
}

static void check_for_in(struct p4_check *cx, struct p4_stmt *stmt)
{
	seki_scope_push(cx);
	seki_check_decl_type(cx, stmt->decl);
	if (stmt->a->kind == P4_E_RANGE) {
		seki_check_keyset(cx, stmt->a, stmt->decl->type);
	} else {
		seki_check_value(cx, stmt->a, NULL);
		if (stmt->a->type->kind != P4_T_STACK && stmt->a->type->kind != P4_T_LIST &&
		    stmt->a->type->kind != P4_T_BAD)
			seki_diag_error(cx->diags, seki_expr_span(stmt->a), "cannot walk over %s",
					seki_type_name(cx->arena, stmt->a->type));
		else if (stmt->a->type->elem &&
			 !seki_type_equal(stmt->a->type->elem, stmt->decl->type))
			seki_diag_error(cx->diags, stmt->decl->tok->at,
					"'%s' is of type %s, what it walks over of type %s",
					stmt->decl->name,
					seki_type_name(cx->arena, stmt->decl->type),
					seki_type_name(cx->arena, stmt->a->type->elem));
	}
	seki_scope_add(cx, stmt->decl);
	cx->loops++;
	check_stmt(cx, stmt->body);
	cx->loops--;
	seki_scope_pop(cx);
}

static void check_call_stmt(struct p4_check *cx, struct p4_stmt *stmt)
{
	seki_check_expr(cx, stmt->a);
	if (stmt->a->kind == P4_E_CALL && stmt->a->call == P4_CALL_CONSTRUCTOR)
		seki_diag_error(cx->diags, seki_expr_span(stmt->a),
				"a constructor is not a statement");
}

static void check_stmt(struct p4_check *cx, struct p4_stmt *stmt)
{
	switch (stmt->kind) {
	case P4_S_BLOCK:
		seki_check_block(cx, stmt);
		break;
	case P4_S_ASSIGN:
		check_assign(cx, stmt);
		break;
	case P4_S_CALL:
		check_call_stmt(cx, stmt);
		break;
	case P4_S_IF:
		seki_check_bool(cx, stmt->a, "'if'");
		check_stmt(cx, stmt->body);
		if (stmt->other)
			check_stmt(cx, stmt->other);
		break;
	case P4_S_SWITCH:
		check_switch(cx, stmt);
		break;
	case P4_S_RETURN:
		check_return(cx, stmt);
		break;
	case P4_S_EXIT:
		check_exit(cx, stmt);
		break;
	case P4_S_DECL:
		seki_check_decl(cx, stmt->decl);
		break;
	case P4_S_FOR:
		check_for(cx, stmt);
		break;
	case P4_S_FOR_IN:
		check_for_in(cx, stmt);
		break;
	case P4_S_BREAK:
	case P4_S_CONTINUE:
		if (!cx->loops)
			seki_diag_error(cx->diags, stmt->tok->at, "there is no loop here%s",
					cx->cases && stmt->kind == P4_S_BREAK
						? ": a case of a switch ends by itself"
						: "");
		break;
	default:
		break;
	}
}

void seki_check_stmts(struct p4_check *cx, struct p4_stmt *list)
{
	for (; list; list = list->next)
		if (list->kind != P4_S_TRANSITION && list->kind != P4_S_SELECT)
			check_stmt(cx, list);
}

void seki_check_block(struct p4_check *cx, struct p4_stmt *block)
{
	seki_scope_push(cx);
	seki_check_stmts(cx, block->body);
	seki_scope_pop(cx);
}
