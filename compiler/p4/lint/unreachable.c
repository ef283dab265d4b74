/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no packet reaches: statements behind one that goes elsewhere, states that no transition
 * leads to, cases of a select behind one that takes all that they would.
 */
#include "compiler/p4/lint/lint.h"

#include <string.h>

#define MAX_CASES 512u /* each is compared with those before it */

/* ---- statements ---- */

static bool leaves(const struct p4_stmt *stmt);

static bool any_leaves(const struct p4_stmt *list)
{
	while (list && !leaves(list))
		list = list->next;
	return list != NULL;
}

static bool cases_leave(const struct p4_stmt *c)
{
	bool complete = false;

	for (; c; c = c->next) {
		if (c->body ? !leaves(c->body) : !c->next)
			return false;
		complete |= c->a->kind == P4_E_DEFAULT;
	}
	return complete;
}

/* Does what stands behind the statement never run? */
static bool leaves(const struct p4_stmt *stmt)
{
	switch (stmt->kind) {
	case P4_S_RETURN:
	case P4_S_EXIT:
	case P4_S_BREAK:
	case P4_S_CONTINUE:
		return true;
	case P4_S_BLOCK:
		return any_leaves(stmt->body);
	case P4_S_IF:
		return stmt->other && leaves(stmt->body) && leaves(stmt->other);
	case P4_S_SWITCH:
		return cases_leave(stmt->cases);
	default:
		return false;
	}
}

static const char *jump_name(const struct p4_stmt *stmt)
{
	switch (stmt->kind) {
	case P4_S_RETURN:
		return "the 'return'";
	case P4_S_EXIT:
		return "the 'exit'";
	case P4_S_BREAK:
		return "the 'break'";
	case P4_S_CONTINUE:
		return "the 'continue'";
	default:
		return "this, which always leaves";
	}
}

/* `list` is what a block has. */
static void check_sequence(struct p4_lint *lint, const struct p4_stmt *list)
{
	struct seki_diag *diag;

	while (list && !leaves(list))
		list = list->next;
	if (!list || !list->next || !seki_lint_is_users(list->next->tok))
		return;
	diag = seki_diag_warning(lint->diags, SEKI_WARN_UNREACHABLE, list->next->tok->at,
				 "this is never reached");
	seki_diag_note(lint->diags, diag, list->tok->at, "because of %s", jump_name(list));
}

/* ---- select ---- */

static void check_select(struct p4_lint *lint, const struct p4_stmt *select)
{
	uint32_t count = seki_expr_count(select->exprs), n = 0;

	for (const struct p4_stmt *c = select->cases; c && n < MAX_CASES; c = c->next, n++) {
		const struct p4_stmt *by = select->cases;
		struct seki_diag *diag;

		while (by != c && !seki_keyset_covers(by->a, c->a, count))
			by = by->next;
		if (by == c || !seki_lint_is_users(select->tok))
			continue;
		diag = seki_diag_warning(lint->diags, SEKI_WARN_UNREACHABLE, seki_expr_span(c->a),
					 "this case is never taken");
		seki_diag_note(lint->diags, diag, seki_expr_span(by->a),
			       "this one takes all that it would");
	}
}

/* ---- states ---- */

struct states {
	bool *reached; /* by id */
	const struct p4_decl **todo;
	uint32_t n;
};

static void reach(struct states *s, const struct p4_decl *state)
{
	if (!state || s->reached[state->id])
		return;
	s->reached[state->id] = true;
	s->todo[s->n++] = state;
}

static void follow(struct states *s, const struct p4_decl *state)
{
	for (const struct p4_stmt *stmt = state->body; stmt; stmt = stmt->next) {
		if (stmt->kind == P4_S_TRANSITION)
			reach(s, stmt->state);
		for (const struct p4_stmt *c = stmt->kind == P4_S_SELECT ? stmt->cases : NULL; c;
		     c = c->next)
			reach(s, c->state);
	}
}

static void check_states(struct p4_lint *lint, struct states *s, const struct p4_decl *parser)
{
	for (const struct p4_decl *m = parser->members; m; m = m->next)
		if (m->kind == P4_D_STATE && strcmp(m->name, "start") == 0)
			reach(s, m);
	while (s->n)
		follow(s, s->todo[--s->n]);
	for (const struct p4_decl *m = parser->members; m; m = m->next)
		if (m->kind == P4_D_STATE && !s->reached[m->id] && m->name[0] != '_' &&
		    seki_lint_is_own(lint, m->tok))
			seki_diag_warning(lint->diags, SEKI_WARN_UNREACHABLE, m->tok->at,
					  "no transition leads to state '%s'", m->name);
}

/* ---- all of it ---- */

struct unreachable {
	struct p4_lint *lint;
	struct states states;
};

static void check_stmt(void *data, const struct p4_stmt *stmt)
{
	struct unreachable *u = data;

	if (stmt->kind == P4_S_BLOCK)
		check_sequence(u->lint, stmt->body);
	else if (stmt->kind == P4_S_SELECT)
		check_select(u->lint, stmt);
}

static void check_decl(void *data, const struct p4_decl *decl)
{
	struct unreachable *u = data;

	if (decl->kind == P4_D_PARSER && decl->has_body)
		check_states(u->lint, &u->states, decl);
}

void seki_lint_unreachable(struct p4_lint *lint)
{
	struct unreachable u = {.lint = lint};
	struct p4_walk walk = {.data = &u, .decl = check_decl, .stmt = check_stmt};
	size_t n = lint->program->n_ids + 1;

	u.states.reached = seki_arena_alloc(lint->arena, n * sizeof(*u.states.reached));
	u.states.todo = seki_arena_alloc(lint->arena, n * sizeof(struct p4_decl *));
	seki_walk_decls(&walk, lint->program->decls);
}
