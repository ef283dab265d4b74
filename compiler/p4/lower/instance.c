/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What constructors make (P4_16 specification, section 18.3): controls and parsers, each with a frame
 * of what is declared in it, and externs. An object is made once for each object that it is in.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

#define MAX_INSTANCES 4096u

/* ---- names ---- */

static const char *clean(struct lower *lw, const char *text)
{
	char *name = seki_arena_dup(lw->arena, text, strlen(text));

	for (char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
			*c = '_';
	return name;
}

const char *seki_lower_map_name(struct lower *lw, const char *prefix, const struct p4_decl *decl)
{
	const char *own = decl->rename ? decl->rename : decl->name;

	if (own[0] == '.')
		own++;
	return clean(lw, prefix ? seki_arena_printf(lw->arena, "%s_%s", prefix, own) : own);
}

/* A name with a leading dot is a whole one. */
const char *seki_lower_plane_name(struct lower *lw, const char *prefix, const struct p4_decl *decl)
{
	const char *own = decl->rename ? decl->rename : decl->name;

	if (own[0] == '.')
		return own + 1;
	return prefix ? seki_arena_printf(lw->arena, "%s.%s", prefix, own) : own;
}

/* What is made without a name has its type's. */
static const struct p4_decl *named_like(const struct p4_decl *decl, const struct p4_decl *callee)
{
	return decl ? decl : callee;
}

/* ---- externs ---- */

/* A number, a truth value or a member of an enum; others (names, lists) say nothing to a back end. */
static struct p4_num extern_arg(struct lower *lw, const struct p4_expr *arg)
{
	const struct p4_type *type = arg ? arg->type : NULL;
	struct p4_num num = seki_num_u64(0);

	if (type && (seki_lower_width(seki_lower_type(lw, type)) || type->kind == P4_T_INT))
		(void)seki_lower_number(lw, arg, &num);
	return num;
}

static const struct p4_decl *constructor(const struct p4_type *type, const struct p4_expr *call)
{
	for (const struct p4_decl *m = type->decl->members; m; m = m->next)
		if (m->is_constructor && seki_decl_count(m->params) >= seki_expr_count(call->args))
			return m;
	return NULL;
}

static struct ir_extern *make_extern(struct lower *lw, const struct p4_expr *call,
				     const struct p4_type *type, const struct p4_decl *decl,
				     const struct instance *in)
{
	struct ir_extern *ext = seki_arena_new(lw->arena, struct ir_extern);
	const struct p4_decl *ctor = constructor(type, call);
	uint32_t n = ctor ? seki_decl_count(ctor->params) : 0;

	ext->id = lw->ir->n_externs++;
	ext->decl = decl;
	ext->type = type->decl->name;
	ext->name = seki_lower_plane_name(lw, in ? in->path : NULL, decl);
	ext->map_name = seki_lower_map_name(lw, in ? in->map_path : NULL, decl);
	ext->type_args = (const struct p4_type *const *)type->args;
	ext->n_type_args = type->n_args;
	ext->args = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*ext->args));
	for (uint32_t i = 0; i < n; i++)
		ext->args[i] = extern_arg(lw, call->bound ? call->bound[i] : NULL);
	ext->n_args = n;
	*lw->ir->externs_end = ext;
	lw->ir->externs_end = &ext->next;
	return ext;
}

/* What an instance gives of its extern's abstract methods. */
static void add_methods(struct lower *lw, struct value *v, const struct p4_decl *decl)
{
	struct frame *outer = lw->frame;

	v->outer = seki_lower_frame(lw, NULL, outer);
	v->outer->instance = outer->instance;
	if (!decl || decl->kind != P4_D_INSTANCE)
		return;
	v->methods = decl->members;
	if (decl->self)
		seki_lower_bind_in(lw, v->outer, decl->self, v);
	for (const struct p4_decl *m = decl->members; m; m = m->next) {
		if (m->outside)
			seki_diag_unsupported(lw->diags, m->outside->at,
					      "variables from outside in a method of an instance "
					      "are");
		if (m->kind == P4_D_INSTANCE && m->init)
			seki_lower_bind_in(lw, v->outer, m,
					   seki_lower_construct(lw, m->init, m->type, m));
	}
}

static struct value *construct_extern(struct lower *lw, const struct p4_expr *call,
				      const struct p4_type *type, const struct p4_decl *decl,
				      const struct instance *in)
{
	struct value *v = seki_lower_value(lw, VALUE_NONE, type);

	for (const struct p4_decl *m = type->decl->members; m; m = m->next)
		if (m->is_abstract) {
			add_methods(lw, v, decl);
			return v;
		}
	v->ext = make_extern(lw, call, type, named_like(decl, type->decl), in);
	return v;
}

/* ---- controls and parsers ---- */

static struct value *construct(struct lower *lw, const struct p4_expr *call,
			       const struct p4_type *type, const struct p4_decl *decl,
			       struct instance *in);

/* An object that is made for a parameter only has the parameter's name. */
static struct value *argument(struct lower *lw, const struct p4_expr *arg,
			      const struct p4_decl *param, struct instance *in)
{
	if (arg->kind == P4_E_CALL && arg->call == P4_CALL_CONSTRUCTOR)
		return construct(lw, arg, arg->type, param, in);
	return seki_lower_expr(lw, arg);
}

static void bind_parameters(struct lower *lw, const struct p4_expr *call, struct frame *frame,
			    const struct p4_decl *callee)
{
	struct frame *outer = lw->frame;
	uint32_t i = 0;

	for (const struct p4_decl *p = callee->ctor_params; p; p = p->next, i++) {
		const struct p4_expr *arg = call->bound ? call->bound[i] : NULL;
		struct value *value = NULL;

		if (arg) {
			value = argument(lw, arg, p, frame->instance);
		} else if (p->init) {
			lw->frame = frame;
			value = seki_lower_expr(lw, p->init);
			lw->frame = outer;
		}
		if (value)
			seki_lower_bind_in(lw, frame, p, value);
	}
}

static struct instance *make_instance(struct lower *lw, const struct p4_expr *call,
				      const struct p4_type *type, const struct p4_decl *decl,
				      struct instance *parent)
{
	struct instance *in = seki_arena_new(lw->arena, struct instance);

	in->decl = type->decl;
	in->parent = parent;
	in->path = seki_lower_plane_name(lw, parent ? parent->path : NULL,
					 named_like(decl, type->decl));
	in->map_path = seki_lower_map_name(lw, parent ? parent->map_path : NULL,
					   named_like(decl, type->decl));
	in->frame = seki_lower_frame(lw, NULL, lw->global);
	in->frame->instance = in;
	if (type->n_args && type->kind != P4_T_PACKAGE) {
		in->frame->type_params = type->decl->type_params;
		in->frame->type_args = type->args;
	}
	bind_parameters(lw, call, in->frame, type->decl);
	if (!type->decl->type_params || type->n_args)
		seki_lower_declare(lw, in);
	return in;
}

/* Each that has two of another doubles them: a small program can ask for any number. */
static bool is_one_too_many(struct lower *lw, const struct p4_expr *call)
{
	if (lw->n_instances < MAX_INSTANCES) {
		lw->n_instances++;
		return false;
	}
	if (!lw->stop)
		seki_diag_error(lw->diags, seki_expr_span(call),
				"with this the program has more than %u instances of controls, "
				"parsers and externs, those in others counted",
				MAX_INSTANCES);
	lw->stop = true;
	return true;
}

static struct value *construct(struct lower *lw, const struct p4_expr *call,
			       const struct p4_type *type, const struct p4_decl *decl,
			       struct instance *in)
{
	const struct p4_type *closed = seki_lower_type(lw, type);
	struct ir_block *block = lw->block;
	struct value *v = NULL;

	lw->block = NULL;
	if (is_one_too_many(lw, call))
		v = seki_lower_value(lw, VALUE_NONE, closed);
	else if (closed->kind == P4_T_EXTERN)
		v = construct_extern(lw, call, closed, decl, in);
	else if (closed->kind == P4_T_STACK)
		seki_diag_unsupported(lw->diags, decl->tok->at, "arrays of instances are");
	if (!v)
		v = seki_lower_value(lw, VALUE_NONE, closed);
	if (!lw->stop && (closed->kind == P4_T_CONTROL || closed->kind == P4_T_PARSER))
		v->instance = make_instance(lw, call, closed, decl, in);
	lw->block = block;
	return v;
}

struct value *seki_lower_construct(struct lower *lw, const struct p4_expr *call,
				   const struct p4_type *type, const struct p4_decl *decl)
{
	return construct(lw, call, type, decl, lw->frame->instance);
}

void seki_lower_declare(struct lower *lw, struct instance *instance)
{
	struct frame *outer = lw->frame;
	struct ir_block *block = lw->block;

	instance->declared = true;
	lw->frame = instance->frame;
	lw->block = NULL;
	for (const struct p4_decl *d = instance->decl->members; d; d = d->next) {
		struct value *v;

		if (d->kind == P4_D_CONST) {
			seki_lower_bind(lw, d, seki_lower_expr(lw, d->init));
		} else if (d->kind == P4_D_INSTANCE && d->init) {
			seki_lower_bind(lw, d, seki_lower_construct(lw, d->init, d->type, d));
		} else if (d->kind == P4_D_TABLE) {
			v = seki_lower_value(lw, VALUE_NONE, d->type);
			v->table = seki_lower_table(lw, instance, d);
			seki_lower_bind(lw, d, v);
		}
	}
	lw->block = block;
	lw->frame = outer;
}

/* Type.apply(): an object of the type without a name, one for each such call in an object. */
static struct instance *unnamed(struct lower *lw, const struct p4_expr *call)
{
	struct instance *parent = lw->frame->instance;

	for (struct instance *in = parent->unnamed; in; in = in->next)
		if (in->call == call)
			return in;
	return NULL;
}

struct instance *seki_lower_applied(struct lower *lw, const struct p4_expr *call)
{
	const struct p4_type *type = call->a->a->type;
	struct instance *in, *parent = lw->frame->instance;

	if (type->kind != P4_T_TYPE)
		return seki_lower_expr(lw, call->a->a)->instance;
	in = unnamed(lw, call);
	if (in)
		return in;
	/* What is given to apply() are no arguments of a constructor. */
	in = seki_lower_construct(lw, &(struct p4_expr){.tok = call->tok}, type->elem, NULL)
		     ->instance;
	if (!in)
		return NULL;
	in->call = call;
	in->next = parent->unnamed;
	parent->unnamed = in;
	return in;
}
