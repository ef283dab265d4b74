/* SPDX-License-Identifier: Apache-2.0 */
/* The control plane's view of a program: numbers, matches, keys, values, entries in text; hostile P4Info. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/p4info.pb-c.h"
#include "compiler/p4/compile.h"
#include "core/base/check.h"
#include "lib/p4/entry.h"

/* Bytes as hex. */
static const char *hex(const uint8_t *bytes, size_t len)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

/* ---- numbers ---- */

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t width;
		int err;
		const char *hex, *print;
	} cases[] = {
		{"0", 1, 0, "00", "0"},
		{"1", 1, 0, "01", "1"},
		{"true", 1, 0, "01", "1"},
		{"false", 1, 0, "00", "0"},
		{"2", 1, -ERANGE, NULL, NULL},
		{"255", 8, 0, "ff", "255"},
		{"256", 8, -ERANGE, NULL, NULL},
		{"0x1ff", 9, 0, "01ff", "511"},
		{"0x3ff", 9, -ERANGE, NULL, NULL},
		{"0b1010_1010", 8, 0, "aa", "170"},
		{"0o777", 16, 0, "01ff", "511"},
		{"-1", 8, 0, "ff", "255"},
		{"-128", 8, 0, "80", "128"},
		{"-129", 8, -ERANGE, NULL, NULL},
		{"-1", 12, 0, "0fff", "4095"},
		{"-0", 4, 0, "00", "0"},
		{"-1", 1, 0, "01", "1"},
		{"10.1.2.3", 32, 0, "0a010203", "0x0a010203"},
		{"10.1.2.3", 31, 0, "0a010203", "0x0a010203"},
		{"10.1.2.3", 16, -ERANGE, NULL, NULL},
		{"10.1.2", 32, -EINVAL, NULL, NULL},
		{"02:00:00:00:00:aF", 48, 0, "0200000000af", "02:00:00:00:00:af"},
		{"02-00-00-00-00-af", 48, 0, "0200000000af", "02:00:00:00:00:af"},
		{"02:00:00:00:00", 48, -EINVAL, NULL, NULL},
		{"fe80::1", 128, 0, "fe800000000000000000000000000001", "fe80::1"},
		{"fe80::1", 64, -ERANGE, NULL, NULL},
		{"0x_1", 8, -EINVAL, NULL, NULL},
		{"0x", 8, -EINVAL, NULL, NULL},
		{"", 8, -EINVAL, NULL, NULL},
		{"12a", 16, -EINVAL, NULL, NULL},
		{"-", 8, -EINVAL, NULL, NULL},
		{"18446744073709551616", 65, 0, "010000000000000000", "0x010000000000000000"},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(cases); i++) {
		uint8_t number[SEKI_P4RT_MAX_BYTES];
		char text[SEKI_P4RT_MAX_TEXT];

		assert_int_equal(seki_p4rt_number_parse(cases[i].text, strlen(cases[i].text),
							cases[i].width, number),
				 cases[i].err);
		if (cases[i].err)
			continue;
		assert_string_equal(hex(number, seki_p4rt_bytes(cases[i].width)), cases[i].hex);
		seki_p4rt_number_print(number, cases[i].width, text);
		assert_string_equal(text, cases[i].print);
	}
}

static void test_number_bytes(void **state)
{
	static const uint8_t bytes[] = {0, 0, 1, 0xff};
	uint8_t number[SEKI_P4RT_MAX_BYTES];

	(void)state;
	assert_int_equal(seki_p4rt_number_set(bytes, 4, 9, number), 0);
	assert_string_equal(hex(number, 2), "01ff");
	assert_int_equal(seki_p4rt_number_set(bytes, 4, 8, number), -ERANGE);
	assert_int_equal(seki_p4rt_number_set(bytes, 0, 2048, number), 0);
	assert_int_equal(number[255], 0);
	seki_p4rt_number_mask(12, 5, number);
	assert_string_equal(hex(number, 2), "0f80");
}

/* ---- matches ---- */

static void test_matches(void **state)
{
	static const struct {
		enum seki_match match;
		uint32_t width;
		const char *text, *print; /* NULL: refused */
	} cases[] = {
		{SEKI_MATCH_EXACT, 16, "80", "80"},
		{SEKI_MATCH_EXACT, 16, "80/16", "80"},
		{SEKI_MATCH_EXACT, 16, "*", NULL},
		{SEKI_MATCH_EXACT, 16, "80/15", NULL},
		{SEKI_MATCH_EXACT, 16, "1..2", NULL},
		{SEKI_MATCH_LPM, 32, "10.1.2.3/8", "0x0a000000/8"},
		{SEKI_MATCH_LPM, 32, "10.1.2.3", "0x0a010203/32"},
		{SEKI_MATCH_LPM, 32, "10.1.2.3&&&255.255.0.0", "0x0a010000/16"},
		{SEKI_MATCH_LPM, 32, "10.1.2.3&&&255.0.255.0", NULL},
		{SEKI_MATCH_LPM, 32, "10.1.2.3/33", NULL},
		{SEKI_MATCH_LPM, 32, "10.1.2.3/", NULL},
		{SEKI_MATCH_LPM, 12, "0x128/9", "296/9"},
		{SEKI_MATCH_LPM, 32, "*", "*"},
		{SEKI_MATCH_TERNARY, 32, "0x0a****ff", "0x0a0000ff&&&0xff0000ff"},
		{SEKI_MATCH_TERNARY, 9, "0x1**", "256&&&256"},
		{SEKI_MATCH_TERNARY, 4, "0b1*0*", "8&&&10"},
		{SEKI_MATCH_TERNARY, 8, "7", "7"},
		{SEKI_MATCH_TERNARY, 8, "1*", NULL},
		{SEKI_MATCH_TERNARY, 8, "256&&&1", NULL},
		{SEKI_MATCH_RANGE, 16, "80..90", "80..90"},
		{SEKI_MATCH_RANGE, 32, "10.0.0.1..10.0.0.9", "0x0a000001..0x0a000009"},
		{SEKI_MATCH_RANGE, 16, "80", "80"},
		{SEKI_MATCH_RANGE, 16, "*", "0..65535"},
		{SEKI_MATCH_RANGE, 16, "90..80", NULL},
		{SEKI_MATCH_RANGE, 16, "80&&&1", NULL},
		{SEKI_MATCH_OPTIONAL, 8, "6", "6"},
		{SEKI_MATCH_OPTIONAL, 8, "*", "*"},
		{SEKI_MATCH_OPTIONAL, 8, "6&&&7", NULL},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(cases); i++) {
		struct seki_p4rt_field field = {
			.name = "f", .width = cases[i].width, .match = cases[i].match};
		struct seki_p4rt_match match;
		char text[SEKI_P4RT_MAX_MATCH], why[SEKI_P4RT_WHY];
		int err = seki_p4rt_match_parse(&field, cases[i].text, strlen(cases[i].text),
						&match, why);

		assert_int_equal(err, cases[i].print ? 0 : -EINVAL);
		if (err)
			continue;
		seki_p4rt_match_print(&field, &match, text);
		assert_string_equal(text, cases[i].print);
	}
}

/* ---- entries ---- */

static const char program[] =
	"#include <sekisho.p4>\n"
	"header h_t { bit<8> a; bit<32> b; bit<16> c; bit<12> d; bit<4> e; bit<72> w; }\n"
	"struct headers { h_t h; }\n"
	"struct meta { }\n"
	"parser prs(packet_in p, out headers hdr, inout meta m, inout standard_metadata s) {\n"
	"  value_set<bit<16>>(4) vs;\n"
	"  state start { p.extract(hdr.h); transition select(hdr.h.c) { vs: accept; _: accept; } } }\n"
	"control pipe(inout headers hdr, inout meta m, inout standard_metadata s) {\n"
	"  action set(bit<8> x, bit<64> y, bit<72> z) { hdr.h.a = x; hdr.h.w = z; hdr.h.b = y[31:0]; }\n"
	"  action nop() { }\n"
	"  ActionProfile(4) pr; ActionSelector(PSA_HashAlgorithm_t.CRC16, 4, 8) sel;\n"
	"  table tp { key = { hdr.h.a: exact; } actions = { nop; set; } psa_implementation = pr; }\n"
	"  table ts { key = { hdr.h.a: exact; hdr.h.b: selector; } actions = { nop; @defaultonly set; }\n"
	"    psa_implementation = sel; }\n"
	"  table ex { key = { hdr.h.a: exact; hdr.h.b: exact; hdr.h.c: exact; hdr.h.w: exact; }\n"
	"    actions = { nop; set; } default_action = nop(); }\n"
	"  table lp { key = { hdr.h.d: lpm; hdr.h.e: exact; } actions = { nop; @defaultonly set; } }\n"
	"  table cl { key = { hdr.h.a: ternary; hdr.h.d: range; hdr.h.e: optional; hdr.h.c: lpm; }\n"
	"    actions = { @tableonly set; nop; } const default_action = nop(); }\n"
	"  apply { ex.apply(); lp.apply(); cl.apply(); tp.apply(); ts.apply(); } }\n"
	"control dprs(packet_out p, in headers hdr) { apply { p.emit(hdr.h); } }\n"
	"ubpf(prs(), pipe(), dprs()) main;\n";

struct rig {
	struct seki_p4rt *p4rt;
	uint8_t *info;
	size_t len;
};

static int setup(void **state)
{
	static struct rig rig;
	struct seki_p4_result *result;
	const void *info;
	char why[SEKI_P4RT_WHY];

	if (seki_p4_compile_text("t.p4", program, sizeof(program) - 1, &(struct seki_p4_opts){0},
				 &result))
		return -1;
	info = seki_p4_result_info(result, &rig.len);
	if (!info)
		return -1;
	rig.info = malloc(rig.len);
	memcpy(rig.info, info, rig.len);
	seki_p4_result_destroy(result);
	*state = &rig;
	return seki_p4rt_open(rig.info, rig.len, &rig.p4rt, why);
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	seki_p4rt_close(rig->p4rt);
	free(rig->info);
	return 0;
}

static const struct {
	enum seki_p4rt_form form;
	const char *text, *key, *value; /* in hex */
} entries[] = {
	/* widest first: w (9 bytes), b (4, aligned), c, a, padding */
	{SEKI_P4RT_ADD,
	 "pipe_ex hdr_h_a:1 hdr_h_b:0x02030405 key.hdr_h_c:0x0607 hdr_h_w:0x112233445566778899 "
	 "pipe_set(x:0xaa, y:0xbb, z:0xcc)",
	 "998877665544332211"
	 "000000"
	 "05040302"
	 "0706"
	 "01"
	 "00",
	 "01000000"
	 "00000000"
	 "aa00000000000000"
	 "bb00000000000000"
	 "cc0000000000000000"
	 "00000000000000"},
	{SEKI_P4RT_DEFAULT, "pipe.ex nop()", NULL,
	 "00000000"
	 "00000000"
	 "0000000000000000"
	 "0000000000000000"
	 "000000000000000000"
	 "00000000000000"},
	/* prefix_len, e in a byte, d in front of two */
	{SEKI_P4RT_ADD, "lp hdr.h.d:0x128/9 hdr.h.e:5 pipe.nop()",
	 "11000000"
	 "05"
	 "1280",
	 NULL},
	{SEKI_P4RT_REMOVE, "lp hdr.h.e:5",
	 "08000000"
	 "05"
	 "0000",
	 NULL},
	{SEKI_P4RT_ADD, "cl 7 hdr.h.a:0x1* hdr.h.d:1..0x234 hdr.h.c:0x1200/8 nop()",
	 "07000000"
	 "10"
	 "0001"
	 "00"
	 "1200"
	 "f0"
	 "0234"
	 "00"
	 "ff00",
	 NULL},
	{SEKI_P4RT_ADD, "prs.vs vs:0x1234", "3412", "00000000"},
	{SEKI_P4RT_ADD, "nosuch a:1 nop()", "", NULL},
	{SEKI_P4RT_ADD, "ex hdr.h.a:1 nop()", "", NULL},
	{SEKI_P4RT_ADD, "ex hdr.h.z:1 nop()", "", NULL},
	{SEKI_P4RT_ADD, "lp hdr.h.e:1 hdr.h.e:1 nop()", "", NULL},
	{SEKI_P4RT_ADD, "lp hdr.h.e:1 set(x:1, y:1, z:1)", "", NULL}, /* default only */
	{SEKI_P4RT_DEFAULT, "cl set(x:1, y:1, z:1)", "", NULL},	      /* entries only */
	{SEKI_P4RT_DEFAULT, "ex set(x:1, y:1)", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex set(x:1, y:1, z:1, q:1)", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex set(x:256, y:1, z:1)", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex set(x:1, y:1, z:1", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex nop() more", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex nop", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex other()", "", NULL},
	{SEKI_P4RT_DEFAULT, "ex", "", NULL},
	{SEKI_P4RT_DEFAULT, "vs nop()", "", NULL},
	{SEKI_P4RT_ADD, "cl x hdr.h.a:1 nop()", "", NULL},
	{SEKI_P4RT_ADD, "tp hdr.h.a:9 member(258)", "09", "02010000"},
	{SEKI_P4RT_ADD, "tp hdr.h.a:9 member (0x1)", "09", "01000000"},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 member(0)", "09", "0000000000000000"},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group( 3 )", "09", "0000000003000000"},
	{SEKI_P4RT_REMOVE, "ts hdr.h.a:9", "09", NULL},
	{SEKI_P4RT_DEFAULT, "pipe.tp nop()", NULL,
	 "00000000"
	 "00000000"
	 "0000000000000000"
	 "0000000000000000"
	 "000000000000000000"
	 "00000000000000"},
	{SEKI_P4RT_MEMBER, "pr 7 set(x:1, y:2, z:3)", "07000000",
	 "01000000"
	 "00000000"
	 "0100000000000000"
	 "0200000000000000"
	 "030000000000000000"
	 "00000000000000"},
	{SEKI_P4RT_MEMBER_REMOVE, "pipe_pr 7", "07000000", NULL},
	{SEKI_P4RT_GROUP_REMOVE, "pipe.sel 1", "01000000", NULL},
	{SEKI_P4RT_ADD, "tp hdr.h.a:9 nop()", "", NULL},
	{SEKI_P4RT_ADD, "tp hdr.h.a:9 group(1)", "", NULL}, /* no selector */
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group(0)", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group(x)", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group()", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group(1", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 group", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 member(4294967296)", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9 member(1) 2", "", NULL},
	{SEKI_P4RT_ADD, "ts hdr.h.a:9", "", NULL},
	{SEKI_P4RT_MEMBER, "pr 7", "", NULL},
	{SEKI_P4RT_MEMBER, "pr nop()", "", NULL},
	{SEKI_P4RT_MEMBER, "nosuch 7 nop()", "", NULL},
	{SEKI_P4RT_MEMBER, "tp 7 nop()", "", NULL},
	{SEKI_P4RT_MEMBER, "sel 7 set(x:1, y:2, z:3)", "", NULL}, /* default only */
	{SEKI_P4RT_MEMBER_REMOVE, "pr 7 nop()", "", NULL},
	{SEKI_P4RT_GROUP, "pr 1 1", "", NULL},
	{SEKI_P4RT_GROUP, "sel 0 1", "", NULL},
	{SEKI_P4RT_GROUP, "sel 1", "", NULL},
	{SEKI_P4RT_GROUP, "sel 1 1)", "", NULL},
	{SEKI_P4RT_GROUP, "sel 1 1 x", "", NULL},
	{SEKI_P4RT_GROUP_REMOVE, "sel", "", NULL},
};

static void test_entries(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < SEKI_COUNT(entries); i++) {
		struct seki_p4rt_entry entry;
		char why[SEKI_P4RT_WHY] = "";
		int err = seki_p4rt_entry_parse(rig->p4rt, entries[i].form, entries[i].text, &entry,
						why);

		if (entries[i].key && !*entries[i].key) {
			assert_int_equal(err, -EINVAL);
			assert_true(*why);
			continue;
		}
		if (err)
			fail_msg("%s: %s", entries[i].text, why);
		if (entries[i].key)
			assert_string_equal(hex(entry.key, strlen(entries[i].key) / 2),
					    entries[i].key);
		if (entries[i].value)
			assert_string_equal(hex(entry.value, strlen(entries[i].value) / 2),
					    entries[i].value);
		seki_p4rt_entry_exit(&entry);
	}
}

static void test_groups(void **state)
{
	char text[8 + 3 * (SEKI_GROUP_MEMBERS + 1)] = "sel 5", why[SEKI_P4RT_WHY];
	struct rig *rig = *state;

	for (uint32_t n = 1; n <= SEKI_GROUP_MEMBERS + 1; n++) {
		struct seki_p4rt_entry entry;
		struct seki_group group;
		int err;

		sprintf(text + strlen(text), " %u", n);
		err = seki_p4rt_entry_parse(rig->p4rt, SEKI_P4RT_GROUP, text, &entry, why);
		if (n > SEKI_GROUP_MEMBERS) {
			assert_int_equal(err, -EINVAL);
			continue;
		}
		assert_int_equal(err, 0);
		memcpy(&group, entry.value, sizeof(group));
		assert_int_equal(group.n, n);
		for (uint32_t i = 0; i < SEKI_GROUP_MEMBERS; i++)
			assert_int_equal(group.members[i], i < n ? i + 1 : 0);
		seki_p4rt_entry_exit(&entry);
	}
}

/* What was encoded reads the same. */
static void test_decode(void **state)
{
	static const char *const texts[] = {
		"ex hdr.h.a:1 hdr.h.b:2 hdr.h.c:3 hdr.h.w:4 set(x:5, y:6, z:7)",
		"lp hdr.h.d:0xabc/11 hdr.h.e:9 nop()",
		"cl 3 hdr.h.a:0b10*1*0*1 hdr.h.d:3..9 hdr.h.e:1 hdr.h.c:0x8000/1 set(x:1, y:2, z:3)",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < SEKI_COUNT(texts); i++) {
		struct seki_p4rt_entry entry;
		struct seki_p4rt_match matches[8];
		uint8_t again[128], number[SEKI_P4RT_MAX_BYTES];
		uint32_t priority;
		char why[SEKI_P4RT_WHY];

		assert_int_equal(
			seki_p4rt_entry_parse(rig->p4rt, SEKI_P4RT_ADD, texts[i], &entry, why), 0);
		seki_p4rt_key_decode(entry.table, entry.key, matches, &priority);
		seki_p4rt_key_encode(entry.table, matches, priority, again);
		assert_memory_equal(again, entry.key, seki_p4rt_key_bytes(entry.table));
		assert_ptr_equal(seki_p4rt_value_action(entry.table, entry.value), entry.action);
		for (uint32_t k = 0; k < entry.action->n_params; k++) {
			const struct seki_p4rt_field *p = &entry.action->params[k];

			seki_p4rt_value_arg(entry.table, p, entry.value, number);
			assert_int_equal(number[seki_p4rt_bytes(p->width) - 1], k + (i ? 1 : 5));
		}
		seki_p4rt_entry_exit(&entry);
	}
}

/* ---- hostile P4Info ---- */

static void test_cut(void **state)
{
	struct rig *rig = *state;

	for (size_t len = 0; len < rig->len; len++) {
		struct seki_p4rt *p4rt = NULL;
		char why[SEKI_P4RT_WHY];
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, rig->info, len);
		if (seki_p4rt_open(copy, len, &p4rt, why) == 0)
			seki_p4rt_close(p4rt);
		free(copy);
	}
}

static void test_large(void **state)
{
	static uint8_t bytes[(1 << 20) + 1];
	struct seki_p4rt *p4rt;
	char why[SEKI_P4RT_WHY];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(bytes); i += 2)
		bytes[i] = 3 << 3 | 2; /* P4Info.actions, of 0 bytes */
	assert_int_equal(seki_p4rt_open(bytes, sizeof(bytes), &p4rt, why), -E2BIG);
	assert_int_equal(seki_p4rt_open(bytes, sizeof(bytes) - 1, &p4rt, why), -EPROTO);
}

/* A table of one field, packed, after a change to it. */
static int open_changed(uint32_t width, const char *name, uint32_t action, int match)
{
	P4__Config__V1__P4Info info = P4__CONFIG__V1__P4_INFO__INIT;
	P4__Config__V1__Table table = P4__CONFIG__V1__TABLE__INIT, *tables = &table;
	P4__Config__V1__Preamble preamble = P4__CONFIG__V1__PREAMBLE__INIT;
	P4__Config__V1__MatchField field = P4__CONFIG__V1__MATCH_FIELD__INIT, *fields = &field;
	P4__Config__V1__ActionRef ref = P4__CONFIG__V1__ACTION_REF__INIT, *refs = &ref;
	char why[SEKI_P4RT_WHY] = "";
	struct seki_p4rt *p4rt;
	uint8_t bytes[512];
	size_t len;
	int err;

	preamble.name = (char *)name;
	field.name = (char *)"f";
	field.bitwidth = (int32_t)width;
	field.match_case = P4__CONFIG__V1__MATCH_FIELD__MATCH_MATCH_TYPE;
	field.match_type = (P4__Config__V1__MatchField__MatchType)match;
	ref.id = action;
	table.preamble = name ? &preamble : NULL;
	table.match_fields = &fields;
	table.n_match_fields = 1;
	table.action_refs = &refs;
	table.n_action_refs = action != 0;
	info.tables = &tables;
	info.n_tables = 1;
	len = p4__config__v1__p4_info__pack(&info, bytes);
	err = seki_p4rt_open(bytes, len, &p4rt, why);
	if (!err)
		seki_p4rt_close(p4rt);
	else
		assert_true(*why);
	return err;
}

static void test_contradictions(void **state)
{
	(void)state;
	assert_int_equal(open_changed(8, "t", 0, 2), 0);
	assert_int_equal(open_changed(2048, "t", 0, 2), 0);
	assert_int_equal(open_changed(0, "t", 0, 2), -EPROTO);
	assert_int_equal(open_changed(2049, "t", 0, 2), -EPROTO);
	assert_int_equal(open_changed((uint32_t)-8, "t", 0, 2), -EPROTO);
	assert_int_equal(open_changed(8, "", 0, 2), -EPROTO);
	assert_int_equal(open_changed(8, NULL, 0, 2), -EPROTO);
	assert_int_equal(open_changed(8, "a\033[2J", 0, 2), -EPROTO);
	assert_int_equal(open_changed(8, "t", 1, 2), -EPROTO);
	assert_int_equal(open_changed(8, "t", 0, 77), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_bytes),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_contradictions),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
