/* SPDX-License-Identifier: Apache-2.0 */
/* Tables (P4_16 specification, section 14.2). */
#include <string.h>

#include "compiler/p4/check.h"

static void check_keys(struct p4_check *cx, struct p4_table *table)
{
	for (struct p4_key *key = table->keys; key; key = key->next) {
		const struct p4_decl *kind = cx->match_kinds;

		seki_check_value(cx, key->expr, NULL);
		if (!seki_type_has_equality(key->expr->type) ||
		    seki_type_is_struct_like(key->expr->type) ||
		    key->expr->type->kind == P4_T_TUPLE || key->expr->type->kind == P4_T_STACK)
			seki_diag_error(cx->diags, seki_expr_span(key->expr), "%s cannot be a key",
					seki_type_name(cx->arena, key->expr->type));
		while (kind && strcmp(kind->name, key->match) != 0)
			kind = kind->overload;
		if (!kind && key->match[0] != '?')
			seki_diag_error(cx->diags, key->match_tok->at, "no match kind '%s' here",
					key->match);
	}
}

/* The parameters of an action that its caller, not the table, gives. */
static uint32_t count_directed(const struct p4_decl *action)
{
	uint32_t n = 0;

	for (const struct p4_decl *p = action->params; p; p = p->next)
		n += p->dir != P4_DIR_NONE;
	return n;
}

static struct p4_decl *find_action(struct p4_check *cx, struct p4_action_ref *ref)
{
	struct p4_expr *name = ref->call->a;
	struct p4_decl *decl;

	if (ref->call->kind != P4_E_CALL || name->kind != P4_E_NAME) {
		seki_diag_error(cx->diags, seki_expr_span(ref->call), "expected an action");
		return NULL;
	}
	decl = seki_scope_need(cx, name->tok, name->name, name->global, "action");
	if (decl && decl->kind != P4_D_ACTION) {
		seki_diag_error(cx->diags, name->tok->at, "'%s' is not an action", name->name);
		return NULL;
	}
	if (decl)
		decl->used = true;
	name->decl = decl;
	name->type = cx->callee;
	return decl;
}

static void check_arg(struct p4_check *cx, struct p4_expr *arg, const struct p4_decl *param)
{
	if (param->dir == P4_DIR_OUT || param->dir == P4_DIR_INOUT) {
		if (arg->kind == P4_E_DONTCARE && param->dir == P4_DIR_OUT) {
			arg->type = cx->dontcare;
			return;
		}
		seki_check_expr(cx, arg);
		if (seki_check_lvalue(cx, arg) && !seki_type_equal(arg->type, param->type))
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"parameter '%s' is of type %s", param->name,
					seki_type_name(cx->arena, param->type));
		return;
	}
	seki_check_value(cx, arg, param->type);
}

/* Arguments of `n` parameters, counted from the first. */
static void check_args(struct p4_check *cx, struct p4_action_ref *ref, uint32_t n)
{
	const struct p4_decl *p = ref->action->params;
	struct p4_expr *arg = ref->call->args;

	for (uint32_t i = 0; arg || i < n; i++) {
		if (!arg || i >= n || !p) {
			seki_diag_error(cx->diags, seki_expr_span(ref->call),
					"'%s' takes %u argument%s here, not %u", ref->action->name,
					n, n == 1 ? "" : "s", seki_expr_count(ref->call->args));
			return;
		}
		if (arg->arg_name && strcmp(arg->arg_name, p->name) != 0) {
			seki_diag_unsupported(cx->diags, seki_expr_span(arg),
					      "named arguments in another order are");
			return;
		}
		check_arg(cx, arg, p);
		arg = arg->next;
		p = p->next;
	}
}

static void check_actions(struct p4_check *cx, struct p4_table *table)
{
	uint32_t index = 0;

	for (struct p4_action_ref *ref = table->actions; ref; ref = ref->next) {
		ref->index = index++;
		ref->action = find_action(cx, ref);
		if (!ref->action)
			continue;
		for (const struct p4_action_ref *o = table->actions; o != ref; o = o->next)
			if (o->action == ref->action)
				seki_diag_error(cx->diags, ref->tok->at,
						"action '%s' is listed twice", ref->action->name);
		ref->call->call = P4_CALL_ACTION;
		ref->call->callee = ref->action;
		check_args(cx, ref, count_directed(ref->action));
	}
}

/* A default action or the action of an entry: one of the list, with all arguments. */
static void check_choice(struct p4_check *cx, struct p4_table *table, struct p4_action_ref *ref)
{
	const struct p4_action_ref *in_list = table->actions;
	struct p4_decl *action = find_action(cx, ref);
	uint32_t directed, n;

	if (!action)
		return;
	ref->action = action;
	while (in_list && in_list->action != action)
		in_list = in_list->next;
	if (!in_list) {
		seki_diag_error(cx->diags, ref->call->a->tok->at,
				"'%s' is not in the table's list of actions", action->name);
		return;
	}
	ref->index = in_list->index;
	ref->call->call = P4_CALL_ACTION;
	ref->call->callee = action;
	directed = count_directed(action);
	n = seki_decl_count(action->params);
	check_args(cx, ref, n);
	if (directed && in_list->call->args && ref->call->args) {
		const struct p4_expr *a = in_list->call->args, *b = ref->call->args;

		for (; a && b && directed; a = a->next, b = b->next, directed--)
			if (a->decl != b->decl || a->kind != b->kind)
				seki_diag_error(cx->diags, seki_expr_span(b),
						"not the argument that the list of actions has");
	}
}

/* ---- entries with the same keys ---- */

/* The n-th keyset of an entry, or NULL where it is not one known value. */
static const struct p4_expr *entry_key(const struct p4_action_ref *entry, uint32_t n)
{
	const struct p4_expr *e = entry->keyset;

	if (e->kind == P4_E_LIST)
		for (e = e->args; e && n; n--)
			e = e->next;
	return e && e->known && e->type && e->type->kind != P4_T_SET ? e : NULL;
}

static bool hash_entry(const struct p4_action_ref *entry, uint32_t n_keys, uint32_t *out)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < n_keys; i++) {
		const struct p4_expr *e = entry_key(entry, i);

		if (!e)
			return false;
		hash = (hash ^ (uint64_t)e->num.mag ^ (uint64_t)(e->num.mag >> 64)) *
		       0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	*out = (uint32_t)hash;
	return true;
}

static bool same_keys(const struct p4_action_ref *a, const struct p4_action_ref *b, uint32_t n_keys)
{
	for (uint32_t i = 0; i < n_keys; i++)
		if (seki_num_cmp(&entry_key(a, i)->num, &entry_key(b, i)->num) != 0)
			return false;
	return true;
}

/* Entries are looked at in their order: one whose keys an earlier one has never matches. */
static void find_shadowed(struct p4_check *cx, struct p4_table *table, uint32_t n_keys)
{
	uint32_t n = 0, size = 16, hash;
	struct p4_action_ref **slots;

	for (const struct p4_action_ref *e = table->entries; e; e = e->next)
		n++;
	while (size < 2 * n)
		size *= 2;
	slots = seki_arena_alloc(cx->arena, size * sizeof(*slots));
	for (struct p4_action_ref *e = table->entries; e; e = e->next) {
		if (!hash_entry(e, n_keys, &hash))
			continue;
		hash &= size - 1;
		while (slots[hash] && !same_keys(slots[hash], e, n_keys))
			hash = (hash + 1) & (size - 1);
		if (slots[hash]) {
			struct seki_diag *diag = seki_diag_warning(
				cx->diags, seki_expr_span(e->keyset),
				"this entry never matches: an earlier one has the same keys");

			seki_diag_note(cx->diags, diag, seki_expr_span(slots[hash]->keyset),
				       "the entry that matches");
			e->shadowed = true;
		} else {
			slots[hash] = e;
		}
	}
}

static bool all_exact(const struct p4_table *table)
{
	for (const struct p4_key *key = table->keys; key; key = key->next)
		if (strcmp(key->match, "exact") != 0)
			return false;
	return true;
}

static void check_entries(struct p4_check *cx, struct p4_table *table)
{
	struct p4_type *key = seki_type_make(cx->arena, P4_T_TUPLE);
	uint32_t n = 0;

	for (const struct p4_key *k = table->keys; k; k = k->next)
		n++;
	if (table->entries_tok && n == 0) {
		seki_diag_error(cx->diags, table->entries_tok->at,
				"a table without keys has no entries");
		return;
	}
	key->args = seki_arena_alloc(cx->arena, (n + 1) * sizeof(*key->args));
	for (const struct p4_key *k = table->keys; k; k = k->next)
		key->args[key->n_args++] = k->expr->type;
	for (struct p4_action_ref *e = table->entries; e; e = e->next) {
		seki_check_keyset(cx, e->keyset, key);
		if (e->priority)
			seki_check_value(cx, e->priority, NULL);
		check_choice(cx, table, e);
	}
	if (table->entries && all_exact(table))
		find_shadowed(cx, table, n);
}

static void check_properties(struct p4_check *cx, struct p4_table *table)
{
	uint32_t size;

	for (struct p4_property *p = table->properties; p; p = p->next) {
		if (strcmp(p->name, "size") == 0)
			seki_check_constant(cx, p->value, "the size", UINT32_MAX, &size);
		else
			seki_check_expr(cx, p->value);
	}
}

void seki_check_table(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_table *table = decl->table;

	decl->type = seki_type_decl(cx->arena, P4_T_TABLE, decl);
	decl->owner = cx->block;
	if (!table->has_actions)
		seki_diag_error(cx->diags, decl->tok->at, "table '%s' has no list of actions",
				decl->name);
	check_keys(cx, table);
	check_actions(cx, table);
	if (table->default_action)
		check_choice(cx, table, table->default_action);
	check_entries(cx, table);
	check_properties(cx, table);
}
