/* SPDX-License-Identifier: Apache-2.0 */
/* Every declaration, statement and expression of a program. */
#include "compiler/p4/lint/lint.h"

static void walk_list(const struct p4_walk *w, const struct p4_expr *list)
{
	for (; list; list = list->next)
		seki_walk_expr(w, list);
}

void seki_walk_expr(const struct p4_walk *w, const struct p4_expr *expr)
{
	if (!expr)
		return;
	if (w->expr)
		w->expr(w->data, expr);
	seki_walk_expr(w, expr->a);
	seki_walk_expr(w, expr->b);
	seki_walk_expr(w, expr->c);
	walk_list(w, expr->args);
}

static void walk_decl(const struct p4_walk *w, const struct p4_decl *decl);

void seki_walk_stmts(const struct p4_walk *w, const struct p4_stmt *list)
{
	for (; list; list = list->next) {
		if (w->stmt)
			w->stmt(w->data, list);
		seki_walk_expr(w, list->a);
		seki_walk_expr(w, list->b);
		walk_list(w, list->exprs);
		if (list->decl)
			walk_decl(w, list->decl);
		seki_walk_stmts(w, list->init);
		seki_walk_stmts(w, list->update);
		seki_walk_stmts(w, list->body);
		seki_walk_stmts(w, list->other);
		seki_walk_stmts(w, list->cases);
	}
}

static void walk_refs(const struct p4_walk *w, const struct p4_action_ref *list)
{
	for (; list; list = list->next) {
		seki_walk_expr(w, list->call);
		seki_walk_expr(w, list->keyset);
		seki_walk_expr(w, list->priority);
	}
}

static void walk_table(const struct p4_walk *w, const struct p4_table *table)
{
	for (const struct p4_key *k = table->keys; k; k = k->next)
		seki_walk_expr(w, k->expr);
	walk_refs(w, table->actions);
	walk_refs(w, table->entries);
	walk_refs(w, table->default_action);
	for (const struct p4_property *p = table->properties; p; p = p->next)
		seki_walk_expr(w, p->value);
}

static void walk_decl(const struct p4_walk *w, const struct p4_decl *decl)
{
	if (w->decl)
		w->decl(w->data, decl);
	seki_walk_expr(w, decl->init);
	seki_walk_expr(w, decl->array);
	if (!decl->init)
		walk_list(w, decl->args);
	seki_walk_decls(w, decl->type_params);
	seki_walk_decls(w, decl->params);
	seki_walk_decls(w, decl->ctor_params);
	seki_walk_decls(w, decl->members);
	if (decl->table)
		walk_table(w, decl->table);
	seki_walk_stmts(w, decl->body);
}

void seki_walk_decls(const struct p4_walk *w, const struct p4_decl *list)
{
	for (; list; list = list->next)
		walk_decl(w, list);
}
