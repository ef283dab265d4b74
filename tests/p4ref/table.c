/* SPDX-License-Identifier: Apache-2.0 */
/* Tables (P4_16 specification, section 14.2): the keys, the entry that wins, its action. */
#include "tests/p4ref/ref.h"

#include <string.h>

/* ---- entries of the program ---- */

static bool largest_wins(struct ref *r, const struct p4_table *table, int64_t *delta)
{
	bool largest = true;

	*delta = 1;
	for (const struct p4_property *p = table->properties; p; p = p->next) {
		if (strcmp(p->name, "largest_priority_wins") == 0)
			largest = ref_true(r, p->value);
		else if (strcmp(p->name, "priority_delta") == 0)
			*delta = (int64_t)mpz_get_si(ref_eval(r, p->value)->num);
	}
	return largest;
}

static void add_field(struct ref_field *field, struct p4_expr *keyset)
{
	mpz_init(field->a);
	mpz_init(field->b);
	field->keyset = keyset;
}

static struct ref_entry *make_entry(struct ref *r, const struct p4_decl *decl,
				    const struct p4_action_ref *choice)
{
	struct ref_entry *e = seki_arena_new(r->arena, struct ref_entry);
	struct p4_expr *set = choice->keyset;
	bool is_list = set && set->kind == P4_E_LIST;
	uint32_t n = 0, i = 0;

	for (const struct p4_key *k = decl->table->keys; k; k = k->next)
		n++;
	e->choice = choice;
	e->action = choice->action;
	e->fields = seki_arena_alloc(r->arena, (n + 1) * sizeof(*e->fields));
	if (is_list)
		set = set->args;
	for (; set && i < n; i++, set = is_list ? set->next : set)
		add_field(&e->fields[i], set);
	return e;
}

/*
 * Entries without a priority: constant ones are tried in their order, the others count down (or up) from
 * the one before. What is kept is such that the greatest wins.
 */
void ref_table_entries(struct ref *r, struct ref_obj *obj)
{
	const struct p4_table *table = obj->decl->table;
	struct ref_entry **end = &obj->entries;
	int64_t delta, last = 0, n = 0;
	bool largest = largest_wins(r, table, &delta), first = true;

	for (const struct p4_action_ref *c = table->entries; c; c = c->next)
		n++;
	for (const struct p4_action_ref *c = table->entries; c; c = c->next) {
		*end = make_entry(r, obj->decl, c);
		if (table->const_entries)
			(*end)->priority = last = n--;
		else if (c->priority)
			last = (int64_t)mpz_get_si(ref_eval(r, c->priority)->num);
		else if (first)
			last = largest ? (n - 1) * delta + 1 : 1;
		else
			last += largest ? -delta : delta;
		first = false;
		(*end)->priority = largest || table->const_entries ? last : -last;
		end = &(*end)->next;
	}
	for (const struct p4_action_ref *a = table->actions; a && !table->default_action;
	     a = a->next)
		if (a->action && strcmp(a->action->name, "NoAction") == 0)
			obj->fallback = make_entry(r, obj->decl, a);
	if (table->default_action)
		obj->fallback = make_entry(r, obj->decl, table->default_action);
}

/* ---- matching ---- */

bool ref_matches(struct ref *r, const struct ref_field *field, const struct ref_val *key)
{
	mpz_t x;

	if (field->keyset)
		return ref_in_set(r, field->keyset, key);
	if (field->kind == REF_ANY)
		return true;
	mpz_init(x);
	if (field->kind == REF_RANGE && seki_type_base(key->type)->kind == P4_T_SIGNED)
		mpz_set(x, key->num);
	else
		ref_unsigned(x, key);
	if (field->kind == REF_EQUAL)
		return mpz_cmp(x, field->a) == 0;
	if (field->kind == REF_RANGE)
		return mpz_cmp(field->a, x) <= 0 && mpz_cmp(x, field->b) <= 0;
	mpz_xor(x, x, field->a);
	mpz_and(x, x, field->b);
	return mpz_sgn(x) == 0;
}

/* Bits of a prefix. */
static uint32_t prefix(struct ref *r, const struct ref_field *field, const struct ref_val *key)
{
	uint32_t width = ref_width(key->type);
	mpz_t mask;

	mpz_init(mask);
	if (field->keyset) {
		if (field->keyset->kind == P4_E_DONTCARE || field->keyset->kind == P4_E_DEFAULT)
			return 0;
		if (field->keyset->kind != P4_E_MASK)
			return width;
		mpz_fdiv_r_2exp(mask, ref_eval(r, field->keyset->b)->num, width);
	} else if (field->kind == REF_ANY) {
		return 0;
	} else if (field->kind == REF_MASK) {
		mpz_set(mask, field->b);
	} else {
		return width;
	}
	return (uint32_t)mpz_popcount(mask);
}

/* One lpm key and otherwise exact ones: the longest prefix wins; -1: priorities decide. */
static int lpm_key(const struct p4_table *table)
{
	int found = -1, i = 0;

	for (const struct p4_key *k = table->keys; k; k = k->next, i++) {
		if (strcmp(k->match, "lpm") == 0 && found < 0)
			found = i;
		else if (strcmp(k->match, "exact") != 0 && strcmp(k->match, "selector") != 0)
			return -1;
	}
	return found;
}

static struct ref_entry *find_entry(struct ref *r, const struct ref_obj *obj, struct ref_val **keys,
				    uint32_t n)
{
	struct ref_entry *best = NULL;
	int lpm = lpm_key(obj->decl->table);
	int64_t rank, best_rank = 0;

	for (struct ref_entry *e = obj->entries; e; e = e->next) {
		uint32_t i = 0;

		while (i < n && ref_matches(r, &e->fields[i], keys[i]))
			i++;
		if (i < n)
			continue;
		rank = lpm >= 0 ? prefix(r, &e->fields[lpm], keys[lpm]) : e->priority;
		if (!best || rank > best_rank) {
			best = e;
			best_rank = rank;
		}
	}
	return best;
}

/* ---- applying ---- */

static const struct p4_action_ref *listed(const struct p4_table *table,
					  const struct p4_decl *action)
{
	const struct p4_action_ref *ref = table->actions;

	while (ref && ref->action != action)
		ref = ref->next;
	return ref;
}

/* Parameters with a direction get what the list of actions says, the others what the entry says. */
static void run_action(struct ref *r, const struct p4_table *table, struct ref_entry *e)
{
	uint32_t n = seki_decl_count(e->action->params), i = 0;
	struct p4_expr **bound = seki_arena_alloc(r->arena, (n + 1) * sizeof(*bound));
	const struct p4_action_ref *in_list = listed(table, e->action);
	struct p4_expr *args = in_list ? in_list->call->args : NULL;
	struct p4_expr *chosen = e->choice ? e->choice->call->args : NULL;

	for (const struct p4_decl *p = e->action->params; p; p = p->next, i++) {
		if (p->dir != P4_DIR_NONE) {
			bound[i] = chosen ? chosen : args;
			args = args ? args->next : NULL;
		} else {
			bound[i] = chosen;
		}
		chosen = chosen ? chosen->next : NULL;
	}
	r->entry = e;
	ref_action(r, e->action, bound, e->args);
	r->entry = NULL;
}

struct ref_applied ref_table(struct ref *r, const struct p4_expr *call)
{
	const struct p4_decl *decl = call->callee;
	struct ref_obj *obj = ref_object(r, call->a->a);
	struct ref_entry *e;
	struct ref_applied applied = {0};
	struct ref_val *keys[64];
	uint32_t n = 0;

	for (const struct p4_key *k = decl->table->keys; k; k = k->next) {
		if (n == 64)
			ref_unable(k->tok, "more than 64 keys");
		keys[n++] = ref_eval(r, k->expr);
	}
	e = n ? find_entry(r, obj, keys, n) : NULL;
	if (e && obj->other)
		e = ref_chosen(r, obj, e, keys);
	applied.hit = e != NULL;
	if (!e)
		e = obj->fallback;
	if (e && e->action) {
		applied.action = e->action;
		run_action(r, decl->table, e);
	}
	return applied;
}
