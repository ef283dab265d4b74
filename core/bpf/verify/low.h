/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier knows of the low halves of numbers, modulo 2^32: N, the packet's length as it is
 * now, and X, one other symbol, each taken once, added or subtracted or not at all, and an offset.
 * That is what compilers leave of a length that was changed by what is not a constant: the new one
 * is never there, only sums that wrap.
 */
#ifndef SEKI_CORE_BPF_LOW_H
#define SEKI_CORE_BPF_LOW_H

#include "core/bpf/verify/walk.h"

/* Before an instruction: a number that is subtracted, or may be negative, becomes X. */
void seki_low_operands(struct seki_walk *w, const struct seki_bpf_op *op);

/* result = a op b, numbers. */
void seki_low_alu(const struct seki_path_state *p, struct seki_reg *result,
		  const struct seki_bpf_op *op, const struct seki_reg *a, const struct seki_reg *b);

/* N has grown by a constant; grows by the low half of a register (before the length's symbol is
 * another one); has lost what SEKI_SYM_CUT says. */
void seki_low_grow(struct seki_state *s, int64_t by);
void seki_low_change(struct seki_state *s, const struct seki_reg *by);
void seki_low_cut(struct seki_state *s);

/* What a comparison tells of N: believed for accesses only, as all in relate.h. */
void seki_low_learn(struct seki_path_state *p, enum seki_bpf_cond cond, const struct seki_reg *a,
		    const struct seki_reg *b, unsigned int bytes);

/* Forgets all that no tie says: before a state is kept. */
void seki_low_forget(struct seki_state *s);

#endif
