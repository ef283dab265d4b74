/* SPDX-License-Identifier: Apache-2.0 */
/* Values of up to 64 bits: each operator as text, of text that may be used more than once. */
#include "compiler/p4/emit/emit.h"

/* The type in which C computes on values of a width: no promotion to a signed type. */
static uint32_t work_width(uint32_t width)
{
	return width <= 32 ? 32 : 64;
}

const char *seki_emit_cut(struct emit *em, const char *text, uint32_t width)
{
	uint32_t c = seki_emit_cwidth(width);

	if (c == width)
		return seki_emit_text(em, "((u%u)%s)", c, text);
	if (width < 32)
		return seki_emit_text(em, "((u%u)(%s & 0x%xu))", c, text, (1u << width) - 1);
	return seki_emit_text(em, "((u64)%s & 0x%llxull)", text,
			      ((unsigned long long)1 << width) - 1);
}

const char *seki_emit_keep(struct emit *em, uint32_t width, const char *text)
{
	const char *name = seki_emit_text(em, "t%u", seki_emit_id(em));

	seki_emit_line(em, "u%u %s = %s;", seki_emit_cwidth(width), name, text);
	return name;
}

const char *seki_emit_mask(struct emit *em, const char *text)
{
	const char *name = seki_emit_text(em, "mask%u", seki_emit_id(em));

	seki_emit_line(em, "u64 %s = -(u64)%s;\nhide(%s);", name, text, name);
	return name;
}

/* The operand as something that may stand twice in the text. */
static const char *keep(struct emit *em, const struct ir_expr *expr)
{
	const char *text = seki_emit_value(em, expr);

	if (expr->op == IR_CONST || expr->op == IR_READ)
		return text;
	return seki_emit_keep(em, expr->width, text);
}

/* A number with a sign, as one of C. */
static const char *as_signed(struct emit *em, const char *text, uint32_t width)
{
	if (width == 64)
		return seki_emit_text(em, "((i64)%s)", text);
	return seki_emit_text(em, "((i64)((u64)%s << %u) >> %u)", text, 64 - width, 64 - width);
}

/* ---- shifts ---- */

/* How far to shift, as text: more than any width where the amount's high limbs are not 0. */
static const char *amount(struct emit *em, const struct ir_expr *b)
{
	if (!seki_emit_is_wide(b->width))
		return keep(em, b);
	return seki_emit_wide_amount(em, b);
}

static const char *shift_right_signed(struct emit *em, const struct ir_expr *e)
{
	const char *a = as_signed(em, seki_emit_value(em, e->a), e->width);
	const char *n;

	if (e->b->op == IR_CONST)
		n = seki_num_to_u64(&e->b->num) > 63
			    ? "63"
			    : seki_emit_text(em, "%u", (uint32_t)seki_num_to_u64(&e->b->num));
	else
		n = amount(em, e->b);
	if (e->b->op != IR_CONST)
		n = seki_emit_text(em, "(%s > 63 ? 63 : %s)", n, n);
	return seki_emit_cut(em, seki_emit_text(em, "(u64)(%s >> %s)", a, n), e->width);
}

/* An amount of the width or more shifts everything out. */
static const char *shift(struct emit *em, const struct ir_expr *e)
{
	const char *op = e->op == IR_SHL ? "<<" : ">>", *a, *n;
	uint32_t w = work_width(e->width);

	if (e->op == IR_SHR_S)
		return shift_right_signed(em, e);
	a = seki_emit_value(em, e->a);
	if (e->b->op == IR_CONST) {
		uint64_t by = seki_num_to_u64(&e->b->num);

		if (by >= e->width)
			return "0u";
		return seki_emit_cut(em,
				     seki_emit_text(em, "((u%u)%s %s %u)", w, a, op, (uint32_t)by),
				     e->width);
	}
	n = amount(em, e->b);
	return seki_emit_cut(
		em, seki_emit_text(em, "(%s < %u ? (u%u)%s %s %s : 0)", n, e->width, w, a, op, n),
		e->width);
}

/* ---- arithmetic ---- */

static const char *operator_text(enum ir_op op)
{
	switch (op) {
	case IR_ADD:
		return "+";
	case IR_SUB:
		return "-";
	case IR_MUL:
		return "*";
	case IR_DIV:
		return "/";
	case IR_MOD:
		return "%";
	case IR_AND:
		return "&";
	case IR_OR:
		return "|";
	case IR_XOR:
		return "^";
	case IR_EQ:
		return "==";
	case IR_NE:
		return "!=";
	case IR_LT:
	case IR_LT_S:
		return "<";
	case IR_LE:
	case IR_LE_S:
		return "<=";
	case IR_LAND:
		return "&&";
	default:
		return "||";
	}
}

static const char *arithmetic(struct emit *em, const struct ir_expr *e)
{
	const char *a = seki_emit_value(em, e->a), *b = seki_emit_value(em, e->b);
	uint32_t w = work_width(e->width);

	return seki_emit_cut(
		em, seki_emit_text(em, "((u%u)%s %s (u%u)%s)", w, a, operator_text(e->op), w, b),
		e->width);
}

/* x / 0 is 0, x % 0 is x: also what the machine's instructions do. */
static const char *divide(struct emit *em, const struct ir_expr *e)
{
	const char *a = keep(em, e->a), *b = keep(em, e->b);
	uint32_t w = work_width(e->width);

	return seki_emit_cut(em,
			     seki_emit_text(em, "(%s ? (u%u)%s %s (u%u)%s : (u%u)%s)", b, w, a,
					    operator_text(e->op), w, b, w,
					    e->op == IR_MOD ? a : "0"),
			     e->width);
}

static const char *saturate(struct emit *em, const struct ir_expr *e)
{
	const char *a = keep(em, e->a), *b = keep(em, e->b), *sum;
	uint32_t w = work_width(e->width);

	if (e->op == IR_SAT_SUB)
		return seki_emit_cut(
			em,
			seki_emit_text(em, "(%s < %s ? 0 : (u%u)%s - (u%u)%s)", a, b, w, a, w, b),
			e->width);
	/* A sum that wrapped around is below its operands. */
	sum = seki_emit_keep(
		em, e->width,
		seki_emit_cut(em, seki_emit_text(em, "((u%u)%s + (u%u)%s)", w, a, w, b), e->width));
	return seki_emit_text(em, "(%s < %s ? %s : %s)", sum, a,
			      seki_emit_cut(em, seki_emit_text(em, "(u%u)-1", w), e->width), sum);
}

/* A result whose sign is not what both operands' signs say has wrapped around. */
static const char *saturate_signed(struct emit *em, const struct ir_expr *e)
{
	const char *a = keep(em, e->a), *b = keep(em, e->b), *r;
	bool add = e->op == IR_SAT_ADD_S;
	uint32_t top = e->width - 1;

	r = seki_emit_keep(
		em, e->width,
		seki_emit_cut(em, seki_emit_text(em, "((u64)%s %s (u64)%s)", a, add ? "+" : "-", b),
			      e->width));
	return seki_emit_text(em,
			      "((u%u)(((u64)(%s ^ %s) & (u64)(%s ^ %s)) >> %u & 1 ? "
			      "(u64)%s >> %u & 1 ? 1ull << %u : (1ull << %u) - 1 : %s))",
			      seki_emit_cwidth(e->width), a, r, add ? b : a, add ? r : b, top, a,
			      top, top, top, r);
}

/* ---- bits ---- */

static const char *concatenate(struct emit *em, const struct ir_expr *e)
{
	uint32_t w = work_width(e->width);
	const char *a = seki_emit_value(em, e->a), *b = seki_emit_value(em, e->b);

	return seki_emit_cut(
		em, seki_emit_text(em, "((u%u)%s << %u | (u%u)%s)", w, a, e->b->width, w, b),
		e->width);
}

static const char *slice(struct emit *em, const struct ir_expr *e, uint32_t lo)
{
	if (seki_emit_is_wide(e->a->width))
		return seki_emit_wide_piece(em, seki_emit_wide(em, e->a),
					    seki_emit_limbs(e->a->width), lo, e->width);
	return seki_emit_cut(em, seki_emit_text(em, "(%s >> %u)", seki_emit_value(em, e->a), lo),
			     e->width);
}

static const char *extend(struct emit *em, const struct ir_expr *e)
{
	const char *a;

	if (e->width <= e->a->width)
		return slice(em, e, 0);
	a = seki_emit_value(em, e->a);
	if (e->op == IR_SEXT)
		return seki_emit_cut(
			em, seki_emit_text(em, "(u64)%s", as_signed(em, a, e->a->width)), e->width);
	return seki_emit_text(em, "((u%u)%s)", seki_emit_cwidth(e->width), a);
}

static const char *compare(struct emit *em, const struct ir_expr *e)
{
	const char *a, *b;

	if (seki_emit_is_wide(e->a->width) || e->op == IR_VARBIT_EQ)
		return seki_emit_wide_compare(em, e);
	a = seki_emit_value(em, e->a);
	b = seki_emit_value(em, e->b);
	if (e->op == IR_LT_S || e->op == IR_LE_S) {
		a = as_signed(em, a, e->a->width);
		b = as_signed(em, b, e->b->width);
	}
	return seki_emit_text(em, "((u8)(%s %s %s))", a, operator_text(e->op), b);
}

static const char *unary(struct emit *em, const struct ir_expr *e)
{
	const char *a = seki_emit_value(em, e->a);

	if (e->op == IR_LNOT)
		return seki_emit_text(em, "((u8)!%s)", a);
	return seki_emit_cut(em,
			     seki_emit_text(em, "(%s(u%u)%s)", e->op == IR_NOT ? "~" : "-",
					    work_width(e->width), a),
			     e->width);
}

static const char *literal(struct emit *em, const struct ir_expr *e)
{
	if (e->width <= 32)
		return seki_emit_text(em, "%uu", (uint32_t)seki_num_word(&e->num, 0));
	return seki_emit_text(em, "0x%llxull", (unsigned long long)seki_num_word(&e->num, 0));
}

static const char *choose(struct emit *em, const struct ir_expr *e)
{
	const char *a = seki_emit_value(em, e->a), *b = seki_emit_value(em, e->b);
	const char *c = seki_emit_value(em, e->c), *mask;

	if (em->profile < EMIT_OPAQUE || e->a->op != IR_READ)
		return seki_emit_text(em, "(%s ? %s : %s)", a, b, c);
	mask = seki_emit_mask(em, a);
	return seki_emit_text(em, "((u%u)((%s & %s) | (%s & ~%s)))", seki_emit_cwidth(e->width), b,
			      mask, c, mask);
}

/* In scratch memory nobody knows that the bits above are zero. */
static const char *read(struct emit *em, const struct ir_var *var)
{
	const char *name = seki_emit_var(em, var);

	if (em->profile < EMIT_OPAQUE || !seki_emit_in_scratch(em, var) ||
	    var->kind == IR_VAR_BYTES)
		return name;
	return seki_emit_cut(em, name, var->width);
}

const char *seki_emit_value(struct emit *em, const struct ir_expr *e)
{
	switch (e->op) {
	case IR_CONST:
		return literal(em, e);
	case IR_READ:
		return read(em, e->var);
	case IR_NOT:
	case IR_NEG:
	case IR_LNOT:
		return unary(em, e);
	case IR_ZEXT:
	case IR_SEXT:
		return extend(em, e);
	case IR_SLICE:
		return slice(em, e, e->lo);
	case IR_DIV:
	case IR_MOD:
		return divide(em, e);
	case IR_SAT_ADD:
	case IR_SAT_SUB:
		return saturate(em, e);
	case IR_SAT_ADD_S:
	case IR_SAT_SUB_S:
		return saturate_signed(em, e);
	case IR_SHL:
	case IR_SHR:
	case IR_SHR_S:
		return shift(em, e);
	case IR_CONCAT:
		return concatenate(em, e);
	case IR_COND:
		return choose(em, e);
	case IR_EQ:
	case IR_NE:
	case IR_LT:
	case IR_LE:
	case IR_LT_S:
	case IR_LE_S:
	case IR_VARBIT_EQ:
	case IR_LAND:
	case IR_LOR:
		return compare(em, e);
	default:
		return arithmetic(em, e);
	}
}
