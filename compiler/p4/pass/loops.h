/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops of the parser's states that no stack ends: what comes back to a state of one for the 257th
 * time rejects, and so does what comes back more than 4 KiB behind where such loops can begin. Loops
 * of statements inside a state end as the program says.
 */
#ifndef SEKI_P4_PASS_LOOPS_H
#define SEKI_P4_PASS_LOOPS_H

#include "compiler/p4/pass/track.h"

#define LOOPS_ROUNDS 256u
#define LOOPS_BYTES  4096u

/* Of the parser as it was lowered; by id of the block. */
struct loops {
	uint32_t *rank;		/* its place in the order of blocks */
	bool *endless;		/* a state that can be come back to without filling a stack */
	uint32_t *leader;	/* 1 + id of the state by which its loop is known; 0: none */
	struct ir_var **rounds; /* by the leader: how often that was, or NULL */
};

void seki_loops_init(struct loops *loops, struct ir_program *ir, const struct flow_order *parser,
		     const struct track *track);

/* Does the edge come back to a state that is endless? */
bool seki_loops_returns(const struct loops *loops, const struct ir_block *from,
			const struct ir_block *to);

/* A block that counts in *rounds (made where it is NULL), and goes on to `to` or rejects at `tok`. */
struct ir_block *seki_loops_count(struct ir_program *ir, struct ir_var **rounds,
				  struct ir_block *to, const struct seki_token *tok);

/* Where a state is in the program. */
const struct seki_token *seki_loops_tok(const struct ir_block *state);

/* Is the block one of those? */
bool seki_loops_is_count(const struct ir_block *block);

/* Counts where blocks are come back to and nothing counts yet: in loops with several ways in. */
void seki_loops_cut(struct ir_program *ir);

/* Marks the variables that loops end by. */
void seki_loops_find_counters(struct ir_program *ir);

/* Puts IR_FORGET where loops of states are counted. */
void seki_loops_forget(struct ir_program *ir);

#endif
