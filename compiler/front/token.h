/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of P4_16 source text, and the preprocessor that makes one list of them out of a file and
 * what it includes.
 */
#ifndef SEKI_FRONT_TOKEN_H
#define SEKI_FRONT_TOKEN_H

#include "compiler/front/diag.h"

enum seki_token_kind {
	SEKI_TOKEN_NAME,
	SEKI_TOKEN_KEYWORD,
	SEKI_TOKEN_NUMBER, /* digits, letters and underscores; its form is the parser's to check */
	SEKI_TOKEN_STRING, /* text is what is between the quotes, escapes undone */
	SEKI_TOKEN_PUNCT,
	SEKI_TOKEN_HASH, /* '#' at the start of a line: the preprocessor's */
	SEKI_TOKEN_BAD,	 /* bytes that start no token */
	SEKI_TOKEN_END,
};

struct seki_token {
	struct seki_token *next; /* NULL for SEKI_TOKEN_END only */
	enum seki_token_kind kind;
	bool line_start; /* first on its line */
	bool spaced;	 /* white space or a comment before it */
	struct seki_span at;
	const char *text; /* NUL-terminated */
	/*
	 * What is wrong with it, or NULL. The preprocessor tells it where the token is used: what is
	 * between an #if 0 and its #endif, or after an #error, may be anything.
	 */
	const char *wrong;
};

/* Reading one source, token by token. */
struct seki_lexer {
	struct seki_diags *diags;
	const struct seki_source *src;
	uint32_t pos;
	bool line_start;
	bool cut_off; /* by a comment that is never closed */
};

/* A comment that is never closed is told at once. */
struct seki_token *seki_lex_next(struct seki_lexer *lexer);
bool seki_token_is(const struct seki_token *token, const char *text);

/* Text of a header that comes with the compiler, or NULL. */
typedef const char *(*seki_builtin_fn)(const char *name);

struct seki_preprocess_opts {
	const char *const *include_dirs; /* searched in order, after the including file's own */
	uint32_t n_include_dirs;
	seki_builtin_fn builtin; /* searched last; may be NULL */
	const char *prologue;	 /* lines before the first: of -D and -U; may be NULL */
};

/* Returns the list of tokens of `main_src`, ended by SEKI_TOKEN_END. Errors go to diags. */
struct seki_token *seki_preprocess(struct seki_diags *diags, struct seki_source *main_src,
				   const struct seki_preprocess_opts *opts);

#endif
