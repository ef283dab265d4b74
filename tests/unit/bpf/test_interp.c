// SPDX-License-Identifier: Apache-2.0
/*
 * The interpreter without a guard: sequences that it does in one step leave what a guarded run,
 * which does one instruction after the other, leaves; instructions are counted; fuel ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "core/bpf/fuse.h"
#include "core/bpf/interp.h"
#include "tests/unit/bpf/asm.h"

#define INSNS_MAX 200
#define MEMORY	  192
#define RESULTS	  96 /* offset in the memory; below it programs do as they like */
#define BASE	  9  /* the register that holds its address, if they let it */
#define ELSEWHERE 8  /* its address and 3 */

struct code {
	struct seki_bpf_insn insns[INSNS_MAX];
	uint32_t n;
};

struct world {
	struct seki_bpf_op ops[INSNS_MAX];
	uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	uint8_t memory[MEMORY];
	struct seki_bpf_vm vm;
	uint64_t r0;
	int err;
};

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct world *w = arg;

	(void)write;
	return seki_in_range(addr - (uint64_t)(uintptr_t)w->memory, len, MEMORY);
}

static uint64_t sum(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
		    uint64_t a5)
{
	uint64_t word;

	(void)vm, (void)a3, (void)a4, (void)a5;
	memcpy(&word, (const void *)(uintptr_t)a2, sizeof(word));
	return a1 + word;
}

static void run(struct world *w, const struct seki_bpf_insn *insns, uint32_t n, bool guarded,
		uint64_t limit)
{
	static const seki_bpf_helper helpers[] = {NULL, sum};
	static uint64_t maps[] = {70000};
	struct seki_bpf_guard guard = {.allows = allows, .arg = w, .max_insns = limit};
	struct seki_bpf_fault fault;

	assert_int_equal(seki_bpf_decode(insns, n, w->ops, &fault), 0);
	for (int i = 0; i < MEMORY; i++)
		w->memory[i] = (uint8_t)(i * 37 + 11);
	memset(w->stack, 0x5a, sizeof(w->stack));
	w->vm = (struct seki_bpf_vm){
		.ops = w->ops,
		.stack = w->stack,
		.maps = maps,
		.n_maps = SEKI_COUNT(maps),
		.helpers = helpers,
		.n_helpers = SEKI_COUNT(helpers),
		.guard = guarded ? &guard : NULL,
		.fuel = limit,
	};
	w->err = seki_bpf_interp(&w->vm, (uint64_t)(uintptr_t)w->memory, 5, &w->r0);
}

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)random_state * n) >> 32);
}

static void add(struct code *c, struct seki_bpf_insn insn)
{
	assert_true(c->n < INSNS_MAX);
	c->insns[c->n++] = insn;
}

static int32_t some_imm(void)
{
	static const int32_t some[] = {0, 1, 8, 16, 32, -1, 255, 0xffff, 0x7fffffff, -128};

	return below(3) ? some[below(SEKI_COUNT(some))] : (int32_t)(random_state * 40503u);
}

/* One instruction of that id, on `dst`, in a way that decodes. */
static void add_insn(struct code *c, unsigned int id, unsigned int dst)
{
	const struct seki_bpf_row *row = &seki_bpf_rows[id];
	unsigned int src = below(4) ? below(5) : dst;
	int32_t imm = row->operand == SEKI_OPERAND_IMM ? some_imm() : 0;
	int16_t off = 0;

	if (row->kind == SEKI_KIND_ALU && row->operand == SEKI_OPERAND_NONE)
		imm = row->select;
	else if (row->kind == SEKI_KIND_ALU)
		off = row->select;
	if (row->kind == SEKI_KIND_LOAD)
		src = below(30) ? BASE : src;
	if (row->kind == SEKI_KIND_STORE)
		dst = BASE;
	if (row->kind == SEKI_KIND_LOAD || row->kind == SEKI_KIND_STORE)
		off = (int16_t)below(4);
	if (row->kind == SEKI_KIND_JUMP)
		off = (int16_t)below(6);
	if (row->operand != SEKI_OPERAND_REG && row->kind != SEKI_KIND_LOAD)
		src = 0;
	add(c, (struct seki_bpf_insn)RAW(row->opcode, dst, src, off, imm));
}

static bool is_plain(unsigned int id)
{
	uint8_t kind = seki_bpf_rows[id].kind;

	return kind == SEKI_KIND_ALU || kind == SEKI_KIND_LOAD || kind == SEKI_KIND_STORE ||
	       kind == SEKI_KIND_JUMP;
}

static void add_fusion(struct code *c)
{
	static const uint8_t ids[][3] = {
#define X(rule, last, n, first, second, third) {SEKI_OP_##first, SEKI_OP_##second, SEKI_OP_##third},
		SEKI_FUSIONS(X)
#undef X
	};
	const uint8_t *which = ids[below(SEKI_COUNT(ids))];
	unsigned int dst = below(5);

	for (int i = 0; i < 3 && which[i]; i++)
		add_insn(c, which[i], below(8) ? dst : below(5));
}

/* Two bytes put together, in the ways of compilers and in some that only look like them. */
static void add_word(struct code *c)
{
	unsigned int high = below(5), low = below(6) ? (high + 1) % 5 : high;
	int16_t at = (int16_t)below(60), other = (int16_t)(at + (below(2) ? 1 : -1));
	int wide = below(2) ? 0x07 : 0x04, order = (int)below(5), by = below(8) ? 8 : 16;
	unsigned int base = below(10) ? BASE : ELSEWHERE;
	struct seki_bpf_insn load_high = LD(B, high, below(10) ? base : BASE, at);
	struct seki_bpf_insn load_low = LD(B, low, base, below(10) ? other : at);
	struct seki_bpf_insn shift = RAW(wide | LSH, high, 0, 0, by);

	add(c, order < 2 ? load_high : load_low);
	if (order == 0 || order == 4)
		add(c, shift);
	add(c, order < 2 ? load_low : load_high);
	if (order != 0 && order != 4)
		add(c, shift);
	add(c, (struct seki_bpf_insn)RAW(wide | 0x08 | OR, below(12) ? high : low,
					 below(12) ? low : high, 0, 0));
}

static void make_program(struct code *c)
{
	c->n = 0;
	add(c, (struct seki_bpf_insn)MOVR(BASE, 1));
	for (unsigned int i = 0; i < ELSEWHERE; i++)
		add(c, (struct seki_bpf_insn)MOVI(i, some_imm()));
	add(c, (struct seki_bpf_insn)MOVR(ELSEWHERE, BASE));
	add(c, (struct seki_bpf_insn)ALUI(ADD, ELSEWHERE, 3));
	while (c->n < 60) {
		unsigned int choice = below(10), id = below(SEKI_OP_COUNT);

		if (choice < 5)
			add_fusion(c);
		else if (choice < 8)
			add_word(c);
		else if (is_plain(id))
			add_insn(c, id, below(60) ? below(5) : BASE);
	}
	/* Where the last jumps lead. */
	for (unsigned int i = 0; i < ELSEWHERE; i++)
		add(c, (struct seki_bpf_insn)STR(DW, BASE, (int16_t)(RESULTS + 8 * i), i));
	add(c, (struct seki_bpf_insn)MOVI(0, 0));
	add(c, (struct seki_bpf_insn)RAW(0x95, 0, 0, 0, 0));
}

static void sequences_do_what_their_parts_do(void **state)
{
	static struct world one, other;
	static uint32_t seen[SEKI_FAST_COUNT];
	static struct code code;
	uint32_t compared = 0;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		make_program(&code);
		run(&one, code.insns, code.n, true, 1000);
		if (one.err)
			continue;
		for (uint32_t k = 0; k < code.n; k++)
			seen[one.ops[k].fast]++;
		/* At the same address, as registers may hold it. */
		other = one;
		run(&one, code.insns, code.n, false, 0);
		compared++;
		assert_int_equal(one.err, 0);
		assert_int_equal(one.vm.insns, other.vm.insns);
		assert_memory_equal(one.memory, other.memory, MEMORY);
	}
	assert_true(compared > 30000);
	for (int i = SEKI_OP_COUNT; i < SEKI_FAST_ADDRESS_MAP_CALL; i++)
		if (!seen[i])
			fail_msg("no program had sequence %d", i);
}

static void calls_on_maps(void **state)
{
	const struct seki_bpf_insn insns[] = {
		STI(DW, 10, -8, 7),
		MOVR(2, 10),
		ALUI(ADD, 2, -8),
		RAW(0x18, 1, 5, 0, 0),
		RAW(0, 0, 0, 0, 0),
		CALL(1),
		EXIT,
	};
	static struct world w;

	(void)state;
	for (int guarded = 0; guarded < 2; guarded++) {
		run(&w, insns, SEKI_COUNT(insns), guarded, 100);
		assert_int_equal(w.ops[1].fast, SEKI_FAST_ADDRESS_MAP_CALL);
		assert_int_equal(w.ops[3].fast, SEKI_FAST_MAP_CALL);
		assert_int_equal(w.err, 0);
		assert_int_equal(w.r0, 70007);
		assert_int_equal(w.vm.insns, 6);
	}
}

/* What no program that may run can show. */
static void what_is_no_sequence(void **state)
{
	static const struct {
		struct seki_bpf_insn insns[6];
		uint8_t fast;
	} cases[] = {
		{{LD(B, 1, 3, 1), ALU32I(LSH, 1, 8), LD(B, 2, 3, 0), ALU32R(OR, 1, 2), EXIT, EXIT},
		 SEKI_FAST_DOWN_LITTLE},
		/* The base goes with the first byte. */
		{{LD(B, 1, 1, 1), ALU32I(LSH, 1, 8), LD(B, 2, 1, 0), ALU32R(OR, 1, 2), EXIT, EXIT},
		 SEKI_OP_LDB},
		/* r2 is not what was moved. */
		{{MOVR(3, 10), ALUI(ADD, 2, -8), MAP(1, 0), CALL(1), EXIT}, SEKI_OP_MOV64_REG},
	};
	static struct seki_bpf_op ops[6];
	struct seki_bpf_fault fault;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(cases); i++) {
		assert_int_equal(seki_bpf_decode(cases[i].insns, 6, ops, &fault), 0);
		assert_int_equal(ops[0].fast, cases[i].fast);
	}
}

static void instructions_are_counted(void **state)
{
	/* 3 rounds, a jump over two slots, a function of two, and 64-bit loads count once. */
	const struct seki_bpf_insn insns[] = {
		MOVI(0, 3),	       /* 1 */
		RAW(0x18, 1, 0, 0, 9), /* 3 times 1 */
		RAW(0, 0, 0, 0, 1),    /* */
		ALUI(ADD, 0, -1),      /* 3 */
		JMPI(JNE, 0, 0, -4),   /* 3 */
		JA(2),		       /* 1 */
		MOVI(0, 0),	       /* */
		MOVI(0, 0),	       /* */
		RAW(0x85, 0, 1, 0, 1), /* 1 */
		EXIT,		       /* 1 */
		MOVI(0, 5),	       /* 1 */
		EXIT,		       /* 1 */
	};
	static struct world w;

	(void)state;
	for (int guarded = 0; guarded < 2; guarded++) {
		run(&w, insns, SEKI_COUNT(insns), guarded, 15);
		assert_int_equal(w.err, 0);
		assert_int_equal(w.vm.insns, 15);
		assert_int_equal(w.r0, 5);
	}
	run(&w, insns, SEKI_COUNT(insns), true, 14);
	assert_int_equal(w.err, -ELOOP);
}

static void fuel_ends_it(void **state)
{
	const struct seki_bpf_insn loop[] = {MOVI(0, 0), ALUI(ADD, 0, 1), JMPI(JGT, 0, 0, -2),
					     EXIT};
	const struct seki_bpf_insn itself[] = {JA(0), JA(-1)};
	const struct seki_bpf_insn calls[] = {
		MOVI(0, 0), RAW(0x85, 0, 1, 0, 2), RAW(0x85, 0, 1, 0, 1), EXIT, MOVI(0, 1), EXIT,
	};
	static struct world w;

	(void)state;
	run(&w, loop, SEKI_COUNT(loop), false, 10);
	assert_int_equal(w.err, -ELOOP);
	assert_int_equal(w.vm.stop, -ELOOP);
	assert_int_equal(w.vm.pc, 2);
	assert_int_equal(w.vm.insns, 1 + 2 * 11);
	run(&w, itself, SEKI_COUNT(itself), false, 0);
	assert_int_equal(w.err, -ELOOP);
	run(&w, calls, SEKI_COUNT(calls), false, 1);
	assert_int_equal(w.err, -ELOOP);
	run(&w, calls, SEKI_COUNT(calls), false, 2);
	assert_int_equal(w.err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_do_what_their_parts_do),
		cmocka_unit_test(calls_on_maps),
		cmocka_unit_test(what_is_no_sequence),
		cmocka_unit_test(instructions_are_counted),
		cmocka_unit_test(fuel_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
