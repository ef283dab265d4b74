// SPDX-License-Identifier: Apache-2.0
/* Random programs: loops that end, or only nearly, and functions. */
#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

#define DEPTH_MAX 2
#define BODY_ROOM 400

static bool writes_register(const struct seki_bpf_insn *insn)
{
	unsigned int class = insn->opcode & 7;

	return class == 0x04 || class == 0x07 || class == 0x01 || insn->opcode == 0x18;
}

/* What statements write to the loop's own register goes to r4 instead. */
static void keep_register(struct attempt *a, uint32_t from, uint8_t reg)
{
	for (uint32_t i = from; i < a->n; i++)
		if (writes_register(&a->insns[i]) && (a->insns[i].regs & 15) == reg)
			a->insns[i].regs = (uint8_t)((a->insns[i].regs & 0xf0) | 4);
}

static void gen_inside(struct attempt *a, struct choices *c)
{
	uint32_t n = (uint32_t)choose(c, 3);

	a->depth++;
	while (n-- && a->n + BODY_ROOM < INSNS_MAX)
		gen_statement(a, c);
	a->depth--;
}

/* How a loop counts. */
struct counting {
	uint8_t cond, width; /* goes on while the counter is so, by 64 or 32 bits */
	int32_t from, step, bound;
};

static struct counting some_counting(const struct attempt *a, struct choices *c)
{
	static const uint8_t up[] = {JLT, JLT, JLE, JSLT, JSLE, JNE},
			     down[] = {JGT, JGE, JSGT, JSGE, JNE};
	int32_t n = (int32_t)(choose(c, 12) ? 1 + choose(c, a->depth ? 3 : 6)
					    : choose(c, a->depth ? 12 : 70));
	struct counting k = {.width = either(c, JMP64, JMP32), .step = 1, .bound = n};

	k.cond = up[choose(c, sizeof(up))];
	if (choose(c, 4) == 0) {
		k.cond = down[choose(c, sizeof(down))];
		k.from = n;
		k.step = -1;
		k.bound = k.cond == JGE || k.cond == JSGE;
	} else if (choose(c, 4) == 0) {
		k.step = 1 + (int32_t)choose(c, 4);
		k.bound *= k.step;
	}
	switch (choose(c, 60)) { /* something is not as it should be */
	case 0:
		k.step = (int32_t)choose(c, 4) - 2;
		break;
	case 1:
		k.bound = small_imm(c);
		break;
	case 2:
		k.cond = some_condition(c) & 0xf0;
		break;
	case 3:
		k.from = small_imm(c);
		break;
	default:
		break;
	}
	return k;
}

static void jump_back(struct attempt *a, struct seki_bpf_insn insn, uint32_t to)
{
	insn.off = (int16_t)((int32_t)to - (int32_t)a->n - 1);
	emit(a, insn);
}

/* The counter is in the stack; or in r9, which the body leaves alone. */
static void gen_do_while(struct attempt *a, struct choices *c, struct counting k)
{
	int16_t at = (int16_t)(LOOP_SLOT - 8 * (int16_t)a->depth);
	uint8_t size = choose(c, 3) ? DW : W, reg = choose(c, 2) ? 9 : 1;
	uint8_t alu = either(c, ALU64, ALU32);
	uint32_t head;

	if (reg == 9)
		EMIT(MOVI(9, k.from));
	else
		EMIT(STI(size, 10, at, k.from));
	head = a->n;
	gen_inside(a, c);
	if (reg == 9)
		keep_register(a, head, 9);
	else
		EMIT(LD(size, 1, 10, at));
	EMIT(RAW(alu | ADD, reg, 0, 0, k.step));
	if (reg == 1)
		EMIT(STR(size, 10, at, 1));
	jump_back(a, (struct seki_bpf_insn)RAW(k.width | k.cond, reg, 0, 0, k.bound), head);
}

/* Tested before the body, against a bound that the packet or another number gave. */
static void gen_while(struct attempt *a, struct choices *c, struct counting k)
{
	int16_t at = (int16_t)(LOOP_SLOT - 8 * (int16_t)a->depth);
	uint32_t head, test;

	EMIT(MOVR(1, number_reg(c)));
	if (choose(c, 3))
		EMIT(ALUI(AND, 1, (1 << choose(c, 5)) - 1 - (int32_t)choose(c, 2)));
	else
		EMIT(ALUI(MOD, 1, 1 + (int32_t)choose(c, 20)));
	EMIT(STR(DW, 10, at, 1));
	EMIT(MOVI(9, 0));
	head = a->n;
	EMIT(LD(DW, 1, 10, at));
	test = a->n;
	EMIT(RAW(k.width | BY_REG |
			 (choose(c, 3)			? JGE
			  : k.step == 1 && choose(c, 2) ? JEQ
							: JSGE),
		 9, 1, 0, 0));
	gen_inside(a, c);
	keep_register(a, head + 1, 9);
	EMIT(RAW(either(c, ALU64, ALU32) | ADD, 9, 0, 0, k.step));
	jump_back(a, (struct seki_bpf_insn)JA(0), head);
	if (test < INSNS_MAX)
		a->insns[test].off = (int16_t)(a->n - test - 1);
}

/* Bytes of the packet or of the stack, by a pointer that moves to an end. */
static void gen_walk(struct attempt *a, struct choices *c)
{
	int32_t n = 1 + (int32_t)choose(c, 16), step = 1;
	bool stack = choose(c, 2);
	uint8_t size = choose(c, 2) ? B : some_size(c);
	uint32_t head;

	if (choose(c, 4) == 0)
		step += (int32_t)choose(c, 4);
	EMIT(MOVR(3, stack ? 10 : 8));
	if (stack)
		EMIT(ALUI(ADD, 3, (int32_t)choose(c, 8) - 40));
	EMIT(MOVR(4, 3));
	EMIT(ALUI(ADD, 4, n * step + (choose(c, 10) == 0)));
	head = a->n;
	if (choose(c, 3)) {
		EMIT(LD(size, 1, 3, 0));
		EMIT(ALUR(ADD, 9, 1));
	} else {
		EMIT(STR(size, 3, 0, 9));
	}
	EMIT(ALUI(ADD, 3, step));
	jump_back(a, (struct seki_bpf_insn)JMPR(choose(c, 2) ? JNE : JLT, 3, 4, 0), head);
	EMIT(MOVI(3, 0));
	EMIT(MOVI(4, 0));
}

/* A table in the stack is filled, or the packet summed, by an index that counts. */
static void gen_fill(struct attempt *a, struct choices *c)
{
	bool packet = choose(c, 2);
	int32_t n = 1 + (int32_t)choose(c, 18), width = (int32_t)choose(c, 4);
	static const uint8_t sizes[] = {B, H, W, DW};
	int32_t room = packet ? (a->neutral ? NEUTRAL_PACKET : 20) : 40;
	uint32_t head;

	if (choose(c, 4))
		n = room >> width;
	if (choose(c, 10) == 0)
		n++;
	EMIT(MOVI(9, 0));
	head = a->n;
	EMIT(MOVR(1, 9));
	EMIT(RAW(either(c, ALU64, ALU32) | LSH, 1, 0, 0, width));
	EMIT(MOVR(2, packet ? 8 : 10));
	EMIT(ALUR(ADD, 2, 1));
	if (choose(c, 2))
		EMIT(LD(sizes[width], 4, 2, packet ? 0 : -40));
	else
		EMIT(STR(sizes[width], 2, packet ? 0 : -40, 3));
	EMIT(MOVI(2, 1));
	EMIT(RAW(either(c, ALU64, ALU32) | ADD, 9, 0, 0, 1));
	jump_back(a,
		  (struct seki_bpf_insn)RAW(either(c, JMP64, JMP32) | (choose(c, 2) ? JLT : JNE), 9,
					    0, 0, n),
		  head);
}

void gen_loop(struct attempt *a, struct choices *c)
{
	struct counting k = some_counting(a, c);

	if (a->depth == DEPTH_MAX || a->n + BODY_ROOM > INSNS_MAX) {
		gen_constant(a, c);
		return;
	}
	switch (choose(c, 6)) {
	case 0:
		gen_walk(a, c);
		break;
	case 1:
		gen_fill(a, c);
		break;
	case 2:
		gen_while(a, c, k);
		break;
	default:
		gen_do_while(a, c, k);
		break;
	}
}

/* A number that is small, if all is well, in r1. */
static void gen_small(struct attempt *a, struct choices *c)
{
	switch (choose(c, 5)) {
	case 0:
		EMIT(MOVI(1, (int32_t)choose(c, 40)));
		break;
	case 1:
		EMIT(RAW(either(c, ALU64, ALU32) | MOV, 1, 0, 0, small_imm(c)));
		break;
	case 2: /* of either sign */
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, 1, number_reg(c), 0, 0));
		EMIT(ALUI(LSH, 1, 60));
		EMIT(ALUI(ARSH, 1, 60));
		break;
	default:
		EMIT(MOVR(1, number_reg(c)));
		EMIT(ALUI(AND, 1, (1 << choose(c, 6)) - 1));
		break;
	}
	if (choose(c, 3) == 0)
		EMIT(RAW(either(c, ALU64, ALU32) | either(c, ADD, SUB), 1, 0, 0,
			 (int32_t)choose(c, 20)));
}

/* One side of a branch: a number in r1 and a pointer in r5, or in the stack. */
static void gen_side(struct attempt *a, struct choices *c, bool spill)
{
	gen_small(a, c);
	EMIT(MOVR(5, choose(c, 8) ? 10 : 8));
	EMIT(ALUI(ADD, 5, -40 + (choose(c, 3) ? 0 : 8)));
	if (choose(c, 20) == 0)
		EMIT(MOVR(5, number_reg(c)));
	if (!spill)
		return;
	EMIT(STR(choose(c, 3) ? DW : W, 10, LOOP_SLOT, 1));
	if (!a->neutral && choose(c, 3))
		EMIT(STR(DW, 10, POINTER_SLOT, 5));
}

/* Two ways that meet: what is then relied on must hold on both. */
void gen_join(struct attempt *a, struct choices *c)
{
	bool spill = choose(c, 2);
	uint32_t branch = a->n, over;

	EMIT(RAW(some_condition(c), number_reg(c), 0, 0, small_imm(c)));
	gen_side(a, c, spill);
	over = a->n;
	EMIT(JA(0));
	gen_side(a, c, spill);
	if (a->n == INSNS_MAX)
		return;
	a->insns[branch].off = (int16_t)(over - branch);
	a->insns[over].off = (int16_t)(a->n - over - 1);
	if (choose(c, 3) == 0)
		gen_constant(a, c);
	if (spill) {
		EMIT(LD(choose(c, 2) ? DW : W, 1, 10, LOOP_SLOT));
		if (!a->neutral && choose(c, 2))
			EMIT(LD(DW, 5, 10, POINTER_SLOT));
	}
	EMIT(ALUR(ADD, 5, 1));
	EMIT(LD(some_size(c), 4, 5, (int16_t)choose(c, 16)));
	EMIT(MOVI(5, 1));
}

/* The callee may have moved the packet. */
void gen_call(struct attempt *a, struct choices *c)
{
	if (a->n_calls == CALLS_MAX)
		return;
	EMIT(MOVR(4, number_reg(c)));
	EMIT(MOVR(1, 6));
	EMIT(MOVR(2, 8));
	EMIT(MOVR(3, 7));
	EMIT(LD(DW, 5, 10, META_SLOT));
	if (!a->neutral && choose(c, 4) == 0) { /* its own slots */
		EMIT(MOVR(5, 10));
		EMIT(ALUI(ADD, 5, -40));
	}
	if (a->n == INSNS_MAX)
		return;
	a->calls[a->n_calls++] = a->n;
	EMIT(LOCAL(0));
	if (choose(c, 2))
		EMIT(MOVR(9, 0));
	if (!a->neutral && choose(c, 4)) {
		EMIT(MOVR(1, 6));
		EMIT(CALL(9));
		EMIT(MOVR(8, 0));
	}
	refill(a, c);
}

void gen_functions(struct attempt *a, struct choices *c,
		   void (*body)(struct attempt *, struct choices *))
{
	uint32_t starts[CALLS_MAX], n = 0;

	for (uint32_t i = 0; i < a->n_calls; i++) {
		uint32_t to;

		if (n && (choose(c, 16) == 0 || a->n + 100 > INSNS_MAX)) {
			to = starts[choose(c, n)];
		} else {
			to = starts[n++] = a->n;
			body(a, c);
		}
		a->insns[a->calls[i]].imm = (int32_t)to - (int32_t)a->calls[i] - 1;
	}
}
