/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which variables of the parser are constants once each block is there for each fill of the stacks:
 * the stacks' next indices, and what is computed of nothing but those. Each has a slot.
 */
#ifndef SEKI_P4_PASS_TRACK_H
#define SEKI_P4_PASS_TRACK_H

#include "compiler/p4/pass/flow.h"

struct track {
	uint32_t n_slots; /* of the stacks first, by their ids */
	uint32_t n_vars;  /* there were */
	uint32_t *slots;  /* by id of a variable: 1 + its slot, or 0 */
	uint64_t *used;	  /* for each block: slots whose value matters from its start on */
};

/* `parser`: its blocks. Numbers the stacks. */
void seki_track_init(struct track *track, struct ir_program *ir, const struct flow_order *parser);

/* 1 + the variable's slot, or 0. */
static inline uint32_t seki_track_slot(const struct track *track, const struct ir_var *var)
{
	return var->id < track->n_vars ? track->slots[var->id] : 0;
}

static inline const uint64_t *seki_track_used(const struct track *track,
					      const struct ir_block *block)
{
	return track->used + (size_t)block->id * seki_set_words(track->n_slots);
}

#endif
