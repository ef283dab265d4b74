// SPDX-License-Identifier: Apache-2.0
/* Random programs that do with packet lengths what real ones do, and more: see the header. */
#include <string.h>

#include "core/base/check.h"
#include "tests/fuzz/bpf/attempt.h"

#define SLOTS	   5 /* numbers in the stack, from r10 - 8 down */
#define META_SLOT  (-64)
#define KEY_SLOT   (-76)
#define STATEMENTS 24
#define ROOM	   60 /* instructions that a statement takes at most */

#define ALU64	   0x07
#define ALU32	   0x04
#define JMP64	   0x05
#define JMP32	   0x06
#define BY_REG	   0x08

uint8_t either(struct choices *c, uint8_t a, uint8_t b)
{
	return choose(c, 2) ? a : b;
}

uint8_t number_reg(struct choices *c)
{
	static const uint8_t regs[] = {1, 2, 3, 4, 5, 7, 7, 7, 9, 9};

	return regs[choose(c, sizeof(regs))];
}

uint8_t scratch_reg(struct choices *c)
{
	return (uint8_t)(1 + choose(c, 5));
}

int16_t slot(struct choices *c)
{
	return (int16_t)(-8 * (int16_t)(1 + choose(c, SLOTS)));
}

int32_t small_imm(struct choices *c)
{
	return choose(c, 4) ? (int32_t)choose(c, 80) - 16 : some_imm(c);
}

/* What a call has destroyed is a number again: a copy, a spill, a constant. */
void refill(struct attempt *a, struct choices *c)
{
	for (uint8_t reg = 1; reg <= 5; reg++)
		switch (choose(c, 6)) {
		case 0:
			EMIT(MOVR(reg, either(c, 7, 9)));
			break;
		case 1:
			EMIT(MOV32R(reg, either(c, 7, 9)));
			break;
		case 2:
			EMIT(LD(DW, reg, 10, slot(c)));
			break;
		default:
			EMIT(MOVI(reg, small_imm(c)));
			break;
		}
}

void bail(struct attempt *a)
{
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
}

static void gen_alu(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {ADD, SUB, ADD, SUB, MUL, DIV, OR,	 AND,
				      LSH, RSH, MOD, XOR, MOV, MOV, ARSH};
	uint8_t op = ops[choose(c, sizeof(ops))], class = either(c, ALU64, ALU32);
	int16_t off = 0;

	if (choose(c, 2)) {
		if (op == MOV && !choose(c, 3))
			off = (int16_t)(8 << choose(c, class == ALU64 ? 3 : 2));
		EMIT(RAW(class | BY_REG | op, number_reg(c), number_reg(c), off, 0));
	} else {
		EMIT(RAW(class | op, number_reg(c), 0, 0, small_imm(c)));
	}
}

/* Half of what v1 code does to cut a number to 32 bits; the other half may be elsewhere. */
static void gen_shift(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {LSH, LSH, RSH, ARSH};
	uint8_t reg = choose(c, 3) ? scratch_reg(c) : number_reg(c);

	EMIT(ALUI(ops[choose(c, sizeof(ops))], reg, 32));
}

static void gen_spill(struct attempt *a, struct choices *c)
{
	uint8_t size = choose(c, 2) ? DW : some_size(c);
	int16_t at = (int16_t)(slot(c) + (size == DW || choose(c, 2) ? 0 : 4));

	switch (choose(c, 4)) {
	case 0:
	case 1:
		EMIT(STR(size, 10, at, number_reg(c)));
		break;
	case 2:
		EMIT(LD(size, number_reg(c), 10, at));
		break;
	default:
		EMIT(RAW((size == DW ? 0x61 : 0x81) | size, number_reg(c), 10, at, 0));
		break;
	}
}

/* A number of the host's: 32 bits of anything. */
static void gen_source(struct attempt *a, struct choices *c)
{
	switch (choose(c, 4)) {
	case 0:
		EMIT(MOVR(1, 6));
		EMIT(CALL(10));
		EMIT(MOVR(9, 0));
		refill(a, c);
		break;
	case 1:
		EMIT(LD(some_size(c), 9, 8, (int16_t)choose(c, 16)));
		break;
	default:
		EMIT(LD(DW, 1, 10, META_SLOT));
		EMIT(LD(W, 9, 1, choose(c, 4) ? 0 : 4));
		break;
	}
}

uint8_t some_condition(struct choices *c)
{
	static const uint8_t ops[] = {JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, JLT, JLE, JSLT, JSLE};

	return (uint8_t)(ops[choose(c, sizeof(ops))] | either(c, JMP64, JMP32));
}

static struct seki_bpf_insn some_jump(struct choices *c, int16_t off)
{
	uint8_t op = some_condition(c), reg = number_reg(c);

	if (choose(c, 3) == 0)
		return (struct seki_bpf_insn)RAW(op | BY_REG, reg, number_reg(c), off, 0);
	return (struct seki_bpf_insn)RAW(op, reg, 0, off, small_imm(c));
}

/* Over some statements. */
static void gen_jump(struct attempt *a, struct choices *c)
{
	if (a->n_jumps == JUMPS_MAX)
		return;
	a->jumps[a->n_jumps].at = a->n;
	a->jumps[a->n_jumps++].statement = a->statement + 1 + (uint32_t)choose(c, 5);
	emit(a, some_jump(c, 0));
}

static void gen_probe(struct attempt *a, struct choices *c)
{
	int16_t at = (int16_t)choose(c, 100);

	if (choose(c, 4))
		EMIT(LD(some_size(c), either(c, 4, 9), 8, at));
	else
		EMIT(STR(some_size(c), 8, at, number_reg(c)));
}

/* Goes on only with a packet that is long enough, by some number that may be its length. */
static void gen_length_check(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {JGE, JGE, JGT, JSGE, JSGT};
	uint8_t op = (uint8_t)(ops[choose(c, sizeof(ops))] | either(c, JMP64, JMP32));
	uint8_t reg = choose(c, 3) ? 7 : number_reg(c);
	int16_t end = (int16_t)(4 + choose(c, 110));

	if (choose(c, 5)) {
		EMIT(RAW(op, reg, 0, 2, end));
		bail(a);
		/* The last bytes of what was proved are the best place to look. */
		EMIT(LD(W, either(c, 4, 9), 8, (int16_t)(end - 4 + !choose(c, 8))));
	} else {
		EMIT(RAW(op | BY_REG, reg, number_reg(c), 2, 0));
		bail(a);
	}
	gen_probe(a, c);
}

/* The length is compared with a place that the packet, or whoever, tells; then it is looked at. */
static void gen_place(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {JGE, JGT, JSGE}, reverse[] = {JLE, JLT, JSLE};
	uint8_t width = either(c, JMP64, JMP32), which = (uint8_t)choose(c, 3);
	uint8_t by = either(c, ALU64, ALU32);

	EMIT(MOVR(1, number_reg(c)));
	if (choose(c, 4))
		EMIT(RAW(by | AND, 1, 0, 0, (1 << choose(c, 7)) - 1));
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, 2, 1, 0, 0));
	EMIT(RAW(either(c, ALU64, ALU32) | ADD, 2, 0, 0, (int32_t)choose(c, 24)));
	if (choose(c, 2))
		EMIT(RAW(width | BY_REG | ops[which], 7, 2, 2, 0));
	else
		EMIT(RAW(width | BY_REG | reverse[which], 2, 7, 2, 0));
	bail(a);
	EMIT(MOVR(3, 8));
	EMIT(ALUR(ADD, 3, choose(c, 3) ? 1 : 2));
	for (int i = 0; i < 3; i++)
		EMIT(LD(some_size(c), 4, 3, (int16_t)((int16_t)choose(c, 28) - 4)));
}

/* A copy of a number, moved a bit, through the stack or not, and compared. */
static void gen_derived(struct attempt *a, struct choices *c)
{
	uint8_t reg = scratch_reg(c);
	int16_t at = slot(c);

	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | MOV, reg, number_reg(c), 0, 0));
	EMIT(RAW(either(c, ALU64, ALU32) | either(c, ADD, SUB), reg, 0, 0, small_imm(c)));
	if (choose(c, 2)) {
		uint8_t size = choose(c, 2) ? DW : some_size(c);

		EMIT(STR(size, 10, at, reg));
		EMIT(LD(size, reg, 10, at));
	}
	EMIT(RAW(some_condition(c), reg, 0, 2,
		 choose(c, 2) ? (int32_t)choose(c, 4) : small_imm(c)));
	bail(a);
	gen_probe(a, c);
}

/* Moves the head by what r2 is set to. Returns a register that holds the number still. */
static uint8_t gen_move(struct attempt *a, struct choices *c)
{
	static const uint8_t kept[] = {9, 9, 9, 7};
	uint8_t by = kept[choose(c, sizeof(kept))];

	switch (choose(c, 5)) {
	case 0: /* a number that is in the stack, or was */
		EMIT(LD(DW, 2, 10, slot(c)));
		break;
	case 1:
		EMIT(MOVR(2, by));
		EMIT(RAW(either(c, ALU64, ALU32) | either(c, ADD, SUB), 2, 0, 0,
			 (int32_t)choose(c, 60)));
		break;
	case 2:
		EMIT(RAW(ALU64 | BY_REG | MOV, 2, by, 32, 0));
		break;
	default:
		EMIT(MOVR(2, by));
		break;
	}
	if (choose(c, 4) == 0)
		EMIT(STR(DW, 10, slot(c), 2));
	if (choose(c, 4) == 0) /* the length as it was may be of use */
		EMIT(STR(DW, 10, slot(c), 7));
	EMIT(MOVR(1, 6));
	EMIT(CALL(8));
	EMIT(MOVR(8, 0));
	refill(a, c);
	return by;
}

/* The length is changed as programs do it after a move, or by another number. */
static void gen_new_length(struct attempt *a, struct choices *c, uint8_t by)
{
	uint8_t class = either(c, ALU64, ALU32) | BY_REG;

	switch (choose(c, 9)) {
	case 0:
		break;
	case 5: /* and what it was is kept */
		EMIT(MOVR(1, 7));
		EMIT(RAW(class | ADD, 7, by, 0, 0));
		EMIT(MOVR(9, 1));
		break;
	case 1: /* in a register of its own */
		EMIT(MOVR(9, 7));
		EMIT(RAW(class | ADD, 9, by, 0, 0));
		break;
	case 2:
		EMIT(LD(DW, 2, 10, slot(c)));
		EMIT(RAW(class | ADD, 7, 2, 0, 0));
		break;
	case 3:
		EMIT(RAW(class | either(c, ADD, SUB), 7, number_reg(c), 0, 0));
		break;
	case 4:
		EMIT(RAW(class | ADD, 7, 7, 0, 0));
		break;
	default:
		EMIT(RAW(class | ADD, 7, by, 0, 0));
		break;
	}
}

static void gen_adjust(struct attempt *a, struct choices *c)
{
	if (choose(c, 3)) {
		gen_new_length(a, c, gen_move(a, c));
		if (choose(c, 3) == 0)
			gen_new_length(a, c, gen_move(a, c));
	} else {
		int32_t by = (int32_t)choose(c, 80) - 50;

		EMIT(MOVR(1, 6));
		EMIT(MOVI(2, by));
		EMIT(CALL(8));
		EMIT(MOVR(8, 0));
		refill(a, c);
		if (choose(c, 2))
			EMIT(RAW(either(c, ALU64, ALU32) | ADD, 7, 0, 0, by));
	}
	if (choose(c, 2))
		gen_length_check(a, c);
}

/* A number that is wide on one side of a branch; the head moves by it on both. */
static void gen_two_moves(struct attempt *a, struct choices *c)
{
	uint32_t branch, skip;

	if (choose(c, 2)) {
		EMIT(LD(DW, 1, 10, META_SLOT));
		EMIT(LD(W, 9, 1, 0));
	}
	EMIT(MOVR(3, 9));
	EMIT(ALUI(LSH, 3, 32));
	EMIT(STR(DW, 10, -8, 3));
	branch = a->n;
	EMIT(JMPI(either(c, JSGT, JGT), 9, INT32_MAX, 0));
	if (choose(c, 2)) { /* once more before, by some 32 bits */
		EMIT(MOVR(1, 6));
		EMIT(CALL(10));
		EMIT(MOVR(2, 0));
		EMIT(STR(DW, 10, -16, 2));
		EMIT(MOVR(1, 6));
		EMIT(CALL(8));
		EMIT(LD(DW, 2, 10, -16));
		EMIT(ALU32R(ADD, 7, 2));
		EMIT(STI(DW, 10, -16, 0));
	}
	EMIT(MOVR(1, 6));
	EMIT(MOVR(2, 9));
	EMIT(CALL(8));
	skip = a->n;
	EMIT(JA(0));
	a->insns[branch].off = (int16_t)(a->n - branch - 1);
	EMIT(MOVR(1, 6));
	EMIT(MOVR(2, 9));
	EMIT(CALL(8));
	a->insns[skip].off = (int16_t)(a->n - skip - 1);
	EMIT(MOVR(8, 0));
	EMIT(LD(DW, 3, 10, -8));
	EMIT(ALUI(RSH, 3, 32));
	EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | ADD, 7, 3, 0, 0));
	refill(a, c);
	gen_length_check(a, c);
}

static void gen_truncate(struct attempt *a, struct choices *c)
{
	EMIT(MOVR(1, 6));
	if (choose(c, 2))
		EMIT(MOVI(2, (int32_t)choose(c, 90)));
	else
		EMIT(MOVR(2, choose(c, 2) ? 7 : 9));
	EMIT(CALL(11));
	if (choose(c, 3))
		EMIT(RAW(either(c, ALU64, ALU32) | BY_REG | SUB, 7, 0, 0, 0));
	if (choose(c, 3) == 0)
		EMIT(MOVR(9, 0));
	if (choose(c, 3) == 0)
		EMIT(STR(DW, 10, slot(c), 0));
	if (choose(c, 2)) {
		EMIT(MOVR(1, 6));
		EMIT(CALL(9));
		EMIT(MOVR(8, 0));
	}
	refill(a, c);
	if (choose(c, 2))
		gen_length_check(a, c);
}

static void gen_ask(struct attempt *a, struct choices *c)
{
	EMIT(MOVI(1, 100));
	EMIT(CALL(33));
	if (choose(c, 2))
		EMIT(MOVR(9, 0));
	refill(a, c);
}

/* Pointers that were moved, compared with NULL. */
static void gen_null(struct attempt *a, struct choices *c)
{
	EMIT(MOVR(3, choose(c, 2) ? 8 : 10));
	if (choose(c, 2))
		EMIT(ALUI(ADD, 3, small_imm(c)));
	EMIT(JMPI(either(c, JEQ, JNE), 3, 0, 2));
	bail(a);
	EMIT(MOVI(3, 0));
}

typedef void (*statement)(struct attempt *, struct choices *);

void gen_statement(struct attempt *a, struct choices *c)
{
	/* Those before gen_source mean the same to the kernel. */
	static const statement statements[] = {
		gen_alu,      gen_alu,	    gen_alu,	      gen_shift,    gen_spill,
		gen_spill,    gen_jump,	    gen_jump,	      gen_index,    gen_index,
		gen_lookup,   gen_lookup,   gen_atomic,	      gen_constant, gen_change_map,
		gen_bytes,    gen_loop,	    gen_loop,	      gen_call,	    gen_join,
		gen_join,     gen_rows,	    gen_rows,	      gen_source,   gen_probe,
		gen_place,    gen_derived,  gen_length_check, gen_adjust,   gen_adjust,
		gen_adjust,   gen_truncate, gen_two_moves,    gen_ask,	    gen_null,
		gen_pointers, gen_helper,   gen_keep_pointer, gen_relation, gen_dead,
		gen_dead,     gen_relation, gen_relation,     gen_relation, gen_place,
		gen_pointers,
	};
	const uint64_t neutral = 23;

	statements[choose(c, a->neutral ? neutral : SEKI_COUNT(statements))](a, c);
}

static void start(struct attempt *a, struct choices *c)
{
	for (int16_t i = 1; i <= SLOTS; i++)
		if (choose(c, 2))
			EMIT(STR(DW, 10, (int16_t)(-8 * i), either(c, 7, 9)));
		else
			EMIT(STI(DW, 10, (int16_t)(-8 * i), small_imm(c)));
	refill(a, c);
}

/* Up to `n` statements, and the end, to which all jumps that lead too far go. */
static void gen_body(struct attempt *a, struct choices *c, uint32_t n)
{
	uint32_t starts[STATEMENTS + 1];

	a->n_jumps = a->depth = 0;
	for (a->statement = 0; a->statement < n; a->statement++) {
		starts[a->statement] = a->n;
		if (a->n + ROOM < INSNS_MAX)
			gen_statement(a, c);
	}
	starts[n] = a->n;
	for (uint32_t i = 0; i < a->n_jumps; i++) {
		uint32_t to = starts[seki_min(a->jumps[i].statement, n)], at = a->jumps[i].at;

		a->insns[at].off = (int16_t)(to - at - 1);
	}
}

/* What callers pass: context, packet, length, a number, the metadata or another number. */
static void gen_function(struct attempt *a, struct choices *c)
{
	EMIT(MOVR(6, 1));
	EMIT(MOVR(8, 2));
	EMIT(MOVR(7, 3));
	EMIT(MOVR(9, 4));
	EMIT(STR(DW, 10, META_SLOT, 5));
	start(a, c);
	gen_body(a, c, 1 + (uint32_t)choose(c, 4));
	EMIT(MOVR(0, number_reg(c)));
	EMIT(EXIT);
}

void neutral_prologue(struct seki_bpf_insn *out, bool kernel)
{
	static const struct seki_bpf_insn ours[NEUTRAL_PROLOGUE] = {
		MOVR(6, 1), LD(W, 7, 2, 4), STR(DW, 10, META_SLOT, 7),
		CALL(9),    MOVR(8, 0),	    JMPI(JGE, 7, NEUTRAL_PACKET, 2),
		MOVI(0, 0), EXIT,	    JA(0)};
	static const struct seki_bpf_insn theirs[NEUTRAL_PROLOGUE] = {MOVR(6, 1),
								      LD(W, 8, 1, 0),
								      LD(W, 7, 1, 4),
								      MOVR(1, 8),
								      ALUI(ADD, 1, NEUTRAL_PACKET),
								      JMPR(JLE, 1, 7, 2),
								      MOVI(0, 0),
								      EXIT,
								      ALUR(SUB, 7, 8)};

	memcpy(out, kernel ? theirs : ours, sizeof(ours));
}

static void gen_prologue(struct attempt *a, struct choices *c)
{
	if (a->neutral) {
		neutral_prologue(a->insns, false);
		a->n = NEUTRAL_PROLOGUE;
		EMIT(LD(some_size(c), 9, 8, 8));
		EMIT(STR(DW, 10, META_SLOT, 7));
	} else {
		EMIT(MOVR(6, 1));
		EMIT(LD(W, 7, 2, 4));
		EMIT(LD(W, 9, 2, 0));
		EMIT(STR(DW, 10, META_SLOT, 2));
		EMIT(CALL(9));
		EMIT(MOVR(8, 0));
	}
	start(a, c);
}

/* The numbers are the result: in the packet, where it is known to be long enough. */
static void gen_epilogue(struct attempt *a, struct choices *c)
{
	if (a->neutral) {
		for (uint8_t reg = 1; reg <= 5; reg++)
			EMIT(STR(DW, 8, (int16_t)(8 * reg), reg));
		EMIT(STR(DW, 8, 48, 9));
		EMIT(LD(DW, 1, 10, slot(c)));
		EMIT(STR(DW, 8, 56, 1));
		EMIT(STR(DW, 8, 0, 7));
		EMIT(MOVR(0, 9));
		EMIT(EXIT);
		return;
	}
	if (choose(c, 2)) {
		EMIT(MOVR(0, either(c, 9, scratch_reg(c))));
		EMIT(EXIT);
	} else {
		bail(a);
	}
}

void generate_typed(struct attempt *a, struct choices *c, bool neutral)
{
	a->n = a->n_calls = 0;
	a->neutral = neutral;
	gen_prologue(a, c);
	gen_body(a, c, 2 + (uint32_t)choose(c, neutral || choose(c, 3) ? 8 : STATEMENTS - 2));
	gen_epilogue(a, c);
	gen_functions(a, c, gen_function);
}
