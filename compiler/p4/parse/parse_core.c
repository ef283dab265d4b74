/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all of the parser uses: taking tokens, telling errors, getting in step again after one,
 * names of types.
 */
#include "compiler/p4/parse/parser.h"

#include <string.h>

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
	if (p->tok->line_start && p->prev && (text[0] == ';' || text[0] == ')'))
		error_after(p, expected);
	else
		seki_parse_error(p, expected);
}

/* What stands in no block: where it starts a line, a '}' is missing before it. */
bool seki_parse_at_outer(const struct p4_parser *p)
{
	static const char *const outer[] = {"control",	    "parser", "struct",	 "header",
					    "header_union", "enum",   "typedef", "package",
					    "extern",	    "action", "table"};

	if (!p->tok->line_start || p->tok->kind != SEKI_TOKEN_KEYWORD)
		return false;
	if (seki_parse_at_state(p))
		return true;
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		if (seki_parse_at(p, outer[i]))
			return true;
	return false;
}

bool seki_parse_at_state(const struct p4_parser *p)
{
	return seki_parse_at(p, "state") && seki_parse_is_name(p->tok->next) &&
	       !seki_token_is(p->tok->next->next, ";");
}

void seki_parse_close(struct p4_parser *p, const struct seki_token *open, const char *where)
{
	struct seki_diag *diag;
	bool quote = p->tok->kind != SEKI_TOKEN_END;

	if (p->panic || p->stop || seki_parse_accept(p, "}"))
		return;
	diag = seki_diag_error(p->diags, p->tok->at, "expected '}' %s, found %s%s%s", where,
			       quote ? "'" : "", p->tok->text, quote ? "'" : "");
	if (seki_token_is(open, "{"))
		seki_diag_note(p->diags, diag, open->at, "to match this '{'");
	/* As if it were there: what follows can be understood. */
	p->panic = !seki_parse_at_outer(p) && quote;
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

bool seki_parse_is_name(const struct seki_token *tok)
{
	return (tok->kind == SEKI_TOKEN_NAME && strcmp(tok->text, "_") != 0) ||
	       (tok->kind == SEKI_TOKEN_KEYWORD && is_soft_keyword(tok));
}

bool seki_parse_at_name(const struct p4_parser *p)
{
	return seki_parse_is_name(p->tok);
}

const char *seki_parse_name(struct p4_parser *p, const char *what)
{
	const char *name = p->tok->text;

	if (p->panic)
		return "?";
	if (!seki_parse_is_name(p->tok) && p->tok->kind == SEKI_TOKEN_KEYWORD && !p->stop &&
	    strncmp(what, "the name", 8) == 0) {
		seki_diag_error(p->diags, p->tok->at, "expected %s, but '%s' is a keyword", what,
				name);
		p->panic = true;
	}
	if (!seki_parse_is_name(p->tok)) {
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

bool seki_parse_is_type(const struct p4_parser *p, const char *name)
{
	return seki_names_find(&p->types, name) != NULL;
}

void seki_parse_add_type(struct p4_parser *p, const char *name)
{
	seki_names_add(&p->types, p->arena, name, p);
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

void seki_parse_decl_name(struct p4_parser *p, struct p4_decl *decl, const char *what)
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
