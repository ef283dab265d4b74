// SPDX-License-Identifier: Apache-2.0
/* The verifier ends where the program does not: a table of such programs, each given up soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/bpf/judge.h"

static void test_endless(void **state)
{
	clock_t longest = 0;
	unsigned int n = 0;

	(void)state;
	for (const struct program *p = unsafe_endless; p->name; p++, n++) {
		static struct judgement j;
		clock_t began = clock(), took;

		judge(p, &j);
		took = clock() - began;
		longest = took > longest ? took : longest;
		/* Where what changes does not matter, it may be seen that nothing ends it. */
		if ((j.err != -E2BIG || !strstr(j.reason, p->why)) &&
		    (j.err != -EACCES || !strstr(j.reason, "could end it")))
			fail_msg("%s: error %d, \"%s\"", p->name, j.err, j.reason);
	}
	print_message("%u programs, the longest took %ld ms\n", n,
		      (long)(longest * 1000 / CLOCKS_PER_SEC));
	/* With sanitizers; without, it is less than one. */
	assert_true(longest < 10 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_endless)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
