// SPDX-License-Identifier: Apache-2.0
/* Definitions of maps in objects: struct ubpf_map_def, struct bpf_map_def, and those of BTF. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/p4obj.h"
#include "core/base/check.h"
#include "tests/unit/bpf/asm.h"
#include "tests/unit/bpf/objmake.h"

#define WRITABLE (SHF_ALLOC | SHF_WRITE)

static struct maker *make_program(void)
{
	static const struct seki_bpf_insn code[] = {LDDW(1, 0), MOVI(0, 0), EXIT};
	struct maker *m = make();

	make_symbol(m, "entry", STT_FUNC, make_code(m, "xdp", code, sizeof(code)), 0, 0);
	return m;
}

static uint32_t make_int(struct maker *m, uint32_t bytes)
{
	return make_type(m, "int", SEKI_BTF_INT, 0, bytes, &(uint32_t){bytes * 8}, 1);
}

static uint32_t make_array(struct maker *m, uint32_t of, uint32_t count)
{
	return make_type(m, "", SEKI_BTF_ARRAY, 0, 0, (const uint32_t[]){of, 1, count}, 3);
}

static uint32_t make_pointer(struct maker *m, uint32_t to)
{
	return make_type(m, "", SEKI_BTF_PTR, 0, to, NULL, 0);
}

/* libbpf's __uint(). */
static uint32_t make_uint(struct maker *m, uint32_t value)
{
	return make_pointer(m, make_array(m, 1, value));
}

struct member {
	const char *name;
	uint32_t type;
};

static uint32_t make_struct(struct maker *m, const struct member *members, uint32_t n)
{
	uint32_t words[3 * 16];

	for (uint32_t i = 0; i < n; i++) {
		words[3 * i] = make_name(m, members[i].name);
		words[3 * i + 1] = members[i].type;
		words[3 * i + 2] = i * 64;
	}
	return make_type(m, "", SEKI_BTF_STRUCT, n, n * 8, words, 3 * n);
}

/* The variable of that type in .maps, as clang tells of it; its VAR's id. */
static uint32_t make_map(struct maker *m, const char *name, uint32_t type)
{
	uint32_t section = make_section(m, ".maps", SHT_PROGBITS, WRITABLE, NULL, 32);
	uint32_t var = make_type(m, name, SEKI_BTF_VAR, 0, type, &(uint32_t){1}, 1);

	make_symbol(m, name, STT_OBJECT, section, 0, 32);
	make_type(m, ".maps", SEKI_BTF_DATASEC, 1, 32, (const uint32_t[]){var, 0, 32}, 3);
	return var;
}

enum { INT = 1, LONG = 2 };

static struct maker *make_typed(void)
{
	struct maker *m = make_program();

	make_int(m, 4);
	make_int(m, 8);
	return m;
}

/* A map of these numbers, with key and value by type. */
static struct maker *make_btf_map(uint32_t type, uint32_t entries, uint32_t key, uint32_t value)
{
	struct maker *m = make_typed();
	const struct member members[] = {
		{"type", make_uint(m, type)},
		{"max_entries", make_uint(m, entries)},
		{"key", make_pointer(m, key)},
		{"value", make_pointer(m, value)},
	};

	make_map(m, "flows", make_struct(m, members, 4));
	return m;
}

static void expect_map(const struct seki_obj *obj, uint32_t index, const char *name,
		       struct seki_map_def want)
{
	const struct seki_obj_map *map = &obj->maps[index];

	assert_true(index < obj->n_maps);
	assert_string_equal(map->name, name);
	assert_int_equal(map->type, want.type);
	assert_int_equal(map->key_size, want.key_size);
	assert_int_equal(map->value_size, want.value_size);
	assert_int_equal(map->max_entries, want.max_entries);
	assert_int_equal(map->hashes, want.nb_hash_functions);
}

static void test_kernel_types(void **state)
{
	static const uint32_t types[][2] = {{1, SEKI_MAP_HASH},
					    {2, SEKI_MAP_ARRAY},
					    {6, SEKI_MAP_QUEUE_ARRAY},
					    {9, SEKI_MAP_LRU_HASH},
					    {11, SEKI_MAP_LPM}};
	struct seki_obj obj;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(types); i++) {
		struct maker *m = make_btf_map(types[i][0], 100, INT, LONG);

		make_reloc(m, 1, 0, 2, 1);
		ACCEPTED(m, &obj);
		assert_int_equal(obj.n_maps, 1);
		expect_map(&obj, 0, "flows", (struct seki_map_def){types[i][1], 4, 8, 100, 0});
		assert_int_equal(obj.insns[0].regs, SEKI_LDDW_MAP << 4 | 1);
		seki_obj_close(&obj);
	}
	for (uint32_t type = 0; type < 64; type++) {
		char text[64];

		if (type == 1 || type == 2 || type == 6 || type == 9 || type == 11)
			continue;
		snprintf(text, sizeof(text), "(%u), is not supported; HASH, ARRAY", type);
		REFUSED(make_btf_map(type, 100, INT, LONG), -ENOEXEC, text);
	}
	REFUSED(make_btf_map(5, 1, INT, LONG), -ENOEXEC,
		"map \"flows\": its type, PERCPU_HASH (5), is not supported");
	REFUSED(make_btf_map(UINT32_MAX, 1, INT, LONG), -ENOEXEC, "unknown (4294967295)");
	/* How many is too many is the machine's to say. */
	ACCEPTED(make_btf_map(1, UINT32_MAX, INT, LONG), &obj);
	assert_int_equal(obj.maps[0].max_entries, UINT32_MAX);
	seki_obj_close(&obj);
}

/* What a map with a value of this type has for its size; 0: it is refused. */
static void value_is(struct maker *m, uint32_t value, uint32_t size)
{
	const struct member members[] = {
		{"type", make_uint(m, 1)},
		{"max_entries", make_uint(m, 7)},
		{"key", make_pointer(m, INT)},
		{"value", make_pointer(m, value)},
	};
	struct seki_obj obj;

	make_map(m, "flows", make_struct(m, members, 4));
	if (!size) {
		REFUSED(m, -ENOEXEC,
			"map \"flows\": its field \"value\" is not written as "
			"__type(name, TYPE), or of no size");
		return;
	}
	ACCEPTED(m, &obj);
	assert_int_equal(obj.maps[0].value_size, size);
	seki_obj_close(&obj);
}

static uint32_t make_kind(struct maker *m, enum seki_btf_kind kind, uint32_t ref)
{
	return make_type(m, "", kind, 0, ref, NULL, 0);
}

static void test_value_types(void **state)
{
	struct maker *m = make_typed();

	(void)state;
	value_is(m, make_array(m, LONG, 5), 40);
	m = make_typed();
	value_is(m, make_array(m, make_array(m, INT, 3), 5), 60);
	m = make_typed();
	value_is(m, make_pointer(m, 0), 8);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_UNION, 24), 24);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_ENUM, 4), 4);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_ENUM64, 8), 8);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_FLOAT, 8), 8);
	for (uint32_t kind = SEKI_BTF_TYPEDEF; kind <= SEKI_BTF_RESTRICT; kind++) {
		m = make_typed();
		value_is(m, make_array(m, make_kind(m, kind, LONG), 2), 16);
	}
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_TYPE_TAG, LONG), 8);
	/* Of no size. */
	m = make_typed();
	value_is(m, 0, 0);
	m = make_typed();
	value_is(m, 0x7fffffff, 0);
	m = make_typed();
	value_is(m, make_array(m, INT, 0), 0);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_STRUCT, 0), 0);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_FWD, 0), 0);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_FUNC, 1), 0);
}

/* Types that refer to themselves, or deeper than there is any need for. */
static void test_recursive_types(void **state)
{
	struct maker *m = make_typed();
	uint32_t type;

	(void)state;
	value_is(m, make_array(m, m->n_types, 1), 0);
	m = make_typed();
	value_is(m, make_kind(m, SEKI_BTF_TYPEDEF, m->n_types), 0);
	m = make_typed();
	type = m->n_types;
	make_kind(m, SEKI_BTF_CONST, type + 1);
	value_is(m, make_kind(m, SEKI_BTF_VOLATILE, type), 0);
	m = make_typed();
	type = make_array(m, UINT32_MAX, 2);
	value_is(m, type, 0);
	/* Sizes that wrap. */
	m = make_typed();
	type = make_array(m, LONG, 1u << 29);
	value_is(m, type, 0);
	m = make_typed();
	type = INT;
	for (int i = 0; i < 31; i++)
		type = make_array(m, type, 16);
	value_is(m, type, 0);
	m = make_typed();
	type = INT;
	for (int i = 0; i < 20; i++)
		type = make_array(m, make_kind(m, SEKI_BTF_TYPEDEF, type), 1);
	value_is(m, type, 4);
	m = make_typed();
	type = INT;
	for (int i = 0; i < 40; i++)
		type = make_array(m, type, 1);
	value_is(m, type, 0);
}

static struct maker *make_fields(const struct member *members, uint32_t n, struct maker *m)
{
	make_map(m, "flows", make_struct(m, members, n));
	return m;
}

static void test_fields(void **state)
{
	static const char *const needed[] = {"type", "max_entries", "key_size", "value_size"};
	struct maker *m = make_typed();
	struct member members[] = {{"type", make_uint(m, 2)},	   {"max_entries", make_uint(m, 3)},
				   {"key_size", make_uint(m, 4)},  {"value_size", make_uint(m, 5)},
				   {"map_flags", make_uint(m, 1)}, {"key", make_pointer(m, INT)}};
	struct seki_obj obj;

	(void)state;
	ACCEPTED(make_fields(members, 6, m), &obj);
	expect_map(&obj, 0, "flows", (struct seki_map_def){SEKI_MAP_ARRAY, 4, 5, 3, 0});
	seki_obj_close(&obj);
	for (size_t i = 0; i < SEKI_COUNT(needed); i++) {
		struct member some[3];
		uint32_t n = 0;
		char text[64];

		m = make_typed();
		for (size_t j = 0; j < SEKI_COUNT(needed); j++)
			if (j != i)
				some[n++] = (struct member){needed[j], make_uint(m, 4)};
		snprintf(text, sizeof(text), "map \"flows\": it has no field \"%.*s",
			 (int)strcspn(needed[i], "_"), needed[i]);
		REFUSED(make_fields(some, n, m), -ENOEXEC, text);
	}
	m = make_typed();
	members[4].type = make_uint(m, 0x80);
	for (int i = 0; i < 4; i++)
		members[i].type = make_uint(m, i == 0 ? 2 : 4);
	REFUSED(make_fields(members, 5, m), -ENOEXEC, "its map_flags, 0x80, ask for what is not");
	m = make_typed();
	for (int i = 0; i < 4; i++)
		members[i].type = make_uint(m, i == 0 ? 2 : 4);
	members[4] = (struct member){"key", make_pointer(m, LONG)};
	REFUSED(make_fields(members, 5, m), -ENOEXEC, "its field \"key\" says 8, another 4");
	m = make_typed();
	members[0] = (struct member){"pinning", make_uint(m, 1)};
	REFUSED(make_fields(members, 1, m), -ENOEXEC,
		"its field \"pinning\" is not supported; type");
	m = make_typed();
	members[0] = (struct member){"type", INT};
	REFUSED(make_fields(members, 1, m), -ENOEXEC,
		"its field \"type\" is not written as __uint(name, NUMBER)");
	m = make_typed();
	members[0] = (struct member){"type", make_pointer(m, INT)};
	REFUSED(make_fields(members, 1, m), -ENOEXEC, "not written as __uint");
	m = make_typed();
	members[0] = (struct member){"key", LONG};
	REFUSED(make_fields(members, 1, m), -ENOEXEC, "not written as __type");
	REFUSED(make_fields(members, 0, make_typed()), -ENOEXEC, "it has no field \"type\"");
}

static void test_no_btf(void **state)
{
	struct maker *m = make_program();
	uint32_t section = make_section(m, ".maps", SHT_PROGBITS, WRITABLE, NULL, 32);

	(void)state;
	make_symbol(m, "flows", STT_OBJECT, section, 0, 32);
	REFUSED(m, -ENOEXEC,
		"map \"flows\" in section .maps: the object has no BTF that describes "
		"it; compile with -g");
	m = make_btf_map(1, 1, INT, LONG);
	memcpy(m->names + m->types[0], "other", 5); /* harmless: the name of a type */
	m->symbols[2].st_name = m->symbols[1].st_name;
	REFUSED(m, -ENOEXEC, "map \"entry\" in section .maps: BTF does not describe it");
	m = make_typed();
	make_map(m, "flows", LONG);
	REFUSED(m, -ENOEXEC, "BTF does not describe it as a struct");
	m = make_typed();
	make_type(m, "odd", 20, 0, 0, NULL, 0);
	make_map(m, "flows", LONG);
	REFUSED(m, -ENOEXEC, "the object's BTF, which describes it, is malformed");
	m = make_typed();
	make_map(m, "flows", LONG);
	make_type(m, "cut", SEKI_BTF_STRUCT, 65535, 0, NULL, 0);
	REFUSED(m, -ENOEXEC, "is malformed");
	/* No section of variables, and a last type that seems to have many parts. */
	m = make_typed();
	section = make_section(m, ".maps", SHT_PROGBITS, WRITABLE, NULL, 32);
	make_symbol(m, "flows", STT_OBJECT, section, 0, 32);
	make_type(m, "entry", SEKI_BTF_FUNC, 65535, INT, NULL, 0);
	REFUSED(m, -ENOEXEC, "BTF does not describe it");
}

/* Before BTF: definitions are bytes. */
static struct maker *make_legacy(const char *section, const uint32_t *def, uint64_t size)
{
	struct maker *m = make_program();

	make_symbol(m, "flows", STT_OBJECT,
		    make_section(m, section, SHT_PROGBITS, WRITABLE, def, size), 0, size);
	return m;
}

static void test_legacy(void **state)
{
	struct seki_obj obj;
	struct maker *m;

	(void)state;
	ACCEPTED(make_legacy("maps", (const uint32_t[]){1, 4, 8, 16, 1, 0, 0}, 28), &obj);
	expect_map(&obj, 0, "flows", (struct seki_map_def){SEKI_MAP_HASH, 4, 8, 16, 0});
	seki_obj_close(&obj);
	REFUSED(make_legacy("maps", (const uint32_t[]){1, 4, 8, 16, 0, 0, 1}, 28), -ENOEXEC,
		"map \"flows\" in section maps is not a struct bpf_map_def");
	REFUSED(make_legacy("maps", (const uint32_t[]){1, 4, 8, 16}, 16), -ENOEXEC,
		"is not a struct bpf_map_def");
	REFUSED(make_legacy("maps", (const uint32_t[]){27, 4, 8, 16, 0}, 20), -ENOEXEC,
		"its type, RINGBUF (27), is not supported");
	m = make_legacy("maps", (const uint32_t[]){1, 4, 8, 16, 0}, 20);
	m->symbols[2].st_value = UINT64_MAX - 3;
	REFUSED(m, -ENOEXEC, "is not a struct bpf_map_def");
	m = make_legacy("maps", (const uint32_t[]){1, 4, 8, 16, 0}, 20);
	m->symbols[2].st_size = UINT64_MAX;
	REFUSED(m, -ENOEXEC, "is not a struct bpf_map_def");
	m = make_legacy("maps", NULL, 20);
	m->sections[2].sh_type = SHT_NOBITS;
	REFUSED(m, -ENOEXEC, "is not a struct bpf_map_def");
}

static void test_ubpf(void **state)
{
	static const uint32_t def[] = {4, 4, 8, 16, 2};
	struct seki_obj obj;
	struct maker *m;

	(void)state;
	ACCEPTED(make_legacy(".data", def, 20), &obj);
	expect_map(&obj, 0, "flows", (struct seki_map_def){4, 4, 8, 16, 2});
	seki_obj_close(&obj);
	m = make_legacy(".data", def, 20);
	m->symbols[2].st_value = 1;
	REFUSED(m, -ENOEXEC, "\"flows\" lies outside its section, .data");
	m = make_legacy(".data", def, 20);
	m->symbols[2].st_value = UINT64_MAX;
	REFUSED(m, -ENOEXEC, "\"flows\" lies outside its section");
	/* No map: a variable, that matters only where code uses it. */
	m = make_legacy(".data", def, 20);
	m->symbols[2].st_size = 4;
	ACCEPTED(m, &obj);
	assert_int_equal(obj.n_maps, 0);
	seki_obj_close(&obj);
	m = make_legacy(".data", def, 20);
	m->symbols[2].st_size = 4;
	make_reloc(m, 1, 0, 2, 1);
	REFUSED(m, -ENOEXEC, "\"flows\" is a global variable (section .data)");
}

static struct maker *make_many(uint32_t n, uint32_t apart, const char *format)
{
	static const uint32_t defs[66 * 5];
	struct maker *m = make_program();
	uint32_t section = make_section(m, ".data", SHT_PROGBITS, WRITABLE, defs, sizeof(defs));
	char name[200];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), format, i);
		make_symbol(m, name, STT_OBJECT, section, i * apart, 20);
	}
	return m;
}

static void test_many(void **state)
{
	struct seki_obj obj;

	(void)state;
	ACCEPTED(make_many(SEKI_BPF_MAX_MAPS, 20, "m%u"), &obj);
	assert_int_equal(obj.n_maps, SEKI_BPF_MAX_MAPS);
	seki_obj_close(&obj);
	REFUSED(make_many(SEKI_BPF_MAX_MAPS + 1, 20, "m%u"), -ENOEXEC,
		"there are more than 64 maps");
	REFUSED(make_many(2, 20, "same"), -ENOEXEC, "there are two maps \"same\"; rename one");
	REFUSED(make_many(2, 0, "m%u"), -ENOEXEC, "the maps \"m0\" and \"m1\" are one");
	ACCEPTED(make_many(1, 20, "%0128u"), &obj);
	assert_int_equal(strlen(obj.maps[0].name), SEKI_OBJ_NAME_MAX);
	seki_obj_close(&obj);
	REFUSED(make_many(1, 20, "%0129u"), -ENOEXEC, "a name is longer than 128 bytes");
	REFUSED(make_many(1, 20, ""), -ENOEXEC, "empty");
	REFUSED(make_many(1, 20, "a\33[2Jb"), -ENOEXEC, "control characters: that of a map");
}

static void try_object(const uint8_t *bytes, size_t len, bool must_fail)
{
	char log[512];
	struct seki_text text = seki_text_on(log, sizeof(log));
	struct seki_obj obj;
	int err = seki_obj_open(bytes, len, "entry", &obj, &text);

	assert_true(!err || (log[0] && log[strlen(log) - 1] == '\n'));
	assert_true(err || !must_fail);
	for (uint32_t i = 0; !err && i < obj.n_insns; i++) {
		struct seki_obj_line line;

		seki_obj_line(&obj, i, &line);
	}
	seki_obj_close(&obj);
}

/* Each length in a block of its own, where a sanitizer sees what is read past its end. */
static void test_truncated(void **state)
{
	size_t len;
	uint8_t *bytes = make_object(make_btf_map(1, 100, INT, LONG), &len);

	(void)state;
	try_object(bytes, len, false);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *part = malloc(cut ? cut : 1);

		memcpy(part, bytes, cut);
		try_object(part, cut, true);
		free(part);
	}
	free(bytes);
}

static void test_mutations(void **state)
{
	static const uint8_t flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20,
					0x40, 0x80, 0xff, 0x7f, 0xaa};
	struct maker *m = make_btf_map(1, 100, INT, LONG);
	size_t len;
	uint8_t *bytes;

	(void)state;
	make_reloc(m, 1, 0, 2, 1);
	memcpy(m->core, (const uint32_t[]){16, make_name(m, "xdp"), 1, 64, 1, 0, 0}, 28);
	m->n_core = 7;
	bytes = make_object(m, &len);
	for (size_t at = 0; at < len; at++)
		for (size_t i = 0; i < SEKI_COUNT(flips); i++) {
			bytes[at] ^= flips[i];
			try_object(bytes, len, false);
			bytes[at] ^= flips[i];
		}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_types),
		cmocka_unit_test(test_value_types),
		cmocka_unit_test(test_recursive_types),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_ubpf),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
