/* SPDX-License-Identifier: Apache-2.0 */
/* Compile-time integers: see num.h. The arithmetic on limbs is GMP's. */
#include "compiler/p4/num.h"

#include <string.h>

#include <gmp.h>

#include "compiler/front/arena.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t) && GMP_NAIL_BITS == 0, "limbs of 64 bits");

#define LIMBS (SEKI_NUM_BITS / 64)

static const mp_limb_t *limbs(const struct p4_num *a)
{
	return a->n > 1 ? a->limbs : &a->limb;
}

/* The number of limbs that `size` of them need. */
static uint32_t trim(const mp_limb_t *limb, uint32_t size)
{
	while (size && limb[size - 1] == 0)
		size--;
	return size;
}

/* A number of at most LIMBS limbs. */
static struct p4_num make(struct seki_arena *arena, bool neg, const mp_limb_t *limb, uint32_t size)
{
	struct p4_num num = {.n = trim(limb, size)};

	num.neg = neg && num.n;
	if (num.n > 1) {
		mp_limb_t *copy = seki_arena_alloc(arena, num.n * sizeof(*copy));

		memcpy(copy, limb, num.n * sizeof(*copy));
		num.limbs = copy;
	} else {
		num.limb = num.n ? limb[0] : 0;
	}
	return num;
}

static bool make_if_fits(struct seki_arena *arena, bool neg, const mp_limb_t *limb, uint32_t size,
			 struct p4_num *out)
{
	if (trim(limb, size) > LIMBS)
		return false;
	*out = make(arena, neg, limb, size);
	return true;
}

struct p4_num seki_num_u64(uint64_t v)
{
	return (struct p4_num){.n = v != 0, .limb = v};
}

bool seki_num_is_zero(const struct p4_num *a)
{
	return a->n == 0;
}

bool seki_num_is_u64(const struct p4_num *a)
{
	return a->n <= 1 && !a->neg;
}

uint64_t seki_num_to_u64(const struct p4_num *a)
{
	if (a->neg || a->n == 0)
		return 0;
	return a->n == 1 ? a->limb : UINT64_MAX;
}

uint64_t seki_num_word(const struct p4_num *a, uint32_t i)
{
	uint64_t word = i < a->n ? limbs(a)[i] : 0;

	if (!a->neg)
		return word;
	/* ~x + 1: the 1 is carried up to here where all words below are 0. */
	if (i < a->n && (i == 0 || mpn_zero_p(limbs(a), i)))
		return -word;
	return ~word;
}

uint32_t seki_num_size(const struct p4_num *a)
{
	return a->n ? a->n * 64 - (uint32_t)__builtin_clzll(limbs(a)[a->n - 1]) : 0;
}

/* ---- arithmetic ---- */

static int compare_sizes(const struct p4_num *a, const struct p4_num *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return a->n ? mpn_cmp(limbs(a), limbs(b), a->n) : 0;
}

int seki_num_cmp(const struct p4_num *a, const struct p4_num *b)
{
	int by_size = compare_sizes(a, b);

	by_size = (by_size > 0) - (by_size < 0);
	if (a->neg != b->neg)
		return a->neg ? -1 : 1;
	return a->neg ? -by_size : by_size;
}

struct p4_num seki_num_neg(const struct p4_num *a)
{
	struct p4_num num = *a;

	num.neg = !a->neg && a->n;
	return num;
}

bool seki_num_add(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out)
{
	bool swap = compare_sizes(a, b) < 0;
	const struct p4_num *more = swap ? b : a, *less = swap ? a : b;
	mp_limb_t sum[LIMBS + 1];

	if (less->n == 0) {
		*out = *more;
		return true;
	}
	sum[more->n] = 0;
	if (a->neg == b->neg)
		sum[more->n] = mpn_add(sum, limbs(more), more->n, limbs(less), less->n);
	else
		mpn_sub(sum, limbs(more), more->n, limbs(less), less->n);
	return make_if_fits(arena, more->neg, sum, more->n + 1, out);
}

bool seki_num_sub(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out)
{
	struct p4_num minus_b = seki_num_neg(b);

	return seki_num_add(arena, a, &minus_b, out);
}

bool seki_num_mul(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out)
{
	const struct p4_num *more = a->n < b->n ? b : a, *less = a->n < b->n ? a : b;
	mp_limb_t product[2 * LIMBS];

	if (less->n == 0) {
		*out = seki_num_u64(0);
		return true;
	}
	mpn_mul(product, limbs(more), more->n, limbs(less), less->n);
	return make_if_fits(arena, a->neg != b->neg, product, a->n + b->n, out);
}

bool seki_num_shl(struct seki_arena *arena, const struct p4_num *a, uint64_t n, struct p4_num *out)
{
	mp_limb_t shifted[2 * LIMBS + 1] = {0};
	uint32_t skip = (uint32_t)(n / 64);

	if (a->n == 0) {
		*out = *a;
		return true;
	}
	if (n > SEKI_NUM_BITS)
		return false;
	if (n % 64)
		shifted[skip + a->n] = mpn_lshift(shifted + skip, limbs(a), a->n, n % 64);
	else
		mpn_copyi(shifted + skip, limbs(a), a->n);
	return make_if_fits(arena, a->neg, shifted, skip + a->n + 1, out);
}

struct p4_num seki_num_shr(struct seki_arena *arena, const struct p4_num *a, uint64_t n)
{
	mp_limb_t shifted[LIMBS + 1] = {0};
	uint32_t skip, size;
	bool lost;

	if (a->n == 0 || n >= seki_num_size(a)) {
		struct p4_num num = seki_num_u64(a->neg);

		num.neg = a->neg;
		return num;
	}
	skip = (uint32_t)(n / 64);
	size = a->n - skip;
	lost = skip && !mpn_zero_p(limbs(a), skip);
	if (n % 64)
		lost |= mpn_rshift(shifted, limbs(a) + skip, size, n % 64) != 0;
	else
		mpn_copyi(shifted, limbs(a) + skip, size);
	if (a->neg && lost)
		shifted[size] = mpn_add_1(shifted, shifted, size, 1);
	return make(arena, a->neg, shifted, size + 1);
}

void seki_num_div(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *quotient, struct p4_num *rest)
{
	mp_limb_t q[LIMBS], r[LIMBS];

	if (a->n < b->n) {
		*quotient = seki_num_u64(0);
		*rest = *a;
		return;
	}
	mpn_tdiv_qr(q, r, 0, limbs(a), a->n, limbs(b), b->n);
	*quotient = make(arena, false, q, a->n - b->n + 1);
	*rest = make(arena, false, r, b->n);
}

/* ---- bits ---- */

/* A number from `size` words of two's complement, the last of them with the sign if it has one. */
static struct p4_num from_words(struct seki_arena *arena, mp_limb_t *word, uint32_t size,
				bool is_signed)
{
	bool neg = is_signed && size && word[size - 1] >> 63;

	if (neg)
		mpn_neg(word, word, size);
	return make(arena, neg, word, size);
}

typedef mp_limb_t bitwise(mp_limb_t a, mp_limb_t b);

static mp_limb_t and_words(mp_limb_t a, mp_limb_t b)
{
	return a & b;
}

static mp_limb_t or_words(mp_limb_t a, mp_limb_t b)
{
	return a | b;
}

static mp_limb_t xor_words(mp_limb_t a, mp_limb_t b)
{
	return a ^ b;
}

static struct p4_num by_word(struct seki_arena *arena, const struct p4_num *a,
			     const struct p4_num *b, bitwise *op)
{
	uint32_t size = (a->n > b->n ? a->n : b->n) + 1;
	mp_limb_t word[LIMBS + 1];

	for (uint32_t i = 0; i < size; i++)
		word[i] = op(seki_num_word(a, i), seki_num_word(b, i));
	return from_words(arena, word, size, true);
}

struct p4_num seki_num_and(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b)
{
	return by_word(arena, a, b, and_words);
}

struct p4_num seki_num_or(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b)
{
	return by_word(arena, a, b, or_words);
}

struct p4_num seki_num_xor(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b)
{
	return by_word(arena, a, b, xor_words);
}

struct p4_num seki_num_wrap(struct seki_arena *arena, const struct p4_num *a, uint32_t width,
			    bool is_signed)
{
	uint32_t size = (width + 63) / 64, above = size * 64 - width;
	mp_limb_t word[LIMBS];

	if (seki_num_fits(a, width, is_signed))
		return *a;
	for (uint32_t i = 0; i < size; i++)
		word[i] = seki_num_word(a, i);
	if (size && is_signed)
		word[size - 1] = (uint64_t)((int64_t)(word[size - 1] << above) >> above);
	else if (size)
		word[size - 1] = word[size - 1] << above >> above;
	return from_words(arena, word, size, is_signed);
}

bool seki_num_fits(const struct p4_num *a, uint32_t width, bool is_signed)
{
	uint32_t size = seki_num_size(a);

	if (!is_signed)
		return !a->neg && size <= width;
	if (size < width || size == 0)
		return true;
	/* -2^(width - 1) is the only one that uses all bits. */
	return a->neg && size == width && mpn_scan1(limbs(a), 0) == width - 1;
}

struct p4_num seki_num_saturate(struct seki_arena *arena, const struct p4_num *a, uint32_t width,
				bool is_signed)
{
	struct p4_num zero = seki_num_u64(0), one = seki_num_u64(1), top;
	uint32_t bits = width - (is_signed && width ? 1 : 0);

	if (seki_num_fits(a, width, is_signed))
		return *a;
	if (a->neg && !is_signed)
		return zero;
	seki_num_shl(arena, &one, bits, &top);
	if (a->neg)
		return seki_num_neg(&top);
	seki_num_sub(arena, &top, &one, &top);
	return top;
}

/* ---- text ---- */

#define SHOWN_DIGITS 40u

const char *seki_num_text(struct seki_arena *arena, const struct p4_num *a)
{
	unsigned char digits[SEKI_NUM_BITS / 3 + 2];
	mp_limb_t scratch[LIMBS + 1];
	const char *sign = a->neg ? "-" : "";
	char text[SHOWN_DIGITS + 1] = "";
	size_t n;

	if (a->n == 0)
		return "0";
	mpn_copyi(scratch, limbs(a), a->n);
	n = mpn_get_str(digits, 10, scratch, a->n);
	for (size_t i = 0; i < n && i < SHOWN_DIGITS; i++)
		text[i] = (char)('0' + digits[i]);
	if (n > SHOWN_DIGITS)
		return seki_arena_printf(arena, "%s%s... (%zu digits)", sign, text, n);
	return seki_arena_printf(arena, "%s%s", sign, text);
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A' + 10);
	return 99;
}

static const struct base {
	char letter;
	unsigned int base;
	const char *wrong, *empty;
} bases[] = {
	{'x', 16, "has a digit that is not hexadecimal", "has no digits after '0x'"},
	{'o', 8, "has a digit that is not octal", "has no digits after '0o'"},
	{'b', 2, "has a digit that is not binary", "has no digits after '0b'"},
	{'d', 10, "has a digit that is not decimal", "has no digits after '0d'"},
};

/* 0x, 0d, 0o, 0b, or decimal. Moves *s behind what says so. */
static const struct base *take_base(const char **s)
{
	const struct base *decimal = &bases[3];

	if ((*s)[0] != '0')
		return decimal;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (((*s)[1] | 0x20) == bases[i].letter) {
			*s += 2;
			return &bases[i];
		}
	}
	return decimal;
}

static const char *parse_digits(struct seki_arena *arena, const char *s, const struct base *base,
				struct p4_num *out)
{
	const char *too_long = NULL;
	mp_limb_t v[LIMBS + 2];
	uint32_t n = 0;
	bool any = false;

	for (; *s; s++) {
		unsigned int d;

		if (*s == '_')
			continue;
		d = digit_value(*s);
		if (d >= base->base)
			return base->wrong;
		any = true;
		if (too_long)
			continue;
		v[n] = n ? mpn_mul_1(v, v, n, base->base) : 0;
		n = trim(v, n + 1);
		v[n] = n ? mpn_add_1(v, v, n, d) : d;
		n = trim(v, n + 1);
		if (n > LIMBS)
			too_long = "has more than 8192 bits";
	}
	if (!any)
		return base->empty;
	if (!too_long)
		*out = make(arena, false, v, n);
	return too_long;
}

_Static_assert(SEKI_NUM_BITS == 8192, "the text above says so");

const char *seki_num_parse(struct seki_arena *arena, const char *text, struct p4_literal *out)
{
	const struct base *base;
	const char *mark = text;
	uint64_t width = 0;
	bool split = false;

	for (; (*mark >= '0' && *mark <= '9') || *mark == '_'; mark++) {
		split |= *mark == '_';
		if (*mark != '_' && width < UINT32_MAX)
			width = width * 10 + (uint64_t)(*mark - '0');
	}
	*out = (struct p4_literal){0};
	if (mark != text && (*mark == 'w' || *mark == 's')) {
		out->has_width = true;
		out->is_signed = *mark == 's';
		out->width = width < UINT32_MAX ? (uint32_t)width : UINT32_MAX;
		text = mark + 1;
		if (split)
			return "has a '_' in its width";
		if (!*text)
			return "has no digits after its width";
	}
	base = take_base(&text);
	return parse_digits(arena, text, base, &out->num);
}
