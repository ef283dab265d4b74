/* SPDX-License-Identifier: Apache-2.0 */
/* Which keysets take all that others do. */
#include "compiler/p4/lint/lint.h"

static bool is_any(const struct p4_expr *e)
{
	return e->kind == P4_E_DONTCARE || e->kind == P4_E_DEFAULT;
}

/* The part of a keyset for the n-th of `count` values. */
static const struct p4_expr *part(const struct p4_expr *keyset, uint32_t n, uint32_t count)
{
	const struct p4_expr *e = keyset;

	if (is_any(keyset))
		return keyset;
	if (keyset->kind == P4_E_LIST && (count > 1 || seki_expr_count(keyset->args) == 1)) {
		e = keyset->args;
		while (e && n--)
			e = e->next;
	} else if (count > 1) {
		return NULL;
	}
	return e;
}

static bool same_value(const struct p4_expr *a, const struct p4_expr *b)
{
	if (a->known && b->known)
		return seki_num_cmp(&a->num, &b->num) == 0;
	return a->kind == b->kind && a->decl && a->decl == b->decl && !a->known && !b->known &&
	       (a->decl->kind == P4_D_ENUM_MEMBER || a->decl->kind == P4_D_ERROR_MEMBER);
}

static bool range_covers(const struct p4_expr *a, const struct p4_expr *b)
{
	const struct p4_expr *low = b->kind == P4_E_RANGE ? b->a : b;
	const struct p4_expr *high = b->kind == P4_E_RANGE ? b->b : b;

	return a->a->known && a->b->known && low->known && high->known &&
	       seki_num_cmp(&a->a->num, &low->num) <= 0 &&
	       seki_num_cmp(&high->num, &a->b->num) <= 0;
}

/* Every bit that the mask of `a` has, that of `b` has as well, and there they are of one value. */
static bool mask_covers(const struct p4_expr *a, const struct p4_expr *b)
{
	const struct p4_type *type = a->a->type ? seki_type_base(a->a->type) : NULL;
	const struct p4_expr *value = b->kind == P4_E_MASK ? b->a : b;

	if (!type || !a->a->known || !a->b->known || !value->known || !seki_type_is_fixed(type) ||
	    (b->kind == P4_E_MASK && !b->b->known))
		return false;
	for (uint32_t at = 0; at < type->width; at += 64) {
		uint32_t w = at / 64, left = type->width - at;
		uint64_t bits = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
		uint64_t mask = seki_num_word(&a->b->num, w) & bits;
		uint64_t other = b->kind == P4_E_MASK ? seki_num_word(&b->b->num, w) : UINT64_MAX;

		if (mask &
		    (~other | (seki_num_word(&a->a->num, w) ^ seki_num_word(&value->num, w))))
			return false;
	}
	return true;
}

static bool covers_part(const struct p4_expr *a, const struct p4_expr *b)
{
	if (is_any(a))
		return true;
	if (is_any(b))
		return a->kind == P4_E_MASK && a->b->known && seki_num_is_zero(&a->b->num);
	if (a->kind == P4_E_RANGE && b->kind != P4_E_MASK)
		return range_covers(a, b);
	if (a->kind == P4_E_MASK && b->kind != P4_E_RANGE && mask_covers(a, b))
		return true;
	if (a->kind == P4_E_MASK || a->kind == P4_E_RANGE)
		return a->kind == b->kind && same_value(a->a, b->a) && same_value(a->b, b->b);
	return b->kind != P4_E_MASK && b->kind != P4_E_RANGE && same_value(a, b);
}

bool seki_keyset_covers(const struct p4_expr *a, const struct p4_expr *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct p4_expr *x = part(a, i, count), *y = part(b, i, count);

		if (!x || !y || !covers_part(x, y))
			return false;
	}
	return true;
}
