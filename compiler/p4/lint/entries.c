/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of tables that never match, as another one always wins over them, and priorities that are
 * not as the order of the entries (P4_16 specification, section 14.2.1.4).
 */
#include "compiler/p4/lint/lint.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 1000u /* each is compared with the others */

struct entry {
	const struct p4_action_ref *ref;
	int64_t priority; /* the greatest wins */
	bool unknown;	  /* it depends on a constructor's parameter, or is beyond all limits */
};

static bool has_priorities(const struct p4_table *table)
{
	for (const struct p4_key *key = table->keys; key; key = key->next)
		if (strcmp(key->match, "exact") != 0 && strcmp(key->match, "lpm") != 0)
			return true;
	return false;
}

static const struct p4_expr *property(const struct p4_table *table, const char *name)
{
	for (const struct p4_property *p = table->properties; p; p = p->next)
		if (strcmp(p->name, name) == 0)
			return p->value;
	return NULL;
}

#define MAX_PRIORITY (INT64_C(1) << 40)

static int64_t number(const struct p4_expr *e, int64_t otherwise)
{
	if (!e || !e->known)
		return otherwise;
	return seki_num_to_u64(&e->num) < MAX_PRIORITY ? (int64_t)seki_num_to_u64(&e->num)
						       : MAX_PRIORITY;
}

/* An entry without a priority comes behind the one before it, by priority_delta. */
static void find_priorities(const struct p4_table *table, struct entry *entries, uint32_t n)
{
	const struct p4_expr *largest = property(table, "largest_priority_wins");
	bool smallest_wins = largest && largest->known && seki_num_is_zero(&largest->num);
	int64_t delta = number(property(table, "priority_delta"), 1);
	int64_t last = (int64_t)n * delta + 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct p4_expr *given = entries[i].ref->priority;

		if (given && smallest_wins)
			last = -number(given, 0);
		else
			last = given ? number(given, 0) : last - delta;
		entries[i].priority = last;
		entries[i].unknown = given ? !given->known : i > 0 && entries[i - 1].unknown;
	}
}

static struct seki_span span_of(const struct entry *e)
{
	return seki_expr_span(e->ref->priority ? e->ref->priority : e->ref->keyset);
}

static void check_order(struct p4_lint *lint, const struct entry *entries, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct seki_diag *diag;

		if (entries[i].unknown || entries[i - 1].unknown ||
		    entries[i].priority <= entries[i - 1].priority)
			continue;
		diag = seki_diag_warning(lint->diags, SEKI_WARN_ENTRIES_OUT_OF_PRIORITY_ORDER,
					 span_of(&entries[i]),
					 "this entry wins over the one before it");
		seki_diag_note(lint->diags, diag, span_of(&entries[i - 1]), "which is here");
	}
}

static int by_priority(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->ref->tok->at.off < y->ref->tok->at.off ? -1 : 1;
}

static void check_duplicates(struct p4_lint *lint, struct entry *sorted, uint32_t n)
{
	qsort(sorted, n, sizeof(*sorted), by_priority);
	for (uint32_t i = 1; i < n; i++) {
		struct seki_diag *diag;

		if (sorted[i].unknown || sorted[i - 1].unknown ||
		    sorted[i].priority != sorted[i - 1].priority)
			continue;
		diag = seki_diag_warning(lint->diags, SEKI_WARN_DUPLICATE_PRIORITIES,
					 span_of(&sorted[i]),
					 "two entries have the same priority: which one wins where "
					 "both match is not said");
		seki_diag_note(lint->diags, diag, span_of(&sorted[i - 1]), "the other one");
	}
}

/* Of prefixes the longest wins, so only the same ones hide each other: the first of them is there. */
static bool hides(const struct p4_table *table, const struct entry *a, const struct entry *b,
		  uint32_t n_keys)
{
	if (a->unknown || b->unknown || !seki_keyset_covers(a->ref->keyset, b->ref->keyset, n_keys))
		return false;
	if (has_priorities(table))
		return a->priority > b->priority;
	return a->ref->tok->at.off < b->ref->tok->at.off &&
	       seki_keyset_covers(b->ref->keyset, a->ref->keyset, n_keys);
}

static void check_hidden(struct p4_lint *lint, const struct p4_table *table,
			 const struct entry *entries, uint32_t n)
{
	uint32_t n_keys = 0;

	for (const struct p4_key *key = table->keys; key; key = key->next)
		n_keys++;
	for (uint32_t i = 0; i < n && n <= MAX_ENTRIES; i++) {
		struct seki_diag *diag;
		uint32_t by = 0;

		while (by < n && (by == i || !hides(table, &entries[by], &entries[i], n_keys)))
			by++;
		if (by == n || entries[i].ref->shadowed)
			continue;
		diag = seki_diag_warning(lint->diags, SEKI_WARN_UNREACHABLE,
					 seki_expr_span(entries[i].ref->keyset),
					 "this entry never matches: another one wins over it");
		seki_diag_note(lint->diags, diag, seki_expr_span(entries[by].ref->keyset),
			       "this one, which matches all that it would");
	}
}

/* 0x0a000000/8 for a key of kind lpm: a quotient, and so one address. */
static void check_prefix(struct p4_lint *lint, const struct p4_expr *e)
{
	const struct seki_token *op = e->first->next;

	if (e->first->kind == SEKI_TOKEN_NUMBER && op && seki_token_is(op, "/") &&
	    op->next == e->last)
		seki_diag_warning(lint->diags, SEKI_WARN_PREFIX, seki_expr_span(e),
				  "this divides, and matches one value: a prefix is a value and a "
				  "mask, as in '%s &&& 0xff000000'",
				  e->first->text);
}

static void check_prefixes(struct p4_lint *lint, const struct p4_table *table,
			   const struct p4_expr *keyset)
{
	const struct p4_expr *e = keyset && keyset->kind == P4_E_LIST ? keyset->args : keyset;

	for (const struct p4_key *key = table->keys; key && e; key = key->next, e = e->next)
		if (strcmp(key->match, "lpm") == 0)
			check_prefix(lint, e);
}

static void check_table(void *data, const struct p4_decl *decl)
{
	struct p4_lint *lint = data;
	struct entry *entries;
	uint32_t n = 0;

	if (decl->kind != P4_D_TABLE || !seki_lint_is_users(decl->tok))
		return;
	for (const struct p4_action_ref *e = decl->table->entries; e; e = e->next, n++)
		check_prefixes(lint, decl->table, e->keyset);
	entries = seki_arena_alloc(lint->arena, (n + 1) * sizeof(*entries));
	n = 0;
	for (const struct p4_action_ref *e = decl->table->entries; e; e = e->next)
		entries[n++].ref = e;
	find_priorities(decl->table, entries, n);
	check_hidden(lint, decl->table, entries, n);
	if (!has_priorities(decl->table))
		return;
	check_order(lint, entries, n);
	check_duplicates(lint, entries, n);
}

void seki_lint_entries(struct p4_lint *lint)
{
	struct p4_walk walk = {.data = lint, .decl = check_table};

	seki_walk_decls(&walk, lint->program->decls);
}
