/* SPDX-License-Identifier: Apache-2.0 */
/* A source as tokens, comments and directives. */
#include "compiler/p4/fmt/items.h"

#include <string.h>

struct cut {
	const struct seki_source *src;
	struct items *items;
	uint32_t newlines;
	uint32_t end; /* of the last item */
};

static struct item *add(struct cut *c, enum item_kind kind, uint32_t off, uint32_t len)
{
	struct items *items = c->items;
	struct item *item;

	if (items->n == items->room) {
		struct item *old = items->of;

		items->room = items->room ? 2 * items->room : 256;
		items->of = seki_arena_alloc(items->arena, items->room * sizeof(*items->of));
		if (old)
			memcpy(items->of, old, items->n * sizeof(*old));
	}
	item = &items->of[items->n++];
	*item = (struct item){.kind = kind,
			      .text = c->src->text + off,
			      .len = len,
			      .newlines = c->newlines,
			      .spaced = off > c->end};
	c->newlines = 0;
	c->end = off + len;
	return item;
}

static bool starts(const struct cut *c, uint32_t at, const char *text)
{
	return strncmp(c->src->text + at, text, strlen(text)) == 0;
}

/* Behind the comment that starts there; the lexer has seen that it is closed. */
static uint32_t comment_end(const struct cut *c, uint32_t at)
{
	const char *text = c->src->text, *end;

	if (text[at + 1] == '/') {
		while (at < c->src->len && text[at] != '\n')
			at = seki_source_skip_joins(c->src, at + 1);
		return at;
	}
	end = strstr(text + at + 2, "*/");
	return end ? (uint32_t)(end - text) + 2 : c->src->len;
}

static uint32_t trimmed(const struct cut *c, uint32_t from, uint32_t to)
{
	while (to > from && strchr(" \t\r\f\v", c->src->text[to - 1]))
		to--;
	return to - from;
}

/* Comments and line ends between two tokens. */
static void cut_gap(struct cut *c, uint32_t from, uint32_t to)
{
	while (from < to) {
		if (starts(c, from, "//") || starts(c, from, "/*")) {
			uint32_t end = comment_end(c, from);

			add(c, ITEM_COMMENT, from, trimmed(c, from, end));
			from = end;
			continue;
		}
		c->newlines += c->src->text[from] == '\n';
		from++;
	}
}

/* The end of a line that goes on behind a backslash and through comments. */
static uint32_t line_end(const struct cut *c, uint32_t at)
{
	const char *text = c->src->text;

	while (at < c->src->len && text[at] != '\n') {
		if (seki_source_skip_joins(c->src, at) != at)
			at = seki_source_skip_joins(c->src, at);
		else if (starts(c, at, "/*"))
			at = comment_end(c, at);
		else
			at++;
	}
	return at;
}

static bool is_pragma(struct seki_lexer lexer, const struct seki_token *token)
{
	const struct seki_token *next;

	if (!seki_token_is(token, "@"))
		return false;
	next = seki_lex_next(&lexer);
	return seki_token_is(next, "pragma") && !next->line_start;
}

static void cut_line(struct cut *c, struct seki_lexer *lexer, enum item_kind kind, uint32_t off)
{
	uint32_t end = line_end(c, off);

	add(c, kind, off, trimmed(c, off, end));
	c->end = end;
	lexer->pos = end;
}

void seki_fmt_items(struct seki_diags *diags, const struct seki_source *src, struct items *items)
{
	struct seki_lexer lexer = {.diags = diags, .src = src, .line_start = true};
	struct cut c = {.src = src, .items = items};

	for (;;) {
		uint32_t from = lexer.pos;
		const struct seki_token *token = seki_lex_next(&lexer);

		if (diags->errors)
			return;
		cut_gap(&c, from, token->at.off);
		if (token->kind == SEKI_TOKEN_HASH) {
			cut_line(&c, &lexer, ITEM_DIRECTIVE, token->at.off);
		} else if (is_pragma(lexer, token)) {
			cut_line(&c, &lexer, ITEM_PRAGMA, token->at.off);
		} else if (token->kind == SEKI_TOKEN_END) {
			add(&c, ITEM_END, src->len, 0);
			return;
		} else {
			if (token->wrong)
				seki_diag_error(diags, token->at, "%s", token->wrong);
			add(&c, ITEM_TOKEN, token->at.off, token->at.len)->token = token->kind;
		}
	}
}

bool seki_item_is(const struct item *item, const char *text)
{
	return item && item->kind == ITEM_TOKEN && item->token != SEKI_TOKEN_STRING &&
	       item->len == strlen(text) && memcmp(item->text, text, item->len) == 0;
}

bool seki_item_in(const struct item *item, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (item && item->kind == ITEM_TOKEN && item->token != SEKI_TOKEN_STRING &&
		    item->len == n && memcmp(item->text, list, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

bool seki_item_is_word(const struct item *item)
{
	return item && item->kind == ITEM_TOKEN && item->token != SEKI_TOKEN_PUNCT;
}
