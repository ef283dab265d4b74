/* SPDX-License-Identifier: Apache-2.0 */
/* Compile-time integers: see num.h. */
#include "compiler/p4/num.h"

#include <stddef.h>
#include <string.h>

static struct p4_num make(bool neg, seki_u128 mag)
{
	return (struct p4_num){.neg = neg && mag != 0, .mag = mag};
}

struct p4_num seki_num_u64(uint64_t v)
{
	return make(false, v);
}

struct p4_num seki_num_u128(seki_u128 v)
{
	return make(false, v);
}

int seki_num_cmp(const struct p4_num *a, const struct p4_num *b)
{
	int by_size = a->mag < b->mag ? -1 : a->mag > b->mag;

	if (a->neg != b->neg)
		return a->neg ? -1 : 1;
	return a->neg ? -by_size : by_size;
}

bool seki_num_add(const struct p4_num *a, const struct p4_num *b, struct p4_num *out)
{
	if (a->neg == b->neg) {
		seki_u128 sum = a->mag + b->mag;

		*out = make(a->neg, sum);
		return sum >= a->mag;
	}
	*out = a->mag >= b->mag ? make(a->neg, a->mag - b->mag) : make(b->neg, b->mag - a->mag);
	return true;
}

bool seki_num_sub(const struct p4_num *a, const struct p4_num *b, struct p4_num *out)
{
	struct p4_num minus_b = make(!b->neg, b->mag);

	return seki_num_add(a, &minus_b, out);
}

bool seki_num_mul(const struct p4_num *a, const struct p4_num *b, struct p4_num *out)
{
	seki_u128 product;

	if (__builtin_mul_overflow(a->mag, b->mag, &product))
		return false;
	*out = make(a->neg != b->neg, product);
	return true;
}

bool seki_num_shl(const struct p4_num *a, uint32_t n, struct p4_num *out)
{
	if (a->mag && (n > 127 || (a->mag << n) >> n != a->mag))
		return false;
	*out = a->mag ? make(a->neg, a->mag << n) : make(false, 0);
	return true;
}

struct p4_num seki_num_shr(const struct p4_num *a, uint32_t n)
{
	seki_u128 kept = n > 127 ? 0 : a->mag >> n;
	bool lost = n > 127 ? a->mag != 0 : (kept << n) != a->mag;

	return make(a->neg, a->neg && lost ? kept + 1 : kept);
}

static seki_u128 ones(uint32_t width)
{
	return width >= 128 ? ~(seki_u128)0 : ((seki_u128)1 << width) - 1;
}

seki_u128 seki_num_bits(const struct p4_num *a, uint32_t width)
{
	return (a->neg ? -a->mag : a->mag) & ones(width);
}

struct p4_num seki_num_wrap(const struct p4_num *a, uint32_t width, bool is_signed)
{
	seki_u128 bits = seki_num_bits(a, width);

	if (is_signed && bits >> (width - 1))
		return make(true, (ones(width) - bits) + 1);
	return make(false, bits);
}

bool seki_num_fits(const struct p4_num *a, uint32_t width, bool is_signed)
{
	struct p4_num wrapped;

	if (width == 0)
		return a->mag == 0;
	if (width > 128)
		return is_signed || !a->neg;
	wrapped = seki_num_wrap(a, width, is_signed);
	return seki_num_cmp(&wrapped, a) == 0;
}

char *seki_num_format(const struct p4_num *a, char *buf)
{
	char digits[40];
	size_t n = 0, at = 0;
	seki_u128 v = a->mag;

	do {
		digits[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	if (a->neg)
		buf[at++] = '-';
	while (n)
		buf[at++] = digits[--n];
	buf[at] = '\0';
	return buf;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* 0x, 0d, 0o, 0b, or decimal. */
static unsigned int take_base(const char **s)
{
	static const struct {
		char letter;
		unsigned int base;
	} bases[] = {{'x', 16}, {'d', 10}, {'o', 8}, {'b', 2}};

	if ((*s)[0] != '0')
		return 10;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (((*s)[1] | 0x20) == bases[i].letter) {
			*s += 2;
			return bases[i].base;
		}
	}
	return 10;
}

static bool parse_digits(const char *s, unsigned int base, seki_u128 *out, const char **why)
{
	seki_u128 v = 0;
	bool any = false, wide = false;

	*why = "malformed number";
	for (; *s; s++) {
		int d;

		if (*s == '_' && (any || base != 10))
			continue;
		d = digit_value(*s);
		if (d >= (int)base) {
			*why = "malformed number";
			return false;
		}
		any = true;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v)) {
			*why = NULL; /* it is well formed if all that follows is */
			wide = true;
			v = 0;
		}
	}
	*out = v;
	if (any)
		*why = NULL;
	return any && !wide;
}

bool seki_num_parse(const char *text, struct p4_num *out, uint32_t *width, bool *is_signed,
		    const char **why)
{
	const char *mark = text;
	uint32_t w = 0;
	unsigned int base;
	seki_u128 v;

	while (*mark >= '0' && *mark <= '9')
		w = w < 100000 ? w * 10 + (uint32_t)(*mark++ - '0') : (mark++, w);
	if (*mark != 'w' && *mark != 's') {
		mark = NULL;
		w = 0;
	}
	*is_signed = mark && *mark == 's';
	*width = w;
	text = mark ? mark + 1 : text;
	base = take_base(&text); /* moves text on */
	if (!parse_digits(text, base, &v, why))
		return false;
	*out = make(false, v);
	return true;
}
