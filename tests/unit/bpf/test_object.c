// SPDX-License-Identifier: Apache-2.0
/* The reader of objects: code in sections, its relocations, and files that are broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/check.h"
#include "sekisho/bpf.h"
#include "tests/unit/bpf/asm.h"
#include "tests/unit/bpf/objmake.h"

#define CODE(m, name, ...)                                                                         \
	make_code(m, name, (const struct seki_bpf_insn[]){__VA_ARGS__},                            \
		  sizeof((const struct seki_bpf_insn[]){__VA_ARGS__}))

static void expect_insns(const struct seki_obj *obj, const struct seki_bpf_insn *want, size_t size)
{
	assert_int_equal(obj->n_insns * sizeof(*want), size);
	assert_memory_equal(obj->insns, want, size);
}

#define EXPECT(obj, ...)                                                                           \
	expect_insns(obj, (const struct seki_bpf_insn[]){__VA_ARGS__},                             \
		     sizeof((const struct seki_bpf_insn[]){__VA_ARGS__}))

/* One section of two instructions, and its entry. */
static struct maker *make_small(void)
{
	struct maker *m = make();

	make_symbol(m, "entry", STT_FUNC, CODE(m, "xdp", MOVI(0, 1), EXIT), 0, 16);
	return m;
}

static void test_small(void **state)
{
	struct seki_obj obj;

	(void)state;
	ACCEPTED(make_small(), &obj);
	EXPECT(&obj, MOVI(0, 1), EXIT);
	assert_int_equal(obj.entry, 0);
	assert_string_equal(obj.source, "");
	seki_obj_close(&obj);
	seki_obj_close(&obj);
}

/* Functions of another section, by symbol and by section; they come behind, and only once. */
static void test_sections_of_code(void **state)
{
	struct maker *m = make();
	uint32_t xdp = CODE(m, "xdp", MOVI(1, 1), LOCAL(-1), LOCAL(3), LOCAL(-1), EXIT);
	uint32_t text = CODE(m, ".text", MOVI(0, 7), EXIT, CALL(99), EXIT, MOVI(0, 8), LOCAL(-6),
			     EXIT);
	uint32_t first = make_symbol(m, "first", STT_FUNC, text, 0, 16);
	uint32_t section = make_symbol(m, "", STT_SECTION, text, 0, 0);
	struct seki_obj obj;

	(void)state;
	make_symbol(m, "entry", STT_FUNC, xdp, 0, 40);
	make_reloc(m, xdp, 8, first, 10);
	make_reloc(m, xdp, 16, section, 10); /* 3: the function at instruction 4 */
	make_reloc(m, xdp, 24, first, 10);
	ACCEPTED(m, &obj);
	assert_int_equal(obj.n_parts, 2);
	EXPECT(&obj, MOVI(1, 1), LOCAL(3), LOCAL(4), LOCAL(1), EXIT, MOVI(0, 7), EXIT, MOVI(0, 8),
	       LOCAL(-4), EXIT);
	seki_obj_close(&obj);
}

/* What the entry does not get to is not there, whatever is wrong with it. */
static void test_dead_code(void **state)
{
	struct maker *m = make();
	uint32_t code = CODE(m, "tc", RAW(0xff, 15, 15, 1, 1), LDDW(1, 0), EXIT, MOVI(0, 1),
			     JMPI(JEQ, 0, 5, 2), EXIT, RAW(0xee, 0, 0, 0, 0), JA(-5), LOCAL(-1));
	uint32_t variable = make_section(m, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 4);
	uint32_t symbol = make_symbol(m, "variable", STT_OBJECT, variable, 0, 4);
	struct seki_obj obj;

	(void)state;
	make_symbol(m, "entry", STT_FUNC, code, 32, 40);
	make_reloc(m, code, 8, symbol, 1);
	make_reloc(m, code, 72, 0, 77);
	ACCEPTED(m, &obj);
	EXPECT(&obj, MOVI(0, 1), JMPI(JEQ, 0, 5, 1), EXIT, JA(-4));
	assert_int_equal(obj.entry, 0);
	seki_obj_close(&obj);
}

static void test_jumps(void **state)
{
	struct maker *m = make();
	struct seki_obj obj;

	(void)state;
	/* Backwards before the entry, over what is dropped, and far (gotol). */
	make_symbol(m, "entry", STT_FUNC,
		    CODE(m, ".text", EXIT, RAW(0xff, 0, 0, 0, 0), RAW(0x06, 0, 0, 0, 1), EXIT,
			 JMP32I(JNE, 1, 3, -5), JA(-4), EXIT),
		    16, 0);
	ACCEPTED(m, &obj);
	EXPECT(&obj, EXIT, RAW(0x06, 0, 0, 0, 0), JMP32I(JNE, 1, 3, -3), JA(-3));
	assert_int_equal(obj.entry, 1);
	seki_obj_close(&obj);
}

/* Instructions of -mcpu=v4 pass through as they are. */
static void test_v4(void **state)
{
	static const struct seki_bpf_insn code[] = {
		RAW(0x37, 1, 0, 1, 3),
		RAW(0xbf, 2, 1, 8, 0),
		LDS(B, 3, 10, -8),
		BSWAP(2, 16),
		RAW(0xd7, 2, 0, 0, 16),
		RAW(0x06, 0, 0, 0, 0),
		RAW(0xe5, 0, 0, 0, 0), /* may_goto: the decoder's to refuse */
		EXIT,
	};
	struct maker *m = make();
	struct seki_obj obj;

	(void)state;
	make_symbol(m, "entry", STT_FUNC, make_code(m, "x", code, sizeof(code)), 0, sizeof(code));
	ACCEPTED(m, &obj);
	expect_insns(&obj, code, sizeof(code));
	seki_obj_close(&obj);
}

static int load_made(struct maker *m, struct seki_bpf_prog **prog, char *log, size_t size)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .log = log, .log_size = size};
	size_t len;
	uint8_t *bytes = make_object(m, &len);
	int err = seki_bpf_prog_load(bytes, len, &opts, prog);

	free(bytes);
	return err;
}

/* -mcpu=v4 from the object to the result. */
static void test_v4_runs(void **state)
{
	static const struct seki_bpf_insn code[] = {
		RAW(0x06, 0, 0, 0, 1),	  /* gotol over the next */
		EXIT,			  /* dropped */
		MOVI(1, 0x1280),	  /* */
		RAW(0xbf, 0, 1, 8, 0),	  /* r0 = (s8)r1: -128 */
		RAW(0x37, 0, 0, 1, -3),	  /* r0 s/= -3: 42 */
		STI(H, 10, -8, 0x80ff),	  /* */
		LDS(H, 2, 10, -8),	  /* r2 = -0x7f01 */
		BSWAP(2, 16),		  /* r2 = 0xff80 */
		ALUR(ADD, 0, 2),	  /* */
		RAW(0x97, 0, 0, 1, 1000), /* r0 s%= 1000: (0xff80 + 42) % 1000 */
		EXIT,
	};
	struct maker *m = make();
	struct seki_bpf_prog *prog;
	uint8_t packet[8] = {0};
	struct seki_bpf_run run = {.buf = packet, .size = 8, .copied = 8, .len = 8};
	char log[512];
	uint64_t r0;

	(void)state;
	make_symbol(m, "entry", STT_FUNC, make_code(m, "x", code, sizeof(code)), 0, sizeof(code));
	if (load_made(m, &prog, log, sizeof(log)))
		fail_msg("%s", log);
	assert_int_equal(seki_bpf_prog_run(prog, &run, &r0), 0);
	assert_int_equal(r0, (0xff80 + 42) % 1000);
	seki_bpf_prog_destroy(prog);
}

/* Instructions that only the kernel has. */
static void test_kernel_only(void **state)
{
	static const struct seki_bpf_insn insns[] = {
		RAW(0xe5, 0, 0, 0, 0), /* may_goto */
		RAW(0xbf, 1, 1, 1, 1), /* addr_space_cast */
		RAW(0x0d, 1, 0, 0, 0), /* gotox */
		RAW(0x8e, 0, 0, 0, 0),
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(insns); i++) {
		const struct seki_bpf_insn code[] = {MOVI(0, 0), MOVI(1, 0), insns[i], EXIT};
		struct maker *m = make();
		struct seki_bpf_prog *prog;
		char log[512];

		make_symbol(m, "entry", STT_FUNC, make_code(m, "x", code, sizeof(code)), 0, 0);
		assert_int_equal(load_made(m, &prog, log, sizeof(log)), -ENOEXEC);
		if (!strstr(log, "at insn 2"))
			fail_msg("%u: %s", (unsigned int)i, log);
	}
}

static struct maker *make_bad(const struct seki_bpf_insn *insns, size_t size)
{
	struct maker *m = make();

	make_symbol(m, "entry", STT_FUNC, make_code(m, "xdp", insns, size), 0, size);
	return m;
}

#define BAD(err, text, ...)                                                                        \
	REFUSED(make_bad((const struct seki_bpf_insn[]){__VA_ARGS__},                              \
			 sizeof((const struct seki_bpf_insn[]){__VA_ARGS__})),                     \
		err, text)

static void test_bad_flow(void **state)
{
	(void)state;
	BAD(-ENOEXEC, "section xdp, insn 1: the jump or call leads outside", MOVI(0, 0), JA(1),
	    EXIT);
	BAD(-ENOEXEC, "insn 0: the jump or call leads outside", JMPI(JEQ, 0, 0, -2), EXIT);
	BAD(-ENOEXEC, "insn 0: the jump or call leads outside", LOCAL(INT32_MAX), EXIT);
	BAD(-ENOEXEC, "insn 0: the jump or call leads outside", LOCAL(INT32_MIN), EXIT);
	BAD(-ENOEXEC, "insn 0: the jump or call leads outside", RAW(0x06, 0, 0, 0, INT32_MIN));
	BAD(-ENOEXEC, "insn 1: the code runs past the end", MOVI(0, 0), MOVI(0, 0));
	BAD(-ENOEXEC, "insn 1: the second half", MOVI(0, 0), RAW(0x18, 1, 0, 0, 0));
}

/* A jump into the second half of a lddw that is a jump itself, followed both ways: the decoder will
 * refuse it; here nothing may be looked up by what was never checked. */
static void test_overlapping_code(void **state)
{
	struct maker *m = make();
	struct seki_obj obj;

	(void)state;
	make_symbol(m, "entry", STT_FUNC,
		    CODE(m, "a", JMPI(JEQ, 0, 0, 1), RAW(0x18, 1, 0, 0, 0), RAW(0x18, 1, 0, 0, 0),
			 JA(32767), RAW(0x05, 0, 0, 0x7000, 0), EXIT),
		    0, 0);
	REFUSED(m, -ENOEXEC, "outside the section");
	m = make();
	make_symbol(m, "entry", STT_FUNC,
		    CODE(m, "a", JMPI(JEQ, 0, 0, 1), JA(1), RAW(0x18, 1, 0, 0, 0),
			 RAW(0x18, 1, 0, 0, 0), JA(32767), EXIT),
		    0, 0);
	ACCEPTED(m, &obj);
	assert_int_equal(obj.n_insns, 6);
	seki_obj_close(&obj);
}

static void test_entries(void **state)
{
	static const struct seki_bpf_insn code[] = {MOVI(0, 1), EXIT};
	struct maker *m = make_small();

	(void)state;
	m->symbols[1].st_value = 4;
	REFUSED(m, -ENOEXEC, "entry \"entry\" is not at an instruction");
	m = make_small();
	m->symbols[1].st_value = 16;
	REFUSED(m, -ENOEXEC, "is not at an instruction");
	m = make_small();
	m->symbols[1].st_value = UINT64_MAX - 7;
	REFUSED(m, -ENOEXEC, "is not at an instruction");
	m = make_small();
	m->symbols[1].st_shndx = SHN_ABS;
	REFUSED(m, -ENOEXEC, "no function \"entry\" to start at; there are entry; choose one");
	m = make_small();
	m->symbols[1].st_info = STT_SECTION;
	REFUSED(m, -ENOEXEC, "no function \"entry\" to start at; the object defines none");
	m = make_small();
	m->sections[1].sh_flags = SHF_ALLOC;
	REFUSED(m, -ENOEXEC, "no function \"entry\"");
	m = make_small();
	m->sections[1].sh_type = SHT_NOBITS;
	REFUSED(m, -ENOEXEC, "no function \"entry\"");
	m = make_small();
	m->sections[1].sh_size = 15;
	REFUSED(m, -ENOEXEC, "section xdp: the code is not whole instructions");
	m = make_small();
	make_symbol(m, "entry", STT_FUNC, make_code(m, "tc", code, sizeof(code)), 0, 16);
	REFUSED(m, -ENOEXEC, "there are two functions \"entry\"; rename one");
	m = make_small();
	make_symbol(m, "entry", STT_OBJECT, 77, 0, 0);
	m->symbols[1].st_info = STT_NOTYPE; /* a label of an assembler */
	make_symbol(m, "entry", STT_FUNC, 1, 0, 8);
	struct seki_obj obj;

	ACCEPTED(m, &obj);
	seki_obj_close(&obj);
}

/* A program with a lddw and a call, each with a relocation that `break_it` changes. */
static struct maker *make_relocated(uint32_t section, uint32_t type, uint8_t sym_type)
{
	static const uint32_t zero[4];
	struct maker *m = make();
	uint32_t text = CODE(m, "xdp", LDDW(1, 8), LOCAL(-1), EXIT);
	uint32_t sections[8];
	uint32_t symbol;

	sections[0] = SHN_UNDEF;
	sections[1] = text;
	sections[2] = make_section(m, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 16);
	sections[3] = make_section(m, ".rodata", SHT_PROGBITS, SHF_ALLOC, zero, 16);
	sections[4] = make_section(m, ".comment", SHT_PROGBITS, 0, zero, 16);
	sections[5] = SHN_COMMON;
	sections[6] = make_section(m, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, zero, 16);
	make_symbol(m, "entry", STT_FUNC, text, 0, 32);
	symbol = make_symbol(m, "thing", sym_type, sections[section], 0, 4);
	make_reloc(m, text, type == 1 ? 0 : 16, symbol, type);
	return m;
}

static void test_addresses(void **state)
{
	struct maker *m;
	struct seki_obj obj;

	(void)state;
	REFUSED(make_relocated(0, 1, STT_NOTYPE), -ENOEXEC,
		"section xdp, insn 0: \"thing\" is declared, but this object does not define it");
	REFUSED(make_relocated(1, 1, STT_FUNC), -ENOEXEC, "functions can only be called");
	REFUSED(make_relocated(2, 1, STT_OBJECT), -ENOEXEC,
		"\"thing\" is a global variable (section .bss); keep state in maps instead");
	REFUSED(make_relocated(4, 1, STT_OBJECT), -ENOEXEC, "neither a map nor in read-only data");
	REFUSED(make_relocated(5, 1, STT_OBJECT), -ENOEXEC, "\"thing\", which is in no section");
	REFUSED(make_relocated(6, 1, STT_NOTYPE), -ENOEXEC, "no map starts at offset 0x8 of");
	m = make_relocated(2, 1, STT_SECTION);
	make_symbol(m, "counter", STT_OBJECT, m->symbols[2].st_shndx, 6, 4);
	REFUSED(m, -ENOEXEC, "\"counter\" is a global variable (section .bss)");
	m = make_relocated(3, 1, STT_OBJECT);
	ACCEPTED(m, &obj);
	assert_int_equal(obj.insns[0].regs, SEKI_LDDW_DATA << 4 | 1);
	assert_int_equal(obj.insns[0].imm, 8);
	seki_obj_close(&obj);
	m = make_relocated(3, 1, STT_OBJECT);
	m->symbols[2].st_value = 9;
	REFUSED(m, -ENOEXEC, "offset 0x11 lies outside section .rodata");
	m = make_relocated(3, 1, STT_OBJECT);
	m->symbols[2].st_value = UINT64_MAX - 8;
	REFUSED(m, -ENOEXEC, "lies outside section .rodata");
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, m->symbols[2].st_shndx, 0, 1, 2);
	REFUSED(m, -ENOEXEC, "section .rodata holds addresses");
}

static void test_calls(void **state)
{
	struct maker *m;

	(void)state;
	REFUSED(make_relocated(0, 10, STT_NOTYPE), -ENOEXEC,
		"section xdp, insn 2: the function \"thing\" is not defined in this object");
	REFUSED(make_relocated(2, 10, STT_FUNC), -ENOEXEC, "it calls \"thing\", which is not code");
	REFUSED(make_relocated(4, 10, STT_FUNC), -ENOEXEC, "which is not code");
	REFUSED(make_relocated(5, 10, STT_FUNC), -ENOEXEC, "which is not code");
	m = make();
	make_symbol(m, "entry", STT_FUNC, CODE(m, "xdp", LOCAL(-1), EXIT), 0, 16);
	make_reloc(m, 1, 0, make_symbol(m, "memcpy", STT_NOTYPE, SHN_UNDEF, 0, 0), 10);
	REFUSED(m, -ENOEXEC, "use __builtin_memcpy with a constant, small size");
	m = make_relocated(1, 10, STT_FUNC);
	m->symbols[2].st_value = 4;
	REFUSED(m, -ENOEXEC, "insn 2: the function lies outside section xdp");
	m = make_relocated(1, 10, STT_FUNC);
	m->symbols[2].st_value = 32;
	REFUSED(m, -ENOEXEC, "lies outside section xdp");
	m = make_relocated(1, 10, STT_FUNC);
	m->symbols[2].st_value = 1ull << 63;
	REFUSED(m, -ENOEXEC, "lies outside section xdp");
}

static void test_relocations(void **state)
{
	struct maker *m = make_relocated(3, 1, STT_OBJECT);
	struct seki_obj obj;

	(void)state;
	make_reloc(m, 1, 0, 2, 1);
	REFUSED(m, -ENOEXEC, "section .rel: there are two relocations at offset 0x0");
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, 1, 8, 2, 1);
	REFUSED(m, -ENOEXEC, "insn 0: there is a relocation for the second half");
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, 1, 24, 2, 1);
	REFUSED(m, -ENOEXEC, "insn 3: an address is to be put where no 64-bit load is");
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, 1, 24, 2, 10);
	REFUSED(m, -ENOEXEC, "insn 3: a function is to be put where no call is");
	for (uint32_t type = 0; type < 300; type++) {
		if (type == 1 || type == 10)
			continue;
		REFUSED(make_relocated(3, type, STT_OBJECT), -ENOEXEC,
			"section xdp, insn 2: unknown relocation type");
	}
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, 1, 16, 3, 10);
	REFUSED(m, -ENOEXEC, "insn 2: the relocation refers to a symbol that does not exist");
	static const uint64_t outside[] = {4, 25, 32, 1ull << 35, UINT64_MAX, UINT64_MAX - 7};

	for (size_t i = 0; i < SEKI_COUNT(outside); i++) {
		m = make_relocated(3, 1, STT_OBJECT);
		make_reloc(m, 1, outside[i], 2, 1);
		REFUSED(m, -ENOEXEC, "lies outside the code");
	}
	m = make_relocated(3, 1, STT_OBJECT);
	make_section(m, ".rel2", SHT_REL, 0, m->relocs, 16);
	m->sections[m->n_sections - 1].sh_info = 1;
	REFUSED(m, -ENOEXEC, "more than one section of relocations");
	m = make_relocated(3, 1, STT_OBJECT);
	m->sections[m->n_sections - 1].sh_type = SHT_RELA;
	m->sections[m->n_sections - 1].sh_size = 24;
	REFUSED(m, -ENOEXEC, "section .rel: the relocations are malformed");
	m = make_relocated(3, 1, STT_OBJECT);
	m->sections[m->n_sections - 1].sh_size = 8;
	REFUSED(m, -ENOEXEC, "section 6: its name or size is malformed");
	m = make_relocated(3, 1, STT_OBJECT);
	m->sections[m->n_sections - 1].sh_size = 80; /* more than there are instructions */
	REFUSED(m, -ENOEXEC, "the relocations are malformed");
	/* Those of debugging information are of no interest. */
	m = make_relocated(3, 1, STT_OBJECT);
	make_reloc(m, m->symbols[2].st_shndx + 1, 12345, 999, 3);
	ACCEPTED(m, &obj);
	seki_obj_close(&obj);
}

/* In a terminal, what a file calls its things stays text. */
static void test_control_characters(void **state)
{
	struct maker *m = make_relocated(0, 10, STT_NOTYPE);

	(void)state;
	memcpy(m->strings + m->symbols[2].st_name, "\33]0;\n", 5);
	REFUSED(m, -ENOEXEC, "the function \"?]0;?\" is not defined");
	m = make_relocated(0, 10, STT_NOTYPE);
	memcpy(m->strings + m->sections[1].sh_name, "\33[m", 3);
	REFUSED(m, -ENOEXEC, "has control characters: that of a section of code");
}

static void test_sizes(void **state)
{
	static const struct seki_bpf_insn many[SEKI_BPF_MAX_INSNS * 5];
	static struct seki_bpf_insn code[SEKI_BPF_MAX_INSNS + 1];
	struct maker *m = make();
	struct seki_obj obj;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(code); i++)
		code[i] = (struct seki_bpf_insn)MOVI(0, 1);
	code[SEKI_BPF_MAX_INSNS] = code[SEKI_BPF_MAX_INSNS - 1] = (struct seki_bpf_insn)EXIT;
	make_symbol(m, "entry", STT_FUNC, make_code(m, "x", code, sizeof(code) - 8), 0, 0);
	ACCEPTED(m, &obj);
	assert_int_equal(obj.n_insns, SEKI_BPF_MAX_INSNS);
	seki_obj_close(&obj);
	code[SEKI_BPF_MAX_INSNS - 1] = code[0];
	m = make();
	make_symbol(m, "entry", STT_FUNC, make_code(m, "x", code, sizeof(code)), 0, 0);
	REFUSED(m, -E2BIG, "the program has 65537 instructions; the most is 65536");
	m = make();
	make_symbol(m, "entry", STT_FUNC, make_code(m, "x", many, sizeof(many)), 0, 0);
	REFUSED(m, -E2BIG, "the sections of code have more than 262144 instructions");
}

/* The entry in one section, and a function in each of n more. */
static struct maker *make_parts(uint32_t n)
{
	struct seki_bpf_insn code[32];
	struct maker *m = make();
	uint32_t first;

	for (uint32_t i = 0; i < n; i++)
		code[i] = (struct seki_bpf_insn)LOCAL(-1);
	code[n] = (struct seki_bpf_insn)EXIT;
	first = make_code(m, "x", code, (n + 1) * 8);
	make_symbol(m, "entry", STT_FUNC, first, 0, 0);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t section = CODE(m, "y", EXIT);

		make_reloc(m, first, i * 8, make_symbol(m, "f", STT_FUNC, section, 0, 8), 10);
	}
	return m;
}

static void test_many_sections(void **state)
{
	struct seki_obj obj;

	(void)state;
	ACCEPTED(make_parts(SEKI_OBJ_PARTS_MAX - 1), &obj);
	assert_int_equal(obj.n_insns, 2 * SEKI_OBJ_PARTS_MAX - 1);
	seki_obj_close(&obj);
	REFUSED(make_parts(SEKI_OBJ_PARTS_MAX), -ENOEXEC, "the code is in more than 16 sections");
}

static void test_limits(void **state)
{
	struct seki_obj obj;
	char log[256];
	struct seki_text text = seki_text_on(log, sizeof(log));
	size_t len = (16u << 20) + 1;
	uint8_t *bytes = calloc(1, len);

	(void)state;
	assert_int_equal(seki_obj_open(bytes, len, "entry", &obj, &text), -E2BIG);
	assert_non_null(strstr(log, "the object is larger than 16777216 bytes"));
	free(bytes);
	for (uint32_t n = SEKI_OBJ_RODATA_MAX; n <= SEKI_OBJ_RODATA_MAX + 1; n++) {
		struct maker *m = make_small();

		for (uint32_t i = 0; i < n; i++)
			make_section(m, ".rodata.x", SHT_PROGBITS, SHF_ALLOC, "constant", 8);
		if (n > SEKI_OBJ_RODATA_MAX) {
			REFUSED(m, -ENOEXEC, "more than 16 sections of read-only data");
			continue;
		}
		ACCEPTED(m, &obj);
		assert_int_equal(obj.data_size, 8 * SEKI_OBJ_RODATA_MAX);
		seki_obj_close(&obj);
	}
}

/* CO-RE relocations count where the code does. */
static void test_core(void **state)
{
	struct maker *m = make_small();
	uint32_t name = make_name(m, "xdp");
	struct seki_obj obj;

	(void)state;
	make_type(m, "int", SEKI_BTF_INT, 0, 4, (const uint32_t[]){32}, 1);
	memcpy(m->core, (const uint32_t[]){16, name, 1, 8, 1, 0, 0}, 28);
	m->n_core = 7;
	REFUSED(m, -ENOEXEC, "section xdp, insn 1: a CO-RE relocation");
	m = make_small();
	make_name(m, "xdp");
	make_type(m, "int", SEKI_BTF_INT, 0, 4, (const uint32_t[]){32}, 1);
	memcpy(m->core, (const uint32_t[]){16, name, 1, 16, 1, 0, 0}, 28);
	m->n_core = 7;
	ACCEPTED(m, &obj);
	seki_obj_close(&obj);
}

/* Each 32-bit word of the headers at its limits: any outcome is fine but a bad access. */
static void test_header_limits(void **state)
{
	static const uint32_t values[] = {0,	      1,	  7,	      0x7fffffff,
					  0x80000000, 0xfffffff8, 0xffffffff, 0x100};
	char log[256];
	size_t len;
	uint8_t *bytes = make_object(make_relocated(3, 1, STT_OBJECT), &len);
	uint64_t table = ((Elf64_Ehdr *)(void *)bytes)->e_shoff;

	(void)state;
	for (size_t at = 0; at < len; at += 4) {
		uint32_t was;

		if (at == sizeof(Elf64_Ehdr))
			at = table & ~3ull;
		memcpy(&was, bytes + at, 4);
		for (size_t i = 0; i < SEKI_COUNT(values); i++) {
			struct seki_text text = seki_text_on(log, sizeof(log));
			struct seki_obj obj;
			int err;

			memcpy(bytes + at, &values[i], 4);
			err = seki_obj_open(bytes, len, "entry", &obj, &text);
			assert_true(!err || log[0]);
			seki_obj_close(&obj);
		}
		memcpy(bytes + at, &was, 4);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_sections_of_code),
		cmocka_unit_test(test_dead_code),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_v4),
		cmocka_unit_test(test_v4_runs),
		cmocka_unit_test(test_kernel_only),
		cmocka_unit_test(test_bad_flow),
		cmocka_unit_test(test_overlapping_code),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_relocations),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_many_sections),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_header_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
