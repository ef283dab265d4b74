/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/graph/draw.h"

#include <string.h>

#define MAX_TEXT 72u /* bytes of one expression */

static const struct {
	const char *shape;
	const char *colour;
} looks[P4_LOOKS] = {
	[P4_LOOK_STATE] = {"box", "#dbe9f6"},	   [P4_LOOK_TABLE] = {"box", "#fff0c2"},
	[P4_LOOK_ACTIONS] = {"box", "#fbf7ea"},	   [P4_LOOK_CODE] = {"box", "#f4f4f4"},
	[P4_LOOK_CALL] = {"component", "#e8def3"}, [P4_LOOK_CONDITION] = {"hexagon", "#e3f1dd"},
	[P4_LOOK_START] = {"ellipse", "#ffffff"},  [P4_LOOK_GOOD] = {"ellipse", "#bfe3b4"},
	[P4_LOOK_BAD] = {"ellipse", "#f4b8b0"},
};

#define BEGIN_PART "<TR><TD ALIGN=\"LEFT\" BALIGN=\"LEFT\">"
#define END_PART   "</TD></TR>"

/* Only these are tables with lines between their parts; the others have one part. */
static bool has_parts(enum p4_look look)
{
	return look == P4_LOOK_STATE || look == P4_LOOK_TABLE || look == P4_LOOK_ACTIONS;
}

void seki_draw_box(struct p4_drawing *d, enum p4_look look)
{
	seki_strbuf_printf(d->out,
			   "<TABLE BORDER=\"0\" CELLBORDER=\"%u\" CELLSPACING=\"0\" "
			   "CELLPADDING=\"%u\" BGCOLOR=\"%s\">" BEGIN_PART,
			   has_parts(look), has_parts(look) ? 5 : 0, looks[look].colour);
}

void seki_draw_box_end(struct p4_drawing *d)
{
	seki_strbuf_printf(d->out, END_PART "</TABLE>");
}

uint32_t seki_draw_begin(struct p4_drawing *d, enum p4_look look, const struct seki_token *tok)
{
	seki_strbuf_printf(d->out, "\t\tn%u [shape=%s, fillcolor=\"%s\", ", d->nodes,
			   has_parts(look) ? "plain" : looks[look].shape, looks[look].colour);
	if (tok && tok->at.src)
		seki_strbuf_printf(d->out, "tooltip=\"line %u\", ",
				   seki_source_place(tok->at.src, tok->at.off).line);
	seki_strbuf_printf(d->out, "label=<");
	seki_draw_box(d, look);
	return d->nodes++;
}

void seki_draw_end(struct p4_drawing *d)
{
	seki_draw_box_end(d);
	seki_strbuf_printf(d->out, ">];\n");
}

uint32_t seki_draw_plain(struct p4_drawing *d, enum p4_look look, const struct seki_token *tok,
			 const char *text)
{
	uint32_t node = seki_draw_begin(d, look, tok);

	seki_draw_text(d, text);
	seki_draw_end(d);
	return node;
}

static void draw_byte(struct p4_drawing *d, unsigned char c)
{
	if (c == '&')
		seki_strbuf_printf(d->out, "&amp;");
	else if (c == '<')
		seki_strbuf_printf(d->out, "&lt;");
	else if (c == '>')
		seki_strbuf_printf(d->out, "&gt;");
	else if (c == '"')
		seki_strbuf_printf(d->out, "&quot;");
	else if (c < ' ' || c > '~')
		seki_strbuf_printf(d->out, "\\x%02x", c);
	else
		seki_strbuf_printf(d->out, "%c", c);
}

static uint32_t draw_some(struct p4_drawing *d, const char *text, uint32_t room)
{
	uint32_t n = 0;

	for (; text[n] && n < room; n++)
		draw_byte(d, (unsigned char)text[n]);
	return room - n;
}

void seki_draw_text(struct p4_drawing *d, const char *text)
{
	if (draw_some(d, text, MAX_TEXT) == 0 && strlen(text) > MAX_TEXT)
		seki_strbuf_printf(d->out, " ...");
}

void seki_draw_tokens(struct p4_drawing *d, const struct seki_token *first,
		      const struct seki_token *last)
{
	uint32_t room = MAX_TEXT;

	for (const struct seki_token *t = first; t; t = t == last ? NULL : t->next) {
		const char *quote = t->kind == SEKI_TOKEN_STRING ? "\"" : "";

		if (t != first && (t->spaced || t->line_start))
			room = draw_some(d, " ", room);
		if (room < strlen(t->text) + 2 * strlen(quote)) {
			draw_some(d, t->text, room);
			seki_strbuf_printf(d->out, " ...");
			return;
		}
		room = draw_some(d, quote, room);
		room = draw_some(d, t->text, room);
		room = draw_some(d, quote, room);
	}
}

void seki_draw_expr(struct p4_drawing *d, const struct p4_expr *expr)
{
	seki_draw_tokens(d, expr->first, expr->last);
}

void seki_draw_name(struct p4_drawing *d, const struct p4_decl *decl)
{
	seki_draw_text(d, decl->name);
	if (!decl->rename || strcmp(decl->rename, decl->name) == 0)
		return;
	seki_draw_text(d, " (");
	seki_draw_text(d, decl->rename);
	seki_draw_text(d, ")");
}

void seki_draw_break(struct p4_drawing *d)
{
	seki_strbuf_printf(d->out, "<BR/>");
}

/* Spaces at the start of a text are taken off, by some viewers also those that do not break. */
void seki_draw_gap(struct p4_drawing *d)
{
	seki_strbuf_printf(d->out, "&#8203;&#160;");
}

void seki_draw_rule(struct p4_drawing *d)
{
	seki_strbuf_printf(d->out, END_PART BEGIN_PART);
}

void seki_draw_edge(struct p4_drawing *d, uint32_t from, uint32_t to)
{
	/* A label must not be empty: there is always a space before its text. */
	seki_strbuf_printf(d->out, "\t\tn%u -> n%u [label=< ", from, to);
}

void seki_draw_edge_end(struct p4_drawing *d)
{
	seki_strbuf_printf(d->out, ">];\n");
}
