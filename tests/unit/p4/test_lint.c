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
		cmocka_unit_test(test_unused),	  cmocka_unit_test(test_not_applied),
		cmocka_unit_test(test_shadow),	  cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_no_effect), cmocka_unit_test(test_constant_condition),
		cmocka_unit_test(test_shift),	  cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
