// SPDX-License-Identifier: Apache-2.0
/* Numbers of one width as bits and ranges: what a comparison that came true tells of both sides. */
#include "core/bpf/verify/num.h"

#include "core/base/check.h"

enum seki_bpf_cond seki_cond_opposite(enum seki_bpf_cond cond)
{
	return (enum seki_bpf_cond)(cond ^ 1); /* the enum lists them in pairs */
}

_Static_assert((SEKI_COND_EQ ^ 1) == SEKI_COND_NE && (SEKI_COND_GT ^ 1) == SEKI_COND_LE &&
		       (SEKI_COND_GE ^ 1) == SEKI_COND_LT && (SEKI_COND_SGT ^ 1) == SEKI_COND_SLE &&
		       (SEKI_COND_SGE ^ 1) == SEKI_COND_SLT &&
		       (SEKI_COND_SET ^ 1) == SEKI_COND_CLEAR,
	       "a condition and its opposite differ in the last bit");

static bool assume_equal(struct seki_num *a, struct seki_num *b)
{
	if (!seki_tnum_meet(a->t, b->t, &a->t))
		return false;
	a->umin = seki_max(a->umin, b->umin);
	a->umax = seki_min(a->umax, b->umax);
	a->smin = a->smin > b->smin ? a->smin : b->smin;
	a->smax = a->smax < b->smax ? a->smax : b->smax;
	*b = *a;
	return true;
}

/* a is not the constant c: it can only matter at the ends of a range. */
static bool exclude(struct seki_num *a, const struct seki_num *c)
{
	if (seki_num_is_const(a) && a->umin == c->umin)
		return false;
	if (a->umin == c->umin)
		a->umin++;
	if (a->umax == c->umin)
		a->umax--;
	if (a->smin == c->smin)
		a->smin++;
	if (a->smax == c->smin)
		a->smax--;
	return true;
}

static bool assume_differ(struct seki_num *a, struct seki_num *b)
{
	if (seki_num_is_const(b))
		return exclude(a, b);
	if (seki_num_is_const(a))
		return exclude(b, a);
	return true;
}

/* lo < hi, or lo <= hi where `gap` is 0. */
static bool assume_order(struct seki_num *lo, struct seki_num *hi, unsigned int gap)
{
	if (lo->umin > hi->umax || hi->umax - lo->umin < gap)
		return false;
	lo->umax = seki_min(lo->umax, hi->umax - gap);
	hi->umin = seki_max(hi->umin, lo->umin + gap);
	return true;
}

static bool assume_signed(struct seki_num *lo, struct seki_num *hi, unsigned int gap)
{
	if (lo->smin > hi->smax || (gap && lo->smin == hi->smax))
		return false;
	if (lo->smax > hi->smax - (int64_t)gap)
		lo->smax = hi->smax - gap;
	if (hi->smin < lo->smin + (int64_t)gap)
		hi->smin = lo->smin + gap;
	return true;
}

static bool assume_bits(struct seki_num *a, struct seki_num *b, bool set)
{
	uint64_t both = (a->t.value | a->t.mask) & (b->t.value | b->t.mask);

	if (set) {
		if (!both)
			return false;
		/* One candidate bit only: it is set in both. */
		if (both & (both - 1))
			return true;
		a->t.value |= both;
		b->t.value |= both;
		a->t.mask &= ~both;
		b->t.mask &= ~both;
		return true;
	}
	if (a->t.value & b->t.value)
		return false;
	a->t.mask &= ~b->t.value;
	b->t.mask &= ~a->t.value;
	return true;
}

static bool assume_raw(enum seki_bpf_cond cond, struct seki_num *a, struct seki_num *b)
{
	switch (cond) {
	case SEKI_COND_EQ:
		return assume_equal(a, b);
	case SEKI_COND_NE:
		return assume_differ(a, b);
	case SEKI_COND_GT:
		return assume_order(b, a, 1);
	case SEKI_COND_LE:
		return assume_order(a, b, 0);
	case SEKI_COND_GE:
		return assume_order(b, a, 0);
	case SEKI_COND_LT:
		return assume_order(a, b, 1);
	case SEKI_COND_SGT:
		return assume_signed(b, a, 1);
	case SEKI_COND_SLE:
		return assume_signed(a, b, 0);
	case SEKI_COND_SGE:
		return assume_signed(b, a, 0);
	case SEKI_COND_SLT:
		return assume_signed(a, b, 1);
	default:
		return assume_bits(a, b, cond == SEKI_COND_SET);
	}
}

bool seki_num_assume(enum seki_bpf_cond cond, struct seki_num *a, struct seki_num *b,
		     unsigned int bytes)
{
	return assume_raw(cond, a, b) && seki_num_sync(a, bytes) && seki_num_sync(b, bytes);
}
