/* SPDX-License-Identifier: Apache-2.0 */
/* Statements as lines of text: what a state does, and what is between the tables of a control. */
#include "compiler/p4/graph/draw.h"

static void indent(struct p4_drawing *d, uint32_t depth)
{
	for (uint32_t i = 0; i < 3 * depth; i++)
		seki_draw_gap(d);
}

static void draw_list(struct p4_drawing *d, const struct p4_stmt *list, uint32_t depth)
{
	for (; list; list = list->next)
		seki_draw_stmt(d, list, depth);
}

/* "word (a)", and what it governs below. */
static void draw_head(struct p4_drawing *d, const struct p4_stmt *stmt, const char *word,
		      uint32_t depth)
{
	indent(d, depth);
	seki_draw_text(d, word);
	if (stmt->a) {
		seki_draw_text(d, " ");
		seki_draw_expr(d, stmt->a);
	}
	seki_draw_break(d);
	if (stmt->body)
		seki_draw_stmt(d, stmt->body, depth + 1);
}

static void draw_simple(struct p4_drawing *d, const struct p4_stmt *stmt, uint32_t depth)
{
	const struct seki_token *last = stmt->last;

	if (stmt->kind == P4_S_DECL)
		last = stmt->decl->init ? stmt->decl->init->last : stmt->decl->tok;
	indent(d, depth);
	seki_draw_tokens(d, stmt->tok, last);
	seki_draw_break(d);
}

void seki_draw_stmt(struct p4_drawing *d, const struct p4_stmt *stmt, uint32_t depth)
{
	switch (stmt->kind) {
	case P4_S_BLOCK:
		draw_list(d, stmt->body, depth);
		break;
	case P4_S_IF:
		draw_head(d, stmt, "if", depth);
		if (!stmt->other)
			break;
		indent(d, depth);
		seki_draw_text(d, "else");
		seki_draw_break(d);
		seki_draw_stmt(d, stmt->other, depth + 1);
		break;
	case P4_S_SWITCH:
		draw_head(d, stmt, "switch", depth);
		draw_list(d, stmt->cases, depth + 1);
		break;
	case P4_S_CASE:
		draw_head(d, stmt, "case", depth);
		break;
	case P4_S_FOR:
		draw_head(d, stmt, "for", depth);
		break;
	case P4_S_FOR_IN:
		draw_head(d, stmt, "for in", depth);
		break;
	case P4_S_RETURN:
		draw_head(d, stmt, "return", depth);
		break;
	case P4_S_ASSIGN:
	case P4_S_CALL:
	case P4_S_DECL:
	case P4_S_EXIT:
	case P4_S_BREAK:
	case P4_S_CONTINUE:
		draw_simple(d, stmt, depth);
		break;
	case P4_S_EMPTY:
	case P4_S_TRANSITION:
	case P4_S_SELECT:
	case P4_S_SELECT_CASE:
		break;
	}
}
