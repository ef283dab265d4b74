/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in C. */
#include "compiler/p4/emit.h"

#include <string.h>

static void unsupported(struct p4_emit *em, const struct p4_stmt *stmt, const char *what)
{
	seki_diag_unsupported(em->diags, stmt->tok->at, "%s", what);
}

void seki_olde_var(struct p4_emit *em, const struct p4_decl *decl)
{
	const char *type = seki_olde_ctype(em, decl->type, decl->tok);
	const char *init = seki_olde_is_scalar(decl->type) ? "0" : "{0}";

	if (decl->init)
		init = seki_olde_expr(em, decl->init);
	seki_olde_line(em, "%s %s = %s;", type, seki_olde_cname(em, decl), init);
}

static void emit_decl(struct p4_emit *em, const struct p4_decl *decl)
{
	if (decl->kind == P4_D_VAR)
		seki_olde_var(em, decl);
	else if (decl->kind == P4_D_INSTANCE)
		seki_diag_unsupported(em->diags, decl->tok->at, "instances inside blocks are");
}

static void emit_assign(struct p4_emit *em, const struct p4_stmt *stmt)
{
	const char *value = seki_olde_expr(em, stmt->b);

	if (!seki_olde_is_pure(stmt->b)) {
		/* The call may change what the left side reads: it comes first. */
		const char *name = seki_olde_text(em, "t%u", seki_olde_id(em));

		seki_olde_line(em, "{\n\t%s %s = %s;",
			       seki_olde_ctype(em, stmt->b->type, stmt->b->tok), name, value);
		seki_olde_assign(em, stmt->a, name);
		seki_olde_line(em, "}");
		return;
	}
	seki_olde_assign(em, stmt->a, value);
}

static void emit_if(struct p4_emit *em, const struct p4_stmt *stmt)
{
	seki_olde_line(em, "if (%s) {", seki_olde_expr(em, stmt->a));
	seki_olde_stmt(em, stmt->body);
	if (stmt->other) {
		seki_olde_line(em, "} else {");
		seki_olde_stmt(em, stmt->other);
	}
	seki_olde_line(em, "}");
}

static uint32_t action_index(const struct p4_decl *table, const struct p4_decl *action)
{
	for (const struct p4_action_ref *ref = table->table->actions; ref; ref = ref->next)
		if (ref->action == action)
			return ref->index;
	return ~0u;
}

static const char *label_value(struct p4_emit *em, const struct p4_stmt *stmt,
			       const struct p4_expr *label)
{
	if (stmt->a->type->kind == P4_T_ACTIONS)
		return seki_olde_text(em, "%uu", action_index(stmt->a->type->decl, label->decl));
	return seki_olde_expr(em, label);
}

/* Cases of an if chain: C cannot switch on 128 bits. */
static void emit_switch(struct p4_emit *em, const struct p4_stmt *stmt)
{
	const char *v = seki_olde_text(em, "s%u", seki_olde_id(em));
	const char *cond = "0";
	bool first = true;

	seki_olde_line(em, "{");
	if (stmt->a->type->kind == P4_T_ACTIONS) {
		seki_olde_line(em, "u32 %s = ~0u;", v);
		seki_olde_apply(em, stmt->a->a->callee, NULL, v);
	} else {
		seki_olde_line(em, "%s %s = %s;", seki_olde_ctype(em, stmt->a->type, stmt->a->tok),
			       v, seki_olde_expr(em, stmt->a));
	}
	for (const struct p4_stmt *c = stmt->cases; c; c = c->next) {
		cond = c->a->kind == P4_E_DEFAULT ? "1"
						  : seki_olde_text(em, "%s || %s == %s", cond, v,
								   label_value(em, stmt, c->a));
		if (!c->body)
			continue;
		seki_olde_line(em, "%sif (%s) {", first ? "" : "else ", cond);
		seki_olde_stmt(em, c->body);
		seki_olde_line(em, "}");
		first = false;
		cond = "0";
	}
	seki_olde_line(em, "}");
}

static void emit_return(struct p4_emit *em, const struct p4_stmt *stmt)
{
	if (stmt->a && em->frame->result)
		seki_olde_line(em, "%s = %s;", em->frame->result, seki_olde_expr(em, stmt->a));
	em->frame->returns = true;
	seki_olde_line(em, "goto end_%u;", em->frame->id);
}

/* Leaves all that is in place, from the inside out, so that out arguments are copied out. */
static void emit_exit(struct p4_emit *em)
{
	em->frame->returns = true;
	if (em->frame->outer) {
		em->frame->exits = true;
		seki_olde_line(em, "exiting = 1;");
	}
	seki_olde_line(em, "goto end_%u;", em->frame->id);
}

static void emit_block(struct p4_emit *em, const struct p4_stmt *block)
{
	seki_olde_line(em, "{");
	for (const struct p4_stmt *s = block->body; s; s = s->next)
		seki_olde_stmt(em, s);
	seki_olde_line(em, "}");
}

void seki_olde_stmt(struct p4_emit *em, const struct p4_stmt *stmt)
{
	const char *outer = em->place;

	seki_olde_place(em, stmt->tok);
	switch (stmt->kind) {
	case P4_S_BLOCK:
		emit_block(em, stmt);
		break;
	case P4_S_ASSIGN:
		emit_assign(em, stmt);
		break;
	case P4_S_CALL:
		seki_olde_call_stmt(em, stmt->a);
		break;
	case P4_S_IF:
		emit_if(em, stmt);
		break;
	case P4_S_SWITCH:
		emit_switch(em, stmt);
		break;
	case P4_S_RETURN:
		emit_return(em, stmt);
		break;
	case P4_S_EXIT:
		emit_exit(em);
		break;
	case P4_S_DECL:
		emit_decl(em, stmt->decl);
		break;
	case P4_S_EMPTY:
		break;
	case P4_S_FOR:
	case P4_S_FOR_IN:
	case P4_S_BREAK:
	case P4_S_CONTINUE:
		unsupported(em, stmt, "loops are");
		break;
	default:
		unsupported(em, stmt, "this statement is");
		break;
	}
	em->place = outer;
}
