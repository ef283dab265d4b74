/* SPDX-License-Identifier: Apache-2.0 */
/* Stores that may be done together: for jit_opt.c. */
#ifndef SEKI_CORE_BPF_JIT_STORE_H
#define SEKI_CORE_BPF_JIT_STORE_H

#include "core/bpf/jit/value.h"

#define SEKI_JIT_STORES 16

struct seki_jit_store {
	struct seki_jit_state state; /* before it */
	uint32_t slot;
	int64_t off;
	int bytes;
	uint32_t value;
	uint64_t number; /* if is_number */
	bool is_number;
	bool gone; /* in a wider one already */
};

struct seki_jit_stores {
	struct seki_jit_values *v;
	uint32_t root;
	int n;
	struct seki_jit_store stores[SEKI_JIT_STORES];
};

/* Each instruction in turn, as it was, before the values are changed by it. */
void seki_jit_stores_see(struct seki_jit_stores *g, uint32_t i, const struct seki_bpf_op *op);

/* Joins what has been seen. To be called where paths meet, and at the end. */
void seki_jit_stores_end(struct seki_jit_stores *g);

#endif
