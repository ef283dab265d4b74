/* SPDX-License-Identifier: Apache-2.0 */
/* Tables (P4_16 specification, section 14.2). */
#include "compiler/p4/parse/parser.h"

#include <string.h>

/* Before another element of a list in braces. */
static bool in_list(const struct p4_parser *p)
{
	return !seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic && !p->stop &&
	       !seki_parse_at_outer(p);
}

/* '{' { expression ':' name ';' } '}' */
static void parse_keys(struct p4_parser *p, struct p4_table *table)
{
	const struct seki_token *open = p->tok;
	struct p4_key **end = &table->keys;

	seki_parse_expect(p, "{", "before the keys");
	while (in_list(p)) {
		struct p4_key *key = seki_arena_new(p->arena, struct p4_key);

		key->tok = p->tok;
		key->expr = seki_parse_expr(p);
		seki_parse_expect(p, ":", "after the key");
		key->match_tok = p->tok;
		key->match = seki_parse_name(p, "a match kind");
		key->rename = seki_parse_annotations(p).name;
		seki_parse_expect(p, ";", "after the match kind");
		*end = key;
		end = &key->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_close(p, open, "after the keys");
}

/* [ '.' ] name [ '(' args ')' ] */
static struct p4_expr *parse_action_call(struct p4_parser *p)
{
	struct p4_expr *call = seki_parse_postfix(p);
	struct p4_expr *wrapped;

	if (call->kind == P4_E_CALL || p->panic)
		return call;
	wrapped = seki_parse_new_expr(p, P4_E_CALL);
	wrapped->tok = call->tok;
	wrapped->first = call->first;
	wrapped->last = call->last;
	wrapped->a = call;
	return wrapped;
}

/* '{' { action ';' } '}' */
static void parse_actions(struct p4_parser *p, struct p4_table *table)
{
	const struct seki_token *open = p->tok;
	struct p4_action_ref **end = &table->actions;

	seki_parse_expect(p, "{", "before the actions");
	while (in_list(p)) {
		struct p4_action_ref *ref = seki_arena_new(p->arena, struct p4_action_ref);
		struct p4_notes notes = seki_parse_annotations(p);

		ref->default_only = notes.default_only;
		ref->table_only = notes.table_only;
		ref->tok = p->tok;
		ref->call = parse_action_call(p);
		seki_parse_expect(p, ";", "after the action");
		seki_parse_noted(p, &notes);
		*end = ref;
		end = &ref->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_close(p, open, "after the actions");
}

/* [ const ] [ priority '=' expression ':' ] keyset ':' action ';' */
static struct p4_action_ref *parse_entry(struct p4_parser *p)
{
	struct p4_action_ref *entry = seki_arena_new(p->arena, struct p4_action_ref);

	entry->is_const = seki_parse_accept(p, "const");
	if (seki_parse_at(p, "priority") && seki_token_is(p->tok->next, "=")) {
		seki_parse_take(p);
		seki_parse_take(p);
		entry->priority = seki_parse_expr(p);
		seki_parse_expect(p, ":", "after the priority");
	}
	entry->tok = p->tok;
	entry->keyset = seki_parse_keyset(p);
	seki_parse_expect(p, ":", "after the keyset of an entry");
	entry->call = parse_action_call(p);
	seki_parse_annotations(p);
	seki_parse_expect(p, ";", "after the entry");
	return entry;
}

/* '{' { entry } '}' */
static void parse_entries(struct p4_parser *p, struct p4_table *table, bool is_const)
{
	const struct seki_token *open = p->tok;
	struct p4_action_ref **end = &table->entries;

	table->const_entries = is_const;
	seki_parse_expect(p, "{", "before the entries");
	while (in_list(p)) {
		*end = parse_entry(p);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_close(p, open, "after the entries");
}

/* [ 'const' ] name '=' expression ';', with an action call for default_action */
static void parse_property(struct p4_parser *p, struct p4_table *table, bool is_const,
			   struct p4_property ***end)
{
	struct p4_property *prop = seki_arena_new(p->arena, struct p4_property);

	prop->tok = p->tok;
	prop->is_const = is_const;
	prop->name = seki_parse_name(p, "a property of the table");
	seki_parse_expect(p, "=", "after the property");
	if (strcmp(prop->name, "default_action") == 0) {
		struct p4_action_ref *ref = seki_arena_new(p->arena, struct p4_action_ref);

		ref->tok = p->tok;
		ref->call = parse_action_call(p);
		ref->is_const = is_const;
		table->default_first = !table->has_actions;
		if (table->default_action && !p->panic)
			seki_diag_error(p->diags, prop->tok->at, "a second default_action");
		table->default_action = ref;
	} else {
		prop->value = seki_parse_expr(p);
		**end = prop;
		*end = &prop->next;
	}
	seki_parse_expect(p, ";", "after the property");
}

/*
 * The name of a list of the language that was probably meant, told; or NULL. Other properties are the
 * architecture's and may have any name, but no list in braces with ':' or ';' in it.
 */
static const char *misspelt_list(struct p4_parser *p)
{
	static const char *const lists[] = {"key", "actions", "entries"};
	const char *name = p->tok->text, *near = NULL;

	if (!seki_token_is(p->tok->next, "=") || !seki_token_is(p->tok->next->next, "{"))
		return NULL;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (seki_parse_at(p, lists[i]))
			return NULL;
	near = seki_diag_suggest(name, lists, sizeof(lists) / sizeof(lists[0]));
	if (near)
		seki_diag_error(p->diags, p->tok->at, "a table has no '%s'; did you mean '%s'?",
				name, near);
	return near;
}

static bool is_second(struct p4_parser *p, const struct p4_table *table, const char *name)
{
	if (strcmp(name, "key") == 0	   ? !table->has_keys
	    : strcmp(name, "actions") == 0 ? !table->has_actions
	    : strcmp(name, "entries") == 0 ? !table->entries_tok
					   : true)
		return false;
	if (!p->panic)
		seki_diag_error(p->diags, p->tok->at, "a second '%s'", name);
	p->panic = true;
	return true;
}

/*
 * [ annotations ] 'key' '=' '{' keys '}' | 'actions' '=' '{' actions '}' | [ 'const' ] 'entries' '=' '{' entries '}'
 * | property
 */
static void parse_table_part(struct p4_parser *p, struct p4_table *table, struct p4_property ***end)
{
	struct p4_notes notes = seki_parse_annotations(p);
	const char *name, *near;
	bool is_const;

	is_const = seki_parse_accept(p, "const");
	near = misspelt_list(p);
	name = near ? near : p->tok->text;
	if (is_second(p, table, name))
		return;
	if (strcmp(name, "key") == 0) {
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'key'");
		table->has_keys = true;
		parse_keys(p, table);
	} else if (strcmp(name, "actions") == 0) {
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'actions'");
		table->has_actions = true;
		parse_actions(p, table);
	} else if (strcmp(name, "entries") == 0) {
		table->entries_tok = p->tok;
		table->entries_first = !table->has_keys;
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'entries'");
		parse_entries(p, table, is_const);
	} else {
		parse_property(p, table, is_const, end);
		seki_parse_noted(p, &notes);
		return;
	}
	seki_parse_noted(p, &notes);
	seki_parse_accept(p, ";");
}

/* table name '{' { property } '}' */
struct p4_decl *seki_parse_table(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_TABLE);
	const struct seki_token *open;
	struct p4_property **end;

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, "the name of a table");
	decl->table = seki_arena_new(p->arena, struct p4_table);
	end = &decl->table->properties;
	open = p->tok;
	seki_parse_expect(p, "{", "before the properties");
	if (p->panic)
		return decl;
	while (in_list(p)) {
		parse_table_part(p, decl->table, &end);
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_close(p, open, "after the properties");
	return decl;
}
