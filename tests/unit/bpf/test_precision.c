// SPDX-License-Identifier: Apache-2.0
/* What the verifier relates to each other: pointers into one object, sums of unknown numbers, and
 * what is left of the packet. Next to each thing believed is one that must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bpf/judge.h"

static const struct program safe[] = {
	{"end pointer above what is read",
	 NULL,
	 {PACKET, MOVR(3, 6), ALUR(ADD, 3, 7), MOVR(4, 6), ALUI(ADD, 4, 14), JMPR(JGT, 4, 3, 1),
	  LD(H, 5, 6, 12), RETURN}},
	{"end pointer on the left",
	 NULL,
	 {PACKET, MOVR(3, 6), ALUR(ADD, 3, 7), MOVR(4, 6), ALUI(ADD, 4, 14), JMPR(JLT, 3, 4, 1),
	  LD(H, 5, 6, 12), RETURN}},
	{"end pointer and a place that the packet tells",
	 NULL,
	 {PACKET, JMPI(JEQ, 7, 0, 8), LD(B, 5, 6, 0), MOVR(3, 6), ALUR(ADD, 3, 7), ALUR(ADD, 6, 5),
	  MOVR(4, 6), ALUI(ADD, 4, 4), JMPR(JGT, 4, 3, 1), LD(W, 5, 6, 0), RETURN}},
	{"distance of pointers bounds",
	 NULL,
	 {KEY(0), CALL(1), JMPI(JEQ, 0, 0, 7), MOVR(3, 0), LD(B, 4, 0, 0), ALUI(AND, 4, 7),
	  ALUR(ADD, 3, 4), ALUR(SUB, 3, 0), ALUR(ADD, 0, 3), LD(B, 4, 0, 8), RETURN}},
	{"distance to the end of the packet is its length",
	 NULL,
	 {PACKET, MOVR(3, 6), ALUR(ADD, 3, 7), ALUR(SUB, 3, 6), JMPI(JLT, 3, 14, 1),
	  LD(H, 5, 6, 12), RETURN}},
	{"distance of places at one unknown",
	 NULL,
	 {PACKET, JMPI(JLT, 7, 100, 9), LD(B, 5, 6, 0), MOVR(3, 6), ALUR(ADD, 3, 5), MOVR(4, 3),
	  ALUI(ADD, 4, 9), ALUR(SUB, 4, 3), JMPI(JEQ, 4, 9, 1), LD(DW, 0, 5, 0), MOVR(0, 4),
	  RETURN}},
	{"pointers into one frame",
	 NULL,
	 {MOVR(3, 10), ALUI(ADD, 3, -8), JMPR(JLT, 3, 10, 1), LD(DW, 0, 5, 0), MOVR(4, 3),
	  JMPR(JEQ, 4, 3, 1), LD(DW, 0, 5, 0), RETURN}},
	{"pointers into one value",
	 NULL,
	 {KEY(0), CALL(1), JMPI(JEQ, 0, 0, 7), MOVR(3, 0), LD(B, 4, 0, 0), ALUR(ADD, 3, 4),
	  MOVR(5, 0), ALUI(ADD, 5, 8), JMPR(JGT, 3, 5, 1), LD(DW, 4, 3, 0), RETURN}},
	{"pointers into one value, through the stack",
	 NULL,
	 {KEY(0), CALL(1), STR(DW, 10, -16, 0), JMPI(JEQ, 0, 0, 7), LD(DW, 3, 10, -16),
	  LD(B, 4, 0, 0), ALUR(ADD, 3, 4), MOVR(5, 0), ALUI(ADD, 5, 8), JMPR(JSGT, 3, 5, 1),
	  LD(DW, 4, 3, 0), RETURN}},
	{"pointers into read-only data",
	 NULL,
	 {DATA(3, 8), DATA(4, 4), LD(W, 5, 2, 0), JMPI(JGT, 5, 100, 3), ALUR(ADD, 4, 5),
	  JMPR(JGE, 4, 3, 1), LD(W, 0, 4, 0), RETURN}},
	{"places before the object compare as equal only",
	 NULL,
	 {PACKET, MOVR(3, 6), ALUI(ADD, 3, -2), MOVR(4, 6), ALUI(ADD, 4, -3), JMPR(JNE, 3, 4, 1),
	  LD(DW, 0, 5, 0), RETURN}},
	{.name = NULL},
};

static const struct program unsafe[] = {
	{"end pointer one byte short",
	 "may be shorter",
	 {PACKET, MOVR(3, 6), ALUR(ADD, 3, 7), MOVR(4, 6), ALUI(ADD, 4, 13), JMPR(JGT, 4, 3, 1),
	  LD(H, 5, 6, 12), RETURN}},
	{"end pointer, wrong side",
	 "may be shorter",
	 {PACKET, MOVR(3, 6), ALUR(ADD, 3, 7), MOVR(4, 6), ALUI(ADD, 4, 14), JMPR(JLE, 4, 3, 1),
	  LD(H, 5, 6, 12), RETURN}},
	{"end pointer and a place that the packet tells, one byte short",
	 "may be shorter",
	 {PACKET, JMPI(JEQ, 7, 0, 8), LD(B, 5, 6, 0), MOVR(3, 6), ALUR(ADD, 3, 7), ALUR(ADD, 6, 5),
	  MOVR(4, 6), ALUI(ADD, 4, 3), JMPR(JGT, 4, 3, 1), LD(W, 5, 6, 0), RETURN}},
	{"two lookups compared",
	 "into the same object",
	 {KEY(0), CALL(1), JMPI(JEQ, 0, 0, 7), MOVR(6, 0), KEY(0), CALL(1), JMPI(JEQ, 0, 0, 1),
	  JMPR(JEQ, 0, 6, 0), RETURN}},
	{"two lookups subtracted",
	 "between two pointers",
	 {KEY(0), CALL(1), JMPI(JEQ, 0, 0, 8), MOVR(6, 0), KEY(0), CALL(1), JMPI(JEQ, 0, 0, 1),
	  ALUR(SUB, 0, 6), RETURN}},
	{"frames of two functions compared",
	 "into the same object",
	 {MOVR(1, 10), LOCAL(2), MOVI(0, 0), EXIT, JMPR(JGT, 1, 10, 0), RETURN}},
	{"stack and packet compared",
	 "into the same object",
	 {PACKET, JMPR(JGT, 6, 10, 0), RETURN}},
	{"stack and packet subtracted", "between two pointers", {PACKET, ALUR(SUB, 6, 10), RETURN}},
	{"stale pointers compared",
	 "into the same object",
	 {PACKET, MOVR(9, 6), MOVR(1, 8), MOVI(2, 4), CALL(8), JMPR(JGT, 6, 9, 0), RETURN}},
	{"stale and new pointer subtracted",
	 "between two pointers",
	 {PACKET, MOVR(9, 6), MOVR(1, 8), MOVI(2, 4), CALL(8), ALUR(SUB, 0, 9), RETURN}},
	{"pointers compared in 32 bits",
	 "into the same object",
	 {MOVR(3, 10), JMP32R(JEQ, 3, 10, 0), RETURN}},
	{"bits of a pointer", "into the same object", {MOVR(3, 10), JMPR(JSET, 3, 10, 0), RETURN}},
	{"pointers subtracted in 32 bits",
	 "32-bit arithmetic",
	 {MOVR(3, 10), ALU32R(SUB, 3, 10), RETURN}},
	{"what may be NULL compared",
	 "into the same object",
	 {KEY(0), CALL(1), MOVR(3, 0), JMPR(JEQ, 3, 0, 0), RETURN}},
	{"place before the packet is above it where the address wraps",
	 "read before anything",
	 {PACKET, MOVR(3, 6), ALUI(ADD, 3, -2), JMPR(JLT, 3, 6, 1), LD(DW, 0, 9, 0), RETURN}},
	{.name = NULL},
};

static void test_safe(void **state)
{
	(void)state;
	for (const struct program *p = safe; p->name; p++) {
		struct judgement j;

		judge(p, &j);
		if (j.err)
			fail_msg("%s: rejected at %u: %s (%s)", p->name, j.rejection.insn, j.reason,
				 j.rejection.values);
	}
}

static void test_unsafe(void **state)
{
	(void)state;
	for (const struct program *p = unsafe; p->name; p++) {
		struct judgement j;

		judge(p, &j);
		if (!j.err)
			fail_msg("%s: accepted", p->name);
		if (!strstr(j.reason, p->why))
			fail_msg("%s: rejected because \"%s\", not \"%s\"", p->name, j.reason,
				 p->why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_safe),
					   cmocka_unit_test(test_unsafe)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
