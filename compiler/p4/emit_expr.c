/* SPDX-License-Identifier: Apache-2.0 */
/* Values and assignments in C. */
#include "compiler/p4/emit.h"

#include <string.h>

static const char *unsupported(struct p4_emit *em, const struct p4_expr *expr, const char *what)
{
	seki_diag_unsupported(em->diags, seki_expr_span(expr), "%s", what);
	return "0";
}

const char *seki_olde_cut(struct p4_emit *em, const char *value, uint32_t width)
{
	uint32_t c = seki_olde_cwidth(width);

	if (c == width)
		return seki_olde_text(em, "((u%u)%s)", c, value);
	if (width < 32)
		return seki_olde_text(em, "((u%u)(%s & 0x%xu))", c, value, (1u << width) - 1);
	if (width < 64)
		return seki_olde_text(em, "((u64)%s & 0x%llxull)", value,
				      ((unsigned long long)1 << width) - 1);
	return seki_olde_text(em, "((u128)%s & (((u128)1 << %u) - 1))", value, width);
}

bool seki_olde_is_pure(const struct p4_expr *e)
{
	if (!e)
		return true;
	if (e->kind == P4_E_CALL && e->call != P4_CALL_BUILTIN)
		return false;
	for (const struct p4_expr *arg = e->args; arg; arg = arg->next)
		if (!seki_olde_is_pure(arg))
			return false;
	return seki_olde_is_pure(e->a) && seki_olde_is_pure(e->b) && seki_olde_is_pure(e->c);
}

/* The type in which C computes on values of a width: no promotion to a signed type. */
static uint32_t work_width(uint32_t width)
{
	uint32_t c = seki_olde_cwidth(width);

	return c < 32 ? 32 : c;
}

/* A value of `from` bits as one of the C type that computes on `to` bits. */
static const char *widen(struct p4_emit *em, const char *value, uint32_t from, uint32_t to)
{
	if (to > 64 && from <= 64)
		return seki_olde_text(em, "wide(%s)", value);
	return seki_olde_text(em, "(u%u)%s", work_width(to), value);
}

/* A value of int<width> as a signed number of C. */
static const char *as_signed(struct p4_emit *em, const struct p4_expr *expr, const char *value)
{
	uint32_t width = seki_olde_width(expr->type);

	if (width > 64)
		return unsupported(em, expr, "signed values of more than 64 bits are");
	return seki_olde_text(em, "((i64)((u64)%s << %u) >> %u)", value, 64 - width, 64 - width);
}

static bool is_signed(const struct p4_expr *expr)
{
	return seki_type_base(expr->type)->kind == P4_T_SIGNED;
}

/* ---- operators ---- */

/* An amount of the width or more shifts everything out. */
static const char *shift_by_variable(struct p4_emit *em, const struct p4_expr *e, const char *a,
				     const char *b)
{
	uint32_t width = seki_olde_width(e->type), w = work_width(width);
	const char *n = seki_olde_text(em, "n%u", seki_olde_id(em));
	const char *set = seki_olde_text(em, "%s %s = %s",
					 seki_olde_ctype(em, e->b->type, e->b->tok), n, b);

	if (width > 64)
		return seki_olde_cut(em,
				     seki_olde_text(em, "({ %s; %s < %u ? sh%c128(%s, %s) : 0; })",
						    set, n, width, e->op == P4_OP_SHL ? 'l' : 'r',
						    a, n),
				     width);
	if (is_signed(e) && e->op == P4_OP_SHR)
		return seki_olde_cut(em,
				     seki_olde_text(em,
						    "({ %s; (u64)(%s >> (%s > 63 ? 63 : %s)); })",
						    set, as_signed(em, e, a), n, n),
				     width);
	return seki_olde_cut(em,
			     seki_olde_text(em, "({ %s; %s < %u ? (u%u)%s %s %s : 0; })", set, n,
					    width, w, a, e->op == P4_OP_SHL ? "<<" : ">>", n),
			     width);
}

static const char *emit_shift(struct p4_emit *em, const struct p4_expr *e, const char *a,
			      const char *b)
{
	uint32_t width = seki_olde_width(e->type), w = work_width(width);

	if (e->b->known) {
		uint64_t by = seki_num_to_u64(&e->b->num);
		uint32_t n = by > width ? width : (uint32_t)by;

		if (is_signed(e) && e->op == P4_OP_SHR)
			return seki_olde_cut(em,
					     seki_olde_text(em, "(u64)(%s >> %u)",
							    as_signed(em, e, a), n > 63 ? 63 : n),
					     width);
		if (n >= width)
			return seki_olde_text(em, "((u%u)0)", seki_olde_cwidth(width));
		return seki_olde_cut(em,
				     seki_olde_text(em, "((u%u)%s %s %u)", w, a,
						    e->op == P4_OP_SHL ? "<<" : ">>", n),
				     width);
	}
	return shift_by_variable(em, e, a, b);
}

static const char *saturate_signed(struct p4_emit *em, const struct p4_expr *e, const char *a,
				   const char *b)
{
	uint32_t width = seki_olde_width(e->type);
	const char *op = e->op == P4_OP_SAT_ADD ? "+" : "-";
	const char *wide = width < 64 ? "i64" : "i128";
	const char *r = seki_olde_text(em, "r%u", seki_olde_id(em));
	const char *low = seki_olde_text(em, "-((%s)1 << %u)", wide, width - 1);
	const char *high = seki_olde_text(em, "((%s)1 << %u) - 1", wide, width - 1);

	a = as_signed(em, e->a, a);
	b = as_signed(em, e->b, b);
	return seki_olde_cut(
		em,
		seki_olde_text(
			em,
			"(u64)({ %s %s = (%s)%s %s (%s)%s; %s < %s ? %s : %s > %s ? %s : %s; })",
			wide, r, wide, a, op, wide, b, r, low, low, r, high, high, r),
		width);
}

/* A sum that wrapped around is below its operands. */
static const char *emit_saturating(struct p4_emit *em, const struct p4_expr *e, const char *a,
				   const char *b)
{
	uint32_t width = seki_olde_width(e->type), id = seki_olde_id(em), c = work_width(width);
	const char *left = seki_olde_text(em, "a%u", id), *right = seki_olde_text(em, "b%u", id);
	const char *sum;

	if (is_signed(e))
		return saturate_signed(em, e, a, b);
	if (width > 64)
		b = seki_olde_text(em, "apart(%s)", b);
	sum = seki_olde_cut(em, seki_olde_text(em, "(%s + %s)", left, right), width);
	if (e->op == P4_OP_SAT_SUB)
		return seki_olde_cut(
			em,
			seki_olde_text(em, "({ u%u %s = %s, %s = %s; %s < %s ? 0 : %s - %s; })", c,
				       left, a, right, b, left, right, left, right),
			width);
	return seki_olde_cut(
		em,
		seki_olde_text(em, "({ u%u %s = %s, %s = %s, r%u = %s; r%u < %s ? %s : r%u; })", c,
			       left, a, right, b, id, sum, id, left,
			       seki_olde_cut(em, seki_olde_text(em, "(u%u)-1", c), width), id),
		width);
}

static const char *emit_concat(struct p4_emit *em, const struct p4_expr *e, const char *a,
			       const char *b)
{
	uint32_t width = seki_olde_width(e->type);
	uint32_t wa = seki_olde_width(e->a->type), wb = seki_olde_width(e->b->type);

	if (width > 128)
		return unsupported(em, e, "values above 128 bits are");
	if (wb >= work_width(width))
		return b;
	return seki_olde_cut(em,
			     seki_olde_text(em, "(%s << %u | %s)", widen(em, a, wa, width), wb,
					    widen(em, b, wb, width)),
			     width);
}

static const char *emit_arithmetic(struct p4_emit *em, const struct p4_expr *e, const char *a,
				   const char *b)
{
	uint32_t width = seki_olde_width(e->type), w = work_width(width);

	if (width > 64 && (e->op == P4_OP_MUL || e->op == P4_OP_DIV || e->op == P4_OP_MOD))
		return unsupported(em, e, "multiplication and division above 64 bits are");
	if (e->op == P4_OP_DIV || e->op == P4_OP_MOD) {
		const char *d = seki_olde_text(em, "d%u", seki_olde_id(em));

		return seki_olde_cut(em,
				     seki_olde_text(em,
						    "({ u%u %s = %s; %s ? (u%u)%s %s %s : 0; })", w,
						    d, b, d, w, a, seki_op_text(e->op), d),
				     width);
	}
	if (width > 64 && (e->op == P4_OP_ADD || e->op == P4_OP_SUB))
		b = seki_olde_text(em, "apart(%s)", b);
	return seki_olde_cut(
		em, seki_olde_text(em, "((u%u)%s %s (u%u)%s)", w, a, seki_op_text(e->op), w, b),
		width);
}

static const char *emit_comparison(struct p4_emit *em, const struct p4_expr *e, const char *a,
				   const char *b)
{
	if (!seki_olde_is_scalar(e->a->type))
		return unsupported(em, e, "comparing structs and headers is");
	if (is_signed(e->a) && e->op != P4_OP_EQ && e->op != P4_OP_NE) {
		a = as_signed(em, e->a, a);
		b = as_signed(em, e->b, b);
	}
	return seki_olde_text(em, "((u8)(%s %s %s))", a, seki_op_text(e->op), b);
}

static const char *apply_op(struct p4_emit *em, const struct p4_expr *e, const char *a,
			    const char *b)
{
	switch (e->op) {
	case P4_OP_SHL:
	case P4_OP_SHR:
		return emit_shift(em, e, a, b);
	case P4_OP_SAT_ADD:
	case P4_OP_SAT_SUB:
		return emit_saturating(em, e, a, b);
	case P4_OP_CONCAT:
		return emit_concat(em, e, a, b);
	case P4_OP_EQ:
	case P4_OP_NE:
	case P4_OP_LT:
	case P4_OP_LE:
	case P4_OP_GT:
	case P4_OP_GE:
		return emit_comparison(em, e, a, b);
	default:
		return emit_arithmetic(em, e, a, b);
	}
}

/* The operands are evaluated from left to right where that can be told. */
static const char *emit_binary(struct p4_emit *em, const struct p4_expr *e)
{
	const char *a = seki_olde_expr(em, e->a), *b = seki_olde_expr(em, e->b);
	const char *ta, *na, *nb;

	if (e->op == P4_OP_LAND || e->op == P4_OP_LOR)
		return seki_olde_text(em, "((u8)(%s %s %s))", a, seki_op_text(e->op), b);
	if (seki_olde_is_pure(e->a) && seki_olde_is_pure(e->b))
		return apply_op(em, e, a, b);
	ta = seki_olde_ctype(em, e->a->type, e->a->tok);
	na = seki_olde_text(em, "a%u", seki_olde_id(em));
	nb = seki_olde_text(em, "b%u", seki_olde_id(em));
	return seki_olde_text(em, "({ %s %s = %s; %s %s = %s; %s; })", ta, na, a,
			      seki_olde_ctype(em, e->b->type, e->b->tok), nb, b,
			      apply_op(em, e, na, nb));
}

static const char *emit_unary(struct p4_emit *em, const struct p4_expr *e)
{
	const char *a = seki_olde_expr(em, e->a);
	uint32_t width = seki_olde_width(e->type), w = work_width(width);

	if (e->op == P4_OP_NOT)
		return seki_olde_text(em, "((u8)!%s)", a);
	if (e->op == P4_OP_PLUS)
		return a;
	return seki_olde_cut(
		em, seki_olde_text(em, "(%s(u%u)%s)", e->op == P4_OP_COMP ? "~" : "-", w, a),
		width);
}

static const char *emit_cast(struct p4_emit *em, const struct p4_expr *e)
{
	const char *a = seki_olde_expr(em, e->a);
	uint32_t from, to;

	if (!seki_olde_is_scalar(e->type) || !seki_olde_is_scalar(e->a->type))
		return a;
	from = seki_olde_width(e->a->type);
	to = seki_olde_width(e->type);
	if (is_signed(e->a) && to > from)
		return seki_olde_cut(em, seki_olde_text(em, "(u64)%s", as_signed(em, e->a, a)), to);
	if (to < from)
		return seki_olde_cut(em, a, to);
	if (to > 64)
		return seki_olde_text(em, "(%s)", widen(em, a, from, to));
	return seki_olde_text(em, "((u%u)%s)", seki_olde_cwidth(to), a);
}

static const char *emit_slice(struct p4_emit *em, const struct p4_expr *e)
{
	return seki_olde_cut(em,
			     seki_olde_text(em, "(%s >> %u)", seki_olde_expr(em, e->a),
					    (uint32_t)seki_num_to_u64(&e->c->num)),
			     seki_olde_width(e->type));
}

/* ---- structs ---- */

/* { a, b } and { x = a } as a compound literal. */
static const char *emit_list(struct p4_emit *em, const struct p4_expr *e)
{
	struct seki_strbuf text = {.arena = em->arena};
	const struct p4_decl *f;

	if (e->type->kind != P4_T_STRUCT && e->type->kind != P4_T_HEADER)
		return unsupported(em, e, "a list here is");
	f = e->type->decl->members;
	seki_strbuf_printf(&text, "((%s){", seki_olde_ctype(em, e->type, e->tok));
	for (const struct p4_expr *arg = e->args; arg; arg = arg->next) {
		if (arg->kind != P4_E_DOTS)
			seki_strbuf_printf(&text, ".f_%s = %s, ",
					   arg->arg_name ? arg->arg_name : f->name,
					   seki_olde_expr(em, arg));
		f = f ? f->next : NULL;
	}
	seki_strbuf_printf(&text, "%s})", e->type->kind == P4_T_HEADER ? ".valid = 1" : "");
	return text.data;
}

static const char *emit_member(struct p4_emit *em, const struct p4_expr *e)
{
	if (e->a->type->kind == P4_T_APPLIED && e->a->kind == P4_E_CALL)
		return seki_olde_call(em, e);
	if (seki_type_is_struct_like(e->a->type) && e->a->type->kind != P4_T_UNION &&
	    e->type->kind != P4_T_VARBIT)
		return seki_olde_text(em, "%s.f_%s", seki_olde_expr(em, e->a), e->name);
	return unsupported(em, e, "this is");
}

static const char *emit_name(struct p4_emit *em, const struct p4_expr *e)
{
	const struct p4_decl *decl = e->decl;

	if (decl->kind == P4_D_CONST)
		return seki_olde_expr(em, decl->init);
	if (decl->kind == P4_D_VAR || decl->kind == P4_D_PARAM)
		return seki_olde_cname(em, decl);
	return unsupported(em, e, "this is");
}

const char *seki_olde_expr(struct p4_emit *em, const struct p4_expr *e)
{
	if (e->known && (seki_olde_is_scalar(e->type) || e->type->kind == P4_T_INT))
		return seki_olde_literal(em, e->type, e->num);
	switch (e->kind) {
	case P4_E_NAME:
		return emit_name(em, e);
	case P4_E_MEMBER:
		return emit_member(em, e);
	case P4_E_SLICE:
		if (e->op == P4_OP_ADD)
			return unsupported(em, e, "a slice that starts at a variable bit is");
		return emit_slice(em, e);
	case P4_E_CALL:
		return seki_olde_call(em, e);
	case P4_E_CAST:
		return emit_cast(em, e);
	case P4_E_UNARY:
		return emit_unary(em, e);
	case P4_E_BINARY:
		return emit_binary(em, e);
	case P4_E_COND:
		return seki_olde_text(em, "(%s ? %s : %s)", seki_olde_expr(em, e->a),
				      seki_olde_expr(em, e->b), seki_olde_expr(em, e->c));
	case P4_E_LIST:
	case P4_E_RECORD:
		return emit_list(em, e);
	case P4_E_INVALID:
	case P4_E_DOTS:
		return seki_olde_text(em, "((%s){0})", seki_olde_ctype(em, e->type, e->tok));
	case P4_E_INDEX:
		return unsupported(em, e, "indexing is");
	default:
		return unsupported(em, e, "this expression is");
	}
}

/* ---- assignment ---- */

/* The header that a field is in, or NULL. */
static const struct p4_expr *header_around(const struct p4_expr *lvalue)
{
	for (; lvalue->kind == P4_E_MEMBER; lvalue = lvalue->a)
		if (lvalue->a->type->kind == P4_T_HEADER)
			return lvalue->a;
	return NULL;
}

static void assign_slice(struct p4_emit *em, const struct p4_expr *lvalue, const char *value)
{
	uint32_t low = (uint32_t)seki_num_to_u64(&lvalue->c->num);
	uint32_t width = (uint32_t)seki_num_to_u64(&lvalue->b->num) - low + 1;
	uint32_t full = seki_olde_width(lvalue->a->type), w = work_width(full);
	const char *mask = width >= 64
				   ? seki_olde_text(em, "((((u128)1 << %u) - 1) << %u)", width, low)
				   : seki_olde_text(em, "((((u%u)1 << %u) - 1) << %u)",
						    w < 64 ? 64 : w, width, low);

	seki_olde_assign(em, lvalue->a,
			 seki_olde_cut(em,
				       seki_olde_text(em, "((%s & ~%s) | %s << %u)",
						      seki_olde_expr(em, lvalue->a), mask,
						      widen(em, value, width, full), low),
				       full));
}

void seki_olde_assign(struct p4_emit *em, const struct p4_expr *lvalue, const char *value)
{
	const struct p4_expr *header;

	if (lvalue->kind == P4_E_SLICE && lvalue->op == P4_OP_ADD) {
		unsupported(em, lvalue, "a slice that starts at a variable bit is");
		return;
	}
	if (lvalue->kind == P4_E_SLICE) {
		assign_slice(em, lvalue, value);
		return;
	}
	if (lvalue->kind == P4_E_DONTCARE) {
		seki_olde_line(em, "(void)%s;", value);
		return;
	}
	header = header_around(lvalue);
	if (header)
		seki_olde_line(em, "if (%s.valid)\n\t\t%s = %s;", seki_olde_expr(em, header),
			       seki_olde_expr(em, lvalue), value);
	else
		seki_olde_line(em, "%s = %s;", seki_olde_expr(em, lvalue), value);
}
