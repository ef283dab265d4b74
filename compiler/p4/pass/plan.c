/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/pass/plan.h"

int seki_p4_plan(struct ir_program *ir)
{
	ir->plan = seki_arena_new(ir->arena, struct ir_plan);
	return 0;
}
