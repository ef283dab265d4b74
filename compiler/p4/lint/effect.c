/* SPDX-License-Identifier: Apache-2.0 */
/* Statements without effect, comparisons that are always the same, shifts that leave nothing. */
#include "compiler/p4/lint/lint.h"

#include <string.h>

/* The same place or value, and nothing that could change between the two. */
static bool same(const struct p4_expr *a, const struct p4_expr *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case P4_E_NAME:
		return a->decl && a->decl == b->decl;
	case P4_E_MEMBER:
		/* next and last of a stack: another element each time, or none */
		return a->decl && a->decl == b->decl && same(a->a, b->a);
	case P4_E_INDEX:
		return same(a->a, b->a) && same(a->b, b->b);
	case P4_E_SLICE:
		return a->op == b->op && same(a->a, b->a) && same(a->b, b->b) && same(a->c, b->c);
	case P4_E_INT:
	case P4_E_BOOL:
		return a->known && b->known && seki_num_cmp(&a->num, &b->num) == 0;
	default:
		return false;
	}
}

static void check_stmt(void *data, const struct p4_stmt *stmt)
{
	struct p4_lint *lint = data;

	if (stmt->kind == P4_S_ASSIGN && seki_lint_is_users(stmt->tok) && same(stmt->a, stmt->b))
		seki_diag_warning(lint->diags, SEKI_WARN_NO_EFFECT, seki_expr_span(stmt->a),
				  "this is assigned to itself");
}

static bool has_warning(const struct p4_lint *lint, struct seki_span at)
{
	for (const struct seki_diag *d = lint->diags->first; d; d = d->next)
		if (d->at.src == at.src && d->at.off == at.off)
			return true;
	return false;
}

static enum p4_op mirrored(enum p4_op op)
{
	switch (op) {
	case P4_OP_LT:
		return P4_OP_GT;
	case P4_OP_GT:
		return P4_OP_LT;
	case P4_OP_LE:
		return P4_OP_GE;
	case P4_OP_GE:
		return P4_OP_LE;
	default:
		return op;
	}
}

static bool is_greatest(struct p4_lint *lint, const struct p4_expr *bound)
{
	struct p4_num one = seki_num_u64(1), above;

	return seki_num_add(lint->arena, &bound->num, &one, &above) &&
	       !seki_num_fits(&above, bound->type->width, false);
}

/* Of `value op bound`, where the bound is the least or the greatest value of the type. */
static const char *by_range(struct p4_lint *lint, const struct p4_expr *value, enum p4_op op,
			    const struct p4_expr *bound)
{
	if (value->known || !bound->known || !bound->type || bound->type->kind != P4_T_BIT)
		return NULL;
	if ((op == P4_OP_LT || op == P4_OP_GE) && seki_num_is_zero(&bound->num))
		return op == P4_OP_LT ? "false" : "true";
	if ((op == P4_OP_GT || op == P4_OP_LE) && is_greatest(lint, bound))
		return op == P4_OP_GT ? "false" : "true";
	return NULL;
}

static void check_comparison(struct p4_lint *lint, const struct p4_expr *e)
{
	const char *always = by_range(lint, e->a, e->op, e->b);

	if (!always)
		always = by_range(lint, e->b, mirrored(e->op), e->a);
	if (!always && same(e->a, e->b) && !e->a->known)
		always = e->op == P4_OP_EQ || e->op == P4_OP_LE || e->op == P4_OP_GE ? "true"
										     : "false";
	if (always && !has_warning(lint, seki_expr_span(e->b)) &&
	    !has_warning(lint, seki_expr_span(e->a)))
		seki_diag_warning(lint->diags, SEKI_WARN_CONSTANT_CONDITION, seki_expr_span(e),
				  "this is always %s", always);
}

static void check_shift(struct p4_lint *lint, const struct p4_expr *e)
{
	const struct p4_type *type = e->a->type;

	if (!e->b->known || e->a->known || !type || !seki_type_is_fixed(type) ||
	    (e->b->num.n <= 1 && seki_num_to_u64(&e->b->num) < type->width))
		return;
	seki_diag_warning(lint->diags, SEKI_WARN_SHIFT, seki_expr_span(e),
			  "a shift of %s by %s leaves none of its bits",
			  seki_type_name(lint->arena, type),
			  seki_num_text(lint->arena, &e->b->num));
}

static void check_expr(void *data, const struct p4_expr *e)
{
	struct p4_lint *lint = data;

	if (e->kind != P4_E_BINARY || !seki_lint_is_users(e->tok))
		return;
	switch (e->op) {
	case P4_OP_EQ:
	case P4_OP_NE:
	case P4_OP_LT:
	case P4_OP_LE:
	case P4_OP_GT:
	case P4_OP_GE:
		check_comparison(lint, e);
		break;
	case P4_OP_SHL:
	case P4_OP_SHR:
		check_shift(lint, e);
		break;
	default:
		break;
	}
}

void seki_lint_effect(struct p4_lint *lint)
{
	struct p4_walk walk = {.data = lint, .stmt = check_stmt, .expr = check_expr};

	seki_walk_decls(&walk, lint->program->decls);
}
