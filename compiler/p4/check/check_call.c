/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls (P4_16 specification, sections 6.8, 8.19 to 8.21 and 11): which function is meant, which
 * argument belongs to which parameter, what the type parameters are.
 */
#include <string.h>

#include "compiler/p4/check/check.h"

bool seki_is_object(const struct p4_type *type)
{
	return type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL ||
	       type->kind == P4_T_PACKAGE || type->kind == P4_T_EXTERN || type->kind == P4_T_TABLE;
}

/* ---- arguments ---- */

/* Parameters in their order and by name. */
struct params {
	const struct p4_decl *list;
	uint32_t n;
	const struct p4_decl **at; /* more than FEW of them: by name */
	struct p4_names names;
};

#define FEW 16u

static struct params list_params(struct p4_check *cx, const struct p4_decl *list, bool named)
{
	struct params params = {.n = seki_decl_count(list), .list = list};
	uint32_t i = 0;

	if (params.n <= FEW)
		return params;
	params.at = seki_arena_alloc(cx->arena, (params.n + 1) * sizeof(*params.at));
	for (; list; list = list->next) {
		params.at[i++] = list;
		if (named)
			seki_names_add(&params.names, cx->arena, list->name, &params.at[i - 1]);
	}
	return params;
}

/* The number of the parameter that an argument is for; params->n where there is none. */
static uint32_t param_for(const struct params *params, const struct p4_expr *arg, uint32_t position)
{
	const struct p4_decl **found;

	if (!arg->arg_name)
		return position < params->n ? position : params->n;
	if (params->n <= FEW) {
		uint32_t i = 0;

		for (const struct p4_decl *p = params->list; p; p = p->next, i++)
			if (strcmp(p->name, arg->arg_name) == 0)
				break;
		return i;
	}
	found = seki_names_find(&params->names, arg->arg_name);
	return found ? (uint32_t)(found - params->at) : params->n;
}

/*
 * A package and what it is made of are of two authors: where both are in one file it is the package
 * that is wrong as often, so the error is there and a note at the argument.
 */
static bool is_package_here(const struct p4_expr *arg, const struct p4_decl *package)
{
	return package && package->kind == P4_D_PACKAGE &&
	       package->tok->at.src == arg->first->at.src;
}

static void tell_no_param(struct p4_check *cx, const struct p4_expr *arg, const char *name,
			  const struct p4_decl *params)
{
	const char *names[32];
	const char *near;
	uint32_t n = 0;

	for (; params && n < 32; params = params->next)
		names[n++] = params->name;
	near = seki_diag_suggest(arg->arg_name, names, n);
	seki_diag_error(cx->diags, seki_expr_span(arg), "%s has no parameter '%s'%s%s%s", name,
			arg->arg_name, near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
}

static void tell_too_many(struct p4_check *cx, const struct p4_expr *call,
			  const struct p4_expr *arg, const char *name, uint32_t n)
{
	bool package = is_package_here(arg, call->callee);
	struct seki_span at = seki_expr_span(arg);
	struct seki_diag *diag;

	diag = seki_diag_error(cx->diags, package ? call->callee->tok->at : at,
			       "%s takes %u argument%s, here are %u", name, n, n == 1 ? "" : "s",
			       seki_expr_count(call->args));
	if (package)
		seki_diag_note(cx->diags, diag, at, "the argument is here");
}

/* With optional parameters and default values, what is left out would not be clear. */
static bool must_be_named(const struct p4_decl *params)
{
	bool optional = false, has_default = false;

	for (; params; params = params->next) {
		optional |= params->is_optional;
		has_default |= params->init != NULL;
	}
	return optional && has_default;
}

bool seki_bind_args(struct p4_check *cx, struct p4_expr *call, const struct p4_decl *params,
		    const char *name)
{
	struct params all = list_params(cx, params, call->args && call->args->arg_name);
	const struct p4_decl *p = params;
	uint32_t position = 0, index;

	call->bound = seki_arena_alloc(cx->arena, (all.n + 1) * sizeof(*call->bound));
	if (call->args && !call->args->arg_name && must_be_named(params)) {
		seki_diag_error(cx->diags, seki_expr_span(call->args),
				"%s has optional parameters and default values: its arguments need "
				"names, as in '%s = ...'",
				name, params->name);
		return false;
	}
	for (struct p4_expr *arg = call->args; arg; arg = arg->next, position++) {
		if (!arg->arg_name != !call->args->arg_name) {
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"either all arguments are named, or none");
			return false;
		}
		index = param_for(&all, arg, position);
		if (index == all.n) {
			if (arg->arg_name)
				tell_no_param(cx, arg, name, params);
			else
				tell_too_many(cx, call, arg, name, all.n);
			return false;
		}
		if (call->bound[index]) {
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"a second argument for parameter '%s'", arg->arg_name);
			return false;
		}
		call->bound[index] = arg;
	}
	for (uint32_t i = 0; p; p = p->next, i++) {
		struct seki_diag *diag;

		if (call->bound[i] || p->init || p->is_optional)
			continue;
		diag = seki_diag_error(cx->diags, seki_expr_span(call),
				       "no argument for parameter '%s' of %s", p->name, name);
		seki_diag_note(cx->diags, diag, p->tok->at, "'%s' is declared here", p->name);
		return false;
	}
	return true;
}

bool seki_accepts_count(struct p4_check *cx, const struct p4_decl *params,
			const struct p4_expr *call)
{
	uint32_t given = seki_expr_count(call->args), need = 0;
	struct params all;

	for (const struct p4_decl *p = params; p; p = p->next)
		need += !p->init && !p->is_optional;
	if (given < need || given > seki_decl_count(params))
		return false;
	if (!call->args || !call->args->arg_name)
		return true;
	all = list_params(cx, params, true);
	for (const struct p4_expr *arg = call->args; arg; arg = arg->next)
		if (arg->arg_name && param_for(&all, arg, 0) == all.n)
			return false;
	return true;
}

void seki_tell_ambiguous(struct p4_check *cx, const struct p4_expr *call, const struct p4_decl *a,
			 const struct p4_decl *b)
{
	struct seki_diag *diag;

	diag = seki_diag_error(cx->diags, seki_expr_span(call),
			       "more than one '%s' takes these arguments", a->name);
	seki_diag_note(cx->diags, diag, a->tok->at, "one is declared here");
	seki_diag_note(cx->diags, diag, b->tok->at, "another is declared here");
}

/* The one of a chain of overloads that takes these arguments; the first where none does. */
static struct p4_decl *choose(struct p4_check *cx, struct p4_decl *first,
			      const struct p4_expr *call)
{
	struct p4_decl *best = NULL;

	for (struct p4_decl *d = first; d; d = d->overload) {
		if (d == first && !d->overload)
			return d;
		if (!seki_accepts_count(cx, d->params, call))
			continue;
		if (best) {
			seki_tell_ambiguous(cx, call, best, d);
			return best;
		}
		best = d;
	}
	return best ? best : first;
}

void seki_check_arg_exprs(struct p4_check *cx, struct p4_expr *call)
{
	for (struct p4_expr *arg = call->args; arg; arg = arg->next) {
		if (arg->kind == P4_E_DONTCARE)
			arg->type = cx->dontcare;
		else
			seki_check_value(cx, arg, NULL);
	}
}

static void check_out_arg(struct p4_check *cx, struct p4_expr *arg, const struct p4_decl *param,
			  struct p4_type *type)
{
	if (arg->kind == P4_E_DONTCARE && param->dir == P4_DIR_OUT) {
		if (type->kind == P4_T_INT)
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"cannot tell the width of '%s'", param->name);
		return;
	}
	if (arg->kind == P4_E_DONTCARE) {
		seki_diag_error(cx->diags, seki_expr_span(arg), "'_' is only for 'out' parameters");
		return;
	}
	if (!seki_check_lvalue(cx, arg) || seki_type_equal(arg->type, type))
		return;
	seki_diag_error(cx->diags, seki_expr_span(arg),
			"parameter '%s' is of type %s, this is of type %s", param->name,
			seki_type_name(cx->arena, type), seki_type_name(cx->arena, arg->type));
}

/* Is there a number without a width in it? */
static bool has_int(const struct p4_type *type)
{
	for (uint32_t i = 0; i < type->n_args; i++)
		if (has_int(type->args[i]))
			return true;
	return type->kind == P4_T_INT;
}

/* The control plane gives actions theirs; all other calls give constants. */
static void check_directionless(struct p4_check *cx, const struct p4_expr *call,
				const struct p4_expr *arg, const struct p4_decl *param)
{
	struct seki_diag *diag;

	if (param->dir != P4_DIR_NONE || call->callee->kind == P4_D_ACTION)
		return;
	if (param->is_ctor && !seki_is_constant(arg)) {
		seki_diag_error(cx->diags, seki_expr_span(arg),
				"an argument of a constructor must be known at compile time");
	} else if (!param->is_ctor && !seki_is_given_constant(arg)) {
		diag = seki_diag_error(
			cx->diags, seki_expr_span(arg),
			"the argument for '%s' must be known at compile time: the parameter has no "
			"direction",
			param->name);
		seki_diag_note(cx->diags, diag, param->tok->at,
			       "an 'in' here would take any value");
	}
}

static void check_arg(struct p4_check *cx, const struct p4_expr *call, struct p4_expr *arg,
		      const struct p4_decl *param, struct p4_type *type, struct p4_type **bind,
		      const struct p4_decl *type_params)
{
	if (type->kind == P4_T_BAD || arg->type->kind == P4_T_BAD)
		return;
	if (param->dir == P4_DIR_OUT || param->dir == P4_DIR_INOUT) {
		check_out_arg(cx, arg, param, type);
		return;
	}
	if (arg->kind == P4_E_DONTCARE) {
		seki_diag_error(cx->diags, seki_expr_span(arg), "'_' is only for 'out' parameters");
		return;
	}
	if (!seki_is_object(type)) {
		seki_convert(cx, arg, type);
		check_directionless(cx, call, arg, param);
		if (param->dir == P4_DIR_IN && param->type->kind == P4_T_VAR && has_int(type))
			seki_diag_error(
				cx->diags, seki_expr_span(arg),
				"cannot tell the width of this: write it as 8w5 or with a cast");
		return;
	}
	if (!seki_unify(cx, type, arg->type, type_params, bind))
		seki_diag_error(cx->diags, seki_expr_span(arg),
				"parameter '%s' is of type %s, this is of type %s", param->name,
				seki_type_name(cx->arena, type),
				seki_type_name(cx->arena, arg->type));
}

static bool bind_explicit(struct p4_check *cx, struct p4_expr *call, struct p4_tref *targs,
			  const struct p4_decl *type_params, struct p4_type **bind)
{
	uint32_t want = seki_decl_count(type_params), n = 0;

	for (struct p4_tref *t = targs; t; t = t->next, n++)
		if (n < want) {
			bind[n] = seki_check_type(cx, t);
			if (bind[n]->kind == P4_T_DONTCARE)
				bind[n] = NULL;
		}
	if (!targs || n == want)
		return true;
	seki_diag_error(cx->diags, seki_expr_span(call),
			"%u type argument%s here, but %u %s needed", n, n == 1 ? "" : "s", want,
			want == 1 ? "is" : "are");
	return false;
}

static struct p4_type *with_self(struct p4_check *cx, const struct p4_callee *c,
				 struct p4_type *type)
{
	if (!c->self || !c->self->n_args)
		return type;
	return seki_type_subst(cx->arena, type, c->self->decl->type_params, c->self->args);
}

static bool mentions(const struct p4_type *type, const struct p4_decl *var)
{
	if (type->kind == P4_T_VAR)
		return type->decl == var;
	for (uint32_t i = 0; i < type->n_args; i++)
		if (mentions(type->args[i], var))
			return true;
	return type->elem && mentions(type->elem, var);
}

/* Is a type parameter only in the types of optional parameters that are not there? */
static bool is_for_optional(const struct p4_expr *call, const struct p4_callee *c,
			    const struct p4_decl *var)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = c->params; p; p = p->next, i++)
		if (p->type && mentions(p->type, var) && (call->bound[i] || !p->is_optional))
			return false;
	return true;
}

/* A type parameter in a default value says nothing of what it stands for. */
static void forget_own(const struct p4_decl *type_params, struct p4_type **bind)
{
	uint32_t i = 0;

	for (const struct p4_decl *t = type_params; t; t = t->next, i++)
		if (bind[i] && mentions(bind[i], t))
			bind[i] = NULL;
}

static bool all_bound(struct p4_check *cx, const struct p4_expr *call, const struct p4_callee *c,
		      struct p4_type **bind)
{
	uint32_t n = seki_decl_count(c->params), i = 0;

	for (const struct p4_decl *t = c->type_params; t; t = t->next, i++) {
		if (bind[i])
			continue;
		bind[i] = cx->bad;
		for (uint32_t k = 0; k < n; k++)
			if (call->bound[k] && call->bound[k]->type->kind == P4_T_BAD)
				return false;
		if (c->decl->kind == P4_D_PACKAGE && is_for_optional(call, c, t))
			continue;
		seki_diag_error(cx->diags, seki_expr_span(call),
				"cannot tell what type '%s' is here: write it as %s<...>(...)",
				t->name, c->decl->name);
		return false;
	}
	return true;
}

static bool can_be_arg(struct p4_check *cx, const struct p4_expr *arg, const struct p4_type *type)
{
	if (seki_is_object(type))
		return seki_unify(cx, type, arg->type, NULL, NULL);
	return !seki_is_object(arg->type) || arg->type->kind == P4_T_BAD || type->kind == P4_T_BAD;
}

static void tell_package_arg(struct p4_check *cx, const struct p4_expr *call,
			     const struct p4_expr *arg, const struct p4_decl *param,
			     const struct p4_type *type)
{
	bool same_file = is_package_here(arg, call->callee);
	struct seki_span at = seki_expr_span(arg);
	struct seki_diag *diag;

	diag = seki_diag_error(cx->diags, same_file ? param->tok->at : at,
			       "parameter '%s' is of type %s, its argument of type %s%s",
			       param->name, seki_type_name(cx->arena, type),
			       seki_type_name(cx->arena, arg->type),
			       seki_block_difference(cx, type, arg->type));
	seki_diag_note(cx->diags, diag, same_file ? at : param->tok->at,
		       same_file ? "the argument is here" : "the parameter is declared here");
}

struct p4_type *seki_check_against(struct p4_check *cx, struct p4_expr *call, struct p4_tref *targs,
				   const struct p4_callee *c)
{
	uint32_t n = seki_decl_count(c->type_params), i = 0;
	struct p4_type **bind = seki_arena_alloc(cx->arena, (n + 1) * sizeof(struct p4_type *));
	char *name = seki_arena_printf(cx->arena, "'%s'", c->decl->name);
	struct p4_type *result;

	call->callee = c->decl;
	if (c->decl->kind == P4_D_FUNCTION || c->decl->kind == P4_D_METHOD)
		seki_check_use(cx, call->a ? call->a->last : call->tok, c->decl);
	call->type_args = bind;
	seki_check_arg_exprs(cx, call);
	if (!bind_explicit(cx, call, targs, c->type_params, bind) ||
	    !seki_bind_args(cx, call, c->params, name))
		return cx->bad;
	for (const struct p4_decl *p = c->params; p; p = p->next, i++) {
		const struct p4_expr *arg = call->bound[i] ? call->bound[i] : p->init;

		if (arg && p->type)
			seki_unify(cx, with_self(cx, c, p->type), arg->type, c->type_params, bind);
	}
	forget_own(c->type_params, bind);
	if (!all_bound(cx, call, c, bind))
		return cx->bad;
	i = 0;
	for (const struct p4_decl *p = c->params; p; p = p->next, i++) {
		struct p4_type *type;

		if (!call->bound[i] || !p->type)
			continue;
		type = seki_type_subst(cx->arena, with_self(cx, c, p->type), c->type_params, bind);
		if (!seki_check_well_formed(cx, seki_expr_span(call), type))
			return cx->bad;
		if (c->decl->kind == P4_D_PACKAGE && !can_be_arg(cx, call->bound[i], type))
			tell_package_arg(cx, call, call->bound[i], p, type);
		else
			check_arg(cx, call, call->bound[i], p, type, bind, c->type_params);
	}
	if (!c->result)
		return cx->nothing;
	result = seki_type_subst(cx->arena, with_self(cx, c, c->result), c->type_params, bind);
	return seki_check_well_formed(cx, seki_expr_span(call), result) ? result : cx->bad;
}

/* ---- constructors ---- */

static struct p4_decl *constructor_of(struct p4_check *cx, struct p4_type *type,
				      const struct p4_expr *call)
{
	struct p4_decl *best = NULL;

	if (type->kind != P4_T_EXTERN)
		return type->decl;
	for (struct p4_decl *m = type->decl->members; m; m = m->next)
		if (m->is_constructor && (!best || seki_accepts_count(cx, m->params, call)))
			best = m;
	return best ? best : type->decl;
}

static struct p4_type *check_constructor(struct p4_check *cx, struct p4_expr *call,
					 struct p4_type *type, struct p4_tref *targs)
{
	struct p4_callee c = {.self = type->n_args ? type : NULL};
	struct seki_diag *diag;
	struct p4_type *made;
	struct p4_decl *ctor;

	if (type->kind == P4_T_BAD)
		return type;
	if (!seki_is_object(type)) {
		seki_diag_error(cx->diags, seki_expr_span(call), "%s has no constructor",
				seki_type_name(cx->arena, type));
		return cx->bad;
	}
	ctor = constructor_of(cx, type, call);
	if (type->kind == P4_T_EXTERN && ctor == type->decl) {
		diag = seki_diag_error(cx->diags, seki_expr_span(call),
				       "extern '%s' has no constructor", type->decl->name);
		seki_diag_note(cx->diags, diag, ctor->tok->at, "'%s' is declared here", ctor->name);
		return cx->bad;
	}
	call->call = P4_CALL_CONSTRUCTOR;
	c.decl = type->decl;
	c.params = type->kind == P4_T_EXTERN ? ctor->params : ctor->ctor_params;
	c.type_params = type->n_args ? NULL : type->decl->type_params;
	if ((type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL) && !type->decl->has_body) {
		seki_diag_error(cx->diags, seki_expr_span(call),
				"'%s' is only a type: it has no body", type->decl->name);
		return cx->bad;
	}
	if (type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL)
		c.type_params = c.type_params && targs ? c.type_params : NULL;
	if (seki_check_against(cx, call, targs, &c)->kind == P4_T_BAD)
		return cx->bad;
	if (!c.type_params)
		return type;
	made = seki_type_decl(cx->arena, type->kind, type->decl);
	made->args = call->type_args;
	made->n_args = seki_decl_count(c.type_params);
	return made;
}

void seki_check_construct(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *type = seki_check_type(cx, decl->tref);
	struct p4_expr *call = seki_arena_new(cx->arena, struct p4_expr);

	call->kind = P4_E_CALL;
	call->tok = call->first = call->last = decl->tok;
	call->args = decl->args;
	decl->type = check_constructor(cx, call, type, NULL);
	decl->init = call;
	if (decl->type->kind == P4_T_EXTERN)
		seki_check_all_methods(cx, call, decl->type, decl->members);
}

/* ---- functions and actions ---- */

/* static_assert(check, message): what is false at compile time is an error. */
static void check_assertion(struct p4_check *cx, struct p4_expr *call)
{
	const struct p4_expr *check = call->bound[0], *text = check->next;

	if (!check->known) {
		seki_diag_error(cx->diags, seki_expr_span(check),
				"what static_assert() checks must be known at compile time");
	} else if (seki_num_is_zero(&check->num)) {
		bool told = text && text->kind == P4_E_STRING;

		seki_diag_error(cx->diags, seki_expr_span(call), "static_assert() fails%s%s",
				told ? ": " : "", told ? text->name : "");
	}
	call->known = true;
	call->num = seki_num_u64(1);
}

static bool has_struct_inside(const struct p4_type *type)
{
	if (!seki_type_is_struct_like(type))
		return false;
	for (const struct p4_decl *f = type->decl->members; f; f = f->next)
		if (f->type && seki_type_is_struct_like(f->type))
			return true;
	return false;
}

/*
 * What an extern function writes to has to be in one piece. A local variable of structs and headers
 * is not, here as in p4c; a parameter is.
 */
static void check_extern_args(struct p4_check *cx, const struct p4_expr *call)
{
	const struct p4_decl *p = call->callee->params;

	for (uint32_t i = 0; p; p = p->next, i++) {
		const struct p4_expr *arg = call->bound[i];

		if (!arg || (p->dir != P4_DIR_OUT && p->dir != P4_DIR_INOUT) ||
		    arg->kind != P4_E_NAME || !arg->decl || arg->decl->kind != P4_D_VAR ||
		    !has_struct_inside(arg->type))
			continue;
		seki_diag_error(cx->diags, seki_expr_span(arg),
				"'%s' cannot write to all of the structs and headers in '%s': give "
				"them to it one by one",
				call->callee->name, arg->name);
	}
}

static struct p4_type *check_function(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *result;
	struct p4_callee c = {.decl = choose(cx, call->a->decl, call)};

	c.params = c.decl->params;
	c.type_params = c.decl->type_params;
	c.result = c.decl->type;
	if (c.decl->is_extern && strcmp(c.decl->name, "verify") == 0 && cx->block &&
	    cx->block->kind != P4_D_PARSER)
		seki_diag_error(cx->diags, seki_expr_span(call), "verify() is for parsers only");
	if (c.decl->kind == P4_D_ACTION && !cx->in_apply &&
	    (!cx->function || cx->function->kind != P4_D_ACTION))
		seki_diag_error(cx->diags, seki_expr_span(call),
				"only a control and its actions can call actions");
	if (c.decl->kind == P4_D_ACTION) {
		call->call = P4_CALL_ACTION;
		c.result = cx->nothing;
	} else {
		call->call = c.decl->is_extern ? P4_CALL_EXTERN : P4_CALL_FUNCTION;
	}
	result = seki_check_against(cx, call, call->targs, &c);
	if (result->kind != P4_T_BAD && c.decl->is_extern)
		check_extern_args(cx, call);
	if (result->kind != P4_T_BAD && c.decl->is_extern &&
	    strcmp(c.decl->name, "static_assert") == 0)
		check_assertion(cx, call);
	return result;
}

struct p4_type *seki_check_call(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *type;

	if (call->a->kind == P4_E_MEMBER)
		return seki_check_method(cx, call);
	type = seki_check_expr(cx, call->a);
	if (type->kind == P4_T_TYPE) {
		type = check_constructor(cx, call, type->elem, call->targs);
		if (type->kind == P4_T_EXTERN)
			seki_check_all_methods(cx, call, type, NULL);
		return type;
	}
	if (type->kind == P4_T_CALLEE && call->a->decl)
		return check_function(cx, call);
	seki_check_arg_exprs(cx, call);
	if (type->kind == P4_T_TABLE || type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL)
		seki_diag_error(cx->diags, seki_expr_span(call->a),
				"%s cannot be called: 'apply()' of it can",
				seki_type_name(cx->arena, type));
	else if (type->kind != P4_T_BAD)
		seki_diag_error(cx->diags, seki_expr_span(call->a), "%s cannot be called",
				seki_type_name(cx->arena, type));
	return cx->bad;
}
