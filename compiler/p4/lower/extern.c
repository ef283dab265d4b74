/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of externs. Those that end or mark the packet are code of the graph itself; all others are
 * one instruction with their arguments as scalars, for emit/ to know or to declare.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

/* ---- arguments as scalars ---- */

struct args {
	struct ir_arg *list;
	uint32_t n, size;
};

static struct ir_arg *add_arg(struct lower *lw, struct args *args)
{
	if (args->n == args->size) {
		struct ir_arg *more;

		args->size = args->size ? args->size * 2 : 8;
		more = seki_arena_alloc(lw->arena, args->size * sizeof(*more));
		if (args->n)
			memcpy(more, args->list, args->n * sizeof(*more));
		args->list = more;
	}
	return &args->list[args->n++];
}

static const char *join(struct lower *lw, const char *path, const struct value *v, uint32_t i)
{
	const struct p4_decl *f = seki_type_is_struct_like(v->type) ? v->type->decl->members : NULL;
	const char *dot = path[0] ? "." : "";

	for (uint32_t n = i; f && n; n--)
		f = f->next;
	return f ? seki_arena_printf(lw->arena, "%s%s%s", path, dot, f->name)
		 : seki_arena_printf(lw->arena, "%s%s%u", path, dot, i);
}

/* What goes in is `in`, what comes out goes to the variables of `out`; either may be NULL. */
static void flatten(struct lower *lw, struct args *args, const struct p4_decl *param,
		    const char *path, const struct value *in, const struct value *out)
{
	const struct value *v = in ? in : out;
	struct ir_arg *arg;

	if (v->kind == VALUE_HEADER) {
		arg = add_arg(lw, args);
		arg->param = param;
		arg->path = seki_arena_printf(lw->arena, "%s%s$valid", path, path[0] ? "." : "");
		arg->value = in ? in->valid : NULL;
		arg->result = out ? out->header->valid : NULL;
	}
	if (v->kind == VALUE_SCALAR && (v->value || v->var)) {
		arg = add_arg(lw, args);
		arg->param = param;
		arg->path = path;
		arg->value = in ? in->value : NULL;
		arg->result = out ? out->var : NULL;
	}
	if (v->kind == VALUE_VARBIT)
		seki_diag_unsupported(lw->diags, lw->tok->at,
				      "giving a varbit to an extern function is");
	for (uint32_t i = 0; i < v->n_parts; i++)
		flatten(lw, args, param, join(lw, path, v, i), in ? in->parts[i] : NULL,
			out ? out->parts[i] : NULL);
}

/* ---- calls ---- */

/* An argument while the call is made: what comes out of it is stored behind the call. */
struct passed {
	const struct p4_expr *expr;
	struct value *in, *out;
};

/* With the type arguments of the extern that a method is of, and its own. */
static const struct p4_type *param_type(struct lower *lw, const struct p4_expr *call,
					const struct p4_decl *param)
{
	const struct p4_type *self = call->call == P4_CALL_METHOD ? call->a->a->type : NULL;
	struct p4_type *type = param->type;

	if (self && self->n_args)
		type = seki_type_subst(lw->arena, type, self->decl->type_params, self->args);
	type = seki_type_subst(lw->arena, type, call->callee->type_params, call->type_args);
	return seki_lower_type(lw, type);
}

/* A number without a width, where the parameter has none either, has 32 bits. */
static struct value *in_value(struct lower *lw, const struct p4_expr *expr)
{
	struct value *v = seki_lower_expr(lw, expr);

	if (v->kind == VALUE_SCALAR && !v->value && v->num)
		v = seki_lower_constant(lw, seki_ir_num(lw->ir, 32, v->num), v->type);
	return v;
}

static bool any_acts(const struct p4_expr *list)
{
	for (; list; list = list->next)
		if (seki_lower_acts(list))
			return true;
	return false;
}

static void pass(struct lower *lw, const struct p4_expr *call, const struct p4_decl *param,
		 struct passed *p)
{
	bool out = param->dir == P4_DIR_OUT || param->dir == P4_DIR_INOUT;

	if (out && p->expr) {
		seki_lower_places(lw, p->expr);
		p->out = seki_lower_storage(lw, param_type(lw, call, param), param->name, lw->tok);
		if (param->dir == P4_DIR_INOUT)
			p->in = seki_lower_lvalue(lw, p->expr);
	} else if (p->expr || param->init) {
		p->in = in_value(lw, p->expr ? p->expr : param->init);
	}
	if (p->in && p->expr && any_acts(p->expr->next))
		p->in = seki_lower_keep(lw, p->in);
}

/* In the order of the call, then what it does not give. */
static void pass_all(struct lower *lw, const struct p4_expr *call, struct passed *passed)
{
	const struct p4_decl *p;
	uint32_t i;

	for (const struct p4_expr *e = call->args; e; e = e->next)
		for (i = 0, p = call->callee->params; p; p = p->next, i++)
			if (call->bound[i] == e) {
				passed[i].expr = e;
				pass(lw, call, p, &passed[i]);
			}
	for (i = 0, p = call->callee->params; p; p = p->next, i++)
		if (!call->bound[i])
			pass(lw, call, p, &passed[i]);
}

static struct value *result_of(struct lower *lw, const struct p4_expr *call, struct args *args,
			       struct ir_var **var)
{
	struct value *result;

	if (!call->type || call->type->kind == P4_T_VOID)
		return NULL;
	result = seki_lower_storage(lw, call->type, call->callee->name, lw->tok);
	if (result->var)
		*var = result->var;
	else
		flatten(lw, args, NULL, "", NULL, result);
	return result;
}

static struct value *lower_call(struct lower *lw, const struct p4_expr *call, struct ir_extern *ext)
{
	uint32_t n = seki_decl_count(call->callee->params), i = 0;
	struct passed *passed = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*passed));
	struct place *places = lw->places;
	struct args args = {0};
	struct ir_var *var = NULL;
	struct value *result;
	struct ir_insn *insn;

	pass_all(lw, call, passed);
	for (const struct p4_decl *p = call->callee->params; p; p = p->next, i++)
		if (passed[i].in || passed[i].out)
			flatten(lw, &args, p, "", passed[i].in, passed[i].out);
	result = result_of(lw, call, &args, &var);
	insn = seki_lower_insn(lw, IR_CALL);
	if (insn) {
		insn->ext = ext;
		insn->name = call->callee->name;
		insn->callee = call->callee;
		insn->type_args = (const struct p4_type **)call->type_args;
		insn->args = args.list;
		insn->n_args = args.n;
		insn->result = var;
	}
	for (i = 0; i < n; i++)
		if (passed[i].out && passed[i].expr->kind != P4_E_DONTCARE)
			seki_lower_store(lw, passed[i].expr, passed[i].out);
	lw->places = places;
	return result;
}

/* ---- what is code of the graph ---- */

static void lower_mark(struct lower *lw, const struct p4_expr *call)
{
	bool drop = strcmp(call->callee->name, "mark_to_drop") == 0;

	seki_lower_set(lw, lw->ir->pass, NULL, seki_ir_const(lw->ir, 1, !drop));
}

static void lower_truncate(struct lower *lw, const struct p4_expr *call)
{
	struct ir_program *ir = lw->ir;
	const struct ir_expr *len = seki_lower_scalar(lw, call->bound[0]);

	if (!ir->truncate) {
		ir->truncate = seki_ir_var(ir, IR_VAR_PLAIN, 1, "$truncate");
		ir->truncate_len = seki_ir_var(ir, IR_VAR_PLAIN, 32, "$truncate_len");
	}
	seki_lower_set(lw, ir->truncate_len, NULL, len);
	seki_lower_set(lw, ir->truncate, NULL, seki_ir_const(ir, 1, 1));
}

static struct value *lower_nothing(struct lower *lw, const struct p4_expr *call)
{
	(void)lw;
	(void)call;
	return NULL;
}

static struct value *lower_void(struct lower *lw, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (strcmp(name, "truncate") == 0)
		lower_truncate(lw, call);
	else if (strcmp(name, "verify") == 0)
		seki_lower_verify(lw, call);
	else
		lower_mark(lw, call);
	return NULL;
}

static const struct {
	const char *name;
	uint32_t min_params, max_params;
	struct value *(*lower)(struct lower *lw, const struct p4_expr *call);
} own[] = {{"mark_to_drop", 0, 0, lower_void},
	   {"mark_to_pass", 0, 0, lower_void},
	   {"truncate", 1, 1, lower_void},
	   {"verify", 2, 2, lower_void},
	   {"static_assert", 1, 2, lower_nothing}};

struct value *seki_lower_extern(struct lower *lw, const struct p4_expr *call)
{
	const struct p4_decl *callee = call->callee;
	uint32_t n = seki_decl_count(callee->params);
	struct ir_extern *ext = NULL;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (call->call == P4_CALL_EXTERN && strcmp(callee->name, own[i].name) == 0 &&
		    n >= own[i].min_params && n <= own[i].max_params)
			return own[i].lower(lw, call);
	if (call->call == P4_CALL_METHOD) {
		ext = seki_lower_expr(lw, call->a->a)->ext;
		if (!ext)
			return seki_lower_zero(lw, call->type); /* an error was told */
	}
	return lower_call(lw, call, ext);
}
