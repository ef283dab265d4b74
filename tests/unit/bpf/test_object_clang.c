// SPDX-License-Identifier: Apache-2.0
/* test_object_clang OBJECT...: object_libbpf.c as clang compiles it in several ways; the last one
 * without -g. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bpf/object.h"
#include "sekisho/bpf.h"

static uint8_t bytes[1 << 16];
static size_t len;
static char log_text[2048];
static char **objects;
static int n_objects;

static void read_object(int index)
{
	FILE *in = fopen(objects[index], "rb");

	assert_non_null(in);
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
}

static int load(const char *entry, struct seki_bpf_prog **prog)
{
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .entry = entry, .log = log_text, .log_size = sizeof(log_text)};

	return seki_bpf_prog_load(bytes, len, &opts, prog);
}

static uint64_t run(struct seki_bpf_prog *prog, uint32_t port)
{
	uint8_t packet[64] = {0};
	struct seki_bpf_run r = {.buf = packet,
				 .size = sizeof(packet),
				 .copied = sizeof(packet),
				 .len = sizeof(packet),
				 .meta = {.input_port = port}};
	uint64_t r0;

	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), 0);
	return r0;
}

static void test_runs(void **state)
{
	(void)state;
	for (int i = 0; i < n_objects - 1; i++) {
		const uint8_t key[12] = {64};
		struct seki_bpf_prog *prog;
		uint64_t value = 0;

		read_object(i);
		if (load(NULL, &prog))
			fail_msg("%s: %s", objects[i], log_text);
		assert_int_equal(seki_bpf_prog_info(prog)->maps, 5);
		assert_int_equal(run(prog, 0), 5 + 5000);
		assert_int_equal(run(prog, 9), 10);
		assert_int_equal(run(prog, 0), 10 + 15000);
		assert_int_equal(seki_bpf_map_get(seki_bpf_prog_map(prog, "flows"), key, &value),
				 0);
		assert_int_equal(value, 1);
		seki_bpf_prog_destroy(prog);
		if (load("last", &prog))
			fail_msg("%s: %s", objects[i], log_text);
		assert_int_equal(run(prog, 0), 5);
		seki_bpf_prog_destroy(prog);
	}
}

static void test_map_types(void **state)
{
	(void)state;
	for (int i = 0; i < n_objects - 1; i++) {
		const uint8_t route[8] = {8, 0, 0, 0, 10};
		const uint32_t value = 1;
		struct seki_bpf_prog *prog;

		read_object(i);
		if (load("route", &prog))
			fail_msg("%s: %s", objects[i], log_text);
		assert_int_equal(run(prog, 3), 0x100);
		assert_int_equal(run(prog, 3), 0x202);
		assert_int_equal(seki_bpf_map_set(seki_bpf_prog_map(prog, "routes"), route, &value),
				 0);
		assert_int_equal(run(prog, 3), 0x303);
		assert_int_equal(run(prog, 4), 0x401);
		seki_bpf_prog_destroy(prog);
	}
}

/* The line of a function that stands in another section than the entry. */
static void test_lines(void **state)
{
	(void)state;
	for (int i = 0; i < n_objects - 1; i++) {
		struct seki_bpf_prog *prog;

		read_object(i);
		assert_int_equal(load("unsafe", &prog), -EACCES);
		if (!strstr(log_text, ": return *value; /* NULL? */\n"))
			fail_msg("%s", log_text);
	}
}

static void refused(const char *entry, const char *why)
{
	struct seki_bpf_prog *prog;

	assert_int_equal(load(entry, &prog), -ENOEXEC);
	if (!strstr(log_text, why))
		fail_msg("\"%s\", not \"%s\"", log_text, why);
}

static void test_refusals(void **state)
{
	(void)state;
	for (int i = 0; i < n_objects - 1; i++) {
		read_object(i);
		refused("other", "section xdp, insn 0: \"variable\" is a global variable");
		refused("copies", "the function \"memcpy\" is not defined: there is no C library");
		refused("globals", "\"hidden\" is a global variable (section .bss)");
		assert_non_null(strstr(log_text, "object_libbpf.c:"));
		assert_non_null(strstr(log_text, ": return ++hidden;\n"));
		refused("unused", "section .text, insn 16: \"variable\" is a global variable");
		assert_non_null(strstr(log_text, ": return outside(variable);\n"));
		refused("unused", "\"variable\" is a global variable");
		refused("none", "no function \"none\" to start at; there are ");
	}
	read_object(n_objects - 1);
	refused(NULL, "the object has no BTF that describes it; compile with -g");
}

static void try_object(void)
{
	struct seki_text text = seki_text_on(log_text, sizeof(log_text));
	struct seki_obj_line line;
	struct seki_obj obj;
	int err = seki_obj_open(bytes, len, "entry", &obj, &text);

	assert_true(!err || log_text[0]);
	for (uint32_t i = 0; !err && i < obj.n_insns; i++)
		seki_obj_line(&obj, i, &line);
	seki_obj_close(&obj);
}

/* One in three bytes of a real object changed in one way, which is another each time. */
static void test_mutations(void **state)
{
	(void)state;
	read_object(n_objects - 2);
	for (size_t at = 0; at < len; at += 3) {
		uint8_t was = bytes[at];

		bytes[at] = at % 2 ? was ^ (uint8_t)(1u << at % 8) : (uint8_t)~was;
		try_object();
		bytes[at] = was;
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),	 cmocka_unit_test(test_map_types),
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_refusals),
	};

	objects = argv + 1;
	n_objects = argc - 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
