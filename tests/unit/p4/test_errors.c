/* SPDX-License-Identifier: Apache-2.0 */
/* What the front end says, and where: one mistake a program, and that it is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/compile.h"

struct mistake {
	uint32_t line;
	const char *message; /* part of the first error's; NULL: there is none */
	const char *text;
};

static const struct mistake syntax[] = {
	{1, "expected ';' after the constant", "const bit<8> x = 1"},
	{1, "expected a declaration", "+"},
	{1, "expected the name of a type", "struct { }"},
	{1, "this number has no digits after its width", "const bit<8> x = 8w;"},
	{2, "expected an expression", "const bit<8> x =\n;"},
	{1, "expected ';' at the end of the statement", "control c() { apply { exit } }"},
	{1, "expected an assignment or a call", "control c() { apply { 1; } }"},
	{1, "('==' compares)", "control c(in bit<8> v) { apply { if (v = 1) { } } }"},
	{1, "a second default_action",
	 "control c() { action a() {} table t { actions = { a; } "
	 "default_action = a; default_action = a; } apply {} }"},
	{1, NULL, "const int<16> x = 1 >> 1 << 2;"},
	{1, NULL, "const bit<8> x = (bit<8>)(bit<4>)1 + 8w2;"},
	{1, NULL,
	 "extern X<T> { X(bit<8> n); T f(in bit<8> i); } control c() { X<bit<8>>(1) x; "
	 "apply { bit<8> y = x.f(1); } }"},
	{1, NULL, "@a @b(x, (y)) @c[1] const bit<8> x = 1;"},
	{2, NULL, "@pragma whatever you like\nconst bit<8> x = 1;"},
	{1, "this comment is never closed", "control c() { apply { /* x = 1; } }"},
	{2, "this comment is never closed", "#if 1\n/*\n#endif"},
	{1, "this string is not closed", "@name(\"c) control c() { apply { } }\nconst x"},
	{1, "'$' starts no token", "control c() { apply { $ } } const bit<8> x = 1"},
};

static const struct mistake names[] = {
	{1, "no type 'byte' here", "const byte x = 1;"},
	{2, "did you mean 'port_t'?", "typedef bit<9> port_t;\nconst prt_t x = 1;"},
	{1, "is declared twice", "const bit<8> x = 1; const bit<8> x = 2;"},
	{1, "is not a type", "const bit<8> x = 1; const x y = 2;"},
	{1, "has no member 'b'",
	 "struct s { bit<8> a; } control c(in s v) { apply { bit<8> x = v.b; } }"},
	{1, "no state 'nxt' here; did you mean 'next'?",
	 "parser p() { state start { transition nxt; } state next { transition accept; } }"},
	{1, "has no state 'start'", "parser p() { }"},
	{1, "has no method 'g'", "extern X { void f(); } control c(X x) { apply { x.g(); } }"},
	{1, "no match kind 'exact' here",
	 "control c(in bit<8> x) { action a() {} table t { key = { x: exact; } actions = { a; } } "
	 "apply {} }"},
	{1, "is not in the table's list",
	 "control c() { action a() {} action b() {} table t { actions = { a; } default_action = b; } "
	 "apply {} }"},
	{1, "is listed twice",
	 "control c() { action a() {} table t { actions = { a; a; } } apply {} }"},
	{1, "there is no loop here", "control c() { apply { break; } }"},
	{1, NULL, "control c() { apply { bit<8> x = 1; { bit<4> x = 2; } x = 3; } }"},
};

static const struct mistake types[] = {
	{1, "'+' of bit<8> and bit<16>: they must be of one type", "const bit<8> x = 8w1 + 16w1;"},
	{1, "this is of type bit<4>, not bit<8>", "const bit<8> x = 4w1;"},
	{1, "this is of type bool, not bit<8>", "const bit<8> x = true;"},
	{1, "'+' does not apply to bool", "const bool x = true + false;"},
	{1, "'!' does not apply to bit<8>", "const bool x = !8w1;"},
	{1, "'if' needs a bool", "control c(in bit<8> v) { apply { if (v) {} } }"},
	{1, "cannot be cast", "const bool x = (bool)8w1;"},
	{1, "cannot be cast", "const int<8> x = (int<8>)9w1;"},
	{1, "a shift cannot be by a negative number", "const bit<8> x = 8w1 << -1;"},
	{1, "'<<' does not apply to int<8>", "bit<8> f(in int<8> y) { return 8w1 << y; }"},
	{1, "division by zero", "const bit<8> x = 8w1 / 0;"},
	{1, "division by zero", "control c(inout bit<8> v) { apply { v = v / 0; } }"},
	{1, "division by zero", "control c(inout bit<8> v) { apply { v = v % 8w0; } }"},
	{1, "division by zero", "control c(inout bit<8> v) { apply { v /= 0; } }"},
	{1, "the high bit is 8, not from 0 to 7", "const bit<1> x = 8w1[8:8];"},
	{1, "the low bit 3 is above the high bit 2", "const bit<1> x = 8w1[2:3];"},
	{1, "cannot be in a tuple", "const tuple<void> x = { };"},
	{1, "a field of a header cannot be", "header h { string s; }"},
	{1, "a variable needs a width", "control c() { apply { int x = 1; } }"},
	{1, "has 2 elements, here are 3",
	 "struct s { bit<8> a; bit<8> b; } const s x = { 1, 2, 3 };"},
	{1, "'c' is declared twice", "enum bit<8> e { a = 1, b = 2, c = 3, c = 4 }"},
	{1, NULL, "enum bit<8> e { a = 1 } const bit<8> x = e.a;"},
	{1, "this is of type int, not e", "enum bit<8> e { a = 1 } const e x = 1;"},
	{1, NULL, "const bit<12> x = 4w1 ++ 8w2;"},
	{1, NULL, "const bit<8> x = 300 & 0xff;"},
	{1, "cannot switch on", "control c() { apply { switch (\"a\") { } } }"},
	{1, "this label is there twice",
	 "control c(in bit<8> v) { apply { switch (v) { 1: {} 1: {} } } }"},
};

#define EXTRACT(call)                                                                              \
	"extern packet_in { void extract<T>(out T h); void extract<T>(out T h, in bit<32> n); } "  \
	"header h_t { bit<8> x; } header v_t { varbit<8> v; } struct s_t { h_t h; } "              \
	"parser p(packet_in b, out h_t h, out v_t v, out s_t s) { state start { " call             \
	" transition accept; } }"

static const struct mistake access[] = {
	{1, "cannot be written to: it is an 'in' parameter",
	 "control c(in bit<8> v) { apply { v = 1; } }"},
	{1, "it is a constant", "const bit<8> k = 1; control c() { apply { k = 1; } }"},
	{1, "it is a parameter without direction",
	 "control c() { action a(bit<8> d) { d = 1; } apply {} }"},
	{1, "this cannot be written to",
	 "control c(in bit<8> v) { action a(inout bit<8> d) {} "
	 "apply { a(v + 1); } }"},
	{1, "no argument for parameter 'd'",
	 "control c() { action a(in bit<8> d) {} apply { a(); } }"},
	{1, "takes 1 argument, here are 2",
	 "control c() { action a(in bit<8> d) {} apply { a(1, 2); } }"},
	{1, "has no parameter 'e'", "control c() { action a(in bit<8> d) {} apply { a(e = 1); } }"},
	{1, "'_' is only for 'out' parameters",
	 "control c() { action a(in bit<8> d) {} apply { a(_); } }"},
	{1, "a parameter with a direction must come before",
	 "control c() { action a(bit<8> d, in bit<8> e) {} apply {} }"},
	{1, "cannot be called", "control c(in bit<8> v) { apply { v(); } }"},
	{1, "there is no value to return here", "control c() { apply { return 1; } }"},
	{1, "'exit' is not for functions", "bit<8> f() { exit; }"},
	{1, "'f' is used inside its declaration", "bit<8> f(in bit<8> v) { return f(v); }"},
	{1, "needs a value of type bit<8>", "bit<8> f() { return; }"},
	{1, "'f' does not return a value", "bit<8> f() { }"},
	{1, "'f' does not return a value", "bit<8> f(in bit<8> v) { if (v == 1) { return 2; } }"},
	{1, "'f' does not return a value",
	 "bit<8> f(in bit<8> v) { switch (v) { 1: { return 2; } } }"},
	{1, "'f' does not return a value",
	 "bit<8> f(in bit<8> v) { switch (v) { 1: { return 2; } default: { } } }"},
	{1, NULL, "bit<8> f(in bit<8> v) { if (v == 1) { return 2; } return 3; }"},
	{1, NULL, "bit<8> f(in bit<8> v) { if (v == 1) return 2; else { return 3; } }"},
	{1, NULL,
	 "bit<8> f(in bit<8> v) { switch (v) { 1: 2: { return 2; } default: { return 3; } } }"},
	{1, NULL, "void f(in bit<8> v) { if (v == 1) { return; } }"},
	{1, "has a varbit field: extract() needs its size", EXTRACT("b.extract(v);")},
	{1, "extract() with a size needs a header with a varbit", EXTRACT("b.extract(h, 8);")},
	{1, "only headers can be extracted, not bit<8>", EXTRACT("b.extract(h.x);")},
	{1, "only headers can be extracted, not bit<8>", EXTRACT("b.extract<bit<8>>(_);")},
	{1, "only headers can be extracted, not s_t", EXTRACT("b.extract(s);")},
	{1, NULL, EXTRACT("b.extract(v, 8); b.extract(h); b.extract<h_t>(_);")},
};

#define SELECT(keyset)                                                                             \
	"parser p(in bit<8> a, in bit<8> b) { state start { transition select(a, b) { " keyset     \
	": accept; default: reject; } } }"
#define ENTRY(keyset)                                                                              \
	"match_kind { exact } control c(in bit<8> a, in bit<8> b) { action f() {} table t { "      \
	"key = { a: exact; b: exact; } actions = { f; } const entries = { " keyset ": f(); } } "   \
	"apply { t.apply(); } }"

static const struct mistake keysets[] = {
	{1, "2 keys, but here is 1", SELECT("1")},
	{1, "2 keys, but here", SELECT("(1)")},
	{1, "2 keys, but here is 1", SELECT("0x10..0x20")},
	{1, "2 keys, but here is 1", SELECT("1 &&& 3")},
	{1, "2 keys, but here are 3", SELECT("(1, 2, 3)")},
	{1, "1 key, but here are 2",
	 "parser p(in bit<8> a) { state start { transition select(a) { (1, 2): accept; } } }"},
	{1, NULL, SELECT("(1, _)")},
	{1, NULL, SELECT("_")},
	{1, "2 keys, but here is 1", ENTRY("1")},
	{1, "2 keys, but here", ENTRY("(1)")},
	{1, NULL, ENTRY("(1, 2)")},
};

struct found {
	uint32_t errors;
	uint32_t line;
	char message[512];
};

static struct found look(const char *text)
{
	struct seki_p4_opts opts = {.check_only = true};
	struct seki_p4_result *result;
	struct found found = {0};
	const char *said;

	assert_int_equal(seki_p4_compile_text("<t>", text, (uint32_t)strlen(text), &opts, &result),
			 0);
	found.errors = seki_p4_result_errors(result);
	said = strstr(seki_p4_result_text(result, false), ": error: ");
	if (said) {
		const char *at = seki_p4_result_text(result, false);
		const char *end;

		while ((end = strchr(at, '\n')) && !strstr(at, ": error: "))
			at = end + 1;
		sscanf(strstr(at, "<t>:"), "<t>:%u:", &found.line);
		said = strstr(at, ": error: ") + 9;
		snprintf(found.message, sizeof(found.message), "%.*s",
			 (int)(strchr(said, '\n') - said), said);
	}
	seki_p4_result_destroy(result);
	return found;
}

static void run(const struct mistake *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct found found = look(list[i].text);

		if (!list[i].message) {
			if (found.errors)
				fail_msg("%s\n  is right, but: %s", list[i].text, found.message);
			continue;
		}
		if (found.errors != 1)
			fail_msg("%s\n  has %u errors: %s", list[i].text, found.errors,
				 found.message);
		if (!strstr(found.message, list[i].message) || found.line != list[i].line)
			fail_msg("%s\n  line %u: %s\n  instead of line %u: %s", list[i].text,
				 found.line, found.message, list[i].line, list[i].message);
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void mistakes_of_syntax(void **state)
{
	(void)state;
	run(syntax, COUNT(syntax));
}

static void mistakes_of_names(void **state)
{
	(void)state;
	run(names, COUNT(names));
}

static void mistakes_of_types(void **state)
{
	(void)state;
	run(types, COUNT(types));
}

static void mistakes_of_access(void **state)
{
	(void)state;
	run(access, COUNT(access));
}

static void mistakes_of_keysets(void **state)
{
	(void)state;
	run(keysets, COUNT(keysets));
}

static void warns(const char *text, const char *message)
{
	struct seki_p4_opts opts = {.check_only = true};
	struct seki_p4_result *result;

	assert_int_equal(seki_p4_compile_text("<t>", text, (uint32_t)strlen(text), &opts, &result),
			 0);
	assert_int_equal(seki_p4_result_errors(result), 0);
	assert_int_equal(seki_p4_result_warnings(result), message ? 1 : 0);
	if (message)
		assert_non_null(strstr(seki_p4_result_text(result, false), message));
	seki_p4_result_destroy(result);
}

static void warns_of_entries_that_never_match(void **state)
{
	(void)state;
	warns(ENTRY("(1, 2): f(); (2, 1): f(); (1, 2)"), "this entry never matches");
	warns(ENTRY("(1, 2): f(); (2, 1)"), NULL);
	warns(ENTRY("(1, 2): f(); (1, _): f(); (_, _)"), NULL);
}

static void tells_several_mistakes(void **state)
{
	struct found found = look("const bit<8> a = true;\nconst bit<8> b = 4w1;\n"
				  "control c() { apply { x = 1; y = 2; } }\n");

	(void)state;
	assert_int_equal(found.errors, 4);
	found = look("struct s { bit<8> a }\nconst bit<8> b = ;\ncontrol c() { apply { if } }\n");
	assert_int_equal(found.errors, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_of_syntax),
		cmocka_unit_test(mistakes_of_names),
		cmocka_unit_test(mistakes_of_types),
		cmocka_unit_test(mistakes_of_access),
		cmocka_unit_test(mistakes_of_keysets),
		cmocka_unit_test(warns_of_entries_that_never_match),
		cmocka_unit_test(tells_several_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
