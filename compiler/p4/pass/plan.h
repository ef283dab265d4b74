/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is worked out over the graph before C is written of it.
 *
 *   unroll.c   the parser, specialised: a block for each place in the packet and each fill of the
 *              header stacks that it can be reached with, while they are few; else the place is a
 *              variable (IR_VAR_BASE). Afterwards each extract has its header and its place, there
 *              is no IR_PUSH, IR_POP, IR_LAST_* left in the parser, and each loop in it ends
 *   plan.c     which headers and fields are written, and how the deparser may put them out
 *   prune.c    drops what can change nothing: unreachable blocks, variables never read
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
	struct ir_var *where; /* with several spots: 32 bits, the byte it was extracted from */
	bool extracted;
	bool extracted_twice; /* on one way */
	bool written;	      /* a field may be assigned after its extraction */
	bool moved;	      /* its validity may change but by extraction */
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
	bool in_order;	/* on every way headers are extracted in the order of emits, without gaps */
	bool preserved; /* headers leave as they came, but for their fields: stores in place do */
	bool skips;	/* the parser may skip bytes that no header holds */
};

/* 0, or -EINVAL with errors in diags. */
int seki_p4_unroll(struct ir_program *ir);
int seki_p4_plan(struct ir_program *ir);
void seki_p4_prune(struct ir_program *ir);

#endif
