// SPDX-License-Identifier: Apache-2.0
/* Tristate numbers: see the header. */
#include "core/bpf/verify/tnum.h"

/* A bit of the sum is known where both bits and the carry into it are: the carries of the least and
 * of the greatest sum tell which carries vary. */
struct seki_tnum seki_tnum_add(struct seki_tnum a, struct seki_tnum b)
{
	uint64_t least = a.value + b.value;
	uint64_t vary = (least + a.mask + b.mask) ^ least;
	uint64_t mask = vary | a.mask | b.mask;

	return (struct seki_tnum){least & ~mask, mask};
}

struct seki_tnum seki_tnum_sub(struct seki_tnum a, struct seki_tnum b)
{
	uint64_t diff = a.value - b.value;
	uint64_t vary = (diff + a.mask) ^ (diff - b.mask);
	uint64_t mask = vary | a.mask | b.mask;

	return (struct seki_tnum){diff & ~mask, mask};
}

/* Long multiplication: the known bits of a add up to an exact product, each unknown bit of either
 * adds a number of which only the mask is kept. */
struct seki_tnum seki_tnum_mul(struct seki_tnum a, struct seki_tnum b)
{
	struct seki_tnum doubt = {0, 0};
	uint64_t exact = a.value * b.value;

	for (; a.value || a.mask; a.value >>= 1, a.mask >>= 1) {
		if (a.value & 1)
			doubt = seki_tnum_add(doubt, (struct seki_tnum){0, b.mask});
		else if (a.mask & 1)
			doubt = seki_tnum_add(doubt, (struct seki_tnum){0, b.value | b.mask});
		b = seki_tnum_lsh(b, 1);
	}
	return seki_tnum_add(seki_tnum_const(exact), doubt);
}

struct seki_tnum seki_tnum_and(struct seki_tnum a, struct seki_tnum b)
{
	uint64_t ones = a.value & b.value;
	uint64_t maybe = (a.value | a.mask) & (b.value | b.mask);

	return (struct seki_tnum){ones, maybe & ~ones};
}

struct seki_tnum seki_tnum_or(struct seki_tnum a, struct seki_tnum b)
{
	uint64_t ones = a.value | b.value;

	return (struct seki_tnum){ones, (a.mask | b.mask) & ~ones};
}

struct seki_tnum seki_tnum_xor(struct seki_tnum a, struct seki_tnum b)
{
	uint64_t mask = a.mask | b.mask;

	return (struct seki_tnum){(a.value ^ b.value) & ~mask, mask};
}

struct seki_tnum seki_tnum_lsh(struct seki_tnum a, unsigned int by)
{
	return (struct seki_tnum){a.value << by, a.mask << by};
}

struct seki_tnum seki_tnum_rsh(struct seki_tnum a, unsigned int by)
{
	return (struct seki_tnum){a.value >> by, a.mask >> by};
}

static uint64_t sext(uint64_t v, unsigned int bits)
{
	return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

/* The sign bit is known or not, and so are all of its copies. */
struct seki_tnum seki_tnum_sext(struct seki_tnum a, unsigned int bits)
{
	return (struct seki_tnum){sext(a.value, bits), sext(a.mask, bits)};
}
