/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: a label for each step, gotos between them, every offset a constant. */
#include "compiler/p4/emit.h"

#include <string.h>

static void reject_at(struct p4_emit *em, const struct seki_token *tok)
{
	seki_olde_line(em, "site = %u;\n\tgoto reject;", seki_olde_line_number(tok));
	em->rejects = true;
}

static void go_to(struct p4_emit *em, const struct p4_stmt *to)
{
	if (to->state)
		seki_olde_line(em, "goto step_%u;",
			       seki_old_step(em->lower, to->state, to->state->body, em->off)->id);
	else if (strcmp(to->name, "accept") == 0)
		seki_olde_line(em, "hdr_len = %u;\n\tgoto accept;", em->off / 8);
	else
		reject_at(em, to->tok);
}

/* ---- select ---- */

static const char *match_one(struct p4_emit *em, const struct p4_expr *e, const char *key,
			     const struct p4_type *type)
{
	const char *a, *b;

	if (e->kind == P4_E_DONTCARE || e->kind == P4_E_DEFAULT)
		return "1";
	if (e->kind == P4_E_MASK || e->kind == P4_E_RANGE) {
		a = seki_olde_expr(em, e->a);
		b = seki_olde_expr(em, e->b);
		if (e->kind == P4_E_MASK)
			return seki_olde_text(em, "(%s & %s) == (%s & %s)", key, b, a, b);
		if (seki_type_base(type)->kind == P4_T_SIGNED)
			seki_diag_unsupported(em->diags, seki_expr_span(e), "signed ranges are");
		return seki_olde_text(em, "%s >= %s && %s <= %s", key, a, key, b);
	}
	if (e->type->kind == P4_T_SET) {
		seki_diag_unsupported(em->diags, seki_expr_span(e), "value sets are");
		return "0";
	}
	return seki_olde_text(em, "%s == %s", key, seki_olde_expr(em, e));
}

static const char *match_case(struct p4_emit *em, const struct p4_stmt *select,
			      const struct p4_expr *keyset, const char *const *keys)
{
	struct seki_strbuf text = {.arena = em->arena};
	const struct p4_expr *e = keyset->args, *key = select->exprs;

	if (!key->next || keyset->kind != P4_E_LIST)
		return match_one(em, keyset, keys[0], key->type);
	for (uint32_t i = 0; e && key; e = e->next, key = key->next, i++)
		seki_strbuf_printf(&text, "%s(%s)", i ? " && " : "",
				   match_one(em, e, keys[i], key->type));
	return text.data;
}

static bool is_default(const struct p4_expr *e)
{
	return e->kind == P4_E_DONTCARE || e->kind == P4_E_DEFAULT;
}

static void emit_select(struct p4_emit *em, const struct p4_stmt *select)
{
	uint32_t n = seki_expr_count(select->exprs), i = 0;
	const char **keys = seki_arena_alloc(em->arena, (n + 1) * sizeof(*keys));
	bool complete = false;

	seki_olde_line(em, "{");
	for (const struct p4_expr *e = select->exprs; e; e = e->next, i++) {
		keys[i] = seki_olde_text(em, "k%u", seki_olde_id(em));
		if (!seki_olde_is_scalar(e->type))
			seki_diag_unsupported(em->diags, seki_expr_span(e),
					      "selecting on this type is");
		else
			seki_olde_line(em, "%s %s = %s;", seki_olde_ctype(em, e->type, e->tok),
				       keys[i], seki_olde_expr(em, e));
	}
	for (const struct p4_stmt *c = select->cases; c && !complete; c = c->next) {
		complete = is_default(c->a);
		seki_olde_place(em, c->tok);
		seki_olde_line(em, "if (%s) {", match_case(em, select, c->a, keys));
		go_to(em, c);
		seki_olde_line(em, "}");
	}
	seki_olde_line(em, "}");
	if (!complete)
		reject_at(em, select->tok);
}

/* ---- extract and advance ---- */

static void emit_extract(struct p4_emit *em, const struct p4_expr *call)
{
	const struct p4_expr *target = call->args;
	const struct p4_header *h = seki_old_header(em->lower, target);
	uint32_t bits;

	if (target->type->kind != P4_T_HEADER || (h && h->has_varbit && !target->next)) {
		seki_diag_unsupported(em->diags, seki_expr_span(target), "extracting this is");
		return;
	}
	bits = h ? h->bits : (uint32_t)seki_type_bits(target->type);
	seki_olde_check_length(em, em->off + bits, call->tok);
	seki_olde_extract(em, target->type, seki_olde_expr(em, target), em->off);
	if (h && h->n_offsets > 1)
		seki_olde_line(em, "at_%u = %u;", h->id, em->off / 8);
	em->off += bits;
}

/* A step of variable size: on to the step at the offset that the size gives. */
static void emit_variable(struct p4_emit *em, const struct p4_step *step)
{
	const struct p4_stmt *s = step->variable;
	const struct p4_expr *size = s->a->args;
	const char *name = seki_olde_text(em, "size%u", seki_olde_id(em));

	if (size->next) {
		emit_extract(em, s->a);
		size = size->next;
	}
	seki_olde_line(em, "{\n\tu32 %s = %s;\n\tswitch (%s) {", name, seki_olde_expr(em, size),
		       name);
	for (uint32_t n = 0; n <= step->sizes.max; n += step->sizes.unit) {
		uint32_t off = step->variable_off + n;

		seki_olde_line(em, "case %u:", n);
		seki_olde_check_length(em, off, s->a->tok);
		seki_olde_line(em, "goto step_%u;",
			       seki_old_step(em->lower, step->state, s->next, off)->id);
	}
	seki_olde_line(em, "default:\n\tbreak;\n\t}\n\t}");
	reject_at(em, s->a->tok);
}

static bool emit_packet_stmt(struct p4_emit *em, const struct p4_stmt *s)
{
	const char *name = s->kind == P4_S_CALL ? seki_old_packet_call(s->a) : NULL;
	uint32_t bits;

	if (!name)
		return false;
	if (strcmp(name, "extract") == 0) {
		emit_extract(em, s->a);
		return true;
	}
	if (seki_old_fixed_advance(s, &bits)) {
		em->off += bits;
		seki_olde_check_length(em, em->off, s->a->tok);
		return true;
	}
	return false;
}

static void emit_step(struct p4_emit *em, const struct p4_step *step)
{
	const struct p4_stmt *s;

	em->step = step;
	em->off = step->off;
	seki_olde_line(em, "step_%u: __attribute__((unused));", step->id);
	for (s = step->start; s; s = s->next) {
		seki_olde_place(em, s->tok);
		if (s == step->variable) {
			emit_variable(em, step);
			return;
		}
		if (s->kind == P4_S_TRANSITION) {
			go_to(em, s);
			return;
		}
		if (s->kind == P4_S_SELECT) {
			emit_select(em, s);
			return;
		}
		if (s->kind == P4_S_DECL && s->decl->kind == P4_D_VAR)
			seki_olde_line(em, "%s = %s;", seki_olde_cname(em, s->decl),
				       s->decl->init ? seki_olde_expr(em, s->decl->init)
				       : seki_olde_is_scalar(s->decl->type)
					       ? "0"
					       : seki_olde_text(em, "(%s){0}",
								seki_olde_ctype(em, s->decl->type,
										s->decl->tok)));
		else if (!emit_packet_stmt(em, s))
			seki_olde_stmt(em, s);
	}
	reject_at(em, step->state->tok);
}

/* Variables of the parser and of its states: a state can be in several pieces. */
static void declare_locals(struct p4_emit *em)
{
	for (const struct p4_decl *d = em->lower->parser->members; d; d = d->next) {
		if (d->kind == P4_D_VAR)
			seki_olde_var(em, d);
		for (const struct p4_stmt *s = d->kind == P4_D_STATE ? d->body : NULL; s;
		     s = s->next)
			if (s->kind == P4_S_DECL && s->decl->kind == P4_D_VAR)
				seki_olde_line(em, "%s %s;",
					       seki_olde_ctype(em, s->decl->type, s->decl->tok),
					       seki_olde_cname(em, s->decl));
	}
}

void seki_olde_parser(struct p4_emit *em)
{
	struct p4_frame frame = {.id = seki_olde_id(em)};

	em->frame = &frame;
	declare_locals(em);
	for (const struct p4_step *s = em->lower->order; s; s = s->follower)
		emit_step(em, s);
	em->step = NULL;
	em->frame = NULL;
	seki_olde_line(em, "accept: __attribute__((unused));");
}
