/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/graph/graph.h"

#include <string.h>

#include "compiler/p4/compile.h"
#include "compiler/p4/graph/draw.h"
#include "compiler/p4/tool.h"

#define FONT "fontname=\"Helvetica,Arial,sans-serif\""

static void draw_cluster(struct p4_drawing *d, const struct p4_decl *decl)
{
	bool is_parser = decl->kind == P4_D_PARSER;

	seki_strbuf_printf(d->out,
			   "\tsubgraph cluster_%u {\n\t\tlabel=<<TABLE BORDER=\"0\"><TR><TD>%s <B>",
			   d->nodes, is_parser ? "parser" : "control");
	seki_draw_name(d, decl);
	seki_strbuf_printf(d->out, "</B></TD></TR>");
	if (!is_parser)
		seki_draw_actions(d, decl);
	seki_strbuf_printf(d->out, "</TABLE>>;\n");
	if (is_parser)
		seki_draw_parser(d, decl);
	else
		seki_draw_control(d, decl);
	seki_strbuf_printf(d->out, "\t}\n");
}

static bool is_wanted(const struct p4_decl *decl, const char *parser, const char *control)
{
	const char *name = decl->kind == P4_D_PARSER ? parser : control;

	if ((decl->kind != P4_D_PARSER && decl->kind != P4_D_CONTROL) || !decl->has_body ||
	    decl->tok->at.src->name[0] == '<')
		return false;
	return name ? strcmp(name, decl->name) == 0 : !parser && !control;
}

enum seki_p4_graph_error seki_p4_graph(const struct p4_program *program, const char *parser,
				       const char *control, struct seki_strbuf *out)
{
	struct p4_drawing d = {.out = out,
			       .drawn = seki_arena_alloc(out->arena, program->n_ids + 1u)};

	seki_strbuf_printf(out, "digraph p4 {\n"
				"\tgraph [" FONT ", fontsize=14, nodesep=0.35, ranksep=0.45, "
				"color=\"#999999\", style=rounded, bgcolor=white, tooltip=\" \"];\n"
				"\tnode [" FONT ", fontsize=11, style=filled, color=\"#555555\", "
				"tooltip=\" \"];\n"
				"\tedge [" FONT ", fontsize=10, color=\"#555555\", "
				"fontcolor=\"#333333\", tooltip=\" \"];\n");
	for (const struct p4_decl *decl = program->decls; decl; decl = decl->next) {
		if (!is_wanted(decl, parser, control))
			continue;
		draw_cluster(&d, decl);
		if (d.nodes > SEKI_P4_GRAPH_NODES)
			return SEKI_P4_GRAPH_LARGE;
	}
	seki_strbuf_printf(out, "}\n");
	return d.nodes ? SEKI_P4_GRAPH_OK : SEKI_P4_GRAPH_NONE;
}

int seki_p4_svg_build(const char *dot, void **svg, size_t *len, char *log, size_t log_size)
{
	const char *argv[] = {"dot", "-Tsvg", NULL};

	return seki_tool_run((char *const *)argv, dot, svg, len, log, log_size);
}
