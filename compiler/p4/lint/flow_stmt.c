/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, states, blocks: see flow.h. */
#include <string.h>

#include "compiler/p4/lint/flow.h"
#include "compiler/p4/names.h"

#define MAX_VISITS 8u /* of a state whose entries still change */

static void run(struct flow *f, struct paths *p, const struct p4_stmt *list);

static bool same_paths(const struct paths *a, const struct paths *b)
{
	return a->n == b->n && memcmp(a->of, b->of, a->n * sizeof(*a->of)) == 0;
}

/* Where neither branch changes anything, what was known before the condition is known behind it. */
static void run_if(struct flow *f, struct paths *p, const struct p4_stmt *stmt)
{
	struct paths *yes, *no, *yes_before, *no_before;

	seki_flow_condition(f, p, stmt->a, &yes, &no);
	yes_before = seki_paths_copy(f, yes);
	no_before = seki_paths_copy(f, no);
	run(f, yes, stmt->body);
	if (stmt->other)
		run(f, no, stmt->other);
	if (yes->n && no->n && seki_flow_is_varying(f, stmt->a) && same_paths(yes, yes_before) &&
	    same_paths(no, no_before))
		return;
	p->n = 0;
	seki_paths_join(f, p, yes);
	seki_paths_join(f, p, no);
}

/*
 * The cases of a switch, each from `before`, or for a table from what the action leaves. What matches
 * no case, or its default, is behind any of the actions.
 */
static void run_switch(struct flow *f, struct paths *p, const struct p4_stmt *stmt)
{
	const struct p4_expr *call = stmt->a->kind == P4_E_MEMBER ? stmt->a->a : NULL;
	bool is_table = call && call->kind == P4_E_CALL && call->call == P4_CALL_TABLE;
	struct paths *before = seki_paths_copy(f, p), *entry = seki_paths_none(f);
	struct paths *out = seki_paths_none(f);
	bool complete = false;

	seki_flow_read(f, p, is_table ? call : stmt->a);
	if (!is_table && seki_flow_is_varying(f, stmt->a))
		seki_paths_soften(p);
	for (const struct p4_stmt *c = stmt->cases; c; c = c->next) {
		const struct p4_action_ref *ref =
			is_table && c->a->kind == P4_E_NAME
				? seki_names_find(call->callee->table->by_name, c->a->name)
				: NULL;

		complete |= c->a->kind == P4_E_DEFAULT;
		seki_paths_join(f, entry, ref ? seki_flow_action_ref(f, before, ref) : p);
		if (!c->body)
			continue;
		run(f, entry, c->body);
		seki_paths_join(f, out, entry);
		entry = seki_paths_none(f);
	}
	seki_paths_join(f, out, entry);
	if (!complete)
		seki_paths_join(f, out, p);
	*p = *out;
}

/* Two rounds: the second finds what the first leaves. */
static void run_loop(struct flow *f, struct paths *p, const struct p4_stmt *stmt)
{
	struct paths *outer = f->left, *yes, *no;

	f->left = seki_paths_none(f);
	run(f, p, stmt->init);
	if (stmt->kind == P4_S_FOR_IN) {
		seki_flow_read(f, p, stmt->a);
		seki_paths_set_place(p, seki_place_of(f, stmt->decl), KNOWN_NOT, KNOWN_YES);
	}
	for (int round = 0; round < 2; round++) {
		if (stmt->kind == P4_S_FOR)
			seki_flow_condition(f, p, stmt->a, &yes, &no);
		else
			yes = seki_paths_copy(f, p);
		run(f, yes, stmt->body);
		seki_paths_join(f, yes, f->left);
		run(f, yes, stmt->update);
		seki_paths_join(f, p, yes);
	}
	f->left = outer;
}

static void leave(struct flow *f, struct paths *p, struct paths *to)
{
	if (to)
		seki_paths_join(f, to, p);
	p->n = 0;
}

void seki_flow_var(struct flow *f, struct paths *p, const struct p4_decl *var)
{
	struct place *place = seki_place_of(f, var);

	if (!place)
		return;
	seki_paths_set_place(p, place, KNOWN_NO, KNOWN_NO);
	if (!var->init)
		return;
	if (place->parts || place->header) {
		seki_flow_read(f, p, var->init);
		seki_paths_set_place(p, place, KNOWN_NOT, KNOWN_YES);
		return;
	}
	seki_flow_read(f, p, var->init);
	seki_paths_set(p, place->slot, KNOWN_YES);
}

static void run_one(struct flow *f, struct paths *p, const struct p4_stmt *stmt)
{
	switch (stmt->kind) {
	case P4_S_BLOCK:
		run(f, p, stmt->body);
		break;
	case P4_S_ASSIGN:
		seki_flow_assign(f, p, stmt->a, stmt->b);
		break;
	case P4_S_CALL:
		seki_flow_read(f, p, stmt->a);
		break;
	case P4_S_IF:
		run_if(f, p, stmt);
		break;
	case P4_S_SWITCH:
		run_switch(f, p, stmt);
		break;
	case P4_S_RETURN:
		seki_flow_read(f, p, stmt->a);
		leave(f, p, f->returned);
		break;
	case P4_S_EXIT:
		leave(f, p, f->exited);
		break;
	case P4_S_DECL:
		if (stmt->decl->kind == P4_D_VAR)
			seki_flow_var(f, p, stmt->decl);
		break;
	case P4_S_FOR:
	case P4_S_FOR_IN:
		run_loop(f, p, stmt);
		break;
	case P4_S_BREAK:
	case P4_S_CONTINUE:
		leave(f, p, f->left);
		break;
	default:
		break;
	}
}

static void run(struct flow *f, struct paths *p, const struct p4_stmt *list)
{
	for (; list && p->n && f->budget; list = list->next)
		run_one(f, p, list);
}

void seki_flow_body(struct flow *f, struct paths *p, const struct p4_stmt *body)
{
	struct paths *outer = f->returned, *left = f->left;

	f->returned = seki_paths_none(f);
	f->left = NULL;
	run(f, p, body);
	seki_paths_join(f, p, f->returned);
	f->returned = outer;
	f->left = left;
}

/* ---- parsers ---- */

struct walk {
	const struct p4_decl **todo;
	uint32_t n;
	struct paths *accepted;
};

static void enter(struct flow *f, struct walk *w, const struct p4_stmt *by,
		  const struct p4_decl *state, const struct paths *p)
{
	if (!state) {
		if (strcmp(by->name, "accept") == 0)
			seki_paths_join(f, w->accepted, p);
		return;
	}
	if (!f->states[state->id])
		f->states[state->id] = seki_paths_none(f);
	if (seki_paths_join(f, f->states[state->id], p) && f->visits[state->id] < MAX_VISITS) {
		f->visits[state->id]++;
		w->todo[w->n++] = state;
	}
}

static void run_state(struct flow *f, struct walk *w, const struct p4_decl *state)
{
	struct paths *p = seki_paths_copy(f, f->states[state->id]);

	for (const struct p4_stmt *s = state->body; s && p->n && f->budget; s = s->next) {
		if (s->kind == P4_S_TRANSITION) {
			enter(f, w, s, s->state, p);
		} else if (s->kind == P4_S_SELECT) {
			for (const struct p4_expr *e = s->exprs; e; e = e->next)
				seki_flow_read(f, p, e);
			for (const struct p4_stmt *c = s->cases; c; c = c->next)
				enter(f, w, c, c->state, p);
		} else {
			run_one(f, p, s);
		}
	}
}

static void run_states(struct flow *f, struct paths *p, const struct p4_decl *parser)
{
	struct walk w = {.accepted = seki_paths_none(f)};
	uint32_t n = 0;

	for (const struct p4_decl *m = parser->members; m; m = m->next) {
		n += m->kind == P4_D_STATE;
		f->states[m->id] = NULL;
		f->visits[m->id] = 0;
	}
	w.todo = seki_arena_alloc(f->lint->arena, (n * MAX_VISITS + 1) * sizeof(struct p4_decl *));
	for (const struct p4_decl *m = parser->members; m; m = m->next)
		if (m->kind == P4_D_STATE && strcmp(m->name, "start") == 0)
			enter(f, &w, NULL, m, p);
	for (uint32_t i = 0; i < w.n && f->budget; i++)
		run_state(f, &w, w.todo[i]);
	*p = *w.accepted;
}

void seki_flow_block(struct flow *f, struct paths *p, const struct p4_decl *block)
{
	for (const struct p4_decl *m = block->members; m; m = m->next)
		if (m->kind == P4_D_VAR)
			seki_flow_var(f, p, m);
	if (block->kind == P4_D_PARSER)
		run_states(f, p, block);
	else
		seki_flow_body(f, p, block->body);
}
