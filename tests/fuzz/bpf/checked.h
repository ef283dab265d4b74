/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier promises, put to the test: a program that it accepts runs in the interpreter
 * with exact checks of every access, on packets of which only as many bytes are there as the
 * verifier said it would touch.
 */
#ifndef SEKI_TESTS_FUZZ_BPF_CHECKED_H
#define SEKI_TESTS_FUZZ_BPF_CHECKED_H

#include <stddef.h>
#include <stdint.h>

/* Choices made by the bytes of a fuzzer, and when they are used up by a generator that they seed.
 */
struct choices {
	const uint8_t *bytes;
	size_t len, at;
	uint64_t seed;
};

struct choices choices_of(const uint8_t *bytes, size_t len);
uint64_t choose(struct choices *c, uint64_t n); /* 0 to n - 1 */

/* How a program went. */
enum outcome { REJECTED, ACCEPTED };

/*
 * Makes a program by the choices; what the verifier rejects is taken out, instruction by
 * instruction, until it accepts. Runs it on some packets. Aborts, after printing the program, where
 * a promise is broken.
 */
enum outcome check_random_program(struct choices *c);

#endif
