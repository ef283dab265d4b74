/* SPDX-License-Identifier: Apache-2.0 */
/* Values at compile time (P4_16 specification, section 18.1). */
#include "compiler/p4/check/check.h"

static bool is_signed(const struct p4_type *type)
{
	return type->kind == P4_T_SIGNED;
}

/* Puts a result in, cut to the width of its type. */
static void set(struct p4_expr *expr, struct p4_num num)
{
	const struct p4_type *type = seki_type_base(expr->type);

	if (seki_type_is_fixed(type)) {
		if (type->width > 128) {
			expr->wide = true;
			return;
		}
		num = type->width ? seki_num_wrap(&num, type->width, is_signed(type))
				  : seki_num_u64(0);
	}
	expr->num = num;
	expr->known = true;
}

static void set_bool(struct p4_expr *expr, bool value)
{
	expr->num = seki_num_u64(value);
	expr->known = true;
}

/* Both are known, and one of them needs more bits than a number here can have. */
static bool is_wide(const struct p4_expr *a, const struct p4_expr *b)
{
	return (a->wide && (b->wide || b->known)) || (b->wide && a->known);
}

void seki_fold_unary(struct p4_expr *expr)
{
	struct p4_num zero = seki_num_u64(0), one = seki_num_u64(1), num;

	expr->wide = expr->a->wide;
	if (!expr->a->known)
		return;
	switch (expr->op) {
	case P4_OP_NOT:
		set_bool(expr, expr->a->num.mag == 0);
		break;
	case P4_OP_PLUS:
		set(expr, expr->a->num);
		break;
	case P4_OP_NEG:
		if (seki_num_sub(&zero, &expr->a->num, &num))
			set(expr, num);
		break;
	default: /* ~x is -x - 1 */
		if (seki_num_sub(&zero, &expr->a->num, &num) && seki_num_sub(&num, &one, &num))
			set(expr, num);
		else
			expr->wide = true;
		break;
	}
}

/* Both in two's complement of 128 bits: enough for all widths here. */
static struct p4_num bitwise(const struct p4_expr *e)
{
	uint32_t width = seki_type_is_fixed(e->type) ? e->type->width : 128;
	seki_u128 a = seki_num_bits(&e->a->num, width ? width : 1);
	seki_u128 b = seki_num_bits(&e->b->num, width ? width : 1);
	seki_u128 r = e->op == P4_OP_AND ? (a & b) : e->op == P4_OP_OR ? (a | b) : (a ^ b);
	struct p4_num num = seki_num_u128(r);

	if (!seki_type_is_fixed(e->type) && (e->a->num.neg || e->b->num.neg))
		num = seki_num_wrap(&num, 128, true);
	return num;
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

static void fold_division(struct p4_expr *e)
{
	const struct p4_num *a = &e->a->num, *b = &e->b->num;

	if (!a->neg && !b->neg && b->mag)
		set(e, seki_num_u128(e->op == P4_OP_DIV ? a->mag / b->mag : a->mag % b->mag));
}

static void fold_shift(struct p4_expr *e)
{
	uint32_t n = e->b->num.mag > 100000 ? 100000 : (uint32_t)e->b->num.mag;
	struct p4_num num;

	if (e->op == P4_OP_SHR) {
		set(e, seki_num_shr(&e->a->num, n));
	} else if (seki_num_shl(&e->a->num, n, &num)) {
		set(e, num);
	} else if (seki_type_is_fixed(e->type)) {
		seki_u128 bits = e->type->width <= 128 ? seki_num_bits(&e->a->num, 128) : 0;

		set(e, seki_num_u128(n > 127 ? 0 : bits << n));
	} else {
		e->wide = true;
	}
}

/* What does not fit is the nearest value that does. */
static struct p4_num saturate(const struct p4_type *type, struct p4_num num)
{
	uint32_t w = type->width - (is_signed(type) ? 1 : 0);
	seki_u128 top = w >= 128 ? ~(seki_u128)0 : ((seki_u128)1 << w) - 1;

	if (num.neg) {
		seki_u128 bottom = is_signed(type) ? top + 1 : 0;

		if (num.mag > bottom)
			num.mag = bottom;
		num.neg = num.mag != 0;
	} else if (num.mag > top) {
		num.mag = top;
	}
	return num;
}

/* Modulo 2^128, which serves any width up to 128. */
static struct p4_num wrap_around(enum p4_op op, const struct p4_num *a, const struct p4_num *b)
{
	seki_u128 x = seki_num_bits(a, 128), y = seki_num_bits(b, 128);

	return seki_num_u128(op == P4_OP_ADD ? x + y : op == P4_OP_SUB ? x - y : x * y);
}

/* A sum or difference that not even 128 bits hold is on the side of its first operand. */
static struct p4_num beyond(const struct p4_num *a)
{
	struct p4_num num = seki_num_u128(~(seki_u128)0);

	num.neg = a->neg;
	return num;
}

static void fold_arithmetic(struct p4_expr *e)
{
	const struct p4_num *a = &e->a->num, *b = &e->b->num;
	bool saturates = e->op == P4_OP_SAT_ADD || e->op == P4_OP_SAT_SUB;
	struct p4_num num;
	bool fits;

	if (e->op == P4_OP_ADD || e->op == P4_OP_SAT_ADD)
		fits = seki_num_add(a, b, &num);
	else if (e->op == P4_OP_MUL)
		fits = seki_num_mul(a, b, &num);
	else
		fits = seki_num_sub(a, b, &num);
	if (!fits && !seki_type_is_fixed(e->type)) {
		e->wide = true;
		return;
	}
	if (!fits)
		num = saturates ? beyond(a) : wrap_around(e->op, a, b);
	if (saturates && e->type->width && e->type->width <= 128)
		num = saturate(e->type, num);
	set(e, num);
}

static void fold_concat(struct p4_expr *e)
{
	uint32_t wa = e->a->type->width, wb = e->b->type->width;
	seki_u128 a, b;

	e->wide = wa + wb > 128;
	if (e->wide || !wa || !wb)
		return;
	a = seki_num_bits(&e->a->num, wa);
	b = seki_num_bits(&e->b->num, wb);
	set(e, seki_num_u128(wb == 128 ? b : (a << wb) | b));
}

void seki_fold_binary(struct p4_expr *e)
{
	e->wide = is_wide(e->a, e->b);
	if (e->op == P4_OP_LAND || e->op == P4_OP_LOR) {
		if (e->a->known && (e->a->num.mag != 0) == (e->op == P4_OP_LOR))
			set_bool(e, e->op == P4_OP_LOR);
		else if (e->a->known && e->b->known)
			set_bool(e, e->b->num.mag != 0);
		return;
	}
	if (!e->a->known || !e->b->known)
		return;
	if (e->type->kind == P4_T_BOOL) {
		set_bool(e, compare(e->op, seki_num_cmp(&e->a->num, &e->b->num)));
	} else if (e->op == P4_OP_DIV || e->op == P4_OP_MOD) {
		fold_division(e);
	} else if (e->op == P4_OP_SHL || e->op == P4_OP_SHR) {
		fold_shift(e);
	} else if (e->op == P4_OP_CONCAT) {
		fold_concat(e);
	} else if (e->op == P4_OP_AND || e->op == P4_OP_OR || e->op == P4_OP_XOR) {
		set(e, bitwise(e));
	} else {
		fold_arithmetic(e);
	}
}

void seki_fold_cast(struct p4_expr *expr)
{
	expr->wide = expr->a->wide;
	if (!expr->a->known)
		return;
	if (expr->type->kind == P4_T_BOOL)
		set_bool(expr, expr->a->num.mag != 0);
	else
		set(expr, expr->a->num);
}

void seki_fold_slice(struct p4_expr *expr, uint32_t high, uint32_t low)
{
	struct p4_num shifted;

	expr->wide = expr->a->wide;
	if (!expr->a->known || high - low + 1 > 128)
		return;
	shifted = seki_num_shr(&expr->a->num, low);
	set(expr, shifted);
}
