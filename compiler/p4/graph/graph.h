/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures of a checked program, in the language of Graphviz: for each parser its states and what
 * leads from one to the next, for each control the tables, conditions and statements in the order in
 * which a packet meets them. The files: parser.c, control.c, and dot.c, which writes nodes and edges.
 */
#ifndef SEKI_P4_GRAPH_H
#define SEKI_P4_GRAPH_H

#include "compiler/front/strbuf.h"
#include "compiler/p4/ast.h"

/* More nodes are no picture that a person reads, nor one that is laid out soon. */
#define SEKI_P4_GRAPH_NODES 3000u

enum seki_p4_graph_error {
	SEKI_P4_GRAPH_OK,
	SEKI_P4_GRAPH_NONE,  /* no parser or control, or none of that name */
	SEKI_P4_GRAPH_LARGE, /* more nodes than that */
};

/*
 * The parser or the control of the name; where both are NULL, all parsers and controls of files that
 * do not come with the compiler.
 */
enum seki_p4_graph_error seki_p4_graph(const struct p4_program *program, const char *parser,
				       const char *control, struct seki_strbuf *out);

#endif
