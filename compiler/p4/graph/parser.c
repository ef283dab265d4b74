/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a parser: a node for each state, an edge for each state that another leads to. */
#include "compiler/p4/graph/draw.h"
#include "compiler/p4/graph/graph.h"

#include <string.h>

/* Its nodes: of states in the order of the text, then accept and reject where they are reached. */
struct states {
	const struct p4_decl *parser;
	uint32_t first;
	uint32_t accept, reject; /* UINT32_MAX: not reached */
};

static const struct p4_stmt *transition(const struct p4_decl *state)
{
	for (const struct p4_stmt *s = state->body; s; s = s->next)
		if (s->kind == P4_S_TRANSITION || s->kind == P4_S_SELECT)
			return s;
	return NULL;
}

static void draw_state(struct p4_drawing *d, const struct p4_decl *state)
{
	const struct p4_stmt *next = transition(state);
	bool has_lines = false;

	seki_draw_begin(d, P4_LOOK_STATE, state->tok);
	seki_strbuf_printf(d->out, "<B>");
	seki_draw_name(d, state);
	seki_strbuf_printf(d->out, "</B>");
	for (const struct p4_stmt *s = state->body; s && s != next; s = s->next) {
		if (!has_lines)
			seki_draw_rule(d);
		has_lines = true;
		seki_draw_stmt(d, s, 0);
	}
	if (next && next->kind == P4_S_SELECT) {
		seki_draw_rule(d);
		seki_draw_text(d, "select ");
		for (const struct p4_expr *e = next->exprs; e; e = e->next) {
			seki_draw_expr(d, e);
			if (e->next)
				seki_draw_text(d, ", ");
		}
	}
	seki_draw_end(d);
}

static uint32_t node_of(struct p4_drawing *d, struct states *states, const struct p4_stmt *to)
{
	bool accept = to && to->name && strcmp(to->name, "accept") == 0;
	uint32_t *node = accept ? &states->accept : &states->reject;
	uint32_t n = states->first;

	for (const struct p4_decl *m = states->parser->members; m; m = m->next) {
		if (to && m == to->state)
			return n;
		n += m->kind == P4_D_STATE;
	}
	if (*node == UINT32_MAX)
		*node = seki_draw_plain(d, accept ? P4_LOOK_GOOD : P4_LOOK_BAD, NULL,
					accept ? "accept" : "reject");
	return *node;
}

static bool is_same(const struct p4_stmt *a, const struct p4_stmt *b)
{
	return a->state == b->state && (a->state || strcmp(a->name, b->name) == 0);
}

static bool is_first(const struct p4_stmt *cases, const struct p4_stmt *c)
{
	while (!is_same(cases, c))
		cases = cases->next;
	return cases == c;
}

static bool matches_all(const struct p4_stmt *c)
{
	return c->a->kind == P4_E_DEFAULT || c->a->kind == P4_E_DONTCARE;
}

/* One edge for all cases that lead to the same state. */
static void draw_select(struct p4_drawing *d, struct states *states, uint32_t from,
			const struct p4_stmt *select)
{
	bool all = false;
	uint32_t to;

	for (const struct p4_stmt *c = select->cases; c; c = c->next) {
		all = all || matches_all(c);
		if (!is_first(select->cases, c))
			continue;
		to = node_of(d, states, c);
		seki_draw_edge(d, from, to);
		for (const struct p4_stmt *same = c; same; same = same->next) {
			if (!is_same(same, c))
				continue;
			if (same != c)
				seki_draw_break(d);
			seki_draw_expr(d, same->a);
		}
		seki_draw_edge_end(d);
	}
	if (all)
		return;
	to = node_of(d, states, NULL);
	seki_draw_edge(d, from, to);
	seki_draw_text(d, "no match");
	seki_draw_edge_end(d);
}

void seki_draw_parser(struct p4_drawing *d, const struct p4_decl *parser)
{
	struct states states = {parser, d->nodes, UINT32_MAX, UINT32_MAX};
	uint32_t from = d->nodes, to;

	for (const struct p4_decl *m = parser->members; m; m = m->next)
		if (m->kind == P4_D_STATE)
			draw_state(d, m);
	if (d->nodes > SEKI_P4_GRAPH_NODES) /* there will be no picture */
		return;
	for (const struct p4_decl *m = parser->members; m; m = m->next) {
		const struct p4_stmt *next;

		if (m->kind != P4_D_STATE)
			continue;
		next = transition(m);
		if (next && next->kind == P4_S_SELECT) {
			draw_select(d, &states, from++, next);
			continue;
		}
		to = node_of(d, &states, next);
		seki_draw_edge(d, from++, to);
		seki_draw_edge_end(d);
	}
}
