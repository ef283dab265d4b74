/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and deciding by expressions: see flow.h. */
#include <string.h>

#include "compiler/p4/lint/flow.h"

static bool was_told(const struct flow *f, enum seki_warning warning, struct seki_span at)
{
	for (const struct seki_diag *d = f->lint->diags->first; d; d = d->next)
		if (d->severity == SEKI_WARNING && d->warning == warning && d->at.src == at.src &&
		    d->at.off == at.off)
			return true;
	return false;
}

/* Tells once, and then nothing more of the slot on these ways. */
static void tell(struct flow *f, struct paths *p, const struct place *place,
		 const struct p4_expr *e, bool writes)
{
	enum seki_warning warning = place->header ? SEKI_WARN_INVALID_HEADER
						  : SEKI_WARN_UNINITIALIZED;
	bool always = seki_paths_count_no(p, place->slot) == p->n;
	struct seki_span at = seki_expr_span(e);
	struct seki_diag *diag;

	seki_paths_set(p, place->slot, KNOWN_NOT);
	if (!f->budget || !seki_lint_is_users(e->first) || was_told(f, warning, at))
		return;
	if (!place->header)
		diag = seki_diag_warning(f->lint->diags, warning, at, "'%s' %s no value here",
					 place->name, always ? "has" : "may have");
	else if (always)
		diag = seki_diag_warning(f->lint->diags, warning, at,
					 "header '%s' is not valid here%s", place->name,
					 writes ? ": what is written to it is lost" : "");
	else
		diag = seki_diag_warning(
			f->lint->diags, warning, at,
			"header '%s' may not be valid here: 'if (%.*s.isValid())' tells",
			place->name, (int)at.len, at.src->text + at.off);
	if (place->decl->tok && seki_lint_is_users(place->decl->tok))
		seki_diag_note(f->lint->diags, diag, place->decl->tok->at, "'%s' is declared here",
			       place->decl->name);
}

static void check(struct flow *f, struct paths *p, const struct place *place,
		  const struct p4_expr *e)
{
	if (seki_paths_count_no(p, place->slot))
		tell(f, p, place, e, false);
}

static void read_list(struct flow *f, struct paths *p, const struct p4_expr *list)
{
	for (; list; list = list->next)
		seki_flow_read(f, p, list);
}

static void read_member(struct flow *f, struct paths *p, const struct p4_expr *e)
{
	const struct place *place = seki_place_resolve(f, e), *whole;

	if (place && !place->header) {
		check(f, p, place, e);
		return;
	}
	if (place)
		return; /* all of a header: its validity goes along */
	whole = e->decl && e->decl->kind == P4_D_FIELD ? seki_place_resolve(f, e->a) : NULL;
	if (whole && whole->header)
		check(f, p, whole, e->a);
	else
		seki_flow_read(f, p, e->a);
}

/* What both ways of a condition leave, in place. */
static void read_condition(struct flow *f, struct paths *p, const struct p4_expr *e)
{
	struct paths *yes, *no;

	seki_flow_condition(f, p, e, &yes, &no);
	p->n = 0;
	seki_paths_join(f, p, yes);
	seki_paths_join(f, p, no);
}

static void read_choice(struct flow *f, struct paths *p, const struct p4_expr *e)
{
	struct paths *yes, *no;

	seki_flow_condition(f, p, e->a, &yes, &no);
	seki_flow_read(f, yes, e->b);
	seki_flow_read(f, no, e->c);
	p->n = 0;
	seki_paths_join(f, p, yes);
	seki_paths_join(f, p, no);
}

void seki_flow_read(struct flow *f, struct paths *p, const struct p4_expr *e)
{
	const struct place *place;

	if (!e || !p->n || !f->budget)
		return;
	switch (e->kind) {
	case P4_E_NAME:
		place = seki_place_resolve(f, e);
		if (place && !place->header)
			check(f, p, place, e);
		break;
	case P4_E_MEMBER:
		read_member(f, p, e);
		break;
	case P4_E_CALL:
		seki_flow_call(f, p, e);
		break;
	case P4_E_COND:
		read_choice(f, p, e);
		break;
	case P4_E_BINARY:
		if (e->op == P4_OP_LAND || e->op == P4_OP_LOR) {
			read_condition(f, p, e);
			break;
		}
		/* fall through */
	default:
		seki_flow_read(f, p, e->a);
		seki_flow_read(f, p, e->b);
		seki_flow_read(f, p, e->c);
		read_list(f, p, e->args);
	}
}

/* ---- writing ---- */

void seki_flow_write(struct flow *f, struct paths *p, const struct p4_expr *to)
{
	const struct place *place = seki_place_resolve(f, to);

	if (place) {
		seki_paths_set_place(p, place->around ? place->around : place, KNOWN_NOT,
				     KNOWN_YES);
		return;
	}
	for (; to->kind == P4_E_SLICE || to->kind == P4_E_INDEX || to->kind == P4_E_MEMBER;
	     to = to->a) {
		seki_flow_read(f, p, to->b);
		place = seki_place_resolve(f, to->a);
		if (!place)
			continue;
		if (!place->header)
			seki_paths_set_place(p, place, KNOWN_NOT, KNOWN_YES);
		else if (to->kind == P4_E_MEMBER && p->n &&
			 seki_paths_count_no(p, place->slot) == p->n)
			tell(f, p, place, to->a, true);
		return;
	}
}

void seki_flow_assign(struct flow *f, struct paths *p, const struct p4_expr *to,
		      const struct p4_expr *from)
{
	const struct place *a = seki_place_resolve(f, to), *b;

	seki_flow_read(f, p, from);
	b = seki_place_resolve(f, from);
	if (!a)
		seki_flow_write(f, p, to);
	else if (b && !a->around)
		seki_paths_copy_place(p, a, b);
	else if (from->kind == P4_E_INVALID && a->header)
		seki_paths_set_header(p, a, KNOWN_NO);
	else if (from->kind == P4_E_INVALID)
		seki_paths_set_place(p, a, KNOWN_NO, KNOWN_YES);
	else if (a->header && (from->kind == P4_E_LIST || from->kind == P4_E_RECORD))
		seki_paths_set_header(p, a, KNOWN_YES);
	else
		seki_flow_write(f, p, to);
	if (a && !a->header && a->slot != NO_SLOT)
		seki_paths_set(p, a->slot, KNOWN_YES);
}

/* ---- deciding ---- */

struct search {
	struct flow *flow;
	bool found;
};

static void look(void *data, const struct p4_expr *e)
{
	struct search *s = data;

	if (e->decl && s->flow->varying[e->decl->id])
		s->found = true;
}

bool seki_flow_is_varying(struct flow *f, const struct p4_expr *e)
{
	struct search s = {.flow = f};
	struct p4_walk walk = {.data = &s, .expr = look};

	seki_walk_expr(&walk, e);
	return s.found;
}

/* The header or union that e.isValid() asks about, or NULL. */
static const struct place *asked(struct flow *f, const struct p4_expr *e)
{
	const struct place *place;

	if (e->kind != P4_E_CALL || e->call != P4_CALL_BUILTIN || !e->a ||
	    e->a->kind != P4_E_MEMBER || strcmp(e->a->name, "isValid") != 0)
		return NULL;
	place = seki_place_resolve(f, e->a->a);
	return place && (place->header || place->type->kind == P4_T_UNION) ? place : NULL;
}

/* table.apply().hit or .miss */
static bool table_asked(struct flow *f, struct paths *p, const struct p4_expr *e,
			struct paths **yes, struct paths **no)
{
	bool miss = e->kind == P4_E_MEMBER && strcmp(e->name, "miss") == 0;

	if (e->kind != P4_E_MEMBER || e->a->kind != P4_E_CALL || e->a->call != P4_CALL_TABLE)
		return false;
	seki_flow_table(f, p, e->a->callee, miss ? no : yes, miss ? yes : no);
	return true;
}

/* a && b, a || b: b is only looked at on one of the ways. */
static void both_asked(struct flow *f, struct paths *p, const struct p4_expr *e, struct paths **yes,
		       struct paths **no)
{
	bool is_and = e->op == P4_OP_LAND;
	struct paths *y, *n, *skipped;

	seki_flow_condition(f, p, e->a, &y, &n);
	skipped = is_and ? n : y;
	seki_flow_condition(f, is_and ? y : n, e->b, yes, no);
	seki_paths_join(f, is_and ? *no : *yes, skipped);
}

void seki_flow_condition(struct flow *f, struct paths *p, const struct p4_expr *e,
			 struct paths **yes, struct paths **no)
{
	const struct place *place = asked(f, e);

	if (e->kind == P4_E_UNARY && e->op == P4_OP_NOT) {
		seki_flow_condition(f, p, e->a, no, yes);
		return;
	}
	if (e->kind == P4_E_BINARY && (e->op == P4_OP_LAND || e->op == P4_OP_LOR)) {
		both_asked(f, p, e, yes, no);
		return;
	}
	if (table_asked(f, p, e, yes, no))
		return;
	if (!place)
		seki_flow_read(f, p, e);
	*yes = seki_paths_copy(f, p);
	*no = seki_paths_copy(f, p);
	if (place) {
		seki_paths_assume_valid(*yes, place, true);
		seki_paths_assume_valid(*no, place, false);
	} else if (e->known) {
		(seki_num_is_zero(&e->num) ? *yes : *no)->n = 0;
	} else if (seki_flow_is_varying(f, e)) {
		seki_paths_soften(*yes);
		seki_paths_soften(*no);
	}
}
