/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier knows of numbers next to the packet's length, where neither is a constant. It is
 * believed for accesses only: no path is cut, and no range narrowed, for it.
 */
#ifndef SEKI_CORE_BPF_RELATE_H
#define SEKI_CORE_BPF_RELATE_H

#include "core/bpf/verify/walk.h"

/* result = a + b, exactly, both unknown: ties it to the sum of their symbols. */
void seki_relate_sum(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		     const struct seki_reg *b);

/* result = a - b in the machine's arithmetic of `bytes`, or the distance of two pointers. Where a is
 * tied to the length, or is a rest of it already, result is what is left of the length. */
void seki_relate_rest(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		      const struct seki_reg *b);

/* result = a + b, one of which is the length, or so much from it, the other the rest of a constant. */
void seki_relate_add_rest(struct seki_reg *result, const struct seki_reg *a,
			  const struct seki_reg *b);

/* result = a - b in the machine's arithmetic of `bytes`: the rest of a constant, or what b is one
 * of. */
void seki_relate_from_const(struct seki_reg *result, int64_t a, const struct seki_reg *b,
			    unsigned int bytes);

/* result = a shifted by a constant; the quotient or product of a and one; a - b that is a remainder:
 * a / c * c, which compilers write for it, is known for what it is. a has a symbol. */
void seki_relate_shift(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		       unsigned int by, bool left);
void seki_relate_divide(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
			uint64_t by);
void seki_relate_multiply(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
			  uint64_t by);
void seki_relate_remainder(const struct seki_walk *w, struct seki_reg *result,
			   const struct seki_reg *a, const struct seki_reg *b);

/* result = a + by; a is a rest. */
void seki_relate_move_rest(struct seki_reg *result, const struct seki_reg *a, int64_t by);

/* `a cond b` was compared in `bytes` and is true: they are narrowed to that already. */
void seki_relate_learn(struct seki_walk *w, struct seki_state *s, enum seki_bpf_cond cond,
		       const struct seki_reg *a, const struct seki_reg *b, unsigned int bytes);

/* The packet has at least so many bytes now. */
void seki_relate_least(struct seki_path_state *p, int64_t length);

/* The head was moved by `by`, the rest of a constant, and the packet has at least `min` bytes, which
 * may be less than 0; false: by something else. And by a constant, while the packet is shorter by a
 * symbol. */
bool seki_relate_shorten(struct seki_path_state *p, const struct seki_reg *by, int64_t min);
void seki_relate_grow(struct seki_path_state *p, int64_t by);

/* Would a comparison of the two tell anything? Then both need symbols. */
bool seki_relate_would_learn(const struct seki_state *s, const struct seki_reg *a,
			     const struct seki_reg *b);

/* Numbers that a register and its copies are not, as a comparison with a constant told: no range says
 * that. `cond` is EQ or NE. False: they are that number, and are known not to be it. */
bool seki_relate_exclude(struct seki_path_state *p, enum seki_bpf_cond cond,
			 const struct seki_reg *r, uint64_t value, unsigned int bytes);

/* Is the packet known to have `end` bytes behind the offset of reg, a pointer into it? */
bool seki_relate_allows(struct seki_walk *w, const struct seki_reg *reg, int64_t end);

#endif
