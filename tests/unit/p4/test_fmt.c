/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of single constructs, and of what cannot be laid out; run_fmt.py has whole programs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/fmt/fmt.h"

static const struct {
	const char *text, *wanted;
} layouts[] = {
	{"", ""},
	{"\n\n", ""},
	{"// a\n\n\n\n// b", "// a\n\n// b\n"},
	{"const bit<8>x=a-  -b+ +c;", "const bit<8> x = a - -b + +c;\n"},
	{"const bit<8> x=a>>2;const bool y=a>b;",
	 "const bit<8> x = a >> 2;\nconst bool y = a > b;\n"},
	{"const H<bit<8>>x={1,2};", "const H<bit<8>> x = { 1, 2 };\n"},
	{"const bit<8> x=(bit<8>)y;const bit<8> z=(T) y;",
	 "const bit<8> x = (bit<8>)y;\nconst bit<8> z = (T) y;\n"},
	{"const bit<8> x=y[3 : 0]++z[2+:1];", "const bit<8> x = y[3:0] ++ z[2+:1];\n"},
	{"struct s{}", "struct s {}\n"},
	{"struct s { @a bit<8> x; @b(1,2)\nbit<8> y; }",
	 "struct s {\n    @a bit<8> x;\n    @b(1, 2)\n    bit<8> y;\n}\n"},
	{"@pragma  keep   this\nconst bit<8> x=1;", "@pragma  keep   this\nconst bit<8> x = 1;\n"},
	{"control c(){apply{for(bit<8> i=0;i<9;i=i+1){f();}}}",
	 "control c() {\n    apply {\n        for (bit<8> i = 0; i < 9; i = i + 1) {\n            f();\n"
	 "        }\n    }\n}\n"},
	{"control c(){apply{if(a)\nf();\nelse\ng();}}",
	 "control c() {\n    apply {\n        if (a)\n            f();\n        else\n            g();\n"
	 "    }\n}\n"},
	{"control c() {\n#if A\n  apply {\n#else\n  apply { f();\n#endif\n  }\n}",
	 "control c() {\n#if A\n    apply {\n#else\n    apply {\n        f();\n#endif\n    }\n}\n"},
	{"extern void f(in bit<32> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, in bit<32> bbbbbbbbbbbbbbbbbbbbbbbbbbbbb, "
	 "in bit<8> c);",
	 "extern void f(in bit<32> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, in bit<32> "
	 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n    in bit<8> c);\n"},
};

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const char *text = layouts[i].text, *wanted = layouts[i].wanted;
		char *out;

		assert_int_equal(seki_p4_fmt("t.p4", text, strlen(text), &out), 0);
		assert_string_equal(out, wanted);
		free(out);
		assert_int_equal(seki_p4_fmt("t.p4", wanted, strlen(wanted), &out), 0);
		assert_string_equal(out, wanted);
		free(out);
	}
}

static void test_errors(void **state)
{
	static const char *const texts[] = {"/* never closed", "const string s = \"open;\n",
					    "a ` b"};
	char *out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(seki_p4_fmt("t.p4", texts[i], strlen(texts[i]), &out), -EINVAL);
		assert_non_null(strstr(out, "t.p4:1:"));
		free(out);
	}
	assert_int_equal(seki_p4_fmt("t.p4", "a\0b", 3, &out), -EILSEQ);
	assert_null(out);
}

/* What opens and never closes, and the other way round. */
static void test_nesting(void **state)
{
	static const char chars[] = "{}()[]<>?:;";
	char text[4096], *out;

	(void)state;
	for (const char *c = chars; *c; c++) {
		memset(text, *c, sizeof(text));
		assert_int_equal(seki_p4_fmt("t.p4", text, sizeof(text), &out), 0);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
