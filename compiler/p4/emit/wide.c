/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of more than 64 bits: arrays of limbs, the lowest first, the bits above the width zero. Each
 * operator writes out straight code, limb by limb at constant indices, so that clang keeps limbs in
 * registers and drops those that nobody wants. What takes loops is in functions of the prelude.
 */
#include "compiler/p4/emit/emit.h"

/* For this instruction. A small stack does not hold them: there they are in scratch memory. */
static const char *fresh(struct emit *em, uint32_t width)
{
	uint32_t n = seki_emit_limbs(width), i = em->n_temps;
	const char *name;

	if (em->profile != EMIT_ON_STACK && i < EMIT_TEMPS) {
		em->n_temps++;
		if (em->temps[i] < n)
			em->temps[i] = n;
		return seki_emit_text(em, "scratch->temp%u", i);
	}
	name = seki_emit_text(em, "t%u", seki_emit_id(em));
	seki_emit_line(em, "u64 %s[%u];", name, n);
	return name;
}

/* Clears what is above the width in the last limb. */
static void trim(struct emit *em, const char *name, uint32_t width)
{
	if (width % 64)
		seki_emit_line(em, "%s[%u] &= 0x%llxull;", name, width / 64,
			       (1ull << width % 64) - 1);
}

/* Alike ends of branches become one for clang, which then has a pointer for each limb: not if each
 * ends with another number. */
void seki_emit_wide_copy(struct emit *em, const char *to, const char *from, uint32_t width)
{
	for (uint32_t i = 0; i < seki_emit_limbs(width); i++)
		seki_emit_line(em, "%s[%u] = %s[%u];", to, i, from, i);
	if (em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "asm volatile(\"\" : : \"i\"(%u));", seki_emit_id(em));
}

/* 64 bits from bit `lo` on; beyond the last limb there are zeros. */
static const char *window(struct emit *em, const char *name, uint32_t n, uint32_t lo)
{
	uint32_t i = lo / 64, by = lo % 64;

	if (i >= n)
		return "0";
	if (by == 0)
		return seki_emit_text(em, "%s[%u]", name, i);
	if (i + 1 == n)
		return seki_emit_text(em, "(%s[%u] >> %u)", name, i, by);
	return seki_emit_text(em, "(%s[%u] >> %u | %s[%u] << %u)", name, i, by, name, i + 1,
			      64 - by);
}

const char *seki_emit_wide_piece(struct emit *em, const char *limbs, uint32_t n_limbs, uint32_t lo,
				 uint32_t width)
{
	return seki_emit_cut(em, window(em, limbs, n_limbs, lo), width);
}

/* ---- any value as limbs ---- */

struct limbs {
	const char *name;
	uint32_t n;
};

static struct limbs limbs_of(struct emit *em, const struct ir_expr *e)
{
	const char *value, *name;

	if (seki_emit_is_wide(e->width))
		return (struct limbs){seki_emit_wide(em, e), seki_emit_limbs(e->width)};
	value = seki_emit_value(em, e);
	name = fresh(em, 64);
	seki_emit_line(em, "%s[0] = %s;", name, value);
	return (struct limbs){name, 1};
}

/* ---- operators ---- */

static void constant(struct emit *em, const struct ir_expr *e, const char *to)
{
	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = 0x%llxull;", to, i,
			       (unsigned long long)seki_num_word(&e->num, i));
}

static void slice(struct emit *em, const struct ir_expr *e, uint32_t lo, const char *to)
{
	struct limbs a = limbs_of(em, e->a);

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = %s;", to, i, window(em, a.name, a.n, lo + 64 * i));
	trim(em, to, e->width);
}

/* The sign is spread over the bits above the operand's. */
static void extend_sign(struct emit *em, const struct ir_expr *e, const char *to)
{
	struct limbs a = limbs_of(em, e->a);
	uint32_t last = a.n - 1, up = (64 - e->a->width % 64) % 64;

	if (e->width <= e->a->width) {
		slice(em, e, 0, to);
		return;
	}
	for (uint32_t i = 0; i < last; i++)
		seki_emit_line(em, "%s[%u] = %s[%u];", to, i, a.name, i);
	seki_emit_line(em, "%s[%u] = (u64)((i64)(%s[%u] << %u) >> %u);", to, last, a.name, last, up,
		       up);
	for (uint32_t i = a.n; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = (u64)((i64)%s[%u] >> 63);", to, i, to, last);
	trim(em, to, e->width);
}

static void bitwise(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b = seki_emit_wide(em, e->b);
	const char *op = e->op == IR_AND ? "&" : e->op == IR_OR ? "|" : "^";

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = %s[%u] %s %s[%u];", to, i, a, i, op, b, i);
}

static void complement(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a);

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = ~%s[%u];", to, i, a, i);
	trim(em, to, e->width);
}

static void concatenate(struct emit *em, const struct ir_expr *e, const char *to)
{
	struct limbs a = limbs_of(em, e->a), b = limbs_of(em, e->b);
	uint32_t up = e->b->width % 64, at = e->b->width / 64;

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++) {
		const char *low = i < b.n ? seki_emit_text(em, "%s[%u]", b.name, i) : NULL;
		const char *high = NULL;

		if (i == at && up)
			high = seki_emit_text(em, "%s[0] << %u", a.name, up);
		else if (i >= at)
			high = window(em, a.name, a.n, 64 * i - e->b->width);
		seki_emit_line(em, "%s[%u] = %s%s%s;", to, i, low ? low : "",
			       low && high ? " | " : "", high ? high : "");
	}
}

static void choose(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *cond = seki_emit_keep(em, 1, seki_emit_value(em, e->a));
	const char *b = seki_emit_wide(em, e->b), *c = seki_emit_wide(em, e->c);

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = %s ? %s[%u] : %s[%u];", to, i, cond, b, i, c, i);
}

/* to = a + b or a - b with the carry through all limbs; returns the last carry. */
static const char *add(struct emit *em, const char *to, const char *a, const char *b, uint32_t n,
		       bool subtract)
{
	const char *carry = seki_emit_text(em, "c%u", seki_emit_id(em));
	char op = subtract ? '-' : '+';

	seki_emit_line(em, "u64 %s = 0;", carry);
	for (uint32_t i = 0; i < n; i++) {
		const char *one = seki_emit_text(em, "t%u", seki_emit_id(em));

		seki_emit_line(em, "u64 %s = %s[%u] %c %s[%u];", one, a, i, op, b, i);
		seki_emit_line(em, "%s[%u] = %s %c %s;", to, i, one, op, carry);
		if (subtract)
			seki_emit_line(em, "%s = (%s[%u] < %s[%u]) | (%s < %s);", carry, a, i, b, i,
				       one, carry);
		else
			seki_emit_line(em, "%s = (%s < %s[%u]) | (%s[%u] < %s);", carry, one, a, i,
				       to, i, one);
	}
	return carry;
}

static void sum(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b = seki_emit_wide(em, e->b);

	add(em, to, a, b, seki_emit_limbs(e->width), e->op == IR_SUB);
	trim(em, to, e->width);
}

static void negate(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *zero = fresh(em, e->width);

	for (uint32_t i = 0; i < seki_emit_limbs(e->width); i++)
		seki_emit_line(em, "%s[%u] = 0;", zero, i);
	add(em, to, zero, a, seki_emit_limbs(e->width), true);
	trim(em, to, e->width);
}

/* All bits set where the carry, or a bit at or above the width, is. */
static void saturate(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b = seki_emit_wide(em, e->b);
	uint32_t n = seki_emit_limbs(e->width), rest = e->width % 64;
	const char *over = add(em, to, a, b, n, e->op == IR_SAT_SUB);

	if (rest && e->op == IR_SAT_ADD)
		over = seki_emit_text(em, "(%s[%u] >> %u)", to, n - 1, rest);
	over = seki_emit_keep(em, 64, seki_emit_text(em, "%s ? ~0ull : 0", over));
	for (uint32_t i = 0; i < n; i++)
		if (e->op == IR_SAT_ADD)
			seki_emit_line(em, "%s[%u] |= %s;", to, i, over);
		else
			seki_emit_line(em, "%s[%u] &= ~%s;", to, i, over);
	trim(em, to, e->width);
}

/* Bit `bit` of limbs, as 0 or 1. */
static const char *one_bit(struct emit *em, const char *name, uint32_t bit)
{
	return seki_emit_text(em, "(%s[%u] >> %u & 1)", name, bit / 64, bit % 64);
}

/* A result whose sign is not what both operands' signs say has wrapped around. */
static void saturate_signed(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b = seki_emit_wide(em, e->b), *over, *sign;
	uint32_t n = seki_emit_limbs(e->width), top = e->width - 1;
	bool subtract = e->op == IR_SAT_SUB_S;

	add(em, to, a, b, n, subtract);
	sign = seki_emit_keep(em, 64, one_bit(em, a, top));
	over = seki_emit_keep(em, 64,
			      seki_emit_text(em, "%s %s %s && %s != %s", sign,
					     subtract ? "!=" : "==", one_bit(em, b, top), sign,
					     one_bit(em, to, top)));
	for (uint32_t i = 0; i < n; i++) {
		unsigned long long least = i == n - 1 ? 1ull << top % 64 : 0;

		seki_emit_line(em, "if (%s)\n\t\t%s[%u] = %s ? 0x%llxull : ~0x%llxull;", over, to,
			       i, sign, least, least);
	}
	trim(em, to, e->width);
}

static void shift_left_fixed(struct emit *em, const char *to, const char *a, uint32_t n,
			     uint32_t by)
{
	uint32_t at = by / 64, up = by % 64;

	for (uint32_t i = n; i-- > 0;) {
		if (i < at)
			seki_emit_line(em, "%s[%u] = 0;", to, i);
		else if (up == 0 || i == at)
			seki_emit_line(em, "%s[%u] = %s[%u] << %u;", to, i, a, i - at, up);
		else
			seki_emit_line(em, "%s[%u] = %s[%u] << %u | %s[%u] >> %u;", to, i, a,
				       i - at, up, a, i - at - 1, 64 - up);
	}
}

static void shift_right_fixed(struct emit *em, const char *to, const char *a, uint32_t n,
			      uint32_t by)
{
	for (uint32_t i = 0; i < n; i++)
		seki_emit_line(em, "%s[%u] = %s;", to, i, window(em, a, n, by + 64 * i));
}

const char *seki_emit_wide_amount(struct emit *em, const struct ir_expr *expr)
{
	const char *b = seki_emit_wide(em, expr);
	struct seki_strbuf high = {.arena = em->arena};

	for (uint32_t i = 1; i < seki_emit_limbs(expr->width); i++)
		seki_strbuf_printf(&high, "%s[%u] | ", b, i);
	return seki_emit_keep(
		em, 32, seki_emit_text(em, "(%s%s[0] >> 32) ? ~0u : (u32)%s[0]", high.data, b, b));
}

/* By steps of one, two, four ...: indices stay constants. `to` holds the operand. */
static void shift_steps(struct emit *em, const char *to, const char *by, uint32_t width, bool left)
{
	uint32_t n = seki_emit_limbs(width);

	seki_emit_line(em, "if (%s >= %u) {", by, width);
	for (uint32_t i = 0; i < n; i++)
		seki_emit_line(em, "%s[%u] = 0;", to, i);
	seki_emit_line(em, "} else {");
	for (uint32_t step = 1; step < width; step *= 2) {
		seki_emit_line(em, "if (%s & %u) {", by, step);
		if (left)
			shift_left_fixed(em, to, to, n, step);
		else
			shift_right_fixed(em, to, to, n, step);
		seki_emit_line(em, "}");
	}
	seki_emit_line(em, "}");
}

/* To the right with the sign: of the complement where it is negative. */
static void shift(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *sign = NULL, *by;
	uint32_t n = seki_emit_limbs(e->width);
	bool left = e->op == IR_SHL;

	if (e->op == IR_SHR_S) {
		sign = seki_emit_keep(em, 64,
				      seki_emit_text(em, "-%s", one_bit(em, a, e->width - 1)));
		for (uint32_t i = 0; i < n; i++)
			seki_emit_line(em, "%s[%u] = %s[%u] ^ %s;", to, i, a, i, sign);
		trim(em, to, e->width);
	} else {
		seki_emit_wide_copy(em, to, a, e->width);
	}
	if (e->b->op == IR_CONST) {
		uint64_t wanted = seki_num_to_u64(&e->b->num);
		uint32_t fixed = wanted > e->width ? e->width : (uint32_t)wanted;

		if (left)
			shift_left_fixed(em, to, to, n, fixed);
		else
			shift_right_fixed(em, to, to, n, fixed);
	} else {
		by = seki_emit_is_wide(e->b->width)
			     ? seki_emit_wide_amount(em, e->b)
			     : seki_emit_keep(em, e->b->width, seki_emit_value(em, e->b));
		shift_steps(em, to, by, e->width, left);
	}
	for (uint32_t i = 0; sign && i < n; i++)
		seki_emit_line(em, "%s[%u] ^= %s;", to, i, sign);
	trim(em, to, e->width);
}

/* Digits of 32 bits, whose products a machine without products of 128 bits has. */
static void multiply(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b = seki_emit_wide(em, e->b);
	uint32_t n = seki_emit_limbs(e->width);

	seki_emit_line(em, "multiply(%s, %s, %s, %s, %u);", to, a, b, fresh(em, 128 * n), n);
	trim(em, to, e->width);
}

/* A constant of one digit, and not 0. */
static bool is_short(const struct ir_expr *e)
{
	return e->op == IR_CONST && seki_num_size(&e->num) && seki_num_size(&e->num) <= 32;
}

static void divide(struct emit *em, const struct ir_expr *e, const char *to)
{
	const char *a = seki_emit_wide(em, e->a), *b, *u, *v;
	uint32_t n = seki_emit_limbs(e->width);

	if (is_short(e->b)) {
		seki_emit_line(em, "divide_short(%s, %s, %lluull, %u, %u);", to, a,
			       (unsigned long long)seki_num_to_u64(&e->b->num), n, e->op == IR_MOD);
		return;
	}
	b = seki_emit_wide(em, e->b);
	u = fresh(em, 128 * n);
	v = fresh(em, e->width);
	seki_emit_line(em, "divide(%s, %s, %s, %s, %s, %u, %u);", to, a, b, u, v, n,
		       e->op == IR_MOD);
}

const char *seki_emit_wide(struct emit *em, const struct ir_expr *e)
{
	static void (*const operators[])(struct emit *, const struct ir_expr *, const char *) = {
		[IR_CONST] = constant,
		[IR_NOT] = complement,
		[IR_NEG] = negate,
		[IR_SEXT] = extend_sign,
		[IR_ADD] = sum,
		[IR_SUB] = sum,
		[IR_MUL] = multiply,
		[IR_DIV] = divide,
		[IR_MOD] = divide,
		[IR_SAT_ADD] = saturate,
		[IR_SAT_SUB] = saturate,
		[IR_SAT_ADD_S] = saturate_signed,
		[IR_SAT_SUB_S] = saturate_signed,
		[IR_AND] = bitwise,
		[IR_OR] = bitwise,
		[IR_XOR] = bitwise,
		[IR_SHL] = shift,
		[IR_SHR] = shift,
		[IR_SHR_S] = shift,
		[IR_CONCAT] = concatenate,
		[IR_COND] = choose,
	};
	const char *to;

	if (e->op == IR_READ)
		return seki_emit_var(em, e->var);
	to = fresh(em, e->width);
	if (e->op == IR_ZEXT || e->op == IR_SLICE)
		slice(em, e, e->op == IR_SLICE ? e->lo : 0, to);
	else
		operators[e->op](em, e, to);
	return to;
}

/* ---- comparisons ---- */

static const char *equal(struct emit *em, const char *a, const char *b, uint32_t n)
{
	struct seki_strbuf text = {.arena = em->arena};

	for (uint32_t i = 0; i < n; i++)
		seki_strbuf_printf(&text, "%s%s[%u] == %s[%u]", i ? " && " : "", a, i, b, i);
	return text.data;
}

/* A limb to compare: of a signed number's highest, the sign in the highest bit. */
static const char *ordered(struct emit *em, const struct ir_expr *e, const char *name, uint32_t i)
{
	bool is_signed = e->op == IR_LT_S || e->op == IR_LE_S;

	if (!is_signed || i + 1 < seki_emit_limbs(e->a->width))
		return seki_emit_text(em, "%s[%u]", name, i);
	return seki_emit_text(em, "(i64)(%s[%u] << %u)", name, i, (64 - e->a->width % 64) % 64);
}

/* From the lowest limb up: the highest that differs decides. */
static const char *less(struct emit *em, const struct ir_expr *e, const char *a, const char *b)
{
	const char *text = e->op == IR_LE || e->op == IR_LE_S ? "1" : "0";

	for (uint32_t i = 0; i < seki_emit_limbs(e->a->width); i++)
		text = seki_emit_keep(em, 1,
				      seki_emit_text(em, "%s[%u] == %s[%u] ? %s : %s < %s", a, i, b,
						     i, text, ordered(em, e, a, i),
						     ordered(em, e, b, i)));
	return text;
}

static const char *varbit_equal(struct emit *em, const struct ir_expr *e)
{
	const struct ir_var *a = e->a->var, *b = e->b->var;
	uint32_t na = seki_emit_limbs(a->width), nb = seki_emit_limbs(b->width);

	/* Bits behind the size are zero, and equal sizes leave nothing in the longer one's rest. */
	return seki_emit_text(
		em, "((u8)(%s == %s && %s))", seki_emit_var(em, a->size),
		seki_emit_var(em, b->size),
		equal(em, seki_emit_var(em, a), seki_emit_var(em, b), na < nb ? na : nb));
}

const char *seki_emit_wide_compare(struct emit *em, const struct ir_expr *e)
{
	const char *a, *b;

	if (e->op == IR_VARBIT_EQ)
		return varbit_equal(em, e);
	a = seki_emit_wide(em, e->a);
	b = seki_emit_wide(em, e->b);
	if (e->op == IR_EQ || e->op == IR_NE)
		return seki_emit_text(em, "((u8)%s(%s))", e->op == IR_NE ? "!" : "",
				      equal(em, a, b, seki_emit_limbs(e->a->width)));
	return less(em, e, a, b);
}
