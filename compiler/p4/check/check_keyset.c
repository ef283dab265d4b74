/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of values that select and entries of tables match (P4_16 specification, section 8.16). */
#include "compiler/p4/check/check.h"

/* A struct's fields stand for the keys in their order: so that each can have a @match. */
static bool set_fits(struct p4_check *cx, const struct p4_type *elem, const struct p4_type *key)
{
	bool several = key->kind == P4_T_TUPLE;
	uint32_t n = several ? key->n_args : 1;
	uint32_t i = 0;

	if (seki_type_equal(elem, key))
		return true;
	if (elem->kind != P4_T_STRUCT)
		return false;
	for (const struct p4_decl *f = elem->decl->members; f; f = f->next, i++)
		if (i >= n || !seki_type_equal(seki_type_field(cx->arena, elem, f),
					       several ? key->args[i] : key))
			return false;
	return i == n;
}

static void check_value_set(struct p4_check *cx, const struct p4_expr *set,
			    const struct p4_type *key)
{
	if (!set_fits(cx, set->type->elem, key))
		seki_diag_error(
			cx->diags, seki_expr_span(set), "this is a %s, the key is of type %s",
			seki_type_name(cx->arena, set->type), seki_type_name(cx->arena, key));
}

static void check_simple_keyset(struct p4_check *cx, struct p4_expr *expr, struct p4_type *key)
{
	if (expr->kind == P4_E_DONTCARE || expr->kind == P4_E_DEFAULT) {
		expr->type = cx->dontcare;
		return;
	}
	if (expr->kind == P4_E_MASK || expr->kind == P4_E_RANGE) {
		struct p4_type *type = key;

		expr->type = seki_type_elem(cx->arena, P4_T_SET, key);
		if (key->kind == P4_T_ENUM && key->elem)
			type = key->elem;
		seki_check_value(cx, expr->a, NULL);
		seki_check_value(cx, expr->b, NULL);
		if (!seki_type_is_fixed(type) && key->kind != P4_T_BAD && key->kind != P4_T_NEW) {
			if (expr->a->type->kind != P4_T_BAD)
				seki_diag_error(cx->diags, seki_expr_span(expr->a),
						"'%s' does not apply to %s",
						expr->kind == P4_E_MASK ? "&&&" : "..",
						seki_type_name(cx->arena, expr->a->type));
			return;
		}
		seki_convert(cx, expr->a, type);
		seki_convert(cx, expr->b, type);
		return;
	}
	seki_check_value(cx, expr, NULL);
	if (expr->type->kind == P4_T_SET) {
		check_value_set(cx, expr, key);
		return;
	}
	seki_convert(cx, expr, key);
}

/* Only `default`, `_` and a set of tuples stand for several keys without parentheses. */
static void check_whole_keyset(struct p4_check *cx, struct p4_expr *expr, const struct p4_type *key)
{
	if (expr->kind == P4_E_DONTCARE || expr->kind == P4_E_DEFAULT) {
		expr->type = cx->dontcare;
		return;
	}
	if (expr->kind != P4_E_MASK && expr->kind != P4_E_RANGE) {
		seki_check_value(cx, expr, NULL);
		if (expr->type->kind == P4_T_SET)
			check_value_set(cx, expr, key);
		if (expr->type->kind == P4_T_SET || expr->type->kind == P4_T_BAD)
			return;
	}
	expr->type = cx->bad;
	seki_diag_error(cx->diags, seki_expr_span(expr), "%u keys, but here is 1", key->n_args);
}

/* Of one key that is a tuple, a list may be the key or the list of keys: it becomes the latter. */
static void wrap_tuple(struct p4_check *cx, struct p4_expr *expr, const struct p4_type *key)
{
	const struct p4_expr *first = expr->args;
	struct p4_expr *inner;

	if (key->kind != P4_T_TUPLE || key->n_args != 1 || key->args[0]->kind != P4_T_TUPLE ||
	    expr->kind != P4_E_LIST || (first && !first->next && first->kind == P4_E_LIST))
		return;
	inner = seki_arena_new(cx->arena, struct p4_expr);
	*inner = *expr;
	inner->next = NULL;
	expr->args = inner;
}

void seki_check_keyset(struct p4_check *cx, struct p4_expr *expr, struct p4_type *key)
{
	struct p4_expr *e;

	wrap_tuple(cx, expr, key);
	e = expr->args;

	if (key->kind != P4_T_TUPLE || expr->kind != P4_E_LIST) {
		if (key->kind == P4_T_TUPLE && key->n_args == 1)
			key = key->args[0];
		if (key->kind == P4_T_TUPLE)
			check_whole_keyset(cx, expr, key);
		else
			check_simple_keyset(cx, expr, key);
		return;
	}
	expr->type = key;
	if (seki_expr_count(e) != key->n_args) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "%u key%s, but here are %u",
				key->n_args, key->n_args == 1 ? "" : "s", seki_expr_count(e));
		return;
	}
	for (uint32_t i = 0; i < key->n_args; i++, e = e->next)
		seki_check_keyset(cx, e, key->args[i]);
}
