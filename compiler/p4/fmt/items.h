/* SPDX-License-Identifier: Apache-2.0 */
/* What a source is made of: see fmt.h. */
#ifndef SEKI_P4_FMT_ITEMS_H
#define SEKI_P4_FMT_ITEMS_H

#include "compiler/front/token.h"

enum item_kind {
	ITEM_TOKEN,
	ITEM_COMMENT,	/* of one line or more, without the end of the line */
	ITEM_DIRECTIVE, /* '#...' with the lines that it goes on over */
	ITEM_PRAGMA,	/* '@pragma ...' up to the end of the line */
	ITEM_END,
};

struct item {
	enum item_kind kind;
	enum seki_token_kind token;
	const char *text;
	uint32_t len;
	uint32_t newlines; /* between it and the one before */
	bool spaced;	   /* anything between it and the one before */
};

struct items {
	struct seki_arena *arena;
	struct item *of; /* the last is an ITEM_END */
	uint32_t n, room;
};

/* Errors go to diags. */
void seki_fmt_items(struct seki_diags *diags, const struct seki_source *src, struct items *items);

bool seki_item_is(const struct item *item, const char *text);

/* Is it one of the words of `list`, which is "a b c"? */
bool seki_item_in(const struct item *item, const char *list);

/* A name, keyword, number or string. */
bool seki_item_is_word(const struct item *item);

#endif
