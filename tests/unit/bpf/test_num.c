// SPDX-License-Identifier: Apache-2.0
/*
 * Soundness of the abstract numbers, by brute force: whatever members two abstract operands have,
 * the machine's result of them is a member of the abstract result; a comparison that holds for two
 * members leaves both in. Abstract operands are made as paths make them: of constants, unknowns,
 * masks and comparisons.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/check.h"
#include "core/bpf/verify/scalar.h"

static const uint64_t edges[] = {0,
				 1,
				 2,
				 3,
				 7,
				 8,
				 15,
				 31,
				 32,
				 63,
				 64,
				 127,
				 128,
				 255,
				 256,
				 0x7fff,
				 0x8000,
				 0xffff,
				 0x10000,
				 0x7ffffffe,
				 0x7fffffff,
				 0x80000000,
				 0x80000001,
				 0xfffffffe,
				 0xffffffff,
				 0x100000000,
				 0x100000001,
				 0x7fffffffffffffff,
				 0x8000000000000000,
				 0x8000000000000001,
				 0xffffffff00000000,
				 0xffffffff7fffffff,
				 0xffffffff80000000,
				 0xfffffffffffffffe,
				 0xffffffffffffffff};

static uint64_t seed = 88172645463325252ull;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t some_value(void)
{
	uint64_t r = rnd();

	switch (r % 4) {
	case 0:
		return edges[(r >> 8) % SEKI_COUNT(edges)];
	case 1:
		return (r >> 8) % 100;
	case 2:
		return 0 - (r >> 8) % 100;
	default:
		return rnd() >> (r >> 8) % 64;
	}
}

static bool num_holds(const struct seki_num *n, uint64_t v, unsigned int bytes)
{
	int64_t s = bytes == 8 ? (int64_t)v : (int32_t)v;

	return n->umin <= v && v <= n->umax && n->smin <= s && s <= n->smax &&
	       seki_tnum_holds(n->t, v);
}

static bool holds(const struct seki_scalar *s, uint64_t v)
{
	struct seki_num low = seki_scalar_low(s);

	return num_holds(&s->n, v, 8) && num_holds(&low, (uint32_t)v, 4);
}

static bool cond_true(enum seki_bpf_cond cond, uint64_t a, uint64_t b, unsigned int bytes)
{
	int64_t sa = bytes == 8 ? (int64_t)a : (int32_t)a;
	int64_t sb = bytes == 8 ? (int64_t)b : (int32_t)b;

	if (bytes == 4) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (cond) {
	case SEKI_COND_EQ:
		return a == b;
	case SEKI_COND_NE:
		return a != b;
	case SEKI_COND_GT:
		return a > b;
	case SEKI_COND_LE:
		return a <= b;
	case SEKI_COND_GE:
		return a >= b;
	case SEKI_COND_LT:
		return a < b;
	case SEKI_COND_SGT:
		return sa > sb;
	case SEKI_COND_SLE:
		return sa <= sb;
	case SEKI_COND_SGE:
		return sa >= sb;
	case SEKI_COND_SLT:
		return sa < sb;
	case SEKI_COND_SET:
		return a & b;
	default:
		return !(a & b);
	}
}

/* A scalar and one of its members, by a random walk of operations and comparisons. */
static struct seki_scalar some_scalar(uint64_t *member)
{
	struct seki_scalar s = seki_scalar_unknown();
	int steps = (int)(rnd() % 5);

	*member = some_value();
	if (rnd() % 4 == 0)
		s = seki_scalar_const(*member);
	for (int i = 0; i < steps; i++) {
		uint64_t v = some_value();
		struct seki_scalar c = seki_scalar_const(v);
		unsigned int bytes = rnd() % 2 ? 8 : 4;

		if (rnd() % 2) {
			enum seki_bpf_cond cond = rnd() % (SEKI_COND_CLEAR + 1);

			if (!cond_true(cond, *member, v, bytes))
				cond = seki_cond_opposite(cond);
			assert_true(seki_scalar_assume(cond, &s, &c, bytes));
		} else {
			enum seki_bpf_alu op = rnd() % 2 ? SEKI_ALU_AND : SEKI_ALU_ADD;

			s = seki_scalar_alu(op, &s, &c, bytes);
			*member = seki_alu_exact(op, *member, v, bytes);
		}
		assert_true(holds(&s, *member));
	}
	return s;
}

static void test_arithmetic_is_sound(void **state)
{
	(void)state;
	for (int i = 0; i < 400000; i++) {
		uint64_t a, b, exact;
		struct seki_scalar sa = some_scalar(&a), sb = some_scalar(&b), r;
		enum seki_bpf_alu op = rnd() % (SEKI_ALU_SWAP64 + 1);
		unsigned int bytes = op >= SEKI_ALU_SX32 || rnd() % 2 ? 8 : 4;

		r = seki_scalar_alu(op, &sa, &sb, bytes);
		exact = seki_alu_exact(op, a, b, bytes);
		if (!holds(&r, exact))
			fail_msg("op %d on %u bytes: %#lx, %#lx gives %#lx", op, bytes, a, b,
				 exact);
	}
}

static void test_comparisons_are_sound(void **state)
{
	(void)state;
	for (int i = 0; i < 400000; i++) {
		uint64_t a, b;
		struct seki_scalar sa = some_scalar(&a), sb = some_scalar(&b);
		enum seki_bpf_cond cond = rnd() % (SEKI_COND_CLEAR + 1);
		unsigned int bytes = rnd() % 2 ? 8 : 4;

		if (!cond_true(cond, a, b, bytes))
			cond = seki_cond_opposite(cond);
		if (!seki_scalar_assume(cond, &sa, &sb, bytes) || !holds(&sa, a) || !holds(&sb, b))
			fail_msg("cond %d on %u bytes: %#lx, %#lx", cond, bytes, a, b);
	}
}

static void test_cut_and_cover(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		static const unsigned int sizes[] = {1, 2, 4, 8};
		uint64_t v, exact;
		struct seki_scalar s = some_scalar(&v), cut, one = seki_scalar_const(v);
		unsigned int bytes = sizes[rnd() % 4];
		bool sign = rnd() % 2;
		unsigned int shift = 64 - bytes * 8;

		cut = seki_scalar_cut(&s, bytes, sign);
		exact = sign ? (uint64_t)((int64_t)(v << shift) >> shift) : v << shift >> shift;
		assert_true(holds(&cut, exact));
		assert_true(seki_scalar_covers(&s, &s));
		assert_true(seki_scalar_covers(&s, &one));
	}
}

static void check_shift(const struct seki_scalar *a, uint64_t member, uint64_t by,
			unsigned int bytes)
{
	struct seki_scalar count = seki_scalar_const(by);
	struct seki_scalar r = seki_scalar_alu(SEKI_ALU_LSH, a, &count, bytes);

	if (holds(a, member) && !holds(&r, seki_alu_exact(SEKI_ALU_LSH, member, by, bytes)))
		fail_msg("%#lx << %lu on %u bytes", member, by, bytes);
}

/* Ranges that end with the last number that loses no bit, and with those next to it. */
static void test_shifts_at_the_edge(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * 64 * 3; i++) {
		unsigned int bytes = i % 2 ? 8 : 4;
		uint64_t by = 1 + i / 2 % (bytes * 8 - 1), more = i / 128;
		uint64_t most = (bytes == 8 ? UINT64_MAX : UINT32_MAX) >> by;
		int64_t least = (bytes == 8 ? INT64_MIN : INT32_MIN) >> by;
		struct seki_scalar up = seki_scalar_range(seki_min(1, most + more - 1),
							  most + more - 1);
		struct seki_scalar down = seki_scalar_unknown(), both = down;

		seki_scalar_clamp(&down, least + 1 - (int64_t)more, 0);
		seki_scalar_clamp(&both, least + 1 - (int64_t)more, (int64_t)(most / 2 + more) - 1);
		for (uint64_t k = 0; k < 3; k++) {
			check_shift(&up, most + more - 1 - k, by, bytes);
			check_shift(&up, k, by, bytes);
			check_shift(&down, (uint64_t)least + 1 - more + k, by, bytes);
			check_shift(&down, 0 - k, by, bytes);
			check_shift(&both, (uint64_t)least + 1 - more + k, by, bytes);
			check_shift(&both, most / 2 + more - 1 - k, by, bytes);
		}
	}
}

/* Every tristate number of four bits against every other one. */
static void test_tnum_exhaustively(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1 << 16; i++) {
		struct seki_tnum a = {i & 15, i >> 4 & 15}, b = {i >> 8 & 15, i >> 12};
		struct seki_tnum sum, diff, product, met;

		if (a.value & a.mask || b.value & b.mask)
			continue;
		sum = seki_tnum_add(a, b);
		diff = seki_tnum_sub(a, b);
		product = seki_tnum_mul(a, b);
		for (uint64_t x = 0; x < 16; x++) {
			for (uint64_t y = 0; y < 16; y++) {
				if (!seki_tnum_holds(a, x) || !seki_tnum_holds(b, y))
					continue;
				assert_true(seki_tnum_holds(sum, x + y));
				assert_true(seki_tnum_holds(diff, x - y));
				assert_true(seki_tnum_holds(product, x * y));
				assert_true(x != y || (seki_tnum_meet(a, b, &met) &&
						       seki_tnum_holds(met, x)));
			}
		}
	}
}

/* The nearest members of every tristate number of six bits, from every place. */
static void test_tnum_neighbours(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1 << 18; i++) {
		struct seki_tnum t = {i & 63, i >> 6 & 63};
		uint64_t from = i >> 12, next = from, prev = from, got = 0;

		if (t.value & t.mask)
			continue;
		while (next < 64 && !seki_tnum_holds(t, next))
			next++;
		while (prev < 64 && !seki_tnum_holds(t, prev))
			prev--; /* below 0 it wraps, and ends the search */
		assert_int_equal(seki_tnum_next(t, from, &got), next < 64);
		assert_true(next == 64 || got == next);
		assert_int_equal(seki_tnum_prev(t, from, &got), prev < 64);
		assert_true(prev > 64 || got == prev);
	}
}

static void test_known_results(void **state)
{
	struct seki_scalar x = seki_scalar_unknown(), ten = seki_scalar_const(10), r;

	(void)state;
	assert_true(seki_scalar_assume(SEKI_COND_LE, &x, &ten, 8));
	assert_int_equal(x.n.umax, 10);
	r = seki_scalar_alu(SEKI_ALU_MUL, &x, &ten, 8);
	assert_int_equal(r.n.umax, 100);
	r = seki_scalar_alu(SEKI_ALU_ADD, &r, &ten, 4);
	assert_int_equal(r.n.umin, 10);
	assert_int_equal(r.n.umax, 110);
	/* Signed bounds of the low half outlive a zero-extension. */
	x = seki_scalar_unknown();
	assert_true(seki_scalar_assume(SEKI_COND_SLE, &x, &ten, 4));
	r = seki_scalar_const(0);
	assert_true(seki_scalar_assume(SEKI_COND_SGE, &x, &r, 4));
	r = seki_scalar_alu(SEKI_ALU_MOV, &x, &x, 4);
	assert_int_equal(r.n.umax, 10);
	/* What cannot be: 5 > 10. */
	x = seki_scalar_const(5);
	assert_false(seki_scalar_assume(SEKI_COND_GT, &x, &ten, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic_is_sound),
		cmocka_unit_test(test_comparisons_are_sound),
		cmocka_unit_test(test_cut_and_cover),
		cmocka_unit_test(test_shifts_at_the_edge),
		cmocka_unit_test(test_tnum_exhaustively),
		cmocka_unit_test(test_tnum_neighbours),
		cmocka_unit_test(test_known_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
