// SPDX-License-Identifier: Apache-2.0
/* Numbers of one width as bits and ranges: arithmetic. Comparisons are in assume.c. */
#include "core/bpf/verify/num.h"

#include "core/base/check.h"

static uint64_t width_max(unsigned int bytes)
{
	return bytes == 8 ? UINT64_MAX : UINT32_MAX;
}

static int64_t sext(uint64_t v, unsigned int bytes)
{
	return bytes == 8 ? (int64_t)v : (int32_t)v;
}

static int64_t width_smin(unsigned int bytes)
{
	return bytes == 8 ? INT64_MIN : INT32_MIN;
}

static int64_t width_smax(unsigned int bytes)
{
	return bytes == 8 ? INT64_MAX : INT32_MAX;
}

struct seki_num seki_num_unknown(unsigned int bytes)
{
	return (struct seki_num){
		.t = {0, width_max(bytes)},
		.umax = width_max(bytes),
		.smin = width_smin(bytes),
		.smax = width_smax(bytes),
	};
}

struct seki_num seki_num_const(uint64_t value, unsigned int bytes)
{
	value &= width_max(bytes);
	return (struct seki_num){
		.t = {value, 0},
		.umin = value,
		.umax = value,
		.smin = sext(value, bytes),
		.smax = sext(value, bytes),
	};
}

struct seki_num seki_num_range(uint64_t min, uint64_t max, unsigned int bytes)
{
	struct seki_num n = seki_num_unknown(bytes);

	n.umin = min;
	n.umax = max;
	seki_num_sync(&n, bytes);
	return n;
}

static int64_t smax_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smin_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Where an unsigned range does not cross the sign boundary it is a signed range, and the other way
 * round. */
static void exchange_signs(struct seki_num *n, unsigned int bytes)
{
	if (sext(n->umin, bytes) <= sext(n->umax, bytes)) {
		n->smin = smax_of(n->smin, sext(n->umin, bytes));
		n->smax = smin_of(n->smax, sext(n->umax, bytes));
	}
	if (n->smin >= 0 || n->smax < 0) {
		n->umin = seki_max(n->umin, (uint64_t)n->smin & width_max(bytes));
		n->umax = seki_min(n->umax, (uint64_t)n->smax & width_max(bytes));
	}
}

static bool sync_const(struct seki_num *n, unsigned int bytes)
{
	int64_t v = sext(n->umin, bytes);

	if (!seki_tnum_holds(n->t, n->umin) || v < n->smin || v > n->smax)
		return false;
	n->t = seki_tnum_const(n->umin);
	n->smin = n->smax = v;
	return true;
}

static bool is_same(const struct seki_num *a, const struct seki_num *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin &&
	       a->smax == b->smax && a->t.mask == b->t.mask && a->t.value == b->t.value;
}

bool seki_num_sync(struct seki_num *n, unsigned int bytes)
{
	for (int round = 0; round < 2; round++) {
		struct seki_num before = *n;

		if (seki_num_is_const(n))
			return sync_const(n, bytes);
		if (!seki_tnum_next(n->t, n->umin, &n->umin) ||
		    !seki_tnum_prev(n->t, n->umax, &n->umax))
			return false;
		exchange_signs(n, bytes);
		if (n->umin > n->umax || n->smin > n->smax)
			return false;
		if (!seki_tnum_meet(n->t, seki_tnum_range(n->umin, n->umax), &n->t))
			return false;
		if (is_same(n, &before))
			break;
	}
	return true;
}

/* Bits are known, ranges only as far as the bits tell. */
static struct seki_num from_bits(struct seki_tnum t, unsigned int bytes)
{
	struct seki_num n = seki_num_unknown(bytes);

	n.t.value = t.value & width_max(bytes);
	n.t.mask = t.mask & width_max(bytes);
	return n;
}

static struct seki_num add(const struct seki_num *a, const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n = from_bits(seki_tnum_add(a->t, b->t), bytes);
	uint64_t umax;
	int64_t smin, smax;

	if (!__builtin_add_overflow(a->umax, b->umax, &umax) && umax <= width_max(bytes)) {
		n.umin = a->umin + b->umin;
		n.umax = umax;
	}
	if (!__builtin_add_overflow(a->smin, b->smin, &smin) && smin >= width_smin(bytes) &&
	    !__builtin_add_overflow(a->smax, b->smax, &smax) && smax <= width_smax(bytes)) {
		n.smin = smin;
		n.smax = smax;
	}
	return n;
}

static struct seki_num sub(const struct seki_num *a, const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n = from_bits(seki_tnum_sub(a->t, b->t), bytes);
	int64_t smin, smax;

	if (a->umin >= b->umax) {
		n.umin = a->umin - b->umax;
		n.umax = a->umax - b->umin;
	}
	if (!__builtin_sub_overflow(a->smin, b->smax, &smin) && smin >= width_smin(bytes) &&
	    !__builtin_sub_overflow(a->smax, b->smin, &smax) && smax <= width_smax(bytes)) {
		n.smin = smin;
		n.smax = smax;
	}
	return n;
}

/* Over a rectangle a product is least and greatest at corners. */
static void multiply_signed(struct seki_num *n, const struct seki_num *a, const struct seki_num *b,
			    unsigned int bytes)
{
	int64_t corners[4], min, max;

	if (__builtin_mul_overflow(a->smin, b->smin, &corners[0]) ||
	    __builtin_mul_overflow(a->smin, b->smax, &corners[1]) ||
	    __builtin_mul_overflow(a->smax, b->smin, &corners[2]) ||
	    __builtin_mul_overflow(a->smax, b->smax, &corners[3]))
		return;
	min = smin_of(smin_of(corners[0], corners[1]), smin_of(corners[2], corners[3]));
	max = smax_of(smax_of(corners[0], corners[1]), smax_of(corners[2], corners[3]));
	if (min < width_smin(bytes) || max > width_smax(bytes))
		return;
	n->smin = min;
	n->smax = max;
}

static struct seki_num mul(const struct seki_num *a, const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n = from_bits(seki_tnum_mul(a->t, b->t), bytes);
	uint64_t umax;

	multiply_signed(&n, a, b, bytes);

	if (!__builtin_mul_overflow(a->umax, b->umax, &umax) && umax <= width_max(bytes)) {
		n.umin = a->umin * b->umin;
		n.umax = umax;
	}
	return n;
}

static struct seki_num divide(const struct seki_num *a, const struct seki_num *b,
			      unsigned int bytes)
{
	if (!b->umin)
		return seki_num_range(0, a->umax, bytes);
	return seki_num_range(a->umin / b->umax, a->umax / b->umin, bytes);
}

static struct seki_num modulo(const struct seki_num *a, const struct seki_num *b,
			      unsigned int bytes)
{
	if (a->umax < b->umin)
		return *a;
	if (!b->umin)
		return seki_num_range(0, a->umax, bytes);
	return seki_num_range(0, seki_min(a->umax, b->umax - 1), bytes);
}

/* By constants above 0, as programs do it: rounded towards 0, the remainder with the sign of a. */
static struct seki_num divide_signed(enum seki_bpf_alu op, const struct seki_num *a,
				     const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n = seki_num_unknown(bytes);
	int64_t by = b->smin;

	if (by != b->smax || by <= 0)
		return n;
	if (op == SEKI_ALU_SDIV) {
		n.smin = a->smin / by;
		n.smax = a->smax / by;
	} else {
		n.smin = a->smin >= 0 ? 0 : smax_of(a->smin, 1 - by);
		n.smax = a->smax <= 0 ? 0 : smin_of(a->smax, by - 1);
	}
	return n;
}

/* Where both are in [-2^k, 2^k), so is what any bitwise operation makes of them: all bits from k on
 * are like the sign. */
static void bound_by_signs(struct seki_num *n, const struct seki_num *a, const struct seki_num *b)
{
	uint64_t bits = (uint64_t)(a->smax ^ a->smax >> 63) | (uint64_t)(a->smin ^ a->smin >> 63) |
			(uint64_t)(b->smax ^ b->smax >> 63) | (uint64_t)(b->smin ^ b->smin >> 63);
	int64_t max = bits ? (int64_t)(UINT64_MAX >> __builtin_clzll(bits)) : 0;

	n->smin = smax_of(n->smin, -max - 1);
	n->smax = smin_of(n->smax, max);
}

static struct seki_num bitwise(enum seki_bpf_alu op, const struct seki_num *a,
			       const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n;

	if (op == SEKI_ALU_AND) {
		n = from_bits(seki_tnum_and(a->t, b->t), bytes);
		n.umax = seki_min(a->umax, b->umax);
	} else if (op == SEKI_ALU_OR) {
		n = from_bits(seki_tnum_or(a->t, b->t), bytes);
		n.umin = seki_max(a->umin, b->umin);
	} else {
		n = from_bits(seki_tnum_xor(a->t, b->t), bytes);
	}
	bound_by_signs(&n, a, b);
	return n;
}

/* No bit is lost. */
static int64_t left(int64_t v, unsigned int by)
{
	return (int64_t)((uint64_t)v << by);
}

static struct seki_num shift_left(const struct seki_num *a, unsigned int by, unsigned int bytes)
{
	struct seki_num n = from_bits(seki_tnum_lsh(a->t, by), bytes);

	if (a->umax <= width_max(bytes) >> by) {
		n.umin = a->umin << by;
		n.umax = a->umax << by;
	}
	if (a->smin >= width_smin(bytes) >> by && a->smax <= width_smax(bytes) >> by) {
		n.smin = left(a->smin, by);
		n.smax = left(a->smax, by);
	}
	return n;
}

static struct seki_num shift_right(const struct seki_num *a, unsigned int by, unsigned int bytes)
{
	struct seki_num n = from_bits(seki_tnum_rsh(a->t, by), bytes);

	n.umin = a->umin >> by;
	n.umax = a->umax >> by;
	return n;
}

static struct seki_num shift_arith(const struct seki_num *a, unsigned int by, unsigned int bytes)
{
	struct seki_tnum wide = seki_tnum_sext(a->t, bytes * 8);
	struct seki_num n;

	wide.value = (uint64_t)((int64_t)wide.value >> by);
	wide.mask = (uint64_t)((int64_t)wide.mask >> by);
	n = from_bits(wide, bytes);
	n.smin = a->smin >> by;
	n.smax = a->smax >> by;
	return n;
}

/* By a number of which only the range is known. */
static struct seki_num shift_range(enum seki_bpf_alu op, const struct seki_num *a,
				   const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n = seki_num_unknown(bytes);
	unsigned int least = (unsigned int)b->umin, most = (unsigned int)b->umax;

	if (b->umax >= bytes * 8)
		return op == SEKI_ALU_RSH ? seki_num_range(0, a->umax, bytes) : n;
	if (op == SEKI_ALU_RSH)
		return seki_num_range(a->umin >> most, a->umax >> least, bytes);
	if (op == SEKI_ALU_LSH) {
		if (a->umax <= width_max(bytes) >> most)
			n = seki_num_range(a->umin << least, a->umax << most, bytes);
		if (a->smin >= width_smin(bytes) >> most && a->smax <= width_smax(bytes) >> most) {
			n.smin = smax_of(n.smin, left(a->smin, a->smin < 0 ? most : least));
			n.smax = smin_of(n.smax, left(a->smax, a->smax < 0 ? least : most));
		}
		return n;
	}
	n.smin = a->smin >> (a->smin < 0 ? least : most);
	n.smax = a->smax >> (a->smax < 0 ? most : least);
	return n;
}

static struct seki_num shift(enum seki_bpf_alu op, const struct seki_num *a,
			     const struct seki_num *b, unsigned int bytes)
{
	unsigned int bits = bytes * 8;

	if (seki_num_is_const(b)) {
		unsigned int by = b->umin & (bits - 1);

		if (op == SEKI_ALU_LSH)
			return shift_left(a, by, bytes);
		return op == SEKI_ALU_RSH ? shift_right(a, by, bytes) : shift_arith(a, by, bytes);
	}
	return shift_range(op, a, b, bytes);
}

/* The low `bits` of b, sign-extended to the width. */
static struct seki_num extend(const struct seki_num *b, unsigned int bits, unsigned int bytes)
{
	struct seki_num n;

	if (b->umax < 1ull << (bits - 1))
		return *b;
	n = from_bits(seki_tnum_sext(b->t, bits), bytes);
	n.smin = -(1ll << (bits - 1));
	n.smax = (1ll << (bits - 1)) - 1;
	return n;
}

static uint64_t swap(uint64_t v, unsigned int bits)
{
	return __builtin_bswap64(v) >> (64 - bits);
}

static uint64_t cut(uint64_t v, unsigned int bits)
{
	return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static struct seki_num reorder(enum seki_bpf_alu op, const struct seki_num *a)
{
	unsigned int bits = 16u << ((op - SEKI_ALU_LE16) % 3);
	struct seki_tnum t;

	if (op <= SEKI_ALU_LE64)
		t = (struct seki_tnum){cut(a->t.value, bits), cut(a->t.mask, bits)};
	else
		t = (struct seki_tnum){swap(a->t.value, bits), swap(a->t.mask, bits)};
	if (op <= SEKI_ALU_LE64 && a->umax <= cut(UINT64_MAX, bits))
		return *a;
	return from_bits(t, 8);
}

static struct seki_num alu_raw(enum seki_bpf_alu op, const struct seki_num *a,
			       const struct seki_num *b, unsigned int bytes)
{
	struct seki_num zero = seki_num_const(0, bytes);

	switch (op) {
	case SEKI_ALU_ADD:
		return add(a, b, bytes);
	case SEKI_ALU_SUB:
		return sub(a, b, bytes);
	case SEKI_ALU_NEG:
		return sub(&zero, a, bytes);
	case SEKI_ALU_MUL:
		return mul(a, b, bytes);
	case SEKI_ALU_DIV:
		return divide(a, b, bytes);
	case SEKI_ALU_MOD:
		return modulo(a, b, bytes);
	case SEKI_ALU_SDIV:
	case SEKI_ALU_SMOD:
		return divide_signed(op, a, b, bytes);
	case SEKI_ALU_OR:
	case SEKI_ALU_AND:
	case SEKI_ALU_XOR:
		return bitwise(op, a, b, bytes);
	case SEKI_ALU_LSH:
	case SEKI_ALU_RSH:
	case SEKI_ALU_ARSH:
		return shift(op, a, b, bytes);
	case SEKI_ALU_MOV:
		return *b;
	case SEKI_ALU_SX8:
	case SEKI_ALU_SX16:
	case SEKI_ALU_SX32:
		return extend(b, 8u << (op - SEKI_ALU_SX8), bytes);
	default:
		return reorder(op, a);
	}
}

struct seki_num seki_num_alu(enum seki_bpf_alu op, const struct seki_num *a,
			     const struct seki_num *b, unsigned int bytes)
{
	struct seki_num n;

	if (seki_num_is_const(a) && seki_num_is_const(b))
		return seki_num_const(seki_alu_exact(op, a->umin, b->umin, bytes), bytes);
	n = alu_raw(op, a, b, bytes);
	/* Cannot be empty: the operands have members, and each view of the result holds theirs. */
	seki_num_sync(&n, bytes);
	return n;
}

bool seki_num_covers(const struct seki_num *outer, const struct seki_num *inner)
{
	return outer->umin <= inner->umin && outer->umax >= inner->umax &&
	       outer->smin <= inner->smin && outer->smax >= inner->smax &&
	       seki_tnum_covers(outer->t, inner->t);
}

static uint64_t signed_exact(enum seki_bpf_alu op, int64_t a, int64_t b)
{
	if (!b)
		return op == SEKI_ALU_SDIV ? 0 : (uint64_t)a;
	if (b == -1) /* the least number has no opposite: it is its own (RFC 9669, 4.1) */
		return op == SEKI_ALU_SDIV ? 0 - (uint64_t)a : 0;
	return (uint64_t)(op == SEKI_ALU_SDIV ? a / b : a % b);
}

static uint64_t shift_exact(enum seki_bpf_alu op, uint64_t a, uint64_t b, unsigned int bytes)
{
	unsigned int by = b & (bytes * 8 - 1);

	if (op == SEKI_ALU_LSH)
		return a << by;
	return op == SEKI_ALU_RSH ? a >> by : (uint64_t)(sext(a, bytes) >> by);
}

static uint64_t wide_exact(enum seki_bpf_alu op, uint64_t a, uint64_t b, unsigned int bytes)
{
	switch (op) {
	case SEKI_ALU_ADD:
		return a + b;
	case SEKI_ALU_SUB:
		return a - b;
	case SEKI_ALU_MUL:
		return a * b;
	case SEKI_ALU_DIV:
		return b ? a / b : 0;
	case SEKI_ALU_MOD:
		return b ? a % b : a;
	case SEKI_ALU_SDIV:
	case SEKI_ALU_SMOD:
		return signed_exact(op, sext(a, bytes), sext(b, bytes));
	case SEKI_ALU_OR:
		return a | b;
	case SEKI_ALU_AND:
		return a & b;
	case SEKI_ALU_XOR:
		return a ^ b;
	case SEKI_ALU_LSH:
	case SEKI_ALU_RSH:
	case SEKI_ALU_ARSH:
		return shift_exact(op, a, b, bytes);
	case SEKI_ALU_MOV:
		return b;
	case SEKI_ALU_NEG:
		return 0 - a;
	case SEKI_ALU_SX8:
		return (uint64_t)(int8_t)b;
	case SEKI_ALU_SX16:
		return (uint64_t)(int16_t)b;
	case SEKI_ALU_SX32:
		return (uint64_t)(int32_t)b;
	case SEKI_ALU_LE16:
	case SEKI_ALU_LE32:
	case SEKI_ALU_LE64:
		return cut(a, 16u << (op - SEKI_ALU_LE16));
	default:
		return swap(a, 16u << ((op - SEKI_ALU_BE16) % 3));
	}
}

uint64_t seki_alu_exact(enum seki_bpf_alu op, uint64_t a, uint64_t b, unsigned int bytes)
{
	a &= width_max(bytes);
	b &= width_max(bytes);
	return wide_exact(op, a, b, bytes) & width_max(bytes);
}
