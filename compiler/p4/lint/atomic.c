/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is marked with @atomic and uses registers more than once: packets of other queues come
 * between, as only each call is atomic (P4_16 specification, section 18.4.1).
 */
#include "compiler/p4/lint/lint.h"

#include <string.h>

#define NO_USE UINT32_MAX /* of registers */

struct atomic {
	struct p4_lint *lint;
	uint32_t *seen; /* by id of what is called: the last search there, or NO_USE */
	uint32_t search;
	const struct p4_expr *first, *second; /* calls of registers */
};

static void search_expr(void *data, const struct p4_expr *e);

static void search_decl(struct atomic *a, const struct p4_decl *decl)
{
	struct p4_walk walk = {.data = a, .expr = search_expr};
	const struct p4_expr *first = a->first;

	if (!decl || a->second || a->seen[decl->id] == a->search || a->seen[decl->id] == NO_USE)
		return;
	a->seen[decl->id] = a->search;
	if (decl->table)
		for (const struct p4_action_ref *ref = decl->table->actions; ref; ref = ref->next)
			search_decl(a, ref->action);
	seki_walk_stmts(&walk, decl->body);
	if (a->first == first && !a->second)
		a->seen[decl->id] = NO_USE;
}

static bool is_register(const struct p4_expr *call)
{
	const struct p4_type *type = call->a->a->type;

	return type && type->kind == P4_T_EXTERN && strcmp(type->decl->name, "Register") == 0 &&
	       !seki_lint_is_users(type->decl->tok);
}

static void search_expr(void *data, const struct p4_expr *e)
{
	struct atomic *a = data;

	if (e->kind != P4_E_CALL || a->second)
		return;
	if (e->call == P4_CALL_METHOD && is_register(e))
		*(a->first ? &a->second : &a->first) = e;
	else if (e->call == P4_CALL_ACTION || e->call == P4_CALL_FUNCTION ||
		 e->call == P4_CALL_TABLE || e->call == P4_CALL_APPLY)
		search_decl(a, e->callee);
}

static void tell(struct atomic *a, struct seki_span at)
{
	struct seki_diag *diag;

	if (!a->second)
		return;
	diag = seki_diag_warning(
		a->lint->diags, SEKI_WARN_ATOMIC, at,
		"'@atomic' has no effect: packets of other queues may come between "
		"the uses of registers");
	seki_diag_note(a->lint->diags, diag, seki_expr_span(a->first), "one is here");
	seki_diag_note(a->lint->diags, diag, seki_expr_span(a->second), "one is here");
}

static void start(struct atomic *a)
{
	a->search++;
	a->first = NULL;
	a->second = NULL;
}

static void check_stmt(void *data, const struct p4_stmt *stmt)
{
	struct atomic *a = data;
	struct p4_walk walk = {.data = a, .expr = search_expr};

	if (!stmt->is_atomic || !seki_lint_is_users(stmt->tok))
		return;
	start(a);
	seki_walk_stmts(&walk, stmt->body);
	tell(a, stmt->tok->at);
}

static void check_decl(void *data, const struct p4_decl *decl)
{
	struct atomic *a = data;

	if (!decl->is_atomic || !seki_lint_is_users(decl->tok))
		return;
	start(a);
	search_decl(a, decl);
	for (const struct p4_decl *m = decl->members; m; m = m->next)
		if (m->kind == P4_D_STATE)
			search_decl(a, m);
	tell(a, decl->tok->at);
}

void seki_lint_atomic(struct p4_lint *lint)
{
	struct atomic a = {.lint = lint};
	struct p4_walk walk = {.data = &a, .decl = check_decl, .stmt = check_stmt};

	a.seen = seki_arena_alloc(lint->arena, (lint->program->n_ids + 1) * sizeof(*a.seen));
	seki_walk_decls(&walk, lint->program->decls);
}
