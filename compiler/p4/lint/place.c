/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and their parts: see flow.h. */
#include "compiler/p4/lint/flow.h"

#define MAX_PARTS 4096u

static struct place *make(struct flow *f, const struct p4_decl *decl, const struct p4_type *type,
			  uint32_t *parts)
{
	struct place *place = seki_arena_new(f->lint->arena, struct place);
	struct place **end = &place->parts;

	place->decl = decl;
	place->type = type;
	place->slot = NO_SLOT;
	place->header = type->kind == P4_T_HEADER;
	if (type->kind == P4_T_STRUCT) {
		for (const struct p4_decl *m = type->decl->members; m && *parts; m = m->next) {
			--*parts;
			*end = make(f, m, seki_type_field(f->lint->arena, type, m), parts);
			end = &(*end)->next;
		}
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

struct place *seki_place_resolve(struct flow *f, const struct p4_expr *e)
{
	struct place *place;

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
