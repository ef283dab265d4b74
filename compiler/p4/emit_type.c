/* SPDX-License-Identifier: Apache-2.0 */
/* Types, constants and maps in C. */
#include "compiler/p4/emit.h"

#include <string.h>

uint32_t seki_olde_cwidth(uint32_t width)
{
	return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : width <= 64 ? 64 : 128;
}

bool seki_olde_is_scalar(const struct p4_type *type)
{
	type = seki_type_base(type);
	return type->kind == P4_T_BIT || type->kind == P4_T_SIGNED || type->kind == P4_T_BOOL ||
	       type->kind == P4_T_ENUM || type->kind == P4_T_ERROR;
}

uint32_t seki_olde_width(const struct p4_type *type)
{
	type = seki_type_base(type);
	if (type->kind == P4_T_BOOL)
		return 1;
	return seki_type_is_fixed(type) ? type->width : 32;
}

static bool has_ctype(const struct p4_type *type)
{
	uint32_t width = seki_olde_width(type);

	return width && width <= (seki_type_base(type)->kind == P4_T_SIGNED ? 64 : 128);
}

/* The first scalar in a struct or header that no C type holds, or NULL. */
static const struct p4_decl *find_too_wide(const struct p4_decl *decl)
{
	for (const struct p4_decl *f = decl->members; f; f = f->next) {
		const struct p4_decl *inner = NULL;

		if (seki_olde_is_scalar(f->type) && !has_ctype(f->type))
			return f;
		if (f->type->kind == P4_T_STRUCT || f->type->kind == P4_T_HEADER)
			inner = find_too_wide(f->type->decl);
		if (inner)
			return inner;
	}
	return NULL;
}

const char *seki_olde_ctype(struct p4_emit *em, const struct p4_type *type,
			    const struct seki_token *tok)
{
	const struct p4_type *base = seki_type_base(type);

	if (seki_olde_is_scalar(base)) {
		uint32_t width = seki_olde_width(base);

		if (!has_ctype(base))
			seki_diag_unsupported(em->diags, tok->at, "values of type %s are",
					      seki_type_name(em->arena, type));
		return seki_olde_text(em, "u%u", seki_olde_cwidth(width));
	}
	if ((base->kind == P4_T_STRUCT || base->kind == P4_T_HEADER) && base->n_args == 0) {
		const struct p4_decl *field = find_too_wide(base->decl);

		if (field)
			seki_diag_unsupported(em->diags, field->tok->at, "values of type %s are",
					      seki_type_name(em->arena, field->type));
		return seki_olde_text(em, "struct s$%s", base->decl->name);
	}
	seki_diag_unsupported(em->diags, tok->at, "values of type %s are",
			      seki_type_name(em->arena, type));
	return "u8";
}

const char *seki_olde_literal(struct p4_emit *em, const struct p4_type *type, struct p4_num num)
{
	uint32_t width = seki_olde_width(type);
	struct p4_num bits = seki_num_wrap(em->arena, &num, width, false);
	unsigned long long low = seki_num_word(&bits, 0);

	if (width <= 32)
		return seki_olde_text(em, "%uu", (uint32_t)low);
	if (width <= 64)
		return seki_olde_text(em, "0x%llxull", low);
	return seki_olde_text(em, "(((u128)0x%llxull << 64) | 0x%llxull)",
			      (unsigned long long)seki_num_word(&bits, 1), low);
}

static void emit_struct(struct p4_emit *em, const struct p4_decl *decl)
{
	seki_olde_line(em, "struct s$%s {", decl->name);
	for (const struct p4_decl *f = decl->members; f; f = f->next)
		if (f->type->kind != P4_T_VARBIT)
			seki_olde_line(em, "\t%s f_%s;", seki_olde_ctype(em, f->type, f->tok),
				       f->name);
	if (decl->kind == P4_D_HEADER)
		seki_olde_line(em, "\tu8 valid;");
	else if (!decl->members)
		seki_olde_line(em, "\tu8 nothing;");
	seki_olde_line(em, "};");
}

void seki_olde_types(struct p4_emit *em)
{
	for (const struct p4_decl *d = em->lower->program->decls; d; d = d->next)
		if ((d->kind == P4_D_STRUCT || d->kind == P4_D_HEADER) && !d->type_params &&
		    !find_too_wide(d))
			emit_struct(em, d);
}

/* ---- maps ---- */

/* A field of a key or value: as an integer, or as bytes, least significant first. */
static void emit_field(struct p4_emit *em, const struct p4_type *type, const char *name,
		       const struct seki_token *tok)
{
	uint32_t width = seki_olde_width(type);

	if (width > 64)
		seki_olde_line(em, "\tu8 $%s[%u];", name, (width + 7) / 8);
	else
		seki_olde_line(em, "\t%s $%s;", seki_olde_ctype(em, type, tok), name);
}

static void emit_action_data(struct p4_emit *em, const struct p4_action_ref *ref)
{
	bool any = false;

	for (const struct p4_decl *p = ref->action->params; p; p = p->next)
		any |= p->dir == P4_DIR_NONE;
	if (!any)
		return;
	seki_olde_line(em, "\t\tstruct {");
	for (const struct p4_decl *p = ref->action->params; p; p = p->next)
		if (p->dir == P4_DIR_NONE)
			emit_field(em, p->type, p->name, p->tok);
	seki_olde_line(em, "\t\t} %s$%u;", ref->action->name, ref->index);
}

static void emit_map(struct p4_emit *em, const char *name, const char *suffix, uint32_t type,
		     const char *key, const char *value, uint32_t size)
{
	seki_olde_line(
		em,
		"struct map_def %s$map%s asm(\"%s%s\") = {%uu, sizeof(%s), sizeof(%s), %uu, 0};",
		name, suffix, name, suffix, type, key, value, size);
}

/* A constant as the initialiser of such a field. */
static const char *initialiser(struct p4_emit *em, const struct p4_type *type, struct p4_num num)
{
	uint32_t width = seki_olde_width(type);
	struct seki_strbuf text = {.arena = em->arena};

	if (width <= 64)
		return seki_olde_literal(em, type, num);
	num = seki_num_wrap(em->arena, &num, width, false);
	seki_strbuf_printf(&text, "{");
	for (uint32_t i = 0; i < (width + 7) / 8; i++)
		seki_strbuf_printf(&text, "%u,",
				   (uint32_t)(seki_num_word(&num, i / 8) >> (i % 8 * 8)) & 0xff);
	seki_strbuf_printf(&text, "}");
	return text.data;
}

/* { .action = 2, .u.a_set = { .port = 7 } } */
static const char *action_value(struct p4_emit *em, const struct p4_action_ref *ref)
{
	struct seki_strbuf text = {.arena = em->arena};
	const struct p4_expr *arg = ref->call->args;

	seki_strbuf_printf(&text, "{.action = %uu", ref->index);
	for (const struct p4_decl *p = ref->action->params; p && arg; p = p->next) {
		if (p->dir == P4_DIR_NONE) {
			if (!arg->known)
				seki_diag_error(em->diags, seki_expr_span(arg),
						"an argument in a table must be known at compile "
						"time");
			seki_strbuf_printf(&text, ", .u.%s$%u.$%s = %s", ref->action->name,
					   ref->index, p->name, initialiser(em, p->type, arg->num));
		}
		arg = arg->next;
	}
	seki_strbuf_printf(&text, "}");
	return text.data;
}

static void emit_entry(struct p4_emit *em, const struct p4_map *map,
		       const struct p4_action_ref *entry)
{
	struct seki_strbuf text = {.arena = em->arena};

	seki_strbuf_printf(&text, "\t{{");
	for (uint32_t i = 0; i < map->n_fields; i++) {
		const struct p4_expr *e = entry->keyset;

		if (map->n_fields > 1 || e->kind == P4_E_LIST) {
			e = entry->keyset->args;
			for (uint32_t n = map->fields[i].position; n; n--)
				e = e->next;
		}
		if (!e->known) {
			seki_diag_error(em->diags, seki_expr_span(e),
					"an exact key needs one value that is known at compile "
					"time");
			return;
		}
		seki_strbuf_printf(&text, ".$%s = %s, ", map->fields[i].name,
				   initialiser(em, map->fields[i].type, e->num));
	}
	seki_olde_line(em, "%s}, %s},", text.data, action_value(em, entry));
}

static void emit_entries(struct p4_emit *em, const struct p4_map *map)
{
	const struct p4_action_ref *e = map->decl->table->entries;

	if (!e)
		return;
	seki_olde_line(em, "const struct __attribute__((packed)) {");
	seki_olde_line(em, "\tstruct %s$key key;\n\tstruct %s$value value;", map->name, map->name);
	seki_olde_line(em, "} %s$init[] asm(\"seki_init_%s\") INIT = {", map->name, map->name);
	for (; e; e = e->next)
		if (e->action && !e->shadowed)
			emit_entry(em, map, e);
	seki_olde_line(em, "};");
}

/* A table without a default action does NoAction; where its list lacks that, what no action has. */
static uint32_t missing_default(const struct p4_table *table)
{
	for (const struct p4_action_ref *ref = table->actions; ref; ref = ref->next)
		if (ref->action && !ref->action->owner &&
		    strcmp(ref->action->name, "NoAction") == 0)
			return ref->index;
	return ~0u;
}

static void emit_default(struct p4_emit *em, const struct p4_map *map)
{
	const struct p4_action_ref *ref = map->decl->table->default_action;

	if (ref && ref->is_const)
		return;
	emit_map(em, map->name, "_defaultAction", 1, "u32",
		 seki_olde_text(em, "struct %s$value", map->name), 1);
	seki_olde_line(em, "const struct __attribute__((packed)) {");
	seki_olde_line(em, "\tu32 key;\n\tstruct %s$value value;", map->name);
	seki_olde_line(
		em,
		"} %s$init_defaultAction[] asm(\"seki_init_%s_defaultAction\") INIT = {{0, %s}};",
		map->name, map->name,
		ref && ref->action
			? action_value(em, ref)
			: seki_olde_text(em, "{.action = %uu}", missing_default(map->decl->table)));
}

/* The numbers of the actions, by name: for control planes that read the C. */
static void emit_action_numbers(struct p4_emit *em, const struct p4_map *map)
{
	const struct p4_action_ref *ref = map->decl->table->actions;

	if (!ref)
		return;
	seki_olde_line(em, "enum %s$actions {", map->name);
	for (; ref; ref = ref->next)
		if (ref->action)
			seki_olde_line(em, "\t%s$%s$%u = %u,", map->name, ref->action->name,
				       ref->index, ref->index);
	seki_olde_line(em, "};");
}

static void emit_table(struct p4_emit *em, const struct p4_map *map)
{
	if (map->n_fields) {
		seki_olde_line(em, "struct %s$key {", map->name);
		for (uint32_t i = 0; i < map->n_fields; i++)
			emit_field(em, map->fields[i].type, map->fields[i].name,
				   map->fields[i].key->tok);
		seki_olde_line(em, "};");
	}
	emit_action_numbers(em, map);
	seki_olde_line(em, "struct %s$value {\n\tu32 action;\n\tunion {", map->name);
	for (const struct p4_action_ref *ref = map->decl->table->actions; ref; ref = ref->next)
		emit_action_data(em, ref);
	seki_olde_line(em, "\t} u;\n};");
	if (map->n_fields) {
		emit_map(em, map->name, "", 4, seki_olde_text(em, "struct %s$key", map->name),
			 seki_olde_text(em, "struct %s$value", map->name), map->size);
		emit_entries(em, map);
	}
	emit_default(em, map);
}

void seki_olde_maps(struct p4_emit *em)
{
	for (const struct p4_map *map = em->lower->maps; map; map = map->next) {
		if (map->kind == P4_MAP_TABLE)
			emit_table(em, map);
		else
			emit_map(em, map->name, "", 4,
				 seki_olde_ctype(em, map->key_type, map->decl->tok),
				 seki_olde_ctype(em, map->value_type, map->decl->tok), map->size);
	}
}
