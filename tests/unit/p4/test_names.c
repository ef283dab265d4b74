/* SPDX-License-Identifier: Apache-2.0 */
/* Maps from names: what is added is found, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/p4/names.h"

static struct seki_arena arena;

#define N 5000u

static const char *name(uint32_t i)
{
	return seki_arena_printf(&arena, "n%u", i);
}

static void finds_what_was_added(void **state)
{
	static uint32_t values[N];
	struct p4_names names = {0};

	(void)state;
	assert_null(seki_names_find(&names, "n0"));
	for (uint32_t i = 0; i < N; i++) {
		assert_null(seki_names_find(&names, name(i)));
		assert_null(seki_names_add(&names, &arena, name(i), &values[i]));
		assert_ptr_equal(seki_names_find(&names, name(i / 2)), &values[i / 2]);
	}
	assert_int_equal(names.n, N);
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(seki_names_find(&names, name(i)), &values[i]);
	assert_null(seki_names_find(&names, ""));
	assert_null(seki_names_find(&names, name(N)));
}

static void keeps_the_first(void **state)
{
	struct p4_names names = {0};
	int a, b;

	(void)state;
	assert_null(seki_names_add(&names, &arena, "x", &a));
	assert_ptr_equal(seki_names_add(&names, &arena, "x", &b), &a);
	assert_ptr_equal(seki_names_find(&names, "x"), &a);
	assert_int_equal(names.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(keeps_the_first),
	};
	int failed;

	seki_arena_init(&arena, 64u << 20);
	if (setjmp(arena.full))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	seki_arena_exit(&arena);
	return failed;
}
