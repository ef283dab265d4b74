/* SPDX-License-Identifier: Apache-2.0 */
/* Compile-time integers, against C's own on small values and by hand at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/num.h"

static struct p4_num from(long long v)
{
	struct p4_num n = seki_num_u64(v < 0 ? (uint64_t)-v : (uint64_t)v);

	n.neg = v < 0;
	return n;
}

static long long to(const struct p4_num *n)
{
	return n->neg ? -(long long)n->mag : (long long)n->mag;
}

static void agrees_with_c_on_small_values(void **state)
{
	(void)state;
	for (long long a = -20; a <= 20; a++) {
		for (long long b = -20; b <= 20; b++) {
			struct p4_num x = from(a), y = from(b), r;

			assert_true(seki_num_add(&x, &y, &r));
			assert_int_equal(to(&r), a + b);
			assert_true(seki_num_sub(&x, &y, &r));
			assert_int_equal(to(&r), a - b);
			assert_true(seki_num_mul(&x, &y, &r));
			assert_int_equal(to(&r), a * b);
			assert_int_equal(seki_num_cmp(&x, &y), a < b ? -1 : a > b);
		}
		for (uint32_t n = 0; n < 8; n++) {
			struct p4_num x = from(a), r = seki_num_shr(&x, n);

			assert_int_equal(to(&r), a >> n);
			assert_true(seki_num_shl(&x, n, &r));
			assert_int_equal(to(&r), a * (1 << n));
		}
	}
}

static void wraps_as_twos_complement(void **state)
{
	(void)state;
	for (long long v = -600; v <= 600; v++) {
		struct p4_num n = from(v);
		struct p4_num u = seki_num_wrap(&n, 8, false), s = seki_num_wrap(&n, 8, true);

		assert_int_equal(to(&u), (uint8_t)v);
		assert_int_equal(to(&s), (int8_t)v);
		assert_int_equal(seki_num_fits(&n, 8, false), v >= 0 && v < 256);
		assert_int_equal(seki_num_fits(&n, 8, true), v >= -128 && v < 128);
	}
}

static void does_not_wrap_at_128_bits(void **state)
{
	struct p4_num top = seki_num_u128(~(seki_u128)0), one = seki_num_u64(1), r;
	char buf[48];

	(void)state;
	assert_false(seki_num_add(&top, &one, &r));
	assert_false(seki_num_mul(&top, &top, &r));
	assert_false(seki_num_shl(&one, 128, &r));
	assert_true(seki_num_shl(&one, 127, &r));
	assert_true(seki_num_sub(&top, &top, &r));
	assert_int_equal(r.mag, 0);
	assert_string_equal(seki_num_format(&top, buf), "340282366920938463463374607431768211455");
	assert_true(seki_num_fits(&top, 128, false));
	assert_false(seki_num_fits(&top, 128, true));
}

static void reads_literals(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
		uint32_t width;
		bool is_signed;
	} cases[] = {
		{"0", true, 0, 0, false},
		{"1_000", true, 1000, 0, false},
		{"0xFF", true, 255, 0, false},
		{"0X_f", true, 15, 0, false},
		{"0b1010", true, 10, 0, false},
		{"0o17", true, 15, 0, false},
		{"0d19", true, 19, 0, false},
		{"8w255", true, 255, 8, false},
		{"16w0x1_0", true, 16, 16, false},
		{"4s7", true, 7, 4, true},
		{"8w", false, 0, 0, false},
		{"0x", false, 0, 0, false},
		{"12ab", false, 0, 0, false},
		{"0b12", false, 0, 0, false},
		{"0x100000000000000000000000000000000", false, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct p4_num n;
		const char *why;
		uint32_t width;
		bool is_signed;

		assert_int_equal(seki_num_parse(cases[i].text, &n, &width, &is_signed, &why),
				 cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(n.mag, cases[i].value);
		assert_int_equal(width, cases[i].width);
		assert_int_equal(is_signed, cases[i].is_signed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_c_on_small_values),
		cmocka_unit_test(wraps_as_twos_complement),
		cmocka_unit_test(does_not_wrap_at_128_bits),
		cmocka_unit_test(reads_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
