/* SPDX-License-Identifier: Apache-2.0 */
/* Tables (P4_16 specification, section 14.2). */
#include <string.h>

#include "compiler/p4/check/check.h"

static void tell_no_match_kind(struct p4_check *cx, const struct p4_key *key)
{
	struct seki_strbuf all = {.arena = cx->arena};
	const char *names[32] = {NULL};
	const char *near, *origin;
	uint32_t n = 0;

	for (const struct p4_decl *kind = cx->match_kinds; kind && n < 32; kind = kind->overload)
		names[n++] = kind->name;
	near = seki_diag_suggest(key->match, names, n);
	if (near) {
		seki_diag_error(cx->diags, key->match_tok->at,
				"no match kind '%s' here; did you mean '%s'?", key->match, near);
		return;
	}
	origin = seki_hint_origin(cx, key->match);
	if (origin)
		seki_strbuf_printf(&all, "%s", origin);
	for (uint32_t i = origin ? 0 : n; i > 0; i--)
		seki_strbuf_printf(&all, "%s%s",
				   i == n   ? "; there are "
				   : i == 1 ? " and "
					    : ", ",
				   names[i - 1]);
	seki_diag_error(cx->diags, key->match_tok->at, "no match kind '%s' here%s", key->match,
			origin || n > 1 ? all.data : "");
}

/* A key may be what another table's application gives: it is computed where the table is applied. */
static void check_keys(struct p4_check *cx, struct p4_table *table)
{
	bool in_apply = cx->in_apply;

	cx->in_apply = true;
	for (struct p4_key *key = table->keys; key; key = key->next) {
		seki_check_value(cx, key->expr, NULL);
		if (!seki_type_is_scalar(key->expr->type))
			seki_diag_error(cx->diags, seki_expr_span(key->expr),
					"%s cannot be a key%s",
					seki_type_name(cx->arena, key->expr->type),
					seki_type_is_struct_like(key->expr->type) ||
							key->expr->type->kind == P4_T_TUPLE
						? ": give what is in it, one by one"
						: "");
		if (!seki_names_find(&cx->match_kind_names, key->match) && key->match[0] != '?')
			tell_no_match_kind(cx, key);
	}
	cx->in_apply = in_apply;
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
	if (param->dir == P4_DIR_NONE && !seki_is_constant(arg))
		seki_diag_error(cx->diags, seki_expr_span(arg),
				"what a table keeps for parameter '%s' must be known at compile "
				"time",
				param->name);
}

/* The default value of a parameter as an argument: the checked expression, once more. */
static struct p4_expr *default_arg(struct p4_check *cx, const struct p4_decl *param)
{
	struct p4_expr *copy = seki_arena_new(cx->arena, struct p4_expr);

	*copy = *param->init;
	copy->next = NULL;
	return copy;
}

/* Puts named arguments into the order of the parameters. False after an error. */
static bool order_args(struct p4_check *cx, struct p4_expr *call, const struct p4_decl *action,
		       uint32_t n)
{
	struct p4_expr **bound = seki_arena_alloc(cx->arena, (n + 1) * sizeof(*bound));
	struct p4_expr **end = &call->args;
	const struct p4_decl *p;
	uint32_t i;

	for (struct p4_expr *arg = call->args; arg; arg = arg->next) {
		p = action->params;
		if (!arg->arg_name) {
			seki_diag_error(cx->diags, seki_expr_span(arg),
					"either all arguments are named, or none");
			return false;
		}
		for (i = 0; p && i < n && strcmp(p->name, arg->arg_name) != 0; i++)
			p = p->next;
		if (!p || i == n || bound[i]) {
			seki_diag_error(cx->diags, seki_expr_span(arg),
					p && i < n ? "a second argument for parameter '%s'"
						   : "no parameter '%s' to give here",
					arg->arg_name);
			return false;
		}
		bound[i] = arg;
	}
	p = action->params;
	for (i = 0; p && i < n; i++, p = p->next) {
		if (!bound[i] && !p->init)
			continue;
		*end = bound[i] ? bound[i] : default_arg(cx, p);
		end = &(*end)->next;
	}
	*end = NULL;
	return true;
}

/* Arguments that are left out at the end. */
static void add_defaults(struct p4_check *cx, struct p4_expr *call, const struct p4_decl *action,
			 uint32_t n)
{
	const struct p4_decl *p = action->params;
	struct p4_expr **end = &call->args;

	for (; p && *end && n; n--, p = p->next)
		end = &(*end)->next;
	for (; p && p->init && n; n--, p = p->next) {
		*end = default_arg(cx, p);
		end = &(*end)->next;
	}
}

/* Arguments of `n` parameters, counted from the first. */
static void check_args(struct p4_check *cx, struct p4_action_ref *ref, uint32_t n)
{
	const struct p4_decl *p = ref->action->params;
	struct p4_expr *arg;

	if (ref->call->args && ref->call->args->arg_name &&
	    !order_args(cx, ref->call, ref->action, n))
		return;
	add_defaults(cx, ref->call, ref->action, n);
	arg = ref->call->args;
	for (uint32_t i = 0; arg || i < n; i++) {
		if (!arg || i >= n || !p) {
			seki_diag_error(cx->diags, seki_expr_span(ref->call),
					"'%s' takes %u argument%s here, not %u", ref->action->name,
					n, n == 1 ? "" : "s", seki_expr_count(ref->call->args));
			return;
		}
		if (arg->arg_name && strcmp(arg->arg_name, p->name) != 0) {
			seki_diag_error(cx->diags, seki_expr_span(ref->call),
					"no argument for parameter '%s' of '%s'", p->name,
					ref->action->name);
			return;
		}
		/* A default value has been checked at the parameter. */
		if (!p->init || arg->first != p->init->first)
			check_arg(cx, arg, p);
		arg = arg->next;
		p = p->next;
	}
}

static void check_actions(struct p4_check *cx, struct p4_table *table)
{
	const struct p4_action_ref *other;
	struct seki_diag *diag;
	uint32_t index = 0;

	table->by_name = seki_arena_new(cx->arena, struct p4_names);

	for (struct p4_action_ref *ref = table->actions; ref; ref = ref->next) {
		ref->index = index++;
		ref->action = find_action(cx, ref);
		if (!ref->action)
			continue;
		other = seki_names_add(table->by_name, cx->arena, ref->action->name, ref);
		if (other) {
			diag = seki_diag_error(cx->diags, ref->tok->at,
					       "action '%s' is listed twice", ref->action->name);
			seki_diag_note(cx->diags, diag, other->tok->at, "the first time");
		}
		ref->call->call = P4_CALL_ACTION;
		ref->call->callee = ref->action;
		check_args(cx, ref, count_directed(ref->action));
	}
}

/* Do two expressions say the same? */
static bool same_expr(const struct p4_expr *a, const struct p4_expr *b)
{
	const struct p4_expr *p, *q;

	if (!a || !b)
		return a == b;
	if (a->known && b->known)
		return seki_num_cmp(&a->num, &b->num) == 0;
	if (a->kind != b->kind || a->op != b->op || a->decl != b->decl)
		return false;
	if (a->name && b->name && strcmp(a->name, b->name) != 0)
		return false;
	for (p = a->args, q = b->args; p && q; p = p->next, q = q->next)
		if (!same_expr(p, q))
			return false;
	return p == q && same_expr(a->a, b->a) && same_expr(a->b, b->b) && same_expr(a->c, b->c);
}

/* A default action or the action of an entry: one of the list, with all arguments. */
static void check_choice(struct p4_check *cx, struct p4_table *table, struct p4_action_ref *ref,
			 bool is_default)
{
	struct p4_decl *action = find_action(cx, ref);
	const struct p4_action_ref *in_list;
	uint32_t directed, n;

	if (!action)
		return;
	ref->action = action;
	in_list = seki_names_find(table->by_name, action->name);
	if (!in_list || in_list->action != action) {
		seki_diag_error(cx->diags, ref->call->a->tok->at,
				"'%s' is not in the table's list of actions", action->name);
		return;
	}
	if (is_default ? in_list->table_only : in_list->default_only)
		seki_diag_error(cx->diags, ref->call->a->tok->at, "'%s' is for %s only",
				action->name, is_default ? "entries" : "the default action");
	ref->index = in_list->index;
	ref->call->call = P4_CALL_ACTION;
	ref->call->callee = action;
	directed = count_directed(action);
	n = seki_decl_count(action->params);
	check_args(cx, ref, n);
	if (directed && in_list->call->args && ref->call->args) {
		const struct p4_expr *a = in_list->call->args, *b = ref->call->args;

		for (; a && b && directed; a = a->next, b = b->next, directed--)
			if (!same_expr(a, b))
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
		for (uint32_t w = 0; w < e->num.n || w == 0; w++)
			hash = (hash ^ seki_num_word(&e->num, w)) * 0x9e3779b97f4a7c15u;
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
				cx->diags, SEKI_WARN_UNREACHABLE, seki_expr_span(e->keyset),
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

/* Entries that are constant have the priorities of their order. */
static void check_priority(struct p4_check *cx, const struct p4_table *table,
			   struct p4_action_ref *e)
{
	if (!e->priority)
		return;
	seki_check_value(cx, e->priority, NULL);
	if (table->const_entries)
		seki_diag_error(cx->diags, seki_expr_span(e->priority),
				"constant entries have no priority but their order");
	else if (!seki_is_constant(e->priority) || !seki_type_is_number(e->priority->type))
		seki_diag_error(cx->diags, seki_expr_span(e->priority),
				"a priority is a number that is known at compile time");
	else if (e->priority->known && e->priority->num.neg)
		seki_diag_error(cx->diags, seki_expr_span(e->priority),
				"a priority cannot be negative");
}

/* Later entries count from the one before them: the first has nothing to count from. */
static void check_first_priority(struct p4_check *cx, const struct p4_table *table)
{
	const struct p4_action_ref *e = table->entries;
	struct seki_diag *diag;

	while (e && !e->priority)
		e = e->next;
	if (!e || e == table->entries)
		return;
	diag = seki_diag_error(cx->diags, seki_expr_span(table->entries->keyset),
			       "the first entry needs a priority, as a later one has one");
	seki_diag_note(cx->diags, diag, seki_expr_span(e->priority), "this one");
}

/* Leading ones, then zeros. */
static bool is_prefix(const struct p4_num *mask, uint32_t width)
{
	bool one = false;

	for (uint32_t i = 0; i < width; i++) {
		bool bit = seki_num_word(mask, i / 64) >> (i % 64) & 1;

		if (one && !bit)
			return false;
		one |= bit;
	}
	return true;
}

/* What a key of its kind cannot match: several values, or no prefix. */
static void check_kinds(struct p4_check *cx, const struct p4_table *table,
			const struct p4_expr *keyset)
{
	const struct p4_expr *e = keyset->kind == P4_E_LIST ? keyset->args : keyset;

	for (const struct p4_key *k = table->keys; k && e; k = k->next, e = e->next) {
		const struct p4_type *type = seki_type_base(k->expr->type);
		bool exact = strcmp(k->match, "exact") == 0;

		if ((exact && e->kind == P4_E_MASK) ||
		    (e->kind == P4_E_RANGE && (exact || strcmp(k->match, "lpm") == 0)))
			seki_diag_error(cx->diags, seki_expr_span(e), "an %s key matches no %s",
					k->match, e->kind == P4_E_MASK ? "mask" : "range");
		else if (strcmp(k->match, "lpm") == 0 && e->kind == P4_E_MASK && e->b->known &&
			 seki_type_is_fixed(type) && !is_prefix(&e->b->num, type->width))
			seki_diag_error(cx->diags, seki_expr_span(e->b),
					"the mask of an lpm key is ones, then zeros");
	}
}

static void check_entries(struct p4_check *cx, const struct p4_decl *decl)
{
	struct p4_table *table = decl->table;
	struct seki_diag *diag;
	struct p4_type *key = seki_type_make(cx->arena, P4_T_TUPLE);
	uint32_t n = 0;

	for (const struct p4_key *k = table->keys; k; k = k->next)
		n++;
	if (table->entries_tok && n == 0) {
		diag = seki_diag_error(cx->diags, decl->tok->at,
				       "table '%s' has no keys, so it has no entries", decl->name);
		seki_diag_note(cx->diags, diag, table->entries_tok->at, "the entries are here");
		return;
	}
	if (table->entries_first)
		seki_diag_error(cx->diags, table->entries_tok->at,
				"the entries of table '%s' must come after its keys", decl->name);
	key->args = seki_arena_alloc(cx->arena, (n + 1) * sizeof(*key->args));
	for (const struct p4_key *k = table->keys; k; k = k->next)
		key->args[key->n_args++] = k->expr->type;
	for (struct p4_action_ref *e = table->entries; e; e = e->next) {
		seki_check_keyset(cx, e->keyset, key);
		if (!seki_is_constant(e->keyset))
			seki_diag_error(cx->diags, seki_expr_span(e->keyset),
					"the keys of an entry must be known at compile time");
		check_kinds(cx, table, e->keyset);
		check_priority(cx, table, e);
		check_choice(cx, table, e, false);
	}
	check_first_priority(cx, table);
	if (table->entries && all_exact(table))
		find_shadowed(cx, table, n);
}

static void check_properties(struct p4_check *cx, struct p4_table *table)
{
	struct p4_names seen = {0};
	uint32_t n;

	for (struct p4_property *p = table->properties; p; p = p->next) {
		const struct p4_property *other = seki_names_add(&seen, cx->arena, p->name, p);
		struct seki_diag *diag;
		bool bad;

		if (other) {
			diag = seki_diag_error(cx->diags, p->tok->at, "a second property '%s'",
					       p->name);
			seki_diag_note(cx->diags, diag, other->tok->at, "the first one");
		}
		if (strcmp(p->name, "size") == 0 || strcmp(p->name, "priority_delta") == 0) {
			bad = seki_check_late_constant(cx, p->value, p->name, UINT32_MAX, &n) &&
			      !n && p->name[0] == 'p';
			if (bad)
				seki_diag_error(cx->diags, seki_expr_span(p->value),
						"priorities must differ by 1 or more");
			continue;
		}
		seki_check_expr(cx, p->value);
		bad = strcmp(p->name, "largest_priority_wins") == 0 &&
		      (p->value->type->kind != P4_T_BOOL || !seki_is_constant(p->value));
		if (bad && p->value->type->kind != P4_T_BAD)
			seki_diag_error(cx->diags, seki_expr_span(p->value),
					"%s is a bool that is known at compile time", p->name);
	}
}

static void tell_default_first(struct p4_check *cx, const struct p4_decl *decl)
{
	struct seki_diag *diag;

	diag = seki_diag_error(cx->diags, decl->tok->at,
			       "the list of actions of table '%s' must come before its default "
			       "action",
			       decl->name);
	seki_diag_note(cx->diags, diag, decl->table->default_action->tok->at,
		       "the default action is here");
}

void seki_check_table(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_table *table = decl->table;

	decl->type = seki_type_decl(cx->arena, P4_T_TABLE, decl);
	decl->owner = cx->block;
	seki_scope_add(cx, decl);
	if (!table->has_actions)
		seki_diag_error(cx->diags, decl->tok->at, "table '%s' has no list of actions",
				decl->name);
	else if (table->default_action && table->default_first)
		tell_default_first(cx, decl);
	check_keys(cx, table);
	check_actions(cx, table);
	if (table->default_action)
		check_choice(cx, table, table->default_action, true);
	check_entries(cx, decl);
	check_properties(cx, table);
}
