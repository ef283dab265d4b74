/* SPDX-License-Identifier: Apache-2.0 */
/* Statements (P4_16 specification, section 12). */
#include "tests/p4ref/ref.h"

#include <string.h>

#define MAX_STEPS 4000000u

static enum ref_flow run(struct ref *r, const struct p4_stmt *s);

void ref_step(struct ref *r, const struct seki_token *tok)
{
	if (++r->steps > MAX_STEPS)
		ref_unable(tok, "more than %u steps", MAX_STEPS);
}

static void declare(struct ref *r, const struct p4_decl *decl)
{
	struct ref_val *v, *init;
	const struct p4_type *type;

	if (decl->kind != P4_D_VAR)
		return;
	type = ref_type(r, decl->type);
	v = ref_make(r, type);
	if (decl->init) {
		init = ref_eval(r, decl->init);
		if (type->kind == P4_T_LIST)
			v = init;
		else
			ref_copy(v, init);
	}
	ref_bind(r, r->frame, decl, v, NULL);
}

static void assign(struct ref *r, const struct p4_stmt *s)
{
	struct ref_place place = ref_locate(r, s->a);

	ref_write(r, &place, ref_eval(r, s->b));
}

/* Does a label of the switch stand for the value? */
static bool is_label(struct ref *r, const struct p4_expr *label, const struct ref_val *v)
{
	if (label->kind == P4_E_DEFAULT)
		return true;
	if (v->type->kind == P4_T_ACTIONS)
		return label->decl && mpz_cmp_ui(v->num, label->decl->id + 1) == 0;
	return ref_equal(ref_eval(r, label), v);
}

static enum ref_flow run_switch(struct ref *r, const struct p4_stmt *s)
{
	struct ref_val *v = ref_eval(r, s->a);

	for (const struct p4_stmt *c = s->cases; c; c = c->next) {
		if (!is_label(r, c->a, v))
			continue;
		while (c && !c->body)
			c = c->next;
		return c ? run(r, c->body) : REF_NEXT;
	}
	return REF_NEXT;
}

static enum ref_flow run_for(struct ref *r, const struct p4_stmt *s)
{
	enum ref_flow flow;

	ref_stmts(r, s->init);
	while (ref_true(r, s->a)) {
		flow = run(r, s->body);
		if (flow == REF_RETURN)
			return flow;
		if (flow == REF_BREAK)
			break;
		ref_stmts(r, s->update);
	}
	return REF_NEXT;
}

static bool one_round(struct ref *r, const struct p4_stmt *s, const struct ref_val *v,
		      enum ref_flow *flow)
{
	ref_step(r, s->tok);
	ref_bind(r, r->frame, s->decl, ref_clone(r, v), NULL);
	*flow = run(r, s->body);
	return *flow != REF_RETURN && *flow != REF_BREAK;
}

static enum ref_flow run_for_in(struct ref *r, const struct p4_stmt *s)
{
	enum ref_flow flow = REF_NEXT;
	struct ref_val *v, *end;

	if (s->a->kind == P4_E_RANGE) {
		v = ref_eval(r, s->a->a);
		end = ref_eval(r, s->a->b);
		v->type = ref_type(r, s->decl->type);
		for (; mpz_cmp(v->num, end->num) <= 0; mpz_add_ui(v->num, v->num, 1))
			if (!one_round(r, s, v, &flow))
				break;
	} else {
		v = ref_eval(r, s->a);
		for (uint32_t i = 0; i < v->n; i++)
			if (!one_round(r, s, &v->part[i], &flow))
				break;
	}
	return flow == REF_RETURN ? flow : REF_NEXT;
}

static enum ref_flow run(struct ref *r, const struct p4_stmt *s)
{
	ref_step(r, s->tok);
	switch (s->kind) {
	case P4_S_BLOCK:
		return ref_stmts(r, s->body);
	case P4_S_ASSIGN:
		assign(r, s);
		return REF_NEXT;
	case P4_S_CALL:
		ref_eval(r, s->a);
		return REF_NEXT;
	case P4_S_IF:
		if (ref_true(r, s->a))
			return run(r, s->body);
		return s->other ? run(r, s->other) : REF_NEXT;
	case P4_S_SWITCH:
		return run_switch(r, s);
	case P4_S_RETURN:
		if (s->a)
			r->frame->result = ref_eval(r, s->a);
		return REF_RETURN;
	case P4_S_EXIT:
		longjmp(r->frame->exit, 1);
	case P4_S_DECL:
		declare(r, s->decl);
		return REF_NEXT;
	case P4_S_FOR:
		return run_for(r, s);
	case P4_S_FOR_IN:
		return run_for_in(r, s);
	case P4_S_BREAK:
		return REF_BREAK;
	case P4_S_CONTINUE:
		return REF_CONTINUE;
	default:
		return REF_NEXT;
	}
}

enum ref_flow ref_stmts(struct ref *r, const struct p4_stmt *list)
{
	for (; list; list = list->next) {
		enum ref_flow flow;

		if (list->kind == P4_S_TRANSITION || list->kind == P4_S_SELECT)
			break;
		flow = run(r, list);
		if (flow != REF_NEXT)
			return flow;
	}
	return REF_NEXT;
}
