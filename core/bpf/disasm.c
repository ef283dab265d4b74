// SPDX-License-Identifier: Apache-2.0
/* One decoded instruction as text, for reports. */
#include "core/bpf/disasm.h"

#include "core/bpf/helper.h"

static void put_reg(struct seki_text *text, uint8_t reg, uint8_t bytes)
{
	seki_text_add(text, "%s%u", bytes == 4 ? "w" : "r", (uint64_t)reg);
}

static void put_operand(struct seki_text *text, const struct seki_bpf_op *op, uint8_t bytes)
{
	if (seki_bpf_row(op)->operand == SEKI_OPERAND_REG)
		put_reg(text, op->src, bytes);
	else
		seki_text_add(text, "%d", op->imm);
}

static void put_alu(struct seki_text *text, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	put_reg(text, op->dst, row->bytes);
	if (row->operand != SEKI_OPERAND_NONE) {
		seki_text_add(text, " %s ", row->text);
		put_operand(text, op, row->bytes);
		return;
	}
	seki_text_add(text, row->sub == SEKI_ALU_NEG ? " = %s" : " = %s ", row->text);
	put_reg(text, op->dst, row->bytes);
}

static void put_place(struct seki_text *text, const char *type, uint8_t reg, int32_t off)
{
	seki_text_add(text, "*(%s *)(r%u %s %u)", type, (uint64_t)reg, off < 0 ? "-" : "+",
		      (uint64_t)(off < 0 ? -(int64_t)off : off));
}

static void put_atomic(struct seki_text *text, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	seki_text_add(text, "lock %s ", row->text);
	put_place(text, row->bytes == 4 ? "u32" : "u64", op->dst, op->off);
	seki_text_add(text, ", ");
	put_reg(text, op->src, row->bytes);
}

static void put_call(struct seki_text *text, const struct seki_bpf_op *op)
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(op->imm);

	seki_text_add(text, "call %s", proto ? proto->name : "helper ");
	if (!proto)
		seki_text_add(text, "%d", op->imm);
}

void seki_bpf_disasm(const struct seki_bpf_op *op, struct seki_text *text)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	switch (row->kind) {
	case SEKI_KIND_ALU:
		put_alu(text, op);
		break;
	case SEKI_KIND_LOAD:
		seki_text_add(text, "r%u = ", (uint64_t)op->dst);
		put_place(text, row->text, op->src, op->off);
		break;
	case SEKI_KIND_STORE:
		put_place(text, row->text, op->dst, op->off);
		seki_text_add(text, " = ");
		put_operand(text, op, 8);
		break;
	case SEKI_KIND_ATOMIC:
		put_atomic(text, op);
		break;
	case SEKI_KIND_JUMP:
		seki_text_add(text, "if ");
		put_reg(text, op->dst, row->bytes);
		seki_text_add(text, " %s ", row->text);
		put_operand(text, op, row->bytes);
		seki_text_add(text, " goto %d", (int64_t)op->off);
		break;
	case SEKI_KIND_GOTO:
	case SEKI_KIND_LOCAL:
		seki_text_add(text, "%s %d", row->text, (int64_t)op->off);
		break;
	case SEKI_KIND_CONST:
		seki_text_add(text, "r%u = %x ll", (uint64_t)op->dst, (uint64_t)op->imm);
		break;
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		seki_text_add(text, "r%u = %s[%d]", (uint64_t)op->dst, row->text, op->imm);
		break;
	case SEKI_KIND_HELPER:
		put_call(text, op);
		break;
	case SEKI_KIND_CALLX:
		seki_text_add(text, "callx r%u", (uint64_t)op->dst);
		break;
	default:
		seki_text_add(text, "%s", row->text);
		break;
	}
}
