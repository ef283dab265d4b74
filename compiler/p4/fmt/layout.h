/* SPDX-License-Identifier: Apache-2.0 */
/* The state of laying out a source: layout.c, space.c. */
#ifndef SEKI_P4_FMT_LAYOUT_H
#define SEKI_P4_FMT_LAYOUT_H

#include "compiler/front/strbuf.h"
#include "compiler/p4/fmt/items.h"

#define FMT_MAX_OPEN 512u
#define FMT_MAX_IFS  128u

enum open_kind {
	OPEN_BLOCK, /* '{' of statements, fields, cases: one on a line */
	OPEN_LIST,  /* '{' of an expression */
	OPEN_PAREN,
	OPEN_BRACKET,
	OPEN_ANGLE, /* '<' of types */
};

struct open {
	enum open_kind kind;
	bool cast;	 /* a parenthesis that nothing is called with */
	bool hangs;	 /* a line ends right behind it */
	uint8_t choices; /* '?' whose ':' is to come */
};

/* What is open, and where in a statement we are. */
struct nest {
	struct open open[FMT_MAX_OPEN];
	uint32_t n;
	uint32_t beyond; /* what is open past FMT_MAX_OPEN */
	bool fresh;	 /* at the start of a statement, or behind its annotations */
};

struct layout {
	const struct items *items;
	struct nest nest;
	struct nest *ifs; /* at each #if */
	uint32_t n_ifs;
	uint32_t at;		 /* item */
	const struct item *prev; /* last token */
	const struct item *prev2, *prev3;
	bool prev_cast;	 /* it is a ')' that closes a cast */
	bool prev_angle; /* it is a '<' or '>' of types */
	bool prev_unary;
	bool prev_label;       /* it is the ':' of a label */
	bool prev_block;       /* it is a '{' or '}' of a block */
	bool annotating;       /* inside of an annotation of a statement */
	uint32_t annotated_at; /* what was open then */
	struct seki_strbuf line, out;
	uint32_t break_at; /* where the line may be broken; 0: nowhere */
	uint32_t break_indent;
};

/* space.c: whether there is a space between the last token and `item`, on one line. */
bool seki_fmt_space(const struct layout *l, const struct item *item, bool angle, bool unary,
		    bool label);
/* Does the '<' open types? */
bool seki_fmt_is_angle(const struct layout *l, const struct item *item);
bool seki_fmt_is_unary(const struct layout *l, const struct item *item);
enum open_kind seki_fmt_brace_kind(const struct layout *l);

/* layout.c */
void seki_fmt_layout(const struct items *items, struct seki_strbuf *out);

static inline struct open *seki_fmt_top(const struct layout *l)
{
	return l->nest.n && !l->nest.beyond ? (struct open *)&l->nest.open[l->nest.n - 1] : NULL;
}

#endif
