/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compile-time integers: sign and magnitude of at most 128 bits. An operation whose result does not
 * fit returns false; none wraps.
 */
#ifndef SEKI_P4_NUM_H
#define SEKI_P4_NUM_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 seki_u128;

struct p4_num {
	bool neg; /* never with mag 0 */
	seki_u128 mag;
};

struct p4_num seki_num_u64(uint64_t v);
struct p4_num seki_num_u128(seki_u128 v);
int seki_num_cmp(const struct p4_num *a, const struct p4_num *b); /* -1, 0, 1 */
bool seki_num_add(const struct p4_num *a, const struct p4_num *b, struct p4_num *out);
bool seki_num_sub(const struct p4_num *a, const struct p4_num *b, struct p4_num *out);
bool seki_num_mul(const struct p4_num *a, const struct p4_num *b, struct p4_num *out);
bool seki_num_shl(const struct p4_num *a, uint32_t n, struct p4_num *out);
struct p4_num seki_num_shr(const struct p4_num *a, uint32_t n); /* towards minus infinity */

/* The low `width` bits (1 to 128) in two's complement. */
seki_u128 seki_num_bits(const struct p4_num *a, uint32_t width);

/* Those bits as the value of an int<width> or bit<width>. */
struct p4_num seki_num_wrap(const struct p4_num *a, uint32_t width, bool is_signed);

/* Whether the value is one of bit<width> or int<width>. */
bool seki_num_fits(const struct p4_num *a, uint32_t width, bool is_signed);

/* Decimal digits, '-' in front; buf of at least 41 bytes. Returns buf. */
char *seki_num_format(const struct p4_num *a, char *buf);

/*
 * A literal of the language: 10, 0x1F, 0b1, 0o7, 8w255, 4s0b1111, with underscores. width is 0
 * where it has none. False where it is malformed, and *why says so, or above 128 bits: *why is
 * NULL.
 */
bool seki_num_parse(const char *text, struct p4_num *out, uint32_t *width, bool *is_signed,
		    const char **why);

#endif
