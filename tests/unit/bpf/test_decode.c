// SPDX-License-Identifier: Apache-2.0
/* What the decoder says of instructions that are not RFC 9669's, but that compilers may emit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "core/base/check.h"
#include "tests/unit/bpf/asm.h"

static void instructions_of_linux_have_names(void **state)
{
	static const struct {
		struct seki_bpf_insn insn;
		const char *name;
	} cases[] = {
		{RAW(0xe5, 0, 0, 1, 0), "may_goto"},
		{RAW(0x20, 0, 0, 0, 4), "ld_abs"},
		{RAW(0x28, 0, 0, 0, 4), "ld_abs"},
		{RAW(0x50, 0, 1, 0, 4), "ld_ind"},
		{RAW(0xbf, 1, 2, 1, 1), "addr_space_cast"},
		{RAW(0x0d, 1, 0, 0, 0), "gotox"},
		{ATOMIC(DW, 1, 0, 2, 0x100), "load_acquire"},
		{ATOMIC(B, 1, 0, 2, 0x110), "store_release"},
	};
	struct seki_bpf_op ops[2];
	struct seki_bpf_fault fault;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(cases); i++) {
		const struct seki_bpf_insn insns[] = {cases[i].insn, EXIT};

		assert_int_equal(seki_bpf_decode(insns, 2, ops, &fault), -ENOEXEC);
		assert_non_null(strstr(fault.why, "unknown instruction: "));
		assert_non_null(strstr(fault.why, cases[i].name));
	}
}

/* Their neighbours have none. */
static void others_are_unknown(void **state)
{
	static const struct seki_bpf_insn cases[] = {
		RAW(0xff, 0, 0, 0, 0),	   RAW(0xbf, 1, 2, 2, 1), RAW(0x9d, 1, 0, 0, 0),
		ATOMIC(DW, 1, 0, 2, 0x77), RAW(0x80, 0, 0, 0, 0),
	};
	struct seki_bpf_op ops[2];
	struct seki_bpf_fault fault;

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(cases); i++) {
		const struct seki_bpf_insn insns[] = {cases[i], EXIT};

		assert_int_equal(seki_bpf_decode(insns, 2, ops, &fault), -ENOEXEC);
		assert_string_equal(fault.why, "unknown instruction");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_of_linux_have_names),
		cmocka_unit_test(others_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
