/* SPDX-License-Identifier: Apache-2.0 */
/* Types and the relations between them: see type.h. */
#include "compiler/p4/type.h"

#include <string.h>

#include "compiler/front/strbuf.h"
#include "compiler/p4/ast.h"

struct p4_type *seki_type_make(struct seki_arena *arena, enum p4_type_kind kind)
{
	struct p4_type *type = seki_arena_new(arena, struct p4_type);

	type->kind = kind;
	return type;
}

struct p4_type *seki_type_width(struct seki_arena *arena, enum p4_type_kind kind, uint32_t width)
{
	struct p4_type *type = seki_type_make(arena, kind);

	type->width = width;
	return type;
}

struct p4_type *seki_type_elem(struct seki_arena *arena, enum p4_type_kind kind,
			       struct p4_type *elem)
{
	struct p4_type *type = seki_type_make(arena, kind);

	type->elem = elem;
	return type;
}

struct p4_type *seki_type_decl(struct seki_arena *arena, enum p4_type_kind kind,
			       struct p4_decl *decl)
{
	struct p4_type *type = seki_type_make(arena, kind);

	type->decl = decl;
	return type;
}

bool seki_type_weigh(struct p4_type *type)
{
	type->weight = type->elem ? 1 + type->elem->weight : 0;
	for (uint32_t i = 0; i < type->n_args && type->weight <= SEKI_P4_MAX_TYPE_WEIGHT; i++)
		type->weight += 1 + type->args[i]->weight;
	return type->weight <= SEKI_P4_MAX_TYPE_WEIGHT;
}

/* ---- names ---- */

static const char *const fixed_names[P4_T_KINDS] = {
	[P4_T_BAD] = "?",
	[P4_T_VOID] = "void",
	[P4_T_BOOL] = "bool",
	[P4_T_INT] = "int",
	[P4_T_STRING] = "string",
	[P4_T_ERROR] = "error",
	[P4_T_MATCH_KIND] = "match_kind",
	[P4_T_CALLEE] = "a function",
	[P4_T_DONTCARE] = "_",
	[P4_T_DEFAULT] = "...",
	[P4_T_INVALID] = "{#}",
};

static void put_name(struct seki_strbuf *out, const struct p4_type *type, uint32_t depth);

#define MAX_SHOWN 8u

static void put_list(struct seki_strbuf *out, const struct p4_type *type, uint32_t depth)
{
	for (uint32_t i = 0; i < type->n_args; i++) {
		if (i)
			seki_strbuf_printf(out, ", ");
		if (i == MAX_SHOWN) {
			seki_strbuf_printf(out, "...");
			break;
		}
		put_name(out, type->args[i], depth + 1);
	}
}

static void put_decl(struct seki_strbuf *out, const struct p4_type *type, uint32_t depth)
{
	seki_strbuf_printf(out, "%s", type->decl->name);
	if (type->n_args == 0)
		return;
	seki_strbuf_printf(out, "<");
	put_list(out, type, depth);
	seki_strbuf_printf(out, ">");
}

static void put_name(struct seki_strbuf *out, const struct p4_type *type, uint32_t depth)
{
	if (depth > 4) {
		seki_strbuf_printf(out, "...");
		return;
	}
	switch (type->kind) {
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
		seki_strbuf_printf(out, "%s<%u>",
				   type->kind == P4_T_BIT      ? "bit"
				   : type->kind == P4_T_SIGNED ? "int"
							       : "varbit",
				   type->width);
		break;
	case P4_T_STACK:
		put_name(out, type->elem, depth + 1);
		seki_strbuf_printf(out, "[%u]", type->width);
		break;
	case P4_T_TUPLE:
	case P4_T_RECORD:
		seki_strbuf_printf(out, type->kind == P4_T_TUPLE ? "tuple<" : "{");
		put_list(out, type, depth);
		seki_strbuf_printf(out, type->kind == P4_T_TUPLE ? ">" : "}");
		break;
	case P4_T_LIST:
	case P4_T_SET:
		seki_strbuf_printf(out, type->kind == P4_T_LIST ? "list<" : "set<");
		put_name(out, type->elem, depth + 1);
		seki_strbuf_printf(out, ">");
		break;
	case P4_T_TYPE:
		seki_strbuf_printf(out, "type ");
		put_name(out, type->elem, depth + 1);
		break;
	default:
		if (fixed_names[type->kind])
			seki_strbuf_printf(out, "%s", fixed_names[type->kind]);
		else
			put_decl(out, type, depth);
		break;
	}
}

const char *seki_type_name(struct seki_arena *arena, const struct p4_type *type)
{
	struct seki_strbuf out = {.arena = arena};

	put_name(&out, type, 0);
	return out.data;
}

/* ---- relations ---- */

static bool equal_args(const struct p4_type *a, const struct p4_type *b)
{
	if (a->n_args != b->n_args)
		return false;
	for (uint32_t i = 0; i < a->n_args; i++)
		if (!seki_type_equal(a->args[i], b->args[i]))
			return false;
	return true;
}

bool seki_type_equal(const struct p4_type *a, const struct p4_type *b)
{
	if (a == b || a->kind == P4_T_BAD || b->kind == P4_T_BAD)
		return true;
	if (a->kind == P4_T_DONTCARE || b->kind == P4_T_DONTCARE)
		return true;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
		return a->width == b->width;
	case P4_T_STACK:
		return a->width == b->width && seki_type_equal(a->elem, b->elem);
	case P4_T_LIST:
	case P4_T_SET:
	case P4_T_TYPE:
		return seki_type_equal(a->elem, b->elem);
	case P4_T_TUPLE:
		return equal_args(a, b);
	default:
		return a->decl == b->decl && equal_args(a, b);
	}
}

const struct p4_type *seki_type_base(const struct p4_type *type)
{
	while ((type->kind == P4_T_NEW || type->kind == P4_T_ENUM) && type->elem)
		type = type->elem;
	return type;
}

bool seki_type_is_fixed(const struct p4_type *type)
{
	return type->kind == P4_T_BIT || type->kind == P4_T_SIGNED;
}

bool seki_type_is_number(const struct p4_type *type)
{
	return seki_type_is_fixed(type) || type->kind == P4_T_INT;
}

bool seki_type_is_struct_like(const struct p4_type *type)
{
	return type->kind == P4_T_STRUCT || type->kind == P4_T_HEADER || type->kind == P4_T_UNION;
}

/* Found once for each declaration: types within types would take exponential time. */
static bool fields_have_equality(const struct p4_type *type)
{
	struct p4_decl *decl = type->decl;

	if (decl->has_equality != P4_UNASKED)
		return decl->has_equality == P4_YES;
	decl->has_equality = P4_YES;
	for (const struct p4_decl *f = decl->members; f; f = f->next)
		if (f->type && f->type->kind != P4_T_VAR && !seki_type_has_equality(f->type))
			decl->has_equality = P4_NO;
	return decl->has_equality == P4_YES;
}

static bool fields_in_header(const struct p4_type *type)
{
	struct p4_decl *decl = type->decl;

	if (decl->in_header != P4_UNASKED)
		return decl->in_header == P4_YES;
	decl->in_header = P4_YES;
	for (const struct p4_decl *f = decl->members; f; f = f->next)
		if (f->type && (f->type->kind == P4_T_VARBIT || !seki_type_in_header(f->type)))
			decl->in_header = P4_NO;
	return decl->in_header == P4_YES;
}

bool seki_type_has_equality(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_BAD:
	case P4_T_BOOL:
	case P4_T_INT:
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
	case P4_T_ERROR:
	case P4_T_ENUM:
	case P4_T_MATCH_KIND:
	case P4_T_VAR:
	case P4_T_DONTCARE:
		return true;
	case P4_T_NEW:
	case P4_T_STACK:
		return seki_type_has_equality(type->elem);
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
		return fields_have_equality(type);
	case P4_T_TUPLE:
	case P4_T_RECORD:
		for (uint32_t i = 0; i < type->n_args; i++)
			if (!seki_type_has_equality(type->args[i]))
				return false;
		return true;
	default:
		return false;
	}
}

bool seki_type_is_value(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_BAD:
	case P4_T_BOOL:
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
	case P4_T_ERROR:
	case P4_T_ENUM:
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
	case P4_T_STACK:
	case P4_T_TUPLE:
	case P4_T_LIST:
	case P4_T_VAR:
	case P4_T_NEW:
		return true;
	default:
		return false;
	}
}

bool seki_type_is_scalar(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_BAD:
	case P4_T_BOOL:
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_ERROR:
	case P4_T_ENUM:
	case P4_T_NEW:
	case P4_T_VAR:
		return true;
	default:
		return false;
	}
}

bool seki_type_in_select(const struct p4_type *type)
{
	if (type->kind == P4_T_ERROR)
		return false;
	if (type->kind != P4_T_TUPLE)
		return seki_type_is_scalar(type);
	for (uint32_t i = 0; i < type->n_args; i++)
		if (!seki_type_in_select(type->args[i]))
			return false;
	return true;
}

bool seki_type_in_value_set(const struct p4_type *type)
{
	return type->kind == P4_T_STRUCT || type->kind == P4_T_TUPLE ||
	       (seki_type_is_scalar(type) && type->kind != P4_T_ERROR &&
		(type->kind != P4_T_ENUM || type->elem));
}

bool seki_type_in_list(const struct p4_type *type)
{
	return seki_type_is_value(type) || type->kind == P4_T_INT || type->kind == P4_T_STRING ||
	       type->kind == P4_T_MATCH_KIND || type->kind == P4_T_DONTCARE;
}

bool seki_type_in_header(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_BAD:
	case P4_T_BOOL:
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
	case P4_T_VAR:
		return true;
	case P4_T_ENUM:
		return type->elem != NULL;
	case P4_T_NEW:
		return seki_type_in_header(type->elem);
	case P4_T_STACK:
		return type->elem->kind != P4_T_HEADER && seki_type_in_header(type->elem);
	case P4_T_STRUCT:
		return fields_in_header(type);
	default:
		return false;
	}
}

bool seki_type_can_be_field(const struct p4_decl *owner, const struct p4_type *type)
{
	if (owner->kind == P4_D_HEADER)
		return seki_type_in_header(type);
	if (owner->kind == P4_D_UNION)
		return type->kind == P4_T_HEADER || type->kind == P4_T_BAD ||
		       type->kind == P4_T_VAR;
	return seki_type_is_value(type) && type->kind != P4_T_LIST;
}

/* ---- substitution ---- */

static struct p4_type *param_value(const struct p4_type *type, const struct p4_decl *params,
				   struct p4_type *const *args)
{
	return params && type->decl->owner == params->owner && type->decl->kind == P4_D_TYPE_PARAM
		       ? args[type->decl->index]
		       : NULL;
}

static struct p4_type *subst_inside(struct seki_arena *arena, struct p4_type *type,
				    const struct p4_decl *params, struct p4_type *const *args)
{
	struct p4_type *copy = seki_arena_new(arena, struct p4_type);

	*copy = *type;
	if (type->elem)
		copy->elem = seki_type_subst(arena, type->elem, params, args);
	if (type->n_args) {
		copy->args = seki_arena_alloc(arena, type->n_args * sizeof(*copy->args));
		for (uint32_t i = 0; i < type->n_args; i++)
			copy->args[i] = seki_type_subst(arena, type->args[i], params, args);
	}
	return copy;
}

struct p4_type *seki_type_subst(struct seki_arena *arena, struct p4_type *type,
				const struct p4_decl *params, struct p4_type *const *args)
{
	struct p4_type *value;

	if (!params || !args)
		return type;
	if (type->kind == P4_T_VAR) {
		value = param_value(type, params, args);
		return value ? value : type;
	}
	if (!type->elem && type->n_args == 0)
		return type;
	return subst_inside(arena, type, params, args);
}

struct p4_type *seki_type_field(struct seki_arena *arena, const struct p4_type *type,
				const struct p4_decl *field)
{
	if (!field->type)
		return seki_type_make(arena, P4_T_BAD);
	if (type->n_args == 0)
		return field->type;
	return seki_type_subst(arena, field->type, type->decl->type_params, type->args);
}

/* ---- size ---- */

/* The type arguments of the generic types that we are in. */
struct env {
	const struct env *outer;
	const struct p4_type *type;
};

/* Generic types within each other could take exponential time. */
#define MAX_STEPS 65536u

struct measure {
	enum p4_limit limit;
	uint32_t steps;
};

static int64_t measure_type(struct measure *m, const struct p4_type *type, const struct env *env);

/* Of a struct or header the sum of its fields, of a union the greatest of them. */
static int64_t measure_fields(struct measure *m, const struct p4_type *type, const struct env *env)
{
	bool sum = type->kind != P4_T_UNION;
	int64_t all = 0;

	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		int64_t bits = f->type ? measure_type(m, f->type, env) : -1;

		if (bits < 0 || all > INT32_MAX)
			return -1;
		if (sum)
			all += bits;
		else if (bits > all)
			all = bits;
	}
	return all;
}

/* Found once for each declaration: types within types would take exponential time. */
static int64_t measure_struct(struct measure *m, const struct p4_type *type, const struct env *env)
{
	const struct env inner = {.outer = env, .type = type};
	struct p4_decl *decl = type->decl;

	if (type->kind == P4_T_UNION && m->limit == P4_EXACTLY)
		return -1;
	if (type->n_args)
		return measure_fields(m, type, &inner);
	if (!decl->limits[m->limit])
		decl->limits[m->limit] = measure_fields(m, type, NULL) + 2;
	return decl->limits[m->limit] - 2;
}

static int64_t measure_tuple(struct measure *m, const struct p4_type *type, const struct env *env)
{
	int64_t all = 0;

	for (uint32_t i = 0; i < type->n_args; i++) {
		int64_t bits = measure_type(m, type->args[i], env);

		if (bits < 0 || all > INT32_MAX)
			return -1;
		all += bits;
	}
	return all;
}

static int64_t measure_var(struct measure *m, const struct p4_type *type, const struct env *env)
{
	const struct p4_type *value;

	if (!env)
		return -1;
	value = param_value(type, env->type->decl->type_params, env->type->args);
	return value ? measure_type(m, value, env->outer) : -1;
}

static int64_t measure_type(struct measure *m, const struct p4_type *type, const struct env *env)
{
	int64_t bits;

	if (m->steps++ > MAX_STEPS)
		return -1;
	type = seki_type_base(type);
	switch (type->kind) {
	case P4_T_BOOL:
		return 1;
	case P4_T_BIT:
	case P4_T_SIGNED:
		return type->width;
	case P4_T_VARBIT:
		return m->limit == P4_EXACTLY ? -1 : m->limit == P4_MOST ? (int64_t)type->width : 0;
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
		return measure_struct(m, type, env);
	case P4_T_STACK:
		bits = measure_type(m, type->elem, env);
		return bits < 0 || bits > INT32_MAX ? -1 : bits * type->width;
	case P4_T_TUPLE:
		return measure_tuple(m, type, env);
	case P4_T_VAR:
		return measure_var(m, type, env);
	default:
		return -1;
	}
}

int64_t seki_type_limit(const struct p4_type *type, enum p4_limit limit)
{
	struct measure m = {.limit = limit};

	return measure_type(&m, type, NULL);
}

int64_t seki_type_bits(const struct p4_type *type)
{
	return seki_type_limit(type, P4_EXACTLY);
}
