// SPDX-License-Identifier: Apache-2.0
/* Wire form to decoded form; the only reader of raw instructions. */
#include "core/bpf/isa.h"

#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/fuse.h"

#define OPCODE_LDDW 0x18
#define OPCODE_CALL 0x85

_Static_assert(SEKI_OP_COUNT <= 256, "an index fits a byte");

const struct seki_bpf_row seki_bpf_rows[SEKI_OP_COUNT] = {
#define X(id, opcode, select, kind, sub, bytes, operand, text)                                     \
	{opcode, select, SEKI_KIND_##kind, sub, bytes, SEKI_OPERAND_##operand, text},
	SEKI_BPF_OPS(X)
#undef X
};

struct decoder {
	const struct seki_bpf_insn *insns;
	uint32_t n;
	struct seki_bpf_op *ops;
	uint8_t first[256]; /* opcode byte -> its first row; 0: none */
};

static void index_rows(uint8_t *first)
{
	for (int i = 0; i < 256; i++)
		first[i] = SEKI_OP_INVALID;
	for (int i = SEKI_OP_COUNT - 1; i > SEKI_OP_INVALID; i--)
		first[seki_bpf_rows[i].opcode] = (uint8_t)i;
}

/* The field that tells instructions of one opcode byte apart, and whether `off` is that field. */
static int32_t selector(const struct seki_bpf_insn *insn, bool *off_selects)
{
	uint8_t class = insn->opcode & 7;
	bool alu = class == 4 || class == 7;

	*off_selects = alu && (insn->opcode & 0xf0) != 0xd0;
	if (*off_selects)
		return insn->off;
	if (alu || insn->opcode == 0xc3 || insn->opcode == 0xdb)
		return insn->imm;
	if (insn->opcode == OPCODE_LDDW || insn->opcode == OPCODE_CALL)
		return insn->regs >> 4;
	return 0;
}

static int find_row(const struct decoder *d, const struct seki_bpf_insn *insn)
{
	bool off_selects;
	int32_t want = selector(insn, &off_selects);
	int i = d->first[insn->opcode];

	while (i && seki_bpf_rows[i].opcode == insn->opcode) {
		if (seki_bpf_rows[i].select == want)
			return i;
		i = i + 1 < SEKI_OP_COUNT ? i + 1 : 0;
	}
	return 0;
}

static bool writes_dst(const struct seki_bpf_row *row)
{
	return row->kind == SEKI_KIND_ALU || row->kind == SEKI_KIND_LOAD ||
	       row->kind == SEKI_KIND_CONST || row->kind == SEKI_KIND_MAP ||
	       row->kind == SEKI_KIND_DATA;
}

static const char *check_regs(const struct seki_bpf_row *row, const struct seki_bpf_op *op)
{
	if (op->dst > SEKI_BPF_FP || op->src > SEKI_BPF_FP)
		return "there are only the registers r0 to r10";
	if (op->dst == SEKI_BPF_FP && writes_dst(row))
		return "r10 is read-only";
	if (op->src == SEKI_BPF_FP && row->kind == SEKI_KIND_ATOMIC &&
	    row->sub >= SEKI_ATOMIC_FETCH_ADD && row->sub != SEKI_ATOMIC_CMPXCHG)
		return "r10 is read-only";
	return NULL;
}

/* RFC 9669, 3: fields that an instruction does not use are zero. */
static const char *check_unused(const struct seki_bpf_row *row, const struct seki_bpf_insn *insn)
{
	bool src = row->operand == SEKI_OPERAND_REG || row->kind == SEKI_KIND_LOAD ||
		   insn->opcode == OPCODE_LDDW || insn->opcode == OPCODE_CALL;
	bool dst = row->kind != SEKI_KIND_GOTO && row->kind != SEKI_KIND_HELPER &&
		   row->kind != SEKI_KIND_LOCAL && row->kind != SEKI_KIND_EXIT;
	bool off = row->kind == SEKI_KIND_LOAD || row->kind == SEKI_KIND_STORE ||
		   row->kind == SEKI_KIND_ATOMIC || row->kind == SEKI_KIND_JUMP ||
		   insn->opcode == 0x05 ||
		   (row->kind == SEKI_KIND_ALU && (insn->opcode & 0xf0) != 0xd0);
	bool imm = row->operand == SEKI_OPERAND_IMM || row->kind == SEKI_KIND_ATOMIC ||
		   row->kind == SEKI_KIND_HELPER || row->kind == SEKI_KIND_LOCAL ||
		   row->kind == SEKI_KIND_CALLX || insn->opcode == OPCODE_LDDW ||
		   insn->opcode == 0x06 ||
		   (row->kind == SEKI_KIND_ALU && row->operand == SEKI_OPERAND_NONE &&
		    row->sub != SEKI_ALU_NEG);

	if ((!src && insn->regs >> 4) || (!dst && insn->regs & 15) || (!off && insn->off) ||
	    (!imm && insn->imm))
		return "a field that the instruction does not use is not zero";
	return NULL;
}

static const char *decode_lddw(const struct decoder *d, uint32_t i, struct seki_bpf_op *op)
{
	const struct seki_bpf_insn *second = &d->insns[i + 1];

	if (i + 1 >= d->n)
		return "the second half of a 64-bit load is missing";
	if (second->opcode || second->regs || second->off)
		return "the second half of a 64-bit load is malformed";
	op->imm = (int64_t)((uint64_t)(uint32_t)d->insns[i].imm | (uint64_t)(uint32_t)second->imm
									  << 32);
	d->ops[i + 1] = (struct seki_bpf_op){.id = SEKI_OP_INVALID};
	return NULL;
}

/* Where the register is: in dst, or in imm as compilers before LLVM 19 put it. */
static const char *decode_callx(const struct seki_bpf_insn *insn, struct seki_bpf_op *op)
{
	if (!insn->imm)
		return NULL;
	if (insn->regs || insn->imm < 0 || insn->imm >= SEKI_BPF_FP)
		return "callx names no register";
	op->dst = (uint8_t)insn->imm;
	op->imm = 0;
	return NULL;
}

static const char *decode_target(const struct decoder *d, uint32_t i, int32_t rel,
				 struct seki_bpf_op *op)
{
	int64_t target = (int64_t)i + 1 + rel;

	if (target < 0 || target >= d->n)
		return "the jump leads outside the program";
	op->off = (int32_t)target;
	return NULL;
}

/* An unknown instruction may be one of Linux that RFC 9669 does not have, or an old one. */
static const char *foreign(const struct seki_bpf_insn *insn)
{
	uint8_t class = insn->opcode & 7, mode = insn->opcode & 0xe0;

	if (class == 0 && (mode == 0x20 || mode == 0x40))
		return "unknown instruction: packet access by ld_abs and ld_ind is history; load "
		       "through a pointer to the packet";
	if (insn->opcode == 0xe5)
		return "unknown instruction: may_goto is the Linux kernel's; bound the loop by a "
		       "counter";
	if (insn->opcode == 0xbf && insn->off == 1)
		return "unknown instruction: addr_space_cast is the Linux kernel's, for its "
		       "arenas";
	if (insn->opcode == 0x0d)
		return "unknown instruction: gotox is the Linux kernel's; compile with "
		       "-fno-jump-tables";
	if (class == 3 && mode == 0xc0 && (insn->imm == 0x100 || insn->imm == 0x110))
		return "unknown instruction: load_acquire and store_release are the Linux kernel's";
	return "unknown instruction";
}

static const char *decode_one(const struct decoder *d, uint32_t i)
{
	const struct seki_bpf_insn *insn = &d->insns[i];
	struct seki_bpf_op *op = &d->ops[i];
	int id = find_row(d, insn);
	const struct seki_bpf_row *row = &seki_bpf_rows[id];
	const char *why;

	if (!id)
		return foreign(insn);
	*op = (struct seki_bpf_op){.id = (uint8_t)id,
				   .fast = (uint8_t)id,
				   .dst = insn->regs & 15,
				   .src = insn->regs >> 4,
				   .off = insn->off,
				   .imm = insn->imm};
	why = check_unused(row, insn);
	if (!why)
		why = check_regs(row, op);
	if (why)
		return why;
	switch (row->kind) {
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		return decode_lddw(d, i, op);
	case SEKI_KIND_CALLX:
		return decode_callx(insn, op);
	case SEKI_KIND_JUMP:
		return decode_target(d, i, insn->off, op);
	case SEKI_KIND_GOTO:
		return decode_target(d, i, id == SEKI_OP_JA ? insn->off : insn->imm, op);
	case SEKI_KIND_LOCAL:
		return decode_target(d, i, insn->imm, op);
	default:
		return NULL;
	}
}

static bool has_target(const struct seki_bpf_op *op)
{
	uint8_t kind = seki_bpf_row(op)->kind;

	return kind == SEKI_KIND_JUMP || kind == SEKI_KIND_GOTO || kind == SEKI_KIND_LOCAL;
}

static const char *check_flow(const struct decoder *d, uint32_t i)
{
	const struct seki_bpf_op *op = &d->ops[i];
	uint8_t kind = seki_bpf_row(op)->kind;
	uint32_t slots = kind == SEKI_KIND_CONST || kind == SEKI_KIND_MAP || kind == SEKI_KIND_DATA
				 ? 2
				 : 1;

	if (has_target(op) && d->ops[op->off].id == SEKI_OP_INVALID)
		return "the jump leads into the middle of a 64-bit load";
	if (kind != SEKI_KIND_EXIT && kind != SEKI_KIND_GOTO && kind != SEKI_KIND_INVALID &&
	    i + slots >= d->n)
		return "the program runs past its last instruction";
	return NULL;
}

int seki_bpf_decode(const struct seki_bpf_insn *insns, uint32_t n, struct seki_bpf_op *ops,
		    struct seki_bpf_fault *fault)
{
	struct decoder d = {.insns = insns, .n = n, .ops = ops};
	const char *why = n ? NULL : "the program has no instructions";
	uint32_t i;

	index_rows(d.first);
	for (i = 0; !why && i < n; i++) {
		why = decode_one(&d, i);
		if (!why && ops[i].id && insns[i].opcode == OPCODE_LDDW)
			i++;
	}
	if (!why)
		for (i = 0; !why && i < n; i++)
			why = check_flow(&d, i);
	if (!why) {
		seki_bpf_fuse(ops, n);
		return 0;
	}
	*fault = (struct seki_bpf_fault){.insn = i ? i - 1 : 0, .why = why};
	return -ENOEXEC;
}
