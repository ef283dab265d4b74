/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and edges in the language of Graphviz. */
#ifndef SEKI_P4_GRAPH_DOT_H
#define SEKI_P4_GRAPH_DOT_H

#include "compiler/p4/graph/graph.h"

struct dot {
	struct seki_strbuf *out;
	uint32_t n; /* nodes so far */
};

enum dot_shape { DOT_STATE, DOT_CODE, DOT_TABLE, DOT_CHOICE, DOT_START, DOT_GOOD, DOT_BAD };

void seki_dot_open(struct dot *dot, const char *kind, const char *name);
void seki_dot_close(struct dot *dot);

/* The number of a new node. The label is plain text, its lines ended by '\n'. */
uint32_t seki_dot_node(struct dot *dot, enum dot_shape shape, const char *label);
/* The same, of a number that seki_dot_reserve() gave. */
uint32_t seki_dot_reserve(struct dot *dot);
void seki_dot_fill(struct dot *dot, uint32_t node, enum dot_shape shape, const char *label);
void seki_dot_edge(struct dot *dot, uint32_t from, uint32_t to, const char *label);

/* The source from one token to another on one line, cut where it is long. */
const char *seki_dot_source(struct seki_arena *arena, const struct seki_token *first,
			    const struct seki_token *last);
const char *seki_dot_expr(struct seki_arena *arena, const struct p4_expr *expr);

/* parser.c, control.c */
void seki_graph_parser(struct dot *dot, const struct p4_decl *parser);
void seki_graph_control(struct dot *dot, const struct p4_decl *control);

#endif
