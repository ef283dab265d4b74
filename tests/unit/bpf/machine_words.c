// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bpf/machine_words.h"

#include "tests/unit/bpf/asm.h"

static int64_t sext(uint64_t v, bool wide)
{
	return wide ? (int64_t)v : (int32_t)v;
}

static uint64_t divide(uint8_t op, bool is_signed, uint64_t a, uint64_t b, bool wide)
{
	int64_t sa = sext(a, wide), sb = sext(b, wide);

	if (!b)
		return op == DIV ? 0 : a;
	if (!is_signed)
		return op == DIV ? a / b : a % b;
	if (sb == -1)
		return op == DIV ? 0 - a : 0;
	return (uint64_t)(op == DIV ? sa / sb : sa % sb);
}

uint64_t machine_compute(uint8_t op, bool is_signed, uint64_t a, uint64_t b, bool wide)
{
	unsigned int by = b & (wide ? 63 : 31);

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case ADD:
		a += b;
		break;
	case SUB:
		a -= b;
		break;
	case MUL:
		a *= b;
		break;
	case DIV:
	case MOD:
		a = divide(op, is_signed, a, b, wide);
		break;
	case OR:
		a |= b;
		break;
	case AND:
		a &= b;
		break;
	case LSH:
		a <<= by;
		break;
	case RSH:
		a >>= by;
		break;
	case XOR:
		a ^= b;
		break;
	default:
		a = (uint64_t)(sext(a, wide) >> by);
	}
	return wide ? a : (uint32_t)a;
}

bool machine_compares(uint8_t cond, uint64_t a, uint64_t b, bool wide)
{
	int64_t sa = sext(a, wide), sb = sext(b, wide);

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (cond) {
	case JEQ:
		return a == b;
	case JNE:
		return a != b;
	case JGT:
		return a > b;
	case JGE:
		return a >= b;
	case JLT:
		return a < b;
	case JLE:
		return a <= b;
	case JSGT:
		return sa > sb;
	case JSGE:
		return sa >= sb;
	case JSLT:
		return sa < sb;
	case JSLE:
		return sa <= sb;
	default:
		return a & b;
	}
}
