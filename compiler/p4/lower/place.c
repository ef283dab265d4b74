/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be written to (P4_16 specification, section 6.6), with indices that are known at run time
 * only, and what keysets match.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

bool seki_lower_is_end(const struct p4_expr *expr)
{
	return expr->kind == P4_E_MEMBER && expr->a->type && expr->a->type->kind == P4_T_STACK &&
	       (strcmp(expr->name, "next") == 0 || strcmp(expr->name, "last") == 0);
}

uint32_t seki_lower_reachable(uint32_t n, uint32_t width)
{
	return width < 32 && n > 1u << width ? 1u << width : n;
}

/* ---- indices ---- */

static const struct ir_expr *place_of(const struct lower *lw, const struct p4_expr *key)
{
	for (const struct place *p = lw->places; p; p = p->next)
		if (p->expr == key)
			return p->value;
	return NULL;
}

bool seki_lower_is_placed(const struct lower *lw, const struct p4_expr *key)
{
	return place_of(lw, key) != NULL;
}

static void add_place(struct lower *lw, const struct p4_expr *key, const struct ir_expr *value)
{
	struct place *place = seki_arena_new(lw->arena, struct place);

	place->expr = key;
	place->value = value;
	place->next = lw->places;
	lw->places = place;
}

static const struct ir_expr *number(struct lower *lw, const struct p4_num *num)
{
	uint64_t value = seki_num_to_u64(num);

	return seki_ir_const(lw->ir, 32, num->neg || value > UINT32_MAX ? UINT32_MAX : value);
}

static const struct ir_expr *in_variable(struct lower *lw, const struct ir_expr *value)
{
	struct ir_var *var;

	if (value->op == IR_CONST)
		return number(lw, &value->num);
	var = seki_ir_var(lw->ir, IR_VAR_PLAIN, value->width, "$index");
	seki_lower_set(lw, var, NULL, value);
	return seki_ir_read(lw->ir, var);
}

const struct ir_expr *seki_lower_index(struct lower *lw, const struct value *whole,
				       const struct p4_expr *key)
{
	const struct ir_expr *place = place_of(lw, key);
	struct value *v;
	struct p4_num num;

	if (place)
		return place;
	if (key->known)
		return number(lw, &key->num);
	if (seki_lower_is_end(key))
		return in_variable(lw, seki_lower_stack_index(lw, whole, key));
	v = seki_lower_expr(lw, key);
	if (v->value)
		return in_variable(lw, v->value);
	num = v->num ? *v->num : seki_num_u64(0);
	return number(lw, &num);
}

/* The expression whose value chooses a part of expr->a; NULL where it chooses none at run time. */
static const struct p4_expr *key_of(const struct p4_expr *expr)
{
	if (seki_lower_is_end(expr))
		return expr;
	if (expr->kind == P4_E_INDEX || (expr->kind == P4_E_SLICE && expr->op == P4_OP_ADD))
		return expr->b->known ? NULL : expr->b;
	return NULL;
}

void seki_lower_places(struct lower *lw, const struct p4_expr *to)
{
	const struct p4_expr *key;
	const struct value *whole = NULL;

	if (to->kind != P4_E_MEMBER && to->kind != P4_E_INDEX && to->kind != P4_E_SLICE)
		return;
	seki_lower_places(lw, to->a);
	key = key_of(to);
	if (!key || place_of(lw, key))
		return;
	if (key == to)
		whole = seki_lower_expr(lw, to->a);
	add_place(lw, key, seki_lower_index(lw, whole, key));
}

struct value *seki_lower_lvalue(struct lower *lw, const struct p4_expr *expr)
{
	return seki_lower_expr(lw, expr);
}

/* The first part of the expression, from its root on, that an index chooses at run time. */
static const struct p4_expr *first_choice(struct lower *lw, const struct p4_expr *to)
{
	const struct p4_expr *found, *key;
	const struct ir_expr *place;

	if (to->kind != P4_E_MEMBER && to->kind != P4_E_INDEX)
		return NULL;
	found = first_choice(lw, to->a);
	if (found)
		return found;
	key = key_of(to);
	place = key ? place_of(lw, key) : NULL;
	return place && place->op != IR_CONST ? to : NULL;
}

/* An index out of range means no storage at all. */
static bool is_outside(struct lower *lw, const struct p4_expr *to)
{
	const struct p4_expr *key = key_of(to);
	const struct ir_expr *place = key ? place_of(lw, key) : NULL;
	const struct p4_num *num = place ? &place->num : NULL;

	if (to->kind != P4_E_MEMBER && to->kind != P4_E_INDEX)
		return false;
	if (to->kind == P4_E_INDEX && to->b->known)
		num = &to->b->num;
	if (num && to->a->type->kind == P4_T_STACK &&
	    seki_num_to_u64(num) >= seki_lower_type(lw, to->a->type)->width)
		return true;
	return is_outside(lw, to->a);
}

static void at_places(struct lower *lw, const struct p4_expr *to, seki_lower_use use, void *data)
{
	const struct p4_expr *choice = first_choice(lw, to);
	struct place *outer = lw->places;
	const struct ir_expr *index;
	struct ir_block *next;
	uint32_t n;

	if (!choice) {
		if (!is_outside(lw, to))
			use(lw, seki_lower_lvalue(lw, to), data);
		return;
	}
	index = place_of(lw, key_of(choice));
	next = seki_lower_block(lw, NULL);
	n = seki_lower_reachable(seki_lower_type(lw, choice->a->type)->width, index->width);
	for (uint32_t i = 0; i < n && lw->block; i++) {
		struct ir_block *this = seki_lower_block(lw, NULL);
		struct ir_block *other = seki_lower_block(lw, NULL);
		const struct ir_expr *here = seki_ir_const(lw->ir, index->width, i);

		seki_lower_branch(lw, seki_ir_binary(lw->ir, IR_EQ, 1, index, here), this, other);
		lw->block = this;
		add_place(lw, key_of(choice), seki_ir_const(lw->ir, 32, i));
		at_places(lw, to, use, data);
		lw->places = outer;
		seki_lower_goto(lw, next);
		lw->block = other;
	}
	seki_lower_goto(lw, next);
	lw->block = next;
}

void seki_lower_at(struct lower *lw, const struct p4_expr *to, seki_lower_use use, void *data)
{
	struct place *outer = lw->places;

	seki_lower_places(lw, to);
	if (lw->block && !lw->stop)
		at_places(lw, to, use, data);
	lw->places = outer;
}

/* ---- storing ---- */

static void assign_from(struct lower *lw, const struct value *at, void *data)
{
	seki_lower_assign(lw, at, data);
}

/* `whole` with the bits from `low` on replaced; what would be behind its end is dropped. */
static const struct ir_expr *insert(struct lower *lw, const struct ir_expr *whole,
				    const struct ir_expr *part, const struct ir_expr *low)
{
	uint32_t w = whole->width;
	struct p4_num minus_one = seki_num_u64(1);
	const struct ir_expr *mask;

	minus_one = seki_num_neg(&minus_one);
	mask = seki_ir_unary(lw->ir, IR_ZEXT, w, seki_ir_num(lw->ir, part->width, &minus_one));
	mask = seki_ir_binary(lw->ir, IR_SHL, w, mask, low);
	part = seki_ir_unary(lw->ir, IR_ZEXT, w, part);
	part = seki_ir_binary(lw->ir, IR_SHL, w, part, low);
	whole = seki_ir_binary(lw->ir, IR_AND, w, whole, seki_ir_unary(lw->ir, IR_NOT, w, mask));
	return seki_ir_binary(lw->ir, IR_OR, w, whole, part);
}

static const struct ir_expr *insert_fixed(struct lower *lw, const struct ir_expr *whole,
					  const struct ir_expr *part, uint32_t high, uint32_t low)
{
	const struct ir_expr *v = part;
	uint32_t w = whole->width;

	if (high + 1 < w)
		v = seki_ir_binary(lw->ir, IR_CONCAT, w - low,
				   seki_ir_slice(lw->ir, whole, w - 1, high + 1), v);
	if (low > 0)
		v = seki_ir_binary(lw->ir, IR_CONCAT, w, v,
				   seki_ir_slice(lw->ir, whole, low - 1, 0));
	return v;
}

static void store_slice(struct lower *lw, const struct p4_expr *to, const struct value *from)
{
	struct value *whole = seki_lower_expr(lw, to->a), *changed;
	uint32_t high, low;

	if (whole->kind != VALUE_SCALAR || !whole->value || !from->value)
		return;
	changed = seki_lower_constant(lw, whole->value, whole->type);
	if (to->op == P4_OP_ADD)
		changed->value = insert(lw, whole->value, from->value,
					seki_lower_index(lw, whole, to->b));
	else if (seki_lower_slice(lw, to, whole->value->width, &high, &low))
		changed->value = insert_fixed(lw, whole->value, from->value, high, low);
	seki_lower_store(lw, to->a, changed);
}

void seki_lower_store(struct lower *lw, const struct p4_expr *to, const struct value *from)
{
	struct place *outer = lw->places;

	if (to->kind == P4_E_DONTCARE || !lw->block || lw->stop)
		return;
	seki_lower_places(lw, to);
	if (first_choice(lw, to) && !seki_lower_is_simple(from)) /* not for each of the places */
		from = seki_lower_copy(lw, from, "$stored");
	if (to->kind == P4_E_SLICE)
		store_slice(lw, to, from);
	else
		seki_lower_at(lw, to, assign_from, (void *)(uintptr_t)from);
	lw->places = outer;
}

/* ---- keysets ---- */

static const struct ir_expr *truth(struct lower *lw, bool value)
{
	return seki_ir_const(lw->ir, 1, value);
}

static const struct ir_expr *match_mask(struct lower *lw, const struct value *key,
					const struct p4_expr *keyset)
{
	const struct ir_expr *value = seki_lower_scalar(lw, keyset->a);
	const struct ir_expr *mask = seki_lower_scalar(lw, keyset->b);
	uint32_t w = mask->width;

	return seki_ir_binary(lw->ir, IR_EQ, 1, seki_ir_binary(lw->ir, IR_AND, w, key->value, mask),
			      seki_ir_binary(lw->ir, IR_AND, w, value, mask));
}

static const struct ir_expr *match_range(struct lower *lw, const struct value *key,
					 const struct p4_expr *keyset)
{
	bool is_signed = seki_type_base(key->type)->kind == P4_T_SIGNED;
	enum ir_op op = is_signed ? IR_LE_S : IR_LE;
	const struct ir_expr *low = seki_lower_scalar(lw, keyset->a);
	const struct ir_expr *high = seki_lower_scalar(lw, keyset->b);

	return seki_ir_binary(lw->ir, IR_LAND, 1, seki_ir_binary(lw->ir, op, 1, low, key->value),
			      seki_ir_binary(lw->ir, op, 1, key->value, high));
}

static const struct ir_expr *match_list(struct lower *lw, const struct value *key,
					const struct p4_expr *keyset)
{
	const struct ir_expr **terms;
	uint32_t i = 0;

	if (key->kind == VALUE_SCALAR)
		return keyset->args ? seki_lower_match(lw, key, keyset->args) : truth(lw, true);
	terms = seki_arena_alloc(lw->arena, ((size_t)key->n_parts + 1) * sizeof(*terms));
	for (const struct p4_expr *e = keyset->args; e && i < key->n_parts; e = e->next, i++)
		terms[i] = seki_lower_match(lw, key->parts[i], e);
	return seki_lower_all(lw, IR_LAND, terms, i);
}

const struct ir_expr *seki_lower_match(struct lower *lw, const struct value *key,
				       const struct p4_expr *keyset)
{
	switch (keyset->kind) {
	case P4_E_DONTCARE:
	case P4_E_DEFAULT:
		return truth(lw, true);
	case P4_E_MASK:
		return match_mask(lw, key, keyset);
	case P4_E_RANGE:
		return match_range(lw, key, keyset);
	case P4_E_LIST:
		return match_list(lw, key, keyset);
	default:
		break;
	}
	if (keyset->decl && keyset->decl->kind == P4_D_VALUE_SET)
		return seki_lower_value_set(lw, key, keyset->decl);
	return seki_lower_equal(lw, key, seki_lower_expr(lw, keyset));
}
