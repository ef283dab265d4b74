/* SPDX-License-Identifier: Apache-2.0 */
/* Values at compile time (P4_16 specification, section 18.1). */
#include "compiler/p4/check/check.h"

static bool is_signed(const struct p4_type *type)
{
	return type->kind == P4_T_SIGNED;
}

/* Puts a result in, cut to the width of its type. */
static void set(struct p4_check *cx, struct p4_expr *expr, struct p4_num num)
{
	const struct p4_type *type = seki_type_base(expr->type);

	if (seki_type_is_fixed(type))
		num = seki_num_wrap(cx->arena, &num, type->width, is_signed(type));
	expr->num = num;
	expr->known = true;
}

static void set_bool(struct p4_expr *expr, bool value)
{
	expr->num = seki_num_u64(value);
	expr->known = true;
}

static void too_long(struct p4_check *cx, struct p4_expr *expr)
{
	seki_diag_error(cx->diags, seki_expr_span(expr), "this number has more than %u bits",
			SEKI_NUM_BITS);
	expr->type = cx->bad;
}

void seki_fold_unary(struct p4_check *cx, struct p4_expr *expr)
{
	struct p4_num minus_one = seki_num_u64(1), num;

	if (!expr->a->known)
		return;
	minus_one.neg = true;
	switch (expr->op) {
	case P4_OP_NOT:
		set_bool(expr, seki_num_is_zero(&expr->a->num));
		break;
	case P4_OP_PLUS:
		set(cx, expr, expr->a->num);
		break;
	case P4_OP_NEG:
		set(cx, expr, seki_num_neg(&expr->a->num));
		break;
	default:
		num = seki_num_xor(cx->arena, &expr->a->num, &minus_one);
		set(cx, expr, num);
		break;
	}
}

static bool compare(enum p4_op op, int order)
{
	switch (op) {
	case P4_OP_EQ:
		return order == 0;
	case P4_OP_NE:
		return order != 0;
	case P4_OP_LT:
		return order < 0;
	case P4_OP_LE:
		return order <= 0;
	case P4_OP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static void fold_division(struct p4_check *cx, struct p4_expr *e)
{
	const struct p4_num *a = &e->a->num, *b = &e->b->num;
	struct p4_num quotient, rest;

	if (a->neg || b->neg || seki_num_is_zero(b))
		return;
	seki_num_div(cx->arena, a, b, &quotient, &rest);
	set(cx, e, e->op == P4_OP_DIV ? quotient : rest);
}

/* What a fixed type does not keep need not be representable. */
static void fold_left_shift(struct p4_check *cx, struct p4_expr *e, uint64_t n)
{
	struct p4_num num = e->a->num;

	if (seki_type_is_fixed(e->type) && n >= e->type->width)
		set(cx, e, seki_num_u64(0));
	else if (seki_num_shl(cx->arena, &num, n, &num))
		set(cx, e, num);
	else
		too_long(cx, e);
}

static void fold_arithmetic(struct p4_check *cx, struct p4_expr *e)
{
	const struct p4_num *a = &e->a->num, *b = &e->b->num;
	struct p4_num num;
	bool fits;

	if (e->op == P4_OP_ADD || e->op == P4_OP_SAT_ADD)
		fits = seki_num_add(cx->arena, a, b, &num);
	else if (e->op == P4_OP_MUL)
		fits = seki_num_mul(cx->arena, a, b, &num);
	else
		fits = seki_num_sub(cx->arena, a, b, &num);
	if (!fits) {
		too_long(cx, e);
		return;
	}
	if (e->op == P4_OP_SAT_ADD || e->op == P4_OP_SAT_SUB)
		num = seki_num_saturate(cx->arena, &num, e->type->width, is_signed(e->type));
	set(cx, e, num);
}

/* a * 2^width(b), and the bits of b: the sum is the same whether the sign of a is looked at or not. */
static void fold_concat(struct p4_check *cx, struct p4_expr *e)
{
	uint32_t width = e->b->type->width;
	struct p4_num high, low = seki_num_wrap(cx->arena, &e->b->num, width, false);

	if (seki_num_shl(cx->arena, &e->a->num, width, &high) &&
	    seki_num_add(cx->arena, &high, &low, &high))
		set(cx, e, high);
}

static void fold_values(struct p4_check *cx, struct p4_expr *e)
{
	const struct p4_num *a = &e->a->num, *b = &e->b->num;

	switch (e->op) {
	case P4_OP_DIV:
	case P4_OP_MOD:
		fold_division(cx, e);
		break;
	case P4_OP_SHL:
		fold_left_shift(cx, e, seki_num_to_u64(b));
		break;
	case P4_OP_SHR:
		set(cx, e, seki_num_shr(cx->arena, a, seki_num_to_u64(b)));
		break;
	case P4_OP_CONCAT:
		fold_concat(cx, e);
		break;
	case P4_OP_AND:
		set(cx, e, seki_num_and(cx->arena, a, b));
		break;
	case P4_OP_OR:
		set(cx, e, seki_num_or(cx->arena, a, b));
		break;
	case P4_OP_XOR:
		set(cx, e, seki_num_xor(cx->arena, a, b));
		break;
	default:
		fold_arithmetic(cx, e);
		break;
	}
}

/* `false && x` and `true || x` are known whatever x is. */
static void fold_logic(struct p4_expr *e)
{
	if (e->a->known && seki_num_is_zero(&e->a->num) == (e->op == P4_OP_LAND))
		set_bool(e, e->op == P4_OP_LOR);
	else if (e->a->known && e->b->known)
		set_bool(e, !seki_num_is_zero(&e->b->num));
}

void seki_fold_binary(struct p4_check *cx, struct p4_expr *e)
{
	if (e->op == P4_OP_LAND || e->op == P4_OP_LOR)
		fold_logic(e);
	else if (!e->a->known || !e->b->known)
		return;
	else if (e->type->kind == P4_T_BOOL)
		set_bool(e, compare(e->op, seki_num_cmp(&e->a->num, &e->b->num)));
	else
		fold_values(cx, e);
}

void seki_fold_cast(struct p4_check *cx, struct p4_expr *expr)
{
	if (!expr->a->known)
		return;
	if (expr->type->kind == P4_T_BOOL)
		set_bool(expr, !seki_num_is_zero(&expr->a->num));
	else
		set(cx, expr, expr->a->num);
}

void seki_fold_slice(struct p4_check *cx, struct p4_expr *expr, uint32_t low)
{
	if (expr->a->known)
		set(cx, expr, seki_num_shr(cx->arena, &expr->a->num, low));
}
