/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, and tables: see flow.h. */
#include <string.h>

#include "compiler/p4/lint/flow.h"

#define MAX_DEPTH 64u

/* Before a call: what the callee finds in its parameter. */
static void bind(struct flow *f, struct paths *p, const struct p4_decl *param,
		 const struct p4_expr *arg)
{
	struct place *place = arg ? seki_place_resolve(f, arg) : NULL;

	/* What it does to a struct or header, it does to the argument. */
	if (place && (place->header || place->parts)) {
		f->places[param->id] = place;
	} else {
		f->places[param->id] = NULL;
		place = seki_place_of(f, param);
		if (place)
			seki_paths_set_place(p, place, KNOWN_NOT, KNOWN_YES);
	}
	if (param->dir == P4_DIR_OUT && place)
		seki_paths_set_place(p, place, KNOWN_NO, KNOWN_NO);
}

/* A scalar that the callee has to give has a value on all ways through it. */
static void check_out(struct flow *f, const struct paths *p, const struct p4_decl *param)
{
	const struct place *place = f->places[param->id];

	if (!f->budget || param->dir != P4_DIR_OUT || !place || place->header ||
	    place->decl != param || !seki_paths_count_no(p, place->slot) ||
	    !seki_lint_is_users(param->tok))
		return;
	for (const struct seki_diag *d = f->lint->diags->first; d; d = d->next)
		if (d->at.src == param->tok->at.src && d->at.off == param->tok->at.off &&
		    d->warning == SEKI_WARN_UNINITIALIZED)
			return;
	seki_diag_warning(f->lint->diags, SEKI_WARN_UNINITIALIZED, param->tok->at,
			  "'out' parameter '%s' is not given a value%s", param->name,
			  seki_paths_count_no(p, place->slot) == p->n ? "" : " on every way");
}

static void run_callee(struct flow *f, struct paths *p, const struct p4_decl *callee)
{
	f->visited[callee->id] = true;
	if (callee->kind == P4_D_PARSER || callee->kind == P4_D_CONTROL)
		seki_flow_block(f, p, callee);
	else
		seki_flow_body(f, p, callee->body);
	for (const struct p4_decl *param = callee->params; param; param = param->next)
		check_out(f, p, param);
}

/* What is given by argument, and after the call what comes back. */
static void give_args(struct flow *f, struct paths *p, const struct p4_expr *call)
{
	uint32_t i = 0;

	for (const struct p4_decl *param = call->callee->params; param; param = param->next, i++)
		if (call->bound[i] && param->dir != P4_DIR_OUT)
			seki_flow_read(f, p, call->bound[i]);
}

static void take_args(struct flow *f, struct paths *p, const struct p4_expr *call, bool followed)
{
	uint32_t i = 0;

	for (const struct p4_decl *param = call->callee->params; param; param = param->next, i++) {
		const struct p4_expr *arg = call->bound[i];
		const struct place *place = arg ? seki_place_resolve(f, arg) : NULL;

		if (!arg || arg->kind == P4_E_DONTCARE ||
		    (param->dir != P4_DIR_OUT && param->dir != P4_DIR_INOUT))
			continue;
		if (!followed || !place || place != f->places[param->id])
			seki_flow_write(f, p, arg);
	}
}

static void follow(struct flow *f, struct paths *p, const struct p4_expr *call)
{
	const struct p4_decl *callee = call->callee;
	uint32_t i = 0;

	give_args(f, p, call);
	for (const struct p4_decl *param = callee->params; param; param = param->next)
		bind(f, p, param, call->bound[i++]);
	f->depth++;
	run_callee(f, p, callee);
	f->depth--;
	take_args(f, p, call, true);
}

/* setValid(), setInvalid(), push_front() ...: of an element that is not known, any may be changed. */
static void builtin(struct flow *f, struct paths *p, const struct p4_expr *call)
{
	const struct place *place;
	const char *name;

	if (!call->a || call->a->kind != P4_E_MEMBER)
		return;
	place = seki_place_resolve(f, call->a->a);
	name = call->a->name;
	if (place && place->header && strcmp(name, "setValid") == 0)
		seki_paths_set_header(p, place, KNOWN_YES);
	else if (place && place->header && strcmp(name, "setInvalid") == 0)
		seki_paths_set_header(p, place, KNOWN_NO);
	else if (strncmp(name, "set", 3) == 0 || strncmp(name, "push", 4) == 0 ||
		 strncmp(name, "pop", 3) == 0)
		seki_flow_write(f, p, call->a->a);
	else if (!place)
		seki_flow_read(f, p, call->a->a);
}

static void method(struct flow *f, struct paths *p, const struct p4_expr *call)
{
	const struct p4_decl *owner = call->callee->owner;
	const struct place *place = NULL;

	give_args(f, p, call);
	if (call->bound && call->callee->params && call->bound[0])
		place = seki_place_resolve(f, call->bound[0]);
	take_args(f, p, call, false);
	if (place && place->header && owner && strcmp(owner->name, "packet_in") == 0 &&
	    strcmp(call->callee->name, "extract") == 0)
		seki_paths_set_header(p, place, KNOWN_YES);
}

void seki_flow_call(struct flow *f, struct paths *p, const struct p4_expr *call)
{
	bool followed = call->callee && (call->callee->body || call->callee->has_body) &&
			call->bound && f->depth < MAX_DEPTH;
	struct paths *hit, *miss;

	switch (call->call) {
	case P4_CALL_TABLE:
		seki_flow_table(f, p, call->callee, &hit, &miss);
		p->n = 0;
		seki_paths_join(f, p, hit);
		seki_paths_join(f, p, miss);
		break;
	case P4_CALL_BUILTIN:
		builtin(f, p, call);
		break;
	case P4_CALL_ACTION:
	case P4_CALL_FUNCTION:
	case P4_CALL_APPLY:
		if (followed) {
			follow(f, p, call);
			break;
		}
		/* fall through */
	case P4_CALL_EXTERN:
	case P4_CALL_METHOD:
		if (call->callee && call->bound)
			method(f, p, call);
		break;
	default:
		break;
	}
}

/* ---- tables ---- */

struct paths *seki_flow_action_ref(struct flow *f, const struct paths *p,
				   const struct p4_action_ref *ref)
{
	struct paths *after = seki_paths_copy(f, p);
	const struct p4_expr *arg = ref->call->args;

	if (!ref->action || !ref->action->body || f->depth >= MAX_DEPTH)
		return after;
	for (const struct p4_decl *param = ref->action->params; param; param = param->next) {
		bind(f, after, param, arg);
		arg = arg ? arg->next : NULL;
	}
	f->depth++;
	run_callee(f, after, ref->action);
	f->depth--;
	return after;
}

/* Keys tell what the actions may rely on: `h.isValid(): exact` of the header. */
static void read_keys(struct flow *f, struct paths *p, const struct p4_table *table)
{
	bool varying = false;

	for (const struct p4_key *k = table->keys; k; k = k->next) {
		const struct p4_expr *e = k->expr;
		const struct place *place = e->kind == P4_E_CALL && e->call == P4_CALL_BUILTIN &&
							    e->a
						    ? seki_place_resolve(f, e->a->a)
						    : NULL;

		if (place)
			seki_paths_set_place(p, place, KNOWN_NOT, KNOWN_NOT);
	}
	for (const struct p4_key *k = table->keys; k; k = k->next) {
		seki_flow_read(f, p, k->expr);
		varying |= seki_flow_is_varying(f, k->expr);
	}
	if (varying)
		seki_paths_soften(p);
}

void seki_flow_table(struct flow *f, struct paths *p, const struct p4_decl *table,
		     struct paths **hit, struct paths **miss)
{
	const struct p4_table *t = table->table;

	read_keys(f, p, t);
	*hit = seki_paths_none(f);
	*miss = seki_paths_none(f);
	if (!f->budget)
		return;
	for (const struct p4_action_ref *ref = t->actions; ref; ref = ref->next) {
		const struct paths *after = seki_flow_action_ref(f, p, ref);

		if (!ref->default_only && t->keys)
			seki_paths_join(f, *hit, after);
		/* The control plane may choose another default action. */
		if (!ref->table_only && t->default_action && !t->default_action->is_const)
			seki_paths_join(f, *miss, after);
	}
	if (t->default_action)
		seki_paths_join(f, *miss, seki_flow_action_ref(f, p, t->default_action));
	else
		seki_paths_join(f, *miss, p);
}
