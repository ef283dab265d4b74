/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that are read where they may not be valid, variables where they may have no value: each
 * package's parser and controls one after the other, with the headers that go from one to the next,
 * and what is left of the program by itself. See flow.h.
 */
#include "compiler/p4/lint/flow.h"

#define BUDGET 20000u

/* ---- values that may say which way a packet went ---- */

static void mark(struct flow *f, const struct p4_expr *e)
{
	for (; e; e = e->kind == P4_E_SLICE || e->kind == P4_E_INDEX || e->kind == P4_E_CAST ? e->a
											     : NULL)
		if (e->decl)
			f->varying[e->decl->id] = true;
}

static void mark_all(void *data, const struct p4_expr *e)
{
	if (e->kind == P4_E_MEMBER || e->kind == P4_E_NAME)
		mark(data, e);
}

static void mark_args(void *data, const struct p4_expr *e)
{
	uint32_t i = 0;

	if (e->kind != P4_E_CALL || !e->bound || !e->callee || e->call == P4_CALL_CONSTRUCTOR)
		return;
	for (const struct p4_decl *p = e->callee->params; p; p = p->next, i++)
		if (p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT)
			mark(data, e->bound[i]);
}

static void mark_stmt(void *data, const struct p4_stmt *stmt)
{
	struct p4_walk walk = {.data = data, .expr = mark_all};

	if (stmt->kind == P4_S_ASSIGN)
		mark(data, stmt->a);
	for (const struct p4_expr *e = stmt->exprs; e; e = e->next)
		seki_walk_expr(&walk, e);
}

static void mark_decl(void *data, const struct p4_decl *decl)
{
	struct flow *f = data;

	f->varying[decl->id] |= decl->kind == P4_D_VAR;
}

/* ---- what is followed ---- */

static bool is_block(const struct p4_decl *decl)
{
	return (decl->kind == P4_D_PARSER || decl->kind == P4_D_CONTROL) && decl->has_body;
}

/* Fresh places for the parameters, but the one of the type of `carried`, which is that. */
static struct place *bind_params(struct flow *f, struct paths *p, const struct p4_decl *decl,
				 struct place *carried)
{
	struct place *headers = NULL;

	for (const struct p4_decl *param = decl->params; param; param = param->next) {
		struct place *place;

		f->places[param->id] = NULL;
		if (carried && param->type && param->type->decl == carried->type->decl &&
		    param->dir != P4_DIR_OUT) {
			f->places[param->id] = carried;
			continue;
		}
		place = seki_place_of(f, param);
		if (!place)
			continue;
		if (param->dir == P4_DIR_OUT)
			seki_paths_set_place(p, place, KNOWN_NO, KNOWN_NO);
		else
			seki_paths_set_place(p, place, KNOWN_NOT, KNOWN_YES);
		if (param->dir == P4_DIR_OUT && place->parts)
			headers = place;
	}
	return headers;
}

static void run_block(struct flow *f, struct paths *p, const struct p4_decl *block)
{
	f->visited[block->id] = true;
	f->returned = seki_paths_none(f);
	f->exited = seki_paths_none(f);
	f->left = NULL;
	seki_flow_block(f, p, block);
	seki_paths_join(f, p, f->returned);
	seki_paths_join(f, p, f->exited);
}

static void run_package(struct flow *f, const struct p4_expr *args)
{
	struct place *headers = NULL;
	struct paths *p = seki_paths_one(f);

	seki_place_reset(f);
	for (const struct p4_expr *arg = args; arg; arg = arg->next) {
		const struct p4_decl *block = arg->type ? arg->type->decl : NULL;

		if (!block || !is_block(block))
			continue;
		if (block->kind == P4_D_PARSER) {
			seki_place_reset(f);
			p = seki_paths_one(f);
			headers = bind_params(f, p, block, NULL);
		} else {
			bind_params(f, p, block, headers);
		}
		run_block(f, p, block);
	}
}

static void run_alone(struct flow *f, const struct p4_decl *decl)
{
	struct paths *p = seki_paths_one(f);

	seki_place_reset(f);
	bind_params(f, p, decl, NULL);
	run_block(f, p, decl);
}

void seki_lint_flow(struct p4_lint *lint)
{
	size_t n = lint->program->n_ids + 1;
	struct flow f = {.lint = lint, .budget = BUDGET};
	struct p4_walk walk = {.data = &f, .decl = mark_decl, .stmt = mark_stmt, .expr = mark_args};

	f.places = seki_arena_alloc(lint->arena, n * sizeof(struct place *));
	f.states = seki_arena_alloc(lint->arena, n * sizeof(struct paths *));
	f.visits = seki_arena_alloc(lint->arena, n * sizeof(*f.visits));
	f.visited = seki_arena_alloc(lint->arena, n);
	f.varying = seki_arena_alloc(lint->arena, n);
	f.spare = seki_paths_none(&f);
	seki_walk_decls(&walk, lint->program->decls);
	for (const struct p4_decl *d = lint->program->decls; d; d = d->next)
		if (d->kind == P4_D_INSTANCE && d->type && d->type->kind == P4_T_PACKAGE)
			run_package(&f, d->args);
	for (const struct p4_decl *d = lint->program->decls; d; d = d->next)
		if (is_block(d) && !f.visited[d->id])
			run_alone(&f, d);
}
