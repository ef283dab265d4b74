/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls (P4_16 specification, sections 6.8, 8.19 to 8.21 and 11): which function is meant, which
 * argument belongs to which parameter, what the type parameters are.
 */
#include <string.h>

#include "compiler/p4/check/check.h"

static bool is_object(const struct p4_type *type)
{
	return type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL ||
	       type->kind == P4_T_PACKAGE || type->kind == P4_T_EXTERN || type->kind == P4_T_TABLE;
}

/* ---- arguments ---- */

static const struct p4_decl *param_for(const struct p4_decl *params, const struct p4_expr *arg,
				       uint32_t position, uint32_t *index)
{
	uint32_t i = 0;

	for (; params; params = params->next, i++) {
		if (arg->arg_name ? strcmp(params->name, arg->arg_name) == 0 : i == position) {
			*index = i;
			return params;
		}
	}
	return NULL;
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

bool seki_bind_args(struct p4_check *cx, struct p4_expr *call, const struct p4_decl *params,
		    const char *name)
{
	uint32_t n = seki_decl_count(params), position = 0, index;
	const struct p4_decl *p = params;

	call->bound = seki_arena_alloc(cx->arena, (n + 1) * sizeof(*call->bound));
	for (struct p4_expr *arg = call->args; arg; arg = arg->next, position++) {
		if (!arg->arg_name != !call->args->arg_name) {
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"either all arguments are named, or none");
			return false;
		}
		if (!param_for(params, arg, position, &index)) {
			if (arg->arg_name)
				tell_no_param(cx, arg, name, params);
			else
				tell_too_many(cx, call, arg, name, n);
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

static bool accepts_count(const struct p4_decl *params, const struct p4_expr *call)
{
	uint32_t given = seki_expr_count(call->args), need = 0, all = 0, i;

	for (const struct p4_decl *p = params; p; p = p->next) {
		all++;
		need += !p->init && !p->is_optional;
	}
	for (const struct p4_expr *arg = call->args; arg; arg = arg->next)
		if (arg->arg_name && !param_for(params, arg, 0, &i))
			return false;
	return given >= need && given <= all;
}

static void tell_ambiguous(struct p4_check *cx, const struct p4_expr *call, const struct p4_decl *a,
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
		if (!accepts_count(d->params, call))
			continue;
		if (best) {
			tell_ambiguous(cx, call, best, d);
			return best;
		}
		best = d;
	}
	return best ? best : first;
}

static void check_arg_exprs(struct p4_check *cx, struct p4_expr *call)
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

static void check_arg(struct p4_check *cx, struct p4_expr *arg, const struct p4_decl *param,
		      struct p4_type *type, struct p4_type **bind,
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
	if (!is_object(type)) {
		seki_convert(cx, arg, type);
		if (param->is_ctor && !seki_is_constant(arg))
			seki_diag_error(
				cx->diags, seki_expr_span(arg),
				"an argument of a constructor must be known at compile time");
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

/* What a call is of: the parameters with `self` put in, and the own type parameters. */
struct callee {
	struct p4_decl *decl;
	struct p4_decl *params;
	struct p4_decl *type_params;
	const struct p4_type *self; /* extern with its arguments, or NULL */
	struct p4_type *result;
};

static struct p4_type *with_self(struct p4_check *cx, const struct callee *c, struct p4_type *type)
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
static bool is_for_optional(const struct p4_expr *call, const struct callee *c,
			    const struct p4_decl *var)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = c->params; p; p = p->next, i++)
		if (p->type && mentions(p->type, var) && (call->bound[i] || !p->is_optional))
			return false;
	return true;
}

static bool all_bound(struct p4_check *cx, const struct p4_expr *call, const struct callee *c,
		      struct p4_type **bind)
{
	uint32_t i = 0;

	for (const struct p4_decl *t = c->type_params; t; t = t->next, i++) {
		if (bind[i])
			continue;
		bind[i] = cx->bad;
		for (uint32_t k = 0; k < seki_decl_count(c->params); k++)
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
	if (is_object(type))
		return seki_unify(cx, type, arg->type, NULL, NULL);
	return !is_object(arg->type) || arg->type->kind == P4_T_BAD || type->kind == P4_T_BAD;
}

static void tell_package_arg(struct p4_check *cx, const struct p4_expr *call,
			     const struct p4_expr *arg, const struct p4_decl *param,
			     const struct p4_type *type)
{
	bool same_file = is_package_here(arg, call->callee);
	struct seki_span at = seki_expr_span(arg);
	struct seki_diag *diag;

	diag = seki_diag_error(cx->diags, same_file ? param->tok->at : at,
			       "parameter '%s' is of type %s, its argument of type %s", param->name,
			       seki_type_name(cx->arena, type),
			       seki_type_name(cx->arena, arg->type));
	seki_diag_note(cx->diags, diag, same_file ? at : param->tok->at,
		       same_file ? "the argument is here" : "the parameter is declared here");
}

static struct p4_type *check_against(struct p4_check *cx, struct p4_expr *call,
				     struct p4_tref *targs, const struct callee *c)
{
	uint32_t n = seki_decl_count(c->type_params), i = 0;
	struct p4_type **bind = seki_arena_alloc(cx->arena, (n + 1) * sizeof(struct p4_type *));
	char *name = seki_arena_printf(cx->arena, "'%s'", c->decl->name);
	struct p4_type *result;

	call->callee = c->decl;
	call->type_args = bind;
	check_arg_exprs(cx, call);
	if (!bind_explicit(cx, call, targs, c->type_params, bind) ||
	    !seki_bind_args(cx, call, c->params, name))
		return cx->bad;
	for (const struct p4_decl *p = c->params; p; p = p->next, i++)
		if (call->bound[i] && p->type)
			seki_unify(cx, with_self(cx, c, p->type), call->bound[i]->type,
				   c->type_params, bind);
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
			check_arg(cx, call->bound[i], p, type, bind, c->type_params);
	}
	if (!c->result)
		return cx->nothing;
	result = seki_type_subst(cx->arena, with_self(cx, c, c->result), c->type_params, bind);
	return seki_check_well_formed(cx, seki_expr_span(call), result) ? result : cx->bad;
}

/* ---- constructors ---- */

static struct p4_decl *constructor_of(struct p4_type *type, const struct p4_expr *call)
{
	struct p4_decl *best = NULL;

	if (type->kind != P4_T_EXTERN)
		return type->decl;
	for (struct p4_decl *m = type->decl->members; m; m = m->next)
		if (m->is_constructor && (!best || accepts_count(m->params, call)))
			best = m;
	return best ? best : type->decl;
}

static struct p4_type *check_constructor(struct p4_check *cx, struct p4_expr *call,
					 struct p4_type *type, struct p4_tref *targs)
{
	struct callee c = {.self = type->n_args ? type : NULL};
	struct seki_diag *diag;
	struct p4_type *made;
	struct p4_decl *ctor;

	if (type->kind == P4_T_BAD)
		return type;
	if (!is_object(type)) {
		seki_diag_error(cx->diags, seki_expr_span(call), "%s has no constructor",
				seki_type_name(cx->arena, type));
		return cx->bad;
	}
	ctor = constructor_of(type, call);
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
	if (check_against(cx, call, targs, &c)->kind == P4_T_BAD)
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

/* ---- methods ---- */

static struct p4_decl *find_method(struct p4_check *cx, struct p4_decl *list, const char *name,
				   const struct p4_expr *call)
{
	struct p4_decl *best = NULL;
	bool fits = false;

	for (; list; list = list->next) {
		if (list->is_constructor || strcmp(list->name, name) != 0)
			continue;
		if (!accepts_count(list->params, call)) {
			best = best ? best : list;
			continue;
		}
		if (fits)
			tell_ambiguous(cx, call, best, list);
		fits = true;
		best = list;
	}
	return best;
}

static struct p4_type *no_method(struct p4_check *cx, const struct p4_expr *member)
{
	static const char *const of_header[] = {"isValid", "setValid", "setInvalid"};
	static const char *const of_stack[] = {"push_front", "pop_front"};
	static const char *const of_block[] = {"apply"};
	const struct p4_type *type = member->a->type;
	const char *names[128];
	const char *near = NULL;
	uint32_t n = 0;

	if (type->kind == P4_T_BAD || member->name[0] == '?')
		return cx->bad;
	if (type->kind == P4_T_EXTERN)
		for (const struct p4_decl *m = type->decl->members; m && n < 128; m = m->next)
			names[n++] = m->name;
	if (n)
		near = seki_diag_suggest(member->name, names, n);
	else if (type->kind == P4_T_HEADER || type->kind == P4_T_UNION)
		near = seki_diag_suggest(member->name, of_header, type->kind == P4_T_UNION ? 1 : 3);
	else if (type->kind == P4_T_STACK)
		near = seki_diag_suggest(member->name, of_stack, 2);
	else if (is_object(type))
		near = seki_diag_suggest(member->name, of_block, 1);
	if (near && strcmp(near, member->name) == 0)
		seki_diag_error(cx->diags, member->tok->at, "%s() of %s takes other arguments",
				member->name, seki_type_name(cx->arena, type));
	else
		seki_diag_error(cx->diags, member->tok->at, "%s has no method '%s'%s%s%s",
				seki_type_name(cx->arena, type), member->name,
				near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return cx->bad;
}

/* A header with a varbit field is extracted with that field's size, any other without. */
static void check_varbit(struct p4_check *cx, const struct p4_expr *call,
			 const struct p4_expr *target, const struct p4_type *type)
{
	const struct p4_decl *f = type->decl->members;
	bool sized = call->callee->params->next != NULL;

	while (f && f->type->kind != P4_T_VARBIT)
		f = f->next;
	if (f && !sized)
		seki_diag_error(cx->diags, seki_expr_span(target),
				"%s has a varbit field: extract() needs its size",
				seki_type_name(cx->arena, type));
	else if (!f && sized)
		seki_diag_error(cx->diags, seki_expr_span(target),
				"extract() with a size needs a header with a varbit field");
}

/* The parser's own methods read headers, and only parsers have them. */
static void check_extract(struct p4_check *cx, const struct p4_expr *call)
{
	const struct p4_expr *target = call->bound[0];
	const struct p4_type *type;

	if (strcmp(call->callee->owner->name, "packet_in") != 0 ||
	    strcmp(call->callee->name, "extract") != 0 || !target)
		return;
	type = target->type;
	if (target->kind == P4_E_DONTCARE && call->targs)
		type = seki_check_type(cx, call->targs);
	if (type->kind == P4_T_HEADER)
		check_varbit(cx, call, target, type);
	else if (type->kind != P4_T_BAD && type->kind != P4_T_VAR && type->kind != P4_T_DONTCARE)
		seki_diag_error(cx->diags, seki_expr_span(target),
				"only headers can be extracted, not %s",
				seki_type_name(cx->arena, type));
}

static struct p4_type *check_extern_method(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_expr *member = call->a;
	struct callee c = {.self = member->a->type};
	struct p4_type *result;

	c.decl = find_method(cx, c.self->decl->members, member->name, call);
	if (!c.decl)
		return no_method(cx, member);
	call->call = P4_CALL_METHOD;
	c.params = c.decl->params;
	c.type_params = c.decl->type_params;
	c.result = c.decl->type;
	result = check_against(cx, call, call->targs, &c);
	if (result->kind != P4_T_BAD)
		check_extract(cx, call);
	return result;
}

static struct p4_type *check_block_apply(struct p4_check *cx, struct p4_expr *call,
					 struct p4_type *type)
{
	struct callee c = {.decl = type->decl, .params = type->decl->params};
	bool in_state = cx->function && cx->function->kind == P4_D_STATE;

	if (strcmp(call->a->name, "apply") != 0)
		return no_method(cx, call->a);
	if (type->kind == P4_T_PARSER ? !in_state : !cx->in_apply)
		seki_diag_error(cx->diags, seki_expr_span(call),
				type->kind == P4_T_PARSER
					? "a parser can only be applied in a state of another"
					: "a control can only be applied in the apply block of "
					  "another");
	call->call = P4_CALL_APPLY;
	if (type->n_args)
		c.self = type;
	else
		c.type_params = type->decl->type_params;
	return check_against(cx, call, call->targs, &c);
}

static struct p4_type *check_table_apply(struct p4_check *cx, struct p4_expr *call)
{
	if (strcmp(call->a->name, "apply") != 0)
		return no_method(cx, call->a);
	call->call = P4_CALL_TABLE;
	call->callee = call->a->a->decl;
	if (call->args)
		seki_diag_error(cx->diags, seki_expr_span(call->args),
				"apply() of a table takes no arguments");
	if (!cx->in_apply)
		seki_diag_error(cx->diags, seki_expr_span(call),
				"a table can only be applied in the apply block of a control");
	return seki_type_decl(cx->arena, P4_T_APPLIED, call->callee);
}

/* isValid(), setValid(), push_front() ... */
static struct p4_type *check_builtin(struct p4_check *cx, struct p4_expr *call)
{
	static const char *const sizes[] = {"minSizeInBits", "minSizeInBytes", "maxSizeInBits",
					    "maxSizeInBytes"};
	const struct p4_expr *object = call->a->a;
	const char *name = call->a->name;
	struct p4_type *type = object->type;
	bool header = type->kind == P4_T_HEADER || type->kind == P4_T_UNION;
	int64_t bits;
	uint32_t n;

	call->call = P4_CALL_BUILTIN;
	if (header && strcmp(name, "isValid") == 0 && !call->args)
		return cx->boolean;
	if (type->kind == P4_T_HEADER && !call->args &&
	    (strcmp(name, "setValid") == 0 || strcmp(name, "setInvalid") == 0)) {
		seki_check_lvalue(cx, object);
		return cx->nothing;
	}
	if (type->kind == P4_T_STACK && call->args && !call->args->next &&
	    (strcmp(name, "push_front") == 0 || strcmp(name, "pop_front") == 0)) {
		seki_check_lvalue(cx, object);
		seki_check_constant(cx, call->args, "the count", 65535, &n);
		return cx->nothing;
	}
	if (type->kind == P4_T_TYPE)
		type = type->elem;
	for (int i = 0; i < 4; i++) {
		if (strcmp(name, sizes[i]) != 0 || call->args || !seki_type_is_value(type))
			continue;
		bits = seki_type_limit(type, i >= 2 ? P4_MOST : P4_LEAST);
		if (bits >= 0) {
			call->known = true;
			call->num = seki_num_u64((uint64_t)(i & 1 ? (bits + 7) / 8 : bits));
		}
		return cx->integer;
	}
	return no_method(cx, call->a);
}

static struct p4_type *check_method(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *type = seki_check_expr(cx, call->a->a);

	call->a->type = cx->callee;
	switch (type->kind) {
	case P4_T_BAD:
		check_arg_exprs(cx, call);
		return type;
	case P4_T_EXTERN:
		return check_extern_method(cx, call);
	case P4_T_TABLE:
		return check_table_apply(cx, call);
	case P4_T_PARSER:
	case P4_T_CONTROL:
		return check_block_apply(cx, call, type);
	case P4_T_TYPE:
		if (type->elem->kind == P4_T_PARSER || type->elem->kind == P4_T_CONTROL)
			return check_block_apply(cx, call, type->elem);
		return check_builtin(cx, call);
	default:
		return check_builtin(cx, call);
	}
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

static struct p4_type *check_function(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *result;
	struct callee c = {.decl = choose(cx, call->a->decl, call)};

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
	result = check_against(cx, call, call->targs, &c);
	if (result->kind != P4_T_BAD && c.decl->is_extern &&
	    strcmp(c.decl->name, "static_assert") == 0)
		check_assertion(cx, call);
	return result;
}

struct p4_type *seki_check_call(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *type;

	if (call->a->kind == P4_E_MEMBER)
		return check_method(cx, call);
	type = seki_check_expr(cx, call->a);
	if (type->kind == P4_T_TYPE) {
		type = check_constructor(cx, call, type->elem, call->targs);
		if (type->kind == P4_T_EXTERN)
			seki_check_all_methods(cx, call, type, NULL);
		return type;
	}
	if (type->kind == P4_T_CALLEE && call->a->decl)
		return check_function(cx, call);
	check_arg_exprs(cx, call);
	if (type->kind != P4_T_BAD)
		seki_diag_error(cx->diags, seki_expr_span(call->a), "%s cannot be called",
				seki_type_name(cx->arena, type));
	return cx->bad;
}
