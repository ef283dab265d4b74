/* SPDX-License-Identifier: Apache-2.0 */
/* Every predicate on every kind of type, and every pair of types for equality and casts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/ast.h"
#include "compiler/p4/check/check.h"

static struct seki_arena arena;
static struct p4_decl decls[P4_T_KINDS];

/* One type of each kind. */
static struct p4_type *sample(enum p4_type_kind kind)
{
	struct p4_type *type = seki_type_make(&arena, kind);

	decls[kind].name = "d";
	type->decl = &decls[kind];
	type->width = 8;
	if (kind == P4_T_STACK || kind == P4_T_LIST || kind == P4_T_SET || kind == P4_T_NEW ||
	    kind == P4_T_TYPE)
		type->elem = seki_type_width(&arena, P4_T_BIT, 8);
	if (kind == P4_T_BIT || kind == P4_T_SIGNED || kind == P4_T_VARBIT)
		type->decl = NULL;
	return type;
}

/* value: a variable can have it; header: a field of a header; number; fixed; struct_like; equal: ==
 */
static const struct {
	enum p4_type_kind kind;
	const char *name;
	bool value, header, number, fixed, struct_like, equal;
} kinds[] = {
	{P4_T_BAD, "?", true, true, false, false, false, true},
	{P4_T_VOID, "void", false, false, false, false, false, false},
	{P4_T_BOOL, "bool", true, true, false, false, false, true},
	{P4_T_INT, "int", false, false, true, false, false, true},
	{P4_T_BIT, "bit<8>", true, true, true, true, false, true},
	{P4_T_SIGNED, "int<8>", true, true, true, true, false, true},
	{P4_T_VARBIT, "varbit<8>", true, true, false, false, false, true},
	{P4_T_STRING, "string", false, false, false, false, false, false},
	{P4_T_ERROR, "error", true, false, false, false, false, true},
	{P4_T_MATCH_KIND, "match_kind", false, false, false, false, false, true},
	{P4_T_ENUM, "d", true, false, false, false, false, true},
	{P4_T_STRUCT, "d", true, true, false, false, true, true},
	{P4_T_HEADER, "d", true, false, false, false, true, true},
	{P4_T_UNION, "d", true, false, false, false, true, true},
	{P4_T_STACK, "bit<8>[8]", true, true, false, false, false, true},
	{P4_T_TUPLE, "tuple<>", true, false, false, false, false, true},
	{P4_T_RECORD, "{}", false, false, false, false, false, true},
	{P4_T_LIST, "list<bit<8>>", true, false, false, false, false, false},
	{P4_T_SET, "set<bit<8>>", false, false, false, false, false, false},
	{P4_T_NEW, "d", true, true, false, false, false, true},
	{P4_T_VAR, "d", true, true, false, false, false, true},
	{P4_T_EXTERN, "d", false, false, false, false, false, false},
	{P4_T_PARSER, "d", false, false, false, false, false, false},
	{P4_T_CONTROL, "d", false, false, false, false, false, false},
	{P4_T_PACKAGE, "d", false, false, false, false, false, false},
	{P4_T_TABLE, "d", false, false, false, false, false, false},
	{P4_T_APPLIED, "d", false, false, false, false, false, false},
	{P4_T_ACTIONS, "d", false, false, false, false, false, false},
	{P4_T_CALLEE, "a function", false, false, false, false, false, false},
	{P4_T_TYPE, "type bit<8>", false, false, false, false, false, false},
	{P4_T_DONTCARE, "_", false, false, false, false, false, true},
	{P4_T_DEFAULT, "...", false, false, false, false, false, false},
	{P4_T_INVALID, "{#}", false, false, false, false, false, false},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(N_KINDS == P4_T_KINDS, "a row for each kind of type");

static void predicates_of_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct p4_type *type = sample(kinds[i].kind);

		assert_int_equal(kinds[i].kind, i);
		assert_string_equal(seki_type_name(&arena, type), kinds[i].name);
		assert_int_equal(seki_type_is_value(type), kinds[i].value);
		assert_int_equal(seki_type_in_header(type), kinds[i].header);
		assert_int_equal(seki_type_is_number(type), kinds[i].number);
		assert_int_equal(seki_type_is_fixed(type), kinds[i].fixed);
		assert_int_equal(seki_type_is_struct_like(type), kinds[i].struct_like);
		assert_int_equal(seki_type_has_equality(type), kinds[i].equal);
	}
}

static void equality_of_every_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		for (size_t k = 0; k < N_KINDS; k++) {
			bool any = kinds[i].kind == P4_T_BAD || kinds[k].kind == P4_T_BAD ||
				   kinds[i].kind == P4_T_DONTCARE || kinds[k].kind == P4_T_DONTCARE;

			assert_int_equal(
				seki_type_equal(sample(kinds[i].kind), sample(kinds[k].kind)),
				any || i == k);
		}
	}
}

static void widths_matter(void **state)
{
	static const enum p4_type_kind with_width[] = {P4_T_BIT, P4_T_SIGNED, P4_T_VARBIT};
	struct p4_type *a = sample(P4_T_STACK), *b = sample(P4_T_STACK);

	(void)state;
	for (int i = 0; i < 3; i++)
		for (uint32_t x = 0; x < 4; x++)
			for (uint32_t y = 0; y < 4; y++)
				assert_int_equal(
					seki_type_equal(seki_type_width(&arena, with_width[i], x),
							seki_type_width(&arena, with_width[i], y)),
					x == y);
	b->width = 9;
	assert_false(seki_type_equal(a, b));
	b->width = 8;
	assert_true(seki_type_equal(a, b));
	b->elem = seki_type_width(&arena, P4_T_BIT, 9);
	assert_false(seki_type_equal(a, b));
}

/* Section 8.11.1: what may be cast to what. Rows from, columns to. */
static void casts_of_every_pair(void **state)
{
	enum { B1, B8, B9, I8, I9, BOOL, INT, N };
	static const bool may[N][N] = {
		/*	    B1 B8 B9 I8 I9 bool int */
		[B1] = {1, 1, 1, 0, 0, 1, 1},  [B8] = {1, 1, 1, 1, 0, 0, 1},
		[B9] = {1, 1, 1, 0, 1, 0, 1},  [I8] = {0, 1, 0, 1, 1, 0, 1},
		[I9] = {0, 0, 1, 1, 1, 0, 1},  [BOOL] = {1, 0, 0, 0, 0, 1, 0},
		[INT] = {1, 1, 1, 1, 1, 1, 1},
	};
	struct p4_type *types[N] = {
		[B1] = seki_type_width(&arena, P4_T_BIT, 1),
		[B8] = seki_type_width(&arena, P4_T_BIT, 8),
		[B9] = seki_type_width(&arena, P4_T_BIT, 9),
		[I8] = seki_type_width(&arena, P4_T_SIGNED, 8),
		[I9] = seki_type_width(&arena, P4_T_SIGNED, 9),
		[BOOL] = seki_type_make(&arena, P4_T_BOOL),
		[INT] = seki_type_make(&arena, P4_T_INT),
	};

	(void)state;
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			assert_int_equal(seki_can_cast(types[i], types[k]), may[i][k]);
}

static void implicit_conversions_of_every_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		for (size_t k = 0; k < N_KINDS; k++) {
			struct p4_expr e = {.kind = P4_E_NAME, .type = sample(kinds[i].kind)};
			struct p4_type *to = sample(kinds[k].kind);
			bool may = seki_type_equal(e.type, to) || kinds[i].kind == P4_T_DEFAULT;

			may |= kinds[i].kind == P4_T_INT && kinds[k].fixed;
			may |= kinds[i].kind == P4_T_INVALID &&
			       (kinds[k].kind == P4_T_HEADER || kinds[k].kind == P4_T_UNION);
			assert_int_equal(seki_can_convert(&e, to), may);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(predicates_of_every_kind),
		cmocka_unit_test(equality_of_every_pair),
		cmocka_unit_test(widths_matter),
		cmocka_unit_test(casts_of_every_pair),
		cmocka_unit_test(implicit_conversions_of_every_pair),
	};
	int failed;

	seki_arena_init(&arena, 64 << 20);
	if (setjmp(arena.full))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	seki_arena_exit(&arena);
	return failed;
}
