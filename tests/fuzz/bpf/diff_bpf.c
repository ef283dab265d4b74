// SPDX-License-Identifier: Apache-2.0
/*
 * Differential fuzzing without a fuzzer's guidance: program after program, each from a number, so
 * that any can be had again. Prints what was done, in numbers; exit code 0 if no promise was broken.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/bpf/checked.h"
#include "tests/fuzz/bpf/kernel.h"
#include "tests/fuzz/bpf/native.h"

static const char usage[] =
	"usage: diff_bpf [--seconds N] [--seed S] [--index I] [--count N] [--kind KIND] [--kernel]\n"
	"  --seconds N  how long (default 10)\n"
	"  --count N    stop after so many programs\n"
	"  --seed S     which programs (default 1)\n"
	"  --index I    begin with this one, counted from 0; with --count 1 it is the only one\n"
	"  --kind KIND  wild, typed, neutral or mixed (default: of all kinds)\n"
	"  --kernel     neutral programs also run in the kernel (needs root)\n"
	"  --compare    also walk all paths of what is accepted: twice prints what differs\n"
	"  --progress   a line every ten seconds\n";

static const char *const kinds[] = {"wild", "typed", "neutral", "mixed"};

struct options {
	uint64_t seconds, seed, index, count;
	int kind; /* enum kind; KIND_RAW here: mixed */
	bool kernel, progress;
};

static uint64_t seed, at;
static int kind;

/* Machine code that crashes ends here, as does whatever aborts. */
static void on_crash(int signal)
{
	char line[200];
	int len = snprintf(line, sizeof(line),
			   "signal %d; reproduce: diff_bpf --seed %" PRIu64 " --index %" PRIu64
			   " --count 1 --kind %s\n",
			   signal, seed, at, kinds[kind]);

	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		_exit(2);
	_exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 0);

	if (*end || !*text) {
		fputs(usage, stderr);
		exit(2);
	}
	return v;
}

static int kind_of(const char *name)
{
	for (int i = 0; i < N_KINDS; i++)
		if (!strcmp(name, kinds[i]))
			return i;
	fputs(usage, stderr);
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"seconds", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 's'},
		{"index", required_argument, NULL, 'i'},   {"count", required_argument, NULL, 'n'},
		{"kind", required_argument, NULL, 'k'},	   {"kernel", no_argument, NULL, 'K'},
		{"compare", no_argument, NULL, 'c'},	   {"progress", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0}};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 't':
			o->seconds = number(optarg);
			break;
		case 's':
			o->seed = number(optarg);
			break;
		case 'i':
			o->index = number(optarg);
			break;
		case 'n':
			o->count = number(optarg);
			break;
		case 'k':
			o->kind = kind_of(optarg);
			break;
		case 'K':
			o->kernel = true;
			break;
		case 'c':
			print_differing = compare_walks;
			compare_walks = true;
			break;
		case 'p':
			o->progress = true;
			break;
		default:
			fputs(usage, opt == 'h' ? stdout : stderr);
			exit(opt == 'h' ? 0 : 2);
		}
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static void report(void)
{
	printf("%" PRIu64 " programs tried, %" PRIu64 " accepted as they were, %" PRIu64
	       " after repair, %" PRIu64 " too complex; %" PRIu64 " of %" PRIu64
	       " mutants accepted; %" PRIu64 " accepted programs have loops, %" PRIu64
	       " instructions on average; %" PRIu64 " like a walk of all paths, %" PRIu64
	       " not; %" PRIu64 " checked runs; JIT ran %" PRIu64 ", kernel %" PRIu64 " of %" PRIu64
	       " programs; %" PRIu64 " accepted by the kernel only\n",
	       tally.tried, tally.whole, tally.repaired, tally.too_complex, tally.mutants_accepted,
	       tally.mutants, tally.loops,
	       tally.insns / (tally.whole + tally.repaired + tally.mutants_accepted + 1),
	       tally.compared, tally.differing, tally.runs, tally.jit, tally.kernel_ran,
	       tally.kernel_tried, tally.kernel_only);
	fflush(stdout);
}

static void fuzz(const struct options *o)
{
	uint64_t end = now() + o->seconds, next = now() + 10;

	for (at = o->index; at - o->index < o->count && now() < end; at++) {
		struct choices c = choices_seeded(seed * 0x9e3779b97f4a7c15u + at);

		kind = o->kind == KIND_RAW ? (int)(at % 8 == 0	? KIND_WILD
						   : at % 8 < 5 ? KIND_TYPED
								: KIND_NEUTRAL)
					   : o->kind;
		check_random_program(&c, (enum kind)kind);
		if (o->progress && now() >= next) {
			report();
			next += 10;
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = {.seconds = 10, .seed = 1, .count = UINT64_MAX, .kind = KIND_RAW};
	const char *what;
	int err;

	parse(argc, argv, &o);
	seed = o.seed;
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGILL, on_crash);
	signal(SIGBUS, on_crash);
	if (o.kernel) {
		err = kernel_open(&what);
		if (err)
			printf("skipped: kernel: %s: %s\n", what, strerror(-err));
	}
	printf("seed %" PRIu64 "\n", seed);
	fuzz(&o);
	report();
	return 0;
}
