/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program may write: a header none of whose fields is ever assigned, and whose validity
 * only extract() changes, need not be written back to the packet.
 */
#include <string.h>

#include "compiler/p4/lower.h"

/* Marks the headers that a write to `lvalue` may change. */
static void mark(struct p4_lower *lower, const struct p4_expr *lvalue)
{
	const struct p4_expr *e = lvalue;
	bool whole = true;

	for (; e; e = e->a) {
		struct p4_header *h = seki_old_header(lower, e);

		if (h) {
			h->written = true;
			h->moved |= whole;
			return;
		}
		if (e->kind == P4_E_NAME)
			break;
		if (e->kind != P4_E_MEMBER && e->kind != P4_E_SLICE && e->kind != P4_E_INDEX)
			return;
		whole = whole && lvalue->type->kind == P4_T_STRUCT;
	}
	if (!e || lvalue->type->kind != P4_T_STRUCT || !e->decl || !lower->cnames[e->decl->id] ||
	    strcmp(lower->cnames[e->decl->id], "hdr") != 0)
		return;
	for (struct p4_header *h = lower->headers; h; h = h->next)
		h->written = h->moved = true;
}

static void check_std(struct p4_lower *lower, const struct p4_expr *lvalue)
{
	const struct p4_expr *e = lvalue;
	const char *field = "";

	for (; e->kind == P4_E_MEMBER || e->kind == P4_E_SLICE; e = e->a)
		if (e->kind == P4_E_MEMBER)
			field = e->name;
	if (e->kind != P4_E_NAME || !e->decl || !lower->cnames[e->decl->id] ||
	    strcmp(lower->cnames[e->decl->id], "(*std)") != 0)
		return;
	if (!*field || strcmp(field, "input_port") == 0 || strcmp(field, "packet_length") == 0)
		seki_diag_unsupported(lower->diags, seki_expr_span(lvalue),
				      "writing to %s%s of the standard metadata is",
				      *field ? "the field " : "all", field);
}

static void wrote(struct p4_lower *lower, const struct p4_expr *lvalue)
{
	mark(lower, lvalue);
	check_std(lower, lvalue);
}

static void scan_expr(struct p4_lower *lower, const struct p4_expr *e);
static void scan_block(struct p4_lower *lower, const struct p4_decl *block);

static void scan_list(struct p4_lower *lower, const struct p4_expr *list)
{
	for (; list; list = list->next)
		scan_expr(lower, list);
}

static void scan_call(struct p4_lower *lower, const struct p4_expr *e)
{
	const struct p4_decl *p = e->callee ? e->callee->params : NULL;
	const char *packet = seki_old_packet_call(e);

	if (e->call == P4_CALL_BUILTIN && strncmp(e->a->name, "set", 3) == 0) {
		mark(lower, e->a->a);
		return;
	}
	if (packet && strcmp(packet, "extract") == 0)
		return;
	if (e->call == P4_CALL_APPLY) {
		seki_old_bind(lower, e);
		scan_block(lower, e->callee);
	}
	for (uint32_t i = 0; p && e->bound; p = p->next, i++)
		if (e->bound[i] && !(e->call == P4_CALL_APPLY && lower->cnames[p->id]) &&
		    (p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT))
			wrote(lower, e->bound[i]);
}

static void scan_expr(struct p4_lower *lower, const struct p4_expr *e)
{
	if (!e)
		return;
	if (e->kind == P4_E_CALL)
		scan_call(lower, e);
	scan_expr(lower, e->a);
	scan_expr(lower, e->b);
	scan_expr(lower, e->c);
	scan_list(lower, e->args);
}

static void scan_stmts(struct p4_lower *lower, const struct p4_stmt *list)
{
	for (const struct p4_stmt *s = list; s; s = s->next) {
		if (s->kind == P4_S_ASSIGN)
			wrote(lower, s->a);
		scan_expr(lower, s->a);
		scan_expr(lower, s->b);
		scan_list(lower, s->exprs);
		if (s->decl)
			scan_expr(lower, s->decl->init);
		scan_stmts(lower, s->body);
		scan_stmts(lower, s->other);
		scan_stmts(lower, s->init);
		scan_stmts(lower, s->update);
		scan_stmts(lower, s->cases);
	}
}

static void scan_table(struct p4_lower *lower, const struct p4_table *table)
{
	const struct p4_action_ref *lists[] = {table->actions, table->default_action};

	for (int i = 0; i < 2; i++) {
		for (const struct p4_action_ref *ref = lists[i]; ref; ref = ref->next) {
			const struct p4_decl *p = ref->action ? ref->action->params : NULL;
			const struct p4_expr *arg = ref->call->args;

			for (; p && arg; p = p->next, arg = arg->next)
				if (p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT)
					wrote(lower, arg);
		}
	}
	for (const struct p4_key *k = table->keys; k; k = k->next)
		scan_expr(lower, k->expr);
}

/* A parser or control: its parts, whether they are used or not. */
static void scan_block(struct p4_lower *lower, const struct p4_decl *block)
{
	for (const struct p4_decl *d = block->members; d; d = d->next) {
		scan_stmts(lower, d->body);
		scan_expr(lower, d->kind == P4_D_VAR ? d->init : NULL);
		if (d->kind == P4_D_TABLE)
			scan_table(lower, d->table);
	}
	scan_stmts(lower, block->body);
}

void seki_old_effects(struct p4_lower *lower)
{
	scan_block(lower, lower->parser);
	scan_block(lower, lower->pipeline);
}
