/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions (P4_16 specification, section 8): operands from left to right. */
#include "tests/p4ref/ref.h"

#include <string.h>

#define MAX_SHIFT 70000u /* beyond any width */

static struct ref_val *result_of(struct ref *r, const struct p4_expr *e)
{
	return ref_make(r, ref_type(r, e->type));
}

static struct ref_val *eval_int(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *v = result_of(r, e);

	ref_from_num(v->num, &e->num);
	ref_wrap(v->num, v->type);
	return v;
}

/* ---- lists ---- */

static uint32_t field_index(const struct p4_type *type, const struct p4_expr *e, uint32_t i)
{
	const struct p4_decl *f;

	if (!e->arg_name || !seki_type_is_struct_like(type))
		return i;
	f = seki_decl_find(type->decl->members, e->arg_name);
	return f ? f->index : i;
}

static struct ref_val *eval_list(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *v = result_of(r, e);
	uint32_t i = 0;

	if (v->type->kind == P4_T_LIST) {
		v->n = seki_expr_count(e->args);
		v->part = seki_arena_alloc(r->arena, (v->n + 1) * sizeof(*v->part));
	}
	v->valid = v->type->kind == P4_T_HEADER;
	for (const struct p4_expr *a = e->args; a; a = a->next, i++) {
		uint32_t at = field_index(v->type, a, i);

		if (a->kind == P4_E_DOTS && !a->arg_name)
			break;
		if (at < v->n)
			v->part[at] = *ref_eval(r, a);
	}
	return v;
}

/* ---- operators ---- */

static struct ref_val *eval_unary(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *a = ref_eval(r, e->a), *v = result_of(r, e);

	if (e->op == P4_OP_NOT)
		mpz_set_ui(v->num, mpz_sgn(a->num) == 0);
	else if (e->op == P4_OP_NEG)
		mpz_neg(v->num, a->num);
	else if (e->op == P4_OP_COMP)
		mpz_com(v->num, a->num);
	else
		mpz_set(v->num, a->num);
	ref_wrap(v->num, v->type);
	return v;
}

static void saturate(mpz_t num, const struct p4_type *type)
{
	bool is_signed = type->kind == P4_T_SIGNED;
	mpz_t low, high;

	mpz_init(low);
	mpz_init(high);
	if (!type->width) {
		mpz_set_ui(num, 0);
		return;
	}
	mpz_setbit(high, type->width - is_signed);
	if (is_signed)
		mpz_neg(low, high);
	mpz_sub_ui(high, high, 1);
	if (mpz_cmp(num, low) < 0)
		mpz_set(num, low);
	if (mpz_cmp(num, high) > 0)
		mpz_set(num, high);
}

static void shift(mpz_t out, enum p4_op op, const mpz_t a, const mpz_t b)
{
	unsigned long by = mpz_cmp_ui(b, MAX_SHIFT) > 0 ? MAX_SHIFT : mpz_get_ui(b);

	if (op == P4_OP_SHL)
		mpz_mul_2exp(out, a, by);
	else
		mpz_fdiv_q_2exp(out, a, by);
}

/* x / 0 is 0, x % 0 is x. */
static void divide(mpz_t out, enum p4_op op, const mpz_t a, const mpz_t b)
{
	if (mpz_sgn(b) == 0) {
		if (op == P4_OP_MOD)
			mpz_set(out, a);
	} else if (op == P4_OP_DIV) {
		mpz_tdiv_q(out, a, b);
	} else {
		mpz_tdiv_r(out, a, b);
	}
}

static bool compare(enum p4_op op, int order)
{
	switch (op) {
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

static void concat(mpz_t out, const struct ref_val *a, const struct ref_val *b)
{
	mpz_t low;

	mpz_init(low);
	ref_unsigned(out, a);
	ref_unsigned(low, b);
	mpz_mul_2exp(out, out, ref_width(b->type));
	mpz_ior(out, out, low);
}

static void arithmetic(mpz_t out, enum p4_op op, const mpz_t a, const mpz_t b)
{
	switch (op) {
	case P4_OP_ADD:
	case P4_OP_SAT_ADD:
		mpz_add(out, a, b);
		break;
	case P4_OP_SUB:
	case P4_OP_SAT_SUB:
		mpz_sub(out, a, b);
		break;
	case P4_OP_MUL:
		mpz_mul(out, a, b);
		break;
	case P4_OP_AND:
		mpz_and(out, a, b);
		break;
	case P4_OP_OR:
		mpz_ior(out, a, b);
		break;
	default:
		mpz_xor(out, a, b);
		break;
	}
}

static struct ref_val *eval_binary(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *a = ref_eval(r, e->a), *b, *v = result_of(r, e);

	if (e->op == P4_OP_LAND || e->op == P4_OP_LOR) {
		bool both = e->op == P4_OP_LAND;

		mpz_set_ui(v->num, (mpz_sgn(a->num) != 0) == both ? ref_true(r, e->b) : !both);
		return v;
	}
	b = ref_eval(r, e->b);
	switch (e->op) {
	case P4_OP_EQ:
	case P4_OP_NE:
		mpz_set_ui(v->num, ref_equal(a, b) == (e->op == P4_OP_EQ));
		break;
	case P4_OP_LT:
	case P4_OP_LE:
	case P4_OP_GT:
	case P4_OP_GE:
		mpz_set_ui(v->num, compare(e->op, mpz_cmp(a->num, b->num)));
		break;
	case P4_OP_SHL:
	case P4_OP_SHR:
		shift(v->num, e->op, a->num, b->num);
		break;
	case P4_OP_DIV:
	case P4_OP_MOD:
		divide(v->num, e->op, a->num, b->num);
		break;
	case P4_OP_CONCAT:
		concat(v->num, a, b);
		break;
	default:
		arithmetic(v->num, e->op, a->num, b->num);
		break;
	}
	if (e->op == P4_OP_SAT_ADD || e->op == P4_OP_SAT_SUB)
		saturate(v->num, seki_type_base(v->type));
	ref_wrap(v->num, v->type);
	return v;
}

static struct ref_val *eval_cast(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *a = ref_eval(r, e->a), *v;
	const struct p4_type *type = ref_type(r, e->type);

	if (a->n || type->kind == P4_T_HEADER || type->kind == P4_T_VARBIT)
		return a;
	v = ref_make(r, type);
	mpz_set(v->num, a->num);
	ref_wrap(v->num, type);
	return v;
}

struct ref_val *ref_eval(struct ref *r, const struct p4_expr *e)
{
	struct ref_place place;

	switch (e->kind) {
	case P4_E_INT:
		return eval_int(r, e);
	case P4_E_BOOL:
		return ref_number(r, ref_type(r, e->type), strcmp(e->tok->text, "true") == 0);
	case P4_E_STRING:
	case P4_E_INVALID:
	case P4_E_DOTS:
		return result_of(r, e);
	case P4_E_LIST:
	case P4_E_RECORD:
		return eval_list(r, e);
	case P4_E_UNARY:
		return eval_unary(r, e);
	case P4_E_BINARY:
		return eval_binary(r, e);
	case P4_E_COND:
		return ref_eval(r, ref_true(r, e->a) ? e->b : e->c);
	case P4_E_CAST:
		return eval_cast(r, e);
	case P4_E_CALL:
		return ref_call(r, e);
	case P4_E_NAME:
	case P4_E_MEMBER:
	case P4_E_INDEX:
	case P4_E_SLICE:
		place = ref_locate(r, e);
		return ref_read(r, &place);
	default:
		ref_unable(e->tok, "this expression");
	}
}

bool ref_true(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *v = ref_eval(r, e);

	return mpz_sgn(v->num) != 0;
}

/* ---- sets ---- */

static bool in_mask(struct ref *r, const struct p4_expr *set, const struct ref_val *v)
{
	struct ref_val *a = ref_eval(r, set->a), *m = ref_eval(r, set->b);
	mpz_t x;

	mpz_init(x);
	mpz_xor(x, a->num, v->num);
	mpz_and(x, x, m->num);
	mpz_fdiv_r_2exp(x, x, ref_width(v->type));
	return mpz_sgn(x) == 0;
}

static bool in_value_set(struct ref *r, const struct p4_expr *set, const struct ref_val *v)
{
	const struct ref_obj *obj = ref_object(r, set);

	for (const struct ref_entry *e = obj->entries; e; e = e->next) {
		bool all = true;

		for (uint32_t i = 0; i < (v->n ? v->n : 1); i++)
			all = all && ref_matches(r, &e->fields[i], v->n ? &v->part[i] : v);
		if (all)
			return true;
	}
	return false;
}

bool ref_in_set(struct ref *r, const struct p4_expr *set, const struct ref_val *v)
{
	const struct p4_expr *e = set->args;

	if (set->kind == P4_E_DONTCARE || set->kind == P4_E_DEFAULT)
		return true;
	if (set->kind == P4_E_LIST && v->n) {
		for (uint32_t i = 0; e && i < v->n; i++, e = e->next)
			if (!ref_in_set(r, e, &v->part[i]))
				return false;
		return true;
	}
	if (v->type->kind == P4_T_TUPLE && v->n == 1)
		v = &v->part[0];
	if (set->kind == P4_E_MASK)
		return in_mask(r, set, v);
	if (set->kind == P4_E_RANGE)
		return mpz_cmp(ref_eval(r, set->a)->num, v->num) <= 0 &&
		       mpz_cmp(v->num, ref_eval(r, set->b)->num) <= 0;
	if (set->type->kind == P4_T_SET)
		return in_value_set(r, set, v);
	return ref_equal(ref_eval(r, set), v);
}
