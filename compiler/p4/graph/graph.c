/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/graph/graph.h"

#include <string.h>

#include "compiler/p4/graph/dot.h"

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
	struct dot dot = {.out = out};

	seki_strbuf_printf(out, "digraph program {\n"
				"graph [fontname=\"sans-serif\" rankdir=TB compound=true]\n"
				"node [fontname=\"sans-serif\" fontsize=11]\n"
				"edge [fontname=\"sans-serif\" fontsize=10]\n");
	for (const struct p4_decl *d = program->decls; d; d = d->next) {
		if (!is_wanted(d, parser, control))
			continue;
		if (d->kind == P4_D_PARSER)
			seki_graph_parser(&dot, d);
		else
			seki_graph_control(&dot, d);
		if (dot.n > SEKI_P4_GRAPH_NODES)
			return SEKI_P4_GRAPH_LARGE;
	}
	seki_strbuf_printf(out, "}\n");
	return dot.n ? SEKI_P4_GRAPH_OK : SEKI_P4_GRAPH_NONE;
}
