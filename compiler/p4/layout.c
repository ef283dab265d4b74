/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: of tables, named and laid out as p4c's uBPF back end does it (<control>_<table>, key fields
 * named after their expressions, widest first), and of registers.
 */
#include "compiler/p4/lower.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_ENTRIES 65535u
#define MAX_ENTRIES	1048576u

char *seki_old_cname(struct seki_arena *arena, const char *text)
{
	size_t n = strlen(text);
	char *name = seki_arena_dup(arena, text, n);

	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
			    name[i]))
			name[i] = '_';
	return name;
}

const struct p4_map *seki_old_map(const struct p4_lower *lower, const struct p4_decl *decl)
{
	for (const struct p4_map *m = lower->maps; m; m = m->next)
		if (m->decl == decl)
			return m;
	return NULL;
}

/* hdr.ipv4.dstAddr as hdr_ipv4_dstAddr; anything else after its source text. */
static char *expr_name(struct p4_lower *lower, const struct p4_expr *expr)
{
	struct seki_span at = seki_expr_span(expr);

	if (expr->kind == P4_E_NAME)
		return seki_old_cname(lower->arena, expr->name);
	if (expr->kind == P4_E_MEMBER)
		return seki_arena_printf(lower->arena, "%s_%s", expr_name(lower, expr->a),
					 expr->name);
	return seki_old_cname(lower->arena,
			      seki_arena_dup(lower->arena, at.src->text + at.off, at.len));
}

static bool key_name_taken(const struct p4_map *map, const char *name)
{
	for (uint32_t i = 0; i < map->n_fields; i++)
		if (strcmp(map->fields[i].name, name) == 0)
			return true;
	return false;
}

static void add_key(struct p4_lower *lower, struct p4_map *map, const struct p4_key *key)
{
	struct p4_map_field f = {.type = key->expr->type, .key = key, .position = map->n_fields};
	const struct p4_type *base = seki_type_base(f.type);
	uint32_t at = map->n_fields;

	if (strcmp(key->match, "exact") != 0) {
		seki_diag_unsupported(lower->diags, key->match_tok->at, "'%s' keys are",
				      key->match);
		return;
	}
	if (base->kind != P4_T_BIT && base->kind != P4_T_SIGNED && base->kind != P4_T_BOOL &&
	    base->kind != P4_T_ENUM) {
		seki_diag_unsupported(lower->diags, seki_expr_span(key->expr),
				      "keys of type %s are", seki_type_name(lower->arena, f.type));
		return;
	}
	f.name = key->rename ? seki_old_cname(lower->arena, key->rename)
			     : expr_name(lower, key->expr);
	if (key_name_taken(map, f.name))
		f.name = seki_arena_printf(lower->arena, "%s_%u", f.name, f.position);
	while (at > 0 && seki_type_base(map->fields[at - 1].type)->width < base->width) {
		map->fields[at] = map->fields[at - 1];
		at--;
	}
	map->fields[at] = f;
	map->n_fields++;
}

static struct p4_map *add_map(struct p4_lower *lower, const struct p4_decl *decl,
			      enum p4_map_kind kind, const char *prefix)
{
	struct p4_map *map = seki_arena_new(lower->arena, struct p4_map);
	struct p4_map **end = &lower->maps;
	const char *name = decl->rename ? decl->rename : decl->name;

	while (*end)
		end = &(*end)->next;
	*end = map;
	map->kind = kind;
	map->decl = decl;
	if (name[0] == '.')
		name++;
	map->name = seki_old_cname(lower->arena,
				   seki_arena_printf(lower->arena, "%s_%s", prefix, name));
	map->size = DEFAULT_ENTRIES;
	return map;
}

static void check_size(struct p4_lower *lower, struct p4_map *map, const struct p4_expr *size)
{
	uint64_t n = seki_num_to_u64(&size->num);

	if (n >= 1 && n <= MAX_ENTRIES)
		map->size = (uint32_t)n;
	else
		seki_diag_error(lower->diags, seki_expr_span(size), "a size is from 1 to %u here",
				MAX_ENTRIES);
}

static void add_table(struct p4_lower *lower, const struct p4_decl *decl, const char *prefix)
{
	struct p4_map *map = add_map(lower, decl, P4_MAP_TABLE, prefix);
	const struct p4_table *table = decl->table;
	uint32_t n = 0, entries = 0;

	for (const struct p4_key *k = table->keys; k; k = k->next)
		n++;
	map->fields = seki_arena_alloc(lower->arena, (n + 1) * sizeof(*map->fields));
	for (const struct p4_key *k = table->keys; k; k = k->next)
		add_key(lower, map, k);
	for (const struct p4_action_ref *e = table->entries; e; e = e->next)
		entries++;
	for (const struct p4_property *p = table->properties; p; p = p->next) {
		if (strcmp(p->name, "size") == 0)
			check_size(lower, map, p->value);
		else
			seki_diag_unsupported(lower->diags, p->tok->at, "property '%s' is",
					      p->name);
	}
	if (table->const_entries && entries)
		map->size = entries;
	if (entries > map->size)
		seki_diag_error(lower->diags, decl->tok->at,
				"table '%s' has %u entries, more than its size", decl->name,
				entries);
}

static bool is_scalar(const struct p4_type *type)
{
	type = seki_type_base(type);
	return type->kind == P4_T_BIT || type->kind == P4_T_SIGNED || type->kind == P4_T_BOOL ||
	       type->kind == P4_T_ENUM;
}

static void add_maps(struct p4_lower *lower, struct p4_decl *control, const char *prefix);

static void add_instance(struct p4_lower *lower, const struct p4_decl *decl, const char *prefix)
{
	struct p4_map *map;

	if (decl->type->kind == P4_T_CONTROL) {
		add_maps(lower, decl->type->decl,
			 seki_arena_printf(lower->arena, "%s_%s", prefix, decl->name));
		return;
	}

	if (decl->type->kind != P4_T_EXTERN || strcmp(decl->type->decl->name, "Register") != 0) {
		seki_diag_unsupported(lower->diags, decl->tok->at, "instances of %s are",
				      seki_type_name(lower->arena, decl->type));
		return;
	}
	map = add_map(lower, decl, P4_MAP_REGISTER, prefix);
	map->value_type = decl->type->args[0];
	map->key_type = decl->type->args[1];
	if (!is_scalar(map->key_type) || !is_scalar(map->value_type))
		seki_diag_unsupported(lower->diags, decl->tok->at, "registers of %s are",
				      seki_type_name(lower->arena, decl->type));
	check_size(lower, map, decl->args);
}

/* Of a control and of those that are instances in it. */
static void add_maps(struct p4_lower *lower, struct p4_decl *control, const char *prefix)
{
	bool again = control->mark == P4_VISITED;

	control->mark = P4_VISITED;
	for (const struct p4_decl *d = control->members; d; d = d->next) {
		if (d->kind != P4_D_TABLE && d->kind != P4_D_INSTANCE)
			continue;
		if (again)
			seki_diag_unsupported(lower->diags, d->tok->at,
					      "a second instance of a control with tables is");
		else if (d->kind == P4_D_TABLE)
			add_table(lower, d, prefix);
		else
			add_instance(lower, d, prefix);
	}
}

/* ---- symbols ---- */

/* The i-th symbol that a map makes in the object, or NULL. */
static const char *symbol(struct p4_lower *lower, const struct p4_map *map, uint32_t i)
{
	const struct p4_table *table = map->kind == P4_MAP_TABLE ? map->decl->table : NULL;
	bool variable = table && !(table->default_action && table->default_action->is_const);
	bool there[] = {true, table && table->entries, variable, variable};

	if (!there[i])
		return NULL;
	return seki_arena_printf(lower->arena, "%s%s%s", i & 1 ? "seki_init_" : "", map->name,
				 i & 2 ? "_defaultAction" : "");
}

static bool clash(struct p4_lower *lower, const struct p4_map *a, const struct p4_map *b)
{
	if (!strstr(a->name, b->name) && !strstr(b->name, a->name))
		return false;
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t k = 0; k < 4; k++) {
			const char *x = symbol(lower, a, i), *y = symbol(lower, b, k);

			if (x && y && strcmp(x, y) == 0)
				return true;
		}
	return false;
}

/* The names of maps are what a control plane knows: they cannot be changed to keep them apart. */
static void check_symbols(struct p4_lower *lower)
{
	for (const struct p4_map *b = lower->maps; b; b = b->next)
		for (const struct p4_map *a = lower->maps; a != b; a = a->next) {
			struct seki_diag *diag;

			if (!clash(lower, a, b))
				continue;
			diag = seki_diag_error(lower->diags, b->decl->tok->at,
					       "the map '%s' of this has the name of another map",
					       b->name);
			seki_diag_note(lower->diags, diag, a->decl->tok->at,
				       "the map '%s' is this's", a->name);
		}
}

int seki_old_maps(struct p4_lower *lower)
{
	add_maps(lower, lower->pipeline, lower->pipeline->name);
	check_symbols(lower);
	for (const struct p4_decl *d = lower->parser->members; d; d = d->next)
		if (d->kind == P4_D_INSTANCE || d->kind == P4_D_VALUE_SET)
			seki_diag_unsupported(lower->diags, d->tok->at, "%s in a parser are",
					      d->kind == P4_D_INSTANCE ? "instances"
								       : "value sets");
	return lower->diags->errors ? -EINVAL : 0;
}
