/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64 instructions as bytes. Registers are numbered as the processor does (Intel SDM, volume 2). */
#ifndef SEKI_CORE_BPF_JIT_X86_EMIT_H
#define SEKI_CORE_BPF_JIT_X86_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seki_x86_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
};

/* The instructions whose opcode has a field of its own, by the group's digit. */
enum { X86_ADD, X86_OR, X86_ADC, X86_SBB, X86_AND, X86_SUB, X86_XOR, X86_CMP };
enum { X86_ROL = 0, X86_SHL = 4, X86_SHR = 5, X86_SAR = 7 };
enum { X86_NOT = 2, X86_NEG = 3, X86_MUL = 4, X86_DIV = 6, X86_IDIV = 7 };

/* Condition codes. */
enum {
	X86_B = 2,
	X86_AE = 3,
	X86_E = 4,
	X86_NE = 5,
	X86_BE = 6,
	X86_A = 7,
	X86_S = 8,
	X86_L = 12,
	X86_GE = 13,
	X86_LE = 14,
	X86_G = 15,
};

/* Opcodes: the last byte, X86_0F or X86_0F38 before it, X86_P66 and X86_LOCK prefixes, X86_BYTE for
 * operands of one byte, of which some need a REX prefix. */
#define X86_0F	 0x000100u
#define X86_0F38 0x000200u
#define X86_P66	 0x000400u
#define X86_LOCK 0x000800u
#define X86_BYTE 0x001000u

struct seki_x86_buf {
	uint8_t *code;
	size_t size;
	size_t at; /* may be beyond size: then there was no room */
};

void seki_x86_byte(struct seki_x86_buf *b, uint8_t v);
void seki_x86_u32(struct seki_x86_buf *b, uint32_t v);
void seki_x86_u64(struct seki_x86_buf *b, uint64_t v);

/* op reg, rm; of 8 bytes if `wide`, else of what the opcode says. */
void seki_x86_rr(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg, unsigned int rm);

/* op reg, [base + disp] */
void seki_x86_rm(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg,
		 unsigned int base, int32_t disp);

/* op reg, [base + (index << shift) + disp] */
void seki_x86_rmx(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg,
		  unsigned int base, unsigned int index, unsigned int shift, int32_t disp);

/* add, or, and, sub, xor, cmp */
void seki_x86_alu(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int reg,
		  int32_t imm);
void seki_x86_alu_rr(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int dst,
		     unsigned int src);

void seki_x86_mov(struct seki_x86_buf *b, bool wide, unsigned int dst, unsigned int src);

/* Shortest form; may change the flags. */
void seki_x86_mov_imm(struct seki_x86_buf *b, unsigned int dst, uint64_t imm);

void seki_x86_shift(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int reg,
		    unsigned int by);

/* BMI2: dst = src shifted by `count`. */
void seki_x86_shiftx(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int dst,
		     unsigned int src, unsigned int count);

void seki_x86_push(struct seki_x86_buf *b, unsigned int reg);
void seki_x86_pop(struct seki_x86_buf *b, unsigned int reg);

/* A short forward jump, cc or -1, and its landing place. */
size_t seki_x86_skip(struct seki_x86_buf *b, int cc);
void seki_x86_land(struct seki_x86_buf *b, size_t skip);

/* To place `to` of the same buffer. */
void seki_x86_jump(struct seki_x86_buf *b, int cc, size_t to, bool is_short);

#endif
