/* SPDX-License-Identifier: Apache-2.0 */
/* Instances (P4_16 specification, sections 11.3, 13 and 14): making them all once, applying them. */
#include "tests/p4ref/ref.h"

#include <ctype.h>
#include <string.h>

#define MAX_RETURNS 256u /* to one state in one packet */

/* ---- making ---- */

static const char *control_plane_name(struct ref *r, const char *prefix, const struct p4_decl *decl)
{
	const char *name = decl->rename ? decl->rename : decl->name;
	char *text = seki_arena_printf(r->arena, "%s_%s", prefix, name[0] == '.' ? name + 1 : name);

	for (char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '_';
	return text;
}

static struct ref_obj *new_object(struct ref *r, const void *key, const struct p4_decl *decl,
				  const struct p4_type *type, const char *name)
{
	struct ref_obj *obj = seki_arena_new(r->arena, struct ref_obj);

	obj->key = key;
	obj->decl = decl;
	obj->type = type;
	obj->name = name;
	obj->frame = ref_frame(r, r->frame);
	obj->next = r->objects;
	r->objects = obj;
	return obj;
}

static void make_in_body(struct ref *r, const struct p4_stmt *list, const char *prefix);

static void bind_profile(struct ref *r, struct ref_obj *table)
{
	for (const struct p4_property *p = table->decl->table->properties; p; p = p->next) {
		if (strcmp(p->name, "psa_implementation") != 0 &&
		    strcmp(p->name, "implementation") != 0)
			continue;
		table->other = ref_object(r, p->value);
		table->other->other = table;
	}
}

static void make_member(struct ref *r, const struct p4_decl *d, const char *prefix)
{
	const char *name = control_plane_name(r, prefix, d);
	struct ref_obj *obj;

	if (d->kind == P4_D_INSTANCE) {
		obj = ref_make_object(r, d, d, d->type, d->init, name);
	} else if (d->kind == P4_D_TABLE || d->kind == P4_D_VALUE_SET) {
		obj = new_object(r, d, d, d->type, name);
		if (d->kind == P4_D_TABLE) {
			ref_table_entries(r, obj);
			bind_profile(r, obj);
		}
	} else {
		return;
	}
	ref_bind(r, r->frame, d, NULL, obj);
}

/* Instances in a block of statements, and those that C.apply() makes of a type. */
static void make_in_stmt(struct ref *r, const struct p4_stmt *s, const char *prefix)
{
	const struct p4_expr *call = s->a;

	if (s->kind == P4_S_DECL)
		make_member(r, s->decl, prefix);
	if (s->kind == P4_S_CALL && call->call == P4_CALL_APPLY &&
	    call->a->a->type->kind == P4_T_TYPE) {
		const struct p4_type *type = call->a->a->type->elem;

		ref_make_object(r, call, NULL, type, NULL,
				control_plane_name(r, prefix, type->decl));
	}
	if (s->body)
		make_in_body(r, s->body, prefix);
	if (s->other)
		make_in_body(r, s->other, prefix);
	if (s->cases)
		make_in_body(r, s->cases, prefix);
}

static void make_in_body(struct ref *r, const struct p4_stmt *list, const char *prefix)
{
	for (; list; list = list->next)
		make_in_stmt(r, list, prefix);
}

static void make_members(struct ref *r, const struct p4_decl *decl, const char *prefix)
{
	for (const struct p4_decl *d = decl->members; d; d = d->next) {
		make_member(r, d, prefix);
		if (d->kind == P4_D_STATE)
			make_in_body(r, d->body, prefix);
	}
	if (decl->body)
		make_in_body(r, decl->body->body, prefix);
}

/* An argument of a constructor is a constant, an instance, or the call that makes one. */
static void bind_ctor_param(struct ref *r, struct ref_obj *obj, const struct p4_decl *p,
			    struct p4_expr *arg)
{
	struct ref_obj *given = NULL;
	struct ref_val *v = NULL;

	if (!arg)
		v = ref_eval(r, p->init);
	else if (arg->kind == P4_E_CALL && arg->call == P4_CALL_CONSTRUCTOR)
		given = ref_make_object(r, arg, NULL, arg->type, arg,
					control_plane_name(r, obj->name, p));
	else if (arg->type->kind == P4_T_EXTERN || arg->type->kind == P4_T_CONTROL ||
		 arg->type->kind == P4_T_PARSER)
		given = ref_object(r, arg);
	else
		v = ref_eval(r, arg);
	ref_bind(r, obj->frame, p, v, given);
}

static bool has_abstract(const struct p4_type *type)
{
	for (const struct p4_decl *m = type->decl->members; m; m = m->next)
		if (m->is_abstract)
			return true;
	return false;
}

/* The names that methods see which an instance gives: itself, its own instances, those around it. */
static void make_given(struct ref *r, struct ref_obj *obj, const struct p4_decl *decl,
		       const char *name)
{
	struct ref_frame *outer = r->frame;

	obj->frame->outer = outer;
	if (!decl || !decl->self)
		return;
	ref_bind(r, obj->frame, decl->self, NULL, obj);
	r->frame = obj->frame;
	make_members(r, decl, name);
	r->frame = outer;
}

struct ref_obj *ref_make_object(struct ref *r, const void *key, const struct p4_decl *decl,
				const struct p4_type *type, const struct p4_expr *call,
				const char *name)
{
	struct ref_obj *obj;
	struct ref_frame *outer = r->frame;
	uint32_t i = 0;

	type = ref_type(r, type);
	if (type->kind != P4_T_EXTERN && type->kind != P4_T_PARSER && type->kind != P4_T_CONTROL)
		ref_unable(decl ? decl->tok : NULL, "this kind of instance");
	obj = new_object(r, key, decl, type, name);
	if (type->kind == P4_T_EXTERN) {
		if (has_abstract(type))
			make_given(r, obj, decl, name);
		else
			ref_set_up(r, obj, call);
		return obj;
	}
	obj->frame->outer = r->global;
	obj->frame->type_params = type->n_args ? type->decl->type_params : NULL;
	obj->frame->type_args = type->args;
	for (const struct p4_decl *p = type->decl->ctor_params; p; p = p->next, i++)
		bind_ctor_param(r, obj, p, call ? call->bound[i] : NULL);
	r->frame = obj->frame;
	make_members(r, type->decl, name);
	r->frame = outer;
	return obj;
}

static struct ref_obj *make_block(struct ref *r, const struct p4_expr *arg)
{
	if (arg->kind == P4_E_NAME)
		return ref_object(r, arg);
	return ref_make_object(r, arg, NULL, arg->type, arg, arg->type->decl->name);
}

void ref_build(struct ref *r)
{
	const struct p4_decl *entry = NULL;

	r->global = r->frame = ref_frame(r, NULL);
	for (const struct p4_decl *d = r->program->decls; d; d = d->next) {
		if (d->kind != P4_D_INSTANCE)
			continue;
		if (strcmp(d->name, "main") == 0)
			entry = d;
		else
			ref_bind(r, r->global, d, NULL,
				 ref_make_object(r, d, d, d->type, d->init, d->name));
	}
	if (!entry || strcmp(entry->type->decl->name, "ubpf") != 0)
		ref_unable(entry ? entry->tok : NULL, "programs without a 'main' of ubpf");
	r->parser = make_block(r, entry->init->bound[0]);
	r->pipeline = make_block(r, entry->init->bound[1]);
	r->deparser = make_block(r, entry->init->bound[2]);
}

/* ---- applying ---- */

static void count_visit(struct ref *r, const struct p4_decl *state)
{
	uint32_t i = 0;

	while (i < r->n_visits && r->visits[i].state != state)
		i++;
	if (i == r->n_visits) {
		if (i == sizeof(r->visits) / sizeof(r->visits[0]))
			ref_unable(state->tok, "so many states");
		r->visits[i].state = state;
		r->visits[i].n = 0;
		r->n_visits++;
	}
	if (r->visits[i].n++ > MAX_RETURNS)
		ref_reject(r, state->tok);
}

/* Where a state goes on: NULL is accept. */
static const struct p4_decl *follow(struct ref *r, const struct p4_stmt *s)
{
	const struct seki_token *tok = s->tok;
	struct ref_val *key;
	uint32_t n = 0;

	if (s->kind == P4_S_SELECT) {
		key = ref_make(r, seki_type_make(r->arena, P4_T_TUPLE));
		key->part = seki_arena_alloc(r->arena,
					     (seki_expr_count(s->exprs) + 1) * sizeof(*key->part));
		for (const struct p4_expr *e = s->exprs; e; e = e->next)
			key->part[n++] = *ref_eval(r, e);
		key->n = n;
		for (s = s->cases; s; s = s->next)
			if (ref_in_set(r, s->a, key))
				break;
		if (!s)
			ref_reject(r, tok);
	}
	if (!s->state && strcmp(s->name, "reject") == 0)
		ref_reject(r, s->tok);
	return s->state;
}

static void run_states(struct ref *r, const struct p4_decl *parser)
{
	const struct p4_decl *state = seki_decl_find(parser->members, "start");

	while (state) {
		const struct p4_stmt *s = state->body;

		count_visit(r, state);
		ref_stmts(r, s);
		while (s && s->kind != P4_S_TRANSITION && s->kind != P4_S_SELECT)
			s = s->next;
		if (!s)
			ref_reject(r, state->tok); /* no transition: reject */
		state = follow(r, s);
	}
}

void ref_body(struct ref *r, const struct p4_decl *decl, struct ref_obj *self)
{
	struct p4_stmt var = {.kind = P4_S_DECL};

	(void)self;
	for (struct p4_decl *d = decl->members; d; d = d->next) {
		if (d->kind != P4_D_VAR)
			continue;
		var.decl = d;
		var.tok = d->tok;
		ref_stmts(r, &var);
	}
	if (decl->kind == P4_D_PARSER)
		run_states(r, decl);
	else if (decl->body)
		ref_stmts(r, decl->body->body);
}

static struct ref_obj *applied_object(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = r->objects;

	if (call->a->a->type->kind != P4_T_TYPE)
		return ref_object(r, call->a->a);
	while (obj && obj->key != call)
		obj = obj->next;
	if (!obj)
		ref_unable(call->tok, "applying a type here");
	return obj;
}

struct ref_val *ref_apply(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = applied_object(r, call);
	struct ref_frame *frame = ref_frame(r, obj->frame);
	uint32_t n = seki_decl_count(obj->type->decl->type_params);

	frame->self = obj;
	if (n && !obj->type->n_args) {
		frame->type_params = obj->type->decl->type_params;
		frame->type_args = seki_arena_alloc(r->arena, n * sizeof(*frame->type_args));
		for (uint32_t i = 0; i < n; i++)
			frame->type_args[i] = ref_type(r, call->type_args[i]);
	}
	ref_run(r, obj->type->decl, call->bound, NULL, frame, ref_body);
	return ref_make(r, call->type);
}
