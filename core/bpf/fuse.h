/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences of instructions that the interpreter does in one step, as compilers like to write them.
 * The first one's `fast` names the whole sequence; the others keep their own, so that jumps into the
 * middle of a sequence find what they look for. A guarded run does not use them.
 */
#ifndef SEKI_CORE_BPF_FUSE_H
#define SEKI_CORE_BPF_FUSE_H

#include "core/bpf/isa.h"

/*
 * X(rule, last, n, first, second, third): n instructions of these kinds; `last` is what the last one
 * is. CHAIN: all work on one dst, which none but the first reads as a source. ROW: any registers.
 * Longer sequences come before their own beginnings.
 */
#define SEKI_FUSIONS_(X, w)                                                                        \
	X(CHAIN, JUMP, 3, MOV##w##_REG, AND##w##_IMM, JNE##w##_IMM)                                \
	X(CHAIN, JUMP, 3, MOV##w##_REG, AND##w##_IMM, JEQ##w##_IMM)                                \
	X(CHAIN, JUMP, 3, MOV##w##_REG, AND##w##_REG, JNE##w##_IMM)                                \
	X(CHAIN, JUMP, 3, MOV##w##_REG, AND##w##_REG, JEQ##w##_IMM)                                \
	X(CHAIN, ALU, 2, MOV##w##_REG, AND##w##_IMM, INVALID)                                      \
	X(CHAIN, JUMP, 2, AND##w##_IMM, JNE##w##_IMM, INVALID)                                     \
	X(CHAIN, JUMP, 2, AND##w##_IMM, JEQ##w##_IMM, INVALID)                                     \
	X(CHAIN, ALU, 3, LSH##w##_IMM, OR##w##_REG, BE32)                                          \
	X(CHAIN, ALU, 2, LSH##w##_IMM, OR##w##_REG, INVALID)                                       \
	X(CHAIN, JUMP, 2, LDB, JNE##w##_IMM, INVALID)                                              \
	X(CHAIN, JUMP, 2, LDB, JEQ##w##_IMM, INVALID)                                              \
	X(CHAIN, JUMP, 2, LDH, JNE##w##_IMM, INVALID)                                              \
	X(CHAIN, JUMP, 2, LDH, JEQ##w##_IMM, INVALID)                                              \
	X(CHAIN, JUMP, 2, LDW, JNE##w##_IMM, INVALID)                                              \
	X(CHAIN, JUMP, 2, LDW, JEQ##w##_IMM, INVALID)                                              \
	X(ROW, JUMP, 2, MOV64_IMM, JNE##w##_IMM, INVALID)                                          \
	X(ROW, JUMP, 2, MOV64_IMM, JEQ##w##_IMM, INVALID)                                          \
	X(ROW, JUMP, 2, MOV##w##_IMM, JGT##w##_IMM, INVALID)                                       \
	X(ROW, JUMP, 2, MOV##w##_IMM, JLT##w##_IMM, INVALID)                                       \
	X(CHAIN, JUMP, 2, ADD##w##_IMM, JNE##w##_IMM, INVALID)                                     \
	X(CHAIN, JUMP, 2, ADD##w##_IMM, JGT##w##_IMM, INVALID)                                     \
	X(CHAIN, JUMP, 2, ADD##w##_IMM, JLT##w##_IMM, INVALID)
#define SEKI_FUSIONS(X)                                                                            \
	SEKI_FUSIONS_(X, 32)                                                                       \
	SEKI_FUSIONS_(X, 64)                                                                       \
	X(CHAIN, JUMP, 3, LDW, AND32_REG, JNE32_IMM)                                               \
	X(CHAIN, JUMP, 3, ADD32_IMM, AND32_IMM, JLT32_IMM)                                         \
	X(CHAIN, ALU, 2, MOV64_REG, ADD64_IMM, INVALID)                                            \
	X(CHAIN, ALU, 2, MOV64_REG, ADD64_REG, INVALID)                                            \
	X(CHAIN, ALU, 2, LSH64_IMM, RSH64_IMM, INVALID)                                            \
	X(CHAIN, ALU, 2, LSH64_IMM, ARSH64_IMM, INVALID)                                           \
	X(CHAIN, ALU, 2, MOV64_REG, BE16, INVALID)                                                 \
	X(CHAIN, ALU, 2, LDH, BE16, INVALID)                                                       \
	X(CHAIN, ALU, 2, LDW, BE32, INVALID)                                                       \
	X(ROW, STORE, 2, BE16, STH_REG, INVALID)                                                   \
	X(ROW, STORE, 2, BE32, STW_REG, INVALID)                                                   \
	X(ROW, STORE, 2, BE16, STDW_REG, INVALID)                                                  \
	X(ROW, STORE, 2, MOV32_IMM, STW_REG, INVALID)                                              \
	X(ROW, STORE, 2, LDB, STW_REG, INVALID)                                                    \
	X(ROW, STORE, 2, LDB, STB_REG, INVALID)                                                    \
	X(ROW, STORE, 2, LDW, STW_REG, INVALID)                                                    \
	X(ROW, STORE, 2, LDW, STB_REG, INVALID)                                                    \
	X(ROW, STORE, 2, LDH, STW_REG, INVALID)                                                    \
	X(ROW, STORE, 2, LDDW, STB_REG, INVALID)                                                   \
	X(ROW, STORE, 2, LDDW, STDW_REG, INVALID)                                                  \
	X(ROW, STORES, 2, STB_REG, STB_REG, INVALID)                                               \
	X(ROW, ALU, 2, LDB, LDB, INVALID)                                                          \
	X(ROW, JUMP, 2, MOV64_REG, JLE64_REG, INVALID)                                             \
	X(ROW, JUMP, 2, MOV64_REG, JGT64_REG, INVALID)

/*
 * Four instructions that put two bytes of memory together, little or big endian, the one that is
 * read first below (UP) or above (DOWN) the other; and calls on a map.
 */
#define SEKI_FUSIONS_SPECIAL(Y)                                                                    \
	Y(UP_LITTLE)                                                                               \
	Y(DOWN_LITTLE)                                                                             \
	Y(UP_BIG)                                                                                  \
	Y(DOWN_BIG)                                                                                \
	Y(ADDRESS_MAP_CALL)                                                                        \
	Y(MAP_CALL)

#define SEKI_FAST(first, second, third) SEKI_FAST_##first##_##second##_##third

enum seki_bpf_fast {
	SEKI_FAST_NONE = SEKI_OP_COUNT - 1,
#define X(rule, last, n, first, second, third) SEKI_FAST(first, second, third),
#define Y(name)				       SEKI_FAST_##name,
	SEKI_FUSIONS(X) SEKI_FUSIONS_SPECIAL(Y)
#undef X
#undef Y
		SEKI_FAST_COUNT
};

_Static_assert(SEKI_FAST_COUNT <= 256, "`fast` is a byte");

/* Finds them in n decoded slots. */
void seki_bpf_fuse(struct seki_bpf_op *ops, uint32_t n);

#endif
