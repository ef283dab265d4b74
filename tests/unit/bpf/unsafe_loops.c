// SPDX-License-Identifier: Apache-2.0
/* Programs unsafe because they may not end, one per way. */
#include "tests/unit/bpf/judge.h"

const struct unsafe_program unsafe_loops[] = {
	{"jump to itself", "jumps back to 0", {JA(-1), RETURN}, 0},
	{"loop", "loop: insn 1 jumps back to 0", {MOVI(3, 1), JA(-2), RETURN}, 1},
	{"recursion", "recursion", {LOCAL(1), EXIT, LOCAL(-1), EXIT}, 2},
	{"mutual recursion", "recursion", {LOCAL(1), EXIT, LOCAL(1), EXIT, LOCAL(-3), EXIT}, 4},
	{.name = NULL},
};
