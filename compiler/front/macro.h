/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of the preprocessor: definitions, and the list of tokens that they expand into. A token
 * that a macro gave stands at the place where the macro was used.
 */
#ifndef SEKI_FRONT_MACRO_H
#define SEKI_FRONT_MACRO_H

#include "compiler/front/token.h"

#define SEKI_MACRO_MAX_TOKENS (4u << 20)
#define SEKI_MACRO_BUCKETS    4096u

struct seki_macro;

struct seki_macros {
	struct seki_diags *diags;
	struct seki_macro *buckets[SEKI_MACRO_BUCKETS];
	bool in_line;	   /* of a directive: tokens that are wrong are told by who reads it */
	uint32_t n_tokens; /* made so far: expansion stops at SEKI_MACRO_MAX_TOKENS */
	struct seki_token **end; /* where the next token goes */
};

struct seki_macro *seki_macro_find(const struct seki_macros *macros, const char *name);

/* `name` and what follows it on the line of a #define. */
void seki_macro_define(struct seki_macros *macros, struct seki_token *name);
void seki_macro_undefine(struct seki_macros *macros, const char *name);

/* Does the token name a macro that takes arguments? */
bool seki_macro_takes_args(const struct seki_macros *macros, const struct seki_token *token);

/* Appends a token as it is. */
void seki_macro_emit(struct seki_macros *macros, struct seki_token *token);

/* Appends what the tokens of a list, up to its SEKI_TOKEN_END, expand into. */
void seki_macro_expand(struct seki_macros *macros, struct seki_token *list);

struct seki_token *seki_macro_end_of_line(struct seki_macros *macros, struct seki_span at);

#endif
