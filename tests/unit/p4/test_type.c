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

/*
 * The predicates that hold, one letter each:
 * v a variable can have it     n a number               s field of a struct     l element of a list
 * h field of a header          f of a fixed width       u field of a union      c cast to it
 * = can be compared            k key of a table         S like a struct
 * e selected on                p in a value set
 */
static const struct {
	enum p4_type_kind kind;
	const char *name;
	const char *holds;
	int64_t least, most, bits;
} kinds[] = {
	{P4_T_BAD, "?", "vhu=skelpc", -1, -1, -1},
	{P4_T_VOID, "void", "", -1, -1, -1},
	{P4_T_BOOL, "bool", "vh=skelpc", 1, 1, 1},
	{P4_T_INT, "int", "n=lc", -1, -1, -1},
	{P4_T_BIT, "bit<8>", "vhnf=skelpc", 8, 8, 8},
	{P4_T_SIGNED, "int<8>", "vhnf=skelpc", 8, 8, 8},
	{P4_T_VARBIT, "varbit<8>", "vh=sl", 0, 8, -1},
	{P4_T_STRING, "string", "l", -1, -1, -1},
	{P4_T_ERROR, "error", "v=skl", -1, -1, -1},
	{P4_T_MATCH_KIND, "match_kind", "=l", -1, -1, -1},
	{P4_T_ENUM, "d", "v=skel", -1, -1, -1},
	{P4_T_STRUCT, "d", "vhS=slpc", 0, 0, 0},
	{P4_T_HEADER, "d", "vuS=slc", 0, 0, 0},
	{P4_T_UNION, "d", "vS=slc", 0, 0, -1},
	{P4_T_STACK, "bit<8>[8]", "vh=slc", 64, 64, 64},
	{P4_T_TUPLE, "tuple<>", "v=slep", 0, 0, 0},
	{P4_T_RECORD, "{}", "=", -1, -1, -1},
	{P4_T_LIST, "list<bit<8>>", "vlc", -1, -1, -1},
	{P4_T_SET, "set<bit<8>>", "", -1, -1, -1},
	{P4_T_NEW, "d", "vh=skelpc", 8, 8, 8},
	{P4_T_VAR, "d", "vhu=skelpc", -1, -1, -1},
	{P4_T_EXTERN, "d", "", -1, -1, -1},
	{P4_T_PARSER, "d", "", -1, -1, -1},
	{P4_T_CONTROL, "d", "", -1, -1, -1},
	{P4_T_PACKAGE, "d", "", -1, -1, -1},
	{P4_T_TABLE, "d", "", -1, -1, -1},
	{P4_T_APPLIED, "d", "", -1, -1, -1},
	{P4_T_ACTIONS, "d", "", -1, -1, -1},
	{P4_T_CALLEE, "a function", "", -1, -1, -1},
	{P4_T_TYPE, "type bit<8>", "", -1, -1, -1},
	{P4_T_DONTCARE, "_", "=l", -1, -1, -1},
	{P4_T_DEFAULT, "...", "", -1, -1, -1},
	{P4_T_INVALID, "{#}", "", -1, -1, -1},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(N_KINDS == P4_T_KINDS, "a row for each kind of type");

static bool in_struct(const struct p4_type *type)
{
	return seki_type_can_be_field(&(struct p4_decl){.kind = P4_D_STRUCT}, type);
}

static bool in_union(const struct p4_type *type)
{
	return seki_type_can_be_field(&(struct p4_decl){.kind = P4_D_UNION}, type);
}

static bool in_header(const struct p4_type *type)
{
	bool may = seki_type_can_be_field(&(struct p4_decl){.kind = P4_D_HEADER}, type);

	assert_int_equal(may, seki_type_in_header(type));
	return may;
}

static const struct {
	char letter;
	bool (*holds)(const struct p4_type *type);
} predicates[] = {
	{'v', seki_type_is_value},
	{'h', in_header},
	{'n', seki_type_is_number},
	{'f', seki_type_is_fixed},
	{'S', seki_type_is_struct_like},
	{'=', seki_type_has_equality},
	{'s', in_struct},
	{'u', in_union},
	{'k', seki_type_is_scalar},
	{'e', seki_type_in_select},
	{'p', seki_type_in_value_set},
	{'l', seki_type_in_list},
	{'c', seki_is_castable},
};

#define N_PREDICATES (sizeof(predicates) / sizeof(predicates[0]))

static void predicates_of_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct p4_type *type = sample(kinds[i].kind);
		size_t n = 0;

		assert_int_equal(kinds[i].kind, i);
		assert_string_equal(seki_type_name(&arena, type), kinds[i].name);
		for (size_t k = 0; k < N_PREDICATES; k++) {
			bool want = strchr(kinds[i].holds, predicates[k].letter) != NULL;

			n += want;
			if (predicates[k].holds(type) != want)
				fail_msg("%s: '%c' is not %d", kinds[i].name, predicates[k].letter,
					 want);
		}
		assert_int_equal(n, strlen(kinds[i].holds));
		assert_int_equal(seki_type_limit(type, P4_LEAST), kinds[i].least);
		assert_int_equal(seki_type_limit(type, P4_MOST), kinds[i].most);
		assert_int_equal(seki_type_bits(type), kinds[i].bits);
	}
}

static bool holds(size_t kind, char letter)
{
	return strchr(kinds[kind].holds, letter) != NULL;
}

/* What a type made of another can be: of every kind, as the only field or element. */
static void predicates_of_what_is_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct p4_type *inner = sample(kinds[i].kind);
		struct p4_decl field = {.kind = P4_D_FIELD, .name = "f", .type = inner};
		struct p4_decl decl = {.kind = P4_D_STRUCT, .name = "s", .members = &field};
		struct p4_type *type = seki_type_decl(&arena, P4_T_STRUCT, &decl);
		struct p4_type *tuple = seki_type_make(&arena, P4_T_TUPLE);
		struct p4_type *stack = seki_type_elem(&arena, P4_T_STACK, inner);
		struct p4_type *named = seki_type_elem(&arena, P4_T_NEW, inner);

		tuple->args = &inner;
		tuple->n_args = 1;
		stack->width = 2;
		assert_int_equal(seki_type_has_equality(type), holds(i, '='));
		assert_int_equal(seki_type_has_equality(tuple), holds(i, '='));
		assert_int_equal(seki_type_has_equality(stack), holds(i, '='));
		assert_int_equal(seki_type_has_equality(named), holds(i, '='));
		assert_int_equal(seki_type_in_header(type),
				 holds(i, 'h') && kinds[i].kind != P4_T_VARBIT);
		assert_int_equal(seki_type_in_header(named), holds(i, 'h'));
		assert_int_equal(seki_type_in_header(stack),
				 holds(i, 'h') && kinds[i].kind != P4_T_HEADER);
		assert_int_equal(seki_type_in_select(tuple), holds(i, 'e'));
		assert_int_equal(seki_type_limit(type, P4_MOST), kinds[i].most);
		assert_int_equal(seki_type_limit(tuple, P4_LEAST), kinds[i].least);
		assert_int_equal(seki_type_limit(stack, P4_MOST),
				 kinds[i].most < 0 ? -1 : 2 * kinds[i].most);
	}
}

/* An enum with a type is like it where it is data. */
static void enums_with_numbers(void **state)
{
	struct p4_type *type = sample(P4_T_ENUM);

	(void)state;
	type->elem = seki_type_width(&arena, P4_T_SIGNED, 12);
	assert_true(seki_type_in_header(type));
	assert_true(seki_is_castable(type));
	assert_int_equal(seki_type_bits(type), 12);
	assert_ptr_equal(seki_type_base(type), type->elem);
	assert_false(seki_type_is_number(type));
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

			may |= kinds[i].kind == P4_T_INT && holds(k, 'f');
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
		cmocka_unit_test(predicates_of_what_is_inside),
		cmocka_unit_test(enums_with_numbers),
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
