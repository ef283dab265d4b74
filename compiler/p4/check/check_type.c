/* SPDX-License-Identifier: Apache-2.0 */
/* Types as they are written (P4_16 specification, section 7). */
#include "compiler/p4/check/check.h"

#define MAX_VARBIT 65536u
#define MAX_STACK  65536u

bool seki_check_width(struct p4_check *cx, struct seki_span at, enum p4_type_kind kind,
		      uint32_t width)
{
	if (width > SEKI_P4_MAX_WIDTH && kind != P4_T_VARBIT)
		seki_diag_error(cx->diags, at, "a type has at most %u bits", SEKI_P4_MAX_WIDTH);
	else if (kind == P4_T_SIGNED && width == 0)
		seki_diag_error(cx->diags, at, "a signed type has at least one bit");
	else
		return true;
	return false;
}

static struct p4_type *check_sized(struct p4_check *cx, struct p4_tref *tref)
{
	uint32_t width = 1;
	uint32_t most = tref->sized == P4_T_VARBIT ? MAX_VARBIT : SEKI_P4_MAX_WIDTH;

	if (!tref->width)
		return seki_type_width(cx->arena, tref->sized, width);
	if (!seki_check_constant(cx, tref->width, "the width", most, &width) ||
	    !seki_check_width(cx, seki_expr_span(tref->width), tref->sized, width))
		return cx->bad;
	return seki_type_width(cx->arena, tref->sized, width);
}

static struct p4_type *check_stack(struct p4_check *cx, struct p4_tref *tref)
{
	struct p4_type *elem = seki_check_type(cx, tref->elem);
	struct p4_type *type;
	uint32_t size;

	if (!seki_check_constant(cx, tref->width, "the size", MAX_STACK, &size))
		return cx->bad;
	if (elem->kind == P4_T_BAD)
		return elem;
	if (!seki_type_is_value(elem) || elem->kind == P4_T_STACK || elem->kind == P4_T_LIST ||
	    elem->kind == P4_T_TUPLE) {
		seki_diag_error(cx->diags, tref->tok->at, "there are no stacks of %s",
				seki_type_name(cx->arena, elem));
		return cx->bad;
	}
	type = seki_type_elem(cx->arena, P4_T_STACK, elem);
	type->width = size;
	return type;
}

/* Types inside tuples, lists and arguments are values' types. */
static void check_args(struct p4_check *cx, struct p4_tref *list, struct p4_type *type)
{
	uint32_t n = 0;

	for (const struct p4_tref *t = list; t; t = t->next)
		n++;
	type->args = seki_arena_alloc(cx->arena, (n + 1) * sizeof(*type->args));
	for (struct p4_tref *t = list; t; t = t->next)
		type->args[type->n_args++] = seki_check_type(cx, t);
}

static struct p4_type *check_tuple(struct p4_check *cx, struct p4_tref *tref)
{
	struct p4_type *type = seki_type_make(cx->arena, P4_T_TUPLE);
	struct p4_tref *t = tref->args;

	check_args(cx, tref->args, type);
	for (uint32_t i = 0; i < type->n_args; i++, t = t->next) {
		if (seki_type_is_value(type->args[i]) || type->args[i]->kind == P4_T_INT ||
		    type->args[i]->kind == P4_T_STRING || type->args[i]->kind == P4_T_DONTCARE ||
		    type->args[i]->kind == P4_T_MATCH_KIND)
			continue;
		seki_diag_error(cx->diags, t->tok->at, "%s cannot be in a tuple",
				seki_type_name(cx->arena, type->args[i]));
		return cx->bad;
	}
	return type;
}

static struct p4_type *check_list(struct p4_check *cx, struct p4_tref *tref)
{
	struct p4_type *elem = seki_check_type(cx, tref->elem);

	if (seki_type_in_list(elem))
		return seki_type_elem(cx->arena, P4_T_LIST, elem);
	seki_diag_error(cx->diags, tref->elem->tok->at, "%s cannot be in a list",
			seki_type_name(cx->arena, elem));
	return cx->bad;
}

static struct p4_type *type_of_decl(struct p4_check *cx, struct p4_decl *decl)
{
	switch (decl->kind) {
	case P4_D_STRUCT:
		return seki_type_decl(cx->arena, P4_T_STRUCT, decl);
	case P4_D_HEADER:
		return seki_type_decl(cx->arena, P4_T_HEADER, decl);
	case P4_D_UNION:
		return seki_type_decl(cx->arena, P4_T_UNION, decl);
	case P4_D_EXTERN:
		return seki_type_decl(cx->arena, P4_T_EXTERN, decl);
	case P4_D_PARSER:
		return seki_type_decl(cx->arena, P4_T_PARSER, decl);
	case P4_D_CONTROL:
		return seki_type_decl(cx->arena, P4_T_CONTROL, decl);
	case P4_D_PACKAGE:
		return seki_type_decl(cx->arena, P4_T_PACKAGE, decl);
	case P4_D_TYPE_PARAM:
		return seki_type_decl(cx->arena, P4_T_VAR, decl);
	case P4_D_ENUM:
	case P4_D_TYPEDEF:
	case P4_D_NEWTYPE:
		return decl->type ? decl->type : cx->bad;
	default:
		return NULL;
	}
}

static bool is_block(const struct p4_type *type)
{
	return type->kind == P4_T_PARSER || type->kind == P4_T_CONTROL ||
	       type->kind == P4_T_PACKAGE;
}

/* Generic types within each other can have any number of fields. */
#define MAX_STEPS (1u << 20)

static bool has_only_vars(const struct p4_type *type)
{
	for (uint32_t i = 0; i < type->n_args; i++)
		if (type->args[i]->kind != P4_T_VAR)
			return false;
	return true;
}

static bool well_formed(struct p4_check *cx, struct seki_span at, const struct p4_type *type)
{
	struct seki_diag *diag;
	bool here;

	for (uint32_t i = 0; i < type->n_args; i++) {
		if (!well_formed(cx, at, type->args[i]))
			return false;
		if (type->kind != P4_T_EXTERN || !is_block(type->args[i]))
			continue;
		seki_diag_error(cx->diags, at, "%s cannot be a type argument of an extern",
				seki_type_name(cx->arena, type->args[i]));
		return false;
	}
	if (type->elem && type->kind != P4_T_NEW && !well_formed(cx, at, type->elem))
		return false;
	/* Of type variables, it is looked at again when types stand for them. */
	if (!seki_type_is_struct_like(type) || has_only_vars(type))
		return true;
	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		struct p4_type *field = seki_type_field(cx->arena, type, f);

		if (cx->steps++ >= MAX_STEPS) {
			seki_diag_error(cx->diags, at,
					"the generic types of this program have more than %u "
					"fields, with types put in",
					MAX_STEPS);
			return false;
		}
		if (seki_type_can_be_field(type->decl, field)) {
			if (!well_formed(cx, at, field))
				return false;
			continue;
		}
		/* No field can be of an object: there it is the argument that is wrong. */
		here = f->tok->at.src == at.src && field->kind != P4_T_EXTERN && !is_block(field);
		diag = seki_diag_error(
			cx->diags, here ? f->tok->at : at, "field '%s' of %s would be of type %s",
			f->name, seki_type_name(cx->arena, type), seki_type_name(cx->arena, field));
		seki_diag_note(cx->diags, diag, here ? at : f->tok->at,
			       here ? "the type is used here" : "the field is declared here");
		return false;
	}
	return true;
}

bool seki_check_well_formed(struct p4_check *cx, struct seki_span at, const struct p4_type *type)
{
	return well_formed(cx, at, type);
}

static bool is_within(const struct p4_decl *decl, const struct p4_type *type)
{
	if (type->decl == decl)
		return true;
	for (uint32_t i = 0; i < type->n_args; i++)
		if (is_within(decl, type->args[i]))
			return true;
	return type->elem && is_within(decl, type->elem);
}

/* A generic type made for itself, H<H<bit<8>>>: no P4 compiler accepts it. */
static bool check_not_within(struct p4_check *cx, const struct p4_tref *tref,
			     const struct p4_type *type)
{
	for (uint32_t i = 0; i < type->n_args; i++) {
		if (!is_within(type->decl, type->args[i]))
			continue;
		seki_diag_error(cx->diags, tref->tok->at, "%s is its own type argument",
				type->decl->name);
		return false;
	}
	return true;
}

static struct p4_type *check_name(struct p4_check *cx, struct p4_tref *tref)
{
	struct p4_decl *decl = seki_scope_need(cx, tref->tok, tref->name, tref->global, "type");
	struct p4_type *type;
	struct seki_diag *diag;
	uint32_t want;

	if (!decl)
		return cx->bad;
	decl->used = true;
	type = type_of_decl(cx, decl);
	if (!type) {
		diag = seki_diag_error(cx->diags, tref->tok->at, "'%s' is not a type", tref->name);
		seki_diag_note(cx->diags, diag, decl->tok->at, "'%s' is declared here", decl->name);
		return cx->bad;
	}
	if (!tref->args)
		return type;
	if (type->decl != decl || type->kind == P4_T_VAR || type->kind == P4_T_ENUM ||
	    type->kind == P4_T_NEW) {
		seki_diag_error(cx->diags, tref->tok->at, "'%s' has no type parameters",
				tref->name);
		return cx->bad;
	}
	check_args(cx, tref->args, type);
	want = seki_decl_count(decl->type_params);
	if (type->n_args != want) {
		seki_diag_error(cx->diags, tref->tok->at,
				"'%s' takes %u type argument%s, here are %u", tref->name, want,
				want == 1 ? "" : "s", type->n_args);
		return cx->bad;
	}
	return check_not_within(cx, tref, type) && seki_check_well_formed(cx, tref->tok->at, type)
		       ? type
		       : cx->bad;
}

static struct p4_type *check_base(struct p4_check *cx, const struct p4_tref *tref)
{
	switch (tref->sized) {
	case P4_T_BOOL:
		return cx->boolean;
	case P4_T_INT:
		return cx->integer;
	case P4_T_STRING:
		return cx->string;
	case P4_T_ERROR:
		if (!cx->errors)
			seki_diag_error(cx->diags, tref->tok->at,
					"no 'error' is declared here: core.p4 does it");
		return cx->errors ? cx->error : cx->bad;
	case P4_T_VOID:
		return cx->nothing;
	default:
		return seki_type_make(cx->arena, tref->sized);
	}
}

/* No error for types of declarations: those are made once, and not written out. */
static void check_weight(struct p4_check *cx, struct p4_tref *tref)
{
	bool made = tref->kind == P4_R_TUPLE || tref->kind == P4_R_STACK ||
		    tref->kind == P4_R_LIST || (tref->kind == P4_R_NAME && tref->args);

	if (!made || tref->type->kind == P4_T_BAD || seki_type_weigh(tref->type))
		return;
	seki_diag_error(cx->diags, tref->tok->at, "this type is made of more than %u others",
			SEKI_P4_MAX_TYPE_WEIGHT);
	tref->type = cx->bad;
}

struct p4_type *seki_check_type(struct p4_check *cx, struct p4_tref *tref)
{
	switch (tref->kind) {
	case P4_R_BASE:
		tref->type = check_base(cx, tref);
		break;
	case P4_R_SIZED:
		tref->type = check_sized(cx, tref);
		break;
	case P4_R_NAME:
		tref->type = check_name(cx, tref);
		break;
	case P4_R_STACK:
		tref->type = check_stack(cx, tref);
		break;
	case P4_R_TUPLE:
		tref->type = check_tuple(cx, tref);
		break;
	case P4_R_LIST:
		tref->type = check_list(cx, tref);
		break;
	case P4_R_DONTCARE:
		tref->type = cx->dontcare;
		break;
	}
	check_weight(cx, tref);
	return tref->type;
}

/* `_` may stand for a type argument of an object, whose use tells what it is. */
static bool has_dontcare(const struct p4_type *type)
{
	if (type->kind == P4_T_DONTCARE)
		return true;
	if (type->kind == P4_T_EXTERN || is_block(type))
		return false;
	for (uint32_t i = 0; i < type->n_args; i++)
		if (has_dontcare(type->args[i]))
			return true;
	return type->elem && type->kind != P4_T_NEW && type->kind != P4_T_ENUM &&
	       has_dontcare(type->elem);
}

/* The type of a field, variable, parameter or result, into decl->type. */
struct p4_type *seki_check_decl_type(struct p4_check *cx, struct p4_decl *decl)
{
	decl->type = decl->tref ? seki_check_type(cx, decl->tref) : cx->nothing;
	if (has_dontcare(decl->type)) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "'_' is not a type here");
		decl->type = cx->bad;
	}
	if ((seki_type_is_struct_like(decl->type) || decl->type->kind == P4_T_EXTERN) &&
	    decl->type->n_args == 0 && decl->type->decl->type_params) {
		seki_diag_error(cx->diags, decl->tref->tok->at,
				"'%s' needs its type arguments here", decl->type->decl->name);
		decl->type = cx->bad;
	}
	return decl->type;
}
