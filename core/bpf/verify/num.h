/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a number of one width (4 or 8 bytes): its bits and its range, read unsigned and
 * read signed. A number of 4 bytes lies in the low half of the words, signed bounds extended.
 * Every operation is sound: the result holds whatever the machine computes from members of the
 * operands (RFC 9669, 4.1: shift counts masked, division by zero gives 0, remainder by zero the
 * dividend).
 */
#ifndef SEKI_CORE_BPF_NUM_H
#define SEKI_CORE_BPF_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bpf/isa.h"
#include "core/bpf/verify/tnum.h"

struct seki_num {
	struct seki_tnum t;
	uint64_t umin, umax;
	int64_t smin, smax;
};

struct seki_num seki_num_unknown(unsigned int bytes);
struct seki_num seki_num_const(uint64_t value, unsigned int bytes);

/* Any value of [min, max], read unsigned; min <= max <= the greatest of the width. */
struct seki_num seki_num_range(uint64_t min, uint64_t max, unsigned int bytes);

static inline bool seki_num_is_const(const struct seki_num *n)
{
	return n->umin == n->umax;
}

/* Lets each of the three views sharpen the others. False: nothing can be all of them at once. */
bool seki_num_sync(struct seki_num *n, unsigned int bytes);

/* a op b. Of unary operations b is ignored, but for SX* whose operand is b, as the machine's. */
struct seki_num seki_num_alu(enum seki_bpf_alu op, const struct seki_num *a,
			     const struct seki_num *b, unsigned int bytes);

/* Narrows both to what `a cond b` allows. False: it cannot be true. */
bool seki_num_assume(enum seki_bpf_cond cond, struct seki_num *a, struct seki_num *b,
		     unsigned int bytes);

enum seki_bpf_cond seki_cond_opposite(enum seki_bpf_cond cond);

bool seki_num_covers(const struct seki_num *outer, const struct seki_num *inner);

/* The machine's own arithmetic, for constants; the interpreter is tested against it. */
uint64_t seki_alu_exact(enum seki_bpf_alu op, uint64_t a, uint64_t b, unsigned int bytes);

#endif
