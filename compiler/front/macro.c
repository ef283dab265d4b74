/* SPDX-License-Identifier: Apache-2.0 */
/* Macros of the preprocessor: see macro.h. */
#include <string.h>

#include "compiler/front/macro.h"

#define MAX_NESTING 64u
#define MAX_PARAMS  32u

struct seki_macro {
	struct seki_macro *next;
	const char *name;
	struct seki_token *body; /* up to a SEKI_TOKEN_END */
	const char *params[MAX_PARAMS];
	uint32_t n_params;
	bool takes_args;
	bool variadic; /* the last parameter takes all arguments that are left */
	bool active;   /* being expanded */
};

/* The tokens of one argument: as written, and expanded. */
struct arg {
	struct seki_token *raw;
	struct seki_token *expanded;
};

static uint32_t bucket(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h % SEKI_MACRO_BUCKETS;
}

struct seki_macro *seki_macro_find(const struct seki_macros *macros, const char *name)
{
	for (struct seki_macro *m = macros->buckets[bucket(name)]; m; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static struct seki_macro *macro_of(const struct seki_macros *macros, const struct seki_token *token)
{
	return token->kind == SEKI_TOKEN_NAME ? seki_macro_find(macros, token->text) : NULL;
}

bool seki_macro_takes_args(const struct seki_macros *macros, const struct seki_token *token)
{
	const struct seki_macro *m = macro_of(macros, token);

	return m && m->takes_args;
}

void seki_macro_undefine(struct seki_macros *macros, const char *name)
{
	struct seki_macro **p = &macros->buckets[bucket(name)];

	while (*p && strcmp((*p)->name, name) != 0)
		p = &(*p)->next;
	if (*p)
		*p = (*p)->next;
}

struct seki_token *seki_macro_end_of_line(struct seki_macros *macros, struct seki_span at)
{
	struct seki_token *token = seki_arena_new(macros->diags->arena, struct seki_token);

	token->kind = SEKI_TOKEN_END;
	token->text = "end of line";
	token->at = at;
	return token;
}

static bool is_word(const struct seki_token *token)
{
	return token->kind == SEKI_TOKEN_NAME || token->kind == SEKI_TOKEN_KEYWORD;
}

/* '(' [ name { ',' name } ] [ '...' ] ')'. Returns the token behind it, or NULL after an error. */
static struct seki_token *take_params(struct seki_macros *macros, struct seki_macro *m,
				      struct seki_token *token)
{
	m->takes_args = true;
	token = token->next;
	if (seki_token_is(token, ")"))
		return token->next;
	for (;; token = token->next) {
		m->variadic = seki_token_is(token, "...") && seki_token_is(token->next, ")");
		if (m->variadic && m->n_params < MAX_PARAMS) {
			m->params[m->n_params++] = "__VA_ARGS__";
			return token->next->next;
		}
		if (!is_word(token) || m->n_params == MAX_PARAMS) {
			seki_diag_error(macros->diags, token->at,
					is_word(token) ? "more than %u parameters"
						       : "expected a parameter of the macro",
					MAX_PARAMS);
			return NULL;
		}
		m->params[m->n_params++] = token->text;
		token = token->next;
		if (seki_token_is(token, ")"))
			return token->next;
		if (!seki_token_is(token, ",")) {
			seki_diag_error(macros->diags, token->at,
					"expected ',' or ')' after a parameter of the macro");
			return NULL;
		}
	}
}

void seki_macro_define(struct seki_macros *macros, struct seki_token *name)
{
	struct seki_macro *m;

	if (!is_word(name)) {
		seki_diag_error(macros->diags, name->at, "expected the name of a macro");
		return;
	}
	m = seki_arena_new(macros->diags->arena, struct seki_macro);
	m->name = name->text;
	m->body = name->next;
	if (seki_token_is(name->next, "(") && !name->next->spaced)
		m->body = take_params(macros, m, name->next);
	if (!m->body)
		return;
	seki_macro_undefine(macros, name->text);
	m->next = macros->buckets[bucket(m->name)];
	macros->buckets[bucket(m->name)] = m;
}

/* Each token made or copied counts as work, so that a tree of macros ends. False: no more. */
static bool count(struct seki_macros *macros, struct seki_span at)
{
	if (macros->n_tokens > SEKI_MACRO_MAX_TOKENS)
		return false;
	if (macros->n_tokens++ < SEKI_MACRO_MAX_TOKENS)
		return true;
	seki_diag_error(macros->diags, at, "more than %u tokens", SEKI_MACRO_MAX_TOKENS);
	return false;
}

/* __FILE__ and __LINE__ are where they are used, or where the macro is that they are in. */
static void put_place(struct seki_macros *macros, struct seki_token *token)
{
	const char *name;
	struct seki_place place = seki_source_told(token->at.src, token->at.off, &name);

	if (strcmp(token->text, "__FILE__") == 0) {
		token->kind = SEKI_TOKEN_STRING;
		token->text = name;
	} else if (strcmp(token->text, "__LINE__") == 0) {
		token->kind = SEKI_TOKEN_NUMBER;
		token->text = seki_arena_printf(macros->diags->arena, "%u", place.line);
	}
}

void seki_macro_emit(struct seki_macros *macros, struct seki_token *token)
{
	if (!count(macros, token->at))
		return;
	if (token->wrong && !macros->in_line)
		seki_diag_error(macros->diags, token->at, "%s", token->wrong);
	if (token->kind == SEKI_TOKEN_BAD && !macros->in_line)
		return;
	if (token->kind == SEKI_TOKEN_NAME && token->text[0] == '_')
		put_place(macros, token);
	*macros->end = token;
	macros->end = &token->next;
}

/* A copy of a token, as if it stood where the macro is used. */
static struct seki_token *copy_at(struct seki_macros *macros, const struct seki_token *token,
				  const struct seki_token *use, bool first)
{
	struct seki_token *copy = seki_arena_new(macros->diags->arena, struct seki_token);

	*copy = *token;
	copy->next = NULL;
	copy->at = use->at;
	copy->line_start = false;
	if (first) {
		copy->spaced = use->spaced;
		copy->line_start = use->line_start;
	}
	return copy;
}

static struct seki_token *copy_args(struct seki_macros *macros, const struct seki_token *from,
				    const struct seki_token *to)
{
	struct seki_token *first = NULL;
	struct seki_token **end = &first;

	for (; from != to && count(macros, from->at); from = from->next) {
		*end = seki_arena_new(macros->diags->arena, struct seki_token);
		**end = *from;
		(*end)->next = NULL;
		end = &(*end)->next;
	}
	*end = seki_macro_end_of_line(macros, to->at);
	return first;
}

static struct seki_token *expand_one(struct seki_macros *macros, struct seki_token *token,
				     uint32_t depth);

static struct seki_token *expand_arg(struct seki_macros *macros, struct seki_token *raw,
				     uint32_t depth)
{
	struct seki_token **end = macros->end;
	struct seki_token *first = NULL;
	struct seki_token *copy = raw;

	while (copy->kind != SEKI_TOKEN_END)
		copy = copy->next;
	copy = copy_args(macros, raw, copy);
	macros->end = &first;
	while (copy->kind != SEKI_TOKEN_END)
		copy = expand_one(macros, copy, depth + 1);
	*macros->end = seki_macro_end_of_line(macros, copy->at);
	macros->end = end;
	return first;
}

/* From the '(' on. Returns the ')', or NULL where there are not as many as parameters. */
static struct seki_token *take_args(struct seki_macros *macros, const struct seki_macro *m,
				    struct seki_token *open, struct arg *args, uint32_t depth)
{
	struct seki_token *from = open->next, *t;
	uint32_t parens = 0, n = 0;

	for (t = from;; t = t->next) {
		bool close = seki_token_is(t, ")") && parens == 0;
		bool rest = m->variadic && n + 1 == m->n_params;

		if (t->kind == SEKI_TOKEN_END) {
			seki_diag_error(macros->diags, open->at,
					"the arguments of macro '%s' are not closed", m->name);
			return NULL;
		}
		if (close || (seki_token_is(t, ",") && parens == 0 && !rest)) {
			if (n < m->n_params)
				args[n].raw = copy_args(macros, from, t);
			n += n < m->n_params || from != t || !close;
			from = t->next;
		}
		if (close)
			break;
		parens += seki_token_is(t, "(");
		parens -= seki_token_is(t, ")");
	}
	if (m->variadic && n + 1 == m->n_params)
		args[n++].raw = seki_macro_end_of_line(macros, t->at);
	if (n != m->n_params) {
		seki_diag_error(macros->diags, open->at,
				"macro '%s' takes %u argument%s, here %s %u", m->name, m->n_params,
				m->n_params == 1 ? "" : "s", n == 1 ? "is" : "are", n);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		args[i].expanded = expand_arg(macros, args[i].raw, depth);
	return t;
}

/* #parameter: the text of the argument. */
static struct seki_token *stringify(struct seki_macros *macros, const struct seki_token *arg,
				    const struct seki_token *use)
{
	struct seki_strbuf text = {.arena = macros->diags->arena};
	struct seki_token *token = copy_at(macros, use, use, false);

	seki_strbuf_printf(&text, "%s", "");
	for (const struct seki_token *t = arg; t->kind != SEKI_TOKEN_END; t = t->next) {
		const char *quote = t->kind == SEKI_TOKEN_STRING ? "\"" : "";

		seki_strbuf_printf(&text, "%s%s%s%s", t != arg && t->spaced ? " " : "", quote,
				   t->text, quote);
	}
	token->kind = SEKI_TOKEN_STRING;
	token->text = text.data;
	token->spaced = true;
	return token;
}

/* a ## b: the token that both texts make together. */
static void paste(struct seki_macros *macros, struct seki_token *a, const struct seki_token *b)
{
	char *text = seki_arena_printf(macros->diags->arena, "%s%s", a->text, b->text);
	struct seki_source *src = seki_source_make(macros->diags->arena, "<macro>", text,
						   (uint32_t)strlen(text));
	struct seki_lexer lexer = {.diags = macros->diags, .src = src};
	const struct seki_token *both = seki_lex_next(&lexer);

	if (both->wrong || lexer.pos != src->len)
		seki_diag_error(macros->diags, a->at, "'%s' and '%s' make no token together",
				a->text, b->text);
	a->kind = both->kind;
	a->text = both->text;
}

/* What stands for one token of the body: the argument of a parameter, or the token. */
struct piece {
	const struct seki_token *first;
	const struct seki_token *end; /* behind the last */
};

static struct piece piece_of(struct seki_macros *macros, const struct seki_macro *m,
			     const struct seki_token **body, const struct arg *args,
			     const struct seki_token *use, bool pasted)
{
	const struct seki_token *t = *body;
	bool hash = seki_token_is(t, "#") && m->takes_args && is_word(t->next);
	const struct seki_token *name = hash ? t->next : t;
	struct piece piece = {t, t->next};
	uint32_t i = 0;

	*body = t->next;
	while (is_word(name) && i < m->n_params && strcmp(m->params[i], name->text) != 0)
		i++;
	if (!is_word(name) || i == m->n_params)
		return piece;
	if (hash) {
		*body = name->next;
		piece.first = stringify(macros, args[i].raw, use);
		piece.end = NULL;
		return piece;
	}
	pasted |= seki_token_is(name->next, "#") && seki_token_is(name->next->next, "#");
	piece.first = pasted ? args[i].raw : args[i].expanded;
	for (piece.end = piece.first; piece.end->kind != SEKI_TOKEN_END;)
		piece.end = piece.end->next;
	return piece;
}

/* The body with the arguments in the places of the parameters. */
static struct seki_token *substitute(struct seki_macros *macros, const struct seki_macro *m,
				     const struct arg *args, const struct seki_token *use)
{
	const struct seki_token *body = m->body;
	struct seki_token *first = NULL, *last = NULL;
	struct seki_token **end = &first;
	bool pasted = false;

	while (body->kind != SEKI_TOKEN_END && macros->n_tokens <= SEKI_MACRO_MAX_TOKENS) {
		struct piece piece;

		if (last && seki_token_is(body, "#") && seki_token_is(body->next, "#")) {
			pasted = true;
			body = body->next->next;
			continue;
		}
		piece = piece_of(macros, m, &body, args, use, pasted);
		for (const struct seki_token *t = piece.first; t != piece.end; t = t->next) {
			if (!count(macros, use->at))
				break;
			if (pasted && last) {
				paste(macros, last, t);
				pasted = false;
				continue;
			}
			last = copy_at(macros, t, use, !first);
			*end = last;
			end = &last->next;
		}
		pasted = false;
	}
	*end = seki_macro_end_of_line(macros, use->at);
	return first;
}

/* Returns the token behind what was expanded: a macro's arguments are taken, too. */
static struct seki_token *expand_one(struct seki_macros *macros, struct seki_token *token,
				     uint32_t depth)
{
	struct seki_macro *m = macro_of(macros, token);
	struct seki_token *next = token->next;
	struct arg args[MAX_PARAMS] = {0};

	if (!m || m->active || depth > MAX_NESTING ||
	    (m->takes_args && !seki_token_is(next, "("))) {
		seki_macro_emit(macros, token);
		return next;
	}
	if (m->takes_args) {
		next = take_args(macros, m, next, args, depth);
		if (!next) {
			while (token->kind != SEKI_TOKEN_END)
				token = token->next;
			return token;
		}
		next = next->next;
	}
	count(macros, token->at);
	m->active = true;
	for (struct seki_token *t = substitute(macros, m, args, token);
	     t->kind != SEKI_TOKEN_END;) {
		if (macros->n_tokens > SEKI_MACRO_MAX_TOKENS)
			break;
		t = expand_one(macros, t, depth + 1);
	}
	m->active = false;
	return next;
}

void seki_macro_expand(struct seki_macros *macros, struct seki_token *list)
{
	while (list->kind != SEKI_TOKEN_END && macros->n_tokens <= SEKI_MACRO_MAX_TOKENS)
		list = expand_one(macros, list, 0);
}
