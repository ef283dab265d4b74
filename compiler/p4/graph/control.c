/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a packet through a control. Statements are drawn in their order; `ends` are the edges that
 * wait for the node that comes next.
 */
#include "compiler/p4/graph/draw.h"
#include "compiler/p4/graph/graph.h"

#include <string.h>

struct end {
	struct end *next;
	uint32_t from;
	const char *text;	    /* its label, or NULL */
	const struct p4_expr *expr; /* or this is */
};

struct flow {
	struct p4_drawing *d;
	struct end *ends, *returns, *breaks;
	uint32_t loop; /* the innermost one's node */
	bool in_code;  /* a node of plain statements is begun */
};

static void close_code(struct flow *f)
{
	if (f->in_code)
		seki_draw_end(f->d);
	f->in_code = false;
}

static void leave(struct flow *f, uint32_t from, const char *text, const struct p4_expr *expr)
{
	struct end *end = seki_arena_new(f->d->out->arena, struct end);

	*end = (struct end){f->ends, from, text, expr};
	f->ends = end;
}

static void move(struct end **to, struct end **from)
{
	while (*to)
		to = &(*to)->next;
	*to = *from;
	*from = NULL;
}

static void connect(struct flow *f, uint32_t to)
{
	close_code(f);
	for (const struct end *end = f->ends; end; end = end->next) {
		seki_draw_edge(f->d, end->from, to);
		if (end->text)
			seki_draw_text(f->d, end->text);
		if (end->expr)
			seki_draw_expr(f->d, end->expr);
		seki_draw_edge_end(f->d);
	}
	f->ends = NULL;
}

/* Begins the node that the ends lead to. */
static uint32_t next_node(struct flow *f, enum p4_look look, const struct seki_token *tok)
{
	connect(f, f->d->nodes);
	return seki_draw_begin(f->d, look, tok);
}

static uint32_t next_plain(struct flow *f, enum p4_look look, const struct seki_token *tok,
			   const char *text)
{
	connect(f, f->d->nodes);
	return seki_draw_plain(f->d, look, tok, text);
}

/* ---- tables ---- */

static void draw_keys(struct p4_drawing *d, const struct p4_table *table)
{
	if (!table->keys)
		return;
	seki_draw_rule(d);
	for (const struct p4_key *key = table->keys; key; key = key->next) {
		seki_draw_expr(d, key->expr);
		seki_draw_text(d, " : ");
		seki_strbuf_printf(d->out, "<I>");
		seki_draw_text(d, key->match);
		seki_strbuf_printf(d->out, "</I>");
		if (key->rename) {
			seki_draw_gap(d);
			seki_draw_text(d, "(");
			seki_draw_text(d, key->rename);
			seki_draw_text(d, ")");
		}
		seki_draw_break(d);
	}
}

static void draw_actions(struct p4_drawing *d, const struct p4_table *table)
{
	seki_draw_rule(d);
	for (const struct p4_action_ref *ref = table->actions; ref; ref = ref->next) {
		seki_draw_name(d, ref->action);
		if (ref->default_only)
			seki_draw_text(d, " (only as default)");
		if (ref->table_only)
			seki_draw_text(d, " (only in entries)");
		seki_draw_break(d);
	}
	if (!table->default_action)
		return;
	seki_draw_rule(d);
	seki_strbuf_printf(d->out, "<I>default</I>");
	seki_draw_gap(d);
	seki_draw_expr(d, table->default_action->call);
	seki_draw_break(d);
}

static void draw_entries(struct p4_drawing *d, const struct p4_table *table)
{
	uint32_t n = 0;

	for (const struct p4_action_ref *entry = table->entries; entry; entry = entry->next)
		n++;
	if (n)
		seki_strbuf_printf(d->out, "%sentries: %u<BR/>",
				   table->const_entries ? "const " : "", n);
	for (const struct p4_property *p = table->properties; p; p = p->next) {
		if (strcmp(p->name, "size") != 0)
			continue;
		seki_draw_text(d, "size ");
		seki_draw_expr(d, p->value);
		seki_draw_break(d);
	}
}

static void draw_table(struct p4_drawing *d, const struct p4_decl *table)
{
	seki_strbuf_printf(d->out, "table <B>");
	seki_draw_name(d, table);
	seki_strbuf_printf(d->out, "</B>");
	draw_keys(d, table->table);
	draw_actions(d, table->table);
	draw_entries(d, table->table);
	seki_draw_end(d);
	d->drawn[table->id] = true;
}

/* ---- calls ---- */

static bool is_apply(const struct p4_expr *expr)
{
	return expr->kind == P4_E_CALL &&
	       (expr->call == P4_CALL_TABLE || expr->call == P4_CALL_APPLY);
}

static void draw_apply(struct flow *f, const struct p4_expr *call)
{
	const struct p4_decl *decl = call->a->a->decl;
	uint32_t node;

	if (call->call == P4_CALL_TABLE) {
		node = next_node(f, P4_LOOK_TABLE, decl->tok);
		draw_table(f->d, decl);
	} else {
		node = next_node(f, P4_LOOK_CALL, call->tok);
		seki_draw_expr(f->d, call);
		if (call->a->a->type && call->a->a->type->decl) {
			seki_draw_break(f->d);
			seki_draw_text(f->d, "control ");
			seki_draw_name(f->d, call->a->a->type->decl);
		}
		seki_draw_end(f->d);
	}
	leave(f, node, NULL, NULL);
}

/* What an expression applies, before it is used. */
static void draw_applies(struct flow *f, const struct p4_expr *expr)
{
	if (!expr)
		return;
	draw_applies(f, expr->a);
	draw_applies(f, expr->b);
	draw_applies(f, expr->c);
	for (const struct p4_expr *arg = expr->args; arg; arg = arg->next)
		draw_applies(f, arg);
	if (is_apply(expr))
		draw_apply(f, expr);
}

/* Is it table.apply().member? */
static bool is_result(const struct p4_expr *expr, const char *member)
{
	return expr->kind == P4_E_MEMBER && strcmp(expr->name, member) == 0 && is_apply(expr->a) &&
	       expr->a->call == P4_CALL_TABLE;
}

/* ---- statements ---- */

static void draw_flow(struct flow *f, const struct p4_stmt *stmt);

static void draw_code(struct flow *f, const struct p4_stmt *stmt)
{
	if (stmt->kind == P4_S_DECL && !stmt->decl->init)
		return;
	draw_applies(f, stmt->a);
	draw_applies(f, stmt->b);
	if (stmt->kind == P4_S_DECL)
		draw_applies(f, stmt->decl->init);
	if (stmt->kind == P4_S_CALL && is_apply(stmt->a))
		return;
	if (!f->in_code) {
		uint32_t node = next_node(f, P4_LOOK_CODE, stmt->tok);

		leave(f, node, NULL, NULL);
		f->in_code = true;
	}
	seki_draw_stmt(f->d, stmt, 0);
}

/* The node that ways part at, where its edges say what the condition is. */
static uint32_t draw_condition(struct flow *f, const struct p4_expr *expr)
{
	uint32_t node;

	draw_applies(f, expr);
	node = next_node(f, P4_LOOK_CONDITION, expr->first);
	seki_draw_expr(f->d, expr);
	seki_draw_end(f->d);
	return node;
}

static void draw_if(struct flow *f, const struct p4_stmt *stmt)
{
	bool not = stmt->a->kind == P4_E_UNARY && stmt->a->op == P4_OP_NOT;
	const struct p4_expr *result = not ? stmt->a->a : stmt->a;
	bool hit = is_result(result, "hit"), miss = is_result(result, "miss");
	const char *yes = "true", *no = "false";
	struct end *after = NULL;
	uint32_t node;

	if (hit || miss) {
		yes = hit != not ? "hit" : "miss";
		no = hit != not ? "miss" : "hit";
		draw_apply(f, result->a);
		node = f->ends->from;
	} else {
		node = draw_condition(f, stmt->a);
	}
	f->ends = NULL;
	leave(f, node, yes, NULL);
	draw_flow(f, stmt->body);
	close_code(f);
	move(&after, &f->ends);
	leave(f, node, no, NULL);
	if (stmt->other)
		draw_flow(f, stmt->other);
	close_code(f);
	move(&f->ends, &after);
}

static void draw_switch(struct flow *f, const struct p4_stmt *stmt)
{
	struct end *after = NULL;
	bool has_default = false;
	uint32_t node;

	if (is_result(stmt->a, "action_run")) {
		draw_apply(f, stmt->a->a);
		node = f->ends->from;
	} else {
		node = draw_condition(f, stmt->a);
	}
	f->ends = NULL;
	for (const struct p4_stmt *c = stmt->cases; c; c = c->next) {
		has_default = has_default || c->a->kind == P4_E_DEFAULT;
		leave(f, node, NULL, c->a);
		if (!c->body)
			continue;
		draw_flow(f, c->body);
		close_code(f);
		move(&after, &f->ends);
	}
	if (!has_default)
		leave(f, node, "otherwise", NULL);
	move(&f->ends, &after);
}

static void draw_loop(struct flow *f, const struct p4_stmt *stmt)
{
	const struct seki_token *last = stmt->tok;
	struct end *breaks = f->breaks;
	uint32_t outer = f->loop;

	while (last->next && last->next != stmt->body->tok)
		last = last->next;
	f->loop = next_node(f, P4_LOOK_CONDITION, stmt->tok);
	seki_draw_tokens(f->d, stmt->tok, last);
	seki_draw_end(f->d);
	f->breaks = NULL;
	leave(f, f->loop, "each time", NULL);
	draw_flow(f, stmt->body);
	connect(f, f->loop);
	leave(f, f->loop, "at the end", NULL);
	move(&f->ends, &f->breaks);
	f->breaks = breaks;
	f->loop = outer;
}

static void draw_return(struct flow *f, const struct p4_stmt *stmt)
{
	struct end *end;
	uint32_t node = next_plain(f, P4_LOOK_START, stmt->tok, "return");

	leave(f, node, NULL, NULL);
	end = f->ends;
	f->ends = NULL;
	move(&f->returns, &end);
}

static void draw_flow(struct flow *f, const struct p4_stmt *stmt)
{
	/* Nothing comes here, or there will be no picture. */
	if (!f->ends || f->d->nodes > SEKI_P4_GRAPH_NODES)
		return;
	switch (stmt->kind) {
	case P4_S_BLOCK:
		for (const struct p4_stmt *s = stmt->body; s; s = s->next)
			draw_flow(f, s);
		break;
	case P4_S_IF:
		draw_if(f, stmt);
		break;
	case P4_S_SWITCH:
		draw_switch(f, stmt);
		break;
	case P4_S_FOR:
	case P4_S_FOR_IN:
		draw_loop(f, stmt);
		break;
	case P4_S_RETURN:
		draw_return(f, stmt);
		break;
	case P4_S_EXIT:
		next_plain(f, P4_LOOK_BAD, stmt->tok, "exit");
		break;
	case P4_S_BREAK:
		close_code(f);
		move(&f->breaks, &f->ends);
		break;
	case P4_S_CONTINUE:
		connect(f, f->loop);
		break;
	default:
		if (stmt->kind != P4_S_EMPTY)
			draw_code(f, stmt);
		break;
	}
}

/* Tables that no way leads to stand alone. */
static void draw_others(struct flow *f, const struct p4_decl *control)
{
	for (const struct p4_decl *m = control->members; m; m = m->next) {
		if (m->kind != P4_D_TABLE || f->d->drawn[m->id])
			continue;
		seki_draw_begin(f->d, P4_LOOK_TABLE, m->tok);
		draw_table(f->d, m);
	}
}

static void draw_action(struct p4_drawing *d, const struct p4_decl *action)
{
	seki_strbuf_printf(d->out, "<B>");
	seki_draw_name(d, action);
	seki_strbuf_printf(d->out, "</B>");
	seki_draw_gap(d);
	seki_draw_text(d, "(");
	for (const struct p4_decl *p = action->params; p; p = p->next) {
		seki_draw_text(d, p->name);
		if (p->next)
			seki_draw_text(d, ", ");
	}
	seki_draw_text(d, ")");
	seki_draw_break(d);
	if (action->body)
		seki_draw_stmt(d, action->body, 1);
}

/* Above the flow, where they do not push apart what is beside them; a table's box only names them. */
void seki_draw_actions(struct p4_drawing *d, const struct p4_decl *control)
{
	bool begun = false;

	for (const struct p4_decl *m = control->members; m; m = m->next) {
		if (m->kind != P4_D_ACTION)
			continue;
		if (!begun) {
			seki_strbuf_printf(d->out, "<TR><TD><FONT POINT-SIZE=\"11\">");
			seki_draw_box(d, P4_LOOK_ACTIONS);
			seki_draw_text(d, "actions");
		}
		begun = true;
		seki_draw_rule(d);
		draw_action(d, m);
	}
	if (!begun)
		return;
	seki_draw_box_end(d);
	seki_strbuf_printf(d->out, "</FONT></TD></TR>");
}

void seki_draw_control(struct p4_drawing *d, const struct p4_decl *control)
{
	struct flow f = {.d = d};

	leave(&f, seki_draw_plain(d, P4_LOOK_START, control->tok, "start"), NULL, NULL);
	if (control->body)
		draw_flow(&f, control->body);
	close_code(&f);
	move(&f.ends, &f.returns);
	if (f.ends)
		next_plain(&f, P4_LOOK_GOOD, NULL, "end");
	draw_others(&f, control);
}
