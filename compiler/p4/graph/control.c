/* SPDX-License-Identifier: Apache-2.0 */
/* A control: its tables, conditions and statements in the order in which a packet meets them. */
#include <string.h>

#include "compiler/p4/graph/dot.h"

#define MAX_LINES   8u	/* of a node of statements */
#define MAX_ACTIONS 12u /* of a table */

/* A node that leads to whatever comes next. */
struct end {
	struct end *next;
	uint32_t node;
	const char *label;
};

struct flow {
	struct dot *dot;
	struct seki_arena *arena;
	uint32_t done;
	struct end *loop_out; /* by break */
	uint32_t loop;	      /* where continue goes to */
};

static struct end *end_of(struct flow *f, uint32_t node, const char *label, struct end *next)
{
	struct end *end = seki_arena_new(f->arena, struct end);

	*end = (struct end){.next = next, .node = node, .label = label};
	return end;
}

static struct end *append(struct end *list, struct end *more)
{
	struct end **at = &list;

	while (*at)
		at = &(*at)->next;
	*at = more;
	return list;
}

static void join(struct flow *f, const struct end *ends, uint32_t node)
{
	for (; ends; ends = ends->next)
		seki_dot_edge(f->dot, ends->node, node, ends->label);
}

static struct end *draw(struct flow *f, const struct p4_stmt *list, struct end *ends);

/* ---- tables ---- */

static const char *table_label(struct flow *f, const struct p4_decl *table)
{
	struct seki_strbuf text = {.arena = f->arena};
	uint32_t n = 0;

	seki_strbuf_printf(&text, "table %s\n", table->name);
	for (const struct p4_key *k = table->table->keys; k; k = k->next)
		seki_strbuf_printf(&text, "  %s: %s\n", seki_dot_expr(f->arena, k->expr), k->match);
	for (const struct p4_action_ref *r = table->table->actions; r && n <= MAX_ACTIONS;
	     r = r->next)
		seki_strbuf_printf(&text, n++ == MAX_ACTIONS ? "  ...\n" : "  -> %s\n",
				   r->action ? r->action->name : "?");
	if (table->table->default_action && table->table->default_action->action)
		seki_strbuf_printf(&text, "  default -> %s\n",
				   table->table->default_action->action->name);
	return text.data;
}

/* The table that an expression applies first, or NULL. */
static const struct p4_decl *applied(const struct p4_expr *e)
{
	const struct p4_decl *found;

	if (!e)
		return NULL;
	if (e->kind == P4_E_CALL && e->call == P4_CALL_TABLE)
		return e->callee;
	found = applied(e->a);
	found = found ? found : applied(e->b);
	found = found ? found : applied(e->c);
	for (const struct p4_expr *arg = e->args; arg && !found; arg = arg->next)
		found = applied(arg);
	return found;
}

static struct end *draw_table(struct flow *f, const struct p4_decl *table, struct end *ends)
{
	uint32_t node = seki_dot_node(f->dot, DOT_TABLE, table_label(f, table));

	join(f, ends, node);
	return end_of(f, node, NULL, NULL);
}

/* ---- statements ---- */

/* t.apply().hit or .miss by itself: the table's own edges say it. */
static bool is_outcome(const struct p4_expr *e)
{
	return e->kind == P4_E_MEMBER && e->a->kind == P4_E_CALL && e->a->call == P4_CALL_TABLE;
}

static uint32_t draw_choice(struct flow *f, const struct p4_expr *e, struct end *ends)
{
	const struct p4_decl *table = applied(e);
	uint32_t node;

	if (table)
		ends = draw_table(f, table, ends);
	if (table && is_outcome(e))
		return ends->node;
	node = seki_dot_node(f->dot, DOT_CHOICE, seki_dot_expr(f->arena, e));
	join(f, ends, node);
	return node;
}

static struct end *draw_if(struct flow *f, const struct p4_stmt *stmt, struct end *ends)
{
	bool outcome = is_outcome(stmt->a);
	bool miss = outcome && strcmp(stmt->a->name, "miss") == 0;
	uint32_t node = draw_choice(f, stmt->a, ends);
	const char *yes = !outcome ? "yes" : miss ? "miss" : "hit";
	const char *no = !outcome ? "no" : miss ? "hit" : "miss";
	struct end *then = draw(f, stmt->body, end_of(f, node, yes, NULL));

	ends = end_of(f, node, no, NULL);
	return append(then, stmt->other ? draw(f, stmt->other, ends) : ends);
}

static struct end *draw_switch(struct flow *f, const struct p4_stmt *stmt, struct end *ends)
{
	uint32_t node = draw_choice(f, stmt->a, ends);
	struct end *out = NULL, *entries = NULL;
	bool complete = false;

	for (const struct p4_stmt *c = stmt->cases; c; c = c->next) {
		complete |= c->a->kind == P4_E_DEFAULT;
		entries = end_of(f, node, seki_dot_expr(f->arena, c->a), entries);
		if (!c->body)
			continue;
		out = append(draw(f, c->body, entries), out);
		entries = NULL;
	}
	out = append(entries, out);
	return complete ? out : end_of(f, node, "otherwise", out);
}

static struct end *draw_loop(struct flow *f, const struct p4_stmt *stmt, struct end *ends)
{
	struct end *outer = f->loop_out, *out;
	uint32_t loop = f->loop, node;
	const char *text = seki_dot_expr(f->arena, stmt->a);

	ends = draw(f, stmt->init, ends);
	if (stmt->kind == P4_S_FOR_IN)
		text = seki_arena_printf(f->arena, "for %s in %s", stmt->decl->name, text);
	node = seki_dot_node(f->dot, DOT_CHOICE, text);
	join(f, ends, node);
	f->loop = node;
	f->loop_out = NULL;
	ends = draw(f, stmt->body, end_of(f, node, "again", NULL));
	join(f, draw(f, stmt->update, ends), node);
	out = end_of(f, node, "done", f->loop_out);
	f->loop = loop;
	f->loop_out = outer;
	return out;
}

static bool is_plain(const struct p4_stmt *stmt)
{
	return (stmt->kind == P4_S_ASSIGN || stmt->kind == P4_S_CALL || stmt->kind == P4_S_DECL) &&
	       !applied(stmt->a) && !applied(stmt->b);
}

/* Statements that nothing happens between are one node. Returns the last of them. */
static const struct p4_stmt *draw_plain(struct flow *f, const struct p4_stmt *stmt,
					struct end **ends)
{
	struct seki_strbuf text = {.arena = f->arena};
	const struct p4_stmt *last = stmt;
	uint32_t lines = 0, node;

	for (; stmt && is_plain(stmt); stmt = stmt->next) {
		last = stmt;
		if (lines <= MAX_LINES && stmt->kind != P4_S_DECL)
			seki_strbuf_printf(
				&text, "%s\n",
				lines++ == MAX_LINES
					? "..."
					: seki_dot_source(f->arena, stmt->tok, stmt->last));
	}
	if (!lines)
		return last;
	node = seki_dot_node(f->dot, DOT_CODE, text.data);
	join(f, *ends, node);
	*ends = end_of(f, node, NULL, NULL);
	return last;
}

static struct end *draw_other(struct flow *f, const struct p4_stmt *stmt, struct end *ends)
{
	const struct p4_decl *table;
	uint32_t node;

	switch (stmt->kind) {
	case P4_S_BLOCK:
		return draw(f, stmt->body, ends);
	case P4_S_IF:
		return draw_if(f, stmt, ends);
	case P4_S_SWITCH:
		return draw_switch(f, stmt, ends);
	case P4_S_FOR:
	case P4_S_FOR_IN:
		return draw_loop(f, stmt, ends);
	case P4_S_BREAK:
		f->loop_out = append(ends, f->loop_out);
		return NULL;
	case P4_S_CONTINUE:
		join(f, ends, f->loop);
		return NULL;
	case P4_S_RETURN:
	case P4_S_EXIT:
		node = seki_dot_node(f->dot, DOT_CODE,
				     stmt->kind == P4_S_EXIT ? "exit\n" : "return\n");
		join(f, ends, node);
		seki_dot_edge(f->dot, node, f->done, NULL);
		return NULL;
	default:
		table = applied(stmt->a);
		table = table ? table : applied(stmt->b);
		return table ? draw_table(f, table, ends) : ends;
	}
}

/* From `ends` through the statements; what they leave. */
static struct end *draw(struct flow *f, const struct p4_stmt *list, struct end *ends)
{
	for (; list && ends && f->dot->n <= SEKI_P4_GRAPH_NODES; list = list->next) {
		if (is_plain(list))
			list = draw_plain(f, list, &ends);
		else
			ends = draw_other(f, list, ends);
	}
	return ends;
}

void seki_graph_control(struct dot *dot, const struct p4_decl *control)
{
	struct flow f = {.dot = dot, .arena = dot->out->arena};
	struct end *ends;

	seki_dot_open(dot, "control", control->name);
	ends = end_of(&f, seki_dot_node(dot, DOT_START, ""), NULL, NULL);
	f.done = seki_dot_node(dot, DOT_GOOD, "end");
	join(&f, draw(&f, control->body, ends), f.done);
	seki_dot_close(dot);
}
