/* SPDX-License-Identifier: Apache-2.0 */
/* All passes, and their warnings in the order of the text. */
#include "compiler/p4/lint/lint.h"

bool seki_lint_is_users(const struct seki_token *tok)
{
	return tok && tok->at.src && tok->at.src->name[0] != '<';
}

bool seki_lint_is_own(const struct p4_lint *lint, const struct seki_token *tok)
{
	return tok && tok->at.src == lint->main;
}

const struct p4_expr *seki_lint_root(const struct p4_expr *expr)
{
	while (expr->kind == P4_E_MEMBER || expr->kind == P4_E_INDEX || expr->kind == P4_E_SLICE)
		expr = expr->a;
	return expr->kind == P4_E_NAME ? expr : NULL;
}

/* Where in the program's own file: of what is included, the #include. */
static uint32_t position(const struct seki_diag *diag)
{
	struct seki_span at = diag->at;

	while (at.src && at.src->included.src)
		at = at.src->included;
	return at.off;
}

static bool comes_before(const struct seki_diag *a, const struct seki_diag *b)
{
	uint32_t p = position(a), q = position(b);

	return p != q ? p < q : a->at.src == b->at.src && a->at.off < b->at.off;
}

/* By insertion: no more than SEKI_DIAG_MAX_ERRORS are kept. */
static void sort(struct seki_diags *diags)
{
	struct seki_diag *list = diags->first, *next;

	diags->first = NULL;
	for (; list; list = next) {
		struct seki_diag **at = &diags->first;

		next = list->next;
		while (*at && !comes_before(list, *at))
			at = &(*at)->next;
		list->next = *at;
		*at = list;
	}
	diags->end = &diags->first;
	while (*diags->end)
		diags->end = &(*diags->end)->next;
}

void seki_p4_lint(struct seki_diags *diags, const struct p4_program *program,
		  const struct seki_source *main)
{
	struct p4_lint lint = {
		.diags = diags, .arena = diags->arena, .program = program, .main = main};

	seki_lint_unused(&lint);
	seki_lint_shadow(&lint);
	seki_lint_unreachable(&lint);
	seki_lint_entries(&lint);
	seki_lint_effect(&lint);
	seki_lint_atomic(&lint);
	seki_lint_flow(&lint);
	seki_lint_emit(&lint);
	seki_lint_lost(&lint);
	sort(diags);
}
