// SPDX-License-Identifier: Apache-2.0
/* Random programs against the verifier's promises: see the header. */
#include "tests/fuzz/bpf/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "tests/fuzz/bpf/kernel.h"
#include "tests/fuzz/bpf/world.h"

#define REPAIRS_MAX  200
#define STEPS_MAX    20000
#define WORST_MAX    2000000 /* what may run for longer takes too long to try */
#define MUTANTS	     6
#define INSNS_SMALL  64
#define DOUBTED_RUNS 100 /* times some, of what only a walk of all paths rejects */

struct tally tally;
bool compare_walks, print_differing;

static const char *const names[N_MAPS] = {"hash", "array", "wide", "lru", "lpm", "queue", "odd"};

struct choices choices_of(const uint8_t *bytes, size_t len)
{
	struct choices c = {.bytes = bytes, .len = len, .seed = 0x9e3779b97f4a7c15u};

	for (size_t i = 0; i < len; i++)
		c.seed = (c.seed ^ bytes[i]) * 0x100000001b3u;
	return c;
}

/* The mixing step of splitmix64: near seeds give unlike choices. */
struct choices choices_seeded(uint64_t seed)
{
	seed += 0x9e3779b97f4a7c15u;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebu;
	return (struct choices){.seed = (seed ^ seed >> 31) | 1};
}

uint64_t choose(struct choices *c, uint64_t n)
{
	if (n <= 256 && c->at < c->len)
		return c->bytes[c->at++] % n;
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 7;
	c->seed ^= c->seed << 17;
	return c->seed % n;
}

static int verify(struct attempt *a, enum seki_walk_all walk_all, struct seki_bpf_proof *proof,
		  struct seki_bpf_rejection *why)
{
	static uint8_t memory[512 << 10] __attribute__((aligned(16)));
	struct seki_bpf_image image = {
		.ops = a->ops,
		.n = a->n,
		.maps = fuzz_map_defs,
		.map_names = names,
		.n_maps = N_MAPS,
		.data = fuzz_data,
		.data_size = DATA_BYTES,
		.max_steps = STEPS_MAX,
		.max_packet = a->max_packet,
		.walk_all = (uint8_t)walk_all,
		.rank_after = a->rank_after,
	};

	return seki_bpf_verify(&image, memory, sizeof(memory), proof, why);
}

/* One verdict; where it is a no, the instruction that failed. */
static int judge(struct attempt *a, uint32_t *failed)
{
	struct seki_bpf_fault fault;
	int err = seki_bpf_decode(a->insns, a->n, a->ops, &fault);

	*failed = fault.insn;
	if (err)
		return err;
	err = verify(a, SEKI_WALK_SOME, &a->proof, &a->why);
	*failed = a->why.insn;
	return !err && a->proof.worst_insns > WORST_MAX ? -E2BIG : err;
}

static void take_out(struct attempt *a, uint32_t at)
{
	if (a->insns[at].opcode == 0x18 && at + 1 < a->n)
		a->insns[at + 1] = (struct seki_bpf_insn)JA(0);
	if (a->insns[at].opcode == 0x95 && at) /* what it returns is the problem */
		a->insns[at - 1] = (struct seki_bpf_insn)MOVI(0, 0);
	else
		a->insns[at] = (struct seki_bpf_insn)JA(0);
}

/* A neutral program's first part is what its translation replaces. */
static bool repair(struct attempt *a)
{
	for (int i = 0; i < REPAIRS_MAX; i++) {
		uint32_t failed;
		int err = judge(a, &failed);

		if (!err || err == -E2BIG)
			return !err;
		if (failed >= a->n || (a->neutral && failed < NEUTRAL_PROLOGUE))
			return false;
		take_out(a, failed);
	}
	return false;
}

static void print_program(const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		char line[200];
		struct seki_text text = seki_text_on(line, sizeof(line));
		const struct seki_bpf_insn *insn = &a->insns[i];

		seki_bpf_disasm(&a->ops[i], &text);
		if (insn->opcode != 0x05 || insn->off) /* what was taken out */
			fprintf(stderr, "%4u: %02x %02x %04x %08x  %s\n", i, insn->opcode,
				insn->regs, (uint16_t)insn->off, (uint32_t)insn->imm, line);
	}
}

static bool still_broken(struct attempt *a)
{
	uint32_t failed;

	return !judge(a, &failed) && world_run(a, a->inputs).what;
}

/* Takes out all that the violation does not need. */
static void shrink(struct attempt *a, bool (*still)(struct attempt *))
{
	static struct attempt less;
	bool again = true;

	for (int round = 0; again && round < 4; round++) {
		again = false;
		for (uint32_t i = a->n; i-- > (a->neutral ? NEUTRAL_PROLOGUE : 0);) {
			less = *a;
			if (less.insns[i].opcode == 0x05 && !less.insns[i].off)
				continue;
			if (less.insns[i].opcode == 0x18)
				less.insns[i + 1] = (struct seki_bpf_insn)JA(0);
			less.insns[i] = (struct seki_bpf_insn)JA(0);
			if (!still(&less))
				continue;
			*a = less;
			again = true;
		}
	}
	still(a);
}

static void broken(struct attempt *a, uint64_t seed)
{
	struct violation v;
	uint32_t failed;

	a->inputs = seed;
	shrink(a, still_broken);
	judge(a, &failed);
	v = world_run(a, seed);
	print_program(a);
	fprintf(stderr,
		"%s: error %d at insn %u after %lu instructions; worst %lu, touch %u, inputs %lu\n",
		v.what, v.err, v.pc, (unsigned long)v.insns, (unsigned long)a->proof.worst_insns,
		a->proof.packet_touch, (unsigned long)seed);
	abort();
}

static bool has_loop(const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		uint8_t kind = seki_bpf_row(&a->ops[i])->kind;

		if ((kind == SEKI_KIND_JUMP || kind == SEKI_KIND_GOTO) &&
		    a->ops[i].off <= (int32_t)i)
			return true;
	}
	return false;
}

/* How a walk of all paths differs; "": it cannot be done; NULL: not at all. */
static const char *differs_from(struct attempt *a, enum seki_walk_all all)
{
	static struct seki_bpf_rejection why;
	struct seki_bpf_proof exact;
	int err = verify(a, all, &exact, &why);

	if (err)
		return err == -E2BIG ? "" : why.reason;
	if (exact.worst_insns > a->proof.worst_insns)
		return "there is a longer path";
	return exact.packet_touch > a->proof.packet_touch ? "more is touched" : NULL;
}

/* Either way to walk them may be less precise than the other. NULL: one does not differ, or cannot be
 * done. */
static const char *differs(struct attempt *a)
{
	const char *what = differs_from(a, SEKI_WALK_ALL);

	if (what && *what)
		what = differs_from(a, SEKI_WALK_ALL_KEEP);
	tally.compared += !what;
	return what && *what ? what : NULL;
}

static bool still_differs(struct attempt *a)
{
	uint32_t failed;

	return !judge(a, &failed) && differs(a);
}

/*
 * What was accepted with some paths left out is when all are walked; nearly: of less is known more at
 * times, where a place for what is known was left, say. So it is tried on many packets then.
 */
static void compare(struct attempt *a, uint64_t seed)
{
	const char *what = differs(a);

	if (!what)
		return;
	for (uint64_t i = 1; i <= DOUBTED_RUNS; i++)
		if (world_run(a, seed + i).what)
			broken(a, seed + i);
	tally.differing++;
	if (!print_differing)
		return;
	shrink(a, still_differs);
	print_program(a);
	fprintf(stderr, "not when all paths are walked: %s; longest packet %u, ranks after %u\n",
		what, a->max_packet, a->rank_after);
}

static void run(struct attempt *a, uint64_t seed)
{
	struct violation v = world_run(a, seed);

	tally.loops += has_loop(a);
	tally.insns += a->n;
	if (v.what)
		broken(a, seed);
	if (compare_walks)
		compare(a, seed);
}

/* One loop too long is enough: it takes the verifier long to say so. */
static void run_mutants(struct attempt *a, struct choices *c)
{
	static struct attempt before;

	for (int i = 0; i < MUTANTS; i++) {
		uint32_t failed;
		int err;

		before = *a;
		if (!mutate(a, c))
			continue;
		tally.mutants++;
		err = judge(a, &failed);
		if (!err) {
			tally.mutants_accepted++;
			run(a, choose(c, UINT64_MAX));
			continue;
		}
		if (err == -E2BIG)
			return;
		*a = before;
	}
}

/* The fuzzer's bytes as they are, and a way out. */
static void generate_raw(struct attempt *a, struct choices *c)
{
	a->n = 0;
	while (c->at + 8 <= c->len && a->n < INSNS_SMALL) {
		struct seki_bpf_insn insn;

		memcpy(&insn, c->bytes + c->at, 8);
		c->at += 8;
		emit(a, insn);
	}
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
}

static void generate(struct attempt *a, struct choices *c, enum kind kind)
{
	a->neutral = a->mutated = a->changes_entries = false;
	a->max_packet = choose(c, 2) ? LONGEST : 0;
	a->rank_after = (uint8_t)(choose(c, 2) ? 1 + choose(c, 12) : 0);
	if (kind == KIND_WILD)
		generate_wild(a, c);
	else if (kind == KIND_RAW)
		generate_raw(a, c);
	else
		generate_typed(a, c, kind == KIND_NEUTRAL);
}

/* How much is it that only we refuse? Asked of every fourth: the kernel is slow to answer. */
static void ask_kernel(const struct attempt *a)
{
	int fd;

	if (!a->neutral || !kernel_is_there() || tally.tried % 4)
		return;
	fd = kernel_load(a, NULL);
	tally.kernel_only += fd >= 0;
	kernel_unload(fd);
}

bool check_random_program(struct choices *c, enum kind kind)
{
	static struct attempt a;
	uint32_t failed;
	int err;

	generate(&a, c, kind);
	tally.tried++;
	err = judge(&a, &failed);
	if (!err) {
		tally.whole++;
	} else if (err == -E2BIG) {
		tally.too_complex++;
		return false;
	} else {
		ask_kernel(&a);
		if (!repair(&a))
			return false;
		tally.repaired++;
	}
	run(&a, choose(c, UINT64_MAX));
	run_mutants(&a, c);
	return true;
}
