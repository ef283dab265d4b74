/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that are extracted and not emitted, which takes them out of the packet, and those that are
 * emitted and can never be valid. A header is told by its field of the struct of headers.
 */
#include <string.h>

#include "compiler/p4/lint/lint.h"

struct use {
	const struct p4_expr *extract; /* the first one */
	bool emitted, made, removed, emits_siblings;
};

struct emits {
	struct p4_lint *lint;
	struct use *of; /* by id of the field; of a struct: what its fields are */
};

static bool is_method(const struct p4_expr *call, const char *object, const char *name)
{
	const struct p4_decl *callee = call->call == P4_CALL_METHOD ? call->callee : NULL;

	return callee && callee->owner && strcmp(callee->owner->name, object) == 0 &&
	       strcmp(callee->name, name) == 0 && call->bound && call->bound[0];
}

/* The field that an expression such as h.x, h.x[1] or h.x.next names. */
static const struct p4_decl *field_of(const struct p4_expr *e)
{
	while (e->kind == P4_E_INDEX || (e->kind == P4_E_MEMBER && !e->decl))
		e = e->a;
	return e->kind == P4_E_MEMBER && e->decl->kind == P4_D_FIELD ? e->decl : NULL;
}

static void mark_made(struct emits *m, const struct p4_expr *e)
{
	const struct p4_decl *field;

	for (; e && (e->kind == P4_E_MEMBER || e->kind == P4_E_INDEX || e->kind == P4_E_SLICE);
	     e = e->a) {
		field = field_of(e);
		if (field)
			m->of[field->id].made = true;
	}
}

/* All of a type: a struct's fields and what is in them. */
static void mark_emitted(struct emits *m, const struct p4_type *type)
{
	if (!type || (type->kind != P4_T_STRUCT && type->kind != P4_T_UNION) ||
	    m->of[type->decl->id].emitted)
		return;
	m->of[type->decl->id].emitted = true;
	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		m->of[f->id].emitted = true;
		m->of[type->decl->id].emits_siblings = true;
		mark_emitted(m, f->type);
	}
}

static void take_emit(struct emits *m, const struct p4_expr *arg)
{
	const struct p4_decl *field;

	for (const struct p4_expr *e =
		     arg->kind == P4_E_LIST || arg->kind == P4_E_RECORD ? arg->args : NULL;
	     e; e = e->next)
		take_emit(m, e);
	field = field_of(arg);
	if (field) {
		m->of[field->id].emitted = true;
		if (field->owner)
			m->of[field->owner->id].emits_siblings = true;
	}
	mark_emitted(m, arg->type);
}

static void take_args(struct emits *m, const struct p4_expr *call)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = call->callee->params; p; p = p->next, i++)
		if (call->bound[i] && (p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT))
			mark_made(m, call->bound[i]);
}

static void take_call(struct emits *m, const struct p4_expr *call)
{
	const struct p4_decl *field;

	if (is_method(call, "packet_in", "extract")) {
		field = field_of(call->bound[0]);
		if (field && !m->of[field->id].extract)
			m->of[field->id].extract = call->bound[0];
	}
	if (is_method(call, "packet_out", "emit"))
		take_emit(m, call->bound[0]);
	if (call->call == P4_CALL_BUILTIN && call->a && call->a->kind == P4_E_MEMBER) {
		field = field_of(call->a->a);
		if (strcmp(call->a->name, "isValid") != 0)
			mark_made(m, call->a->a);
		if (field && strcmp(call->a->name, "setInvalid") == 0)
			m->of[field->id].removed = true;
	} else if (call->callee && call->bound && call->call != P4_CALL_CONSTRUCTOR) {
		take_args(m, call);
	}
}

static void collect_expr(void *data, const struct p4_expr *e)
{
	if (e->kind == P4_E_CALL)
		take_call(data, e);
}

static void collect_stmt(void *data, const struct p4_stmt *stmt)
{
	if (stmt->kind != P4_S_ASSIGN)
		return;
	mark_made(data, stmt->a);
	/* A whole struct of them is assigned: any of its headers may be valid then. */
	if (stmt->a->type && stmt->a->type->kind == P4_T_STRUCT)
		for (const struct p4_decl *f = stmt->a->type->decl->members; f; f = f->next)
			((struct emits *)data)->of[f->id].made = true;
}

static void check_emit(void *data, const struct p4_expr *call)
{
	struct emits *m = data;
	const struct p4_expr *arg;
	const struct p4_decl *field;

	if (call->kind != P4_E_CALL || !is_method(call, "packet_out", "emit"))
		return;
	arg = call->bound[0];
	field = arg->type && arg->type->kind == P4_T_HEADER ? field_of(arg) : NULL;
	if (field && arg->kind == P4_E_MEMBER && !m->of[field->id].made &&
	    !m->of[field->id].extract && seki_lint_is_users(arg->first))
		seki_diag_warning(m->lint->diags, SEKI_WARN_NEVER_VALID, seki_expr_span(arg),
				  "header '%s' is emitted, but nothing makes it valid",
				  field->name);
}

static void check_field(void *data, const struct p4_decl *decl)
{
	struct emits *m = data;
	const struct use *of;

	if (decl->kind != P4_D_FIELD || !decl->owner)
		return;
	of = &m->of[decl->id];
	if (of->extract && !of->emitted && !of->removed && m->of[decl->owner->id].emits_siblings &&
	    seki_lint_is_users(of->extract->first))
		seki_diag_warning(m->lint->diags, SEKI_WARN_MISSING_EMIT,
				  seki_expr_span(of->extract),
				  "header '%s' is extracted, but never emitted: it is taken out of "
				  "the packet",
				  decl->name);
}

void seki_lint_emit(struct p4_lint *lint)
{
	struct emits m = {.lint = lint};
	struct p4_walk collect = {.data = &m, .stmt = collect_stmt, .expr = collect_expr};
	struct p4_walk check = {.data = &m, .decl = check_field, .expr = check_emit};

	m.of = seki_arena_alloc(lint->arena, (lint->program->n_ids + 1) * sizeof(*m.of));
	seki_walk_decls(&collect, lint->program->decls);
	seki_walk_decls(&check, lint->program->decls);
}
