// SPDX-License-Identifier: Apache-2.0
/* The machine through its public interface: loading, running, maps, and objects that are broken.
 * test_machine OBJECT, which is machine_object.c compiled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>

#include "core/base/check.h"
#include "lib/bpf/prog.h"
#include "sekisho/bpf.h"

static uint8_t object[1 << 16];
static size_t object_len;
static char log_text[2048];
static enum seki_bpf_engine engine; /* all tests are run with each */

static int load(const void *bytes, size_t len, struct seki_bpf_prog **prog)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .engine = engine,
					  .log = log_text,
					  .log_size = sizeof(log_text)};

	log_text[0] = '\0';
	return seki_bpf_prog_load(bytes, len, &opts, prog);
}

static struct seki_bpf_prog *load_object(void)
{
	struct seki_bpf_prog *prog;

	if (load(object, object_len, &prog))
		fail_msg("%s", log_text);
	return prog;
}

struct host {
	int answer;
	bool may_wait;
	struct seki_udp_query query;
	uint64_t within;
	char line[100];
};

static int udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within, bool may_wait)
{
	struct host *h = arg;

	h->query = *query;
	h->within = within;
	h->may_wait = may_wait;
	return h->answer;
}

static int udp_sent_any(void *arg, uint64_t within, bool may_wait)
{
	struct host *h = arg;

	h->within = within;
	h->may_wait = may_wait;
	return h->answer;
}

static void print(void *arg, const char *line)
{
	snprintf(((struct host *)arg)->line, sizeof(((struct host *)arg)->line), "%s", line);
}

static uint8_t packet[64];

/* Runs the program on the two bytes; the packet has 20. */
static int run(struct seki_bpf_prog *prog, struct host *h, uint8_t first, uint8_t second,
	       struct seki_bpf_run *r, uint64_t *r0)
{
	static struct seki_bpf_host host;

	host = (struct seki_bpf_host){
		.arg = h, .print = print, .udp_sent = udp_sent, .udp_sent_any = udp_sent_any};
	*r = (struct seki_bpf_run){.host = h ? &host : NULL,
				   .buf = packet,
				   .size = sizeof(packet),
				   .off = 8,
				   .copied = 20,
				   .len = 20,
				   .meta = {.input_port = 6}};
	packet[8] = first;
	packet[9] = second;
	return seki_bpf_prog_run(prog, r, r0);
}

static void test_info(void **state)
{
	struct seki_bpf_prog *prog = load_object();
	const struct seki_bpf_info *info = seki_bpf_prog_info(prog);

	(void)state;
	assert_string_equal(info->source, "object.p4");
	assert_int_equal(info->maps, 2);
	assert_int_equal(info->packet_touch, 2);
	assert_true(info->packet_written); /* adjust_head */
	assert_true(info->worst_insns > 10 && info->worst_insns <= info->insns);
	assert_true(info->map_bytes >= 4 * 16 + 2 * 8);
	seki_bpf_prog_destroy(prog);
	seki_bpf_prog_destroy(NULL);
}

static void test_runs(void **state)
{
	struct seki_bpf_prog *prog = load_object();
	struct host h = {.answer = 1};
	struct seki_bpf_run r;
	uint64_t r0;

	(void)state;
	assert_int_equal(run(prog, &h, 0, 77, &r, &r0), 0);
	assert_int_equal(r0, 77);
	assert_int_equal(seki_bpf_prog_info(prog)->engine, engine);
	if (engine == SEKI_BPF_ENGINE_JIT)
		assert_int_equal(r.insns, 0);
	else
		assert_true(r.insns > 3 && r.insns <= seki_bpf_prog_info(prog)->worst_insns);
	assert_int_equal(r.meta.packet_length, 20);
	assert_int_equal(run(prog, &h, 2, 0, &r, &r0), 0);
	assert_int_equal(r0, 71);
	assert_int_equal(run(prog, &h, 4, 0, &r, &r0), -ENOBUFS);
	assert_int_equal(run(prog, &h, 5, 0, &r, &r0), 0);
	assert_string_equal(h.line, "port 6, -5% of 10000000000!");
	assert_int_equal(run(prog, &h, 6, 0, &r, &r0), 0);
	assert_int_equal(r0, 0);
	assert_int_equal(r.site, 42);
	assert_int_equal(run(prog, &h, 7, 0, &r, &r0), 0);
	assert_int_equal(r.site, 0);
	assert_int_equal(r.meta.output_action, SEKI_ACTION_REDIRECT);
	assert_int_equal(r.meta.output_port, 3);
	assert_int_equal(r.meta.clone, 1);
	seki_bpf_prog_destroy(prog);
}

static void test_facts(void **state)
{
	struct seki_bpf_prog *prog = load_object();
	struct host h = {.answer = 1};
	struct seki_bpf_run r;
	uint64_t r0;

	(void)state;
	assert_int_equal(run(prog, &h, 1, 0, &r, &r0), 0);
	assert_int_equal(r0, 1);
	assert_int_equal(h.query.family, 4);
	assert_int_equal(h.query.sport, 1000);
	assert_int_equal(h.query.dport, 53);
	assert_int_equal(h.query.saddr[0], 10);
	assert_int_equal(h.query.daddr[3], 9);
	assert_int_equal(h.within, 250);
	assert_true(h.may_wait);
	h.answer = -EAGAIN;
	assert_int_equal(run(prog, &h, 1, 0, &r, &r0), -EAGAIN);
	/* A map has changed before: "not yet" is a no. */
	assert_int_equal(run(prog, &h, 3, 0, &r, &r0), 0);
	assert_false(h.may_wait);
	assert_int_equal(r0, 1);
	/* Nobody to ask, nobody to print to. */
	assert_int_equal(run(prog, NULL, 1, 0, &r, &r0), 0);
	assert_int_equal(r0, 0);
	assert_int_equal(run(prog, NULL, 5, 0, &r, &r0), 0);
	seki_bpf_prog_destroy(prog);
}

static void test_refuses_bad_runs(void **state)
{
	struct seki_bpf_prog *prog = load_object();
	struct seki_bpf_run good = {
		.buf = packet, .size = sizeof(packet), .off = 8, .copied = 2, .len = 20};
	struct seki_bpf_run r;
	uint64_t r0;

	(void)state;
	packet[8] = 0;
	r = good;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), 0);
	r = good;
	r.copied = 1;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	r = good;
	r.off = 63;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	r = good;
	r.copied = 21;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	r = (struct seki_bpf_run){.buf = NULL};
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	r = good;
	r.len = UINT32_MAX;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	r = good;
	r.copied = r.len = 1;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), 0);
	assert_int_equal(r0, 0);
	seki_bpf_prog_destroy(prog);
}

static void test_maps(void **state)
{
	struct seki_bpf_prog *prog = load_object();
	struct seki_bpf_map *flows = seki_bpf_prog_map(prog, "flows");
	struct seki_bpf_map *slots = seki_bpf_prog_map(prog, "slots");
	uint32_t key = 8;
	uint64_t value;

	(void)state;
	assert_non_null(flows);
	assert_null(seki_bpf_prog_map(prog, "flow"));
	assert_int_equal(seki_bpf_map_def(slots)->type, SEKI_MAP_ARRAY);
	assert_int_equal(seki_bpf_map_get(flows, &key, &value), 0);
	assert_int_equal(value, 80);
	assert_int_equal(seki_bpf_map_get(slots, &key, &value), -ENOENT);
	key = 1;
	assert_int_equal(seki_bpf_map_get(slots, &key, &value), 0);
	assert_int_equal(value, 99);
	/* Full, emptied, full again: slots come back between runs. */
	for (int round = 0; round < 3; round++) {
		for (key = 100; key < 102; key++)
			assert_int_equal(seki_bpf_map_set(flows, &key, &value), 0);
		assert_int_equal(seki_bpf_map_set(flows, &key, &value), -ENOSPC);
		for (key = 100; key < 102; key++)
			assert_int_equal(seki_bpf_map_del(flows, &key), 0);
		assert_int_equal(seki_bpf_map_del(flows, &key), -ENOENT);
	}
	seki_bpf_prog_destroy(prog);
}

/* A system call that is given an address that cannot be read says so. */
static bool can_read(const uint8_t *byte)
{
	int ends[2];
	bool can;

	assert_int_equal(pipe(ends), 0);
	can = write(ends[1], byte, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return can;
}

static void test_limits(void **state)
{
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .log = log_text, .log_size = sizeof(log_text), .max_insns = 5};
	struct seki_bpf_prog *prog;

	(void)state;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -E2BIG);
	assert_non_null(strstr(log_text, "the limit is 5"));
	opts.max_insns = 0;
	opts.max_map_bytes = 100;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -E2BIG);
	assert_non_null(strstr(log_text, "more than 100 bytes"));
	opts.max_map_bytes = 0;
	opts.entry = "nowhere";
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -ENOEXEC);
	assert_non_null(strstr(log_text, "no function \"nowhere\""));
	opts.entry = "ask"; /* r1 is the context there, and no number of milliseconds */
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -EACCES);
	opts.sz = 1;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -EINVAL);
	opts.sz = offsetof(struct seki_bpf_load_opts, max_insns); /* such as know `entry` only */
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -EACCES);
	/* No log, or a short one. */
	assert_int_equal(seki_bpf_prog_load("x", 1, NULL, &prog), -ENOEXEC);
	opts = (struct seki_bpf_load_opts){.sz = sizeof(opts), .log = log_text, .log_size = 8};
	assert_int_equal(seki_bpf_prog_load("x", 1, &opts, &prog), -ENOEXEC);
	assert_int_equal(strlen(log_text), 7);
}

/* What was proved for packets of 100 bytes is proved of no longer one. */
static void test_longest_packet(void **state)
{
	static uint8_t zeros[200];
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .engine = engine, .max_packet = 100};
	struct seki_bpf_run r = {.buf = zeros, .size = sizeof(zeros), .copied = 100, .len = 100};
	struct seki_bpf_prog *prog;
	uint64_t r0;

	(void)state;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), 0);
	assert_int_equal(seki_bpf_prog_info(prog)->max_packet, 100);
	assert_true(seki_bpf_prog_info(prog)->packet_touch <= 100);
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), 0);
	r.off = 0;
	r.copied = r.len = 101;
	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), -EINVAL);
	seki_bpf_prog_destroy(prog);
	opts.max_packet = 1 << 24;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), -EINVAL);
	opts.max_packet--;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), 0);
	seki_bpf_prog_destroy(prog);
}

/* Options that this library does not know yet: nobody may count on them. */
static void test_newer_caller(void **state)
{
	struct {
		struct seki_bpf_load_opts opts;
		uint64_t newer;
	} later = {.opts.sz = sizeof(later)};
	struct seki_bpf_prog *prog;

	(void)state;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &later.opts, &prog), 0);
	seki_bpf_prog_destroy(prog);
	later.newer = 1;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &later.opts, &prog), -EINVAL);
}

/* What lies beside a stack is nobody's: the address of a byte there cannot even be read. */
static void test_stack_guards(void **state)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .queues = 3};
	struct seki_bpf_prog *prog;

	(void)state;
	assert_int_equal(seki_bpf_prog_load(object, object_len, &opts, &prog), 0);
	for (uint32_t i = 0; i < 3; i++) {
		const uint8_t *stack = prog->queues[i].vm.stack;

		assert_true(can_read(stack) && can_read(stack + SEKI_BPF_STACK_BYTES - 1));
		assert_false(can_read(stack - 1) || can_read(stack + SEKI_BPF_STACK_BYTES));
	}
	seki_bpf_prog_destroy(prog);
}

static void must_refuse(const uint8_t *bytes, size_t len, const char *what)
{
	struct seki_bpf_prog *prog;
	int err = load(bytes, len, &prog);

	if (!err)
		fail_msg("loaded: %s", what);
	assert_true(log_text[0]);
}

static void test_truncated(void **state)
{
	(void)state;
	for (size_t len = 0; len < object_len; len += 64) {
		uint8_t *part = malloc(len ? len : 1);

		memcpy(part, object, len);
		must_refuse(part, len, "a truncated object");
		free(part);
	}
	must_refuse((const uint8_t *)"#!/bin/sh\n", 10, "a script");
	memset(packet, 0, sizeof(packet));
	must_refuse(packet, sizeof(packet), "zeros");
}

/* A copy of the object, and its first section of that type. */
static uint8_t *copy_object(uint32_t type, Elf64_Shdr **section)
{
	uint8_t *copy = malloc(object_len);
	Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)copy;
	Elf64_Shdr *s;

	memcpy(copy, object, object_len);
	s = (Elf64_Shdr *)(void *)(copy + h->e_shoff);
	for (uint32_t i = 0; i < h->e_shnum && !*section; i++)
		if (s[i].sh_type == type)
			*section = &s[i];
	return copy;
}

static void break_reloc(const char *why, uint64_t offset, uint64_t info)
{
	Elf64_Shdr *s = NULL;
	uint8_t *copy = copy_object(SHT_REL, &s);
	Elf64_Rel *rel = (Elf64_Rel *)(void *)(copy + s->sh_offset);

	rel->r_offset = offset;
	rel->r_info = info;
	must_refuse(copy, object_len, why);
	if (!strstr(log_text, why))
		fail_msg("\"%s\", not \"%s\"", log_text, why);
	free(copy);
}

static void test_broken_relocations(void **state)
{
	(void)state;
	break_reloc("outside the code", 1 << 30, ELF64_R_INFO(1, 1));
	break_reloc("outside the code", 4, ELF64_R_INFO(1, 1));
	break_reloc("symbol that does not exist", 0, ELF64_R_INFO(0xffffff, 1));
	break_reloc("unknown relocation type 99", 0, ELF64_R_INFO(1, 99));
	break_reloc("no 64-bit load is", 0, ELF64_R_INFO(1, 1));
	break_reloc("where no call is", 0, ELF64_R_INFO(1, 10));
}

static void break_strings(uint64_t flags, uint64_t shorter)
{
	Elf64_Shdr *s = NULL;
	uint8_t *copy = copy_object(SHT_STRTAB, &s);

	s->sh_flags |= flags;
	s->sh_size -= shorter;
	must_refuse(copy, object_len, "an object with broken strings");
	if (!strstr(log_text, "names is malformed"))
		fail_msg("\"%s\"", log_text);
	free(copy);
}

static void test_broken_strings(void **state)
{
	(void)state;
	break_strings(SHF_COMPRESSED, 0);
	break_strings(0, 1); /* does not end with a NUL */
}

/* Pairs of no bytes, of which any number fits into the initial entries. */
static void test_empty_entries(void **state)
{
	static const struct seki_map_def flows = {SEKI_MAP_HASH, 4, 8, 4, 0};
	static const struct seki_map_def empty = {SEKI_MAP_HASH, 0, 0, 4, 0};
	uint8_t *copy = malloc(object_len);
	uint8_t *at;

	(void)state;
	memcpy(copy, object, object_len);
	at = memmem(copy, object_len, &flows, sizeof(flows));
	assert_non_null(at);
	memcpy(at, &empty, sizeof(empty));
	must_refuse(copy, object_len, "a map of nothing");
	assert_non_null(strstr(log_text, "not pairs of key and value"));
	free(copy);
}

/* A copy of the object that is changed before it is loaded. */
struct edit {
	uint8_t *bytes;
	size_t len;
	Elf64_Shdr *sections;
	uint16_t n_sections;
};

static struct edit edit_object(size_t more)
{
	struct edit e = {.bytes = calloc(1, object_len + more), .len = object_len + more};
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)(const void *)e.bytes;

	memcpy(e.bytes, object, object_len);
	e.sections = (Elf64_Shdr *)(void *)(e.bytes + h->e_shoff);
	e.n_sections = h->e_shnum;
	return e;
}

static void refuse_edit(struct edit *e, const char *why)
{
	must_refuse(e->bytes, e->len, why);
	if (!strstr(log_text, why))
		fail_msg("\"%s\", not \"%s\"", log_text, why);
	free(e->bytes);
}

static Elf64_Shdr *section_of(const struct edit *e, uint32_t type)
{
	for (uint16_t i = 0; i < e->n_sections; i++)
		if (e->sections[i].sh_type == type)
			return &e->sections[i];
	fail();
	return NULL;
}

static const char *name_of(const struct edit *e, const Elf64_Shdr *table, uint32_t name)
{
	return (const char *)e->bytes + e->sections[table->sh_link].sh_offset + name;
}

static Elf64_Sym *symbol_of(const struct edit *e, const char *name)
{
	const Elf64_Shdr *table = section_of(e, SHT_SYMTAB);
	Elf64_Sym *symbols = (Elf64_Sym *)(void *)(e->bytes + table->sh_offset);

	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++)
		if (!strcmp(name_of(e, table, symbols[i].st_name), name))
			return &symbols[i];
	fail_msg("there is no symbol %s", name);
	return NULL;
}

/* The strings move to the end of the file, with one more: as long as a name may just not be. */
static void test_long_names(void **state)
{
	static const char *const symbols[] = {"flows", "slots"};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(symbols); i++) {
		struct edit e = edit_object(object_len + 129 + 1);
		Elf64_Shdr *strings = section_of(&e, SHT_STRTAB);
		uint8_t *at = e.bytes + object_len;

		memcpy(at, e.bytes + strings->sh_offset, strings->sh_size);
		memset(at + strings->sh_size, 'm', 129);
		symbol_of(&e, symbols[i])->st_name = (uint32_t)strings->sh_size;
		strings->sh_offset = object_len;
		strings->sh_size += 129 + 1;
		refuse_edit(&e, "a name is longer than 128 bytes");
	}
}

static void test_initial_entries(void **state)
{
	static const struct seki_map_def flows = {SEKI_MAP_HASH, 4, 8, 4, 0};
	struct edit e = edit_object(0);
	uint8_t *at;

	(void)state;
	symbol_of(&e, "seki_init_slots")->st_name = symbol_of(&e, "seki_init_flows")->st_name;
	refuse_edit(&e, "\"seki_init_flows\" is there twice");
	e = edit_object(0);
	at = memmem(e.bytes, e.len, &flows, sizeof(flows));
	assert_non_null(at);
	((struct seki_map_def *)(void *)at)->max_entries = 1;
	refuse_edit(&e, "\"seki_init_flows\" is more entries than the map has room for");
	e = edit_object(0);
	symbol_of(&e, "seki_init_slots")->st_value = symbol_of(&e, "seki_init_flows")->st_value;
	symbol_of(&e, "seki_init_slots")->st_size = symbol_of(&e, "seki_init_flows")->st_size;
	refuse_edit(&e, "the initial entries of maps overlap");
}

/* Two more sections that are the whole file each. */
static void test_overlapping_rodata(void **state)
{
	struct edit e = edit_object(0);
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)(const void *)e.bytes;
	const char *names = (const char *)e.bytes + e.sections[h->e_shstrndx].sh_offset;
	uint32_t name = 0;

	(void)state;
	for (uint16_t i = 0; i < e.n_sections; i++)
		if (!strncmp(names + e.sections[i].sh_name, ".rodata", 7))
			name = e.sections[i].sh_name;
	assert_true(name);
	for (uint16_t i = 0; i < e.n_sections; i++)
		if (!strncmp(names + e.sections[i].sh_name, ".BTF", 4))
			e.sections[i] = (Elf64_Shdr){
				.sh_name = name, .sh_type = SHT_PROGBITS, .sh_size = e.len};
	refuse_edit(&e, "read-only data overlap");
}

static void test_relocated_twice(void **state)
{
	struct edit e = edit_object(0);
	const Elf64_Shdr *first = section_of(&e, SHT_REL);

	(void)state;
	for (uint16_t i = 0; i < e.n_sections; i++)
		if (e.sections[i].sh_type == SHT_REL)
			e.sections[i] = *first;
	refuse_edit(&e, "more than one section of relocations");
}

/* Every byte of the headers, changed: loaded or refused with a reason. */
static void test_broken_headers(void **state)
{
	Elf64_Shdr *s = NULL;
	uint8_t *copy = copy_object(SHT_SYMTAB, &s);
	size_t headers = (size_t)((uint8_t *)s - copy);

	(void)state;
	for (size_t i = 0; i < object_len; i += i < sizeof(Elf64_Ehdr) || i > headers / 2 ? 1 : 7) {
		static const uint8_t values[] = {0x00, 0x01, 0x7f, 0xff};

		for (size_t k = 0; k < sizeof(values); k++) {
			struct seki_bpf_prog *prog;
			uint8_t was = copy[i];

			copy[i] = values[k];
			if (load(copy, object_len, &prog))
				assert_true(log_text[0]);
			else
				seki_bpf_prog_destroy(prog);
			copy[i] = was;
		}
	}
	free(copy);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_refuses_bad_runs),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_longest_packet),
		cmocka_unit_test(test_newer_caller),
		cmocka_unit_test(test_stack_guards),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_broken_relocations),
		cmocka_unit_test(test_broken_strings),
		cmocka_unit_test(test_empty_entries),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_initial_entries),
		cmocka_unit_test(test_overlapping_rodata),
		cmocka_unit_test(test_relocated_twice),
		cmocka_unit_test(test_broken_headers),
	};
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
	int failed;

	if (!in)
		return 1;
	object_len = fread(object, 1, sizeof(object), in);
	fclose(in);
	engine = SEKI_BPF_ENGINE_INTERPRETER;
	failed = cmocka_run_group_tests_name("interpreter", tests, NULL, NULL);
	engine = SEKI_BPF_ENGINE_JIT;
	return failed + cmocka_run_group_tests_name("compiler", tests, NULL, NULL);
}
