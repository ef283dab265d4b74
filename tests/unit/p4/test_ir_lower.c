/* SPDX-License-Identifier: Apache-2.0 */
/* The graph that a checked tree becomes (compiler/p4/lower), and values that are folded on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/builtin.h"
#include "compiler/p4/check/check.h"
#include "compiler/p4/lower/lower.h"

static struct seki_arena arena;
static struct seki_diags diags;

static int setup(void **state)
{
	(void)state;
	seki_arena_init(&arena, (size_t)256 << 20);
	if (setjmp(arena.full))
		return -1;
	seki_diags_init(&diags, &arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	seki_arena_exit(&arena);
	return 0;
}

/* ---- programs ---- */

/* A program around a piece of each of its parts. */
struct parts {
	const char *types;
	const char *locals; /* of the control */
	const char *apply;
	const char *state; /* of the parser's start */
};

static struct ir_program *lower(const struct parts *p)
{
	struct seki_preprocess_opts opts = {.builtin = seki_p4_builtin};
	struct seki_source *src;
	const char *text = seki_arena_printf(
		&arena,
		"#include <sekisho.p4>\n"
		"header h_t { bit<8> x; bit<8> y; } header_union u_t { h_t m; h_t n; }\n"
		"struct S { bit<8> p; bit<16> q; }\n"
		"struct H { h_t a; h_t b; h_t[2] s; u_t u; } struct M { bit<8> m; bit<8> n; S t; }\n"
		"%s\n" /* line 5 */
		"parser P(packet_in p, out H h, inout M m, inout standard_metadata std) {\n"
		"state start { %s transition accept; } }\n"
		"control C(inout H h, inout M m, inout standard_metadata std) {\n"
		"%s\n"		     /* line 9 */
		"apply {\n%s\n} }\n" /* line 11 */
		"control D(packet_out p, in H h) { apply { } }\n"
		"ubpf(P(), C(), D()) main;\n",
		p->types ? p->types : "", p->state ? p->state : "", p->locals ? p->locals : "",
		p->apply ? p->apply : "");
	struct p4_program *program;

	src = seki_source_make(&arena, "t.p4", text, (uint32_t)strlen(text));
	program = seki_p4_parse(&diags, seki_preprocess(&diags, src, &opts));
	seki_p4_check(&diags, program);
	return diags.errors ? NULL : seki_p4_lower_ir(&diags, program, src, false);
}

#define MAX_LINES 16

struct graph {
	struct parts parts;
	const char *lines[MAX_LINES]; /* in this order in the graph's text */
	const char *absent;
};

/* The lines are those of the instructions, whatever the blocks' numbers are. */
static const struct graph graphs[] = {
	/* arguments from left to right: what comes later cannot change what was evaluated */
	{{.types = "bit<8> inc(inout bit<8> v) { v = v + 1; return v; }",
	  .apply = "m.n = m.m + inc(m.m);"},
	 {"\t$value", "= m.m\n", "m.m = m.m + 8w1\n", "inc = m.m\n", "m.n = $value", "+ inc\n"},
	 NULL},
	/* arguments with names: in the order of the call */
	{{.types = "bit<8> inc(inout bit<8> v) { v = v + 1; return v; }\n"
		   "void f(inout bit<8> y, in bit<8> z) { y = z; }",
	  .apply = "f(z = inc(m.m), y = m.m); f(m.m, inc(m.m));"},
	 {"m.m = m.m + 8w1\n", "inc = m.m\n", "m.m = inc\n", "$value", "= m.m\n",
	  "m.m = m.m + 8w1\n", "\ty = $value", "\ty = inc\n", "\tm.m = y\n"},
	 NULL},
	/* a field of a header goes by way of a copy, as a write to an invalid header is dropped */
	{{.types = "void set(inout bit<8> v) { v = 7; }", .apply = "set(h.a.x); set(m.n);"},
	 {"\tv = h.a.x\n", "\tv = 8w7\n", "\th.a.x = v if h.a.$valid\n", "\tm.n = 8w7\n"},
	 NULL},
	/* the headers as a whole are no copy */
	{{.types = "control sub(inout H h) { apply { h.a.setValid(); } }",
	  .locals = "sub() s;",
	  .apply = "s.apply(h);"},
	 {"\th.a.$valid = 1w1\n"},
	 "$copy"},
	/* an action's argument is a copy where its body names what the argument is of */
	{{.locals = "action f(inout h_t e) { e.x = 1; h.a.y = 2; }", .apply = "f(h.a); f(h.b);"},
	 {"\te.x = 8w1 if e.$valid\n", "h.a.y = 8w2", "h.a.x = e.x\n",
	  "h.b.x = 8w1 if h.b.$valid\n"},
	 NULL},
	/* fields that change places */
	{{.types = "struct two { bit<8> a; bit<8> b; }",
	  .locals = "two t = { 1, 2 };",
	  .apply = "t = { t.b, t.a };"},
	 {"\t$copy", "= C.t.b\n", "\t$copy", "= C.t.a\n", "\tC.t.a = $copy", "\tC.t.b = $copy"},
	 NULL},
	/* what goes in is read before an out argument of the same storage is cleared */
	{{.types = "void f(out bit<8> a, in bit<8> b) { a = b; }", .apply = "f(m.m, m.m);"},
	 {"\t$value", "= m.m\n", "\tm.m = 8w0\n", "\tm.m = $value"},
	 NULL},
	/* an element at an index that is known at run time: one of them, or none */
	{{.apply = "h.s[m.n].x = h.s[m.m].y;"},
	 {"\t$index", " = m.n\n", "\t$index", " = m.m\n", "\t$stored", "h.s[0].y", "h.s[1].y",
	  ": 8w0", "h.s[0].x = $stored", "if h.s[0].$valid\n", "h.s[1].x = $stored",
	  "if h.s[1].$valid\n"},
	 NULL},
	/* at most one member of a union is valid */
	{{.apply = "h.u.n.setValid(); h.u.m = h.a;"},
	 {"h.u.m.$valid = 1w0\n", "h.u.n.$valid = 1w1\n", "$copy", "= h.a.$valid\n",
	  "h.u.n.$valid = 1w0\n", "h.u.m.$valid = $copy"},
	 NULL},
	/* a part of what is known later, and parts of a variable */
	{{.apply = "m.n[3:0] = 4w5; m.n[m.m +: 2] = 3;"},
	 {"m.n = (m.n[7:4]) ++ 4w5\n", "$index", "= m.m\n", "m.n = (m.n & (~(8w3 << $index"},
	 NULL},
	/* the second operand of && is evaluated where the first holds only */
	{{.types = "bool f(inout bit<8> v) { v = 0; return true; }",
	  .apply = "if (m.m == 1 && f(m.n)) { m.m = 2; }"},
	 {"$condition", "= m.m == 8w1\n", "\tif $condition", "m.n = 8w0\n", "\tf = 1w1\n",
	  "$condition", "= f\n", "m.m = 8w2\n"},
	 NULL},
	/* exit leaves all that is in place, behind what is copied out */
	{{.locals = "action out_now(inout bit<8> v) { v = 9; exit; }",
	  .apply = "out_now(m.n); m.m = 1;"},
	 {"\tv = 8w9\n", "$exiting", "= 1w1\n", "\tm.n = v\n", "\tif $exiting", "m.m = 8w1\n"},
	 NULL},
	/* each object has tables of its own, with what its constructor got */
	{{.types = "control sub(inout bit<8> v)(bit<8> k) { action a() { v = k; }\n"
		   "table t { key = { v: exact; } actions = { a; } } apply { t.apply(); } }",
	  .locals = "sub(3) one; sub(4) two;",
	  .apply = "one.apply(m.m); two.apply(m.n);"},
	 {"= lookup C.one.t(m.m)\n", "= lookup C.two.t(m.n)\n", "m.m = 8w3\n", "m.n = 8w4\n"},
	 NULL},
	/* cases that share a body, and parameters that the control plane gives */
	{{.locals = "action a(bit<8> d) { m.m = d; } action b() { } action c() { }\n"
		    "table t { key = { m.n: exact; } actions = { a; b; c; } }",
	  .apply = "switch (t.apply().action_run) { b: c: { m.n = 1; } default: { m.n = 2; } }"},
	 {"= lookup C.t(m.n)\n", "\tswitch $action", "{ 32w1: b", "; 32w2: b",
	  "\ta.d = data 0 of action 0\n", "\tm.m = a.d\n", "m.n = 8w1\n", "m.n = 8w2\n"},
	 NULL},
	/* a range may end at the last number there is */
	{{.apply = "for (bit<8> i in m.m .. 255) { m.n = i; }"},
	 {"$count", "<= 8w255", "\ti = $count", "m.n = i\n", "\tif 8w255 <= $count"},
	 NULL},
	/* rounds that are known: the variable is a constant in each */
	{{.apply = "for (bit<8> i in 1 .. 2) { m.n = i; }\n"
		   "for (bit<8> i = 9; i > 3; i = i - 3) { if (i == 6) { break; } m.m = i; }"},
	 {"\tm.n = 8w1\n", "\tm.m = 8w9\n", "\tm.n = 8w2\n"},
	 "8w6"},
	/* but where the body writes to it */
	{{.apply = "for (bit<8> i = 0; i < 9; i = i + 1) { i = i + 2; }"},
	 {"\tC.i = 8w0\n", "\tif C.i < 8w9 goto", "\tC.i = C.i + 8w2\n", "\tC.i = C.i + 8w1\n"},
	 NULL},
	/* types that only the call knows */
	{{.types = "T pick<T>(in bool c, in T a, in T b) { if (c) { return a; } return b; }",
	  .apply = "m.t = pick<S>(m.m == 1, m.t, { 5, ... });"},
	 {"m.t.p = pick.p\n", "pick.p = m.t.p\n", "pick.q = m.t.q\n", "pick.p = 8w5\n",
	  "pick.q = 16w0\n"},
	 NULL},
	/* the next element is one there is, or the packet is rejected */
	{{.state = "p.extract(h.s.next); m.m = h.s.last.x;"},
	 {"extract h.s.next", "\tif h.s.$next != 32w0 goto", "\t$index",
	  "m.m = ", "reject StackOutOfBounds\n"},
	 NULL},
	/* calls of externs get scalars */
	{{.types = "extern void ext(in S s, out bit<8> r);", .apply = "ext(m.t, h.a.x);"},
	 {"\tcall ext(m.t.p, m.t.q, -> r)\n", "\th.a.x = r if h.a.$valid\n"},
	 NULL},
	/* numbers of any width */
	{{.apply = "bit<200> w = 200w1 << 199; if (w[199:199] == 1) { m.m = 1; }"},
	 {"C.w = 200w0x80000000000000000000000000000000000000000000000000\n",
	  "\tif C.w[199:199] goto", "m.m = 8w1\n"},
	 NULL},
};

static void check_graph(const struct graph *g)
{
	struct seki_strbuf text = {.arena = &arena};
	struct ir_program *ir = lower(&g->parts);
	const char *at;

	if (!ir)
		seki_diags_render(&diags, false, &text);
	else
		seki_ir_print(ir, &text);
	at = text.data;
	for (int i = 0; i < MAX_LINES && g->lines[i]; i++) {
		at = strstr(at, g->lines[i]);
		if (!at)
			fail_msg("no '%s', or not behind what was before it, in:\n%s", g->lines[i],
				 text.data);
		at += strlen(g->lines[i]);
	}
	if (g->absent && strstr(text.data, g->absent))
		fail_msg("'%s' in:\n%s", g->absent, text.data);
}

static void test_graphs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(graphs) / sizeof(*graphs); i++) {
		teardown(NULL);
		assert_int_equal(setup(NULL), 0);
		check_graph(&graphs[i]);
	}
}

/* ---- mistakes ---- */

struct mistake {
	uint32_t line;
	const char *message;
	struct parts parts;
};

static const struct mistake mistakes[] = {
	{9,
	 "the map 'C_t_defaultAction' of this has the name of another map",
	 {.locals = "table t { actions = { NoAction; } }"
		    "Register<bit<8>, bit<8>>(4) t_defaultAction;"}},
	{9,
	 "the map 'C_u_v' of this has the name of another map",
	 {.locals =
		  "@name(\"u.v\") table t { actions = { NoAction; } } table u_v { actions = { NoAction; } }"}},
	{9,
	 "key 'm.m' is matched by 'optional': give a value",
	 {.locals = "table t { key = { m.m: optional; } actions = { NoAction; }\n"
		    "entries = { 1 &&& 3: NoAction(); } }"}},
	{9,
	 "a size is from 1 to 1048576 here",
	 {.locals = "table t { key = { m.m: exact; } actions = { NoAction; } size = 2000000; }"}},
	{9,
	 "table 't' has 2 entries, more than its size",
	 {.locals = "table t { key = { m.m: exact; } actions = { NoAction; } size = 1;\n"
		    "entries = { 1: NoAction(); 2: NoAction(); } }"}},
	{9,
	 "entries do not time out here: a control plane can remove those whose direct counter "
	 "stands still; leave 'support_timeout' out",
	 {.locals = "table t { key = { m.m: exact; } actions = { NoAction; }\n"
		    "support_timeout = true; }"}},
	{9,
	 "entries cannot give an action a value of type Q: they have numbers, truth values, and "
	 "structs and tuples of these",
	 {.types = "header Q { bit<8> x; }",
	  .locals = "action a(Q h) { } table t { key = { m.m: exact; } actions = { a; } }"}},
	{9,
	 "the control plane would know two parameters as 's_x'",
	 {.types = "struct V { bit<8> x; }",
	  .locals = "action a(bit<8> s_x, V s) { }\n"
		    "table t { key = { m.m: exact; } actions = { a; } }"}},
	{11,
	 "only methods that the instance gives can be called, and it gives no 'k'",
	 {.types = "extern E { E(); abstract void m(); void k(); }",
	  .locals = "E() e = { void m() { } };",
	  .apply = "e.k();"}},
	{5,
	 "method 'm' calls itself",
	 {.types = "extern E { E(); abstract void m(); }\n"
		   "E() e = { void m() { this.m(); } };",
	  .apply = "e.m();"}},
	{9,
	 "variables from outside in a method of an instance are not supported yet",
	 {.types = "extern E { E(); abstract void m(); }",
	  .locals = "bit<8> x = 1;\nE() e = { void m() { x = 2; } };",
	  .apply = "e.m();"}},
	{5,
	 "with this the program has more than 65536 variables",
	 {.types = "struct A { S[4096] s; } struct B { A[4096] a; }\n"
		   "void f() { B b; }",
	  .apply = "f();"}},
};

static void check_mistake(const struct mistake *m)
{
	struct seki_strbuf text = {.arena = &arena};
	struct ir_program *ir = lower(&m->parts);
	const struct seki_diag *d = diags.first;

	seki_diags_render(&diags, false, &text);
	assert_null(ir);
	if (!d || !strstr(d->message, m->message))
		fail_msg("no '%s' in:\n%s", m->message, text.data ? text.data : "");
	if (d->at.src && (seki_source_place(d->at.src, d->at.off).line < m->line ||
			  seki_source_place(d->at.src, d->at.off).line > m->line + 1))
		fail_msg("not on line %u:\n%s", m->line, text.data);
}

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		teardown(NULL);
		assert_int_equal(setup(NULL), 0);
		check_mistake(&mistakes[i]);
	}
}

/* ---- entries ---- */

static void test_priorities(void **state)
{
	/* 14.2.1.4: entries without a priority come one behind the other. */
	static const uint32_t wanted[] = {4, 100, 90, 1};
	const struct parts parts = {
		.types = "match_kind { wanted_by_nobody }",
		.locals =
			"table t { key = { m.m: ternary; } actions = { NoAction; } priority_delta = 10;\n"
			"entries = { priority = 4: 1: NoAction(); priority = 100: 2: NoAction(); 3: NoAction();\n"
			"priority = 1: _: NoAction(); } }"};
	struct ir_program *ir = lower(&parts);
	const struct ir_entry *e;
	uint32_t i = 0;

	(void)state;
	assert_non_null(ir);
	for (e = ir->tables->entries; e; e = e->next, i++)
		assert_int_equal(e->priority, wanted[i]);
	assert_int_equal(i, 4);
}

/* ---- folding ---- */

struct fold {
	enum ir_op op;
	uint32_t width;
	uint64_t a, b, result;
};

static const struct fold folds[] = {
	{IR_ADD, 8, 200, 100, 44},
	{IR_SUB, 8, 1, 2, 255},
	{IR_MUL, 8, 20, 20, 144},
	{IR_DIV, 8, 7, 2, 3},
	{IR_DIV, 8, 7, 0, 0},
	{IR_MOD, 8, 7, 0, 7},
	{IR_SAT_ADD, 8, 200, 100, 255},
	{IR_SAT_SUB, 8, 1, 2, 0},
	{IR_SAT_ADD_S, 8, 100, 100, 127},
	{IR_SAT_SUB_S, 8, 0x80, 1, 0x80},
	{IR_AND, 8, 12, 10, 8},
	{IR_OR, 8, 12, 10, 14},
	{IR_XOR, 8, 12, 10, 6},
	{IR_SHL, 8, 3, 7, 128},
	{IR_SHL, 8, 3, 8, 0},
	{IR_SHR, 8, 128, 7, 1},
	{IR_SHR, 8, 128, 200, 0},
	{IR_SHR_S, 8, 128, 3, 0xf0},
	{IR_SHR_S, 8, 128, 200, 0xff},
	{IR_EQ, 8, 3, 3, 1},
	{IR_NE, 8, 3, 3, 0},
	{IR_LT, 8, 3, 200, 1},
	{IR_LE, 8, 200, 3, 0},
	{IR_LT_S, 8, 3, 200, 0},
	{IR_LE_S, 8, 200, 3, 1},
	{IR_SUB, 64, 0, 1, UINT64_MAX},
};

static bool is_comparison(enum ir_op op)
{
	return op >= IR_EQ && op <= IR_LE_S;
}

static void test_folds(void **state)
{
	struct ir_program ir = {.arena = &arena};

	(void)state;
	for (size_t i = 0; i < sizeof(folds) / sizeof(*folds); i++) {
		const struct fold *f = &folds[i];
		const struct ir_expr *e = seki_ir_binary(
			&ir, f->op, is_comparison(f->op) ? 1 : f->width,
			seki_ir_const(&ir, f->width, f->a), seki_ir_const(&ir, f->width, f->b));

		if (!seki_ir_is_const(e, f->result))
			fail_msg("case %zu: not %llu", i, (unsigned long long)f->result);
	}
}

/* What is left of an operation with one known side. */
static void test_identities(void **state)
{
	struct ir_program ir = {.arena = &arena};
	struct ir_var var = {.width = 8}, bit = {.width = 1};
	const struct ir_expr *x = seki_ir_read(&ir, &var), *b = seki_ir_read(&ir, &bit);
	const struct ir_expr *zero = seki_ir_const(&ir, 8, 0), *ones = seki_ir_const(&ir, 8, 255);
	const struct ir_expr *both = seki_ir_binary(&ir, IR_CONCAT, 16, x, ones);

	(void)state;
	assert_ptr_equal(seki_ir_binary(&ir, IR_ADD, 8, x, zero), x);
	assert_ptr_equal(seki_ir_binary(&ir, IR_AND, 8, x, ones), x);
	assert_ptr_equal(seki_ir_binary(&ir, IR_AND, 8, zero, x), zero);
	assert_ptr_equal(seki_ir_binary(&ir, IR_OR, 8, ones, x), ones);
	assert_int_equal(seki_ir_binary(&ir, IR_SUB, 8, zero, x)->op, IR_SUB);
	assert_ptr_equal(seki_ir_binary(&ir, IR_EQ, 1, b, seki_ir_const(&ir, 1, 1)), b);
	assert_int_equal(seki_ir_binary(&ir, IR_EQ, 1, b, seki_ir_const(&ir, 1, 0))->op, IR_LNOT);
	assert_ptr_equal(seki_ir_unary(&ir, IR_LNOT, 1, seki_ir_unary(&ir, IR_LNOT, 1, b)), b);
	assert_ptr_equal(seki_ir_slice(&ir, both, 15, 8), x);
	assert_true(seki_ir_is_const(seki_ir_slice(&ir, both, 3, 0), 15));
	assert_ptr_equal(seki_ir_unary(&ir, IR_ZEXT, 8, seki_ir_unary(&ir, IR_ZEXT, 32, x)), x);
	assert_ptr_equal(seki_ir_cond(&ir, b, x, x), x);
	assert_true(seki_ir_is_const(seki_ir_unary(&ir, IR_SEXT, 16, ones), 0xffff));
	assert_true(seki_ir_is_const(seki_ir_unary(&ir, IR_NOT, 8, zero), 255));
	assert_true(seki_ir_is_const(seki_ir_unary(&ir, IR_NEG, 8, ones), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_graphs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identities, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
