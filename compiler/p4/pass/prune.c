/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/pass/plan.h"

void seki_p4_prune(struct ir_program *ir)
{
	(void)ir;
}
