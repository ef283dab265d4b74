/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a register that holds a number: its 64 bits, and the range of its low 32, which
 * 32-bit instructions and comparisons work on. Sound as the numbers of num.h are.
 */
#ifndef SEKI_CORE_BPF_SCALAR_H
#define SEKI_CORE_BPF_SCALAR_H

#include "core/bpf/verify/num.h"

struct seki_scalar {
	struct seki_num n;
	uint32_t umin32, umax32;
	int32_t smin32, smax32;
};

struct seki_scalar seki_scalar_unknown(void);
struct seki_scalar seki_scalar_const(uint64_t value);

/* Any value of [min, max], read unsigned. */
struct seki_scalar seki_scalar_range(uint64_t min, uint64_t max);

static inline bool seki_scalar_is_const(const struct seki_scalar *s)
{
	return seki_num_is_const(&s->n);
}

/* The low half as a number of 4 bytes, and the scalar that such a number zero-extends to. */
struct seki_num seki_scalar_low(const struct seki_scalar *s);
struct seki_scalar seki_scalar_widen(const struct seki_num *low);

struct seki_scalar seki_scalar_alu(enum seki_bpf_alu op, const struct seki_scalar *a,
				   const struct seki_scalar *b, unsigned int bytes);

/* The value that a load of `bytes` gives back of a stored s: cut, then sign- or zero-extended. */
struct seki_scalar seki_scalar_cut(const struct seki_scalar *s, unsigned int bytes, bool sign);

/* Narrows both to what the comparison of `bytes` width allows. False: it cannot be true. */
bool seki_scalar_assume(enum seki_bpf_cond cond, struct seki_scalar *a, struct seki_scalar *b,
			unsigned int bytes);

/* Narrow s to [min, max], read signed, and to the values of `same`; where nothing would be left,
 * not at all. */
void seki_scalar_clamp(struct seki_scalar *s, int64_t min, int64_t max);
void seki_scalar_equate(struct seki_scalar *s, const struct seki_scalar *same);

bool seki_scalar_covers(const struct seki_scalar *outer, const struct seki_scalar *inner);

#endif
