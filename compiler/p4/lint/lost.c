/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that the parser goes by and no header keeps: with advance(), or in an extract to a local
 * variable or to '_'. What is emitted takes the place of all that the parser went by, so they are
 * taken out of the packet. That is meant at times: one warning a program.
 */
#include <string.h>

#include "compiler/p4/lint/lint.h"

struct var {
	uint32_t uses, parts; /* of its name, and of its name in front of a '.' */
};

struct lost {
	struct p4_lint *lint;
	struct var *of; /* by id of the variable */
	bool emits, told;
};

static bool is_method(const struct p4_expr *call, const char *object, const char *name)
{
	return call->kind == P4_E_CALL && call->call == P4_CALL_METHOD && call->callee->owner &&
	       strcmp(call->callee->owner->name, object) == 0 &&
	       strcmp(call->callee->name, name) == 0 && call->bound && call->bound[0];
}

static const struct p4_decl *local_of(const struct p4_expr *e)
{
	return e->kind == P4_E_NAME && e->decl && e->decl->kind == P4_D_VAR ? e->decl : NULL;
}

static void collect(void *data, const struct p4_expr *e)
{
	struct lost *m = data;

	if (is_method(e, "packet_out", "emit"))
		m->emits = true;
	if (local_of(e))
		m->of[e->decl->id].uses++;
	if (e->kind == P4_E_MEMBER && local_of(e->a))
		m->of[e->a->decl->id].parts++;
	if (is_method(e, "packet_in", "extract") && local_of(e->bound[0]))
		m->of[e->bound[0]->decl->id].parts++;
}

/* Where the bytes go that are extracted to this: nowhere, or NULL. */
static const char *nowhere(struct lost *m, const struct p4_expr *target)
{
	const struct p4_decl *local = local_of(target);

	if (target->kind == P4_E_DONTCARE)
		return "what is extracted to '_'";
	if (!local || m->of[local->id].uses != m->of[local->id].parts)
		return NULL; /* a copy of it may be emitted */
	return seki_arena_printf(m->lint->arena, "the variable '%s'", local->name);
}

static void check(void *data, const struct p4_expr *e)
{
	struct lost *m = data;
	const char *what = NULL;

	if (m->told || !m->emits || !seki_lint_is_users(e->first))
		return;
	if (is_method(e, "packet_in", "extract"))
		what = nowhere(m, e->bound[0]);
	else if (is_method(e, "packet_in", "advance") &&
		 !(e->bound[0]->known && seki_num_is_zero(&e->bound[0]->num)))
		what = "what advance() goes by";
	if (!what)
		return;
	m->told = true;
	seki_diag_warning(m->lint->diags, SEKI_WARN_MISSING_EMIT, seki_expr_span(e),
			  "%s is not emitted, and so taken out of the packet: a header that is "
			  "emitted would keep it",
			  what);
}

void seki_lint_lost(struct p4_lint *lint)
{
	struct lost m = {.lint = lint};
	struct p4_walk first = {.data = &m, .expr = collect};
	struct p4_walk second = {.data = &m, .expr = check};

	m.of = seki_arena_alloc(lint->arena, (lint->program->n_ids + 1) * sizeof(*m.of));
	seki_walk_decls(&first, lint->program->decls);
	seki_walk_decls(&second, lint->program->decls);
}
