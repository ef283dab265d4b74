/* SPDX-License-Identifier: Apache-2.0 */
/* Applying a table: key, lookup, default action, the action that was found. */
#include "compiler/p4/emit.h"

static void emit_key(struct p4_emit *em, const struct p4_map *map, const char *key)
{
	seki_olde_line(em, "struct %s$key %s;\n\t__builtin_memset(&%s, 0, sizeof(%s));", map->name,
		       key, key, key);
	for (uint32_t i = 0; i < map->n_fields; i++) {
		const struct p4_map_field *f = &map->fields[i];
		const char *value = seki_olde_expr(em, f->key->expr);

		if (seki_olde_width(f->type) <= 64)
			seki_olde_line(em, "%s.$%s = %s;", key, f->name, value);
		else
			seki_olde_line(em,
				       "{\n\tu128 wide = %s;\n\t__builtin_memcpy(%s.$%s, &wide, "
				       "sizeof(%s.$%s));\n\t}",
				       value, key, f->name, key, f->name);
	}
}

/* C text of an action's data: a member of the value that was found. */
static const char *data_text(struct p4_emit *em, const struct p4_action_ref *ref,
			     const struct p4_decl *p, const char *value)
{
	const char *member = seki_olde_text(em, "%s->u.%s$%u.$%s", value, ref->action->name,
					    ref->index, p->name);

	if (seki_olde_width(p->type) <= 64)
		return member;
	return seki_olde_text(em,
			      "({ u128 wide = 0; __builtin_memcpy(&wide, %s, sizeof(%s)); wide; })",
			      member, member);
}

/*
 * Runs an action of the table. Directed parameters get what the list of actions binds to them; the
 * others come from `value`, or from `choice` where the action is known now.
 */
static void emit_action(struct p4_emit *em, const struct p4_action_ref *ref,
			const struct p4_action_ref *choice, const char *value)
{
	const struct p4_decl *action = ref->action;
	uint32_t n = seki_decl_count(action->params), i = 0;
	struct p4_expr **bound = seki_arena_alloc(em->arena, (n + 1) * sizeof(*bound));
	const char **data = seki_arena_alloc(em->arena, (n + 1) * sizeof(*data));
	struct p4_expr *listed = ref->call->args;
	struct p4_expr *chosen = choice ? choice->call->args : NULL;

	for (const struct p4_decl *p = action->params; p; p = p->next, i++) {
		if (p->dir != P4_DIR_NONE) {
			bound[i] = chosen ? chosen : listed;
			listed = listed ? listed->next : NULL;
		} else if (choice) {
			bound[i] = chosen;
		} else {
			data[i] = data_text(em, ref, p, value);
		}
		chosen = chosen ? chosen->next : NULL;
	}
	seki_olde_inline(em, action, bound, data, NULL);
}

static void emit_found(struct p4_emit *em, const struct p4_map *map, const char *value,
		       const char *run)
{
	if (run)
		seki_olde_line(em, "%s = %s->action;", run, value);
	seki_olde_line(em, "switch (%s->action) {", value);
	for (const struct p4_action_ref *ref = map->decl->table->actions; ref; ref = ref->next) {
		if (!ref->action)
			continue;
		seki_olde_line(em, "case %u:", ref->index);
		emit_action(em, ref, NULL, value);
		seki_olde_line(em, "break;");
	}
	seki_olde_line(em, "default:\n\tbreak;\n\t}");
}

static const struct p4_action_ref *in_list(const struct p4_table *table,
					   const struct p4_action_ref *choice)
{
	for (const struct p4_action_ref *ref = table->actions; ref; ref = ref->next)
		if (ref->action == choice->action)
			return ref;
	return choice;
}

/* A default action that cannot be changed needs no map. */
static void emit_const_default(struct p4_emit *em, const struct p4_table *table, const char *run)
{
	const struct p4_action_ref *choice = table->default_action;
	const struct p4_action_ref *ref = in_list(table, choice);

	seki_olde_line(em, "{");
	if (run)
		seki_olde_line(em, "%s = %u;", run, ref->index);
	emit_action(em, ref, choice, NULL);
	seki_olde_line(em, "}");
}

void seki_olde_apply(struct p4_emit *em, const struct p4_decl *table, const char *hit,
		     const char *run)
{
	const struct p4_map *map = seki_old_map(em->lower, table);
	const struct p4_action_ref *def = table->table->default_action;
	bool fixed = def && def->is_const && def->action;
	uint32_t id = seki_olde_id(em);
	const char *value = seki_olde_text(em, "value%u", id);

	if (!map) {
		seki_diag_unsupported(
			em->diags, table->tok->at,
			"a table of a control that is applied without an instance is");
		return;
	}
	seki_olde_line(em, "{\n\tstruct %s$value *%s = 0;", map->name, value);
	if (map->n_fields) {
		const char *key = seki_olde_text(em, "key%u", id);

		emit_key(em, map, key);
		seki_olde_line(em, "%s = ubpf_map_lookup(&%s$map, &%s);", value, map->name, key);
	}
	if (hit)
		seki_olde_line(em, "%s = %s != 0;", hit, value);
	if (!fixed)
		seki_olde_line(em,
			       "if (!%s) {\n\tu32 zero = 0;\n\t%s = "
			       "ubpf_map_lookup(&%s$map_defaultAction, &zero);\n\t}",
			       value, value, map->name);
	seki_olde_line(em, "if (%s) {", value);
	emit_found(em, map, value, run);
	seki_olde_line(em, "}");
	if (fixed) {
		seki_olde_line(em, "else");
		emit_const_default(em, table->table, run);
	}
	seki_olde_line(em, "}");
}
