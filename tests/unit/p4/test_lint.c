/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings: for each, programs that have it, at which line and column, and programs that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/front/warning.h"
#include "compiler/p4/compile.h"

struct program {
	const char *message; /* part of its only warning of that kind; NULL: there is none */
	const char *text;    /* with a $ where the warning is */
};

#define MAIN "control top(); package pack(top t); pack(c()) main;\n"

static const struct program unused[] = {
	{"variable 'x' is never used", "control c() { apply { bit<8> $x; } }"},
	{"variable 'x' is set but never read", "control c() { apply { bit<8> $x; x = 1; } }"},
	{NULL, "control c(inout bit<8> y) { apply { bit<8> x; x = 1; y = x; } }"},
	{NULL, "control c(inout bit<8> y) { apply { bit<8> x = 1; x += y; y = 1; } }"},
	{NULL, "control c() { apply { bit<8> _x; } }"},
	{"parameter 'x' is never used", "void f(in bit<8> $x) { }"},
	{NULL, "control c(in bit<8> x) { apply { } }"},
	{NULL, "extern void f(in bit<8> x); const bit<8> k = 1;"},
	{"action 'a' is never used", "control c() { action $a() { } apply { } }"},
	{NULL, "control c() { action a() { } apply { a(); } }"},
	{"function 'f' is never used", "control c() { apply { } }\n"
				       "void $f() { }\n" MAIN},
	{NULL, "void f() { }"},
	{"constant 'k' is never used", "control c() { const bit<8>   $k = 1; apply { } }"},
	{"instance 'i' is never used", "control d() { apply { } }\n"
				       "control c() { d() $i; apply { } }"},
	{NULL, "extern E { E(); abstract bit<8> f(in bit<8> x); bit<8> g(); }\n"
	       "control c(inout bit<8> y) { E() e = { bit<8> f(in bit<8> x) { return 1; } };\n"
	       "apply { y = e.g(); } }"},
	{"type parameter 'T' is never used", "void f<$T>() { }"},
	{NULL, "#include <core.p4>\n"
	       "control c() { apply { } }"},
};

static const struct program not_applied[] = {
	{"table 't' is never applied",
	 "control c() { action a() {} table $t { actions = { a; } } apply { } }"},
	{NULL, "control c() { action a() {} table t { actions = { a; } } apply { t.apply(); } }"},
};

static const struct program shadow[] = {
	{"'x' hides another 'x'",
	 "control c(inout bit<8> x) { apply { bit<4>  $x = 1; { x = 2; } } }"},
	{"'k' hides another 'k'", "const bit<8> k = 1;\n"
				  "control c(inout bit<8> $k) { apply { k = 1; } }"},
	{NULL, "control c() { apply { { bit<8> x = 1; } { bit<8> x = 2; } } }"},
	{NULL, "control c(inout bit<8> x) { apply { x = 1; } }\n"
	       "control d(inout bit<8> x) { apply { x = 1; } }"},
};

static const struct program unreachable[] = {
	{"this is never reached", "control c(inout bit<8> x) { apply { return;\n"
				  "$x = 1; } }"},
	{"this is never reached",
	 "control c(inout bit<8> x) { apply { if (x == 1) { exit; } else { return; }\n"
	 "$x = 1; } }"},
	{NULL, "control c(inout bit<8> x) { apply { if (x == 1) { return; } x = 1; } }"},
	{"no transition leads to state 's'",
	 "parser p() { state start { transition accept; }        state $s { transition accept; } }"},
	{NULL, "parser p() { state start { transition s; } state s { transition accept; } }"},
	{"this case is never taken",
	 "parser p(in bit<8> x) { state start { transition select(x) {\n"
	 "_: accept;\n"
	 "$1: accept; } } }"},
	{"this case is never taken",
	 "parser p(in bit<8> x) { state start { transition select(x, x) {\n"
	 "(1, _): accept;\n"
	 "$(1, 2): accept; } } }"},
	{"this case is never taken",
	 "parser p(in bit<8> x) { state start { transition select(x) {\n"
	 "1 .. 5: accept;\n"
	 "$3: accept; } } }"},
	{NULL, "parser p(in bit<8> x) { state start { transition select(x, x) {\n"
	       "(1, 2): accept;\n"
	       "(1, _): accept;\n"
	       "_: reject; } } }"},
};

static const struct program no_effect[] = {
	{"assigned to itself", "control c(inout bit<8> x) { apply { $x = x; } }"},
	{"assigned to itself", "control c(inout bit<8> x) { apply { $x[3:0] = x[3:0]; } }"},
	{NULL, "control c(inout bit<8> x) { apply { x[3:0] = x[7:4]; } }"},
};

static const struct program constant_condition[] = {
	{"always false", "control c(inout bit<8> x) { apply { if ($x < 0) { x = 1; } } }"},
	{"always true", "control c(inout bit<8> x) { apply { if ($x <= 255) { x = 1; } } }"},
	{"always true", "control c(inout bit<8> x) { apply { if ($0 <= x) { x = 1; } } }"},
	{"always true", "control c(inout bit<8> x) { apply { if ($x == x) { x = 1; } } }"},
	{NULL, "control c(inout bit<8> x) { apply { if (x <= 254) { x = 1; } } }"},
	{NULL, "control c(inout int<8> x) { apply { if (x < 0) { x = 1; } } }"},
	{NULL, "const bool on = false; control c(inout bit<8> x) { apply { if (on) { x = 1; } } }"},
};

static const struct program shift[] = {
	{"leaves none of its bits", "control c(inout bit<8> x) { apply { x = $x << 8; } }"},
	{NULL, "control c(inout bit<8> x) { apply { x = x << 7; } }"},
};

static const struct program overflow[] = {
	{"does not fit", "const bit<8>   x = $300;"},
	{NULL, "const bit<8> x = 255;"},
};

#define HEADERS                                                                                    \
	"#include <core.p4>\n#include <ubpf_model.p4>\n"                                           \
	"header e_t { bit<16> type; } header i_t { bit<8> ttl; } struct H { e_t e; i_t i; }\n"     \
	"struct M { bit<8> x; bool is_ip; }\n"
#define PARSER                                                                                     \
	HEADERS "parser prs(packet_in p, out H h, inout M m, inout standard_metadata s) {\n"       \
		"state start { p.extract(h.e); transition select(h.e.type) {\n"                    \
		"0x800: ip; default: accept; } }\n"                                                \
		"state ip { p.extract(h.i); m.is_ip = true; transition accept; } }\n"
#define PIPE(text) "control pipe(inout H h, inout M m, inout standard_metadata s) {\n" text "\n}\n"
#define DEPARSER(text)                                                                             \
	"control dep(packet_out p, in H h) { apply { " text                                        \
	" } }\nubpf(prs(), pipe(), dep()) main;\n"
#define PROGRAM(pipe) PARSER PIPE(pipe) DEPARSER("p.emit(h);")

static const struct program invalid_header[] = {
	{"header 'i' may not be valid here", PROGRAM("apply { m.x = $h.i.ttl; }")},
	{NULL, PROGRAM("apply { m.x = (bit<8>)h.e.type; }")},
	{NULL, PROGRAM("apply { if (h.i.isValid()) { m.x = h.i.ttl; } }")},
	{NULL, PROGRAM("apply { if (!h.i.isValid()) { return; } m.x = h.i.ttl; }")},
	{NULL, PROGRAM("apply { if (!h.i.isValid()) { exit; } m.x = h.i.ttl; }")},
	{NULL, PROGRAM("apply { if (h.i.isValid() && h.i.ttl == 1) { m.x = 1; } }")},
	{NULL, PROGRAM("apply { if (!h.i.isValid() || h.i.ttl == 1) { m.x = 1; } }")},
	{"is not valid", PROGRAM("apply { if (h.i.isValid() || $h.i.ttl == 1) { m.x = 1; } }")},
	{"is not valid here", PROGRAM("apply { if (!h.i.isValid()) { m.x = $h.i.ttl; } }")},
	{"may not be valid", PROGRAM("apply { if (s.input_port == 0) { m.x = $h.i.ttl; } }")},
	/* what the parser went by, or noted */
	{NULL, PROGRAM("apply { if (h.e.type == 0x800) { m.x = h.i.ttl; } }")},
	{NULL, PROGRAM("apply { if (m.is_ip) { m.x = h.i.ttl; } }")},
	{"may not be valid",
	 PROGRAM("apply { if (h.e.type == 0x800) { m.x = 1; } m.x = $h.i.ttl; }")},
	{NULL, PROGRAM("apply { h.i.setValid(); m.x = h.i.ttl; }")},
	{"is not valid here", PROGRAM("apply { h.i.setInvalid(); m.x = $h.i.ttl; }")},
	{"what is written to it is lost", PROGRAM("apply { h.i.setInvalid(); $h.i.ttl = 1; }")},
	{NULL, PROGRAM("apply { h.i = { 1 }; m.x = h.i.ttl; }")},
	{NULL, PROGRAM("apply { i_t i = { 1 }; h.i = i; m.x = h.i.ttl; }")},
	{"'i' is not valid", PROGRAM("apply { i_t i; m.x = $i.ttl; }")},
	/* tables: keys, actions, which action ran */
	{"may not be valid",
	 PROGRAM("action a() { } table t { key = { $h.i.ttl: exact; } actions = { a; } "
		 "} apply { t.apply(); }")},
	{NULL, PROGRAM("action a() { } table t { key = { h.i.ttl: exact; } actions = { a; } } "
		       "apply { if (h.i.isValid()) { t.apply(); } }")},
	{NULL, PROGRAM("action a() { m.x = h.i.ttl; } table t { key = { h.i.isValid(): exact; "
		       "h.i.ttl: exact; } actions = { a; } } apply { t.apply(); }")},
	{"may not be valid",
	 PROGRAM("action a() { m.x = $h.i.ttl; } table t { key = { s.input_port: "
		 "exact; } actions = { a; } } apply { t.apply(); }")},
	{NULL,
	 PROGRAM("action a() { h.i.setValid(); } action b() { } table t { key = { s.input_port: "
		 "exact; } actions = { a; b; } default_action = b; } apply { switch "
		 "(t.apply().action_run) { a: { m.x = h.i.ttl; } } }")},
	{NULL,
	 PROGRAM("action a() { h.i.setValid(); } action b() { } table t { key = { s.input_port: "
		 "exact; } actions = { a; @defaultonly b; } const default_action = b; } apply { "
		 "if (t.apply().hit) { m.x = h.i.ttl; } }")},
	{"may not be valid",
	 PROGRAM("action a() { h.i.setValid(); } action b() { } table t { key = { "
		 "s.input_port: exact; } actions = { a; b; } default_action = b; } "
		 "apply { t.apply(); m.x = $h.i.ttl; }")},
	/* in a control of its own, and in one that nothing says what it is given */
	{"may not be valid",
	 PARSER "control sub(in H g, inout M m) { apply { m.x = $g.i.ttl; } }\n" PIPE(
		 "sub() c; apply { c.apply(h, m); }") DEPARSER("p.emit(h);")},
	{NULL, HEADERS "control c(inout H h, inout M m) { apply { m.x = h.i.ttl; } }"},
};

static const struct program uninitialized[] = {
	{"'x' has no value here", "control c(out bit<8> y) { apply { bit<8> x; y = $x; } }"},
	{"'x' may have no value here",
	 "control c(inout bit<8> y) { apply { bit<8> x; if (y == 1) { x = 1; } y = $x; } }"},
	{NULL,
	 "control c(inout bit<8> y) { apply { bit<8> x; if (y == 1) { x = 1; } else { x = 2; } "
	 "y = x; } }"},
	{NULL,
	 "control c(inout bit<8> y) { apply { bit<8> x; if (y == 1) { return; } else { x = 2; } "
	 "y = x; } }"},
	{"'x' has no value",
	 "control c() { action a(out bit<8> x, inout bit<8> y) { y = $x; x = 1; } "
	 "apply { bit<8> p; bit<8> q = 1; a(p, q); } }"},
	{"'out' parameter 'x' is not given a value",
	 "control c() { action a(out bit<8> $x) { } apply { bit<8> p; a(p); } }"},
	{"not given a value on every way",
	 "control c(in bit<8> y) { action a(out bit<8> $x) { if (y == 1) { x = 1; } } "
	 "apply { bit<8> p; a(p); } }"},
	{NULL, "control c() { action a(out bit<8> x) { x = 1; } apply { bit<8> p; a(p); } }"},
	{NULL,
	 "extern void f(out bit<8> x); control c(inout bit<8> y) { apply { bit<8> x; f(x); y = "
	 "x; } }"},
	{NULL,
	 "struct S { bit<8> a; } control c(inout bit<8> y) { apply { S s; s.a = 1; y = s.a; } }"},
	{"'b' has no value",
	 "struct S { bit<8> a; bit<8> b; } control c(inout bit<8> y) { apply { S s; s.a = 1; y = $s.b; } "
	 "}"},
	{NULL,
	 "control c(inout bit<8> y) { apply { bit<8> x; for (x = 0; x < 9; x = x + 1) { y = x; } } }"},
};

#define GOES_BY(locals, text)                                                                      \
	HEADERS "parser prs(packet_in p, out H h, inout M m, inout standard_metadata s) { " locals \
		"\nstate start { p.extract(h.e); " text                                            \
		" p.extract(h.i); transition accept; } }\n" PIPE("apply { }")                      \
			DEPARSER("p.emit(h);")

static const struct program missing_emit[] = {
	{"header 'i' is extracted, but never emitted", HEADERS
	 "parser prs(packet_in p, out H h, inout M m, inout standard_metadata s) {\n"
	 "state start { p.extract(h.e); p.extract($h.i); transition accept; } }\n" PIPE("apply { }")
		 DEPARSER("p.emit(h.e);")},
	{NULL, PARSER PIPE("apply { }") DEPARSER("p.emit(h.e); p.emit(h.i);")},
	{NULL, PARSER PIPE("apply { }") DEPARSER("p.emit(h);")},
	{NULL, PARSER PIPE("apply { h.i.setInvalid(); }") DEPARSER("p.emit(h.e);")},
	{"what advance() goes by is not emitted", GOES_BY("", "p.advance(0); $p.advance(16);")},
	{"the variable 'l' is not emitted",
	 GOES_BY("i_t l;", "$p.extract(l); p.advance(8); m.x = l.ttl;")},
	{"what is extracted to '_' is not emitted", GOES_BY("", "$p.extract<i_t>(_);")},
	{NULL, GOES_BY("i_t l;", "p.extract(l); h.i = l;")},
	{NULL, GOES_BY("", "@noWarn(\"missing-emit\") { p.advance(8); }")},
	{NULL, HEADERS "parser prs(packet_in p, out H h) {\n"
		       "state start { p.advance(8); transition accept; } }\n"},
};

#define ENTRY(kind, entry)                                                                         \
	"#include <core.p4>\ncontrol c(inout bit<32> x) { table t { key = { x: " kind "; }\n"      \
	"actions = { NoAction; } const entries = { " entry ": NoAction(); } }\n"                   \
	"apply { t.apply(); } }"

static const struct program prefix[] = {
	{"this divides, and matches one value", ENTRY("lpm", "$0x0a000000/8")},
	{NULL, ENTRY("exact", "0x0a000000/8")},
	{NULL, ENTRY("lpm", "0x0a000000 &&& 0xff000000")},
};

static const struct program never_valid[] = {
	{"header 'i' is emitted, but nothing makes it valid",
	 HEADERS "parser prs(packet_in p, out H h, inout M m, inout standard_metadata s) {\n"
		 "state start { p.extract(h.e); transition accept; } }\n" PIPE("apply { }")
			 DEPARSER("p.emit(h.e); p.emit($h.i);")},
	{NULL, HEADERS "parser prs(packet_in p, out H h, inout M m, inout standard_metadata s) {\n"
		       "state start { p.extract(h.e); transition accept; } }\n" PIPE(
			       "apply { h.i.setValid(); }") DEPARSER("p.emit(h.e); p.emit(h.i);")},
};

/* The line of the text that has the name of the warning; how many there are. */
static uint32_t find(const char *text, const char *name, char *line, size_t size)
{
	char mark[64];
	uint32_t n = 0;

	snprintf(mark, sizeof(mark), " [-W%s]\n", name);
	for (const char *at = strstr(text, mark); at; at = strstr(at + 1, mark)) {
		const char *start = at;

		while (start > text && start[-1] != '\n')
			start--;
		snprintf(line, size, "%.*s", (int)(at - start), start);
		n++;
	}
	return n;
}

/* The text without its $, of which *line and *col are the place. */
static void take_mark(const char *marked, char *text, uint32_t *line, uint32_t *col)
{
	uint32_t l = 1, c = 1;

	for (; *marked; marked++) {
		if (*marked == '$') {
			*line = l;
			*col = c;
			continue;
		}
		l += *marked == '\n';
		c = *marked == '\n' ? 1 : c + 1;
		*text++ = *marked;
	}
	*text = '\0';
}

static void check_one(const struct program *p, const char *name, uint32_t off)
{
	struct seki_p4_opts opts = {.check_only = true, .warnings_off = off};
	char text[2048], found[512] = "", want[64];
	struct seki_p4_result *result;
	uint32_t n, line = 0, col = 0;

	assert_true(strlen(p->text) < sizeof(text));
	take_mark(p->text, text, &line, &col);
	assert_int_equal(seki_p4_compile_text("t.p4", text, (uint32_t)strlen(text), &opts, &result),
			 0);
	if (seki_p4_result_errors(result))
		fail_msg("%s\n%s", text, seki_p4_result_text(result, false));
	n = find(seki_p4_result_text(result, false), name, found, sizeof(found));
	snprintf(want, sizeof(want), "t.p4:%u:%u: warning: ", line, col);
	if (n != (p->message && !off) ||
	    (n && (strncmp(found, want, strlen(want)) != 0 || !strstr(found, p->message))))
		fail_msg("%s\nwanted %u of %s at %u:%u, found:\n%s", text, p->message != NULL, name,
			 line, col, seki_p4_result_text(result, false));
	seki_p4_result_destroy(result);
}

static void check_all(const struct program *list, size_t n, enum seki_warning warning)
{
	for (size_t i = 0; i < n; i++) {
		check_one(&list[i], seki_warning_name(warning), 0);
		check_one(&list[i], seki_warning_name(warning), SEKI_WARNING_BIT(warning));
	}
}

#define TEST(list, warning)                                                                        \
	static void test_##list(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		check_all(list, sizeof(list) / sizeof(list[0]), warning);                          \
	}

TEST(unused, SEKI_WARN_UNUSED)
TEST(not_applied, SEKI_WARN_NOT_APPLIED)
TEST(shadow, SEKI_WARN_SHADOW)
TEST(unreachable, SEKI_WARN_UNREACHABLE)
TEST(no_effect, SEKI_WARN_NO_EFFECT)
TEST(constant_condition, SEKI_WARN_CONSTANT_CONDITION)
TEST(shift, SEKI_WARN_SHIFT)
TEST(overflow, SEKI_WARN_OVERFLOW)
TEST(invalid_header, SEKI_WARN_INVALID_HEADER)
TEST(uninitialized, SEKI_WARN_UNINITIALIZED)
TEST(missing_emit, SEKI_WARN_MISSING_EMIT)
TEST(never_valid, SEKI_WARN_NEVER_VALID)
TEST(prefix, SEKI_WARN_PREFIX)

static void test_names(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SEKI_WARNINGS; i++)
		assert_int_equal(seki_warning_find(seki_warning_name((enum seki_warning)i)), i);
	assert_int_equal(seki_warning_find("nonsense"), SEKI_WARNINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unused),	       cmocka_unit_test(test_not_applied),
		cmocka_unit_test(test_shadow),	       cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_no_effect),      cmocka_unit_test(test_constant_condition),
		cmocka_unit_test(test_shift),	       cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_invalid_header), cmocka_unit_test(test_uninitialized),
		cmocka_unit_test(test_missing_emit),   cmocka_unit_test(test_never_valid),
		cmocka_unit_test(test_prefix),	       cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
