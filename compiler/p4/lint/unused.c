/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is declared and never used. Types and constants outside of blocks are vocabulary: a program
 * that uses half of the protocol numbers that it lists is as it should be. A name that begins with
 * '_' says that it is not used.
 */
#include "compiler/p4/lint/lint.h"

struct counts {
	uint32_t mentions;
	uint32_t assignments;
	bool applied; /* a table */
	bool global;
};

struct unused {
	struct p4_lint *lint;
	struct counts *of; /* by id */
	bool is_program;   /* it has a main, so what is never reached is not there for others */
};

static void mention(struct unused *u, const struct p4_decl *decl)
{
	if (decl)
		u->of[decl->id].mentions++;
}

static void count_expr(void *data, const struct p4_expr *expr)
{
	struct unused *u = data;

	mention(u, expr->decl);
	if (expr->kind != P4_E_CALL)
		return;
	if (!expr->a || expr->callee != expr->a->decl)
		mention(u, expr->callee);
	if (expr->call == P4_CALL_TABLE)
		u->of[expr->callee->id].applied = true;
}

/* What an extern's instance implements is called by the extern. */
static void count_decl(void *data, const struct p4_decl *decl)
{
	struct unused *u = data;

	if (decl->kind != P4_D_INSTANCE)
		return;
	for (const struct p4_decl *m = decl->members; m; m = m->next) {
		mention(u, m);
		for (const struct p4_decl *p = m->params; p; p = p->next)
			mention(u, p);
	}
}

static void count_stmt(void *data, const struct p4_stmt *stmt)
{
	struct unused *u = data;
	const struct p4_expr *root;

	if (stmt->kind != P4_S_ASSIGN)
		return;
	root = seki_lint_root(stmt->a);
	if (root && root->decl)
		u->of[root->decl->id].assignments++;
}

static void tell(struct unused *u, const struct p4_decl *decl, const char *what)
{
	if (decl->name[0] != '_' && decl->name[0] != '?' && seki_lint_is_own(u->lint, decl->tok))
		seki_diag_warning(u->lint->diags, SEKI_WARN_UNUSED, decl->tok->at,
				  "%s '%s' is never used", what, decl->name);
}

static void tell_variable(struct unused *u, const struct p4_decl *decl)
{
	const struct counts *of = &u->of[decl->id];

	if (!of->mentions)
		tell(u, decl, "variable");
	else if (of->mentions == of->assignments && decl->name[0] != '_' &&
		 seki_lint_is_own(u->lint, decl->tok))
		seki_diag_warning(u->lint->diags, SEKI_WARN_UNUSED, decl->tok->at,
				  "variable '%s' is set but never read", decl->name);
}

static void tell_params(struct unused *u, const struct p4_decl *callable)
{
	if (!callable->body)
		return;
	for (const struct p4_decl *p = callable->params; p; p = p->next)
		if (!u->of[p->id].mentions)
			tell(u, p, "parameter");
	for (const struct p4_decl *t = callable->type_params; t; t = t->next)
		if (!t->used)
			tell(u, t, "type parameter");
}

static void tell_table(struct unused *u, const struct p4_decl *table)
{
	if (!u->of[table->id].applied && seki_lint_is_own(u->lint, table->tok))
		seki_diag_warning(u->lint->diags, SEKI_WARN_NOT_APPLIED, table->tok->at,
				  "table '%s' is never applied", table->name);
}

static bool is_package(const struct p4_decl *instance)
{
	return instance->type && instance->type->kind == P4_T_PACKAGE;
}

static void check_decl(void *data, const struct p4_decl *decl)
{
	struct unused *u = data;
	bool used = decl->used || u->of[decl->id].mentions;

	switch (decl->kind) {
	case P4_D_VAR:
		tell_variable(u, decl);
		break;
	case P4_D_CONST:
		if (!used && !u->of[decl->id].global)
			tell(u, decl, "constant");
		break;
	case P4_D_ACTION:
		tell_params(u, decl);
		if (!used && (u->is_program || decl->owner))
			tell(u, decl, "action");
		break;
	case P4_D_FUNCTION:
		tell_params(u, decl);
		if (!used && decl->body && u->is_program && !decl->owner)
			tell(u, decl, "function");
		break;
	case P4_D_TABLE:
		tell_table(u, decl);
		break;
	case P4_D_INSTANCE:
		if (!used && !is_package(decl) && (decl->owner || u->is_program))
			tell(u, decl, "instance");
		break;
	case P4_D_PARSER:
	case P4_D_CONTROL:
		if (!used && decl->has_body && u->is_program)
			tell(u, decl, decl->kind == P4_D_PARSER ? "parser" : "control");
		break;
	case P4_D_VALUE_SET:
		if (!used)
			tell(u, decl, "value set");
		break;
	default:
		break;
	}
}

void seki_lint_unused(struct p4_lint *lint)
{
	struct unused u = {.lint = lint};
	struct p4_walk count = {
		.data = &u, .decl = count_decl, .stmt = count_stmt, .expr = count_expr};
	struct p4_walk check = {.data = &u, .decl = check_decl};

	u.of = seki_arena_alloc(lint->arena, (lint->program->n_ids + 1) * sizeof(*u.of));
	for (const struct p4_decl *d = lint->program->decls; d; d = d->next) {
		u.of[d->id].global = true;
		u.is_program |= d->kind == P4_D_INSTANCE && is_package(d);
	}
	seki_walk_decls(&count, lint->program->decls);
	seki_walk_decls(&check, lint->program->decls);
}
