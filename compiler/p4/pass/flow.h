/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the graph that the passes share: edges, orders, what an instruction reads and writes. */
#ifndef SEKI_P4_PASS_FLOW_H
#define SEKI_P4_PASS_FLOW_H

#include "compiler/p4/ir/ir.h"

/* The edges out of a block, one after the other. */
struct flow_edges {
	struct ir_block *block;
	struct ir_case *next_case;
	uint32_t step;
};

struct flow_edges seki_flow_edges(struct ir_block *block);
/* Where the edge's target is kept, or NULL after the last. */
struct ir_block **seki_flow_next(struct flow_edges *edges);

/* Numbers the blocks by their place in ir->blocks. */
void seki_flow_number(struct ir_program *ir);

/* Blocks that can be reached, each before those behind it but where a loop comes back. */
struct flow_order {
	struct ir_block **blocks;
	uint32_t n;
	bool *reached; /* by id */
};

/* From `entry`; with `in_parser` not behind where the parser accepts. Ids are those of number(). */
struct flow_order seki_flow_order(struct ir_program *ir, struct ir_block *entry, bool in_parser);

typedef void (*seki_flow_fn)(void *arg, struct ir_var *var);

void seki_flow_expr_reads(const struct ir_expr *expr, seki_flow_fn fn, void *arg);
void seki_flow_reads(const struct ir_insn *insn, seki_flow_fn fn, void *arg);
void seki_flow_writes(const struct ir_insn *insn, seki_flow_fn fn, void *arg);

/* ---- sets of small numbers ---- */

static inline uint32_t seki_set_words(uint32_t n)
{
	return n / 64 + 1;
}

static inline bool seki_set_has(const uint64_t *set, uint32_t i)
{
	return set[i / 64] >> i % 64 & 1;
}

static inline void seki_set_add(uint64_t *set, uint32_t i)
{
	set[i / 64] |= (uint64_t)1 << i % 64;
}

/* Adds what is in `from`; whether that was anything new. */
static inline bool seki_set_join(uint64_t *set, const uint64_t *from, uint32_t words)
{
	uint64_t news = 0;

	for (uint32_t i = 0; i < words; i++) {
		news |= from[i] & ~set[i];
		set[i] |= from[i];
	}
	return news != 0;
}

#endif
