// SPDX-License-Identifier: Apache-2.0
/*
 * Compiled code against the interpreter: each instruction with each pair of registers, as their
 * encodings differ, on operands at the edges, with and without what only some processors have.
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
#include "lib/bpf/code.h"
#include "tests/unit/bpf/asm.h"

#define REGS  10 /* r0 to r9 */
#define AREA  8	 /* 64-bit words that memory instructions work on */
#define INSNS 64

static const uint64_t edges[] = {0,
				 1,
				 2,
				 31,
				 64,
				 0x7f,
				 0x80,
				 0xff01,
				 0x7fffffff,
				 0x80000000,
				 0xffffffff,
				 0x100000000,
				 0x0123456789abcdef,
				 0x7fffffffffffffff,
				 0x8000000000000000,
				 0xffffffff80000000,
				 0xffffffffffffffff};
static const int32_t imms[] = {0,  1,  -1,  2,	 7,    8,    31,	 32,	    63,
			       64, -2, 127, 128, -128, -129, 0x7fffffff, INT32_MIN, 0x12345678};

/* What a program finds at r1 and leaves there. */
struct world {
	uint64_t in[REGS];
	uint64_t area[AREA];
	uint64_t out[REGS];
};

struct program {
	struct seki_bpf_insn insns[INSNS];
	struct seki_bpf_op ops[INSNS];
	uint32_t n;
	struct seki_bpf_code code;
};

static uint32_t without;
static bool plain;

static void add(struct program *p, struct seki_bpf_insn insn)
{
	assert_true(p->n < INSNS);
	p->insns[p->n++] = insn;
}

/* A register that is neither. */
static unsigned int third(unsigned int a, unsigned int b)
{
	unsigned int r = REGS - 1;

	while (r == a || r == b)
		r--;
	return r;
}

/* All registers but `base` are loaded, `what` is done, and all are stored. */
static void build(struct program *p, const struct seki_bpf_insn *what, uint32_t n,
		  unsigned int base)
{
	struct seki_bpf_fault fault;
	struct seki_jit_input in = {.packet_at = -1, .plain = plain};

	p->n = 0;
	add(p, (struct seki_bpf_insn)MOVR(base, 1));
	for (unsigned int r = 0; r < REGS; r++)
		if (r != base)
			add(p, (struct seki_bpf_insn)LD(DW, r, base, 8 * r));
	for (uint32_t i = 0; i < n; i++)
		add(p, what[i]);
	for (unsigned int r = 0; r < REGS; r++)
		if (r != base)
			add(p, (struct seki_bpf_insn)STR(DW, base,
							 offsetof(struct world, out) + 8 * r, r));
	add(p, (struct seki_bpf_insn)MOVI(0, 7));
	add(p, (struct seki_bpf_insn)EXIT);
	if (seki_bpf_decode(p->insns, p->n, p->ops, &fault))
		fail_msg("%s", fault.why);
	in.ops = p->ops;
	in.n = p->n;
	assert_int_equal(seki_bpf_code_make(&in, without, &p->code), 0);
}

static void fill(struct world *w, unsigned int dst, uint64_t a, unsigned int src, uint64_t b)
{
	for (unsigned int r = 0; r < REGS; r++)
		w->in[r] = 0x1111111111111111u * (r + 1);
	for (unsigned int i = 0; i < AREA; i++)
		w->area[i] = 0x8081828384858687u + 0x0101010101010101u * i;
	memset(w->out, 0x55, sizeof(w->out));
	w->in[dst] = a;
	w->in[src] = b;
}

static void compare(const struct program *p, struct world *w, const char *name, unsigned int dst,
		    unsigned int src)
{
	static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	static struct world at;
	struct seki_bpf_vm vm = {.ops = p->ops, .stack = stack, .fuel = 100};
	struct world want;
	uint64_t r0;

	at = *w;
	assert_int_equal(seki_bpf_interp(&vm, (uint64_t)(uintptr_t)&at, 0, &r0), 0);
	want = at;
	at = *w;
	vm.fuel = 100;
	assert_int_equal(p->code.run(&vm, (uint64_t)(uintptr_t)&at, 0), r0);
	assert_int_equal(vm.stop, 0);
	if (!memcmp(&at, &want, sizeof(at)))
		return;
	for (unsigned int r = 0; r < REGS; r++)
		if (at.out[r] != want.out[r])
			fail_msg("%s r%u (%llx), r%u (%llx): r%u is %llx, not %llx", name, dst,
				 (unsigned long long)w->in[dst], src,
				 (unsigned long long)w->in[src], r, (unsigned long long)at.out[r],
				 (unsigned long long)want.out[r]);
	fail_msg("%s r%u, r%u: the memory differs", name, dst, src);
}

static const char *name_of(const struct seki_bpf_row *row)
{
	static char name[64];

	snprintf(name, sizeof(name), "opcode %02x/%u '%s'", row->opcode, row->select, row->text);
	return name;
}

static struct seki_bpf_insn insn_of(const struct seki_bpf_row *row, unsigned int dst,
				    unsigned int src, int16_t off, int32_t imm)
{
	struct seki_bpf_insn insn = RAW(row->opcode, dst, src, off, imm);
	bool swaps = (row->opcode & 7) != 0 && (row->opcode & 0xf0) == 0xd0 &&
		     (row->opcode & 7) != 5 && (row->opcode & 7) != 6;

	if (row->kind == SEKI_KIND_ALU && !swaps)
		insn.off = row->select;
	else if (row->kind == SEKI_KIND_ALU || row->kind == SEKI_KIND_ATOMIC)
		insn.imm = row->select;
	return insn;
}

/* One instruction, or a jump over an instruction that changes a third register. */
static void try_insn(const struct seki_bpf_row *row, unsigned int dst, unsigned int src,
		     int32_t imm)
{
	unsigned int base = third(dst, src), other = 0;
	struct seki_bpf_insn what[2];
	struct program p;
	struct world w;
	uint32_t n = 1;

	what[0] = insn_of(row, dst, row->operand == SEKI_OPERAND_REG ? src : 0,
			  row->kind == SEKI_KIND_JUMP, imm);
	if (row->kind == SEKI_KIND_JUMP) {
		while (other == dst || other == src || other == base)
			other++;
		what[n++] = (struct seki_bpf_insn)MOVI(other, 99);
	}
	build(&p, what, n, base);
	for (size_t a = 0; a < SEKI_COUNT(edges); a++) {
		if (row->operand != SEKI_OPERAND_REG || dst == src) {
			fill(&w, dst, edges[a], dst, edges[a]);
			compare(&p, &w, name_of(row), dst, src);
			continue;
		}
		for (size_t b = 0; b < SEKI_COUNT(edges); b++) {
			fill(&w, dst, edges[a], src, edges[b]);
			compare(&p, &w, name_of(row), dst, src);
		}
	}
	seki_bpf_code_free(&p.code);
}

static void try_row(const struct seki_bpf_row *row)
{
	for (unsigned int dst = 0; dst < REGS; dst++) {
		if (row->operand == SEKI_OPERAND_REG)
			for (unsigned int src = 0; src < REGS; src++)
				try_insn(row, dst, src, 0);
		else if (row->operand == SEKI_OPERAND_IMM)
			for (size_t i = 0; i < SEKI_COUNT(imms); i++)
				try_insn(row, dst, dst, imms[i]);
		else
			try_insn(row, dst, dst, 0);
	}
}

static void try_kind(uint8_t kind)
{
	for (int id = 1; id < SEKI_OP_COUNT; id++)
		if (seki_bpf_rows[id].kind == kind)
			try_row(&seki_bpf_rows[id]);
}

static void test_alu(void **state)
{
	(void)state;
	without = 0;
	try_kind(SEKI_KIND_ALU);
}

static void test_alu_of_old_processors(void **state)
{
	(void)state;
	without = SEKI_X86_BMI2 | SEKI_X86_MOVBE;
	try_kind(SEKI_KIND_ALU);
	without = 0;
}

static void test_jumps(void **state)
{
	(void)state;
	try_kind(SEKI_KIND_JUMP);
}

/* One memory instruction; `at` is the register that holds the address, `off` from there. */
static void try_access(const struct seki_bpf_row *row, unsigned int at, unsigned int other,
		       int16_t off, uint64_t value)
{
	unsigned int base = third(at, other);
	bool loads = row->kind == SEKI_KIND_LOAD;
	struct seki_bpf_insn what = insn_of(row, loads ? other : at,
					    loads			       ? at
					    : row->operand == SEKI_OPERAND_REG ? other
									       : 0,
					    off,
					    row->operand == SEKI_OPERAND_IMM ? (int32_t)value : 0);
	static struct world w;
	struct program p;

	fill(&w, other, value, other, value);
	/* compare() works on a copy at one and the same place: the address is put in there. */
	build(&p,
	      (struct seki_bpf_insn[]){MOVR(at, base),
				       ALUI(ADD, at, (int)offsetof(struct world, area) + 16 - off),
				       what},
	      3, base);
	if (at == other)
		fill(&w, at, 0, at, 0);
	compare(&p, &w, name_of(row), at, other);
	seki_bpf_code_free(&p.code);
}

static void test_memory(void **state)
{
	static const int16_t offs[] = {0, 1, -1, 127, 128, -128, -129, INT16_MAX, INT16_MIN};

	(void)state;
	for (int id = 1; id < SEKI_OP_COUNT; id++) {
		const struct seki_bpf_row *row = &seki_bpf_rows[id];

		if (row->kind != SEKI_KIND_LOAD && row->kind != SEKI_KIND_STORE)
			continue;
		for (unsigned int at = 0; at < REGS; at++)
			for (unsigned int other = 0; other < REGS; other++) {
				/* An address differs from run to run: not to be stored. */
				if (at == other && row->kind == SEKI_KIND_STORE &&
				    row->operand == SEKI_OPERAND_REG)
					continue;
				try_access(row, at, other, offs[(at + other) % SEKI_COUNT(offs)],
					   0xfedcba9876543281u);
			}
	}
}

static void test_atomics(void **state)
{
	(void)state;
	for (int id = 1; id < SEKI_OP_COUNT; id++) {
		const struct seki_bpf_row *row = &seki_bpf_rows[id];

		if (row->kind != SEKI_KIND_ATOMIC)
			continue;
		for (unsigned int at = 0; at < REGS; at++)
			for (unsigned int other = 0; other < REGS; other++)
				for (size_t k = 0; k < SEKI_COUNT(edges); k++)
					try_access(row, at, other, (int16_t)(k % 2 ? 8 : -512),
						   edges[k]);
	}
}

/* cmpxchg that succeeds, of both sizes, with the high half of r0 set. */
static void test_cmpxchg(void **state)
{
	static struct world w;
	struct program p;

	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		build(&p,
		      (struct seki_bpf_insn[]){
			      ATOMIC(wide ? DW : W, 9, offsetof(struct world, area), 3, 0xf1)},
		      1, 9);
		fill(&w, 3, 0x1234567812345678, 0, 0x8081828384858687);
		compare(&p, &w, "cmpxchg that stores", 9, 3);
		w.in[0] ^= 1ull << 40;
		compare(&p, &w, "cmpxchg, half equal", 9, 3);
		seki_bpf_code_free(&p.code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alu),	cmocka_unit_test(test_alu_of_old_processors),
		cmocka_unit_test(test_jumps),	cmocka_unit_test(test_memory),
		cmocka_unit_test(test_atomics), cmocka_unit_test(test_cmpxchg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
