/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations (P4_16 specification, section 20). */
#include "compiler/p4/parse/parser.h"

#include <string.h>

/* Those of the language, and what is between their parentheses. */
static const struct {
	const char *name;
	enum { NO_BODY, STRING_BODY, ANY_BODY } body;
} known[] = {
	{"atomic", NO_BODY},	     {"defaultonly", NO_BODY}, {"tableonly", NO_BODY},
	{"hidden", NO_BODY},	     {"likely", NO_BODY},      {"unlikely", NO_BODY},
	{"optional", NO_BODY},	     {"pure", NO_BODY},	       {"noSideEffects", NO_BODY},
	{"deprecated", STRING_BODY}, {"name", STRING_BODY},    {"noWarn", STRING_BODY},
	{"match", ANY_BODY},	     {"pragma", ANY_BODY},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* Those of architectures, P4Runtime and compilers that programs here may have been written for. */
static const char *const foreign[] = {
	"alias",
	"brief",
	"controller_header",
	"deparser",
	"description",
	"diagnostic",
	"field_list",
	"format",
	"id",
	"inline",
	"metadata",
	"mid",
	"p4runtime_translation",
	"pkginfo",
	"platform_property",
	"priority",
	"proto",
	"sourceAnnotation",
	"switchstate",
	"synchronous",
	"toplevel",
	"unroll",
	"userMetadata",
};

#define FOREIGN (sizeof(foreign) / sizeof(foreign[0]))

/* One of an element's annotations, while they are read. */
struct note {
	const struct seki_token *tok; /* its name */
	bool structured;
};

/* Names that start with a small letter belong to the language and its architectures (section 20.3). */
static void tell_unknown(struct p4_parser *p, const struct seki_token *tok)
{
	const char *names[KNOWN];
	const char *near;

	for (size_t i = 0; i < FOREIGN; i++)
		if (strcmp(foreign[i], tok->text) == 0)
			return;
	for (size_t i = 0; i < KNOWN; i++) {
		if (strcmp(known[i].name, tok->text) == 0)
			return;
		names[i] = known[i].name;
	}
	near = seki_diag_suggest(tok->text, names, KNOWN);
	if (near)
		seki_diag_warning(p->diags, SEKI_WARN_ANNOTATION, tok->at,
				  "unknown annotation '@%s'; did you mean '@%s'?", tok->text, near);
	else if (tok->text[0] >= 'a' && tok->text[0] <= 'z')
		seki_diag_warning(p->diags, SEKI_WARN_ANNOTATION, tok->at,
				  "unknown annotation '@%s': it is ignored", tok->text);
}

/* An annotation with [] stands alone, others of one name add up: but for names, of which there is one. */
static void check_repeat(struct p4_parser *p, struct p4_names *seen, const struct note *note)
{
	const struct note *other = seki_names_add(seen, p->arena, note->tok->text, (void *)note);
	const char *name = note->tok->text;
	struct seki_diag *diag;

	if (!other && strcmp(name, "name") == 0)
		other = seki_names_find(seen, "hidden");
	else if (!other && strcmp(name, "hidden") == 0)
		other = seki_names_find(seen, "name");
	else if (other && !other->structured && !note->structured && strcmp(name, "name") != 0)
		return;
	if (!other || p->panic)
		return;
	if (strcmp(other->tok->text, name) != 0)
		diag = seki_diag_error(
			p->diags, note->tok->at,
			"what has a name for the control plane is not hidden from it");
	else if (other->structured != note->structured)
		diag = seki_diag_error(p->diags, note->tok->at,
				       "'@%s' is with [ ] and without it at one element", name);
	else
		diag = seki_diag_error(p->diags, note->tok->at, "a second '@%s'", name);
	seki_diag_note(p->diags, diag, other->tok->at, "the other one is here");
}

/* '(' { token } ')', where parentheses are in pairs */
static void skip_body(struct p4_parser *p)
{
	uint32_t depth = 0;

	do {
		if (seki_parse_at(p, "("))
			depth++;
		else if (seki_parse_at(p, ")"))
			depth--;
		seki_parse_take(p);
	} while (depth && p->tok->kind != SEKI_TOKEN_END);
	if (depth)
		seki_parse_error(p, "the end of an annotation");
}

/* '(' string { '++' string } ')'; NULL after an error */
static const char *parse_string(struct p4_parser *p, const char *name)
{
	struct seki_strbuf text = {.arena = p->arena};

	seki_strbuf_printf(&text, "%s", "");
	seki_parse_expect(p, "(", seki_arena_printf(p->arena, "after '@%s'", name));
	do {
		if (p->tok->kind != SEKI_TOKEN_STRING)
			seki_parse_error(p, "a string");
		if (p->panic)
			return NULL;
		seki_strbuf_printf(&text, "%s", p->tok->text);
		seki_parse_take(p);
	} while (seki_parse_accept(p, "++"));
	seki_parse_expect(p, ")", "after the string");
	return p->panic ? NULL : text.data;
}

/* '[' [ expression | name '=' expression ] { ',' ... } ']' */
static struct p4_expr *parse_exprs(struct p4_parser *p)
{
	struct p4_expr *list;

	seki_parse_take(p);
	list = seki_parse_args(p, "]");
	for (const struct p4_expr *e = list; e; e = e->next)
		if (!e->arg_name != !list->arg_name && !p->panic)
			seki_diag_error(p->diags, seki_expr_span(e),
					"an annotation has either named values or values only");
	return list;
}

/* @pragma and all that is on its line */
static void skip_pragma(struct p4_parser *p)
{
	while (!p->tok->line_start && p->tok->kind != SEKI_TOKEN_END)
		seki_parse_take(p);
}

/* The set of warnings that a name stands for: also as other compilers write it. */
static uint32_t warnings_of(struct p4_parser *p, const char *name)
{
	char *text = seki_arena_dup(p->arena, name, strlen(name));
	enum seki_warning w;

	for (char *c = text; *c; c++)
		*c = *c == '_' ? '-' : *c;
	if (strcmp(text, "uninitialized-use") == 0 || strcmp(text, "uninitialized-out-param") == 0)
		return SEKI_WARNING_BIT(SEKI_WARN_UNINITIALIZED);
	w = seki_warning_find(text);
	return w == SEKI_WARNINGS ? 0 : SEKI_WARNING_BIT(w);
}

static void append(struct p4_expr **list, struct p4_expr *more)
{
	while (*list)
		list = &(*list)->next;
	*list = more;
}

static void set_string(struct p4_parser *p, struct p4_notes *notes, const char *name,
		       const char *text)
{
	if (strcmp(name, "name") == 0)
		notes->name = text;
	else if (strcmp(name, "deprecated") == 0)
		notes->deprecated = text;
	else if (text)
		notes->quiet |= warnings_of(p, text);
}

static void set_flag(struct p4_notes *notes, const char *name)
{
	notes->optional |= strcmp(name, "optional") == 0;
	notes->pure |= strcmp(name, "pure") == 0;
	notes->default_only |= strcmp(name, "defaultonly") == 0;
	notes->table_only |= strcmp(name, "tableonly") == 0;
	notes->atomic |= strcmp(name, "atomic") == 0;
}

/* What is behind the name of an annotation that is no @pragma. */
static void parse_body(struct p4_parser *p, struct p4_notes *notes, const struct seki_token *tok)
{
	const char *name = tok->text;
	size_t i = 0;

	if (seki_parse_at(p, "[")) {
		append(&notes->exprs, parse_exprs(p));
		return;
	}
	while (i < KNOWN && strcmp(known[i].name, name) != 0)
		i++;
	if (i < KNOWN && known[i].body == STRING_BODY) {
		set_string(p, notes, name, parse_string(p, name));
		return;
	}
	if (i < KNOWN && known[i].body == NO_BODY) {
		set_flag(notes, name);
		if (seki_parse_at(p, "(") && !seki_token_is(p->tok->next, ")") && !p->panic)
			seki_diag_error(p->diags, p->tok->at, "'@%s' takes nothing in parentheses",
					name);
	}
	if (strcmp(name, "match") == 0 && seki_parse_at(p, "("))
		notes->match = p->tok->next;
	if (seki_parse_at(p, "("))
		skip_body(p);
}

/* '@' name [ '(' ... ')' | '[' ... ']' ] */
struct p4_notes seki_parse_annotations(struct p4_parser *p)
{
	struct p4_notes notes = {.first = p->tok};
	struct p4_names seen = {0};

	while (seki_parse_accept(p, "@")) {
		struct note *note = seki_arena_new(p->arena, struct note);

		note->tok = p->tok;
		seki_parse_take(p);
		if (seki_token_is(note->tok, "pragma")) {
			skip_pragma(p);
			continue;
		}
		note->structured = seki_parse_at(p, "[");
		tell_unknown(p, note->tok);
		check_repeat(p, &seen, note);
		parse_body(p, &notes, note->tok);
	}
	if (notes.default_only && notes.table_only && !p->panic)
		seki_diag_error(
			p->diags, p->tok->at,
			"an action that is for entries only and for the default action only "
			"is for nothing");
	return notes;
}

void seki_parse_noted(struct p4_parser *p, const struct p4_notes *notes)
{
	struct seki_span at = notes->first->at;

	if (!notes->quiet)
		return;
	/* To the end of the file where it ends in another one. */
	at.len = UINT32_MAX - at.off;
	if (p->prev->at.src == at.src)
		at.len = p->prev->at.off + p->prev->at.len - at.off;
	if (!seki_diag_hush(p->diags, at, notes->quiet))
		seki_diag_error(p->diags, notes->first->at, "more than %u annotations '@noWarn'",
				SEKI_DIAG_MAX_HUSHES);
}
