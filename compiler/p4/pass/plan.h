/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is worked out over the graph before C is written of it.
 *
 *   unroll.c   the parser, specialised: a block for each place in the packet and each fill of the
 *              header stacks that it can be reached with, while they are few; else the place is a
 *              variable (IR_VAR_BASE)
 *     track.c    what is constant in such a block
 *     loops.c    counts in loops of states that no stack ends
 *     clears.c   drops what sets a variable to 0 that is 0
 *   plan.c     which headers and fields are written, and how the deparser may put them out
 *     emits.c    what the deparser puts out, and under which flags
 *   prune.c    drops what can change nothing: unreachable blocks, variables never read
 *   check.c    whether what is stated below holds; for tests
 *
 * After unroll, of all blocks that the parser can reach: blocks are numbered by their place in the
 * list; each IR_EXTRACT has its header and its place, each IR_NEED, IR_PEEK and IR_MARK its place; a
 * place is constant or from the one base variable, and within SEKI_PACKET_MAX; no IR_ADVANCE, IR_PUSH
 * or IR_POP is left and no stack's next index is read; each loop through states goes by a block that
 * counts and rejects with ParserTimeout; accepting is not inside a byte.
 *
 * After plan also: each extract's place is among the spots of its header, which has a `where` unless
 * there is one, constant; each of ir->emits has a flag, and an IR_EMIT is left only where that is a
 * variable of its own. After prune also: each block in the list can be reached.
 */
#ifndef SEKI_P4_PASS_PLAN_H
#define SEKI_P4_PASS_PLAN_H

#include "compiler/p4/ir/ir.h"

/* One of the places where a header can be extracted from. */
struct ir_spot {
	struct ir_spot *next;
	struct ir_at at;
};

/* What there is to know of a header, by its id. */
struct ir_fate {
	struct ir_spot *spots;
	uint32_t n_spots;
	struct ir_var
		*where; /* unless it is one constant: 32 bits, the byte it is extracted from */
	bool extracted;
	bool extracted_twice; /* on one way */
	bool written;	      /* a field may be assigned after its extraction */
	bool moved;	      /* whether it leaves, or its size, may change but by extraction */
	int rank; /* its place in ir->emits, -1: never; of the first where there are several */
	bool emitted_twice;
};

/* What the parser can have extracted when it accepts; only while all places are constants. */
struct ir_layout {
	uint64_t *headers; /* a set, by id */
	uint32_t len;	   /* bytes up to where it accepted */
};

struct ir_plan {
	struct ir_fate *fates;
	struct ir_layout *layouts;
	uint32_t n_layouts;  /* 0 where they are not constants, or too many */
	struct ir_var *head; /* 32 bits: bytes that the parser went by, set where it accepts */
	uint32_t reach;	     /* the most that can be, at most SEKI_PACKET_MAX */
	bool in_order;	/* on every way headers are extracted in the order of emits, without gaps */
	bool preserved; /* headers leave as they came, but for their fields: stores in place do */
	bool skips;	/* the parser may skip bytes that no header holds */
};

/* 0, or -EINVAL with errors in diags. */
int seki_p4_unroll(struct ir_program *ir);
int seki_p4_plan(struct ir_program *ir);
void seki_p4_prune(struct ir_program *ir);

/* Parts of the above. */
void seki_p4_drop_clears(struct ir_program *ir);
void seki_p4_settle_emits(struct ir_program *ir);
void seki_p4_bound_places(struct ir_program *ir);

enum ir_pass { IR_PASS_UNROLL, IR_PASS_PLAN, IR_PASS_PRUNE };

/* NULL, or which of what holds after the pass does not. */
const char *seki_p4_pass_fault(struct ir_program *ir, enum ir_pass after);

#endif
