// SPDX-License-Identifier: Apache-2.0
/* Numbers in registers: a 64-bit view and the range of the low half, each sharpening the other. */
#include "core/bpf/verify/scalar.h"

#include "core/base/check.h"

static void set_low(struct seki_scalar *s, const struct seki_num *low)
{
	s->umin32 = (uint32_t)low->umin;
	s->umax32 = (uint32_t)low->umax;
	s->smin32 = (int32_t)low->smin;
	s->smax32 = (int32_t)low->smax;
}

/* What the 64-bit view alone tells of the low half. */
static struct seki_num low_of(const struct seki_num *n)
{
	struct seki_num low = seki_num_unknown(4);

	low.t.value = (uint32_t)n->t.value;
	low.t.mask = (uint32_t)n->t.mask;
	if (n->umin >> 32 == n->umax >> 32) {
		low.umin = (uint32_t)n->umin;
		low.umax = (uint32_t)n->umax;
	}
	if (n->smin >= INT32_MIN && n->smax <= INT32_MAX) {
		low.smin = n->smin;
		low.smax = n->smax;
	}
	return low;
}

struct seki_num seki_scalar_low(const struct seki_scalar *s)
{
	return (struct seki_num){
		.t = {(uint32_t)s->n.t.value, (uint32_t)s->n.t.mask},
		.umin = s->umin32,
		.umax = s->umax32,
		.smin = s->smin32,
		.smax = s->smax32,
	};
}

/* Both hold: narrows a to what b says as well. */
static bool meet(struct seki_num *a, const struct seki_num *b)
{
	a->umin = seki_max(a->umin, b->umin);
	a->umax = seki_min(a->umax, b->umax);
	a->smin = a->smin > b->smin ? a->smin : b->smin;
	a->smax = a->smax < b->smax ? a->smax : b->smax;
	return seki_tnum_meet(a->t, b->t, &a->t);
}

/* Takes over what is known of the low half; where the high half is a constant, it bounds all. */
static bool apply_low(struct seki_scalar *s, const struct seki_num *low)
{
	uint64_t high = s->n.umin >> 32 << 32;
	struct seki_tnum bits = {low->t.value, low->t.mask | ~(uint64_t)UINT32_MAX};

	set_low(s, low);
	if (!seki_tnum_meet(s->n.t, bits, &s->n.t))
		return false;
	if (s->n.umin >> 32 == s->n.umax >> 32) {
		s->n.umin = seki_max(s->n.umin, high | low->umin);
		s->n.umax = seki_min(s->n.umax, high | low->umax);
	}
	return s->n.umin <= s->n.umax;
}

static bool is_same(const struct seki_num *a, const struct seki_num *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin &&
	       a->smax == b->smax && a->t.mask == b->t.mask && a->t.value == b->t.value;
}

/* The 64-bit view is one number: is its low half one of `low`? */
static bool settle_const(struct seki_scalar *s, const struct seki_num *low)
{
	uint32_t v = (uint32_t)s->n.umin;

	if (!seki_tnum_holds(low->t, v) || v < low->umin || v > low->umax ||
	    (int32_t)v < low->smin || (int32_t)v > low->smax)
		return false;
	s->umin32 = s->umax32 = v;
	s->smin32 = s->smax32 = (int32_t)v;
	return true;
}

/* `low` is what is known of the low half beside what the 64 bits tell. */
static bool settle(struct seki_scalar *s, struct seki_num low)
{
	for (int round = 0; round < 2; round++) {
		struct seki_num told, before;

		if (!seki_num_sync(&s->n, 8))
			return false;
		if (seki_num_is_const(&s->n))
			return settle_const(s, &low);
		before = s->n;
		told = low_of(&s->n);
		if (!meet(&low, &told) || !seki_num_sync(&low, 4) || !apply_low(s, &low))
			return false;
		if (is_same(&s->n, &before))
			return true;
	}
	return seki_num_sync(&s->n, 8);
}

struct seki_scalar seki_scalar_unknown(void)
{
	return (struct seki_scalar){
		.n = {{0, UINT64_MAX}, 0, UINT64_MAX, INT64_MIN, INT64_MAX},
		.umax32 = UINT32_MAX,
		.smin32 = INT32_MIN,
		.smax32 = INT32_MAX,
	};
}

struct seki_scalar seki_scalar_const(uint64_t value)
{
	return (struct seki_scalar){
		.n = {{value, 0}, value, value, (int64_t)value, (int64_t)value},
		.umin32 = (uint32_t)value,
		.umax32 = (uint32_t)value,
		.smin32 = (int32_t)value,
		.smax32 = (int32_t)value,
	};
}

struct seki_scalar seki_scalar_range(uint64_t min, uint64_t max)
{
	struct seki_scalar s = {.n = seki_num_range(min, max, 8)};

	settle(&s, seki_num_unknown(4));
	return s;
}

struct seki_scalar seki_scalar_widen(const struct seki_num *low)
{
	struct seki_scalar s = {.n = seki_num_unknown(8)};

	s.n.t = low->t;
	s.n.umin = low->umin;
	s.n.umax = low->umax;
	settle(&s, *low);
	return s;
}

/* Does the low half of the result depend on the low halves of the operands alone? */
static bool closed_in_low_half(enum seki_bpf_alu op, const struct seki_scalar *b)
{
	switch (op) {
	case SEKI_ALU_ADD:
	case SEKI_ALU_SUB:
	case SEKI_ALU_MUL:
	case SEKI_ALU_NEG:
	case SEKI_ALU_OR:
	case SEKI_ALU_AND:
	case SEKI_ALU_XOR:
	case SEKI_ALU_MOV:
	case SEKI_ALU_SX8:
	case SEKI_ALU_SX16:
		return true;
	case SEKI_ALU_LSH:
		return seki_scalar_is_const(b) && (b->n.umin & 63) < 32;
	default:
		return false;
	}
}

/* n = what has this low half, << 32: how v1 code starts to extend it, with its sign or without. */
static void raise_low(struct seki_num *n, const struct seki_num *low)
{
	n->umin = low->umin << 32;
	n->umax = low->umax << 32;
	n->smin = low->smin * (1ll << 32);
	n->smax = low->smax * (1ll << 32);
}

struct seki_scalar seki_scalar_alu(enum seki_bpf_alu op, const struct seki_scalar *a,
				   const struct seki_scalar *b, unsigned int bytes)
{
	struct seki_num la, lb, low = seki_num_unknown(4);
	struct seki_scalar s;

	if (seki_scalar_is_const(a) && seki_scalar_is_const(b))
		return seki_scalar_const(seki_alu_exact(op, a->n.umin, b->n.umin, bytes));
	if (op == SEKI_ALU_MOV && (bytes == 8 || b->n.umax <= UINT32_MAX))
		return *b;
	la = seki_scalar_low(a);
	lb = seki_scalar_low(b);
	if (bytes == 4) {
		low = seki_num_alu(op, &la, &lb, 4);
		return seki_scalar_widen(&low);
	}
	s.n = seki_num_alu(op, &a->n, &b->n, 8);
	if (op == SEKI_ALU_LSH && seki_scalar_is_const(b) && (b->n.umin & 63) == 32)
		raise_low(&s.n, &la);
	if (closed_in_low_half(op, b)) {
		if (op == SEKI_ALU_LSH)
			lb = seki_num_const(b->n.umin & 63, 4);
		low = seki_num_alu(op, &la, &lb, 4);
	}
	/* Cannot be empty: both views hold the result. */
	settle(&s, low);
	return s;
}

struct seki_scalar seki_scalar_cut(const struct seki_scalar *s, unsigned int bytes, bool sign)
{
	struct seki_scalar mask, cut;

	if (bytes == 8)
		return *s;
	mask = seki_scalar_const((1ull << bytes * 8) - 1);
	if (s->n.umax <= mask.n.umax) {
		cut = *s;
	} else if (bytes == 4) {
		struct seki_num low = seki_scalar_low(s);

		cut = seki_scalar_widen(&low);
	} else {
		cut = seki_scalar_alu(SEKI_ALU_AND, s, &mask, 8);
	}
	if (!sign)
		return cut;
	return seki_scalar_alu(bytes == 1   ? SEKI_ALU_SX8
			       : bytes == 2 ? SEKI_ALU_SX16
					    : SEKI_ALU_SX32,
			       &cut, &cut, 8);
}

bool seki_scalar_assume(enum seki_bpf_cond cond, struct seki_scalar *a, struct seki_scalar *b,
			unsigned int bytes)
{
	struct seki_num la = seki_scalar_low(a), lb = seki_scalar_low(b);

	if (bytes == 8) {
		if (!seki_num_assume(cond, &a->n, &b->n, 8))
			return false;
	} else if (!seki_num_assume(cond, &la, &lb, 4)) {
		return false;
	}
	return settle(a, la) && settle(b, lb);
}

void seki_scalar_clamp(struct seki_scalar *s, int64_t min, int64_t max)
{
	struct seki_scalar v = *s;

	v.n.smin = v.n.smin > min ? v.n.smin : min;
	v.n.smax = v.n.smax < max ? v.n.smax : max;
	if (v.n.smin <= v.n.smax && settle(&v, seki_scalar_low(&v)))
		*s = v;
}

void seki_scalar_equate(struct seki_scalar *s, const struct seki_scalar *same)
{
	struct seki_scalar a = *s, b = *same;

	if (seki_scalar_assume(SEKI_COND_EQ, &a, &b, 8))
		*s = a;
}

bool seki_scalar_covers(const struct seki_scalar *outer, const struct seki_scalar *inner)
{
	return seki_num_covers(&outer->n, &inner->n) && outer->umin32 <= inner->umin32 &&
	       outer->umax32 >= inner->umax32 && outer->smin32 <= inner->smin32 &&
	       outer->smax32 >= inner->smax32;
}
