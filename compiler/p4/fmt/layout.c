/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of tokens: see fmt.h. */
#include "compiler/p4/fmt/layout.h"

#include <string.h>

#define WIDTH	100u
#define INDENT	4u
#define DEEPEST 160u /* columns: more deeply nested lines are indented no further */

/* ---- lines ---- */

static void add(struct seki_strbuf *buf, const char *text, size_t len)
{
	seki_strbuf_add(buf, text, len);
}

static void end_line(struct layout *l)
{
	if (!l->line.len)
		return;
	while (l->line.len && l->line.data[l->line.len - 1] == ' ')
		l->line.len--;
	add(&l->out, l->line.data, l->line.len);
	add(&l->out, "\n", 1);
	l->line.len = 0;
	l->break_at = 0;
}

static void blank_line(struct layout *l)
{
	end_line(l);
	if (l->out.len >= 2 && memcmp(l->out.data + l->out.len - 2, "\n\n", 2) != 0)
		add(&l->out, "\n", 1);
}

static void indent(struct seki_strbuf *buf, uint32_t columns)
{
	for (uint32_t i = 0; i < columns; i++)
		add(buf, " ", 1);
}

/* How far a line is indented that starts with the item. */
static uint32_t columns_of(const struct layout *l, const struct item *item)
{
	uint32_t blocks = 0, hanging = 0;
	bool closes = seki_item_in(item, "} ) ]");

	for (uint32_t i = 0; i < l->nest.n; i++) {
		const struct open *o = &l->nest.open[i];
		bool last = i + 1 == l->nest.n && closes;

		if (o->kind == OPEN_BLOCK) {
			blocks += !last;
			hanging = 0;
		} else {
			hanging += o->hangs && !last;
		}
	}
	if (closes && l->nest.n)
		return (blocks + hanging) * INDENT;
	if (!l->nest.fresh && !hanging)
		hanging = 1;
	return (blocks + hanging) * INDENT;
}

static uint32_t indent_of(const struct layout *l, const struct item *item)
{
	uint32_t columns = columns_of(l, item);

	return columns < DEEPEST ? columns : DEEPEST;
}

/* The rest of the line from where it may be broken goes to the next one. */
static void break_line(struct layout *l)
{
	struct seki_strbuf rest = {.arena = l->line.arena};
	uint32_t from = l->break_at;

	indent(&rest, l->break_indent);
	while (from < l->line.len && l->line.data[from] == ' ')
		from++;
	add(&rest, l->line.data + from, l->line.len - from);
	l->line.len = l->break_at;
	end_line(l);
	add(&l->line, rest.data, rest.len);
}

static void put(struct layout *l, const struct item *item, bool space)
{
	uint32_t width = (uint32_t)l->line.len + space + item->len;

	/* What cannot stand at the end of a line without what follows it needs room for that too. */
	if (seki_item_in(&item[1], ", ; ) ] {"))
		width += 1 + seki_item_is(&item[1], "{");
	if (l->break_at && width > WIDTH) {
		space &= l->break_at < l->line.len; /* else nothing of the line goes along */
		break_line(l);
	}
	if (space)
		add(&l->line, " ", 1);
	add(&l->line, item->text, item->len);
}

/* ---- what is open ---- */

static void push(struct layout *l, enum open_kind kind)
{
	if (l->nest.n == FMT_MAX_OPEN) {
		l->nest.beyond++;
		return;
	}
	l->nest.open[l->nest.n++] = (struct open){.kind = kind};
}

static bool matches(enum open_kind kind, const struct item *closer)
{
	switch (closer->text[0]) {
	case '}':
		return kind == OPEN_BLOCK || kind == OPEN_LIST;
	case ')':
		return kind == OPEN_PAREN;
	case ']':
		return kind == OPEN_BRACKET;
	default:
		return kind == OPEN_ANGLE;
	}
}

/* What was open in between, a '<' that was none, is forgotten. */
static struct open pop(struct layout *l, const struct item *closer)
{
	uint32_t n = l->nest.n;

	if (l->nest.beyond) {
		l->nest.beyond--;
		return (struct open){.kind = OPEN_LIST};
	}
	while (n && !matches(l->nest.open[n - 1].kind, closer))
		n--;
	if (!n)
		return (struct open){.kind = OPEN_BLOCK};
	l->nest.n = n - 1;
	return l->nest.open[n - 1];
}

static bool in_block(const struct layout *l)
{
	return !l->nest.beyond && (!l->nest.n || l->nest.open[l->nest.n - 1].kind == OPEN_BLOCK);
}

/* ---- comments and directives ---- */

/* Lines behind the first of a comment that begin with '*' are put below the first one's. */
static void put_comment(struct layout *l, const struct item *item, uint32_t columns)
{
	const char *at = item->text, *end = item->text + item->len;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *stop = eol ? eol : end;

		while (stop > at && strchr(" \t\r", stop[-1]))
			stop--;
		add(&l->line, at, (size_t)(stop - at));
		if (!eol)
			break;
		add(&l->line, "\n", 1);
		at = eol + 1;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at < end && *at == '*')
			indent(&l->line, columns + 1);
		else
			at = eol + 1;
	}
}

static bool is_line_comment(const struct item *item)
{
	return item->kind == ITEM_COMMENT && item->text[1] == '/';
}

/* On a line of its own, as a statement would be that stood there. */
static void own_line(struct layout *l, const struct item *item)
{
	uint32_t columns = indent_of(l, &item[1]);

	if (item->newlines > 1 && !(l->prev_block && seki_item_is(l->prev, "{")))
		blank_line(l);
	end_line(l);
	indent(&l->line, columns);
	put_comment(l, item, columns);
	if (is_line_comment(item) || item->kind == ITEM_PRAGMA || item[1].newlines)
		end_line(l);
}

static void comment(struct layout *l, const struct item *item)
{
	if (item->newlines || !l->line.len) {
		if (l->line.len && !in_block(l) && item->text[1] == '*' && !item->newlines)
			add(&l->line, " ", 1);
		own_line(l, item);
		return;
	}
	add(&l->line, " ", 1);
	put_comment(l, item, 0);
	if (is_line_comment(item))
		end_line(l);
}

static bool is_directive(const struct item *item, const char *name)
{
	const char *at = item->text + 1;

	while (*at == ' ' || *at == '\t')
		at++;
	return strncmp(at, name, strlen(name)) == 0;
}

/* The branches of an #if begin with the same things open. */
static void directive(struct layout *l, const struct item *item)
{
	if (item->newlines > 1)
		blank_line(l);
	end_line(l);
	for (uint32_t i = 0; i < item->len; i++)
		if (item->text[i] != '\r')
			add(&l->line, &item->text[i], 1);
	end_line(l);
	if (is_directive(item, "if")) {
		if (l->n_ifs < FMT_MAX_IFS)
			l->ifs[l->n_ifs] = l->nest;
		l->n_ifs++;
	} else if (is_directive(item, "endif")) {
		l->n_ifs -= l->n_ifs > 0;
	} else if (is_directive(item, "el") && l->n_ifs && l->n_ifs <= FMT_MAX_IFS) {
		l->nest = l->ifs[l->n_ifs - 1];
	}
}

/* ---- tokens ---- */

/* Does the token start a line whatever the source has? */
static bool must_break(const struct layout *l, const struct item *item, bool closes_block)
{
	if (!l->prev)
		return false;
	if (closes_block)
		return !(l->prev_block && seki_item_is(l->prev, "{"));
	if (l->prev_block && seki_item_is(l->prev, "{"))
		return true;
	if (l->prev_block)
		return !seki_item_in(item, "; , ) else");
	if (!in_block(l))
		return false;
	return seki_item_is(l->prev, ";") || (seki_item_is(l->prev, ",") && l->nest.n);
}

/* Does it where the source has it start one? */
static bool may_break(const struct layout *l, const struct item *item)
{
	if (seki_item_in(item, "; ,") ||
	    (seki_item_is(item, "{") && seki_fmt_brace_kind(l) == OPEN_BLOCK))
		return false;
	return !(seki_item_is(item, "else") && l->prev_block);
}

static void start_line(struct layout *l, const struct item *item, bool closes_block)
{
	struct open *top = seki_fmt_top(l);
	bool opened = l->prev_block && seki_item_is(l->prev, "{");

	if (top && top->kind != OPEN_BLOCK && seki_item_in(l->prev, "( [ {"))
		top->hangs = true;
	if (item->newlines > 1 && in_block(l) && l->nest.fresh && !closes_block && !opened)
		blank_line(l);
	end_line(l);
	indent(&l->line, indent_of(l, item));
}

/* Where a line that gets too long is broken: behind commas and logical operators. */
static void note_break(struct layout *l, const struct item *item)
{
	if (!seki_item_in(l->prev, ", && ||") || seki_item_in(item, ") ] }") || in_block(l))
		if (!seki_item_in(l->prev, "&& ||"))
			return;
	l->break_at = (uint32_t)l->line.len;
	l->break_indent = indent_of(l, item);
}

static void open_close(struct layout *l, const struct item *item, bool angle, enum open_kind brace)
{
	struct open *top;

	l->prev_cast = false;
	l->prev_block = false;
	if (seki_item_is(item, "(")) {
		bool word = l->prev && seki_item_is_word(l->prev) &&
			    !seki_item_in(l->prev, "return in");

		push(l, OPEN_PAREN);
		top = seki_fmt_top(l);
		if (top)
			top->cast = !word && !l->prev_angle && !seki_item_in(l->prev, ") ]");
	} else if (seki_item_is(item, "[")) {
		push(l, OPEN_BRACKET);
	} else if (seki_item_is(item, "{")) {
		push(l, brace);
		l->prev_block = brace == OPEN_BLOCK;
	} else if (seki_item_is(item, "<") && angle) {
		push(l, OPEN_ANGLE);
	} else if (seki_item_in(item, "} ) ]") || (angle && seki_item_is(item, ">"))) {
		struct open was = pop(l, item);

		l->prev_cast = seki_item_is(item, ")") && was.cast;
		l->prev_block = seki_item_is(item, "}") && was.kind == OPEN_BLOCK;
	}
}

/* ':' of a label, not of '?' nor of a slice. */
static bool take_colon(struct layout *l, const struct item *item)
{
	struct open *top = seki_fmt_top(l);
	static struct open none;

	if (!top)
		top = &none;
	if (seki_item_is(item, "?"))
		top->choices += top->choices < UINT8_MAX;
	else if (seki_item_is(item, ";"))
		top->choices = 0;
	if (!seki_item_is(item, ":"))
		return false;
	if (!top->choices)
		return top->kind != OPEN_BRACKET;
	top->choices--;
	return false;
}

/* An annotation before a statement: '@', a name, and what is in parentheses behind it. */
static void take_annotation(struct layout *l, const struct item *item)
{
	if (!l->annotating && l->nest.fresh && seki_item_is(item, "@")) {
		l->annotating = true;
		l->annotated_at = l->nest.n;
		return;
	}
	if (!l->annotating) {
		l->nest.fresh = false;
		return;
	}
	if (l->nest.n == l->annotated_at && !seki_item_in(&item[1], "( [") &&
	    !seki_item_is(item, "@"))
		l->annotating = false;
}

static void token(struct layout *l, const struct item *item)
{
	struct open *top = seki_fmt_top(l);
	bool closes_block = seki_item_is(item, "}") && (!top || top->kind == OPEN_BLOCK);
	bool angle = seki_fmt_is_angle(l, item) ||
		     (seki_item_is(item, ">") && top && top->kind == OPEN_ANGLE);
	bool unary = seki_fmt_is_unary(l, item);
	enum open_kind brace = seki_fmt_brace_kind(l);
	bool label = take_colon(l, item);
	bool wants = must_break(l, item, closes_block);

	if (wants)
		l->nest.fresh = true;
	if (wants || !l->line.len || (item->newlines && l->prev && may_break(l, item))) {
		start_line(l, item, closes_block);
		put(l, item, false);
	} else {
		bool empty = closes_block ||
			     (seki_item_is(item, "}") && seki_item_is(l->prev, "{"));

		note_break(l, item);
		put(l, item, !empty && seki_fmt_space(l, item, angle, unary, label));
	}
	open_close(l, item, angle, brace);
	take_annotation(l, item);
	if ((seki_item_is(item, ";") && in_block(l)) || label || l->prev_block)
		l->nest.fresh = in_block(l);
	l->prev_angle = angle;
	l->prev_unary = unary;
	l->prev_label = label && in_block(l);
	l->prev3 = l->prev2;
	l->prev2 = l->prev;
	l->prev = item;
}

void seki_fmt_layout(const struct items *items, struct seki_strbuf *out)
{
	struct layout *l = seki_arena_new(out->arena, struct layout);

	l->items = items;
	l->ifs = seki_arena_alloc(out->arena, FMT_MAX_IFS * sizeof(*l->ifs));
	l->nest.fresh = true;
	l->line.arena = out->arena;
	l->out.arena = out->arena;
	for (const struct item *item = items->of; item->kind != ITEM_END; item++) {
		if (item->kind == ITEM_TOKEN)
			token(l, item);
		else if (item->kind == ITEM_COMMENT)
			comment(l, item);
		else if (item->kind == ITEM_DIRECTIVE)
			directive(l, item);
		else
			own_line(l, item);
	}
	end_line(l);
	*out = l->out;
}
