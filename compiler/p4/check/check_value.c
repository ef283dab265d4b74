/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What values can be used for: those that are known at compile time (P4_16 specification, section
 * 18.1), and those that can be written to (section 6.6).
 */
#include <string.h>

#include "compiler/p4/check/check.h"

/* Are parameters that are given constants, those without a direction, constants as well? */
enum given { GIVEN_VARY, GIVEN_CONSTANT };

static bool is_constant(const struct p4_expr *expr, enum given given);

static bool all_constant(const struct p4_expr *list, enum given given)
{
	for (; list; list = list->next)
		if (!is_constant(list, given))
			return false;
	return true;
}

static bool name_is_constant(const struct p4_expr *expr, enum given given)
{
	const struct p4_decl *decl = expr->decl;

	if (!decl || decl->kind == P4_D_VAR)
		return !decl;
	return decl->kind != P4_D_PARAM || decl->is_ctor ||
	       (given == GIVEN_CONSTANT && decl->dir == P4_DIR_NONE);
}

/* Sizes of types are, objects, and what the author of a function says is by @pure. */
static bool call_is_constant(const struct p4_expr *expr, enum given given)
{
	if (expr->call == P4_CALL_BUILTIN)
		return strcmp(expr->a->name, "isValid") != 0;
	if (expr->call == P4_CALL_CONSTRUCTOR)
		return true;
	return expr->call == P4_CALL_EXTERN && all_constant(expr->args, given) &&
	       (expr->callee->is_pure || expr->type->kind == P4_T_EXTERN);
}

static bool is_constant(const struct p4_expr *expr, enum given given)
{
	if (expr->known || (expr->type && expr->type->kind == P4_T_BAD))
		return true;
	switch (expr->kind) {
	case P4_E_NAME:
		return name_is_constant(expr, given);
	case P4_E_CALL:
		return call_is_constant(expr, given);
	case P4_E_LIST:
	case P4_E_RECORD:
		return all_constant(expr->args, given);
	default:
		return (!expr->a || is_constant(expr->a, given)) &&
		       (!expr->b || is_constant(expr->b, given)) &&
		       (!expr->c || is_constant(expr->c, given));
	}
}

bool seki_is_constant(const struct p4_expr *expr)
{
	return is_constant(expr, GIVEN_VARY);
}

bool seki_is_given_constant(const struct p4_expr *expr)
{
	return is_constant(expr, GIVEN_CONSTANT);
}

bool seki_check_late_constant(struct p4_check *cx, struct p4_expr *expr, const char *what,
			      uint32_t max, uint32_t *out)
{
	if (!expr->type)
		seki_check_value(cx, expr, NULL);
	if (expr->known || !seki_is_constant(expr) ||
	    !seki_type_is_number(seki_type_base(expr->type)))
		return seki_check_constant(cx, expr, what, max, out);
	*out = max;
	return true;
}

bool seki_check_constant(struct p4_check *cx, struct p4_expr *expr, const char *what, uint32_t max,
			 uint32_t *out)
{
	if (!expr->type)
		seki_check_value(cx, expr, NULL);
	else if (!expr->known)
		seki_check_value(cx, expr, NULL);
	if (expr->type->kind == P4_T_BAD)
		return false;
	if (!expr->known || !seki_type_is_number(seki_type_base(expr->type))) {
		seki_diag_error(cx->diags, seki_expr_span(expr),
				"%s must be a number that is known at compile time", what);
		return false;
	}
	if (expr->num.neg || seki_num_to_u64(&expr->num) > max) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "%s is %s, not from 0 to %u", what,
				seki_num_text(cx->arena, &expr->num), max);
		return false;
	}
	*out = (uint32_t)seki_num_to_u64(&expr->num);
	return true;
}

/* ---- what can be written to ---- */

static const char *why_not(const struct p4_decl *decl)
{
	if (decl->kind == P4_D_PARAM && decl->dir == P4_DIR_IN)
		return "an 'in' parameter";
	if (decl->kind == P4_D_PARAM && decl->dir == P4_DIR_NONE)
		return "a parameter without direction";
	if (decl->kind == P4_D_CONST)
		return "a constant";
	if (decl->kind == P4_D_VAR || decl->kind == P4_D_PARAM)
		return NULL;
	return "not a variable";
}

static const struct p4_expr *root(const struct p4_expr *expr)
{
	while (expr->kind == P4_E_MEMBER || expr->kind == P4_E_INDEX || expr->kind == P4_E_SLICE)
		expr = expr->a;
	return expr;
}

static bool is_writable_member(const struct p4_expr *expr)
{
	for (; expr->kind != P4_E_NAME; expr = expr->a) {
		if (expr->kind != P4_E_MEMBER || expr->a->type->kind != P4_T_STACK)
			continue;
		if (strcmp(expr->name, "next") != 0)
			return false;
	}
	return true;
}

bool seki_check_lvalue(struct p4_check *cx, const struct p4_expr *expr)
{
	const struct p4_expr *name = root(expr);
	struct seki_diag *diag;
	const char *why;

	if (expr->type->kind == P4_T_BAD || name->type->kind == P4_T_BAD)
		return false;
	if (name->kind != P4_E_NAME || !name->decl || !is_writable_member(expr)) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "this cannot be written to");
		return false;
	}
	why = why_not(name->decl);
	if (!why)
		return true;
	diag = seki_diag_error(cx->diags, seki_expr_span(expr),
			       "'%s' cannot be written to: it is %s", name->name, why);
	seki_diag_note(cx->diags, diag, name->decl->tok->at, "'%s' is declared here", name->name);
	return false;
}
