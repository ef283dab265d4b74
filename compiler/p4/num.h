/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compile-time integers of any sign, of at most SEKI_NUM_BITS bits. An operation whose result is
 * beyond that returns false; none wraps. Numbers are never changed; those of more than 64 bits have
 * their limbs in the arena.
 */
#ifndef SEKI_P4_NUM_H
#define SEKI_P4_NUM_H

#include <stdbool.h>
#include <stdint.h>

struct seki_arena;

#define SEKI_NUM_BITS 8192u

/* Sign and magnitude; zero has no limbs and no sign. Read it through the functions below. */
struct p4_num {
	bool neg;
	uint32_t n; /* limbs of the magnitude, the last of them not 0 */
	union {
		uint64_t limb;	       /* n is 0 or 1 */
		const uint64_t *limbs; /* n is more; the lowest first */
	};
};

struct p4_num seki_num_u64(uint64_t v);
bool seki_num_is_zero(const struct p4_num *a);
bool seki_num_is_u64(const struct p4_num *a); /* 0 to 2^64 - 1 */

/* The value, or what is nearest to it of 0 to UINT64_MAX. */
uint64_t seki_num_to_u64(const struct p4_num *a);

/* Bits 64 i to 64 i + 63 in two's complement: of any width, the sign goes on for ever. */
uint64_t seki_num_word(const struct p4_num *a, uint32_t i);

/* Bits of the magnitude: 0 for 0, 8 for 255. */
uint32_t seki_num_size(const struct p4_num *a);

int seki_num_cmp(const struct p4_num *a, const struct p4_num *b); /* -1, 0, 1 */
struct p4_num seki_num_neg(const struct p4_num *a);
bool seki_num_add(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out);
bool seki_num_sub(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out);
bool seki_num_mul(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *out);
bool seki_num_shl(struct seki_arena *arena, const struct p4_num *a, uint64_t n, struct p4_num *out);

/* Towards minus infinity. */
struct p4_num seki_num_shr(struct seki_arena *arena, const struct p4_num *a, uint64_t n);

/* Neither a nor b is negative, nor is b 0. */
void seki_num_div(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b,
		  struct p4_num *quotient, struct p4_num *rest);

/* Of two's complement of any width, as seki_num_word(). */
struct p4_num seki_num_and(struct seki_arena *arena, const struct p4_num *a,
			   const struct p4_num *b);
struct p4_num seki_num_or(struct seki_arena *arena, const struct p4_num *a, const struct p4_num *b);
struct p4_num seki_num_xor(struct seki_arena *arena, const struct p4_num *a,
			   const struct p4_num *b);

/* The low `width` bits (fewer than SEKI_NUM_BITS) as the value of an int<width> or bit<width>. */
struct p4_num seki_num_wrap(struct seki_arena *arena, const struct p4_num *a, uint32_t width,
			    bool is_signed);

/* Whether the value is one of bit<width> or int<width>. */
bool seki_num_fits(const struct p4_num *a, uint32_t width, bool is_signed);

/* The value of bit<width> or int<width> that is nearest; width below SEKI_NUM_BITS. */
struct p4_num seki_num_saturate(struct seki_arena *arena, const struct p4_num *a, uint32_t width,
				bool is_signed);

/* Decimal digits, '-' in front; for messages: of very long numbers only the first digits. */
const char *seki_num_text(struct seki_arena *arena, const struct p4_num *a);

/* A literal of the language: 10, 0x1F, 0b1, 0o7, 8w255, 4s0b1111, with underscores. */
struct p4_literal {
	struct p4_num num;
	uint32_t width; /* UINT32_MAX where it is beyond any type */
	bool has_width;
	bool is_signed;
};

/* NULL, or what is wrong with it: a part of a sentence about the literal. */
const char *seki_num_parse(struct seki_arena *arena, const char *text, struct p4_literal *out);

#endif
