/* SPDX-License-Identifier: Apache-2.0 */
/* Compile-time integers, against GMP's own on numbers of all sizes, and by hand at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "compiler/front/arena.h"
#include "compiler/p4/num.h"

static struct seki_arena arena;

static struct p4_num parse(const char *text)
{
	struct p4_literal literal;

	assert_null(seki_num_parse(&arena, text[0] == '-' ? text + 1 : text, &literal));
	return text[0] == '-' ? seki_num_neg(&literal.num) : literal.num;
}

static struct p4_num from(const mpz_t v)
{
	char *text = mpz_get_str(NULL, 10, v);
	struct p4_num num = parse(text);

	free(text);
	return num;
}

/* Reads it word by word, as the back end does. */
static void to(mpz_t v, const struct p4_num *num)
{
	uint64_t words[SEKI_NUM_BITS / 64 + 1];
	uint32_t n = num->n + 1;

	for (uint32_t i = 0; i < n; i++)
		words[i] = seki_num_word(num, i);
	mpz_import(v, n, -1, 8, 0, 0, words);
	if (words[n - 1] >> 63) {
		mpz_t top;

		mpz_init(top);
		mpz_ui_pow_ui(top, 2, 64ul * n);
		mpz_sub(v, v, top);
		mpz_clear(top);
	}
}

static void expect(const mpz_t want, const struct p4_num *num)
{
	mpz_t v;

	mpz_init(v);
	to(v, num);
	assert_int_equal(mpz_cmp(want, v), 0);
	assert_int_equal(seki_num_size(num), mpz_sgn(want) ? mpz_sizeinbase(want, 2) : 0);
	assert_int_equal(num->neg, mpz_sgn(want) < 0);
	mpz_clear(v);
}

static bool representable(const mpz_t v)
{
	return mpz_sizeinbase(v, 2) <= SEKI_NUM_BITS;
}

/* What bit<width> or int<width> makes of v. */
static void model_wrap(mpz_t out, const mpz_t v, uint32_t width, bool is_signed)
{
	mpz_fdiv_r_2exp(out, v, width);
	if (is_signed && width && mpz_tstbit(out, width - 1)) {
		mpz_t top;

		mpz_init(top);
		mpz_ui_pow_ui(top, 2, width);
		mpz_sub(out, out, top);
		mpz_clear(top);
	}
}

static void check_sums(const mpz_t x, const mpz_t y, const struct p4_num *a, const struct p4_num *b)
{
	struct p4_num r, rest;
	mpz_t want, left;

	mpz_inits(want, left, NULL);
	mpz_add(want, x, y);
	assert_int_equal(seki_num_add(&arena, a, b, &r), representable(want));
	if (representable(want))
		expect(want, &r);
	mpz_sub(want, x, y);
	assert_int_equal(seki_num_sub(&arena, a, b, &r), representable(want));
	if (representable(want))
		expect(want, &r);
	mpz_mul(want, x, y);
	assert_int_equal(seki_num_mul(&arena, a, b, &r), representable(want));
	if (representable(want))
		expect(want, &r);
	if (mpz_sgn(x) >= 0 && mpz_sgn(y) > 0) {
		seki_num_div(&arena, a, b, &r, &rest);
		mpz_tdiv_qr(want, left, x, y);
		expect(want, &r);
		expect(left, &rest);
	}
	assert_int_equal(seki_num_cmp(a, b), (mpz_cmp(x, y) > 0) - (mpz_cmp(x, y) < 0));
	mpz_clears(want, left, NULL);
}

static void check_bits(const mpz_t x, const mpz_t y, const struct p4_num *a, const struct p4_num *b)
{
	struct p4_num r;
	mpz_t want;

	mpz_init(want);
	mpz_and(want, x, y);
	r = seki_num_and(&arena, a, b);
	expect(want, &r);
	mpz_ior(want, x, y);
	r = seki_num_or(&arena, a, b);
	expect(want, &r);
	mpz_xor(want, x, y);
	r = seki_num_xor(&arena, a, b);
	expect(want, &r);
	mpz_clear(want);
}

static void check_width(const mpz_t x, const struct p4_num *a, uint32_t width, bool is_signed)
{
	struct p4_num r = seki_num_wrap(&arena, a, width, is_signed);
	mpz_t want;

	mpz_init(want);
	model_wrap(want, x, width, is_signed);
	expect(want, &r);
	assert_int_equal(seki_num_fits(a, width, is_signed), mpz_cmp(want, x) == 0);
	if (mpz_cmp(want, x) == 0) {
		mpz_set(want, x);
	} else {
		mpz_ui_pow_ui(want, 2, width - (is_signed && width));
		if (mpz_sgn(x) < 0)
			is_signed ? mpz_neg(want, want) : mpz_set_ui(want, 0);
		else
			mpz_sub_ui(want, want, 1);
	}
	r = seki_num_saturate(&arena, a, width, is_signed);
	expect(want, &r);
	mpz_clear(want);
}

static void check_shifts(const mpz_t x, const struct p4_num *a, uint32_t by)
{
	struct p4_num r;
	mpz_t want;

	mpz_init(want);
	mpz_fdiv_q_2exp(want, x, by);
	r = seki_num_shr(&arena, a, by);
	expect(want, &r);
	mpz_mul_2exp(want, x, by);
	assert_int_equal(seki_num_shl(&arena, a, by, &r), representable(want));
	if (representable(want))
		expect(want, &r);
	mpz_clear(want);
}

/* Numbers near powers of two, where carries are, and any. */
static void pick(mpz_t v, gmp_randstate_t rand)
{
	uint32_t bits = (uint32_t)gmp_urandomm_ui(rand, gmp_urandomm_ui(rand, 4) ? 260 : 8191);

	if (gmp_urandomm_ui(rand, 2)) {
		mpz_rrandomb(v, rand, bits);
	} else {
		mpz_ui_pow_ui(v, 2, bits);
		mpz_sub_ui(v, v, gmp_urandomm_ui(rand, 3));
	}
	if (gmp_urandomm_ui(rand, 2))
		mpz_neg(v, v);
}

static void agrees_with_gmp(void **state)
{
	gmp_randstate_t rand;
	mpz_t x, y;

	(void)state;
	gmp_randinit_default(rand);
	mpz_inits(x, y, NULL);
	for (int i = 0; i < 3000; i++) {
		struct p4_num a, b;

		pick(x, rand);
		pick(y, rand);
		a = from(x);
		b = from(y);
		expect(x, &a);
		check_sums(x, y, &a, &b);
		check_bits(x, y, &a, &b);
		check_width(x, &a, (uint32_t)gmp_urandomm_ui(rand, 300), false);
		check_width(x, &a, 1 + (uint32_t)gmp_urandomm_ui(rand, 2048), true);
		check_shifts(x, &a, (uint32_t)gmp_urandomm_ui(rand, i % 2 ? 130 : 9000));
	}
	mpz_clears(x, y, NULL);
	gmp_randclear(rand);
}

static void small_widths_exhaustively(void **state)
{
	mpz_t x;

	(void)state;
	mpz_init(x);
	for (long v = -70; v <= 70; v++) {
		struct p4_num a;

		mpz_set_si(x, v);
		a = from(x);
		for (uint32_t width = 0; width < 9; width++) {
			check_width(x, &a, width, false);
			if (width)
				check_width(x, &a, width, true);
		}
		for (uint32_t by = 0; by < 9; by++)
			check_shifts(x, &a, by);
		assert_int_equal(seki_num_to_u64(&a), v < 0 ? 0 : v);
		assert_int_equal(seki_num_is_u64(&a), v >= 0);
		assert_int_equal(seki_num_is_zero(&a), v == 0);
	}
	mpz_clear(x);
}

static void ends_at_its_limit(void **state)
{
	struct p4_num one = seki_num_u64(1), top, r;
	struct p4_num big = parse("0x1_0000_0000_0000_0000");

	(void)state;
	assert_true(seki_num_shl(&arena, &one, SEKI_NUM_BITS - 1, &top));
	assert_false(seki_num_shl(&arena, &one, SEKI_NUM_BITS, &r));
	assert_false(seki_num_shl(&arena, &one, UINT64_MAX, &r));
	assert_false(seki_num_add(&arena, &top, &top, &r));
	assert_true(seki_num_sub(&arena, &top, &top, &r));
	assert_true(seki_num_is_zero(&r));
	assert_int_equal(seki_num_to_u64(&big), UINT64_MAX);
	assert_false(seki_num_is_u64(&big));
}

static void writes_decimal(void **state)
{
	struct p4_num n = parse("-340282366920938463463374607431768211456"), one = seki_num_u64(1);

	(void)state;
	assert_string_equal(seki_num_text(&arena, &n), "-340282366920938463463374607431768211456");
	n = seki_num_u64(0);
	assert_string_equal(seki_num_text(&arena, &n), "0");
	seki_num_shl(&arena, &one, 256, &n);
	assert_string_equal(seki_num_text(&arena, &n),
			    "1157920892373161954235709850086879078532... (78 digits)");
}

static void reads_literals(void **state)
{
	static const struct {
		const char *text;
		const char *wrong;
		uint64_t value;
		uint32_t width;
		bool has_width;
		bool is_signed;
	} cases[] = {
		{"0", NULL, 0, 0, false, false},
		{"1_000", NULL, 1000, 0, false, false},
		{"0xFF", NULL, 255, 0, false, false},
		{"0X_f", NULL, 15, 0, false, false},
		{"0b1010", NULL, 10, 0, false, false},
		{"0o17", NULL, 15, 0, false, false},
		{"0d19", NULL, 19, 0, false, false},
		{"8w255", NULL, 255, 8, true, false},
		{"16w0x1_0", NULL, 16, 16, true, false},
		{"4s7", NULL, 7, 4, true, true},
		{"0w0", NULL, 0, 0, true, false},
		{"99999999999w0", NULL, 0, UINT32_MAX, true, false},
		{"8w", "has no digits after its width", 0, 0, false, false},
		{"0x", "has no digits after '0x'", 0, 0, false, false},
		{"8w0b_", "has no digits after '0b'", 0, 0, false, false},
		{"12ab", "has a digit that is not decimal", 0, 0, false, false},
		{"0b12", "has a digit that is not binary", 0, 0, false, false},
		{"0o8", "has a digit that is not octal", 0, 0, false, false},
		{"0xfg", "has a digit that is not hexadecimal", 0, 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct p4_literal literal;
		const char *wrong = seki_num_parse(&arena, cases[i].text, &literal);

		if (cases[i].wrong) {
			assert_non_null(wrong);
			assert_string_equal(wrong, cases[i].wrong);
			continue;
		}
		assert_null(wrong);
		assert_int_equal(seki_num_to_u64(&literal.num), cases[i].value);
		assert_int_equal(literal.width, cases[i].width);
		assert_int_equal(literal.has_width, cases[i].has_width);
		assert_int_equal(literal.is_signed, cases[i].is_signed);
	}
}

static void literals_end_at_the_limit(void **state)
{
	char text[SEKI_NUM_BITS / 4 + 8] = "0x00f";
	struct p4_literal literal;

	(void)state;
	memset(text + 5, 'f', SEKI_NUM_BITS / 4 - 1);
	assert_null(seki_num_parse(&arena, text, &literal));
	assert_int_equal(seki_num_size(&literal.num), SEKI_NUM_BITS);
	text[2] = '1';
	assert_string_equal(seki_num_parse(&arena, text, &literal), "has more than 8192 bits");
	text[2] = 'f';
	text[sizeof(text) - 4] = 'g';
	assert_string_equal(seki_num_parse(&arena, text, &literal),
			    "has a digit that is not hexadecimal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_gmp),   cmocka_unit_test(small_widths_exhaustively),
		cmocka_unit_test(ends_at_its_limit), cmocka_unit_test(writes_decimal),
		cmocka_unit_test(reads_literals),    cmocka_unit_test(literals_end_at_the_limit),
	};
	int failed;

	seki_arena_init(&arena, 256u << 20);
	if (setjmp(arena.full))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	seki_arena_exit(&arena);
	return failed;
}
