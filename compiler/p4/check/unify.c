/* SPDX-License-Identifier: Apache-2.0 */
/* What type parameters stand for (P4_16 specification, section 8.20.1). */
#include "compiler/p4/check/check.h"

static int var_index(const struct p4_type *type, const struct p4_decl *type_params)
{
	return type_params && type->decl->owner == type_params->owner ? (int)type->decl->index : -1;
}

/* Of { 1, 2 } or { a = 1 }, which become structs where one is wanted: the conversion tells. */
static bool is_written_out(const struct p4_type *type)
{
	return type->kind == P4_T_TUPLE || type->kind == P4_T_RECORD;
}

static bool bind_var(struct p4_type **slot, struct p4_type *arg)
{
	if (arg->kind == P4_T_DONTCARE || arg->kind == P4_T_DEFAULT || arg->kind == P4_T_INVALID ||
	    arg->kind == P4_T_BAD)
		return true;
	if (!*slot || ((*slot)->kind == P4_T_INT && seki_type_is_fixed(arg)) ||
	    (is_written_out(*slot) && seki_type_is_struct_like(arg))) {
		*slot = arg;
		return true;
	}
	return seki_type_equal(*slot, arg) || arg->kind == P4_T_INT ||
	       (is_written_out(arg) && seki_type_is_struct_like(*slot));
}

/* A parser's or control's type against another's: parameter by parameter. */
static bool unify_blocks(struct p4_check *cx, const struct p4_type *param,
			 const struct p4_type *arg, const struct p4_decl *type_params,
			 struct p4_type **bind)
{
	const struct p4_decl *p = param->decl->params, *a = arg->decl->params;

	if (param->decl == arg->decl)
		return true;
	if (arg->decl->type_params && arg->n_args == 0)
		return true; /* a generic block: what it is made for is not known here */
	for (; p && a; p = p->next, a = a->next) {
		struct p4_type *pt, *at;

		if (p->dir != a->dir && !(a->is_optional || p->is_optional))
			return false;
		if (!p->type || !a->type)
			continue;
		pt = seki_type_subst(cx->arena, p->type, param->decl->type_params, param->args);
		at = seki_type_subst(cx->arena, a->type, arg->decl->type_params, arg->args);
		if (!seki_unify(cx, pt, at, type_params, bind))
			return false;
	}
	while (p && (p->is_optional || p->init))
		p = p->next;
	return !p && !a;
}

bool seki_unify(struct p4_check *cx, const struct p4_type *param, struct p4_type *arg,
		const struct p4_decl *type_params, struct p4_type **bind)
{
	int i;

	if (param->kind == P4_T_VAR && (i = var_index(param, type_params)) >= 0)
		return bind_var(&bind[i], arg);
	if (param->kind == P4_T_BAD || arg->kind == P4_T_BAD || param->kind == P4_T_DONTCARE ||
	    arg->kind == P4_T_DONTCARE)
		return true;
	if (param->kind != arg->kind)
		return arg->kind == P4_T_INT && seki_type_is_fixed(param);
	if (param->kind == P4_T_PARSER || param->kind == P4_T_CONTROL)
		return unify_blocks(cx, param, arg, type_params, bind);
	if (param->decl != arg->decl || param->n_args != arg->n_args)
		return false;
	if (param->elem && arg->elem && !seki_unify(cx, param->elem, arg->elem, type_params, bind))
		return false;
	for (uint32_t n = 0; n < param->n_args; n++)
		if (!seki_unify(cx, param->args[n], arg->args[n], type_params, bind))
			return false;
	return (!seki_type_is_fixed(param) && param->kind != P4_T_VARBIT &&
		param->kind != P4_T_STACK) ||
	       param->width == arg->width;
}

static const char *dir_name(enum p4_dir dir)
{
	static const char *const names[] = {[P4_DIR_NONE] = "without direction",
					    [P4_DIR_IN] = "'in'",
					    [P4_DIR_OUT] = "'out'",
					    [P4_DIR_INOUT] = "'inout'"};

	return names[dir];
}

const char *seki_block_difference(struct p4_check *cx, const struct p4_type *want,
				  const struct p4_type *found)
{
	const struct p4_decl *p, *a;

	if (want->kind != found->kind || (want->kind != P4_T_PARSER && want->kind != P4_T_CONTROL))
		return "";
	p = want->decl->params;
	a = found->decl->params;
	if (seki_decl_count(p) != seki_decl_count(a))
		return seki_arena_printf(cx->arena, ", with %u parameters, not %u",
					 seki_decl_count(a), seki_decl_count(p));
	for (; p && a; p = p->next, a = a->next) {
		struct p4_type *type = seki_type_subst(cx->arena, p->type, want->decl->type_params,
						       want->args);

		if (p->dir != a->dir)
			return seki_arena_printf(cx->arena, ", whose parameter '%s' is %s, not %s",
						 a->name, dir_name(a->dir), dir_name(p->dir));
		if (!seki_unify(cx, type, a->type, NULL, NULL))
			return seki_arena_printf(cx->arena,
						 ", whose parameter '%s' is of type %s, not %s",
						 a->name, seki_type_name(cx->arena, a->type),
						 seki_type_name(cx->arena, type));
	}
	return "";
}
