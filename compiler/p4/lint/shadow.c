/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that hide others: a variable, constant or parameter inside a block that is called as
 * something with a value outside of it.
 */
#include "compiler/p4/lint/lint.h"
#include "compiler/p4/names.h"

struct scope {
	const struct scope *outer;
	struct p4_names names;
};

struct shadow {
	struct p4_lint *lint;
};

static bool has_value(const struct p4_decl *decl)
{
	return decl->kind == P4_D_VAR || decl->kind == P4_D_CONST || decl->kind == P4_D_PARAM ||
	       decl->kind == P4_D_INSTANCE;
}

static const struct p4_decl *find(const struct scope *scope, const char *name)
{
	for (; scope; scope = scope->outer) {
		const struct p4_decl *decl = seki_names_find(&scope->names, name);

		if (decl)
			return decl;
	}
	return NULL;
}

static void declare(struct shadow *s, struct scope *scope, const struct p4_decl *decl)
{
	const struct p4_decl *hidden = find(scope->outer, decl->name);
	struct seki_diag *diag;

	seki_names_add(&scope->names, s->lint->arena, decl->name, (void *)decl);
	if (!hidden || !has_value(decl) || !has_value(hidden) || decl->name[0] == '?' ||
	    !seki_lint_is_users(decl->tok) || !seki_lint_is_users(hidden->tok))
		return;
	diag = seki_diag_warning(s->lint->diags, SEKI_WARN_SHADOW, decl->tok->at,
				 "'%s' hides another '%s'", decl->name, decl->name);
	seki_diag_note(s->lint->diags, diag, hidden->tok->at, "the one that is hidden");
}

static void declare_all(struct shadow *s, struct scope *scope, const struct p4_decl *list)
{
	for (; list; list = list->next)
		declare(s, scope, list);
}

static void in_stmts(struct shadow *s, struct scope *scope, const struct p4_stmt *list);

static void in_block(struct shadow *s, const struct scope *outer, const struct p4_stmt *list)
{
	struct scope scope = {.outer = outer};

	in_stmts(s, &scope, list);
}

/* A loop's variables are known in it only. */
static void in_loop(struct shadow *s, const struct scope *outer, const struct p4_stmt *loop)
{
	struct scope scope = {.outer = outer};

	if (loop->kind == P4_S_FOR_IN)
		declare(s, &scope, loop->decl);
	in_stmts(s, &scope, loop->init);
	in_block(s, &scope, loop->body);
}

static void in_stmts(struct shadow *s, struct scope *scope, const struct p4_stmt *list)
{
	for (; list; list = list->next) {
		if (list->kind == P4_S_DECL) {
			declare(s, scope, list->decl);
		} else if (list->kind == P4_S_FOR || list->kind == P4_S_FOR_IN) {
			in_loop(s, scope, list);
		} else {
			if (list->body)
				in_block(s, scope, list->body);
			if (list->other)
				in_block(s, scope, list->other);
			if (list->cases)
				in_stmts(s, scope, list->cases);
		}
	}
}

static void in_decl(struct shadow *s, const struct scope *outer, const struct p4_decl *decl)
{
	struct scope params = {.outer = outer}, inner = {.outer = &params};

	if (decl->kind != P4_D_PARSER && decl->kind != P4_D_CONTROL &&
	    decl->kind != P4_D_FUNCTION && decl->kind != P4_D_ACTION && decl->kind != P4_D_STATE &&
	    decl->kind != P4_D_INSTANCE)
		return;
	if (!decl->has_body && !decl->body && !decl->members)
		return;
	declare_all(s, &params, decl->params);
	declare_all(s, &params, decl->ctor_params);
	for (const struct p4_decl *m = decl->members; m; m = m->next) {
		in_decl(s, &inner, m);
		declare(s, &inner, m);
	}
	in_stmts(s, &inner, decl->body);
}

void seki_lint_shadow(struct p4_lint *lint)
{
	struct shadow s = {.lint = lint};
	struct scope global = {.outer = NULL};

	for (const struct p4_decl *d = lint->program->decls; d; d = d->next) {
		in_decl(&s, &global, d);
		declare(&s, &global, d);
	}
}
