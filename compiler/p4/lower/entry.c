/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and default actions that a table has from the start (P4_16 specification, section 14.2.1). */
#include "compiler/p4/lower/lower.h"

#include <string.h>

/* Priorities of P4Runtime: the greatest one. */
#define MAX_PRIORITY 0x7fffffffu

/* ---- what of an action is chosen ---- */

static uint32_t find_action(const struct ir_table *table, const struct p4_decl *decl)
{
	uint32_t i = 0;

	while (i < table->n_actions && table->actions[i].decl != decl)
		i++;
	return i;
}

/* The bits of a value of so many bits. */
static struct p4_num bits_of(struct lower *lw, const struct p4_expr *expr, uint32_t width)
{
	struct p4_num num;

	(void)seki_lower_number(lw, expr, &num);
	return width ? seki_num_wrap(lw->arena, &num, width, false) : seki_num_u64(0);
}

/* The numbers of a value, as add_parts() of table.c names them. */
static void add_numbers(struct lower *lw, const struct p4_expr *arg, const struct value *v,
			const struct ir_action *action, struct ir_choice *choice, uint32_t *i)
{
	struct p4_num num;

	for (uint32_t k = 0; k < v->n_parts; k++)
		add_numbers(lw, arg, v->parts[k], action, choice, i);
	if (v->kind != VALUE_SCALAR || *i == action->n_params)
		return;
	if (!seki_lower_number_of(lw, v, &num)) {
		seki_diag_error(lw->diags, seki_expr_span(arg),
				"this must be known when the program is compiled");
		num = seki_num_u64(0);
	}
	choice->args[*i] = seki_num_wrap(lw->arena, &num, action->params[*i].width, false);
	++*i;
}

/* The arguments of the parameters without a direction are behind those of the others. */
static struct ir_choice choice_of(struct lower *lw, const struct ir_table *table,
				  const struct p4_action_ref *ref)
{
	struct ir_choice choice = {.action = find_action(table, ref->action), .tok = ref->tok};
	const struct p4_expr *arg = ref->call->kind == P4_E_CALL ? ref->call->args : NULL;
	const struct ir_action *action;
	uint32_t i = 0;

	if (choice.action == table->n_actions)
		return choice;
	action = &table->actions[choice.action];
	choice.args = seki_arena_alloc(lw->arena, (action->n_params + 1) * sizeof(*choice.args));
	for (const struct p4_decl *p = action->decl->params; p && arg; p = p->next) {
		if (p->dir == P4_DIR_NONE)
			add_numbers(lw, arg, seki_lower_expr(lw, arg), action, &choice, &i);
		arg = arg->next;
	}
	return choice;
}

/* NoAction, in the list or behind it. */
static void set_no_action(struct ir_table *table)
{
	uint32_t i = 0;

	while (i < table->n_actions && strcmp(table->actions[i].decl->name, "NoAction") != 0)
		i++;
	table->miss.action = i;
	table->miss.tok = table->decl->tok;
	table->has_no_action = i == table->n_actions;
}

/* ---- keysets ---- */

static struct p4_num all_ones(struct lower *lw, uint32_t width)
{
	struct p4_num one = seki_num_u64(1), minus = seki_num_neg(&one);

	return seki_num_wrap(lw->arena, &minus, width, false);
}

/* A mask whose ones are all in front: how many; else `width` + 1. */
static uint32_t prefix_of(struct lower *lw, const struct p4_num *mask, uint32_t width)
{
	struct p4_num ones = all_ones(lw, width), rest = seki_num_xor(lw->arena, &ones, mask);
	uint32_t n = seki_num_size(&rest);
	struct p4_num low = n ? all_ones(lw, n) : rest;

	return seki_num_cmp(&low, &rest) == 0 ? width - n : width + 1;
}

static void wrong_keyset(struct lower *lw, const struct p4_expr *e, const struct ir_key *key)
{
	seki_diag_error(
		lw->diags, seki_expr_span(e), "key '%s' is matched by '%s': %s", key->name,
		key->key->match,
		key->match == IR_MATCH_LPM
			? "give a value, or value &&& mask with all ones of the mask in front"
		: key->match == IR_MATCH_TERNARY ? "give a value, value &&& mask, or _"
		: key->match == IR_MATCH_RANGE	 ? "give a value, low .. high, or _"
		: key->match == IR_MATCH_EXACT	 ? "give a value"
						 : "give a value, or _");
}

static void set_dontcare(struct lower *lw, struct ir_keyset *set, const struct ir_key *key)
{
	struct p4_num ones = all_ones(lw, key->width);

	set->low = set->mask = seki_num_u64(0);
	set->high = ones;
	if (!key->is_signed)
		return;
	/* In two's complement: the least number is 10...0, the greatest 01...1. */
	set->high = seki_num_shr(lw->arena, &ones, 1);
	set->low = seki_num_xor(lw->arena, &ones, &set->high);
}

static void set_mask(struct lower *lw, struct ir_keyset *set, const struct ir_key *key,
		     const struct p4_expr *e)
{
	struct p4_num value = bits_of(lw, e->a, key->width);

	set->mask = bits_of(lw, e->b, key->width);
	set->low = seki_num_and(lw->arena, &value, &set->mask);
	if (key->match == IR_MATCH_LPM)
		set->prefix = prefix_of(lw, &set->mask, key->width);
	if (key->match == IR_MATCH_LPM ? set->prefix > key->width : key->match != IR_MATCH_TERNARY)
		wrong_keyset(lw, e, key);
}

static void set_keyset(struct lower *lw, struct ir_keyset *set, const struct ir_key *key,
		       const struct p4_expr *e)
{
	if (e->kind == P4_E_DONTCARE || e->kind == P4_E_DEFAULT) {
		if (key->match == IR_MATCH_EXACT)
			wrong_keyset(lw, e, key);
		set_dontcare(lw, set, key);
	} else if (e->kind == P4_E_MASK) {
		set_mask(lw, set, key, e);
	} else if (e->kind == P4_E_RANGE) {
		if (key->match != IR_MATCH_RANGE)
			wrong_keyset(lw, e, key);
		set->low = bits_of(lw, e->a, key->width);
		set->high = bits_of(lw, e->b, key->width);
	} else {
		set->low = set->high = bits_of(lw, e, key->width);
		set->mask = all_ones(lw, key->width);
		set->prefix = key->width;
	}
}

static struct ir_keyset *keysets_of(struct lower *lw, const struct ir_table *table,
				    const struct p4_expr *keyset)
{
	struct ir_keyset *sets = seki_arena_alloc(lw->arena, (table->n_keys + 1) * sizeof(*sets));
	const struct p4_expr *e = keyset;

	if (keyset->kind == P4_E_LIST)
		e = keyset->args;
	for (uint32_t i = 0; i < table->n_keys && e; i++) {
		set_keyset(lw, &sets[i], &table->keys[i], e);
		if (keyset->kind == P4_E_LIST) /* else `default` or _ is for all keys */
			e = e->next;
	}
	return sets;
}

/* ---- priorities ---- */

static bool has_priorities(const struct ir_table *table)
{
	for (uint32_t i = 0; i < table->n_keys; i++)
		if (table->keys[i].match != IR_MATCH_EXACT && table->keys[i].match != IR_MATCH_LPM)
			return true;
	return false;
}

struct priorities {
	bool largest_wins;
	uint64_t delta;
	uint64_t last;
	bool first;
};

static struct priorities priorities_of(struct lower *lw, const struct p4_table *table)
{
	struct priorities p = {.largest_wins = true, .delta = 1, .first = true};
	struct p4_num num;

	for (const struct p4_property *prop = table->properties; prop; prop = prop->next) {
		bool largest = strcmp(prop->name, "largest_priority_wins") == 0;

		if (!largest && strcmp(prop->name, "priority_delta") != 0)
			continue;
		if (!seki_lower_number(lw, prop->value, &num))
			continue;
		if (largest)
			p.largest_wins = !seki_num_is_zero(&num);
		else
			p.delta = seki_num_to_u64(&num);
	}
	return p;
}

/*
 * As P4Runtime counts them, where the greatest wins. An entry without one comes behind that before
 * it, by priority_delta; the first leaves room for those behind it (specification, 14.2.1.4).
 */
static uint32_t next_priority(struct lower *lw, struct priorities *p,
			      const struct p4_action_ref *entry, uint32_t n_left)
{
	struct p4_num num;
	uint64_t value = p->last;

	if (entry->priority) {
		(void)seki_lower_number(lw, entry->priority, &num);
		value = num.neg ? UINT64_MAX : seki_num_to_u64(&num);
	} else if (p->first) {
		value = p->largest_wins ? (uint64_t)(n_left - 1) * p->delta + 1 : 1;
	} else {
		value = p->largest_wins ? value - p->delta : value + p->delta;
	}
	p->first = false;
	p->last = value;
	if (value > MAX_PRIORITY) {
		seki_diag_error(lw->diags,
				entry->priority ? seki_expr_span(entry->priority) : entry->tok->at,
				"a priority is from 0 to %u here", MAX_PRIORITY);
		return 0;
	}
	return p->largest_wins ? (uint32_t)value : MAX_PRIORITY - (uint32_t)value;
}

/* ---- all of it ---- */

static void add_entry(struct lower *lw, struct ir_table *table, struct ir_entry ***end,
		      const struct p4_action_ref *ref, uint32_t priority)
{
	struct ir_entry *entry = seki_arena_new(lw->arena, struct ir_entry);

	entry->keys = keysets_of(lw, table, ref->keyset);
	entry->choice = choice_of(lw, table, ref);
	entry->priority = priority;
	entry->is_const = table->const_entries || ref->is_const;
	**end = entry;
	*end = &entry->next;
	table->n_entries++;
}

static void add_entries(struct lower *lw, struct ir_table *table)
{
	const struct p4_table *t = table->decl->table;
	struct priorities priorities = priorities_of(lw, t);
	struct ir_entry **end = &table->entries;
	bool ordered = has_priorities(table);
	uint32_t left = 0;

	for (const struct p4_action_ref *e = t->entries; e; e = e->next)
		left++;
	for (const struct p4_action_ref *e = t->entries; e; e = e->next, left--)
		if (!e->shadowed)
			add_entry(lw, table, &end, e,
				  ordered ? next_priority(lw, &priorities, e, left) : 0);
}

void seki_lower_entries(struct lower *lw, struct ir_table *table)
{
	const struct p4_table *t = table->decl->table;

	table->const_entries = t->const_entries;
	table->const_default = t->default_action && t->default_action->is_const;
	if (t->default_action)
		table->miss = choice_of(lw, table, t->default_action);
	else
		set_no_action(table);
	add_entries(lw, table);
	if (table->const_entries && table->n_entries)
		table->size = table->n_entries;
	if (table->n_entries > table->size)
		seki_diag_error(lw->diags, table->decl->tok->at,
				"table '%s' has %u entries, more than its size", table->decl->name,
				table->n_entries);
}
