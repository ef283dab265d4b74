/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declarations (P4_16 specification, sections 7, 10 to 14), and what all of the parser uses: taking
 * tokens, telling errors, getting in step again after one.
 */
#include "compiler/p4/parser.h"

#include <string.h>

/* ---- tokens ---- */

bool seki_parse_at(const struct p4_parser *p, const char *text)
{
	return p->tok->kind != SEKI_TOKEN_END && seki_token_is(p->tok, text);
}

void seki_parse_take(struct p4_parser *p)
{
	p->prev = p->tok;
	if (p->tok->next)
		p->tok = p->tok->next;
}

bool seki_parse_accept(struct p4_parser *p, const char *text)
{
	if (!seki_parse_at(p, text))
		return false;
	seki_parse_take(p);
	return true;
}

void seki_parse_error(struct p4_parser *p, const char *expected)
{
	const struct seki_token *tok = p->tok;
	const char *quote = tok->kind == SEKI_TOKEN_END ? "" : "'";

	if (!p->panic && !p->stop)
		seki_diag_error(p->diags, tok->at, "expected %s, found %s%s%s", expected, quote,
				tok->kind == SEKI_TOKEN_STRING ? "a string" : tok->text, quote);
	p->panic = true;
}

/* An error about something missing points behind the last token. */
static void error_after(struct p4_parser *p, const char *expected)
{
	struct seki_span at = p->prev->at;

	if (!p->panic && !p->stop) {
		at.off += at.len;
		at.len = 1;
		seki_diag_error(p->diags, at, "expected %s", expected);
	}
	p->panic = true;
}

void seki_parse_expect(struct p4_parser *p, const char *text, const char *where)
{
	const char *expected;

	if (p->panic || seki_parse_accept(p, text))
		return;
	expected = seki_arena_printf(p->arena, "'%s' %s", text, where);
	if (p->tok->line_start && p->prev && strcmp(text, ";") == 0)
		error_after(p, expected);
	else
		seki_parse_error(p, expected);
}

/* Keywords that the grammar lets be names as well. */
static bool is_soft_keyword(const struct seki_token *tok)
{
	static const char *const soft[] = {"apply", "key",	"actions", "state", "entries",
					   "type",  "priority", "list",	   "this"};

	for (size_t i = 0; i < sizeof(soft) / sizeof(soft[0]); i++)
		if (strcmp(tok->text, soft[i]) == 0)
			return true;
	return false;
}

static bool is_name(const struct seki_token *tok)
{
	return tok->kind == SEKI_TOKEN_NAME ||
	       (tok->kind == SEKI_TOKEN_KEYWORD && is_soft_keyword(tok));
}

bool seki_parse_at_name(const struct p4_parser *p)
{
	return is_name(p->tok);
}

const char *seki_parse_name(struct p4_parser *p, const char *what)
{
	const char *name = p->tok->text;

	if (p->panic)
		return "?";
	if (!is_name(p->tok)) {
		seki_parse_error(p, what);
		return "?";
	}
	seki_parse_take(p);
	return name;
}

bool seki_parse_enter(struct p4_parser *p)
{
	if (p->nesting >= SEKI_P4_MAX_NESTING) {
		if (!p->stop && !p->panic)
			seki_diag_error(p->diags, p->tok->at, "nested more than %u levels deep",
					SEKI_P4_MAX_NESTING);
		p->stop = true;
		p->panic = true;
	}
	if (p->stop)
		return false;
	p->nesting++;
	return true;
}

void seki_parse_leave(struct p4_parser *p)
{
	p->nesting--;
}

void seki_parse_sync(struct p4_parser *p)
{
	uint32_t depth = 0;

	p->panic = false;
	while (p->tok->kind != SEKI_TOKEN_END) {
		if (seki_parse_at(p, "{")) {
			depth++;
		} else if (seki_parse_at(p, "}")) {
			if (depth == 0)
				return;
			if (--depth == 0) {
				seki_parse_take(p);
				return;
			}
		} else if (seki_parse_at(p, ";") && depth == 0) {
			seki_parse_take(p);
			return;
		}
		seki_parse_take(p);
	}
}

static uint32_t bucket(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h % SEKI_P4_TYPE_BUCKETS;
}

bool seki_parse_is_type(const struct p4_parser *p, const char *name)
{
	for (const struct p4_type_name *t = p->types[bucket(name)]; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return true;
	return false;
}

void seki_parse_add_type(struct p4_parser *p, const char *name)
{
	struct p4_type_name *t;

	if (seki_parse_is_type(p, name))
		return;
	t = seki_arena_new(p->arena, struct p4_type_name);
	t->name = name;
	t->next = p->types[bucket(name)];
	p->types[bucket(name)] = t;
}

struct p4_decl *seki_parse_new_decl(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_arena_new(p->arena, struct p4_decl);

	decl->kind = kind;
	decl->tok = p->tok;
	decl->name = "?";
	decl->id = p->n_ids++;
	return decl;
}

static void take_decl_name(struct p4_parser *p, struct p4_decl *decl, const char *what)
{
	decl->tok = p->tok;
	decl->name = seki_parse_name(p, what);
}

uint32_t seki_decl_count(const struct p4_decl *list)
{
	uint32_t n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

struct p4_decl *seki_decl_find(struct p4_decl *list, const char *name)
{
	for (; list; list = list->next)
		if (strcmp(list->name, name) == 0)
			return list;
	return NULL;
}

/* ---- annotations ---- */

static void skip_annotation_body(struct p4_parser *p)
{
	uint32_t depth = 0;

	do {
		if (seki_parse_at(p, "(") || seki_parse_at(p, "["))
			depth++;
		else if (seki_parse_at(p, ")") || seki_parse_at(p, "]"))
			depth--;
		seki_parse_take(p);
	} while (depth && p->tok->kind != SEKI_TOKEN_END);
	if (depth)
		seki_parse_error(p, "the end of an annotation");
}

/* '@' name [ '(' ... ')' | '[' ... ']' ] */
struct p4_notes seki_parse_annotations(struct p4_parser *p)
{
	struct p4_notes notes = {0};

	while (seki_parse_accept(p, "@")) {
		const char *name = p->tok->text;
		bool pragma = strcmp(name, "pragma") == 0;

		seki_parse_take(p);
		if (pragma) {
			while (!p->tok->line_start && p->tok->kind != SEKI_TOKEN_END)
				seki_parse_take(p);
			continue;
		}
		notes.optional |= strcmp(name, "optional") == 0;
		notes.default_only |= strcmp(name, "defaultonly") == 0;
		notes.table_only |= strcmp(name, "tableonly") == 0;
		if (strcmp(name, "name") == 0 && seki_parse_at(p, "(") &&
		    p->tok->next->kind == SEKI_TOKEN_STRING)
			notes.name = p->tok->next->text;
		if (seki_parse_at(p, "(") || seki_parse_at(p, "["))
			skip_annotation_body(p);
	}
	return notes;
}

/* ---- parts of declarations ---- */

/* [ '<' name { ',' name } '>' ] */
static struct p4_decl *parse_type_params(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	if (!seki_parse_accept(p, "<"))
		return NULL;
	while (!seki_parse_at(p, ">") && !p->panic) {
		struct p4_decl *param = seki_parse_new_decl(p, P4_D_TYPE_PARAM);

		take_decl_name(p, param, "a type parameter");
		seki_parse_add_type(p, param->name);
		*end = param;
		end = &param->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, ">", "after the type parameters");
	return first;
}

/* parameter: [ in | out | inout ] type name [ '=' expression ] */
static struct p4_decl *parse_param(struct p4_parser *p)
{
	struct p4_decl *param = seki_parse_new_decl(p, P4_D_PARAM);

	param->is_optional = seki_parse_annotations(p).optional;
	if (seki_parse_accept(p, "in"))
		param->dir = P4_DIR_IN;
	else if (seki_parse_accept(p, "out"))
		param->dir = P4_DIR_OUT;
	else if (seki_parse_accept(p, "inout"))
		param->dir = P4_DIR_INOUT;
	param->tref = seki_parse_type(p);
	take_decl_name(p, param, "the name of a parameter");
	if (seki_parse_accept(p, "="))
		param->init = seki_parse_expr(p);
	return param;
}

/* '(' [ parameter { ',' parameter } ] ')' */
struct p4_decl *seki_parse_params(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "(", "before the parameters");
	while (!seki_parse_at(p, ")") && !p->panic) {
		*end = parse_param(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, ")", "after the parameters");
	return first;
}

/* const type name '=' expression ';' */
struct p4_decl *seki_parse_const(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_CONST);

	seki_parse_take(p);
	decl->tref = seki_parse_type(p);
	take_decl_name(p, decl, "the name of a constant");
	seki_parse_expect(p, "=", "before the value of a constant");
	decl->init = seki_parse_expr(p);
	seki_parse_expect(p, ";", "after the constant");
	return decl;
}

/* The token after "type (", args, ")" where a name follows, as an instance has it. */
static bool at_instance(const struct seki_token *tok)
{
	uint32_t depth = 0;

	if (!seki_token_is(tok, "("))
		return false;
	for (; tok->kind != SEKI_TOKEN_END; tok = tok->next) {
		if (seki_token_is(tok, ";"))
			return false;
		if (seki_token_is(tok, "("))
			depth++;
		else if (seki_token_is(tok, ")") && --depth == 0)
			return is_name(tok->next) || seki_token_is(tok->next, "@");
	}
	return false;
}

bool seki_parse_at_declaration(const struct p4_parser *p)
{
	const struct seki_token *after;

	if (seki_parse_at(p, "const"))
		return true;
	after = seki_parse_skip_type(p->tok, 0);
	return after && (is_name(after) || at_instance(after));
}

/* '{' { function | instance } '}': the abstract methods of an instance */
static struct p4_decl *parse_instance_body(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "{", "before the methods");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
		const struct seki_token *after;

		seki_parse_annotations(p);
		after = seki_parse_skip_type(p->tok, 0);
		if (after && at_instance(after)) {
			*end = seki_parse_var_or_instance(p);
		} else if (after && is_name(after) && !seki_token_is(after->next, "(") &&
			   !seki_token_is(after->next, "<")) {
			*end = seki_parse_var_or_instance(p);
		} else {
			struct p4_tref *result = seki_parse_type(p);

			*end = seki_parse_function(p, result);
		}
		end = &(*end)->next;
	}
	seki_parse_expect(p, "}", "after the methods");
	return first;
}

/* type name [ '=' expression ] ';' | type '(' args ')' name [ '=' '{' ... '}' ] ';' */
struct p4_decl *seki_parse_var_or_instance(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_VAR);

	decl->tref = seki_parse_type(p);
	if (seki_parse_accept(p, "(")) {
		decl->kind = P4_D_INSTANCE;
		decl->args = seki_parse_args(p, ")");
	}
	seki_parse_annotations(p);
	take_decl_name(p, decl, "the name of a variable");
	if (seki_parse_accept(p, "=")) {
		if (decl->kind == P4_D_INSTANCE) {
			decl->has_body = true;
			decl->members = parse_instance_body(p);
		} else {
			decl->init = seki_parse_expr(p);
		}
	}
	seki_parse_expect(p, ";", "after the declaration");
	return decl;
}

/* type name [ typeParams ] '(' params ')' block */
struct p4_decl *seki_parse_function(struct p4_parser *p, struct p4_tref *result)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_FUNCTION);

	decl->tref = result;
	take_decl_name(p, decl, "the name of a function");
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	decl->body = seki_parse_block(p);
	decl->has_body = true;
	return decl;
}

/* action name '(' params ')' block */
static struct p4_decl *parse_action(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_ACTION);

	seki_parse_take(p);
	take_decl_name(p, decl, "the name of an action");
	decl->params = seki_parse_params(p);
	decl->body = seki_parse_block(p);
	decl->has_body = true;
	return decl;
}

/* ---- tables ---- */

/* '{' { expression ':' name ';' } '}' */
static void parse_keys(struct p4_parser *p, struct p4_table *table)
{
	struct p4_key **end = &table->keys;

	seki_parse_expect(p, "{", "before the keys");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
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
	}
	seki_parse_expect(p, "}", "after the keys");
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
	struct p4_action_ref **end = &table->actions;

	seki_parse_expect(p, "{", "before the actions");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
		struct p4_action_ref *ref = seki_arena_new(p->arena, struct p4_action_ref);
		struct p4_notes notes = seki_parse_annotations(p);

		ref->default_only = notes.default_only;
		ref->table_only = notes.table_only;
		ref->tok = p->tok;
		ref->call = parse_action_call(p);
		seki_parse_expect(p, ";", "after the action");
		*end = ref;
		end = &ref->next;
	}
	seki_parse_expect(p, "}", "after the actions");
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

static void parse_entries(struct p4_parser *p, struct p4_table *table, bool is_const)
{
	struct p4_action_ref **end = &table->entries;

	table->const_entries = is_const;
	seki_parse_expect(p, "{", "before the entries");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
		*end = parse_entry(p);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_expect(p, "}", "after the entries");
}

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

/* One property: key, actions, entries, default_action, size, or another. */
static void parse_table_part(struct p4_parser *p, struct p4_table *table, struct p4_property ***end)
{
	bool is_const;

	seki_parse_annotations(p);
	is_const = seki_parse_accept(p, "const");
	if (seki_parse_at(p, "key") && !table->has_keys) {
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'key'");
		table->has_keys = true;
		parse_keys(p, table);
	} else if (seki_parse_at(p, "actions") && !table->has_actions) {
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'actions'");
		table->has_actions = true;
		parse_actions(p, table);
	} else if (seki_parse_at(p, "entries")) {
		table->entries_tok = p->tok;
		seki_parse_take(p);
		seki_parse_expect(p, "=", "after 'entries'");
		parse_entries(p, table, is_const);
	} else {
		parse_property(p, table, is_const, end);
		return;
	}
	seki_parse_accept(p, ";");
}

/* table name '{' { property } '}' */
static struct p4_decl *parse_table(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_TABLE);
	struct p4_property **end;

	seki_parse_take(p);
	take_decl_name(p, decl, "the name of a table");
	decl->table = seki_arena_new(p->arena, struct p4_table);
	end = &decl->table->properties;
	seki_parse_expect(p, "{", "before the properties");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		parse_table_part(p, decl->table, &end);
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_expect(p, "}", "after the properties");
	return decl;
}

/* ---- parsers and controls ---- */

/* value_set '<' type '>' '(' size ')' name ';' */
static struct p4_decl *parse_value_set(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_VALUE_SET);

	seki_parse_take(p);
	decl->tref = seki_parse_type_args(p);
	seki_parse_expect(p, "(", "before the size");
	decl->init = seki_parse_expr(p);
	seki_parse_expect(p, ")", "after the size");
	take_decl_name(p, decl, "the name of a value set");
	seki_parse_expect(p, ";", "after the value set");
	return decl;
}

/* state name '{' { statement } [ transition ] '}' */
static struct p4_decl *parse_state(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_STATE);
	struct p4_stmt **end = &decl->body;

	seki_parse_take(p);
	take_decl_name(p, decl, "the name of a state");
	seki_parse_expect(p, "{", "before the statements");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic && !p->stop) {
		if (seki_parse_at(p, "transition")) {
			*end = seki_parse_transition(p);
			break;
		}
		*end = seki_parse_stmt(p);
		end = &(*end)->next;
	}
	seki_parse_expect(p, "}", "after the state");
	return decl;
}

static struct p4_decl *parse_local(struct p4_parser *p)
{
	struct p4_notes notes = seki_parse_annotations(p);
	struct p4_decl *decl;

	if (seki_parse_at(p, "action"))
		decl = parse_action(p);
	else if (seki_parse_at(p, "table"))
		decl = parse_table(p);
	else if (seki_parse_at(p, "value_set"))
		decl = parse_value_set(p);
	else if (seki_parse_at(p, "const"))
		decl = seki_parse_const(p);
	else if (seki_parse_at(p, "state") && is_name(p->tok->next))
		decl = parse_state(p);
	else
		decl = seki_parse_var_or_instance(p);
	decl->rename = notes.name;
	return decl;
}

/* What is in a parser or control, up to its '}', or to 'apply' in a control. */
static struct p4_decl *parse_locals(struct p4_parser *p, bool in_control)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		if (in_control && seki_parse_at(p, "apply") && seki_token_is(p->tok->next, "{"))
			break;
		*end = parse_local(p);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	return first;
}

/*
 * parser name [ typeParams ] '(' params ')' ( ';' | [ '(' params ')' ] '{' ... '}' )
 * control name ... '{' { declaration } apply block '}'
 */
static struct p4_decl *parse_block_decl(struct p4_parser *p, bool control)
{
	struct p4_decl *decl = seki_parse_new_decl(p, control ? P4_D_CONTROL : P4_D_PARSER);

	seki_parse_take(p);
	take_decl_name(p, decl, control ? "the name of a control" : "the name of a parser");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	if (seki_parse_accept(p, ";"))
		return decl;
	if (seki_parse_at(p, "("))
		decl->ctor_params = seki_parse_params(p);
	decl->has_body = true;
	seki_parse_expect(p, "{", "before the body");
	if (p->panic)
		return decl;
	decl->members = parse_locals(p, control);
	if (control) {
		seki_parse_expect(p, "apply", "in a control");
		decl->body = seki_parse_block(p);
	}
	seki_parse_expect(p, "}", control ? "after the control" : "after the parser");
	return decl;
}

/* package name [ typeParams ] '(' params ')' ';' */
static struct p4_decl *parse_package(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_PACKAGE);

	seki_parse_take(p);
	take_decl_name(p, decl, "the name of a package");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	decl->ctor_params = decl->params;
	seki_parse_expect(p, ";", "after the package");
	return decl;
}

/* ---- types ---- */

/* struct | header | header_union name [ typeParams ] '{' { type name ';' } '}' */
static struct p4_decl *parse_struct(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, kind);
	struct p4_decl **end = &decl->members;

	seki_parse_take(p);
	take_decl_name(p, decl, "the name of a type");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	seki_parse_expect(p, "{", "before the fields");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		struct p4_decl *field = seki_parse_new_decl(p, P4_D_FIELD);

		field->rename = seki_parse_annotations(p).name;
		field->tref = seki_parse_type(p);
		take_decl_name(p, field, "the name of a field");
		seki_parse_expect(p, ";", "after the field");
		*end = field;
		end = &field->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_expect(p, "}", "after the fields");
	return decl;
}

/* '{' name [ '=' expression ] { ',' ... } '}' */
static struct p4_decl *parse_members(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "{", "before the members");
	while (!seki_parse_at(p, "}") && !p->panic) {
		struct p4_decl *member = seki_parse_new_decl(p, kind);

		seki_parse_annotations(p);
		take_decl_name(p, member, "the name of a member");
		if (kind == P4_D_ENUM_MEMBER && seki_parse_accept(p, "="))
			member->init = seki_parse_expr(p);
		*end = member;
		end = &member->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, "}", "after the members");
	return first;
}

/* enum [ type ] name '{' members '}' */
static struct p4_decl *parse_enum(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_ENUM);

	seki_parse_take(p);
	if (!is_name(p->tok) || !seki_token_is(p->tok->next, "{"))
		decl->tref = seki_parse_type(p);
	take_decl_name(p, decl, "the name of an enum");
	seki_parse_add_type(p, decl->name);
	decl->members = parse_members(p, P4_D_ENUM_MEMBER);
	return decl;
}

/* typedef type name ';' | type type name ';' | typedef struct ... */
static struct p4_decl *parse_typedef(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, kind);

	seki_parse_take(p);
	decl->tref = seki_parse_type(p);
	take_decl_name(p, decl, "the name of a type");
	seki_parse_add_type(p, decl->name);
	seki_parse_expect(p, ";", "after the type");
	return decl;
}

/* error '{' names '}' | match_kind '{' names '}' */
static struct p4_decl *parse_group(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_GROUP);

	seki_parse_take(p);
	decl->members = parse_members(p, kind);
	return decl;
}

/* ---- externs and functions ---- */

/* [ abstract ] [ type ] name [ typeParams ] '(' params ')' ';' */
static struct p4_decl *parse_method(struct p4_parser *p, const char *extern_name)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_METHOD);

	seki_parse_annotations(p);
	decl->is_abstract = seki_parse_accept(p, "abstract");
	seki_parse_annotations(p);
	if (strcmp(p->tok->text, extern_name) == 0 && seki_token_is(p->tok->next, "("))
		decl->is_constructor = true;
	else
		decl->tref = seki_parse_type(p);
	take_decl_name(p, decl, "the name of a method");
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	seki_parse_expect(p, ";", "after the method");
	return decl;
}

/* extern name [ typeParams ] '{' { method } '}' | extern type name ... '(' params ')' ';' */
static struct p4_decl *parse_extern(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_EXTERN);
	struct p4_decl **end = &decl->members;

	seki_parse_take(p);
	seki_parse_annotations(p);
	if (!is_name(p->tok) ||
	    (!seki_token_is(p->tok->next, "{") && !seki_token_is(p->tok->next, "<")) ||
	    seki_parse_is_type(p, p->tok->text)) {
		decl->kind = P4_D_FUNCTION;
		decl->is_extern = true;
		decl->tref = seki_parse_type(p);
		take_decl_name(p, decl, "the name of a function");
		decl->type_params = parse_type_params(p);
		decl->params = seki_parse_params(p);
		seki_parse_expect(p, ";", "after the extern function");
		return decl;
	}
	take_decl_name(p, decl, "the name of an extern");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	seki_parse_expect(p, "{", "before the methods");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		*end = parse_method(p, decl->name);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_expect(p, "}", "after the methods");
	return decl;
}

static struct p4_decl *parse_other(struct p4_parser *p)
{
	const struct seki_token *after = seki_parse_skip_type(p->tok, 0);

	if (seki_parse_at(p, "void"))
		after = p->tok->next;
	if (!after) {
		seki_parse_error(p, "a declaration");
		return seki_parse_new_decl(p, P4_D_GROUP);
	}
	if (is_name(after) &&
	    (seki_token_is(after->next, "(") || seki_token_is(after->next, "<"))) {
		struct p4_tref *result = seki_parse_type(p);

		return seki_parse_function(p, result);
	}
	return seki_parse_var_or_instance(p);
}

static struct p4_decl *parse_decl(struct p4_parser *p)
{
	if (seki_parse_at(p, "const"))
		return seki_parse_const(p);
	if (seki_parse_at(p, "extern"))
		return parse_extern(p);
	if (seki_parse_at(p, "action"))
		return parse_action(p);
	if (seki_parse_at(p, "parser"))
		return parse_block_decl(p, false);
	if (seki_parse_at(p, "control"))
		return parse_block_decl(p, true);
	if (seki_parse_at(p, "package"))
		return parse_package(p);
	if (seki_parse_at(p, "struct"))
		return parse_struct(p, P4_D_STRUCT);
	if (seki_parse_at(p, "header"))
		return parse_struct(p, P4_D_HEADER);
	if (seki_parse_at(p, "header_union"))
		return parse_struct(p, P4_D_UNION);
	if (seki_parse_at(p, "enum"))
		return parse_enum(p);
	if (seki_parse_at(p, "typedef"))
		return parse_typedef(p, P4_D_TYPEDEF);
	if (seki_parse_at(p, "type") && !seki_token_is(p->tok->next, "("))
		return parse_typedef(p, P4_D_NEWTYPE);
	if (seki_parse_at(p, "error") && seki_token_is(p->tok->next, "{"))
		return parse_group(p, P4_D_ERROR_MEMBER);
	if (seki_parse_at(p, "match_kind") && seki_token_is(p->tok->next, "{"))
		return parse_group(p, P4_D_MATCH_KIND);
	return parse_other(p);
}

/* At the top level, the next declaration starts at a keyword at the start of a line. */
static void sync_top(struct p4_parser *p)
{
	static const char *const starts[] = {"const",	"extern",  "action", "parser",
					     "control", "package", "struct", "header",
					     "enum",	"typedef", "error",  "header_union"};

	p->panic = false;
	seki_parse_take(p);
	while (p->tok->kind != SEKI_TOKEN_END) {
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
			if (p->tok->line_start && seki_parse_at(p, starts[i]) &&
			    seki_source_place(p->tok->at.src, p->tok->at.off).col == 1)
				return;
		seki_parse_take(p);
	}
}

/* program: { declaration | ';' } */
struct p4_program *seki_p4_parse(struct seki_diags *diags, struct seki_token *tokens)
{
	struct p4_parser *p = seki_arena_new(diags->arena, struct p4_parser);
	struct p4_program *program = seki_arena_new(diags->arena, struct p4_program);
	struct p4_decl **end = &program->decls;

	p->diags = diags;
	p->arena = diags->arena;
	p->tok = tokens;
	p->prev = tokens;
	while (p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		struct p4_notes notes;

		if (seki_parse_accept(p, ";"))
			continue;
		notes = seki_parse_annotations(p);
		*end = parse_decl(p);
		(*end)->rename = notes.name;
		end = &(*end)->next;
		if (p->panic)
			sync_top(p);
	}
	program->n_ids = p->n_ids;
	return program;
}
