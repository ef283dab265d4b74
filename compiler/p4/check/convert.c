/* SPDX-License-Identifier: Apache-2.0 */
/* Implicit conversions and explicit casts (P4_16 specification, section 8.11). */
#include <string.h>

#include "compiler/p4/check/check.h"

static bool fields_can_convert(const struct p4_expr *list, const struct p4_type *to)
{
	const struct p4_expr *e = list->args;
	const struct p4_decl *f = to->decl->members;

	for (; e && f; e = e->next, f = f->next) {
		if (e->kind == P4_E_DOTS)
			return true;
		if (to->n_args == 0 && f->type && !seki_can_convert(e, f->type))
			return false;
	}
	return !e && (!f || list->args == NULL);
}

static bool elements_can_convert(const struct p4_expr *list, const struct p4_type *to)
{
	const struct p4_expr *e = list->args;

	for (uint32_t i = 0; i < to->n_args; i++, e = e->next) {
		if (!e)
			return false;
		if (e->kind == P4_E_DOTS)
			return true;
		if (!seki_can_convert(e, to->args[i]))
			return false;
	}
	return !e || e->kind == P4_E_DOTS;
}

static bool ends_in_dots(const struct p4_expr *list)
{
	const struct p4_expr *e = list->args;

	while (e && e->next)
		e = e->next;
	return e && e->kind == P4_E_DOTS;
}

static bool list_can_convert(const struct p4_expr *list, const struct p4_type *to)
{
	if (to->kind == P4_T_STRUCT || to->kind == P4_T_HEADER)
		return fields_can_convert(list, to);
	if (to->kind == P4_T_TUPLE)
		return elements_can_convert(list, to);
	if (to->kind == P4_T_LIST || to->kind == P4_T_STACK) {
		for (const struct p4_expr *e = list->args; e; e = e->next)
			if (!seki_can_convert(e, to->elem))
				return false;
		return to->kind == P4_T_LIST || ends_in_dots(list) ||
		       seki_expr_count(list->args) == to->width;
	}
	return false;
}

static bool record_can_convert(const struct p4_expr *record, const struct p4_type *to)
{
	uint32_t n = 0;
	bool dots = false;

	if (to->kind != P4_T_STRUCT && to->kind != P4_T_HEADER)
		return false;
	for (const struct p4_expr *e = record->args; e; e = e->next) {
		const struct p4_decl *f;

		if (e->kind == P4_E_DOTS && !e->arg_name) {
			dots = true;
			continue;
		}
		f = e->arg_name ? seki_member_find(to->decl, e->arg_name) : NULL;
		if (!f)
			return false;
		if (to->n_args == 0 && f->type && !seki_can_convert(e, f->type))
			return false;
		n++;
	}
	return dots || n == seki_decl_count(to->decl->members);
}

bool seki_can_convert(const struct p4_expr *expr, const struct p4_type *to)
{
	const struct p4_type *from = expr->type;

	if (expr->kind == P4_E_LIST && from->kind == P4_T_TUPLE && to->kind != P4_T_BAD &&
	    to->kind != P4_T_DONTCARE)
		return list_can_convert(expr, to);
	if (expr->kind == P4_E_RECORD && from->kind == P4_T_RECORD && to->kind != P4_T_BAD)
		return record_can_convert(expr, to);
	if (seki_type_equal(from, to) || from->kind == P4_T_DEFAULT)
		return true;
	if (from->kind == P4_T_INVALID)
		return to->kind == P4_T_HEADER || to->kind == P4_T_UNION;
	if (from->kind == P4_T_INT && seki_type_is_fixed(to))
		return true;
	/* An enum with a representation is implicitly one of its values' type, not the reverse. */
	if (from->kind == P4_T_ENUM && from->elem && seki_type_equal(from->elem, to))
		return true;
	if (from->kind == P4_T_TUPLE && to->kind == P4_T_TUPLE)
		return false;
	return false;
}

static bool is_one_bit(const struct p4_type *type)
{
	return type->kind == P4_T_BIT && type->width == 1;
}

bool seki_is_castable(const struct p4_type *to)
{
	switch (to->kind) {
	case P4_T_BAD:
	case P4_T_BOOL:
	case P4_T_INT:
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
	case P4_T_STACK:
	case P4_T_LIST:
	case P4_T_NEW:
	case P4_T_VAR:
		return true;
	case P4_T_ENUM:
		return to->elem != NULL;
	default:
		return false;
	}
}

bool seki_can_cast(const struct p4_type *from, const struct p4_type *to)
{
	if (seki_type_equal(from, to))
		return true;
	/* To and from the type that it is made of, and no other; a number without a width gets its. */
	if (to->kind == P4_T_NEW && (from->kind == P4_T_INT || seki_type_equal(from, to->elem)))
		return seki_can_cast(from, to->elem);
	if (from->kind == P4_T_NEW || to->kind == P4_T_NEW)
		return from->kind == P4_T_NEW && seki_type_equal(from->elem, to);
	if (from->kind == P4_T_ENUM && from->elem)
		return seki_can_cast(from->elem, to);
	if (to->kind == P4_T_ENUM && to->elem)
		return seki_can_cast(from, to->elem);
	if (to->kind == P4_T_BOOL)
		return is_one_bit(from) || from->kind == P4_T_INT;
	if (from->kind == P4_T_BOOL)
		return is_one_bit(to);
	if (from->kind == P4_T_INT || to->kind == P4_T_INT)
		return seki_type_is_number(from) && seki_type_is_number(to);
	if (seki_type_is_fixed(from) && seki_type_is_fixed(to))
		return from->kind == to->kind || from->width == to->width;
	return false;
}

/* Turns an expression of compile-time type int into one of a fixed type. */
static void give_width(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to)
{
	bool is_signed = to->kind == P4_T_SIGNED;

	expr->type = to;
	if (!expr->known)
		return;
	if (!seki_num_fits(&expr->num, to->width, is_signed)) {
		seki_diag_warning(cx->diags, SEKI_WARN_OVERFLOW, seki_expr_span(expr),
				  "%s does not fit into %s", seki_num_text(cx->arena, &expr->num),
				  seki_type_name(cx->arena, to));
		expr->num = seki_num_wrap(cx->arena, &expr->num, to->width, is_signed);
	}
	expr->kind = P4_E_INT;
}

/* Puts a cast around an expression, in its place. */
static void wrap(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to)
{
	struct p4_expr *inner = seki_arena_new(cx->arena, struct p4_expr);

	*inner = *expr;
	inner->next = NULL;
	expr->kind = P4_E_CAST;
	expr->a = inner;
	expr->tref = NULL;
	expr->type = to;
	expr->known = false;
	seki_fold_cast(cx, expr);
}

static struct p4_type *element_type(struct p4_check *cx, struct p4_type *to, uint32_t i,
				    const struct p4_decl *field)
{
	if (field)
		return seki_type_field(cx->arena, to, field);
	if (to->kind == P4_T_TUPLE)
		return i < to->n_args ? to->args[i] : NULL;
	return to->elem;
}

/* The rest of a sentence that says what would make the type right, or "". */
static const char *remedy(struct p4_check *cx, const struct p4_expr *expr, const struct p4_type *to)
{
	if (to->kind == P4_T_BOOL && seki_type_is_number(expr->type))
		return expr->known ? ": write 'true' or 'false'" : ": compare it, as in 'x != 0'";
	if (expr->type->kind == P4_T_BOOL && !expr->known && seki_type_is_fixed(to) &&
	    to->width != 1)
		return ": write 'x ? 1 : 0'";
	if (to->kind == P4_T_INT || !seki_is_castable(to) || !seki_can_cast(expr->type, to))
		return "";
	return seki_arena_printf(cx->arena, ": cast it, as in '(%s)x'",
				 seki_type_name(cx->arena, to));
}

static bool tell(struct p4_check *cx, const struct p4_expr *expr, const struct p4_type *to)
{
	struct seki_diag *diag;

	if (expr->type->kind == P4_T_BAD || to->kind == P4_T_BAD)
		return false;
	diag = seki_diag_error(cx->diags, seki_expr_span(expr), "this is of type %s, not %s%s",
			       seki_type_name(cx->arena, expr->type), seki_type_name(cx->arena, to),
			       remedy(cx, expr, to));
	if (expr->kind == P4_E_NAME && expr->decl && expr->decl->tok)
		seki_diag_note(cx->diags, diag, expr->decl->tok->at, "'%s' is declared here",
			       expr->decl->name);
	return false;
}

static bool wrong_count(struct p4_check *cx, const struct p4_expr *expr, const struct p4_type *to,
			uint32_t want)
{
	uint32_t n = seki_expr_count(expr->args);

	seki_diag_error(cx->diags, seki_expr_span(expr), "%s has %u element%s, here %s %u",
			seki_type_name(cx->arena, to), want, want == 1 ? "" : "s",
			n == 1 ? "is" : "are", n);
	return false;
}

static bool by_field(const struct p4_type *type)
{
	return type->kind == P4_T_STRUCT || type->kind == P4_T_HEADER;
}

/* How many elements a list must have to become a `to`; UINT32_MAX: any number. */
static uint32_t elements_of(const struct p4_type *to)
{
	if (by_field(to))
		return seki_decl_count(to->decl->members);
	return to->kind == P4_T_TUPLE	? to->n_args
	       : to->kind == P4_T_STACK ? to->width
					: UINT32_MAX;
}

static bool convert_list(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to)
{
	const struct p4_decl *field = by_field(to) ? to->decl->members : NULL;
	uint32_t want = elements_of(to), i = 0;
	bool ok = true, dots = false;

	for (struct p4_expr *e = expr->args; e && i < want; e = e->next, i++) {
		dots = e->kind == P4_E_DOTS && !e->next;
		if (dots)
			break;
		ok &= seki_convert(cx, e, element_type(cx, to, i, field));
		field = field ? field->next : NULL;
	}
	if (want != UINT32_MAX && !dots && seki_expr_count(expr->args) != want &&
	    (expr->args || to->kind == P4_T_TUPLE || to->kind == P4_T_STACK))
		return wrong_count(cx, expr, to, want);
	if (ok)
		expr->type = to;
	return ok;
}

static bool convert_record(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to)
{
	uint32_t n = 0;
	bool ok = true, dots = false;

	for (struct p4_expr *e = expr->args; e; e = e->next) {
		struct p4_decl *f = e->arg_name ? seki_member_find(to->decl, e->arg_name) : NULL;

		if (f) {
			ok &= seki_convert(cx, e, seki_type_field(cx->arena, to, f));
			n++;
		} else if (e->kind == P4_E_DOTS) {
			dots = true;
		} else {
			seki_diag_error(cx->diags, seki_expr_span(e), "%s has no field '%s'",
					seki_type_name(cx->arena, to),
					e->arg_name ? e->arg_name : "");
			return false;
		}
	}
	if (!dots && n != seki_decl_count(to->decl->members))
		return wrong_count(cx, expr, to, seki_decl_count(to->decl->members));
	if (ok)
		expr->type = to;
	return ok;
}

bool seki_convert(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to)
{
	const struct p4_type *from = expr->type;

	if (from->kind == P4_T_BAD || to->kind == P4_T_BAD || to->kind == P4_T_DONTCARE)
		return true;
	if (from->kind == P4_T_INVALID || from->kind == P4_T_DEFAULT) {
		if (!seki_can_convert(expr, to))
			return tell(cx, expr, to);
		expr->type = to;
		return true;
	}
	if (expr->kind == P4_E_LIST && from->kind == P4_T_TUPLE)
		return by_field(to) || to->kind == P4_T_TUPLE || to->kind == P4_T_LIST ||
				       to->kind == P4_T_STACK
			       ? convert_list(cx, expr, to)
			       : tell(cx, expr, to);
	if (expr->kind == P4_E_RECORD && from->kind == P4_T_RECORD && from != to)
		return by_field(to) ? convert_record(cx, expr, to) : tell(cx, expr, to);
	if (seki_type_equal(from, to))
		return true;
	if (!seki_can_convert(expr, to))
		return tell(cx, expr, to);
	if (from->kind == P4_T_INT)
		give_width(cx, expr, to);
	else
		wrap(cx, expr, to);
	return true;
}
