// SPDX-License-Identifier: Apache-2.0
/* Programs that are unsafe only if low halves are believed to be sums of the packet's length that
 * they are not (core/bpf/verify/low.c). */
#include "tests/unit/bpf/judge.h"

/* r6 = packet, r7 = its length, r8 = context, r9 = std_meta. */
#define WORLD MOVR(9, 2), PACKET
/* An unknown number of 32 bits. */
#define NUMBER(r) LD(W, r, 9, 0)
/* Goes on where it is true. */
#define ASSUME(cond, r, n)     JMPI(cond, r, n, 2), RETURN
#define ASSUME_R(cond, r, s)   JMPR(cond, r, s, 2), RETURN
#define ASSUME_32(cond, r, n)  JMP32I(cond, r, n, 2), RETURN
#define ASSUME_R32(cond, r, s) JMP32R(cond, r, s, 2), RETURN
/* The packet has grown by the byte in r8; r6 = its head, and the low half of r9 its length. */
#define GROWN                                                                                      \
	MOVR(7, 2), MOVR(6, 1), LD(W, 8, 7, 0), ALUI(AND, 8, 0xff), LD(W, 9, 7, 4), MOVR(3, 8),    \
		NEGR(3), MOVR(1, 6), MOVR(2, 8), CALL(8), MOVR(6, 0), ALUR(ADD, 9, 8)

const struct unsafe_program unsafe_low[] = {
	{"the length to the high half, and half of the way back",
	 "may be shorter",
	 {WORLD, MOVR(3, 7), ALUI(LSH, 3, 32), ALUI(RSH, 3, 16), ASSUME_32(JGE, 3, 10),
	  LD(B, 0, 6, 9), EXIT},
	 11},
	{"the length shifted by 32 or 33, and back by 32",
	 "may be shorter",
	 {WORLD, NUMBER(4), ALUI(AND, 4, 1), ALUI(ADD, 4, 32), MOVR(3, 7), ALUR(LSH, 3, 4),
	  ALUI(RSH, 3, 32), ASSUME(JGE, 3, 10), LD(B, 0, 6, 9), EXIT},
	 14},
	{"the length in the high half, less 10 in the low one",
	 "may be shorter",
	 {GROWN, ASSUME(JGE, 9, 10), MOVR(3, 9), ALUI(LSH, 3, 32), ALUI(ADD, 3, -10),
	  ASSUME_32(JGE, 3, 300), LD(B, 0, 6, 309), EXIT},
	 21},
	{"one more than the length, which only the low half says, in the high half",
	 "may be shorter",
	 {GROWN, ALUR(SUB, 9, 8), ALUI(ADD, 9, 1), ALUR(ADD, 9, 8), ASSUME_32(JGE, 9, 11),
	  MOVR(3, 9), ALUI(LSH, 3, 32), ALUI(ADD, 3, -10), ASSUME_32(JGE, 3, 300), LD(B, 0, 6, 308),
	  EXIT},
	 24},
	{"constant less the length, which need not be below 0",
	 "may be shorter",
	 {WORLD, NUMBER(4), MOVI(3, 9), ALUR(SUB, 3, 7), ASSUME_R32(JGE, 4, 3), LD(B, 0, 6, 9),
	  EXIT},
	 11},
	{"the length is not 2^32, which has a low half of 0",
	 "may be shorter",
	 {WORLD, LDDW(3, 1ull << 32), ASSUME_R(JNE, 7, 3), LD(B, 0, 6, 0), EXIT},
	 10},
	{"2^32, which has a low half of 0, is not the length",
	 "may be shorter",
	 {WORLD, LDDW(3, 1ull << 32), ASSUME_R(JNE, 3, 7), LD(B, 0, 6, 0), EXIT},
	 10},
	{"a number compared with one more than the length",
	 "may be shorter",
	 {GROWN, ALU32I(ADD, 9, 1), LD(W, 3, 7, 0), ALUI(AND, 3, 0xff), MOVR(1, 3), ALUI(ADD, 1, 1),
	  JMPR(JGE, 9, 1, 2), RETURN, ALUR(ADD, 6, 3), LD(B, 0, 6, 0), EXIT},
	 21},
	{"a number compared with 2^32 more than the length",
	 "may be shorter",
	 {GROWN, LDDW(4, 1ull << 32), ALUR(ADD, 9, 4), LD(W, 3, 7, 0), ALUI(AND, 3, 0xff),
	  MOVR(1, 3), ALUI(ADD, 1, 1), JMPR(JGE, 9, 1, 2), RETURN, ALUR(ADD, 6, 3), LD(B, 0, 6, 0),
	  EXIT},
	 23},
	/* r8 = less the length before the cut; r7 and r9 are of the length before the head moved. */
	{"lengths before two changes, of which one is taken for the other",
	 "may be shorter",
	 {MOVR(6, 1),
	  LD(W, 9, 2, 4),
	  MOVI(2, 20000),
	  CALL(11),
	  MOVR(7, 9),
	  ALUR(SUB, 7, 0),
	  JMPI(JEQ, 0, 7, 0),
	  MOVR(8, 9),
	  NEGR(8),
	  MOVR(2, 9),
	  ALUI(ADD, 2, -32768),
	  MOVR(9, 7),
	  ALUI(ADD, 9, -32768),
	  MOVR(1, 6),
	  CALL(8),
	  MOVR(6, 0),
	  ALUR(SUB, 9, 8),
	  ALUR(SUB, 9, 8),
	  ALUR(SUB, 9, 7),
	  ASSUME_32(JGE, 9, 40000),
	  LD(B, 0, 6, 10000),
	  EXIT},
	 22},
	{.name = NULL},
};
