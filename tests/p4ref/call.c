/* SPDX-License-Identifier: Apache-2.0 */
/* Calls (P4_16 specification, section 6.8): copy-in from left to right, the body, copy-out the same way. */
#include "tests/p4ref/ref.h"

#include <string.h>

/* ---- names ---- */

struct p4_type *ref_type(struct ref *r, const struct p4_type *type)
{
	struct p4_type *t = (struct p4_type *)type;

	for (const struct ref_frame *f = r->frame; f; f = f->outer)
		if (f->type_params)
			t = seki_type_subst(r->arena, t, f->type_params, f->type_args);
	return t;
}

void ref_bind(struct ref *r, struct ref_frame *frame, const struct p4_decl *decl,
	      struct ref_val *val, struct ref_obj *obj)
{
	struct ref_name *name = frame->names;

	while (name && name->decl != decl)
		name = name->next;
	if (!name) {
		name = seki_arena_new(r->arena, struct ref_name);
		name->decl = decl;
		name->next = frame->names;
		frame->names = name;
	}
	name->val = val;
	name->obj = obj;
}

struct ref_name *ref_find(struct ref *r, const struct p4_decl *decl)
{
	for (struct ref_frame *f = r->frame; f; f = f->outer)
		for (struct ref_name *name = f->names; name; name = name->next)
			if (name->decl == decl)
				return name;
	return NULL;
}

struct ref_obj *ref_object(struct ref *r, const struct p4_expr *e)
{
	struct ref_name *name = e->kind == P4_E_NAME ? ref_find(r, e->decl) : NULL;

	if (!name || !name->obj)
		ref_unable(e->tok, "this instance");
	return name->obj;
}

struct ref_frame *ref_frame(struct ref *r, struct ref_frame *outer)
{
	struct ref_frame *f = seki_arena_new(r->arena, struct ref_frame);

	f->outer = outer;
	return f;
}

/* ---- parameters ---- */

static bool is_object(const struct p4_type *type)
{
	return type->kind == P4_T_EXTERN || type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL;
}

/* A value of a parameter's own type: a list becomes a struct. */
static struct ref_val *as(struct ref *r, const struct p4_type *type, struct ref_val *v)
{
	struct ref_val *to;

	if (type->kind == P4_T_LIST || type->kind == P4_T_STRING || type->kind == P4_T_INT)
		return v;
	to = ref_make(r, type);
	ref_copy(to, v);
	return to;
}

static struct ref_val *copy_in(struct ref *r, const struct p4_decl *p, const struct p4_type *type,
			       const struct p4_expr *arg, struct ref_place *place)
{
	bool out = p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT;

	if (out && arg->kind != P4_E_DONTCARE)
		*place = ref_locate(r, arg);
	if (p->dir == P4_DIR_OUT)
		return ref_make(r, type);
	return as(r, type, out ? ref_read(r, place) : ref_eval(r, arg));
}

static void bind_param(struct ref *r, const struct p4_decl *p, const struct p4_expr *arg,
		       struct ref_val *given, struct ref_frame *callee, struct ref_place *place)
{
	struct ref_frame *caller = r->frame;
	const struct p4_type *type;
	struct ref_val *v = given;

	r->frame = callee;
	type = ref_type(r, p->type);
	if (!given && !arg && p->init)
		v = as(r, type, ref_eval(r, p->init));
	r->frame = caller;
	if (is_object(type)) {
		ref_bind(r, callee, p, NULL, arg ? ref_object(r, arg) : NULL);
		return;
	}
	if (!v && arg)
		v = copy_in(r, p, type, arg, place);
	ref_bind(r, callee, p, v ? v : ref_make(r, type), NULL);
}

static void copy_out(struct ref *r, const struct p4_decl *decl, const struct ref_frame *callee,
		     const struct ref_place *places)
{
	for (const struct p4_decl *p = decl->params; p; p = p->next, places++) {
		const struct ref_name *name = callee->names;

		if (!places->v || (p->dir != P4_DIR_OUT && p->dir != P4_DIR_INOUT))
			continue;
		while (name->decl != p)
			name = name->next;
		ref_write(r, places, name->val);
	}
}

/* The argument that stands leftmost of those not done; the parameters' order does not matter. */
static uint32_t next_arg(struct p4_expr *const *bound, uint32_t n, const bool *done)
{
	uint32_t best = n, most = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t left = bound ? seki_expr_count(bound[i]) : 0; /* with those to its right */

		if (done[i] || (best < n && left <= most))
			continue;
		best = i;
		most = left;
	}
	return best;
}

static void bind_params(struct ref *r, const struct p4_decl *decl, struct p4_expr *const *bound,
			struct ref_val *const *given, struct ref_frame *callee,
			struct ref_place *places)
{
	uint32_t n = seki_decl_count(decl->params);
	bool *done = seki_arena_alloc(r->arena, n + 1);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = next_arg(bound, n, done);
		const struct p4_decl *p = decl->params;

		done[i] = true;
		for (uint32_t skip = i; skip; skip--)
			p = p->next;
		bind_param(r, p, bound ? bound[i] : NULL, given ? given[i] : NULL, callee,
			   &places[i]);
	}
}

struct ref_val *ref_run(struct ref *r, const struct p4_decl *decl, struct p4_expr *const *bound,
			struct ref_val *const *given, struct ref_frame *callee, ref_body_fn *body)
{
	struct ref_place *places =
		seki_arena_alloc(r->arena, (seki_decl_count(decl->params) + 1) * sizeof(*places));
	volatile bool exits = false;

	bind_params(r, decl, bound, given, callee, places);
	callee->caller = r->frame;
	r->frame = callee;
	if (setjmp(callee->exit) == 0)
		body(r, decl, callee->self);
	else
		exits = true;
	r->frame = callee->caller;
	copy_out(r, decl, callee, places);
	if (exits)
		longjmp(r->frame->exit, 1);
	return callee->result ? callee->result : NULL;
}

/* ---- what is called ---- */

static void run_stmts(struct ref *r, const struct p4_decl *decl, struct ref_obj *self)
{
	(void)self;
	ref_stmts(r, decl->body);
}

static struct ref_frame *block_frame(struct ref *r)
{
	struct ref_frame *f = r->frame;

	while (f->outer && !f->self)
		f = f->outer;
	return f;
}

void ref_action(struct ref *r, const struct p4_decl *action, struct p4_expr *const *bound,
		struct ref_val *const *given)
{
	ref_run(r, action, bound, given, ref_frame(r, action->owner ? block_frame(r) : r->global),
		run_stmts);
}

static struct ref_val *call_function(struct ref *r, const struct p4_expr *call)
{
	const struct p4_decl *decl = call->callee;
	uint32_t n = seki_decl_count(decl->type_params);
	struct ref_frame *frame = ref_frame(r, r->global);
	const struct p4_type *type;
	struct ref_val *v;

	frame->type_params = decl->type_params;
	frame->type_args = seki_arena_alloc(r->arena, (n + 1) * sizeof(*frame->type_args));
	for (uint32_t i = 0; i < n; i++)
		frame->type_args[i] = ref_type(r, call->type_args[i]);
	type = ref_type(r, call->type);
	v = ref_run(r, decl, call->bound, NULL, frame, run_stmts);
	return v ? as(r, type, v) : ref_make(r, type);
}

/* A method that the instance gives. */
static struct ref_val *call_given(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	const struct p4_type *type = ref_type(r, call->type);
	const struct p4_decl *m = obj->decl ? obj->decl->members : NULL;
	struct ref_val *v;

	while (m && (m->kind != P4_D_FUNCTION || strcmp(m->name, call->callee->name) != 0))
		m = m->next;
	if (!m)
		ref_unable(call->tok, "the method '%s'", call->callee->name);
	v = ref_run(r, m, call->bound, NULL, ref_frame(r, obj->frame), run_stmts);
	return v ? as(r, type, v) : ref_make(r, type);
}

struct ref_val *ref_call(struct ref *r, const struct p4_expr *call)
{
	ref_step(r, call->tok);
	switch (call->call) {
	case P4_CALL_ACTION:
		ref_action(r, call->callee, call->bound, NULL);
		return ref_make(r, call->type);
	case P4_CALL_FUNCTION:
		return call_function(r, call);
	case P4_CALL_EXTERN:
		return ref_extern(r, call);
	case P4_CALL_METHOD:
		return call->callee->is_abstract ? call_given(r, call) : ref_method(r, call);
	case P4_CALL_APPLY:
		return ref_apply(r, call);
	case P4_CALL_TABLE:
		ref_table(r, call);
		return ref_make(r, call->type);
	case P4_CALL_BUILTIN:
		return ref_builtin(r, call);
	default:
		ref_unable(call->tok, "this call");
	}
}
