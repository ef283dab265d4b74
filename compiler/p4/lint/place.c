/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and their parts: see flow.h. */
#include "compiler/p4/lint/flow.h"

#define MAX_PARTS    4096u
#define MAX_ELEMENTS 16u /* of a stack that is followed */

static struct place *make(struct flow *f, const struct p4_decl *decl, const struct p4_type *type,
			  uint32_t *parts);

/* Those of a stack, of headers or unions. */
static void make_elements(struct flow *f, struct place *stack, uint32_t *parts)
{
	struct place **end = &stack->parts;

	for (uint32_t i = 0; i < stack->type->width && *parts; i++) {
		--*parts;
		*end = make(f, stack->decl, stack->type->elem, parts);
		(*end)->name = seki_arena_printf(f->lint->arena, "%s[%u]", stack->name, i);
		end = &(*end)->next;
	}
}

static struct place *make(struct flow *f, const struct p4_decl *decl, const struct p4_type *type,
			  uint32_t *parts)
{
	struct place *place = seki_arena_new(f->lint->arena, struct place);
	struct place **end = &place->parts;

	place->decl = decl;
	place->name = decl->name;
	place->type = type;
	place->slot = NO_SLOT;
	place->header = type->kind == P4_T_HEADER;
	if (type->kind == P4_T_STRUCT || type->kind == P4_T_UNION) {
		for (const struct p4_decl *m = type->decl->members; m && *parts; m = m->next) {
			--*parts;
			*end = make(f, m, seki_type_field(f->lint->arena, type, m), parts);
			(*end)->around = type->kind == P4_T_UNION ? place : NULL;
			end = &(*end)->next;
		}
	} else if (type->kind == P4_T_STACK) {
		if (type->width <= MAX_ELEMENTS)
			make_elements(f, place, parts);
	} else if ((place->header || seki_type_is_scalar(type)) && f->n_slots < FLOW_SLOTS) {
		place->slot = f->n_slots++;
	}
	return place;
}

struct place *seki_place_of(struct flow *f, const struct p4_decl *decl)
{
	uint32_t parts = MAX_PARTS;
	struct place *place = f->places[decl->id];

	if (place || !decl->type)
		return place;
	place = make(f, decl, decl->type, &parts);
	place->older = f->newest;
	f->newest = place;
	f->places[decl->id] = place;
	return place;
}

void seki_place_reset(struct flow *f)
{
	for (; f->newest; f->newest = f->newest->older)
		f->places[f->newest->decl->id] = NULL;
	f->n_slots = 0;
}

/* At an index that is known; else nothing is known of the element. */
static struct place *element(struct flow *f, const struct p4_expr *e)
{
	struct place *stack = seki_place_resolve(f, e->a), *place;
	uint64_t n;

	if (!stack || stack->type->kind != P4_T_STACK || !e->b->known)
		return NULL;
	n = seki_num_to_u64(&e->b->num);
	for (place = stack->parts; place && n; n--)
		place = place->next;
	return place;
}

struct place *seki_place_resolve(struct flow *f, const struct p4_expr *e)
{
	struct place *place;

	if (e->kind == P4_E_INDEX)
		return element(f, e);

	if (e->kind == P4_E_NAME && e->decl &&
	    (e->decl->kind == P4_D_VAR || e->decl->kind == P4_D_PARAM))
		return f->places[e->decl->id];
	if (e->kind != P4_E_MEMBER || !e->decl || e->decl->kind != P4_D_FIELD)
		return NULL;
	place = seki_place_resolve(f, e->a);
	place = place ? place->parts : NULL;
	while (place && place->decl != e->decl)
		place = place->next;
	return place;
}
