/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions as C expressions, for programs in tests. */
#ifndef SEKI_TESTS_UNIT_BPF_ASM_H
#define SEKI_TESTS_UNIT_BPF_ASM_H

#include "core/bpf/isa.h"

#define RAW(op, d, s, o, i)                                                                        \
	{                                                                                          \
		.opcode = (op), .regs = (uint8_t)((s) << 4 | (d)), .off = (o), .imm = (int32_t)(i) \
	}

enum { B = 0x10, H = 0x08, W = 0x00, DW = 0x18 };
enum {
	ADD = 0x00,
	SUB = 0x10,
	MUL = 0x20,
	DIV = 0x30,
	OR = 0x40,
	AND = 0x50,
	LSH = 0x60,
	RSH = 0x70,
	MOD = 0x90,
	XOR = 0xa0,
	MOV = 0xb0,
	ARSH = 0xc0
};
enum {
	JEQ = 0x10,
	JGT = 0x20,
	JGE = 0x30,
	JSET = 0x40,
	JNE = 0x50,
	JSGT = 0x60,
	JSGE = 0x70,
	JLT = 0xa0,
	JLE = 0xb0,
	JSLT = 0xc0,
	JSLE = 0xd0
};

#define ALUI(op, d, i)		  RAW(0x07 | (op), d, 0, 0, i)
#define ALUR(op, d, s)		  RAW(0x0f | (op), d, s, 0, 0)
#define ALU32I(op, d, i)	  RAW(0x04 | (op), d, 0, 0, i)
#define ALU32R(op, d, s)	  RAW(0x0c | (op), d, s, 0, 0)
#define MOVI(d, i)		  ALUI(MOV, d, i)
#define MOVR(d, s)		  ALUR(MOV, d, s)
#define MOV32R(d, s)		  ALU32R(MOV, d, s)
#define NEGR(d)			  RAW(0x87, d, 0, 0, 0)
#define BSWAP(d, bits)		  RAW(0xdc, d, 0, 0, bits)
#define LD(size, d, s, o)	  RAW(0x61 | (size), d, s, o, 0)
#define LDS(size, d, s, o)	  RAW(0x81 | (size), d, s, o, 0)
#define STR(size, d, o, s)	  RAW(0x63 | (size), d, s, o, 0)
#define STI(size, d, o, i)	  RAW(0x62 | (size), d, 0, o, i)
#define ATOMIC(size, d, o, s, op) RAW(0xc3 | (size), d, s, o, op)
#define JMPI(op, d, i, o)	  RAW(0x05 | (op), d, 0, o, i)
#define JMPR(op, d, s, o)	  RAW(0x0d | (op), d, s, o, 0)
#define JMP32I(op, d, i, o)	  RAW(0x06 | (op), d, 0, o, i)
#define JMP32R(op, d, s, o)	  RAW(0x0e | (op), d, s, o, 0)
#define JA(o)			  RAW(0x05, 0, 0, o, 0)
#define CALL(number)		  RAW(0x85, 0, 0, 0, number)
#define LOCAL(rel)		  RAW(0x85, 0, 1, 0, rel)
#define CALLX(d)		  RAW(0x8d, d, 0, 0, 0)
#define EXIT			  RAW(0x95, 0, 0, 0, 0)
/* Two slots. */
#define LDDW(d, v)    RAW(0x18, d, 0, 0, (uint64_t)(v)), RAW(0, 0, 0, 0, (uint64_t)(v) >> 32)
#define MAP(d, index) RAW(0x18, d, 5, 0, index), RAW(0, 0, 0, 0, 0)
#define DATA(d, off)  RAW(0x18, d, 3, 0, off), RAW(0, 0, 0, 0, 0)

#endif
