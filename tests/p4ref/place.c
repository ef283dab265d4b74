/* SPDX-License-Identifier: Apache-2.0 */
/* L-values (P4_16 specification, section 6.6): where an expression's value is kept, if it is kept. */
#include "tests/p4ref/ref.h"

#include <string.h>

static struct ref_place temporary(struct ref_val *v)
{
	return (struct ref_place){.v = v};
}

static struct ref_place nowhere(struct ref *r, const struct p4_expr *e)
{
	return (struct ref_place){.v = ref_make(r, ref_type(r, e->type)), .nowhere = true};
}

static struct ref_place locate_constant(struct ref *r, const struct p4_expr *e)
{
	struct ref_val *v = ref_make(r, ref_type(r, e->type));

	if (e->decl && e->decl->kind == P4_D_ENUM_MEMBER && e->decl->init)
		mpz_set(v->num, ref_eval(r, e->decl->init)->num);
	else if (e->decl)
		mpz_set_ui(v->num, e->decl->index);
	return temporary(v);
}

static struct ref_place locate_name(struct ref *r, const struct p4_expr *e)
{
	struct ref_name *name = ref_find(r, e->decl);

	if (name && name->val)
		return temporary(name->val);
	if (e->decl && e->decl->kind == P4_D_CONST && e->decl->init)
		return temporary(ref_eval(r, e->decl->init));
	if (e->decl && e->decl->kind == P4_D_MATCH_KIND)
		return locate_constant(r, e);
	ref_unable(e->tok, "the name '%s'", e->name);
}

static struct ref_place locate_stack_member(struct ref *r, const struct p4_expr *e)
{
	struct ref_place stack = ref_locate(r, e->a);
	struct ref_val *v = stack.v;
	bool next = strcmp(e->name, "next") == 0;

	if (strcmp(e->name, "size") == 0)
		return temporary(ref_number(r, ref_type(r, e->type), v->n));
	if (strcmp(e->name, "lastIndex") == 0)
		return temporary(ref_number(r, ref_type(r, e->type), (uint32_t)(v->next - 1)));
	if (next ? v->next >= v->n : v->next == 0)
		ref_reject(r, e->tok);
	return (struct ref_place){.v = &v->part[next ? v->next : v->next - 1],
				  .stack = next ? v : NULL};
}

/* Members of t.apply(). */
static struct ref_place locate_applied(struct ref *r, const struct p4_expr *e)
{
	struct ref_applied applied = ref_table(r, e->a);
	const struct p4_type *type = ref_type(r, e->type);

	if (strcmp(e->name, "action_run") == 0)
		return temporary(ref_number(r, type, applied.action ? applied.action->id + 1 : 0));
	return temporary(ref_number(r, type, (strcmp(e->name, "hit") == 0) == applied.hit));
}

static struct ref_place locate_member(struct ref *r, const struct p4_expr *e)
{
	const struct p4_type *type = e->a->type;
	struct ref_place place;
	struct ref_val *whole;

	if (type->kind == P4_T_TYPE)
		return locate_constant(r, e);
	if (type->kind == P4_T_APPLIED)
		return locate_applied(r, e);
	if (ref_type(r, type)->kind == P4_T_STACK)
		return locate_stack_member(r, e);
	place = ref_locate(r, e->a);
	whole = place.v;
	if (!e->decl || e->decl->index >= whole->n)
		ref_unable(e->tok, "the member '%s'", e->name);
	place.v = &whole->part[e->decl->index];
	place.around = whole->type->kind == P4_T_UNION ? whole : NULL;
	if (whole->type->kind != P4_T_UNION)
		place.stack = NULL;
	if (whole->type->kind == P4_T_HEADER)
		place.header = whole;
	return place;
}

static struct ref_place locate_index(struct ref *r, const struct p4_expr *e)
{
	struct ref_place place = ref_locate(r, e->a);
	struct ref_val *index = ref_eval(r, e->b);

	place.around = NULL;
	if (mpz_sgn(index->num) < 0 || mpz_cmp_ui(index->num, place.v->n) >= 0)
		return nowhere(r, e);
	place.v = &place.v->part[mpz_get_ui(index->num)];
	return place;
}

static struct ref_place locate_slice(struct ref *r, const struct p4_expr *e)
{
	struct ref_place place = ref_locate(r, e->a);
	struct ref_val *high = ref_eval(r, e->b), *low = ref_eval(r, e->c);
	uint32_t base = place.sliced ? place.low : 0, l, w;

	if (e->op == P4_OP_ADD) {
		w = (uint32_t)mpz_get_ui(low->num);
		l = mpz_cmp_ui(high->num, 65536) > 0 ? 65536 : (uint32_t)mpz_get_ui(high->num);
	} else {
		l = (uint32_t)mpz_get_ui(low->num);
		w = (uint32_t)mpz_get_ui(high->num) - l + 1;
	}
	if (place.sliced && l + w > place.width)
		w = l < place.width ? place.width - l : 0;
	place.sliced = true;
	place.low = base + l;
	place.width = w;
	return place;
}

struct ref_place ref_locate(struct ref *r, const struct p4_expr *e)
{
	switch (e->kind) {
	case P4_E_NAME:
		return locate_name(r, e);
	case P4_E_MEMBER:
		return locate_member(r, e);
	case P4_E_INDEX:
		return locate_index(r, e);
	case P4_E_SLICE:
		return locate_slice(r, e);
	default:
		return temporary(ref_eval(r, e));
	}
}

struct ref_val *ref_read(struct ref *r, const struct ref_place *place)
{
	struct p4_type *type;
	struct ref_val *v;

	if (!place->sliced)
		return ref_clone(r, place->v);
	type = seki_type_width(r->arena, P4_T_BIT, place->width);
	v = ref_make(r, type);
	if (seki_type_base(place->v->type)->kind == P4_T_INT)
		mpz_set(v->num, place->v->num);
	else
		ref_unsigned(v->num, place->v);
	mpz_fdiv_q_2exp(v->num, v->num, place->low);
	ref_wrap(v->num, type);
	return v;
}

static void write_slice(const struct ref_place *place, const struct ref_val *v)
{
	struct ref_val *to = place->v;
	uint32_t width = ref_width(to->type);
	mpz_t all;

	mpz_init(all);
	ref_unsigned(all, to);
	for (uint32_t i = 0; i < place->width && place->low + i < width; i++) {
		if (mpz_tstbit(v->num, i))
			mpz_setbit(all, place->low + i);
		else
			mpz_clrbit(all, place->low + i);
	}
	ref_wrap(all, to->type);
	mpz_set(to->num, all);
}

void ref_set_valid(const struct ref_place *place, bool valid)
{
	if (place->nowhere)
		return;
	if (place->around) {
		for (uint32_t i = 0; i < place->around->n; i++)
			if (!valid || &place->around->part[i] != place->v)
				ref_clear(&place->around->part[i]);
	}
	if (!valid)
		ref_clear(place->v);
	place->v->valid = valid;
}

void ref_write(struct ref *r, const struct ref_place *place, const struct ref_val *v)
{
	(void)r;
	if (place->nowhere || (place->header && !place->header->valid))
		return;
	if (place->sliced) {
		write_slice(place, v);
		return;
	}
	if (v->type->kind == P4_T_HEADER)
		ref_set_valid(place, v->valid);
	if (v->type->kind == P4_T_HEADER && !v->valid)
		return;
	ref_copy(place->v, v);
}
