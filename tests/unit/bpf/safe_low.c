// SPDX-License-Identifier: Apache-2.0
/* Programs that are safe because of what low halves are next to the packet's length, as compilers
 * leave it after the head was moved or the packet cut by what is no constant. */
#include "tests/unit/bpf/judge.h"

/* r6 = context, r7 = std_meta, r8 = an unknown byte, r9 = the packet's length. */
#define WORLD MOVR(7, 2), MOVR(6, 1), LD(W, 8, 7, 0), ALUI(AND, 8, 0xff), LD(W, 9, 7, 4)
/* X is the byte; the head moves by it: then r9 is N - X. */
#define NEGATED MOVR(3, 8), NEGR(3)
#define GROW	MOVR(1, 6), MOVR(2, 8), CALL(8), MOVR(6, 0)
#define HAS(n)	ALUR(ADD, 9, 8), JMPI(JGE, 9, n, 2), RETURN
#define AT(n)	LD(B, 0, 6, n), EXIT

/* r0 = the packet, which is shorter by r8. */
#define SHORTER MOVI(2, 0), ALUR(SUB, 2, 8), MOVR(1, 6), CALL(8)

const struct safe_program safe_low[] = {
	{"the head moved by a byte, and added to the length",
	 {WORLD, NEGATED, GROW, HAS(300), AT(299)},
	 {0, 0, 0x26}},
	{"the byte is negated twice",
	 {WORLD, NEGATED, GROW, NEGATED, HAS(300), AT(299)},
	 {0, 0, 0x26}},
	{"two other numbers are subtracted",
	 {WORLD, NEGATED, GROW, LD(W, 3, 7, 0), LD(W, 4, 7, 0), ALUR(SUB, 3, 4), HAS(300), AT(299)},
	 {0, 0, 0x26}},
	{"another number is added to",
	 {WORLD, NEGATED, GROW, LD(W, 3, 7, 0), ALUI(ADD, 3, 1), HAS(300), AT(299)},
	 {0, 0, 0x26}},
	{"what is left of a constant is taken off",
	 {WORLD, LD(W, 3, 7, 0), ALUI(AND, 3, 0xff), MOVI(7, 0), ALUR(SUB, 7, 3), NEGATED, GROW,
	  MOVR(3, 9), ALUR(SUB, 3, 7), HAS(300), AT(299)},
	 {0, 0, 0x26}},
	/* As clang has it of p4c's C. */
	{"the head moved by one byte, and the packet cut",
	 {MOVR(7, 2),
	  MOVR(6, 1),
	  CALL(9),
	  LD(W, 9, 7, 4),
	  JMP32I(JEQ, 9, 0, 16),
	  JMP32I(JLT, 9, 15, 15),
	  LD(B, 8, 0, 14),
	  MOVR(1, 6),
	  MOVI(2, -1),
	  CALL(8),
	  MOVR(7, 0),
	  JMP32I(JEQ, 8, 0, 6),
	  MOVR(1, 6),
	  MOVR(2, 8),
	  CALL(11),
	  ALU32I(XOR, 0, -1),
	  ALU32R(ADD, 9, 0),
	  JMP32I(JLT, 9, 4, 3),
	  STI(B, 7, 3, 4),
	  LD(B, 0, 7, 3),
	  EXIT,
	  RETURN},
	 {0, 4, 4}},
	{"the length negated, compared without sign",
	 {PACKET, JMPI(JGE, 7, 1, 2), RETURN, MOVR(3, 7), NEGR(3), JMP32I(JLE, 3, -256, 2), RETURN,
	  LD(B, 0, 6, 255), EXIT},
	 {0, 0, 0xff}},
	{"the head moved on by a byte, and a number behind it",
	 {WORLD, LD(W, 3, 7, 0), ALUI(AND, 3, 0xff), ALUI(ADD, 3, 2), MOVR(7, 3), MOVR(1, 8),
	  ALUR(ADD, 1, 3), JMPR(JGE, 9, 1, 2), RETURN, SHORTER, ALUR(ADD, 0, 7), LD(B, 0, 0, -1),
	  EXIT},
	 {0, 2, 2}},
	{"the head moved on by a byte, and a number before it",
	 {WORLD, LD(W, 3, 7, 0), ALUI(AND, 3, 0xff), ALUI(ADD, 3, 2), MOVR(7, 3), MOVR(1, 3),
	  ALUR(ADD, 1, 8), JMPR(JGE, 9, 1, 2), RETURN, SHORTER, ALUR(ADD, 0, 7), LD(B, 0, 0, -1),
	  EXIT},
	 {0, 2, 2}},
	{"the head moved by a byte, and a number compared with the length",
	 {WORLD, NEGATED, GROW, ALU32R(ADD, 9, 8), LD(W, 3, 7, 0), ALUI(AND, 3, 0xff), MOVR(1, 3),
	  ALUI(ADD, 1, 1), JMPR(JGE, 9, 1, 2), RETURN, ALUR(ADD, 6, 3), LD(B, 0, 6, 0), EXIT},
	 {0, 2, 2}},
	{.name = NULL},
};
