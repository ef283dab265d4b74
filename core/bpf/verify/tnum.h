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
static inline struct seki_tnum seki_tnum_range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max;
	uint64_t mask = differ ? UINT64_MAX >> __builtin_clzll(differ) : 0;

	return (struct seki_tnum){min & ~mask, mask};
}

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
static inline bool seki_tnum_covers(struct seki_tnum outer, struct seki_tnum inner)
{
	return !(inner.mask & ~outer.mask) && seki_tnum_holds(outer, inner.value);
}

/*
 * The smallest member >= min. False: there is none. The member that takes min's bits where it may choose is min itself, or differs from it in a fixed
 * bit; the highest such bit decides. Greater there: the choices below are made 0. Less there: the
 * lowest choice above that min has at 0 is made 1, and those below it 0.
 */
static inline bool seki_tnum_next(struct seki_tnum t, uint64_t min, uint64_t *out)
{
	uint64_t x = t.value | (min & t.mask), differ = x ^ min, at, room;

	if (!differ) {
		*out = min;
		return true;
	}
	at = 1ull << (63 - __builtin_clzll(differ));
	if (!(x & at)) {
		room = t.mask & ~min & ~(at - 1);
		if (!room)
			return false;
		at = room & (0 - room);
		x |= at;
	}
	*out = x & ~(t.mask & (at - 1));
	return true;
}

/* The greatest member <= max. False: there is none. */
static inline bool seki_tnum_prev(struct seki_tnum t, uint64_t max, uint64_t *out)
{
	struct seki_tnum mirror = {~t.value & ~t.mask, t.mask};
	uint64_t x;

	if (!seki_tnum_next(mirror, ~max, &x))
		return false;
	*out = ~x;
	return true;
}

/* Members of both; false and nothing written where there are none. */
static inline bool seki_tnum_meet(struct seki_tnum a, struct seki_tnum b, struct seki_tnum *out)
{
	if ((a.value ^ b.value) & ~a.mask & ~b.mask)
		return false;
	out->mask = a.mask & b.mask;
	out->value = (a.value | b.value) & ~out->mask;
	return true;
}

#endif
