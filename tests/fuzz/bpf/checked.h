/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier promises, put to the test: a program that it accepts runs in the interpreter
 * with exact checks of every access, on packets of which only as many bytes are there as the
 * verifier said it would touch; it runs with everything at other addresses, without the checks, as
 * machine code and in the kernel, and does the same there. And walked without leaving out what is
 * like something that was walked, it is accepted as well, with no longer a path.
 */
#ifndef SEKI_TESTS_FUZZ_BPF_CHECKED_H
#define SEKI_TESTS_FUZZ_BPF_CHECKED_H

#include <stdbool.h>
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
struct choices choices_seeded(uint64_t seed);
uint64_t choose(struct choices *c, uint64_t n); /* 0 to n - 1 */

enum kind {
	KIND_WILD,    /* any instructions */
	KIND_TYPED,   /* sensible statements, almost in bounds */
	KIND_NEUTRAL, /* such as the kernel can run as well */
	KIND_RAW,     /* the fuzzer's bytes are the code */
	N_KINDS,
};

/* Counted by check_random_program(). */
struct tally {
	uint64_t tried;	   /* generated programs */
	uint64_t whole;	   /* of them accepted as generated */
	uint64_t repaired; /* accepted after what was refused had been taken out */
	uint64_t too_complex;
	uint64_t mutants, mutants_accepted;
	uint64_t compared;     /* accepted ones of which all paths could be walked */
	uint64_t differing;    /* accepted only where some paths were left out */
	uint64_t runs;	       /* in the checked interpreter */
	uint64_t jit;	       /* programs that ran as machine code */
	uint64_t loops;	       /* accepted programs with a backward jump */
	uint64_t insns;	       /* instructions of accepted programs */
	uint64_t kernel_tried; /* programs that were given to the kernel */
	uint64_t kernel_ran;   /* and accepted by it */
	uint64_t kernel_only;  /* neutral programs that only the kernel accepts */
};

extern struct tally tally;

/* Whether accepted programs are also walked in full, and those that differ printed. */
extern bool compare_walks, print_differing;

/*
 * Makes a program of this kind by the choices; what the verifier rejects is taken out, instruction
 * by instruction, until it accepts. Runs it on some packets; then changes it a little, and where
 * the verifier accepts that as well, runs that. Where a promise is broken it prints the smallest
 * program that it finds to break it, and aborts. Returns whether any was accepted.
 */
bool check_random_program(struct choices *c, enum kind kind);

#endif
