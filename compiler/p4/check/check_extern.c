/* SPDX-License-Identifier: Apache-2.0 */
/* Externs, and instances (P4_16 specification, sections 7.2.12 and 11.3). */
#include <string.h>

#include "compiler/p4/check/check.h"

/* ---- declarations of externs ---- */

/* Two methods of one name differ in how many parameters they have, or in their names. */
static bool same_params(const struct p4_decl *a, const struct p4_decl *b)
{
	for (a = a->params, b = b->params; a && b; a = a->next, b = b->next)
		if (strcmp(a->name, b->name) != 0)
			return false;
	return !a && !b;
}

/* Chains the methods of one name by `overload`, in their order. */
static void check_other_methods(struct p4_check *cx, struct p4_decl *decl, struct p4_decl *m)
{
	struct p4_decl *other = seki_names_add(decl->by_name, cx->arena, m->name, m);
	uint32_t n = 1;

	for (; other; other = other->overload, n++) {
		if (same_params(other, m)) {
			struct seki_diag *diag = seki_diag_error(cx->diags, m->tok->at,
								 "'%s' is declared twice", m->name);

			seki_diag_note(cx->diags, diag, other->tok->at,
				       "the other declaration is here");
			return;
		}
		if (n == SEKI_P4_MAX_OVERLOADS) {
			seki_diag_error(cx->diags, m->tok->at, "more than %u methods '%s'",
					SEKI_P4_MAX_OVERLOADS, m->name);
			return;
		}
		if (!other->overload) {
			other->overload = m;
			return;
		}
	}
}

static void check_method(struct p4_check *cx, struct p4_decl *decl, struct p4_decl *m)
{
	seki_scope_push(cx);
	seki_check_type_params(cx, m);
	if (!m->is_constructor)
		seki_check_decl_type(cx, m);
	else if (m->type_params)
		seki_diag_error(cx->diags, m->type_params->tok->at,
				"a constructor has no type parameters but its extern's");
	if (m->type && (m->type->kind == P4_T_INT || m->type->kind == P4_T_STRING))
		seki_diag_error(cx->diags, m->tref->tok->at, "a method cannot return %s",
				seki_type_name(cx->arena, m->type));
	if (m->is_constructor) {
		seki_check_ctor_params(cx, decl, m->params);
	} else {
		seki_check_params(cx, m->params);
		seki_check_runtime_params(cx, m);
	}
	m->owner = decl;
	seki_scope_pop(cx);
	if (!m->is_constructor && strcmp(m->name, decl->name) == 0)
		seki_diag_error(cx->diags, m->tok->at,
				"a method cannot have the name of its extern");
	check_other_methods(cx, decl, m);
}

void seki_check_extern(struct p4_check *cx, struct p4_decl *decl)
{
	seki_scope_add(cx, decl);
	seki_scope_push(cx);
	seki_check_type_params(cx, decl);
	decl->by_name = seki_arena_new(cx->arena, struct p4_names);
	for (struct p4_decl *m = decl->members; m; m = m->next)
		check_method(cx, decl, m);
	seki_scope_pop(cx);
}

/* ---- abstract methods ---- */

static struct p4_decl *find_abstract(const struct p4_type *type, const struct p4_decl *body)
{
	struct p4_decl *m = seki_member_find(type->decl, body->name);

	while (m && !m->is_abstract)
		m = m->overload;
	return m;
}

static bool same_type(struct p4_check *cx, const struct p4_type *self, const struct p4_decl *m,
		      const struct p4_decl *body)
{
	struct p4_type *want = seki_type_subst(cx->arena, m->type, self->decl->type_params,
					       self->args);

	return m->dir == body->dir && seki_type_equal(want, body->type);
}

/* What an instance gives for an abstract method has its result and parameters. */
static void check_implementation(struct p4_check *cx, const struct p4_decl *decl,
				 const struct p4_decl *m, const struct p4_decl *body)
{
	const struct p4_decl *p = m->params, *q = body->params;
	bool same_result = same_type(cx, decl->type, m, body), same = true;
	struct seki_diag *diag;

	for (; p && q; p = p->next, q = q->next)
		same &= same_type(cx, decl->type, p, q);
	while (p && p->is_optional)
		p = p->next;
	same &= !p && !q && !body->type_params;
	if (same && same_result)
		return;
	diag = seki_diag_error(cx->diags, same ? m->tok->at : decl->tok->at,
			       "'%s' of '%s' is not as the abstract method of %s: its %s", m->name,
			       decl->name, seki_type_name(cx->arena, decl->type),
			       same ? "result is of another type" : "parameters are others");
	seki_diag_note(cx->diags, diag, body->tok->at, "the method given");
	if (!same)
		seki_diag_note(cx->diags, diag, m->tok->at, "the abstract method");
}

static void check_bodies(struct p4_check *cx, const struct p4_decl *decl)
{
	for (const struct p4_decl *body = decl->members; body; body = body->next) {
		const struct p4_decl *m;

		if (body->kind != P4_D_FUNCTION)
			continue;
		m = find_abstract(decl->type, body);
		if (m)
			check_implementation(cx, decl, m, body);
		else
			seki_diag_error(cx->diags, body->tok->at, "%s has no abstract method '%s'",
					seki_type_name(cx->arena, decl->type), body->name);
	}
}

void seki_check_all_methods(struct p4_check *cx, const struct p4_expr *call,
			    const struct p4_type *type, struct p4_decl *bodies)
{
	struct p4_names given = {0};
	struct seki_diag *diag;

	for (; bodies; bodies = bodies->next)
		seki_names_add(&given, cx->arena, bodies->name, bodies);
	for (const struct p4_decl *m = type->decl->members; m; m = m->next) {
		if (!m->is_abstract || m->is_optional || seki_names_find(&given, m->name))
			continue;
		diag = seki_diag_error(cx->diags, seki_expr_span(call),
				       "%s is abstract: an instance must give its method '%s'",
				       seki_type_name(cx->arena, type), m->name);
		seki_diag_note(cx->diags, diag, m->tok->at, "'%s' is declared here", m->name);
	}
}

/* ---- instances ---- */

/* In the methods that an instance gives, `this` is the instance. */
static void check_members(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_decl *self = seki_arena_new(cx->arena, struct p4_decl);
	const struct p4_decl *outer = cx->self;
	struct p4_decl *block = cx->block;

	if (decl->type->kind != P4_T_EXTERN) {
		if (decl->type->kind != P4_T_BAD)
			seki_diag_error(cx->diags, decl->tok->at,
					"only an instance of an extern has methods of its own, "
					"not one of %s",
					seki_type_name(cx->arena, decl->type));
		return;
	}
	*self = *decl;
	self->name = "this";
	decl->self = self;
	seki_scope_push(cx);
	seki_scope_add(cx, self);
	cx->block = NULL;
	cx->self = decl;
	for (struct p4_decl *m = decl->members; m; m = m->next)
		seki_check_decl(cx, m);
	cx->self = outer;
	cx->block = block;
	seki_scope_pop(cx);
	check_bodies(cx, decl);
}

static void check_top_place(struct p4_check *cx, const struct p4_decl *decl)
{
	enum p4_type_kind kind = decl->type->kind;

	if (strcmp(decl->name, "main") == 0 && kind != P4_T_PACKAGE)
		seki_diag_error(cx->diags, decl->tok->at, "'main' must be a package, not %s",
				seki_type_name(cx->arena, decl->type));
	else if (kind == P4_T_PARSER || kind == P4_T_CONTROL)
		seki_diag_error(cx->diags, decl->tok->at,
				"instances of %s are in another block or arguments of a package",
				seki_type_name(cx->arena, decl->type));
}

/* Where instances of which kinds can be. */
static void check_place(struct p4_check *cx, const struct p4_decl *decl)
{
	enum p4_type_kind kind = decl->type->kind;
	const char *where = NULL;

	if (!cx->scope->parent) {
		check_top_place(cx, decl);
		return;
	}
	if (cx->function)
		where = cx->function->kind == P4_D_STATE    ? "a state"
			: cx->function->kind == P4_D_ACTION ? "an action"
							    : "a function";
	else if (cx->block && (kind == P4_T_PACKAGE ||
			       (cx->block->kind == P4_D_PARSER && kind == P4_T_CONTROL) ||
			       (cx->block->kind == P4_D_CONTROL && kind == P4_T_PARSER)))
		where = cx->block->kind == P4_D_PARSER ? "a parser" : "a control";
	if (where)
		seki_diag_error(cx->diags, decl->tok->at, "there are no instances of %s in %s",
				seki_type_name(cx->arena, decl->type), where);
}

void seki_check_instance(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *array;
	uint32_t n = 0;

	decl->owner = cx->block;
	seki_check_construct(cx, decl);
	if (decl->has_body)
		check_members(cx, decl);
	if (decl->type->kind != P4_T_BAD)
		check_place(cx, decl);
	if (decl->array &&
	    seki_check_constant(cx, decl->array, "the number of instances", 65536, &n)) {
		array = seki_type_elem(cx->arena, P4_T_STACK, decl->type);
		array->width = n;
		decl->type = array;
	}
	seki_scope_add(cx, decl);
}
