// SPDX-License-Identifier: Apache-2.0
/* Small changes of accepted programs: what is accepted still was near the border. */
#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

static bool is_jump(const struct seki_bpf_insn *insn)
{
	unsigned int class = insn->opcode & 7;

	return (class == 5 || class == 6) && insn->opcode != 0x85 && insn->opcode != 0x8d &&
	       insn->opcode != 0x95;
}

static bool is_alu(const struct seki_bpf_insn *insn)
{
	return (insn->opcode & 7) == 4 || (insn->opcode & 7) == 7;
}

static bool is_memory(const struct seki_bpf_insn *insn)
{
	return (insn->opcode & 7) >= 1 && (insn->opcode & 7) <= 3;
}

static void change_imm(struct seki_bpf_insn *insn, struct choices *c)
{
	static const int32_t by[] = {1, -1, 1, -1, 2, 4, 8, -8};

	switch (choose(c, 4)) {
	case 0:
		insn->imm = some_imm(c);
		break;
	case 1:
		insn->imm ^= (int32_t)(1u << choose(c, 32));
		break;
	default:
		insn->imm =
			(int32_t)((uint32_t)insn->imm + (uint32_t)by[choose(c, SEKI_COUNT(by))]);
		break;
	}
}

static void change_off(struct seki_bpf_insn *insn, struct choices *c)
{
	static const int16_t by[] = {1, -1, 1, -1, 2, -2, 4, -4, 8, -8};

	insn->off = (int16_t)(insn->off + by[choose(c, SEKI_COUNT(by))]);
}

/* Another comparison, another operation, another width. */
static void change_opcode(struct seki_bpf_insn *insn, struct choices *c)
{
	static const uint8_t ops[] = {ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, MOV, ARSH};

	if (is_jump(insn) && insn->opcode > 0x06) {
		if (choose(c, 3))
			insn->opcode = (uint8_t)((some_condition(c) & 0xf0) |
						 (insn->opcode & 0x0f));
		else
			insn->opcode ^= 3;
	} else if (is_alu(insn) && insn->opcode < 0xd0 && (insn->opcode & 0xf0) != 0x80) {
		if (choose(c, 2))
			insn->opcode = (uint8_t)(ops[choose(c, sizeof(ops))] |
						 (insn->opcode & 0x0f));
		else
			insn->opcode ^= 3;
	} else if (is_memory(insn) && (insn->opcode & 0xe0) == 0x60) {
		insn->opcode = (uint8_t)((insn->opcode & ~0x18) | some_size(c));
	} else {
		change_imm(insn, c);
	}
}

static void change_reg(struct seki_bpf_insn *insn, struct choices *c)
{
	unsigned int reg = (unsigned int)choose(c, 11), shift = choose(c, 2) ? 4 : 0;

	insn->regs = (uint8_t)((insn->regs & (0xf0 >> shift)) | reg << shift);
}

/* As many slots as before. */
static void replace(struct attempt *a, struct choices *c, uint32_t at)
{
	static struct attempt fresh;

	fresh.n = 0;
	gen_wild_insn(&fresh, c);
	if (fresh.n == 1)
		a->insns[at] = fresh.insns[0];
}

static bool second_half(const struct attempt *a, uint32_t at)
{
	return at && a->insns[at - 1].opcode == 0x18;
}

bool mutate(struct attempt *a, struct choices *c)
{
	uint32_t first = a->neutral ? NEUTRAL_PROLOGUE : 0;
	uint32_t at = first + (uint32_t)choose(c, a->n - first);
	struct seki_bpf_insn *insn = &a->insns[at], swap = *insn;

	if (second_half(a, at) || insn->opcode == 0x18)
		return false;
	if (is_jump(insn) && insn->off < 0 && choose(c, 8)) /* most would never end */
		return false;
	switch (choose(c, 8)) {
	case 0:
		change_reg(insn, c);
		break;
	case 1:
		*insn = (struct seki_bpf_insn)JA(0);
		break;
	case 2:
		if (at + 1 == a->n || a->insns[at + 1].opcode == 0x18)
			return false;
		*insn = a->insns[at + 1];
		a->insns[at + 1] = swap;
		break;
	case 3:
		change_opcode(insn, c);
		break;
	case 4:
		replace(a, c, at);
		break;
	default:
		if (is_memory(insn) || (is_jump(insn) && choose(c, 2)))
			change_off(insn, c);
		else if (is_alu(insn) || is_jump(insn) || insn->opcode == 0x85)
			change_imm(insn, c);
		break;
	}
	a->mutated = true;
	return true;
}
