/* SPDX-License-Identifier: Apache-2.0 */
/* What is between two tokens of a line, told from the tokens around them. */
#include <string.h>

#include "compiler/p4/fmt/layout.h"

#define MAX_LOOK 256u /* tokens that the types of an '<' may have */

#define ASSIGNS	 "= += -= *= /= %= &= |= ^= <<= |+|= |-|="
#define BINARY	 "+ - * / % & | ^ ++ && || == != <= >= << |+| |-| &&& .. < > ? : " ASSIGNS

/* The item behind, comments left out. */
static const struct item *next_token(const struct item *item)
{
	do
		item++;
	while (item->kind == ITEM_COMMENT);
	return item;
}

/* Can an operand come next, and nothing else? */
static bool before_operand(const struct item *prev)
{
	return !prev || seki_item_in(prev, "( [ { , ; : ! ~ return in transition " BINARY);
}

bool seki_fmt_is_unary(const struct layout *l, const struct item *item)
{
	if (seki_item_in(item, "! ~"))
		return true;
	if (!seki_item_in(item, "+ -") || l->prev_angle)
		return false;
	return before_operand(l->prev) || (l->prev_cast && !item[1].spaced);
}

/* The '>' of an '<', or NULL: only what types are made of is in between. */
static const struct item *angle_end(const struct item *item)
{
	uint32_t angles = 0, parens = 0;

	for (uint32_t i = 0; i < MAX_LOOK && item->kind == ITEM_TOKEN;
	     i++, item = next_token(item)) {
		if (seki_item_is(item, "(")) {
			parens++;
		} else if (seki_item_is(item, ")")) {
			if (parens-- == 0)
				return NULL;
		} else if (parens) {
			continue;
		} else if (seki_item_is(item, "<")) {
			angles++;
		} else if (seki_item_is(item, ">")) {
			if (--angles == 0)
				return item;
		} else if (!seki_item_is_word(item) && !seki_item_in(item, ", . [ ]")) {
			return NULL;
		}
	}
	return NULL;
}

bool seki_fmt_is_angle(const struct layout *l, const struct item *item)
{
	const struct item *end;

	if (!seki_item_is(item, "<") || !l->prev)
		return false;
	if (seki_item_in(l->prev, "bit int varbit tuple list"))
		return true;
	if (l->prev->token != SEKI_TOKEN_NAME)
		return false;
	end = angle_end(item);
	if (!end)
		return false;
	/* a < b, c > d: with spaces, it compares. */
	if (item->spaced && item[1].spaced)
		return false;
	end = next_token(end);
	return seki_item_is_word(end) || seki_item_in(end, "( ) > , ; [ . { }");
}

static bool is_block_property(const struct layout *l)
{
	return seki_item_in(l->prev2, "key actions entries") ||
	       (l->prev2 && l->prev2->token == SEKI_TOKEN_NAME && seki_item_is(l->prev3, ")"));
}

enum open_kind seki_fmt_brace_kind(const struct layout *l)
{
	const struct open *top = seki_fmt_top(l);

	if (top && top->kind != OPEN_BLOCK)
		return OPEN_LIST;
	if (!l->prev || l->prev_block || l->prev_label)
		return OPEN_BLOCK;
	if (seki_item_is(l->prev, "="))
		return is_block_property(l) ? OPEN_BLOCK : OPEN_LIST;
	if (seki_item_is(l->prev, ")"))
		return l->prev_cast ? OPEN_LIST : OPEN_BLOCK;
	if (l->prev_angle)
		return OPEN_BLOCK;
	return seki_item_in(l->prev, ", return in : " BINARY) ? OPEN_LIST : OPEN_BLOCK;
}

/* Tokens that would be another one without what is between them, or would be two with it. */
static bool is_glue(const struct layout *l, const struct item *item)
{
	if (seki_item_is(l->prev, ">"))
		return seki_item_in(item, "> >= = ==");
	return l->prev && l->prev->token == SEKI_TOKEN_PUNCT && item->token == SEKI_TOKEN_PUNCT &&
	       strchr("|+-&.<>=!/*", l->prev->text[l->prev->len - 1]) &&
	       strchr("|+-&.<>=!/*", item->text[0]);
}

static bool before_paren(const struct layout *l)
{
	if (seki_item_in(l->prev, "if for switch return in else transition default"))
		return true;
	if (seki_item_is(l->prev, ")"))
		return !l->prev_cast;
	return !seki_item_is_word(l->prev) && !l->prev_angle && !seki_item_is(l->prev, "]");
}

static bool in_brackets(const struct layout *l)
{
	const struct open *top = seki_fmt_top(l);

	return top && top->kind == OPEN_BRACKET && !top->choices;
}

/* a[x:y], a[x+:y] */
static bool is_slice(const struct layout *l, const struct item *item)
{
	if (!in_brackets(l))
		return false;
	return seki_item_is(item, ":") || seki_item_is(l->prev, ":") ||
	       (seki_item_is(item, "+") && seki_item_is(&item[1], ":"));
}

static bool never_behind(const struct layout *l)
{
	return seki_item_in(l->prev, "( [ . @") || l->prev_unary ||
	       (l->prev_angle && seki_item_is(l->prev, "<"));
}

bool seki_fmt_space(const struct layout *l, const struct item *item, bool angle, bool unary,
		    bool label)
{
	if (seki_item_is(l->prev, ">") && seki_item_in(item, "> >="))
		return item->spaced;
	if (is_slice(l, item) && !is_glue(l, item))
		return false;
	if (is_slice(l, item))
		return item->spaced;
	if (never_behind(l) || seki_item_in(item, ") ] , ; .") || label || angle)
		return is_glue(l, item) && item->spaced;
	if (l->prev_cast && !seki_item_is(item, "{") && (unary || !seki_item_in(item, BINARY)))
		return !seki_item_is(item, "(") && item->spaced;
	if (seki_item_is(item, "("))
		return before_paren(l);
	if (seki_item_is(item, "["))
		return !seki_item_is_word(l->prev) && !l->prev_angle &&
		       !seki_item_in(l->prev, "] )");
	return true;
}
