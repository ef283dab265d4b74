/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/graph/dot.h"

#define MAX_TEXT 60u

static const char *const styles[] = {
	[DOT_STATE] = "shape=box style=\"rounded,filled\" fillcolor=\"#eef4fb\"",
	[DOT_CODE] = "shape=box style=filled fillcolor=\"#f7f7f7\"",
	[DOT_TABLE] = "shape=box style=filled fillcolor=\"#fff3d6\" penwidth=1.5",
	[DOT_CHOICE] = "shape=diamond style=filled fillcolor=\"#efe8f8\"",
	[DOT_START] = "shape=circle style=filled fillcolor=\"#444444\" fontcolor=white",
	[DOT_GOOD] = "shape=ellipse style=filled fillcolor=\"#d9f0d9\"",
	[DOT_BAD] = "shape=ellipse style=filled fillcolor=\"#f8d9d6\"",
};

/* Printable ASCII only; '&' would begin an entity, and '\' an escape. */
static void quoted(struct seki_strbuf *out, const char *text, bool left)
{
	seki_strbuf_add(out, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\n')
			seki_strbuf_printf(out, left ? "\\l" : "\\n");
		else if (c == '"' || c == '\\')
			seki_strbuf_printf(out, "\\%c", c);
		else if (c == '&')
			seki_strbuf_printf(out, "&amp;");
		else
			seki_strbuf_printf(out, "%c", c < ' ' || c >= 0x7f ? '?' : c);
	}
	seki_strbuf_add(out, "\"", 1);
}

void seki_dot_open(struct dot *dot, const char *kind, const char *name)
{
	seki_strbuf_printf(dot->out, "subgraph cluster_%u {\nlabel=", dot->n);
	quoted(dot->out, seki_arena_printf(dot->out->arena, "%s %s", kind, name), false);
	seki_strbuf_printf(dot->out, "\n");
}

void seki_dot_close(struct dot *dot)
{
	seki_strbuf_printf(dot->out, "}\n");
}

uint32_t seki_dot_reserve(struct dot *dot)
{
	return dot->n++;
}

void seki_dot_fill(struct dot *dot, uint32_t node, enum dot_shape shape, const char *label)
{
	bool left = shape == DOT_STATE || shape == DOT_CODE || shape == DOT_TABLE;

	seki_strbuf_printf(dot->out, "n%u [%s label=", node, styles[shape]);
	quoted(dot->out, label, left);
	seki_strbuf_printf(dot->out, "]\n");
}

uint32_t seki_dot_node(struct dot *dot, enum dot_shape shape, const char *label)
{
	uint32_t node = seki_dot_reserve(dot);

	seki_dot_fill(dot, node, shape, label);
	return node;
}

void seki_dot_edge(struct dot *dot, uint32_t from, uint32_t to, const char *label)
{
	seki_strbuf_printf(dot->out, "n%u -> n%u", from, to);
	if (label && *label) {
		seki_strbuf_printf(dot->out, " [label=");
		quoted(dot->out, label, false);
		seki_strbuf_printf(dot->out, "]");
	}
	seki_strbuf_printf(dot->out, "\n");
}

const char *seki_dot_source(struct seki_arena *arena, const struct seki_token *first,
			    const struct seki_token *last)
{
	const char *at = first->at.src->text + first->at.off, *end;
	struct seki_strbuf text = {.arena = arena};
	bool space = false;

	if (first->at.src != last->at.src || last->at.off < first->at.off)
		return first->text;
	end = last->at.src->text + last->at.off + last->at.len;
	for (; at < end && text.len < MAX_TEXT; at++) {
		if ((unsigned char)*at <= ' ') {
			space = true;
			continue;
		}
		if (space && text.len)
			seki_strbuf_add(&text, " ", 1);
		space = false;
		seki_strbuf_add(&text, at, 1);
	}
	if (at < end)
		seki_strbuf_add(&text, " ...", 4);
	return text.data ? text.data : "";
}

const char *seki_dot_expr(struct seki_arena *arena, const struct p4_expr *expr)
{
	return seki_dot_source(arena, expr->first ? expr->first : expr->tok,
			       expr->last ? expr->last : expr->tok);
}
