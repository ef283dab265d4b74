/* SPDX-License-Identifier: Apache-2.0 */
/* Source text to tokens (P4_16 specification, section 6.3). */
#include <string.h>

#include "compiler/front/token.h"

static const char *const keywords[] = {
	"abstract", "action",	"actions", "apply",	"bit",	  "bool",	"break",
	"const",    "continue", "control", "default",	"else",	  "entries",	"enum",
	"error",    "exit",	"extern",  "false",	"for",	  "header",	"header_union",
	"if",	    "in",	"inout",   "int",	"key",	  "list",	"match_kind",
	"out",	    "package",	"parser",  "priority",	"return", "select",	"state",
	"string",   "struct",	"switch",  "table",	"this",	  "transition", "true",
	"tuple",    "type",	"typedef", "value_set", "varbit", "void",
};

/* Longest first, as the first match is taken. '>' stays single: the parser joins it for shifts. */
static const char *const puncts[] = {
	"|+|=", "|-|=", "&&&", "...", "|+|", "|-|", "<<=", "{#}", "&&", "||", "==", "!=", "<=",
	">=",	"<<",	"++",  "..",  "+=",  "-=",  "*=",  "/=",  "%=", "&=", "|=", "^=", "(",
	")",	"{",	"}",   "[",   "]",   "<",   ">",   "+",	  "-",	"*",  "/",  "%",  "&",
	"|",	"^",	"~",   "!",   "=",   "?",   ":",   ";",	  ",",	".",  "@",  "#",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* U+FEFF, which some editors put at the start of a file. */
#define BOM "\xef\xbb\xbf"

bool seki_token_is(const struct seki_token *token, const char *text)
{
	return token->kind != SEKI_TOKEN_STRING && strcmp(token->text, text) == 0;
}

static char peek(const struct seki_lexer *lexer, uint32_t ahead)
{
	uint32_t pos = seki_source_skip_joins(lexer->src, lexer->pos);

	for (; ahead && pos < lexer->src->len; ahead--)
		pos = seki_source_skip_joins(lexer->src, pos + 1);
	return pos < lexer->src->len ? lexer->src->text[pos] : '\0';
}

static void skip(struct seki_lexer *lexer, uint32_t n)
{
	for (; n && lexer->pos < lexer->src->len; n--)
		lexer->pos = seki_source_skip_joins(lexer->src, lexer->pos) + 1;
}

static bool at_end(const struct seki_lexer *lexer)
{
	return seki_source_skip_joins(lexer->src, lexer->pos) >= lexer->src->len;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct seki_span span(const struct seki_lexer *lexer, uint32_t start)
{
	return (struct seki_span){.src = lexer->src, .off = start, .len = lexer->pos - start};
}

static void skip_block_comment(struct seki_lexer *lexer)
{
	uint32_t start = lexer->pos;

	skip(lexer, 2);
	while (!at_end(lexer) && !(peek(lexer, 0) == '*' && peek(lexer, 1) == '/')) {
		if (peek(lexer, 0) == '\n')
			lexer->line_start = true;
		skip(lexer, 1);
	}
	if (at_end(lexer)) {
		struct seki_span at = {.src = lexer->src, .off = start, .len = 2};

		lexer->pos = lexer->src->len;
		lexer->cut_off = true;
		seki_diag_error(lexer->diags, at, "this comment is never closed");
		return;
	}
	skip(lexer, 2);
}

/* White space and comments. Returns whether there was any. */
static bool skip_space(struct seki_lexer *lexer)
{
	bool any = false;

	for (;; any = true) {
		char c;

		lexer->pos = seki_source_skip_joins(lexer->src, lexer->pos);
		c = peek(lexer, 0);
		if (c == '\n') {
			lexer->line_start = true;
			skip(lexer, 1);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
			skip(lexer, 1);
		} else if (c == '/' && peek(lexer, 1) == '/') {
			while (!at_end(lexer) && peek(lexer, 0) != '\n')
				skip(lexer, 1);
		} else if (c == '/' && peek(lexer, 1) == '*') {
			skip_block_comment(lexer);
		} else {
			return any;
		}
	}
}

static bool is_keyword(const char *text)
{
	for (size_t i = 0; i < COUNT(keywords); i++)
		if (strcmp(keywords[i], text) == 0)
			return true;
	return false;
}

static void lex_word(struct seki_lexer *lexer, struct seki_token *token)
{
	uint32_t start = lexer->pos;
	bool number = is_digit(peek(lexer, 0));

	while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
		skip(lexer, 1);
	token->text = seki_source_spelled(lexer->diags->arena, span(lexer, start));
	if (number)
		token->kind = SEKI_TOKEN_NUMBER;
	else
		token->kind = is_keyword(token->text) ? SEKI_TOKEN_KEYWORD : SEKI_TOKEN_NAME;
}

static void skip_to_quote(struct seki_lexer *lexer)
{
	while (!at_end(lexer) && peek(lexer, 0) != '"' && peek(lexer, 0) != '\n')
		skip(lexer, peek(lexer, 0) == '\\' && peek(lexer, 1) ? 2 : 1);
}

/* More would make texts of unclosed strings take quadratic time. */
#define MAX_STRING_LINES 100u

/*
 * A string may have line ends in it. Where it has, and a directive would be inside or a word follows
 * its last quote at once, that quote starts another string, and the first one's is missing.
 */
static void skip_string(struct seki_lexer *lexer)
{
	struct seki_lexer ahead;

	skip(lexer, 1);
	skip_to_quote(lexer);
	ahead = *lexer;
	for (uint32_t n = 1; peek(&ahead, 0) == '\n' && n < MAX_STRING_LINES; n++) {
		do
			skip(&ahead, 1);
		while (peek(&ahead, 0) == ' ' || peek(&ahead, 0) == '\t');
		if (peek(&ahead, 0) == '#')
			return;
		skip_to_quote(&ahead);
	}
	if (peek(&ahead, 0) == '"' && !is_letter(peek(&ahead, 1)) && !is_digit(peek(&ahead, 1)))
		*lexer = ahead;
}

static void lex_string(struct seki_lexer *lexer, struct seki_token *token)
{
	uint32_t start = lexer->pos;
	uint32_t n = 0;
	char *text;

	skip_string(lexer);
	token->kind = SEKI_TOKEN_STRING;
	if (at_end(lexer) || peek(lexer, 0) != '"') {
		if (at_end(lexer))
			lexer->pos = lexer->src->len;
		token->text = "";
		token->wrong = "this string is not closed on its line";
		return;
	}
	text = seki_source_spelled(lexer->diags->arena, span(lexer, start)) + 1;
	for (const char *s = text; *s; s++) {
		char c = *s;

		if (c == '\\' && s[1]) {
			c = *++s;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		text[n++] = c;
	}
	text[n] = '\0';
	token->text = text;
	skip(lexer, 1);
}

#define MAX_PUNCT 4

static bool lex_punct(struct seki_lexer *lexer, struct seki_token *token)
{
	char next[MAX_PUNCT];

	for (uint32_t i = 0; i < MAX_PUNCT; i++)
		next[i] = peek(lexer, i);
	for (size_t i = 0; i < COUNT(puncts); i++) {
		size_t n = strlen(puncts[i]);

		if (memcmp(next, puncts[i], n) != 0)
			continue;
		token->kind = SEKI_TOKEN_PUNCT;
		if (puncts[i][0] == '#' && token->line_start)
			token->kind = SEKI_TOKEN_HASH;
		token->text = puncts[i];
		skip(lexer, (uint32_t)n);
		return true;
	}
	return false;
}

/* To the quote that closes 'text', where there is one on the line. */
static void skip_quoted(struct seki_lexer *lexer)
{
	struct seki_lexer ahead = *lexer;

	do
		skip(&ahead, 1);
	while (peek(&ahead, 0) && peek(&ahead, 0) != '\'' && peek(&ahead, 0) != '\n');
	if (peek(&ahead, 0) == '\'')
		*lexer = ahead;
}

/* A run of bytes that start no token. */
static void lex_garbage(struct seki_lexer *lexer, struct seki_token *token)
{
	struct seki_arena *arena = lexer->diags->arena;
	unsigned char c = (unsigned char)peek(lexer, 0);
	uint32_t start = lexer->pos;

	if (c == '\'')
		skip_quoted(lexer);
	do
		skip(lexer, 1);
	while (!at_end(lexer) && (unsigned char)peek(lexer, 0) >= 0x80);
	token->kind = SEKI_TOKEN_BAD;
	token->text = seki_source_spelled(arena, span(lexer, start));
	if (c == '\'')
		token->wrong = "strings are in double quotes";
	else if (c > ' ' && c < 0x7f)
		token->wrong = seki_arena_printf(arena, "'%c' starts no token of the language", c);
	else if (c >= 0x80)
		token->wrong = "names are of ASCII letters, digits and '_'";
	else
		token->wrong = seki_arena_printf(
			arena, "byte 0x%02x is not allowed outside comments and strings", c);
}

static void lex_token(struct seki_lexer *lexer, struct seki_token *token)
{
	char c = peek(lexer, 0);

	if (is_letter(c) || is_digit(c))
		lex_word(lexer, token);
	else if (c == '"')
		lex_string(lexer, token);
	else if (!lex_punct(lexer, token))
		lex_garbage(lexer, token);
}

struct seki_token *seki_lex_next(struct seki_lexer *lexer)
{
	struct seki_token *token = seki_arena_new(lexer->diags->arena, struct seki_token);
	uint32_t start;

	if (lexer->pos == 0 && lexer->src->len >= 3 && memcmp(lexer->src->text, BOM, 3) == 0)
		lexer->pos = 3;
	token->spaced = skip_space(lexer);
	token->line_start = lexer->line_start;
	start = lexer->pos;
	if (at_end(lexer)) {
		token->kind = SEKI_TOKEN_END;
		token->text = "end of file";
	} else {
		lex_token(lexer, token);
	}
	token->at = span(lexer, start);
	lexer->line_start = false;
	return token;
}
