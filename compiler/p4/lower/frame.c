/* SPDX-License-Identifier: Apache-2.0 */
/* What names mean where a piece of the program is put in place: see lower.h. */
#include "compiler/p4/lower/lower.h"

struct frame *seki_lower_frame(struct lower *lw, const struct p4_decl *decl, struct frame *outer)
{
	struct frame *frame = seki_arena_new(lw->arena, struct frame);

	frame->decl = decl;
	frame->outer = outer;
	frame->instance = outer ? outer->instance : NULL;
	return frame;
}

static struct binding *slot(const struct frame *frame, const struct p4_decl *decl)
{
	uint32_t i = decl->id;

	if (!frame->n_slots)
		return NULL;
	i *= 0x9e3779b9u;
	i ^= i >> 16;
	while (frame->bindings[i & (frame->n_slots - 1)].decl &&
	       frame->bindings[i & (frame->n_slots - 1)].decl != decl)
		i++;
	return &frame->bindings[i & (frame->n_slots - 1)];
}

static void grow(struct lower *lw, struct frame *frame)
{
	const struct frame old = *frame;

	frame->n_slots = old.n_slots ? old.n_slots * 2 : 8;
	frame->bindings = seki_arena_alloc(lw->arena, frame->n_slots * sizeof(*frame->bindings));
	for (uint32_t i = 0; i < old.n_slots; i++)
		if (old.bindings[i].decl)
			*slot(frame, old.bindings[i].decl) = old.bindings[i];
}

void seki_lower_bind_in(struct lower *lw, struct frame *frame, const struct p4_decl *decl,
			struct value *value)
{
	struct binding *b = slot(frame, decl);

	if (!b || !b->decl) {
		if (++frame->n_bindings * 2 > frame->n_slots)
			grow(lw, frame);
		b = slot(frame, decl);
	}
	b->decl = decl;
	b->value = value;
}

void seki_lower_bind(struct lower *lw, const struct p4_decl *decl, struct value *value)
{
	seki_lower_bind_in(lw, lw->frame, decl, value);
}

/* Constants at the top level get their value at their first use. */
static struct value *global_constant(struct lower *lw, const struct p4_decl *decl)
{
	struct frame *frame = lw->frame;
	struct ir_block *block = lw->block;
	struct value *value;

	if (!decl->init || (decl->kind != P4_D_CONST && decl->kind != P4_D_ENUM_MEMBER))
		return NULL;
	lw->frame = lw->global;
	lw->block = NULL;
	value = seki_lower_expr(lw, decl->init);
	lw->block = block;
	lw->frame = frame;
	seki_lower_bind_in(lw, lw->global, decl, value);
	return value;
}

struct value *seki_lower_find(struct lower *lw, const struct p4_decl *decl)
{
	for (const struct frame *f = lw->frame; f; f = f->outer) {
		const struct binding *b = slot(f, decl);

		if (b && b->decl)
			return b->value;
	}
	return global_constant(lw, decl);
}

bool seki_lower_in_parser(const struct lower *lw)
{
	for (const struct frame *f = lw->frame; f; f = f->caller)
		if (f->decl && f->decl->kind == P4_D_PARSER)
			return true;
	return false;
}
