/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF as RFC 9669 encodes it, and the one table of instructions that the decoder, the disassembler,
 * the verifier and the interpreter are made from.
 */
#ifndef SEKI_CORE_BPF_ISA_H
#define SEKI_CORE_BPF_ISA_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 9669, 3: one slot of the wire form, little endian. */
struct seki_bpf_insn {
	uint8_t opcode;
	uint8_t regs; /* low four bits: dst, high four: src */
	int16_t off;
	int32_t imm;
};

_Static_assert(sizeof(struct seki_bpf_insn) == 8, "wire layout");

#define SEKI_BPF_REGS	     11 /* r0 to r10 */
#define SEKI_BPF_FP	     10
#define SEKI_BPF_FRAMES	     8
#define SEKI_BPF_FRAME_BYTES 512
#define SEKI_BPF_STACK_BYTES (SEKI_BPF_FRAMES * SEKI_BPF_FRAME_BYTES)
#define SEKI_BPF_MAX_INSNS   65536u
#define SEKI_BPF_MAX_MAPS    64u

/* What the src field of lddw means; relocation puts the last two there (RFC 9669, 5.4). */
enum { SEKI_LDDW_CONST = 0, SEKI_LDDW_DATA = 3, SEKI_LDDW_MAP = 5 };

/* What an instruction is, to the verifier. */
enum seki_bpf_kind {
	SEKI_KIND_INVALID, /* second slot of lddw */
	SEKI_KIND_ALU,	   /* dst = dst sub operand */
	SEKI_KIND_LOAD,	   /* dst = memory of src */
	SEKI_KIND_STORE,   /* memory of dst = operand */
	SEKI_KIND_ATOMIC,  /* memory of dst = memory sub src */
	SEKI_KIND_JUMP,	   /* if dst sub operand */
	SEKI_KIND_GOTO,
	SEKI_KIND_CONST,  /* dst = 64-bit constant */
	SEKI_KIND_MAP,	  /* dst = handle of map imm */
	SEKI_KIND_DATA,	  /* dst = address of byte imm of the read-only data */
	SEKI_KIND_HELPER, /* call helper imm */
	SEKI_KIND_CALLX,  /* call the helper whose number dst holds */
	SEKI_KIND_LOCAL,  /* call the function at off */
	SEKI_KIND_EXIT,
};

enum seki_bpf_operand { SEKI_OPERAND_NONE, SEKI_OPERAND_IMM, SEKI_OPERAND_REG };

enum seki_bpf_alu {
	SEKI_ALU_ADD,
	SEKI_ALU_SUB,
	SEKI_ALU_MUL,
	SEKI_ALU_DIV,
	SEKI_ALU_SDIV,
	SEKI_ALU_MOD,
	SEKI_ALU_SMOD,
	SEKI_ALU_OR,
	SEKI_ALU_AND,
	SEKI_ALU_XOR,
	SEKI_ALU_LSH,
	SEKI_ALU_RSH,
	SEKI_ALU_ARSH,
	SEKI_ALU_MOV,
	SEKI_ALU_NEG,
	SEKI_ALU_SX8,
	SEKI_ALU_SX16,
	SEKI_ALU_SX32,
	SEKI_ALU_LE16,
	SEKI_ALU_LE32,
	SEKI_ALU_LE64,
	SEKI_ALU_BE16,
	SEKI_ALU_BE32,
	SEKI_ALU_BE64,
	SEKI_ALU_SWAP16,
	SEKI_ALU_SWAP32,
	SEKI_ALU_SWAP64,
};

enum seki_bpf_cond {
	SEKI_COND_EQ,
	SEKI_COND_NE,
	SEKI_COND_GT,
	SEKI_COND_LE,
	SEKI_COND_GE,
	SEKI_COND_LT,
	SEKI_COND_SGT,
	SEKI_COND_SLE,
	SEKI_COND_SGE,
	SEKI_COND_SLT,
	SEKI_COND_SET,
	SEKI_COND_CLEAR, /* only as the opposite of SET */
};

enum seki_bpf_atomic {
	SEKI_ATOMIC_ADD,
	SEKI_ATOMIC_OR,
	SEKI_ATOMIC_AND,
	SEKI_ATOMIC_XOR,
	SEKI_ATOMIC_FETCH_ADD, /* from here on the old value is put into a register */
	SEKI_ATOMIC_FETCH_OR,
	SEKI_ATOMIC_FETCH_AND,
	SEKI_ATOMIC_FETCH_XOR,
	SEKI_ATOMIC_XCHG,
	SEKI_ATOMIC_CMPXCHG,
};

/* How a loaded value is widened to 64 bits. */
enum { SEKI_LOAD_ZERO, SEKI_LOAD_SIGN };

/*
 * X(id, opcode, select, kind, sub, bytes, operand, text). `bytes` is the width of the operation or
 * of the access. `select` tells apart instructions of the same opcode byte, by the field that
 * selector() in decode.c names. Rows of one opcode byte are adjacent.
 */
#define SEKI_OPS_ALU_(X, name, code, sel, text)                                                    \
	X(name##32_IMM, 0x04 | (code), sel, ALU, SEKI_ALU_##name, 4, IMM, text)                    \
	X(name##32_REG, 0x0c | (code), sel, ALU, SEKI_ALU_##name, 4, REG, text)                    \
	X(name##64_IMM, 0x07 | (code), sel, ALU, SEKI_ALU_##name, 8, IMM, text)                    \
	X(name##64_REG, 0x0f | (code), sel, ALU, SEKI_ALU_##name, 8, REG, text)
#define SEKI_OPS_PAIR_(X, name, code, text, sname, stext)                                          \
	X(name##32_IMM, 0x04 | (code), 0, ALU, SEKI_ALU_##name, 4, IMM, text)                      \
	X(sname##32_IMM, 0x04 | (code), 1, ALU, SEKI_ALU_##sname, 4, IMM, stext)                   \
	X(name##32_REG, 0x0c | (code), 0, ALU, SEKI_ALU_##name, 4, REG, text)                      \
	X(sname##32_REG, 0x0c | (code), 1, ALU, SEKI_ALU_##sname, 4, REG, stext)                   \
	X(name##64_IMM, 0x07 | (code), 0, ALU, SEKI_ALU_##name, 8, IMM, text)                      \
	X(sname##64_IMM, 0x07 | (code), 1, ALU, SEKI_ALU_##sname, 8, IMM, stext)                   \
	X(name##64_REG, 0x0f | (code), 0, ALU, SEKI_ALU_##name, 8, REG, text)                      \
	X(sname##64_REG, 0x0f | (code), 1, ALU, SEKI_ALU_##sname, 8, REG, stext)
#define SEKI_OPS_SWAP_(X, name, opcode, text)                                                      \
	X(name##16, opcode, 16, ALU, SEKI_ALU_##name##16, 8, NONE, text "16")                      \
	X(name##32, opcode, 32, ALU, SEKI_ALU_##name##32, 8, NONE, text "32")                      \
	X(name##64, opcode, 64, ALU, SEKI_ALU_##name##64, 8, NONE, text "64")
#define SEKI_OPS_COND_(X, name, code, text)                                                        \
	X(J##name##64_IMM, 0x05 | (code), 0, JUMP, SEKI_COND_##name, 8, IMM, text)                 \
	X(J##name##64_REG, 0x0d | (code), 0, JUMP, SEKI_COND_##name, 8, REG, text)                 \
	X(J##name##32_IMM, 0x06 | (code), 0, JUMP, SEKI_COND_##name, 4, IMM, text)                 \
	X(J##name##32_REG, 0x0e | (code), 0, JUMP, SEKI_COND_##name, 4, REG, text)
#define SEKI_OPS_ATOMIC_(X, bits, opcode, bytes)                                                   \
	X(ADD_MEM##bits, opcode, 0x00, ATOMIC, SEKI_ATOMIC_ADD, bytes, REG, "add")                 \
	X(OR_MEM##bits, opcode, 0x40, ATOMIC, SEKI_ATOMIC_OR, bytes, REG, "or")                    \
	X(AND_MEM##bits, opcode, 0x50, ATOMIC, SEKI_ATOMIC_AND, bytes, REG, "and")                 \
	X(XOR_MEM##bits, opcode, 0xa0, ATOMIC, SEKI_ATOMIC_XOR, bytes, REG, "xor")                 \
	X(FADD_MEM##bits, opcode, 0x01, ATOMIC, SEKI_ATOMIC_FETCH_ADD, bytes, REG, "fetch_add")    \
	X(FOR_MEM##bits, opcode, 0x41, ATOMIC, SEKI_ATOMIC_FETCH_OR, bytes, REG, "fetch_or")       \
	X(FAND_MEM##bits, opcode, 0x51, ATOMIC, SEKI_ATOMIC_FETCH_AND, bytes, REG, "fetch_and")    \
	X(FXOR_MEM##bits, opcode, 0xa1, ATOMIC, SEKI_ATOMIC_FETCH_XOR, bytes, REG, "fetch_xor")    \
	X(XCHG_MEM##bits, opcode, 0xe1, ATOMIC, SEKI_ATOMIC_XCHG, bytes, REG, "xchg")              \
	X(CAS_MEM##bits, opcode, 0xf1, ATOMIC, SEKI_ATOMIC_CMPXCHG, bytes, REG, "cmpxchg")

#define SEKI_BPF_OPS(X)                                                                            \
	X(INVALID, 0x00, 0, INVALID, 0, 0, NONE, "invalid")                                        \
	SEKI_OPS_ALU_(X, ADD, 0x00, 0, "+=")                                                       \
	SEKI_OPS_ALU_(X, SUB, 0x10, 0, "-=")                                                       \
	SEKI_OPS_ALU_(X, MUL, 0x20, 0, "*=")                                                       \
	SEKI_OPS_PAIR_(X, DIV, 0x30, "/=", SDIV, "s/=")                                            \
	SEKI_OPS_ALU_(X, OR, 0x40, 0, "|=")                                                        \
	SEKI_OPS_ALU_(X, AND, 0x50, 0, "&=")                                                       \
	SEKI_OPS_ALU_(X, LSH, 0x60, 0, "<<=")                                                      \
	SEKI_OPS_ALU_(X, RSH, 0x70, 0, ">>=")                                                      \
	X(NEG32, 0x84, 0, ALU, SEKI_ALU_NEG, 4, NONE, "-")                                         \
	X(NEG64, 0x87, 0, ALU, SEKI_ALU_NEG, 8, NONE, "-")                                         \
	SEKI_OPS_PAIR_(X, MOD, 0x90, "%=", SMOD, "s%=")                                            \
	SEKI_OPS_ALU_(X, XOR, 0xa0, 0, "^=")                                                       \
	X(MOV32_IMM, 0xb4, 0, ALU, SEKI_ALU_MOV, 4, IMM, "=")                                      \
	X(MOV32_REG, 0xbc, 0, ALU, SEKI_ALU_MOV, 4, REG, "=")                                      \
	X(SX8_32, 0xbc, 8, ALU, SEKI_ALU_SX8, 4, REG, "= (s8)")                                    \
	X(SX16_32, 0xbc, 16, ALU, SEKI_ALU_SX16, 4, REG, "= (s16)")                                \
	X(MOV64_IMM, 0xb7, 0, ALU, SEKI_ALU_MOV, 8, IMM, "=")                                      \
	X(MOV64_REG, 0xbf, 0, ALU, SEKI_ALU_MOV, 8, REG, "=")                                      \
	X(SX8_64, 0xbf, 8, ALU, SEKI_ALU_SX8, 8, REG, "= (s8)")                                    \
	X(SX16_64, 0xbf, 16, ALU, SEKI_ALU_SX16, 8, REG, "= (s16)")                                \
	X(SX32_64, 0xbf, 32, ALU, SEKI_ALU_SX32, 8, REG, "= (s32)")                                \
	SEKI_OPS_ALU_(X, ARSH, 0xc0, 0, "s>>=")                                                    \
	SEKI_OPS_SWAP_(X, LE, 0xd4, "le")                                                          \
	SEKI_OPS_SWAP_(X, BE, 0xdc, "be")                                                          \
	SEKI_OPS_SWAP_(X, SWAP, 0xd7, "bswap")                                                     \
	X(LDW, 0x61, 0, LOAD, SEKI_LOAD_ZERO, 4, NONE, "u32")                                      \
	X(LDH, 0x69, 0, LOAD, SEKI_LOAD_ZERO, 2, NONE, "u16")                                      \
	X(LDB, 0x71, 0, LOAD, SEKI_LOAD_ZERO, 1, NONE, "u8")                                       \
	X(LDDW, 0x79, 0, LOAD, SEKI_LOAD_ZERO, 8, NONE, "u64")                                     \
	X(LDSW, 0x81, 0, LOAD, SEKI_LOAD_SIGN, 4, NONE, "s32")                                     \
	X(LDSH, 0x89, 0, LOAD, SEKI_LOAD_SIGN, 2, NONE, "s16")                                     \
	X(LDSB, 0x91, 0, LOAD, SEKI_LOAD_SIGN, 1, NONE, "s8")                                      \
	X(STW_IMM, 0x62, 0, STORE, 0, 4, IMM, "u32")                                               \
	X(STH_IMM, 0x6a, 0, STORE, 0, 2, IMM, "u16")                                               \
	X(STB_IMM, 0x72, 0, STORE, 0, 1, IMM, "u8")                                                \
	X(STDW_IMM, 0x7a, 0, STORE, 0, 8, IMM, "u64")                                              \
	X(STW_REG, 0x63, 0, STORE, 0, 4, REG, "u32")                                               \
	X(STH_REG, 0x6b, 0, STORE, 0, 2, REG, "u16")                                               \
	X(STB_REG, 0x73, 0, STORE, 0, 1, REG, "u8")                                                \
	X(STDW_REG, 0x7b, 0, STORE, 0, 8, REG, "u64")                                              \
	SEKI_OPS_ATOMIC_(X, 32, 0xc3, 4)                                                           \
	SEKI_OPS_ATOMIC_(X, 64, 0xdb, 8)                                                           \
	X(JA, 0x05, 0, GOTO, 0, 0, NONE, "goto")                                                   \
	X(JA32, 0x06, 0, GOTO, 0, 0, NONE, "gotol")                                                \
	SEKI_OPS_COND_(X, EQ, 0x10, "==")                                                          \
	SEKI_OPS_COND_(X, GT, 0x20, ">")                                                           \
	SEKI_OPS_COND_(X, GE, 0x30, ">=")                                                          \
	SEKI_OPS_COND_(X, SET, 0x40, "&")                                                          \
	SEKI_OPS_COND_(X, NE, 0x50, "!=")                                                          \
	SEKI_OPS_COND_(X, SGT, 0x60, "s>")                                                         \
	SEKI_OPS_COND_(X, SGE, 0x70, "s>=")                                                        \
	SEKI_OPS_COND_(X, LT, 0xa0, "<")                                                           \
	SEKI_OPS_COND_(X, LE, 0xb0, "<=")                                                          \
	SEKI_OPS_COND_(X, SLT, 0xc0, "s<")                                                         \
	SEKI_OPS_COND_(X, SLE, 0xd0, "s<=")                                                        \
	X(CONST64, 0x18, SEKI_LDDW_CONST, CONST, 0, 8, NONE, "")                                   \
	X(DATA64, 0x18, SEKI_LDDW_DATA, DATA, 0, 8, NONE, "data")                                  \
	X(MAP64, 0x18, SEKI_LDDW_MAP, MAP, 0, 8, NONE, "map")                                      \
	X(CALL, 0x85, 0, HELPER, 0, 0, NONE, "call")                                               \
	X(CALL_LOCAL, 0x85, 1, LOCAL, 0, 0, NONE, "call")                                          \
	X(CALLX, 0x8d, 0, CALLX, 0, 0, NONE, "callx")                                              \
	X(EXIT, 0x95, 0, EXIT, 0, 0, NONE, "exit")

enum seki_bpf_opid {
#define X(id, ...) SEKI_OP_##id,
	SEKI_BPF_OPS(X)
#undef X
		SEKI_OP_COUNT
};

struct seki_bpf_row {
	uint8_t opcode;
	uint8_t select;
	uint8_t kind; /* enum seki_bpf_kind */
	uint8_t sub;  /* enum seki_bpf_alu, _cond or _atomic, by kind */
	uint8_t bytes;
	uint8_t operand; /* enum seki_bpf_operand */
	const char *text;
};

extern const struct seki_bpf_row seki_bpf_rows[SEKI_OP_COUNT];

/* One decoded slot: what the verifier and the interpreter work on. */
struct seki_bpf_op {
	uint8_t id;   /* enum seki_bpf_opid */
	uint8_t fast; /* what the interpreter does for it and some that follow: fuse.h */
	uint8_t dst;  /* <= 10 */
	uint8_t src;  /* <= 10 */
	int32_t off;  /* displacement in bytes; of jumps and local calls the target's slot; of
			helper calls a flag of the verifier */
	int64_t imm;
};

/* In `off` of a helper call: no path to it has changed a map. */
#define SEKI_CALL_MAY_WAIT 1

static inline const struct seki_bpf_row *seki_bpf_row(const struct seki_bpf_op *op)
{
	return &seki_bpf_rows[op->id];
}

/* Why code was refused. `why` is a constant. */
struct seki_bpf_fault {
	uint32_t insn;
	const char *why;
};

/*
 * Decodes n slots to n ops (the second slot of lddw becomes INVALID, to which no jump leads) and
 * checks all that needs no analysis: known instructions, registers, unused fields zero, r10 not
 * written, jumps inside the code, no falling off the end. -ENOEXEC and the fault otherwise.
 */
int seki_bpf_decode(const struct seki_bpf_insn *insns, uint32_t n, struct seki_bpf_op *ops,
		    struct seki_bpf_fault *fault);

#endif
