// SPDX-License-Identifier: Apache-2.0
/* x86-64 instructions as bytes: see the header. */
#include "core/bpf/jit/x86_emit.h"

void seki_x86_byte(struct seki_x86_buf *b, uint8_t v)
{
	if (b->at < b->size)
		b->code[b->at] = v;
	b->at++;
}

void seki_x86_u32(struct seki_x86_buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		seki_x86_byte(b, (uint8_t)(v >> 8 * i));
}

void seki_x86_u64(struct seki_x86_buf *b, uint64_t v)
{
	seki_x86_u32(b, (uint32_t)v);
	seki_x86_u32(b, (uint32_t)(v >> 32));
}

/* Prefixes and opcode. `byte_reg` is a register whose low byte is meant, or 0: spl to dil are only
 * to be had with a REX prefix. */
static void opcode(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg,
		   unsigned int index, unsigned int base, unsigned int byte_reg)
{
	uint8_t rex = (uint8_t)(wide << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3);

	if (op & X86_LOCK)
		seki_x86_byte(b, 0xf0);
	if (op & X86_P66)
		seki_x86_byte(b, 0x66);
	if (rex || ((op & X86_BYTE) && byte_reg >= RSP))
		seki_x86_byte(b, 0x40 | rex);
	if (op & (X86_0F | X86_0F38))
		seki_x86_byte(b, 0x0f);
	if (op & X86_0F38)
		seki_x86_byte(b, 0x38);
	seki_x86_byte(b, (uint8_t)op);
}

void seki_x86_rr(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg, unsigned int rm)
{
	opcode(b, op, wide, reg, 0, rm, reg > rm ? reg : rm);
	seki_x86_byte(b, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

/* The displacement's form: 0 none, 1 a byte, 2 four. rbp and r13 have no form without. */
static unsigned int mod_of(unsigned int base, int32_t disp)
{
	if (!disp && (base & 7) != RBP)
		return 0;
	return disp >= -128 && disp <= 127 ? 1 : 2;
}

static void displacement(struct seki_x86_buf *b, unsigned int mod, int32_t disp)
{
	if (mod == 1)
		seki_x86_byte(b, (uint8_t)disp);
	else if (mod == 2)
		seki_x86_u32(b, (uint32_t)disp);
}

void seki_x86_rm(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg,
		 unsigned int base, int32_t disp)
{
	unsigned int mod = mod_of(base, disp);

	opcode(b, op, wide, reg, 0, base, reg);
	seki_x86_byte(b, (uint8_t)(mod << 6 | (reg & 7) << 3 | (base & 7)));
	if ((base & 7) == RSP) /* rsp and r12 are said in a second byte */
		seki_x86_byte(b, 0x24);
	displacement(b, mod, disp);
}

void seki_x86_rmx(struct seki_x86_buf *b, uint32_t op, bool wide, unsigned int reg,
		  unsigned int base, unsigned int index, unsigned int shift, int32_t disp)
{
	unsigned int mod = mod_of(base, disp);

	opcode(b, op, wide, reg, index, base, reg);
	seki_x86_byte(b, (uint8_t)(mod << 6 | (reg & 7) << 3 | RSP));
	seki_x86_byte(b, (uint8_t)(shift << 6 | (index & 7) << 3 | (base & 7)));
	displacement(b, mod, disp);
}

void seki_x86_alu(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int reg,
		  int32_t imm)
{
	bool small = imm >= -128 && imm <= 127;

	if (!small && reg == RAX) {
		opcode(b, group << 3 | 5, wide, 0, 0, 0, 0);
		seki_x86_u32(b, (uint32_t)imm);
		return;
	}
	seki_x86_rr(b, small ? 0x83 : 0x81, wide, group, reg);
	if (small)
		seki_x86_byte(b, (uint8_t)imm);
	else
		seki_x86_u32(b, (uint32_t)imm);
}

void seki_x86_alu_rr(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int dst,
		     unsigned int src)
{
	seki_x86_rr(b, group << 3 | 1, wide, src, dst);
}

void seki_x86_mov(struct seki_x86_buf *b, bool wide, unsigned int dst, unsigned int src)
{
	seki_x86_rr(b, 0x89, wide, src, dst);
}

void seki_x86_mov_imm(struct seki_x86_buf *b, unsigned int dst, uint64_t imm)
{
	if (!imm) {
		seki_x86_alu_rr(b, X86_XOR, false, dst, dst);
	} else if (imm == (uint32_t)imm) {
		opcode(b, 0xb8 | (dst & 7), false, 0, 0, dst, 0);
		seki_x86_u32(b, (uint32_t)imm);
	} else if (imm == (uint64_t)(int64_t)(int32_t)imm) {
		seki_x86_rr(b, 0xc7, true, 0, dst);
		seki_x86_u32(b, (uint32_t)imm);
	} else {
		opcode(b, 0xb8 | (dst & 7), true, 0, 0, dst, 0);
		seki_x86_u64(b, imm);
	}
}

void seki_x86_shift(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int reg,
		    unsigned int by)
{
	seki_x86_rr(b, by == 1 ? 0xd1 : 0xc1, wide, group, reg);
	if (by != 1)
		seki_x86_byte(b, (uint8_t)by);
}

void seki_x86_shiftx(struct seki_x86_buf *b, unsigned int group, bool wide, unsigned int dst,
		     unsigned int src, unsigned int count)
{
	unsigned int prefix = group == X86_SHL ? 1 : group == X86_SAR ? 2 : 3;

	seki_x86_byte(b, 0xc4);
	seki_x86_byte(b, (uint8_t)((dst < R8) << 7 | 1 << 6 | (src < R8) << 5 | 2));
	seki_x86_byte(b, (uint8_t)(wide << 7 | (~count & 15) << 3 | prefix));
	seki_x86_byte(b, 0xf7);
	seki_x86_byte(b, (uint8_t)(0xc0 | (dst & 7) << 3 | (src & 7)));
}

void seki_x86_push(struct seki_x86_buf *b, unsigned int reg)
{
	opcode(b, 0x50 | (reg & 7), false, 0, 0, reg, 0);
}

void seki_x86_pop(struct seki_x86_buf *b, unsigned int reg)
{
	opcode(b, 0x58 | (reg & 7), false, 0, 0, reg, 0);
}

size_t seki_x86_skip(struct seki_x86_buf *b, int cc)
{
	seki_x86_byte(b, cc < 0 ? 0xeb : (uint8_t)(0x70 | cc));
	seki_x86_byte(b, 0);
	return b->at;
}

void seki_x86_land(struct seki_x86_buf *b, size_t skip)
{
	if (skip <= b->size)
		b->code[skip - 1] = (uint8_t)(b->at - skip);
}

void seki_x86_jump(struct seki_x86_buf *b, int cc, size_t to, bool is_short)
{
	if (is_short) {
		seki_x86_byte(b, cc < 0 ? 0xeb : (uint8_t)(0x70 | cc));
		seki_x86_byte(b, (uint8_t)(to - b->at - 1));
		return;
	}
	if (cc >= 0)
		seki_x86_byte(b, 0x0f);
	seki_x86_byte(b, cc < 0 ? 0xe9 : (uint8_t)(0x80 | cc));
	seki_x86_u32(b, (uint32_t)(to - b->at - 4));
}
