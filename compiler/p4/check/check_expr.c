/* SPDX-License-Identifier: Apache-2.0 */
/* Types of expressions (P4_16 specification, section 8). */
#include <string.h>

#include "compiler/p4/check/check.h"

/* The rest of a sentence that says what would do, or "". */
static const char *other_operator(const struct p4_expr *expr, const struct p4_expr *operand)
{
	enum p4_type_kind kind = operand->type->kind;

	if (kind == P4_T_BOOL && expr->op == P4_OP_AND)
		return "; did you mean '&&'?";
	if (kind == P4_T_BOOL && expr->op == P4_OP_OR)
		return "; did you mean '||'?";
	if (kind == P4_T_BOOL && expr->op == P4_OP_COMP)
		return "; did you mean '!'?";
	if (kind == P4_T_BOOL && expr->op == P4_OP_XOR)
		return "; did you mean '!='?";
	if (kind == P4_T_STRING && expr->op == P4_OP_ADD)
		return "; did you mean '++'?";
	if (kind == P4_T_INT && expr->kind == P4_E_BINARY)
		return ": give it a width, as in 8w1";
	if (kind == P4_T_INT && expr->op == P4_OP_COMP)
		return ": give it a width, as in 8w1";
	return "";
}

static struct p4_type *bad_operand(struct p4_check *cx, const struct p4_expr *expr,
				   const struct p4_expr *operand, const char *op)
{
	if (operand->type->kind != P4_T_BAD)
		seki_diag_error(cx->diags, seki_expr_span(operand), "'%s' does not apply to %s%s",
				op, seki_type_name(cx->arena, operand->type),
				other_operator(expr, operand));
	return cx->bad;
}

/* ---- names ---- */

static struct p4_type *type_of_name(struct p4_check *cx, struct p4_decl *decl)
{
	switch (decl->kind) {
	case P4_D_CONST:
	case P4_D_ENUM_MEMBER:
	case P4_D_VAR:
	case P4_D_PARAM:
	case P4_D_INSTANCE:
	case P4_D_VALUE_SET:
	case P4_D_TABLE:
		return decl->type ? decl->type : cx->bad;
	case P4_D_FUNCTION:
	case P4_D_METHOD:
	case P4_D_ACTION:
		return cx->callee;
	case P4_D_MATCH_KIND:
		return seki_type_make(cx->arena, P4_T_MATCH_KIND);
	case P4_D_STATE:
	case P4_D_GROUP:
		return cx->bad;
	default:
		return seki_type_elem(cx->arena, P4_T_TYPE, NULL);
	}
}

/* Methods of an instance are given no variables: identifiers count in the order of the text. */
static void note_outside(struct p4_check *cx, const struct p4_expr *expr)
{
	const struct p4_decl *decl = expr->decl;

	if (cx->self && cx->function && decl->id < cx->self->id && !decl->is_ctor &&
	    (decl->kind == P4_D_VAR || decl->kind == P4_D_PARAM))
		cx->function->outside = expr->tok;
}

static struct p4_type *check_name(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_decl *decl = seki_scope_find(cx, expr->name, expr->global);
	struct p4_tref *tref;

	if (!decl)
		decl = seki_names_find(&cx->match_kind_names, expr->name);
	if (!decl)
		decl = seki_scope_need(cx, expr->tok, expr->name, expr->global, "name");
	if (!decl)
		return cx->bad;
	decl->used = true;
	if (decl->kind != P4_D_FUNCTION)
		seki_check_use(cx, expr->tok, decl);
	expr->decl = decl;
	note_outside(cx, expr);
	expr->type = type_of_name(cx, decl);
	if (expr->type->kind == P4_T_TYPE) {
		tref = seki_arena_new(cx->arena, struct p4_tref);
		tref->kind = P4_R_NAME;
		tref->tok = expr->tok;
		tref->name = expr->name;
		tref->global = expr->global;
		tref->args = expr->targs;
		expr->type->elem = seki_check_type(cx, tref);
	}
	expr->known = decl->known;
	if (decl->known)
		expr->num = decl->value;
	return expr->type;
}

/* ---- members ---- */

/* The n-th element of a list, or the field of that name of a record. */
static const struct p4_expr *element(const struct p4_expr *list, uint32_t n, const char *name)
{
	const struct p4_expr *e = list->args;

	if (list->kind == P4_E_RECORD) {
		while (e && (!name || !e->arg_name || strcmp(e->arg_name, name) != 0))
			e = e->next;
		return e;
	}
	while (e && n--)
		e = e->next;
	return e;
}

/* What a part of a constant list or struct was given as, or NULL. */
static const struct p4_expr *literal_of(const struct p4_expr *e)
{
	const struct p4_expr *whole;

	if (e->kind == P4_E_LIST || e->kind == P4_E_RECORD || e->known)
		return e;
	if (e->kind == P4_E_NAME)
		return e->decl && e->decl->kind == P4_D_CONST ? literal_of(e->decl->init) : NULL;
	if (e->kind != P4_E_MEMBER && e->kind != P4_E_INDEX)
		return NULL;
	whole = literal_of(e->a);
	if (!whole || (whole->kind != P4_E_LIST && whole->kind != P4_E_RECORD))
		return NULL;
	if (e->kind == P4_E_INDEX)
		whole = e->b->known ? element(whole, (uint32_t)seki_num_to_u64(&e->b->num), NULL)
				    : NULL;
	else
		whole = e->decl ? element(whole, e->decl->index, e->name) : NULL;
	return whole ? literal_of(whole) : NULL;
}

static void fold_part(struct p4_expr *expr)
{
	const struct p4_expr *literal = literal_of(expr);

	if (!literal || !literal->known)
		return;
	expr->known = true;
	expr->num = literal->num;
}

static bool is_method(const char *name)
{
	static const char *const methods[] = {"isValid", "setValid", "setInvalid", "apply"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i], name) == 0)
			return true;
	return false;
}

static struct p4_type *no_member(struct p4_check *cx, const struct p4_expr *expr,
				 const struct p4_decl *list)
{
	const struct p4_type *type;
	const char *names[128];
	const char *near, *rest = "";
	uint32_t n = 0;

	for (; list && n < 128;
	     list = list->kind == P4_D_ERROR_MEMBER ? list->overload : list->next)
		names[n++] = list->name;
	near = seki_diag_suggest(expr->name, names, n);
	if (expr->a->type->kind == P4_T_BAD || expr->name[0] == '?')
		return cx->bad;
	type = expr->a->type->kind == P4_T_TYPE ? expr->a->type->elem : expr->a->type;
	if (near)
		rest = seki_arena_printf(cx->arena, "; did you mean '%s'?", near);
	else if (type->kind == P4_T_ERROR)
		rest = seki_arena_printf(cx->arena, ": 'error { %s }' declares it", expr->name);
	else if (is_method(expr->name))
		rest = seki_arena_printf(cx->arena, ": '%s()' calls its method", expr->name);
	seki_diag_error(cx->diags, expr->tok->at, "%s has no member '%s'%s",
			seki_type_name(cx->arena, type), expr->name, rest);
	return cx->bad;
}

/* Enum.member, error.Member */
static struct p4_type *check_type_member(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = expr->a->type->elem;
	struct p4_decl *m = NULL;

	if (type->kind == P4_T_ENUM)
		m = seki_member_find(type->decl, expr->name);
	else if (type->kind == P4_T_ERROR)
		m = seki_names_find(&cx->error_names, expr->name);
	else if (type->kind == P4_T_BAD)
		return type;
	if (!m)
		return no_member(cx, expr,
				 type->kind == P4_T_ENUM    ? type->decl->members
				 : type->kind == P4_T_ERROR ? cx->errors
							    : NULL);
	expr->decl = m;
	expr->known = m->known;
	expr->num = m->value;
	return type;
}

static bool is_header_stack(const struct p4_type *type)
{
	return type->elem->kind == P4_T_HEADER || type->elem->kind == P4_T_UNION;
}

static struct p4_type *check_stack_member(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *stack = expr->a->type;
	bool in_parser = cx->block && cx->block->kind == P4_D_PARSER;

	if (!is_header_stack(stack))
		return no_member(cx, expr, NULL);
	if (strcmp(expr->name, "size") == 0) {
		expr->known = true;
		expr->num = seki_num_u64(stack->width);
		return seki_type_width(cx->arena, P4_T_BIT, 32);
	}
	if (strcmp(expr->name, "next") == 0 || strcmp(expr->name, "last") == 0 ||
	    strcmp(expr->name, "lastIndex") == 0) {
		if (!in_parser)
			seki_diag_error(cx->diags, expr->tok->at,
					"'%s' of a stack is for parsers only", expr->name);
		return expr->name[4] == 'I' ? seki_type_width(cx->arena, P4_T_BIT, 32)
					    : stack->elem;
	}
	return no_member(cx, expr, NULL);
}

static struct p4_type *check_applied_member(struct p4_check *cx, struct p4_expr *expr)
{
	if (strcmp(expr->name, "hit") == 0 || strcmp(expr->name, "miss") == 0)
		return cx->boolean;
	if (strcmp(expr->name, "action_run") == 0 && cx->in_switch)
		return seki_type_decl(cx->arena, P4_T_ACTIONS, expr->a->type->decl);
	if (strcmp(expr->name, "action_run") != 0)
		return no_member(cx, expr, NULL);
	seki_diag_error(cx->diags, expr->tok->at, "'action_run' is only what a switch is over");
	return cx->bad;
}

static struct p4_type *check_member(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = seki_check_expr(cx, expr->a);
	struct p4_decl *field;

	switch (type->kind) {
	case P4_T_BAD:
		return cx->bad;
	case P4_T_TYPE:
		return check_type_member(cx, expr);
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
		field = seki_member_find(type->decl, expr->name);
		if (!field)
			return no_member(cx, expr, type->decl->members);
		expr->decl = field;
		fold_part(expr);
		return seki_type_field(cx->arena, type, field);
	case P4_T_STACK:
		return check_stack_member(cx, expr);
	case P4_T_APPLIED:
		return check_applied_member(cx, expr);
	default:
		return no_member(cx, expr, NULL);
	}
}

static struct p4_type *check_index(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = seki_check_expr(cx, expr->a);
	bool stack = type->kind == P4_T_STACK;
	uint32_t i;

	seki_check_value(cx, expr->b, NULL);
	if (type->kind == P4_T_BAD || expr->b->type->kind == P4_T_BAD)
		return cx->bad;
	if (type->kind != P4_T_TUPLE && !stack) {
		seki_diag_error(cx->diags, seki_expr_span(expr->a), "%s cannot be indexed",
				seki_type_name(cx->arena, type));
		return cx->bad;
	}
	if (!seki_type_is_number(seki_type_base(expr->b->type)))
		return bad_operand(cx, expr, expr->b, "[]");
	if (!stack || expr->b->known) {
		uint32_t n = stack ? type->width : type->n_args;

		if (!seki_check_constant(cx, expr->b, "the index", n ? n - 1 : 0, &i) || n == 0)
			return cx->bad;
		fold_part(expr);
		return stack ? type->elem : type->args[i];
	}
	return type->elem;
}

/* a[low +: width]: where low is a constant, the same as a[low + width - 1 : low]. */
static struct p4_type *check_slice_up(struct p4_check *cx, struct p4_expr *expr, uint32_t top)
{
	struct p4_type *low_type = expr->b->type;
	uint32_t low, width;

	if (!seki_check_constant(cx, expr->c, "the width of a slice", top, &width))
		return cx->bad;
	if (low_type->kind != P4_T_BIT && low_type->kind != P4_T_INT)
		return bad_operand(cx, expr, expr->b, "+:");
	if (width == 0) {
		seki_diag_error(cx->diags, seki_expr_span(expr->c), "a slice has at least one bit");
		return cx->bad;
	}
	if (expr->b->known) {
		if (!seki_check_constant(cx, expr->b, "the low bit", top - width, &low))
			return cx->bad;
		expr->op = P4_OP_NONE;
		expr->c->num = expr->b->num;
		expr->b->num = seki_num_u64((uint64_t)low + width - 1);
		expr->type = seki_type_width(cx->arena, P4_T_BIT, width);
		seki_fold_slice(cx, expr, low);
		return expr->type;
	}
	return seki_type_width(cx->arena, P4_T_BIT, width);
}

static struct p4_type *check_slice(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = seki_check_expr(cx, expr->a);
	uint32_t high, low, top;

	if (type->kind == P4_T_ENUM && type->elem)
		type = type->elem;
	seki_check_value(cx, expr->b, NULL);
	seki_check_value(cx, expr->c, NULL);
	if (type->kind == P4_T_BAD)
		return cx->bad;
	if (!seki_type_is_number(type)) {
		seki_diag_error(cx->diags, seki_expr_span(expr->a), "%s has no bits to slice",
				seki_type_name(cx->arena, type));
		return cx->bad;
	}
	top = seki_type_is_fixed(type) ? type->width : SEKI_P4_MAX_WIDTH;
	if (expr->op == P4_OP_ADD)
		return check_slice_up(cx, expr, top);
	if (!seki_check_constant(cx, expr->b, "the high bit", top ? top - 1 : 0, &high) ||
	    !seki_check_constant(cx, expr->c, "the low bit", top ? top - 1 : 0, &low))
		return cx->bad;
	if (low > high) {
		seki_diag_error(cx->diags, seki_expr_span(expr),
				"the low bit %u is above the high bit %u", low, high);
		return cx->bad;
	}
	expr->type = seki_type_width(cx->arena, P4_T_BIT, high - low + 1);
	seki_fold_slice(cx, expr, low);
	return expr->type;
}

/* ---- operators ---- */

static struct p4_type *check_unary(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type;

	seki_check_value(cx, expr->a, NULL);
	type = expr->a->type;
	if (type->kind == P4_T_BAD)
		return type;
	if (type->kind == P4_T_ENUM && type->elem) {
		seki_convert(cx, expr->a, type->elem);
		type = type->elem;
	}
	if (expr->op == P4_OP_NOT ? type->kind != P4_T_BOOL
				  : !seki_type_is_number(type) ||
					    (expr->op == P4_OP_COMP && type->kind == P4_T_INT))
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	expr->type = type;
	seki_fold_unary(cx, expr);
	return type;
}

static struct p4_type *mismatch(struct p4_check *cx, const struct p4_expr *expr)
{
	if (expr->a->type->kind != P4_T_BAD && expr->b->type->kind != P4_T_BAD)
		seki_diag_error(cx->diags, seki_expr_span(expr),
				"'%s' of %s and %s: they must be of one type%s",
				seki_op_text(expr->op), seki_type_name(cx->arena, expr->a->type),
				seki_type_name(cx->arena, expr->b->type),
				seki_type_is_number(expr->a->type) &&
						seki_type_is_number(expr->b->type)
					? "; a cast makes them so"
					: "");
	return cx->bad;
}

/* An enum with numbers stands for its number. */
static void use_number(struct p4_check *cx, struct p4_expr *operand)
{
	if (operand->type->kind == P4_T_ENUM && operand->type->elem)
		seki_convert(cx, operand, operand->type->elem);
}

/* Enums with a representation count as it, unless both are of the same enum. */
static void unwrap_enums(struct p4_check *cx, struct p4_expr *expr)
{
	if (seki_type_equal(expr->a->type, expr->b->type))
		return;
	use_number(cx, expr->a);
	use_number(cx, expr->b);
}

/* Gives both operands the same type, where one can be converted to the other's. */
static bool unify_operands(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *a, *b;

	unwrap_enums(cx, expr);
	a = expr->a->type;
	b = expr->b->type;
	if (a->kind == P4_T_INT && seki_type_is_fixed(b))
		return seki_convert(cx, expr->a, b);
	if (b->kind == P4_T_INT && seki_type_is_fixed(a))
		return seki_convert(cx, expr->b, a);
	if (expr->a->kind == P4_E_LIST || expr->a->kind == P4_E_RECORD || a->kind == P4_T_INVALID)
		return seki_can_convert(expr->a, b) && seki_convert(cx, expr->a, b);
	if (expr->b->kind == P4_E_LIST || expr->b->kind == P4_E_RECORD || b->kind == P4_T_INVALID)
		return seki_can_convert(expr->b, a) && seki_convert(cx, expr->b, a);
	return seki_type_equal(a, b);
}

static struct p4_type *check_arithmetic(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type;

	if (!unify_operands(cx, expr))
		return mismatch(cx, expr);
	type = expr->a->type;
	if (type->kind == P4_T_ENUM && type->elem) {
		seki_convert(cx, expr->a, type->elem);
		seki_convert(cx, expr->b, type->elem);
		type = type->elem;
	}
	if (!seki_type_is_number(type))
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	if ((expr->op == P4_OP_SAT_ADD || expr->op == P4_OP_SAT_SUB) && type->kind == P4_T_INT)
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	return type;
}

static struct p4_type *check_division(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = check_arithmetic(cx, expr);
	const struct p4_expr *sides[] = {expr->a, expr->b};

	if (type->kind == P4_T_SIGNED)
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	if (type->kind != P4_T_BAD && expr->b->known && seki_num_is_zero(&expr->b->num)) {
		seki_diag_error(cx->diags, seki_expr_span(expr->b), "division by zero");
		return cx->bad;
	}
	for (int i = 0; i < 2 && type->kind != P4_T_BAD; i++)
		if (sides[i]->known && sides[i]->num.neg) {
			seki_diag_error(cx->diags, seki_expr_span(sides[i]),
					"'%s' needs operands that are not negative",
					seki_op_text(expr->op));
			return cx->bad;
		}
	return type;
}

static struct p4_type *check_shift(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *a, *b;

	use_number(cx, expr->a);
	use_number(cx, expr->b);
	a = expr->a->type;
	b = expr->b->type;
	if (!seki_type_is_number(a))
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	if (b->kind != P4_T_BIT && b->kind != P4_T_INT &&
	    (b->kind != P4_T_SIGNED || !expr->b->known))
		return bad_operand(cx, expr, expr->b, seki_op_text(expr->op));
	if (expr->b->known && expr->b->num.neg) {
		seki_diag_error(cx->diags, seki_expr_span(expr->b),
				"a shift cannot be by a negative number");
		return cx->bad;
	}
	if (a->kind == P4_T_INT && !expr->b->known) {
		seki_diag_error(cx->diags, seki_expr_span(expr->a),
				"a value without a width can only be shifted by a constant");
		return cx->bad;
	}
	return a;
}

static struct p4_type *check_concat(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *a, *b;

	if (expr->a->type->kind == P4_T_STRING && expr->b->type->kind == P4_T_STRING)
		return cx->string;
	use_number(cx, expr->a);
	use_number(cx, expr->b);
	a = expr->a->type;
	b = expr->b->type;
	if (!seki_type_is_fixed(a))
		return bad_operand(cx, expr, expr->a, "++");
	if (!seki_type_is_fixed(b))
		return bad_operand(cx, expr, expr->b, "++");
	if (a->width + b->width > SEKI_P4_MAX_WIDTH) {
		seki_diag_error(cx->diags, seki_expr_span(expr),
				"%u + %u bits are more than %u, the most that a type has", a->width,
				b->width, SEKI_P4_MAX_WIDTH);
		return cx->bad;
	}
	return seki_type_width(cx->arena, a->kind, a->width + b->width);
}

static struct p4_type *check_comparison(struct p4_check *cx, struct p4_expr *expr)
{
	bool equality = expr->op == P4_OP_EQ || expr->op == P4_OP_NE;
	struct p4_type *type;

	if (!unify_operands(cx, expr))
		return mismatch(cx, expr);
	type = expr->a->type;
	if (type->kind == P4_T_ENUM && type->elem && !equality)
		type = type->elem;
	if (equality ? !seki_type_has_equality(type) : !seki_type_is_number(type))
		return bad_operand(cx, expr, expr->a, seki_op_text(expr->op));
	return cx->boolean;
}

static struct p4_type *check_logic(struct p4_check *cx, struct p4_expr *expr)
{
	seki_check_bool(cx, expr->a, seki_op_text(expr->op));
	seki_check_bool(cx, expr->b, seki_op_text(expr->op));
	return cx->boolean;
}

static struct p4_type *binary_type(struct p4_check *cx, struct p4_expr *expr)
{
	switch (expr->op) {
	case P4_OP_DIV:
	case P4_OP_MOD:
		return check_division(cx, expr);
	case P4_OP_SHL:
	case P4_OP_SHR:
		return check_shift(cx, expr);
	case P4_OP_CONCAT:
		return check_concat(cx, expr);
	case P4_OP_EQ:
	case P4_OP_NE:
	case P4_OP_LT:
	case P4_OP_LE:
	case P4_OP_GT:
	case P4_OP_GE:
		return check_comparison(cx, expr);
	default:
		return check_arithmetic(cx, expr);
	}
}

static struct p4_type *check_binary(struct p4_check *cx, struct p4_expr *expr)
{
	if (expr->op == P4_OP_LAND || expr->op == P4_OP_LOR) {
		expr->type = check_logic(cx, expr);
	} else {
		seki_check_value(cx, expr->a, NULL);
		seki_check_value(cx, expr->b, NULL);
		if (expr->a->type->kind == P4_T_BAD || expr->b->type->kind == P4_T_BAD)
			return cx->bad;
		expr->type = binary_type(cx, expr);
	}
	if (expr->type->kind != P4_T_BAD && expr->type->kind != P4_T_STRING)
		seki_fold_binary(cx, expr);
	return expr->type;
}

static struct p4_type *check_cast(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *to = seki_check_type(cx, expr->tref);

	seki_check_value(cx, expr->a, NULL);
	if (to->kind == P4_T_BAD || expr->a->type->kind == P4_T_BAD)
		return to;
	if (to->kind != P4_T_INT && seki_is_castable(to) && seki_can_convert(expr->a, to) &&
	    expr->a->type->kind != P4_T_INT && expr->a->type->kind != P4_T_ENUM) {
		seki_convert(cx, expr->a, to);
		expr->type = expr->a->type;
		seki_fold_cast(cx, expr);
		return expr->type;
	}
	if (!seki_is_castable(to) || !seki_can_cast(expr->a->type, to)) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "%s cannot be cast to %s",
				seki_type_name(cx->arena, expr->a->type),
				seki_type_name(cx->arena, to));
		return cx->bad;
	}
	if (to->kind == P4_T_BOOL && expr->a->known &&
	    (expr->a->num.neg || seki_num_to_u64(&expr->a->num) > 1))
		seki_diag_error(cx->diags, seki_expr_span(expr), "only 0 and 1 are truth values");
	expr->type = to;
	seki_fold_cast(cx, expr);
	return to;
}

static struct p4_type *check_cond(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_expr both = {.kind = P4_E_BINARY, .tok = expr->tok, .first = expr->first};

	seki_check_bool(cx, expr->a, "?:");
	seki_check_value(cx, expr->b, NULL);
	seki_check_value(cx, expr->c, NULL);
	both.a = expr->b;
	both.b = expr->c;
	both.last = expr->last;
	if (!unify_operands(cx, &both)) {
		if (expr->b->type->kind != P4_T_BAD && expr->c->type->kind != P4_T_BAD)
			seki_diag_error(cx->diags, seki_expr_span(expr),
					"the two values are of types %s and %s",
					seki_type_name(cx->arena, expr->b->type),
					seki_type_name(cx->arena, expr->c->type));
		return cx->bad;
	}
	expr->type = expr->b->type;
	if (expr->type->kind == P4_T_INT && !expr->a->known) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "the values need a width here");
		return cx->bad;
	}
	if (expr->a->known) {
		const struct p4_expr *taken = seki_num_is_zero(&expr->a->num) ? expr->c : expr->b;

		expr->known = taken->known;
		expr->num = taken->num;
	}
	return expr->type;
}

/* ---- lists ---- */

static struct p4_type *check_list(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_type *type = seki_type_make(cx->arena,
					      expr->kind == P4_E_LIST ? P4_T_TUPLE : P4_T_RECORD);
	struct p4_names seen = {0};

	type->args = seki_arena_alloc(cx->arena,
				      (seki_expr_count(expr->args) + 1) * sizeof(*type->args));
	for (struct p4_expr *e = expr->args; e; e = e->next) {
		seki_check_value(cx, e, NULL);
		type->args[type->n_args++] = e->type;
		if (e->kind == P4_E_DOTS && !e->arg_name && e->next) {
			seki_diag_error(cx->diags, seki_expr_span(e), "'...' must be the last");
			return cx->bad;
		}
		if (e->kind != P4_E_DOTS && !e->arg_name != (expr->kind == P4_E_LIST))
			seki_diag_error(cx->diags, seki_expr_span(e),
					"either all elements have names, or none");
		if (e->arg_name && seki_names_add(&seen, cx->arena, e->arg_name, e))
			seki_diag_error(cx->diags, seki_expr_span(e), "field '%s' is given twice",
					e->arg_name);
	}
	return type;
}

static struct p4_type *check_number(struct p4_check *cx, struct p4_expr *expr)
{
	bool is_signed = expr->type->kind == P4_T_SIGNED;

	if (!seki_type_is_fixed(expr->type))
		return expr->type;
	if (!seki_check_width(cx, seki_expr_span(expr), expr->type->kind, expr->type->width))
		return cx->bad;
	if (!seki_num_fits(&expr->num, expr->type->width, is_signed)) {
		seki_diag_warning(cx->diags, SEKI_WARN_OVERFLOW, seki_expr_span(expr),
				  "%s does not fit into %s", seki_num_text(cx->arena, &expr->num),
				  seki_type_name(cx->arena, expr->type));
		expr->num = seki_num_wrap(cx->arena, &expr->num, expr->type->width, is_signed);
	}
	return expr->type;
}

static struct p4_type *check_kind(struct p4_check *cx, struct p4_expr *expr)
{
	switch (expr->kind) {
	case P4_E_INT:
		return check_number(cx, expr);
	case P4_E_BOOL:
		return cx->boolean;
	case P4_E_STRING:
		return cx->string;
	case P4_E_NAME:
		return check_name(cx, expr);
	case P4_E_TYPE:
		return seki_type_elem(cx->arena, P4_T_TYPE, seki_check_type(cx, expr->tref));
	case P4_E_MEMBER:
		return check_member(cx, expr);
	case P4_E_INDEX:
		return check_index(cx, expr);
	case P4_E_SLICE:
		return check_slice(cx, expr);
	case P4_E_CALL:
		return seki_check_call(cx, expr);
	case P4_E_CAST:
		return check_cast(cx, expr);
	case P4_E_UNARY:
		return check_unary(cx, expr);
	case P4_E_BINARY:
		return check_binary(cx, expr);
	case P4_E_COND:
		return check_cond(cx, expr);
	case P4_E_LIST:
	case P4_E_RECORD:
		return check_list(cx, expr);
	case P4_E_DONTCARE:
	case P4_E_DEFAULT:
		return cx->dontcare;
	case P4_E_DOTS:
		return seki_type_make(cx->arena, P4_T_DEFAULT);
	case P4_E_INVALID:
		return seki_type_make(cx->arena, P4_T_INVALID);
	default:
		seki_diag_error(cx->diags, seki_expr_span(expr), "this is only for keysets");
		return cx->bad;
	}
}

struct p4_type *seki_check_expr(struct p4_check *cx, struct p4_expr *expr)
{
	expr->type = check_kind(cx, expr);
	return expr->type;
}

static void tell_no_value(struct p4_check *cx, const struct p4_expr *expr)
{
	const struct p4_type *type = expr->type;

	if (type->kind == P4_T_TYPE && type->elem && seki_is_object(type->elem))
		seki_diag_error(cx->diags, seki_expr_span(expr),
				"a type is not a value: '%s()' makes an instance",
				type->elem->decl->name);
	else
		seki_diag_error(cx->diags, seki_expr_span(expr), "%s is not a value",
				type->kind == P4_T_TYPE	    ? "a type"
				: type->kind == P4_T_CALLEE ? "this, without a call,"
							    : "what returns nothing");
}

void seki_check_value(struct p4_check *cx, struct p4_expr *expr, struct p4_type *want)
{
	struct p4_type *type = seki_check_expr(cx, expr);

	if (type->kind == P4_T_TYPE || type->kind == P4_T_CALLEE || type->kind == P4_T_VOID) {
		tell_no_value(cx, expr);
		expr->type = cx->bad;
	} else if (expr->kind == P4_E_DONTCARE || expr->kind == P4_E_DEFAULT) {
		seki_diag_error(cx->diags, seki_expr_span(expr), "expected a value");
		expr->type = cx->bad;
	}
	if (want)
		seki_convert(cx, expr, want);
}

void seki_check_bool(struct p4_check *cx, struct p4_expr *expr, const char *what)
{
	seki_check_value(cx, expr, NULL);
	if (expr->type->kind == P4_T_BOOL || expr->type->kind == P4_T_BAD)
		return;
	seki_diag_error(cx->diags, seki_expr_span(expr), "%s needs a bool, this is of type %s%s",
			what, seki_type_name(cx->arena, expr->type),
			expr->type->kind == P4_T_HEADER || expr->type->kind == P4_T_UNION
				? ": ask 'isValid()' of it"
			: seki_type_is_number(expr->type) && !expr->known
				? ": compare it, as in 'x != 0'"
				: "");
	expr->type = cx->bad;
}
