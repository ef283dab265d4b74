/* SPDX-License-Identifier: Apache-2.0 */
/* The preprocessor's tokens, and what diagnostics look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/front/code.h"
#include "compiler/front/token.h"

static struct seki_arena arena;

static const char *no_builtin(const char *name)
{
	return strcmp(name, "b.p4") == 0 ? "from_b // no line end" : NULL;
}

/* The tokens of a text, with one space between. */
static const char *tokens_of(const char *text, uint32_t *errors)
{
	struct seki_preprocess_opts opts = {.builtin = no_builtin};
	struct seki_strbuf out = {.arena = &arena};
	struct seki_diags diags;
	struct seki_token *t;

	seki_diags_init(&diags, &arena);
	t = seki_preprocess(&diags, seki_source_make(&arena, "<t>", text, (uint32_t)strlen(text)),
			    &opts);
	for (; t->kind != SEKI_TOKEN_END; t = t->next)
		seki_strbuf_printf(&out, "%s%s", out.len ? " " : "", t->text);
	*errors = diags.errors;
	return out.len ? out.data : "";
}

static void preprocesses(void **state)
{
	static const struct {
		const char *text;
		const char *tokens;
		uint32_t errors;
	} cases[] = {
		{"a /* x */ b // c\nd", "a b d", 0},
		{"a>>b >= c &&& d && e", "a > > b >= c &&& d && e", 0},
		{"1..2 8w0x1_f", "1 .. 2 8w0x1_f", 0},
		{"\"a\\\"b\\n\"", "a\"b\n", 0},
		{"#define A b c\nA A", "b c b c", 0},
		{"#define A A b\nA", "A b", 0},
		{"#define A B\n#define B A\nA", "A", 0},
		{"#define A\n#ifdef A\nx\n#else\ny\n#endif", "x", 0},
		{"#ifndef A\nx\n#elif 1\nz\n#else\ny\n#endif", "x", 0},
		{"#if 0\n#if 1\nx\n#endif\n#elif 1\nz\n#else\ny\n#endif", "z", 0},
		{"#define N 20200515\n#if N >= 20200515 && defined(N) && !defined M\nx\n#endif",
		 "x", 0},
		{"#if (1 + 2 == 3) || 1 < 0\nx\n#endif", "x", 0},
		{"#define A 1\n#undef A\nA", "A", 0},
		{"#define LONG a \\\n b\nLONG", "a b", 0},
		{"#include <b.p4>\nx", "from_b x", 0},
		{"#include \"b.p4\"", "from_b", 0},
		{"#include <none.p4>", "", 1},
		{"#endif", "", 1},
		{"#if 1\nx", "x", 1},
		{"#if (\n#endif", "", 1},
		{"#else", "", 1},
		{"#if 1\n#else\n#else\n#endif", "", 1},
		{"#nonsense", "", 1},
		{"#define F(x) x+x\nF(a b) F F(\n(c,d))", "a b + a b F ( c , d ) + ( c , d )", 0},
		{"#define F(x, y) y x\nF(F(1, 2), F(a, b)) F(,)", "b a 2 1", 0},
		{"#define F(x) x F(x)\nF(1)", "1 F ( 1 )", 0},
		{"#define G 7\n#define F(x) #x x##1 G##x\nF(G) F(a b)", "G G1 GG a b a b1 Ga b", 0},
		{"#define S(x) #x\n#define T(x) S(x)\n#define A b\nT(A) S(A)", "b A", 0},
		{"#define F() x\nF() F", "x F", 0},
		{"#define F (x) y\nF", "( x ) y", 0},
		{"#define A(n) n >= 2\n#if A(3) && !defined(B)\nx\n#endif", "x", 0},
		{"#define F(x) x\nF(1, 2) y", "y", 1},
		{"#define F(x, y) x\nF(1)", "", 1},
		{"#define F(x) x\nF(1", "", 1},
		{"#define F(x x", "", 1},
		{"#define P a ## +\nP", "a", 1},
		{"#error no way", "", 1},
		{"#define F(a, ...) a : __VA_ARGS__\nF(1, 2, 3)", "1 : 2 , 3", 0},
		{"#define F(a, ...) a : __VA_ARGS__\nF(1)", "1 :", 0},
		{"#if 7 / 2 * 2 % 4 == 2 && (1 << 3 | 1) >> 1 == (6 ^ 2) && ~0 & 1\nx\n#endif", "x",
		 0},
		{"#if 0 ? 1 : 2 > 1 ? 3 : 0\nx\n#endif", "x", 0},
		{"#if 1 / 0\nx\n#endif", "", 1},
		{"/* never closed", "", 1},
		{"\"never closed\nx", "x", 1},
		{"a ` b", "a b", 1},
		{"\xe2\x82\xac a", "a", 1},
		{"a\\\nb c\\ \r\nd \\\n e", "ab cd e", 0},
		{"8w\\\n12 \"a\\\nb\" <\\\n< f", "8w12 ab << f", 0},
		{"a /\\\n/ c \\\nd\nb /\\\n* c *\\\n/ e", "a b e", 0},
		{"#de\\\nfine A\\\nB x\nAB", "x", 0},
		{"a\\\n#define x", "a # define x", 0},
		{"a \\ b", "a b", 1},
		{"#define F <b.p4>\n#include F\nx", "from_b x", 0},
		{"#define Q(x) #x\n#include Q(b.p4)", "from_b", 0},
		{"#define F b.p4\n#include F", "", 1},
		{"#include <b\\\n.p4>", "from_b", 0},
		{"__LINE__\n#line 10\n__LINE__\n\n__LINE__ #line 3", "1 10 12 # line 3", 0},
		{"#line 7 \"g.p4\"\n__FILE__ __LINE__\n# 9 \"h\" 1 3\n__FILE__ __LINE__",
		 "g.p4 7 h 9", 0},
		{"#define L 5 \"m\"\n#line L\n__FILE__ __LINE__\n#line 8\n__FILE__ __LINE__",
		 "m 5 m 8", 0},
		{"#line 3 \\\n \"n\"\n__LINE__\n#if 0\n#line 77\n#endif\n__LINE__", "3 7", 0},
		{"#line x", "", 1},
		{"#line 1 x", "", 1},
		{"#line 4294967296", "", 1},
		{"#if 'a' == 97 && '\\n' == 10 && '\\\\' == 92\nx\n#endif", "x", 0},
		{"#if 'ab'\n#endif", "", 1},
		{"#if 10UL == 0b1010 && 0x10u == 020l && +1\nx\n#endif", "x", 0},
		{"#if 12x\n#endif", "", 1},
		{"#if 0x10000000000000000\n#endif", "", 1},
		{"#if 0 && 1 / 0 || 1 || 1 % 0\nx\n#endif", "x", 0},
		{"#if (1 ? 2 : 1 / 0) && (0 ? 1 / 0 : 2)\nx\n#endif", "x", 0},
		{"#if 0 || 1 / 0\n#endif", "", 1},
		{"#if 1\n#elif 1 / 0\n#endif", "", 0},
		{"#if `\n#endif", "", 1},
		{"#pragma once x ` y\n#ident \"v\"\na", "a", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t errors;

		assert_string_equal(tokens_of(cases[i].text, &errors), cases[i].tokens);
		assert_int_equal(errors, cases[i].errors);
	}
}

static void places_count_from_one(void **state)
{
	struct seki_source *src = seki_source_make(&arena, "s", "ab\n\ncd", 6);
	static const uint32_t lines[] = {1, 1, 1, 2, 3, 3}, cols[] = {1, 2, 3, 1, 1, 2};

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		struct seki_place place = seki_source_place(src, i);

		assert_int_equal(place.line, lines[i]);
		assert_int_equal(place.col, cols[i]);
	}
	assert_int_equal(seki_source_line(src, 2).len, 0);
	assert_int_equal(seki_source_line(src, 3).len, 2);
}

static void shows_the_line_and_a_caret(void **state)
{
	struct seki_source *src = seki_source_make(&arena, "f.p4", "x\n\tlet it be;\n", 13);
	struct seki_strbuf out = {.arena = &arena};
	struct seki_span it = {.src = src, .off = 7, .len = 2};
	struct seki_diags diags;
	struct seki_diag *d;

	(void)state;
	seki_diags_init(&diags, &arena);
	d = seki_diag_error(&diags, it, "no %s", "it");
	seki_diag_note(&diags, d, (struct seki_span){.src = src, .len = 1}, "see here");
	seki_diag_error(&diags, it, "the same place again");
	seki_diags_render(&diags, false, &out);
	assert_string_equal(out.data, "f.p4:2:6: error: no it [P4001]\n"
				      "    2 | \tlet it be;\n"
				      "      | \t    ^~\n"
				      "f.p4:1:1: note: see here\n"
				      "    1 | x\n"
				      "      | ^\n");
	out.len = 0;
	seki_diags_json(&diags, &out);
	assert_string_equal(
		out.data,
		"[{\"severity\":\"error\",\"message\":\"no it\",\"code\":\"P4001\",\"file\":\"f.p4\","
		"\"line\":2,\"column\":6,\"endLine\":2,\"endColumn\":8,\"notes\":[{\"severity\":"
		"\"note\",\"message\":\"see here\",\"file\":\"f.p4\",\"line\":1,"
		"\"column\":1,\"endLine\":1,\"endColumn\":2}]}]\n");
}

static void codes_of_errors(void **state)
{
	static const struct {
		const char *fmt, *code;
	} errors[] = {
		{"expected %s, found %s", "P4001"},
		{"unknown directive '#%s'", "P4002"},
		{"nested more than %u levels deep", "P4004"},
		{"no %s '%s' here", "P4010"},
		{"'%s' is declared twice", "P4011"},
		{"this is of type %s, not %s%s", "P4020"},
		{"the value of a constant must be known at compile time", "P4021"},
		{"%s is %s, not from 0 to %u", "P4022"},
		{"a field of a %s cannot be of type %s", "P4023"},
		{"'%s' does not apply to %s%s", "P4024"},
		{"no argument for parameter '%s' of %s", "P4030"},
		{"this cannot be written to", "P4031"},
		{"%s() is for parsers only", "P4040"},
		{"%s cannot be a key%s", "P4050"},
		{"'@%s' takes nothing in parentheses", "P4070"},
		{"the program has no 'main'", "P4080"},
		{"a size is from 1 to %u here", "P4090"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_string_equal(seki_code_find(errors[i].fmt, false), errors[i].code);
		assert_string_equal(seki_code_find(errors[i].fmt, true), "P4099");
		assert_non_null(seki_code_explain(errors[i].code));
	}
	assert_null(seki_code_explain("P4000"));
}

static void suggests_near_names(void **state)
{
	static const char *const names[] = {"ethernet", "ipv4", "ipv6", "tcp"};

	(void)state;
	assert_string_equal(seki_diag_suggest("etherent", names, 4), "ethernet");
	assert_string_equal(seki_diag_suggest("ipv5", names, 4), "ipv4");
	assert_string_equal(seki_diag_suggest("tpc", names, 4), "tcp");
	assert_null(seki_diag_suggest("udp_header", names, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preprocesses),
		cmocka_unit_test(places_count_from_one),
		cmocka_unit_test(shows_the_line_and_a_caret),
		cmocka_unit_test(codes_of_errors),
		cmocka_unit_test(suggests_near_names),
	};
	int failed;

	seki_arena_init(&arena, 64 << 20);
	if (setjmp(arena.full))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	seki_arena_exit(&arena);
	return failed;
}
