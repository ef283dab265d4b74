/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces of a picture in the language of DOT. Nodes have numbers for names, and all text of a
 * program goes through seki_draw_text(), so that no name can end the string that it stands in.
 */
#ifndef SEKI_P4_DRAW_H
#define SEKI_P4_DRAW_H

#include "compiler/front/strbuf.h"
#include "compiler/p4/ast.h"

struct p4_drawing {
	struct seki_strbuf *out;
	uint32_t nodes; /* so far */
	bool *drawn;	/* by id of a table: is it anywhere in the picture? */
};

enum p4_look {
	P4_LOOK_STATE,
	P4_LOOK_TABLE,
	P4_LOOK_ACTIONS,
	P4_LOOK_CODE,
	P4_LOOK_CALL, /* of another control */
	P4_LOOK_CONDITION,
	P4_LOOK_START,
	P4_LOOK_GOOD, /* accept, end */
	P4_LOOK_BAD,  /* reject, exit */
	P4_LOOKS,
};

/* A node is begun, has its parts, and is ended. Returns its number. */
uint32_t seki_draw_begin(struct p4_drawing *d, enum p4_look look, const struct seki_token *tok);
void seki_draw_end(struct p4_drawing *d);
/* One that is no more than its text. */
uint32_t seki_draw_plain(struct p4_drawing *d, enum p4_look look, const struct seki_token *tok,
			 const char *text);

/* A box in a label, which a node has by itself. */
void seki_draw_box(struct p4_drawing *d, enum p4_look look);
void seki_draw_box_end(struct p4_drawing *d);

/* ---- in a node or label ---- */

void seki_draw_text(struct p4_drawing *d, const char *text);
/* Of the source; of long ones the beginning. */
void seki_draw_tokens(struct p4_drawing *d, const struct seki_token *first,
		      const struct seki_token *last);
void seki_draw_expr(struct p4_drawing *d, const struct p4_expr *expr);
/* Its name, and in brackets that for the control plane where it is another. */
void seki_draw_name(struct p4_drawing *d, const struct p4_decl *decl);
void seki_draw_break(struct p4_drawing *d);
/* A space that viewers keep where a line or a change of font is before it. */
void seki_draw_gap(struct p4_drawing *d);
void seki_draw_rule(struct p4_drawing *d); /* ends one part of a node, begins the next */

/* ---- edges: begun, given a label by the functions above, ended ---- */

void seki_draw_edge(struct p4_drawing *d, uint32_t from, uint32_t to);
void seki_draw_edge_end(struct p4_drawing *d);

/* stmt.c: the lines of a statement that is drawn as text. */
void seki_draw_stmt(struct p4_drawing *d, const struct p4_stmt *stmt, uint32_t depth);

void seki_draw_parser(struct p4_drawing *d, const struct p4_decl *parser);
void seki_draw_control(struct p4_drawing *d, const struct p4_decl *control);
/* What the actions of a control do, as a row of a label's table, if it has any. */
void seki_draw_actions(struct p4_drawing *d, const struct p4_decl *control);

#endif
