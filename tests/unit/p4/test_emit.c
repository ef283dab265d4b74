/* SPDX-License-Identifier: Apache-2.0 */
/* What the back end refuses is an error at its place; what nothing changes is not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/compile.h"

/* A program around a piece of each of its parts. */
struct parts {
	const char *types;
	const char *fields; /* of the struct of headers */
	const char *parser; /* in state start, on a line of its own */
	const char *locals; /* of the control */
	const char *apply;
	const char *emit;
};

#define OR(s, other) ((s) ? (s) : (other))

static struct seki_p4_result *compile(const struct parts *p, bool compat)
{
	static char text[8192];
	struct seki_p4_opts opts = {.compat = compat};
	struct seki_p4_result *result;

	snprintf(text, sizeof(text),
		 "#include <sekisho.p4>\n"
		 "header a_t { bit<8> x; bit<8> y; }\n"
		 "header v_t { varbit<64> v; }\n"
		 "%s\n" /* line 4 */
		 "struct H { a_t a; a_t b; v_t v; %s }\n"
		 "struct M { bit<32> m; }\n"
		 "parser P(packet_in p, out H h, inout M m, inout standard_metadata s) {\n"
		 "state start {\n%s\n}\n" /* line 9 */
		 "state one { transition accept; }\n}\n"
		 "control C(inout H h, inout M m, inout standard_metadata s) {\n"
		 "action set(bit<32> d) { m.m = d; }\n"
		 "%s\n"							/* line 15 */
		 "apply {\n%s\n}\n}\n"					/* line 17 */
		 "control D(packet_out p, in H h) { apply {\n%s\n} }\n" /* line 21 */
		 "ubpf(P(), C(), D()) main;\n",
		 OR(p->types, ""), OR(p->fields, ""),
		 OR(p->parser, "p.extract(h.a); transition accept;"), OR(p->locals, ""),
		 OR(p->apply, ""), OR(p->emit, "p.emit(h);"));
	assert_int_equal(seki_p4_compile_text("t.p4", text, (uint32_t)strlen(text), &opts, &result),
			 0);
	return result;
}

struct mistake {
	uint32_t line;
	const char *message;
	struct parts parts;
};

/* What is wrong for this architecture only. */
static const struct mistake mistakes[] = {
	{15,
	 "the map 'C_t_defaultAction' of this has the name of another map",
	 {.locals = "Register<bit<8>, bit<8>>(4) t_defaultAction; table t { actions = { set; } }"}},
	{15,
	 "the map 'C_u_v' of this has the name of another map",
	 {.locals =
		  "@name(\"u.v\") table t { actions = { set; } } table u_v { actions = { set; } }"}},
	{15,
	 "the size of 'c' is from 1 to 1048576",
	 {.locals = "Counter<bit<64>, bit<8>>(0, PSA_CounterType_t.PACKETS) c;"}},
	{15,
	 "the size of 'm' is from 1 to 1048576",
	 {.locals = "Meter<bit<8>>(1048577, PSA_MeterType_t.BYTES) m;"}},
	{15,
	 "one must have psa_direct_counter = c",
	 {.locals = "DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS) c;"}},
	{15,
	 "one must have psa_direct_meter = m",
	 {.locals = "DirectMeter(PSA_MeterType_t.BYTES) m;"}},
	{15,
	 "is direct of table 't' already",
	 {.locals =
		  "DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS) c; table t { key = { h.a.x : exact; } actions = { set; } psa_direct_counter = c; } table u { actions = { set; } psa_direct_counter = c; }"}},
	{15,
	 "expected an instance of DirectMeter, found DirectCounter",
	 {.locals =
		  "DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS) c; table t { key = { h.a.x : exact; } actions = { set; } psa_direct_meter = c; }"}},
	{15,
	 "expected an instance of ActionProfile or ActionSelector, found DirectMeter",
	 {.locals =
		  "DirectMeter(PSA_MeterType_t.BYTES) m; table t { key = { h.a.x : exact; } actions = { set; } psa_implementation = m; }"}},
	{15, "the size of 'd' is a power of two up to 65536", {.locals = "Digest<bit<8>>(100) d;"}},
	{15,
	 "the map 'C_d_state' of this has the name of another map",
	 {.locals = "Register<bit<8>, bit<8>>(4) d_state; Digest<bit<8>>() d;"}},
	{15, "'r' is from 9 to 3, which is less", {.locals = "Random<bit<8>>(9, 3) r;"}},
	{17,
	 "words of 16 bits; these have 8 bits",
	 {.locals = "InternetChecksum() c;", .apply = "c.add(h.a.x);"}},
	{17,
	 "has from 1 to 512 bits here, not 1024",
	 {.locals = "Hash<bit<32>>(PSA_HashAlgorithm_t.LOOKUP3) f;",
	  .apply = "m.m = f.get_hash((bit<1024>)h.a.x);"}},
	{15,
	 "table 't' has no ActionSelector for this key",
	 {.locals = "table t { key = { h.a.x : selector; } actions = { set; } }"}},
	{15,
	 "but no key of kind 'selector'",
	 {.locals =
		  "ActionSelector(PSA_HashAlgorithm_t.CRC16, 8, 12) s1; table t { key = { h.a.x : exact; } actions = { set; } psa_implementation = s1; }"}},
	{15,
	 "entries of a table with 'a' name members",
	 {.locals =
		  "ActionProfile(8) a; table t { key = { h.a.x : exact; } actions = { set; } psa_implementation = a; const entries = { 1 : set(1); } }"}},
	{15,
	 "tables 'u' and 't' share 'a'",
	 {.locals =
		  "ActionProfile(8) a; table t { key = { h.a.x : exact; } actions = { set; } psa_implementation = a; } table u { key = { h.a.y : exact; } actions = { set; NoAction; } psa_implementation = a; }"}},
};

static const struct mistake gaps[] = {
	{15, "instances of", {.types = "extern X { X(); }", .locals = "X() x;"}},
	{15, "random numbers of type bit<80> are", {.locals = "Random<bit<80>>(3, 9) r;"}},
};

static void run(const struct mistake *list, size_t n, bool unsupported)
{
	for (size_t i = 0; i < n; i++) {
		struct seki_p4_result *result = compile(&list[i].parts, false);
		const char *said = seki_p4_result_text(result, false);
		uint32_t line = 0; /* of the first error, whatever warnings there are */
		char kind[8];

		for (const char *s = said; s && !line; s = strchr(s + 1, '\n'))
			if (sscanf(s, " t.p4:%u:%*u: %7s", &line, kind) != 2 ||
			    strcmp(kind, "error:") != 0)
				line = 0;
		if (!strstr(said, list[i].message) || line != list[i].line)
			fail_msg("line %u, expected line %u, %s:\n%s", line, list[i].line,
				 list[i].message, said);
		assert_int_equal(seki_p4_result_unsupported(result),
				 unsupported ? seki_p4_result_errors(result) : 0);
		assert_null(seki_p4_result_code(result));
		seki_p4_result_destroy(result);
	}
}

static void tells_what_it_cannot_do_yet(void **state)
{
	(void)state;
	run(gaps, sizeof(gaps) / sizeof(gaps[0]), true);
}

static void tells_what_is_wrong(void **state)
{
	(void)state;
	run(mistakes, sizeof(mistakes) / sizeof(mistakes[0]), false);
}

/* Does the part of the code behind the parser and the control hold the text? */
static bool writes(const struct parts *parts, const char *what)
{
	struct seki_p4_result *result = compile(parts, false);
	const char *code = seki_p4_result_code(result);
	bool found;

	if (!code)
		fail_msg("%s", seki_p4_result_text(result, false));
	found = strstr(strstr(code, "deparse: "), what) != NULL;
	seki_p4_result_destroy(result);
	return found;
}

static void leaves_alone_what_nothing_changes(void **state)
{
	static const struct parts reads = {.apply = "if (h.a.x == 1) { mark_to_drop(); }"};
	static const struct parts skips = {
		.parser = "p.extract(h.a); p.extract(h.v, ((bit<32>)h.a.x[1:0]) << 3); "
			  "p.extract(h.b); transition accept;",
		.emit = "p.emit(h.a); p.emit(h.v); p.emit(h.b);"};
	static const struct parts sets = {.apply = "h.a.x = 1;"};

	(void)state;
	assert_false(writes(&reads, "store"));
	assert_false(writes(&reads, "adjust_head"));
	assert_false(writes(&sets, "adjust_head"));
	assert_true(writes(&sets, "store8(pkt, 0"));
	/* Here the order of emits is not that of extracts. */
	assert_true(writes(&skips, "drop") && !writes(&sets, "put_"));
}

static void writes_what_moves(void **state)
{
	static const struct parts grows = {.apply = "h.b.setValid();"};
	static const struct parts shrinks = {.apply = "h.a.setInvalid();"};
	static const struct parts strips = {.emit = ""};
	static const struct parts swaps = {
		.parser = "p.extract(h.a); p.extract(h.b); transition accept;",
		.emit = "p.emit(h.b); p.emit(h.a);"};
	static const struct parts skips = {
		.parser = "p.extract(h.a); p.advance(8); transition accept;"};

	(void)state;
	assert_true(writes(&grows, "ubpf_adjust_head(ctx, 2)"));
	assert_true(writes(&shrinks, "ubpf_adjust_head(ctx, -2)"));
	assert_true(writes(&strips, "ubpf_adjust_head(ctx, -2)"));
	assert_true(writes(&skips, "ubpf_adjust_head(ctx, -1)"));
	assert_true(writes(&swaps, "store8(pkt, 2"));
}

static void rejects_as_told(void **state)
{
	static const struct parts plain = {0};
	struct seki_p4_result *own = compile(&plain, false), *p4c = compile(&plain, true);

	(void)state;
	assert_non_null(strstr(seki_p4_result_code(own), "drop_site(site)"));
	assert_null(strstr(seki_p4_result_code(p4c), "drop_site(site)"));
	assert_non_null(strstr(strstr(seki_p4_result_code(p4c), "reject: "), "return 1;"));
	seki_p4_result_destroy(own);
	seki_p4_result_destroy(p4c);
}

/* Else the compiler counts on, and what goes wrong is shown at lines that have no part in it. */
static void says_of_each_line_where_it_is_from(void **state)
{
	static const struct parts plain = {0};
	struct seki_p4_result *result = compile(&plain, false);
	const char *line = strstr(seki_p4_result_code(result), "\n#line"), *next;
	bool placed = false;
	int lines = 0;

	(void)state;
	assert_non_null(line);
	for (line++; *line; line = next) {
		bool directive = !strncmp(line, "#line ", 6);

		next = strchrnul(line, '\n');
		next += *next == '\n';
		assert_true(directive != placed);
		placed = directive;
		lines += !directive;
	}
	assert_true(lines > 10);
	seki_p4_result_destroy(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_it_cannot_do_yet),
		cmocka_unit_test(tells_what_is_wrong),
		cmocka_unit_test(leaves_alone_what_nothing_changes),
		cmocka_unit_test(writes_what_moves),
		cmocka_unit_test(rejects_as_told),
		cmocka_unit_test(says_of_each_line_where_it_is_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
