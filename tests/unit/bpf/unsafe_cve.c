// SPDX-License-Identifier: Apache-2.0
/*
 * What published holes of the Linux kernel's verifier came down to, each as its essential program:
 * a number believed to be small, or a pointer believed to be there, that need not be.
 */
#include "tests/unit/bpf/judge.h"

/* r6 = a value of 16 bytes, r3 = an unknown number of 64 bits out of it. */
#define VALUE  KEY(MAP_HASH), CALL(1), MOVR(6, 0), JMPI(JNE, 6, 0, 2), RETURN
#define NUMBER VALUE, LD(DW, 3, 6, 0)
/* The value at the index r3. */
#define INDEX ALUR(ADD, 6, 3), LD(B, 3, 6, 0), RETURN

const struct unsafe_program unsafe_cve[] = {
	/* A 32-bit move of -1 was compared as if its sign had been extended. */
	{"CVE-2017-16995",
	 "a number as an address",
	 {ALU32I(MOV, 3, -1), JMPI(JNE, 3, -1, 2), RETURN, LD(B, 0, 3, 0), EXIT},
	 4},
	/* Bounds of 32-bit sums were those of 64 bits. */
	{"CVE-2017-16996",
	 "without bounds",
	 {NUMBER, ALUI(AND, 3, 7), ALU32I(SUB, 3, 8), ALUI(ADD, 3, 8), INDEX},
	 14},
	{"CVE-2017-17852",
	 "up to byte 17",
	 {NUMBER, ALU32I(RSH, 3, 31), ALUI(MUL, 3, 16), INDEX},
	 14},
	/* Signed bounds of an unsigned shift. */
	{"CVE-2017-17853",
	 "without bounds",
	 {VALUE, LDS(B, 3, 6, 0), JMPI(JSLE, 3, 7, 2), RETURN, ALUI(RSH, 3, 1), INDEX},
	 15},
	/* Offsets that add up beyond what an offset holds. */
	{"CVE-2017-17854",
	 "without bounds",
	 {VALUE, LDDW(3, 1ull << 62), ALUR(ADD, 6, 3), ALUR(ADD, 6, 3), LD(B, 3, 6, 0), RETURN},
	 12},
	/* A pointer in the stack was still one after a store to its middle at a variable place. */
	{"CVE-2017-17855",
	 "never written",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 7), STR(DW, 10, -8, 2), MOVR(4, 10), ALUR(ADD, 4, 3),
	  STI(B, 4, -8, 0), LD(DW, 5, 10, -8), LD(W, 0, 5, 0), EXIT},
	 6},
	/* Stack at a place that is not known to be aligned. */
	{"CVE-2017-17857",
	 "outside the stack frame",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 4), MOVR(4, 10), ALUR(ADD, 4, 3), STI(DW, 4, -8, 0), RETURN},
	 4},
	/* A pointer was as good as any number where paths meet. */
	{"CVE-2017-17864",
	 "returns an address",
	 {LD(W, 3, 2, 0), LD(W, 0, 2, 8), JMPI(JEQ, 3, 0, 1), MOVR(0, 10), JMPI(JEQ, 3, 1, 0),
	  EXIT},
	 5},
	/* A 32-bit shift to the right was judged on all 64 bits. */
	{"CVE-2018-18445",
	 "before the start",
	 {VALUE, MOVI(3, 2), ALUI(LSH, 3, 31), ALU32I(RSH, 3, 31), ALUI(SUB, 3, 2), INDEX},
	 15},
	/* The low half was bounded by the low halves of the bounds. */
	{"CVE-2020-8835",
	 "up to byte 17",
	 {NUMBER, JMPI(JGE, 3, 1, 2), RETURN, LDDW(4, 0x100000001), JMPR(JLE, 3, 4, 2), RETURN,
	  JMP32I(JNE, 3, 5, 2), RETURN, ALUI(AND, 3, 2), ALUI(RSH, 3, 1), ALUI(MUL, 3, 16), INDEX},
	 26},
	/* Bounds of the low half of `or` were those of all 64 bits. */
	{"CVE-2020-27194",
	 "up to byte",
	 {NUMBER, LDDW(4, 0x600000002), JMPR(JLT, 3, 4, 2), RETURN, JMPI(JGT, 3, 0, 2), RETURN,
	  ALUI(OR, 3, 0), MOV32R(3, 3), JMPI(JLE, 3, 16, 2), RETURN, INDEX},
	 25},
	/* `and` where both low halves are known, but not the high ones. */
	{"CVE-2021-3490",
	 "up to byte 17",
	 {NUMBER, ALUI(LSH, 3, 32), ALUI(ADD, 3, 1), LDDW(4, 0x100000002), ALUR(AND, 3, 4),
	  MOV32R(3, 3), ALUI(XOR, 3, 1), ALUI(MUL, 3, 16), INDEX},
	 20},
	{"CVE-2021-3490, all 64 bits",
	 "without bounds",
	 {NUMBER, ALUI(LSH, 3, 32), ALUI(ADD, 3, 1), LDDW(4, 0x100000002), ALUR(AND, 3, 4), INDEX},
	 16},
	/* A bound below of 64 bits was taken for one of 32. */
	{"CVE-2021-31440",
	 "before the start",
	 {NUMBER, JMPI(JGE, 3, 1, 2), RETURN, JMP32I(JLE, 3, 1, 2), RETURN, MOV32R(3, 3),
	  ALUI(SUB, 3, 1), INDEX},
	 20},
	/* What may be added to a pointer depends on what has been. */
	{"CVE-2021-33200",
	 "before the start",
	 {NUMBER, MOVR(4, 3), ALUI(AND, 3, 7), ALUI(RSH, 4, 61), ALUR(ADD, 6, 3), ALUR(SUB, 6, 4),
	  LD(B, 3, 6, 0), RETURN},
	 16},
	{"CVE-2021-29155",
	 "before the start",
	 {NUMBER, ALUI(AND, 3, 1), ALUI(ADD, 6, 15), ALUI(MUL, 3, 16), ALUR(SUB, 6, 3),
	  LD(B, 3, 6, 0), RETURN},
	 15},
	/* A remainder by zero leaves the dividend, cut to 32 bits. */
	{"CVE-2021-3444", "without bounds", {NUMBER, MOVI(4, 0), ALU32R(MOD, 3, 4), INDEX}, 13},
	/* A divisor of which only the low half counts, and that is zero. */
	{"CVE-2021-3600",
	 "without bounds",
	 {NUMBER, LDDW(4, 1ull << 32), ALU32R(MOD, 3, 4), INDEX},
	 14},
	/* A 32-bit move of what may be negative. */
	{"CVE-2021-45402",
	 "without bounds",
	 {NUMBER, JMP32I(JSLE, 3, 0, 2), RETURN, JMP32I(JSGE, 3, -1, 2), RETURN, MOV32R(3, 3),
	  ALUI(ADD, 3, 1), INDEX},
	 19},
	/* Arithmetic on what may be NULL: then only the copy is compared with NULL. */
	{"CVE-2022-23222",
	 "may be NULL",
	 {KEY(0), CALL(1), MOVR(6, 0), ALUI(ADD, 6, 1), JMPI(JNE, 0, 0, 2), RETURN, LD(B, 0, 6, 0),
	  EXIT},
	 7},
	/* Writing to what is read-only, behind some arithmetic. */
	{"CVE-2022-0500",
	 "writes read-only",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 7), DATA(4, 4), ALUR(ADD, 4, 3), STI(B, 4, 0, 1), RETURN},
	 5},
	/* A path was pruned though the number that decides differs. */
	{"CVE-2023-2163",
	 "up to byte 101",
	 {VALUE, LD(DW, 4, 6, 8), LD(DW, 5, 6, 0), MOVI(3, 0), JMPI(JEQ, 4, 0, 1), MOVI(3, 100),
	  JMPI(JEQ, 5, 0, 1), JA(0), INDEX},
	 18},
	/* The same, the number being in the stack, stored by a register that is not r10. */
	{"CVE-2023-52920",
	 "up to byte 101",
	 {VALUE, LD(DW, 4, 6, 8), LD(DW, 5, 6, 0), MOVR(2, 10), ALUI(ADD, 2, -32),
	  STI(DW, 2, 16, 0), JMPI(JEQ, 4, 0, 1), STI(DW, 2, 16, 100), JMPI(JEQ, 5, 0, 1), JA(0),
	  LD(DW, 3, 10, -16), INDEX},
	 21},
	/* A pointer in the stack, part of it overwritten. */
	{"CVE-2023-52462",
	 "never written",
	 {STR(DW, 10, -8, 2), STI(B, 10, -4, 1), LD(DW, 3, 10, -8), LD(W, 0, 3, 0), EXIT},
	 2},
	/* An object in the stack that was overwritten is used as what it was. */
	{"CVE-2023-39191",
	 "a number as an address",
	 {STR(DW, 10, -16, 2), STI(DW, 10, -16, 64), LD(DW, 3, 10, -16), LD(W, 0, 3, 0), EXIT},
	 3},
	/* Stack read at a variable place: all that it may be must be written. */
	{"CVE-2023-52452",
	 "never written",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 8), STI(DW, 10, -8, 0), MOVR(4, 10), ALUR(SUB, 4, 3),
	  LD(DW, 0, 4, -8), EXIT},
	 5},
	/* Stack so far away that 32 bits wrap. */
	{"CVE-2023-52676",
	 "outside the stack frame",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 0x1fffffff), MOVR(4, 10), ALUR(ADD, 4, 3),
	  STI(B, 4, -32768, 0), RETURN},
	 4},
	/* Metadata at a variable place. */
	{"CVE-2024-26589",
	 "unknown place",
	 {LD(W, 3, 2, 0), ALUI(AND, 3, 4), ALUR(ADD, 2, 3), LD(W, 0, 2, 0), EXIT},
	 3},
	/* Copies tied by a constant, that was added in 32 bits. */
	{"CVE-2024-53125",
	 "without bounds",
	 {NUMBER, MOVR(4, 3), ALU32I(ADD, 4, 1), JMPI(JLE, 4, 8, 2), RETURN, INDEX},
	 16},
	/* A function moves the packet; its caller has pointers into it. */
	{"CVE-2024-58098",
	 "before it was moved",
	 {PACKET, JMPI(JGE, 7, 14, 2), RETURN, MOVR(1, 8), LOCAL(2), LD(B, 0, 6, 0), EXIT,
	  MOVI(2, 4), CALL(8), RETURN},
	 9},
	{.name = NULL},
};
