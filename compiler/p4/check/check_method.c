/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of methods (P4_16 specification, sections 8.17 to 8.19, 9, 11 and 13.8): of externs, of
 * instances of parsers and controls, of tables, and those that types have themselves.
 */
#include <string.h>

#include "compiler/p4/check/check.h"

/* ---- of externs ---- */

/* Of the methods of one name, the one that takes these arguments; the first where none does. */
static struct p4_decl *find_method(struct p4_check *cx, struct p4_decl *list,
				   const struct p4_expr *call)
{
	struct p4_decl *best = NULL;
	bool fits = false;

	for (; list; list = list->overload) {
		if (list->is_constructor)
			continue;
		if (!seki_accepts_count(cx, list->params, call)) {
			best = best ? best : list;
			continue;
		}
		if (fits)
			seki_tell_ambiguous(cx, call, best, list);
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
	else if (seki_is_object(type))
		near = seki_diag_suggest(member->name, of_block, 1);
	if (type->kind == P4_T_CALLEE)
		seki_diag_error(cx->diags, member->tok->at,
				"an action or function has no methods: it is called, as in '%s()'",
				member->a->kind == P4_E_NAME ? member->a->name : "f");
	else if (near && strcmp(near, member->name) == 0)
		seki_diag_error(cx->diags, member->tok->at, "%s() of %s takes other arguments",
				member->name, seki_type_name(cx->arena, type));
	else
		seki_diag_error(cx->diags, member->tok->at, "%s has no method '%s'%s%s%s",
				seki_type_name(cx->arena, type), member->name,
				near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return cx->bad;
}

static bool is_core_method(const struct p4_expr *call, const char *object, const char *name)
{
	return strcmp(call->callee->owner->name, object) == 0 &&
	       strcmp(call->callee->name, name) == 0;
}

/* A header with a varbit field is extracted with that field's size, any other without. */
static void check_varbit(struct p4_check *cx, const struct p4_expr *call,
			 const struct p4_expr *target, const struct p4_type *type)
{
	const struct p4_decl *f = type->decl->members;
	bool sized = call->callee->params->next != NULL;
	uint32_t n = 0;

	for (; f; f = f->next)
		n += f->type->kind == P4_T_VARBIT;
	if (n && !sized)
		seki_diag_error(cx->diags, seki_expr_span(target),
				"%s has a varbit field: extract() needs its size",
				seki_type_name(cx->arena, type));
	else if (n != 1 && sized)
		seki_diag_error(cx->diags, seki_expr_span(target),
				"extract() with a size needs a header with %s varbit field",
				n ? "just one" : "a");
}

/* The parser's own methods read headers, and only parsers have them. */
static void check_extract(struct p4_check *cx, const struct p4_expr *call)
{
	const struct p4_expr *target = call->bound[0];
	const struct p4_type *type;

	if (!is_core_method(call, "packet_in", "extract") || !target)
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

/* What moves in the packet or looks at it may fail, which only a parser can. */
static void check_reader(struct p4_check *cx, const struct p4_expr *call)
{
	static const char *const readers[] = {"extract", "lookahead", "advance"};

	if (!cx->block || cx->block->kind == P4_D_PARSER)
		return;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (is_core_method(call, "packet_in", readers[i]))
			seki_diag_error(cx->diags, call->a->tok->at, "%s() is for parsers only",
					readers[i]);
}

static void check_lookahead(struct p4_check *cx, const struct p4_expr *call,
			    const struct p4_type *result)
{
	if (is_core_method(call, "packet_in", "lookahead") && result->kind != P4_T_VAR &&
	    seki_type_bits(result) < 0)
		seki_diag_error(cx->diags, seki_expr_span(call),
				"lookahead() needs a type of fixed size, not %s",
				seki_type_name(cx->arena, result));
}

/* Headers, and what is made of nothing but headers. */
static bool can_emit(struct p4_check *cx, const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_BAD:
	case P4_T_HEADER:
	case P4_T_UNION:
	case P4_T_VAR:
		return true;
	case P4_T_STACK:
		return can_emit(cx, type->elem);
	case P4_T_STRUCT:
		for (const struct p4_decl *f = type->decl->members; f; f = f->next)
			if (!can_emit(cx, seki_type_field(cx->arena, type, f)))
				return false;
		return true;
	case P4_T_TUPLE:
	case P4_T_RECORD:
		for (uint32_t i = 0; i < type->n_args; i++)
			if (!can_emit(cx, type->args[i]))
				return false;
		return true;
	default:
		return false;
	}
}

static void check_emit(struct p4_check *cx, const struct p4_expr *call)
{
	const struct p4_expr *arg = call->bound[0];

	if (is_core_method(call, "packet_out", "emit") && arg && !can_emit(cx, arg->type))
		seki_diag_error(cx->diags, seki_expr_span(arg),
				"only headers can be emitted, and structs, stacks and tuples of "
				"headers, not %s",
				seki_type_name(cx->arena, arg->type));
}

static struct p4_type *check_extern_method(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_expr *member = call->a;
	struct p4_callee c = {.self = member->a->type};
	struct p4_type *result;

	c.decl = find_method(cx, seki_member_find(c.self->decl, member->name), call);
	if (!c.decl)
		return no_method(cx, member);
	call->call = P4_CALL_METHOD;
	c.params = c.decl->params;
	c.type_params = c.decl->type_params;
	c.result = c.decl->type;
	result = seki_check_against(cx, call, call->targs, &c);
	if (result->kind != P4_T_BAD) {
		check_reader(cx, call);
		check_extract(cx, call);
		check_lookahead(cx, call, result);
		check_emit(cx, call);
	}
	return result;
}

static struct p4_type *check_block_apply(struct p4_check *cx, struct p4_expr *call,
					 struct p4_type *type)
{
	struct p4_callee c = {.decl = type->decl, .params = type->decl->params};
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
	return seki_check_against(cx, call, call->targs, &c);
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

static bool has_var(const struct p4_type *type)
{
	for (uint32_t i = 0; i < type->n_args; i++)
		if (has_var(type->args[i]))
			return true;
	return type->kind == P4_T_VAR || (type->elem && has_var(type->elem));
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
		if (seki_check_late_constant(cx, call->args, "the count", 65535, &n) && n == 0)
			seki_diag_error(cx->diags, seki_expr_span(call->args),
					"the count must be 1 or more");
		if (cx->block && cx->block->kind == P4_D_PARSER)
			seki_diag_error(cx->diags, call->a->tok->at,
					"'%s' of a stack is not for parsers", name);
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
		} else if (!has_var(type)) {
			seki_diag_error(cx->diags, seki_expr_span(object),
					"%s has no size in bits: neither error nor an enum without "
					"numbers has",
					seki_type_name(cx->arena, type));
		}
		return cx->integer;
	}
	return no_method(cx, call->a);
}

/* c.apply(...), of the type: an instance is made for it, with no arguments. */
static struct p4_type *check_direct_apply(struct p4_check *cx, struct p4_expr *call,
					  struct p4_type *type)
{
	struct seki_diag *diag;

	for (const struct p4_decl *p = type->decl->ctor_params; p; p = p->next) {
		if (p->init || p->is_optional)
			continue;
		diag = seki_diag_error(cx->diags, seki_expr_span(call->a->a),
				       "'%s' needs an instance: its constructor has parameters",
				       type->decl->name);
		seki_diag_note(cx->diags, diag, p->tok->at, "'%s' is declared here", p->name);
		break;
	}
	return check_block_apply(cx, call, type);
}

struct p4_type *seki_check_method(struct p4_check *cx, struct p4_expr *call)
{
	struct p4_type *type = seki_check_expr(cx, call->a->a);

	call->a->type = cx->callee;
	switch (type->kind) {
	case P4_T_BAD:
		seki_check_arg_exprs(cx, call);
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
			return check_direct_apply(cx, call, type->elem);
		return check_builtin(cx, call);
	default:
		return check_builtin(cx, call);
	}
}
