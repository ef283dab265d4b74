/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tristate numbers: each bit of a 64-bit word is 0, 1 or unknown. Operations are sound: the result
 * holds every value that members of the operands can give (Vishwanathan et al., "Sound, Precise,
 * and Fast Abstract Interpretation with Tristate Numbers", CGO 2022).
 */
#ifndef SEKI_CORE_BPF_TNUM_H
#define SEKI_CORE_BPF_TNUM_H

#include <stdbool.h>
#include <stdint.h>

/* A bit of mask set: unknown, and the same bit of value is 0. */
struct seki_tnum {
	uint64_t value;
	uint64_t mask;
};

static inline struct seki_tnum seki_tnum_const(uint64_t value)
{
	return (struct seki_tnum){value, 0};
}

static inline bool seki_tnum_is_const(struct seki_tnum t)
{
	return !t.mask;
}

static inline bool seki_tnum_holds(struct seki_tnum t, uint64_t value)
{
	return !((t.value ^ value) & ~t.mask);
}

/* The smallest tristate number that holds all of [min, max]. */
struct seki_tnum seki_tnum_range(uint64_t min, uint64_t max);
struct seki_tnum seki_tnum_add(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_sub(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_mul(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_and(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_or(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_xor(struct seki_tnum a, struct seki_tnum b);
struct seki_tnum seki_tnum_lsh(struct seki_tnum a, unsigned int by);
struct seki_tnum seki_tnum_rsh(struct seki_tnum a, unsigned int by);

/* Sign-extends the low `bits` (1 to 64) bits. */
struct seki_tnum seki_tnum_sext(struct seki_tnum a, unsigned int bits);

/* Does `outer` hold every member of `inner`? */
bool seki_tnum_covers(struct seki_tnum outer, struct seki_tnum inner);

/* The smallest member >= min, the greatest <= max. False: there is none. */
bool seki_tnum_next(struct seki_tnum t, uint64_t min, uint64_t *out);
bool seki_tnum_prev(struct seki_tnum t, uint64_t max, uint64_t *out);

/* Members of both; false and nothing written where there are none. */
bool seki_tnum_meet(struct seki_tnum a, struct seki_tnum b, struct seki_tnum *out);

#endif
