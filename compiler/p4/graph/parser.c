/* SPDX-License-Identifier: Apache-2.0 */
/* A parser: a node for each state, with what it does; edges with what a select matches. */
#include <string.h>

#include "compiler/p4/graph/dot.h"

#define MAX_LINES 12u
#define MAX_CASES 8u /* values on one edge */

struct states {
	struct dot *dot;
	struct seki_arena *arena;
	const struct p4_decl *parser;
	uint32_t first; /* node of the first state; the others follow */
	uint32_t accept, reject;
};

static uint32_t node_of(const struct states *s, const struct p4_stmt *to)
{
	uint32_t n = s->first;

	if (!to->state)
		return strcmp(to->name, "accept") == 0 ? s->accept : s->reject;
	for (const struct p4_decl *m = s->parser->members; m != to->state; m = m->next)
		n += m->kind == P4_D_STATE;
	return n;
}

static const char *label_of(const struct states *s, const struct p4_decl *state)
{
	struct seki_strbuf text = {.arena = s->arena};
	uint32_t lines = 0;

	seki_strbuf_printf(&text, "%s\n", state->name);
	for (const struct p4_stmt *stmt = state->body; stmt; stmt = stmt->next) {
		if (stmt->kind == P4_S_TRANSITION || lines > MAX_LINES)
			continue;
		if (lines++ == MAX_LINES) {
			seki_strbuf_printf(&text, "  ...\n");
		} else if (stmt->kind == P4_S_SELECT) {
			seki_strbuf_printf(&text, "  select (");
			for (const struct p4_expr *e = stmt->exprs; e; e = e->next)
				seki_strbuf_printf(&text, "%s%s", seki_dot_expr(s->arena, e),
						   e->next ? ", " : ")\n");
		} else {
			seki_strbuf_printf(&text, "  %s\n",
					   seki_dot_source(s->arena, stmt->tok, stmt->last));
		}
	}
	return text.data;
}

/* What leads to a node, from a case on. */
static const char *values_to(struct states *s, const struct p4_stmt *c, const uint32_t *to)
{
	struct seki_strbuf text = {.arena = s->arena};
	uint32_t n = 0, node = *to;

	for (; c && n <= MAX_CASES; c = c->next, to++)
		if (*to == node)
			seki_strbuf_printf(&text, "%s\n",
					   n++ == MAX_CASES ? "..."
							    : seki_dot_expr(s->arena, c->a));
	return text.data;
}

/* One edge to each target, with all that leads there. */
static void draw_cases(struct states *s, uint32_t from, const struct p4_stmt *select)
{
	bool *drawn = seki_arena_alloc(s->arena, s->dot->n * sizeof(*drawn));
	bool complete = false;
	uint32_t n = 0, *to;

	for (const struct p4_stmt *c = select->cases; c; c = c->next)
		n++;
	to = seki_arena_alloc(s->arena, (n + 1) * sizeof(*to));
	n = 0;
	for (const struct p4_stmt *c = select->cases; c; c = c->next)
		to[n++] = node_of(s, c);
	n = 0;
	for (const struct p4_stmt *c = select->cases; c; c = c->next, n++) {
		complete |= c->a->kind == P4_E_DEFAULT || c->a->kind == P4_E_DONTCARE;
		if (!drawn[to[n]])
			seki_dot_edge(s->dot, from, to[n], values_to(s, c, &to[n]));
		drawn[to[n]] = true;
	}
	if (!complete)
		seki_dot_edge(s->dot, from, s->reject, "no match");
}

void seki_graph_parser(struct dot *dot, const struct p4_decl *parser)
{
	struct states s = {.dot = dot, .arena = dot->out->arena, .parser = parser};
	uint32_t node;

	seki_dot_open(dot, "parser", parser->name);
	s.accept = seki_dot_node(dot, DOT_GOOD, "accept");
	s.reject = seki_dot_node(dot, DOT_BAD, "reject");
	s.first = dot->n;
	for (const struct p4_decl *m = parser->members; m; m = m->next)
		if (m->kind == P4_D_STATE)
			seki_dot_node(dot, DOT_STATE, label_of(&s, m));
	node = s.first;
	for (const struct p4_decl *m = parser->members; m && dot->n <= SEKI_P4_GRAPH_NODES;
	     m = m->next) {
		bool leaves = false;

		if (m->kind != P4_D_STATE)
			continue;
		for (const struct p4_stmt *stmt = m->body; stmt; stmt = stmt->next) {
			if (stmt->kind == P4_S_TRANSITION)
				seki_dot_edge(dot, node, node_of(&s, stmt), NULL);
			else if (stmt->kind == P4_S_SELECT)
				draw_cases(&s, node, stmt);
			leaves |= stmt->kind == P4_S_TRANSITION || stmt->kind == P4_S_SELECT;
		}
		if (!leaves)
			seki_dot_edge(dot, node, s.reject, NULL);
		node++;
	}
	seki_dot_close(dot);
}
