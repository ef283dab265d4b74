// SPDX-License-Identifier: Apache-2.0
/*
 * What the compiler rewrites, against the interpreter: random programs that put words together from
 * bytes and take them apart, as compilers do, with everything in between that makes it wrong to see
 * one load or one store in that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "lib/bpf/code.h"
#include "tests/unit/bpf/asm.h"

#define INSNS	 512
#define PROGRAMS 6000

/* r6 and r7 point to `near`, 12 bytes apart; r8 to `far`; r10 to the stack. r9 counts rounds. */
struct world {
	uint8_t before[64]; /* where offsets that are meant for the stack lead */
	uint8_t near[64];
	uint8_t far[64];
	uint64_t out[9];
};

static struct seki_bpf_insn insns[INSNS];
static struct seki_bpf_op ops[INSNS];
static uint32_t n;
static uint64_t seed;

static uint32_t pick(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void put(struct seki_bpf_insn insn)
{
	insns[n++] = insn;
}

#define PUT(...) put((struct seki_bpf_insn)__VA_ARGS__)

static unsigned int data_reg(void)
{
	return pick(6);
}

/* A base register, and an offset at which `bytes` lie inside what it points to. */
static unsigned int place(int bytes, int16_t *off)
{
	unsigned int base = (unsigned int[]){6, 6, 7, 8, 10, 10}[pick(6)];
	int at = (int)pick(20);

	(void)bytes;
	*off = (int16_t)(base == 10 ? -40 + at : at);
	return base;
}

static const uint8_t sizes[] = {B, H, W, DW};

/* Bytes of a row, in some order, put together to a word, with a mistake now and then. */
static void assemble(void)
{
	int bytes = 2 << pick(3), swaps = (int)pick(2);
	unsigned int word = data_reg(), part;
	bool wide = bytes == 8 || pick(2);
	int16_t off;
	unsigned int base = place(bytes, &off);

	do
		part = data_reg();
	while (part == word);
	if (pick(4) == 0)
		PUT(MOVR(part, base));
	PUT(LD(B, word, base, off));
	if (swaps && bytes > 2 && pick(2))
		PUT(ALUI(LSH, word, 8 * (bytes - 1)));
	else
		swaps = 0;
	for (int k = 1; k < bytes; k++) {
		int shift = 8 * (swaps ? bytes - 1 - k : k) + (pick(40) == 0 ? (int)pick(9) : 0);

		if (pick(60) == 0)
			PUT(STR(B, base, (int16_t)(off + (int)pick(3)), word));
		PUT(LD(B, part, base, (int16_t)(off + k + (pick(60) == 0))));
		if (wide)
			PUT(ALUI(LSH, part, shift));
		else
			PUT(ALU32I(LSH, part, shift));
		if (pick(60) == 0)
			PUT(JMPI(JEQ, word, 3, 1));
		if (wide)
			PUT(ALUR(pick(3) ? OR : ADD, word, part));
		else
			PUT(ALU32R(pick(3) ? OR : XOR, word, part));
	}
	if (pick(2))
		PUT(BSWAP(word, 16 << pick(3)));
}

/* A word stored byte by byte, in some order. */
static void take_apart(void)
{
	int bytes = 1 << pick(4), from = (int)pick(8), step = pick(2) ? 1 : -1;
	unsigned int word = data_reg(), part, other = data_reg();
	int16_t off;
	unsigned int base = place(8, &off);

	do
		part = data_reg();
	while (part == word);
	if (pick(4) == 0)
		PUT(BSWAP(word, 16 << pick(3)));
	for (int k = 0; k < bytes; k++) {
		int at = (from + k * (pick(2) ? 1 : 3)) % bytes;

		PUT(MOVR(part, word));
		PUT(ALUI(RSH, part, 8 * at));
		PUT(STR(B, base, (int16_t)(off + (step > 0 ? at : bytes - 1 - at)), part));
		if (pick(20) == 0)
			PUT(LD(sizes[pick(4)], other, pick(2) ? base : 8, off));
		if (pick(30) == 0)
			PUT(JMPI(JGT, word, 1, 1 + 2 * (int)pick(2)));
	}
}

/* Fields of a key: loaded, swapped, stored side by side. */
static void copy_fields(void)
{
	int16_t off, to;
	unsigned int base = place(16, &off), at = place(16, &to), reg = data_reg();
	int done = 0, sign = pick(2) ? 1 : -1;

	for (int k = 0; k < 4 && done < 12; k++) {
		unsigned int size = pick(3);

		PUT(LD(sizes[size], reg, base, (int16_t)(off + (sign > 0 ? done : 8 - done))));
		if (size && pick(2))
			PUT(BSWAP(reg, 8 << size));
		if (pick(10) == 0)
			PUT(STI(sizes[pick(4)], at, (int16_t)(to + done), (int)pick(70000)));
		else
			PUT(STR(sizes[pick(10) ? size : 1], at, (int16_t)(to + done), reg));
		done += 1 << size;
	}
}

/* As above, but all are loaded before the first is stored, and something may come in between. */
static void copy_later(void)
{
	int16_t off, to;
	unsigned int base = place(16, &off), at = place(16, &to), size = pick(3);
	uint32_t fields = 2 + pick(3);

	for (uint32_t k = 0; k < fields; k++) {
		PUT(LD(sizes[size], k, base, (int16_t)(off + (int)(k << size))));
		if (pick(2))
			PUT(BSWAP(k, 8 << (size ? size : 1)));
	}
	if (pick(3) == 0)
		PUT(STI(sizes[pick(4)], pick(2) ? base : 8, off, (int)pick(1000)));
	if (pick(4) == 0)
		PUT(JMPI(JGT, 5, 1, 1));
	for (uint32_t k = 0; k < fields; k++) {
		PUT(STR(sizes[size], at, (int16_t)(to + (int)(k << size)), k));
		if (pick(12) == 0)
			PUT(LD(sizes[pick(4)], 5, pick(2) ? at : base, to));
		if (pick(12) == 0)
			PUT(JMPI(JGT, 5, 1, 1));
	}
}

static void store_numbers(void)
{
	int16_t off;
	unsigned int base = place(8, &off), reg = data_reg();

	PUT(MOVI(reg, (int)pick(3) - 1));
	for (uint32_t k = pick(6); k; k--) {
		unsigned int size = pick(4);

		if (pick(2))
			PUT(STI(sizes[size], base, off, (int)pick(100000) - 50000));
		else
			PUT(STR(sizes[size], base, off, reg));
		off = (int16_t)(off + (1 << size));
	}
}

static void arithmetic(void)
{
	static const uint8_t kinds[] = {ADD, SUB, OR, AND, XOR, LSH, RSH, MOV, MUL, ARSH};
	static const int32_t imms[] = {1,      8,      16,	   32,	       -1,     0xff,
				       0xffff, 0xff00, 0x00ff0000, 0xff0000ff, 0x7fff, 24};
	static const uint8_t bases[] = {6, 7, 8, 10};
	unsigned int dst = data_reg(), src = data_reg();
	uint8_t kind = kinds[pick(SEKI_COUNT(kinds))];
	int32_t imm = imms[pick(SEKI_COUNT(imms))];

	switch (pick(8)) {
	case 0:
		PUT(ALUI(kind, dst, imm));
		break;
	case 1:
		PUT(ALU32I(kind, dst, imm));
		break;
	case 2:
		PUT(ALUR(kind, dst, src));
		break;
	case 3:
		PUT(ALU32R(kind, dst, src));
		break;
	case 4:
		PUT(ALUI(LSH, dst, 32));
		PUT(ALUI(pick(2) ? RSH : ARSH, dst, 32));
		break;
	case 5:
		PUT(MOVR(dst, src));
		PUT(ALUI(AND, dst, imm));
		break;
	case 6:
		PUT(MOVR(dst, src));
		PUT(ALUR(ADD, dst, data_reg()));
		break;
	default:
		PUT(MOVR(dst, bases[pick(4)]));
		PUT(ALUI(ADD, dst, 8 + (int)pick(9)));
		PUT(STR(sizes[pick(4)], dst, -8, src));
		PUT(LD(sizes[pick(4)], src, dst, -8));
	}
}

/* Narrow numbers whose sum is a bit wider, cut to what they were or not. */
static void narrow_sums(void)
{
	int16_t off;
	unsigned int base = place(8, &off), a = data_reg(), b = data_reg(), size = pick(3);

	PUT(LD(sizes[size], a, base, off));
	PUT(LD(sizes[size], b, base, (int16_t)(off + 3)));
	if (pick(2))
		PUT(ALUR(pick(2) ? ADD : SUB, a, b));
	else
		PUT(ALU32R(pick(2) ? ADD : MUL, a, b));
	PUT(ALUI(AND, a, pick(2) ? 0xff : 0xffff));
	if (pick(2))
		PUT(MOV32R(a, a));
}

static void branch(void)
{
	static const uint8_t kinds[] = {JEQ, JNE, JGT, JLE, JSGT, JSLT, JSET, JGE};
	uint8_t kind = kinds[pick(SEKI_COUNT(kinds))];
	uint32_t at = n, by = 1 + pick(4);
	unsigned int dst = data_reg(), src = data_reg();

	put((struct seki_bpf_insn){0});
	for (uint32_t k = 0; k < by; k++)
		arithmetic();
	insns[at] = pick(2) ? (struct seki_bpf_insn)JMPR(kind, dst, src, (int16_t)(n - at - 1))
			    : (struct seki_bpf_insn)JMP32I(kind, dst, (int)pick(300) - 20,
							   (int16_t)(n - at - 1));
}

static void generate(void)
{
	static void (*const parts[])(void) = {narrow_sums, copy_later,	 assemble,    assemble,
					      take_apart,  take_apart,	 copy_fields, arithmetic,
					      branch,	   store_numbers};
	bool loops = pick(2);
	uint32_t top;

	n = 0;
	PUT(MOVR(6, 1));
	PUT(MOVR(7, 1));
	PUT(ALUI(ADD, 7, 12));
	PUT(MOVR(8, 2));
	if (pick(2)) { /* from where it might be any pointer */
		PUT(STR(DW, 10, -64, 8));
		PUT(LD(DW, 8, 10, -64));
	}
	PUT(MOVI(9, 3));
	for (unsigned int r = 0; r < 6; r++)
		PUT(LD(DW, r, 8, (int16_t)(8 * r)));
	top = n;
	for (uint32_t k = 3 + pick(10); k && n < INSNS - 150; k--) {
		parts[pick(SEKI_COUNT(parts))]();
		for (int r = 3; r < 6; r++)
			PUT(ALUI(ADD, r, 1)); /* what a last jump jumps over */
	}
	if (loops) {
		PUT(ALUI(SUB, 9, 1));
		PUT(JMPI(JNE, 9, 0, (int16_t)(top - n - 1)));
	}
	for (unsigned int r = 0; r < 6; r++)
		PUT(STR(DW, 8, (int16_t)(64 + 8 * r), r));
	PUT(MOVI(0, 0));
	PUT(EXIT);
}

static void show(void)
{
	for (uint32_t i = 0; i < n; i++) {
		char line[128];
		struct seki_text text = seki_text_on(line, sizeof(line));

		seki_bpf_disasm(&ops[i], &text);
		fprintf(stderr, "%4u: %s\n", i, line);
	}
}

static void set_up(struct world *w, uint8_t *stack)
{
	for (size_t i = 0; i < sizeof(*w); i++)
		((uint8_t *)w)[i] = (uint8_t)(i * 37 + (i >> 3) * 11 + 1);
	memset(w->far + 20, 0, 5);
	for (size_t i = 0; i < SEKI_BPF_STACK_BYTES; i++)
		stack[i] = (uint8_t)(i * 29 + 3);
}

static void compare(uint32_t features, bool plain)
{
	static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	static uint8_t want_stack[SEKI_BPF_STACK_BYTES];
	static struct world w, want;
	struct seki_bpf_vm vm = {.ops = ops, .stack = stack, .fuel = 1000};
	struct seki_jit_input in = {.ops = ops, .n = n, .packet_at = -1, .plain = plain};
	struct seki_bpf_code code;
	uint64_t r0;

	set_up(&w, stack);
	assert_int_equal(
		seki_bpf_interp(&vm, (uint64_t)(uintptr_t)w.near, (uint64_t)(uintptr_t)w.far, &r0),
		0);
	want = w;
	memcpy(want_stack, stack, sizeof(stack));
	set_up(&w, stack);
	assert_int_equal(seki_bpf_code_make(&in, features, &code), 0);
	vm.fuel = 1000;
	code.run(&vm, (uint64_t)(uintptr_t)w.near, (uint64_t)(uintptr_t)w.far);
	seki_bpf_code_free(&code);
	if (!vm.stop && !memcmp(&w, &want, sizeof(w)) && !memcmp(stack, want_stack, sizeof(stack)))
		return;
	show();
	fail_msg("compiled %s: another result", plain ? "plainly" : "with rewriting");
}

static void test_rewriting(void **state)
{
	struct seki_bpf_fault fault;

	(void)state;
	for (uint32_t i = 0; i < PROGRAMS; i++) {
		seed = i;
		generate();
		if (seki_bpf_decode(insns, n, ops, &fault))
			fail_msg("program %u, insn %u: %s", i, fault.insn, fault.why);
		compare(i % 3 ? 0 : SEKI_X86_BMI2 | SEKI_X86_MOVBE, false);
		if (i % 8 == 0)
			compare(0, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rewriting)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
