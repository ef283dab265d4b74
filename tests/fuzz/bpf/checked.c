// SPDX-License-Identifier: Apache-2.0
/* Random programs against the verifier's promises: see the header. */
#include "tests/fuzz/bpf/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "core/bpf/map.h"
#include "lib/bpf/helpers.h"
#include "sekisho/bpf.h"

#define REPAIRS_MAX 200
#define RUNS	    12
#define HEADROOM    200 /* at most */
#define VALUE_BYTES 32

static const struct seki_map_def defs[] = {
	{SEKI_MAP_HASH, 4, VALUE_BYTES, 4, 0},
	{SEKI_MAP_ARRAY, 4, VALUE_BYTES, 2, 0},
};

static const char *const names[] = {"hash", "array"};
static const uint8_t data[32] = "%d %u\n\0some read-only bytes";

struct choices choices_of(const uint8_t *bytes, size_t len)
{
	struct choices c = {.bytes = bytes, .len = len, .seed = 0x9e3779b97f4a7c15u};

	for (size_t i = 0; i < len; i++)
		c.seed = (c.seed ^ bytes[i]) * 0x100000001b3u;
	return c;
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

/* One verdict; where it is a no, the instruction that failed. */
static int judge(struct attempt *a, uint32_t *failed)
{
	static uint8_t memory[4 << 20] __attribute__((aligned(16)));
	struct seki_bpf_image image = {
		.ops = a->ops,
		.n = a->n,
		.maps = defs,
		.map_names = names,
		.n_maps = SEKI_COUNT(defs),
		.data = data,
		.data_size = sizeof(data),
	};
	struct seki_bpf_fault fault;
	int err = seki_bpf_decode(a->insns, a->n, a->ops, &fault);

	*failed = fault.insn;
	if (err)
		return err;
	err = seki_bpf_verify(&image, memory, sizeof(memory), &a->proof, &a->why);
	*failed = a->why.insn;
	return err;
}

static void take_out(struct attempt *a, uint32_t at)
{
	if (a->insns[at].opcode == 0x18 && at + 1 < a->n)
		a->insns[at + 1] = (struct seki_bpf_insn)JA(0);
	if (a->insns[at].opcode == 0x95) /* what it returns is the problem */
		a->insns[at - 1] = (struct seki_bpf_insn)MOVI(0, 0);
	else
		a->insns[at] = (struct seki_bpf_insn)JA(0);
}

static bool repair(struct attempt *a)
{
	for (int i = 0; i < REPAIRS_MAX; i++) {
		uint32_t failed;
		int err = judge(a, &failed);

		if (!err || err == -E2BIG)
			return !err;
		take_out(a, failed);
	}
	return false;
}

struct world {
	struct attempt *a;
	struct seki_bpf_running running;
	struct seki_bpf_run run;
	struct seki_bpf_map maps[SEKI_COUNT(defs)];
	uint64_t handles[SEKI_COUNT(defs)];
	void *memory[SEKI_COUNT(defs)];
	uint64_t map_bytes[SEKI_COUNT(defs)];
	struct seki_bpf_guard guard;
	struct seki_bpf_vm vm;
	uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	uint8_t stack_set[SEKI_BPF_STACK_BYTES];
	bool deleted;
	void *before[SEKI_COUNT(defs)]; /* the maps as they were when the run began */
	struct choices *c;
};

static struct world world;

static bool in(const void *base, uint64_t size, uint64_t addr, uint64_t len)
{
	return seki_in_range(addr - (uint64_t)(uintptr_t)base, len, size);
}

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct world *w = arg;
	const struct seki_bpf_packet *packet = &w->running.packet;
	const uint8_t *meta = (const uint8_t *)&w->run.meta;

	if (in(packet->buf + packet->off, packet->copied, addr, len))
		return true;
	for (size_t i = 0; i < SEKI_COUNT(defs); i++)
		if (seki_bpf_map_holds(&w->maps[i], addr, len))
			return true;
	if (in(meta, sizeof(w->run.meta), addr, len))
		return !write || addr - (uint64_t)(uintptr_t)meta >= 8;
	return !write && in(data, sizeof(data), addr, len);
}

static bool arg_allowed(const struct world *w, uint8_t kind, const uint64_t *args, size_t i)
{
	switch (kind) {
	case SEKI_ARG_CTX:
		return args[i] == (uint64_t)(uintptr_t)&w->running;
	case SEKI_ARG_MAP:
		return args[i] == w->handles[0] || args[i] == w->handles[1];
	case SEKI_ARG_KEY:
		return seki_bpf_guard_reads(&w->vm, args[i], 4);
	case SEKI_ARG_VALUE:
		return seki_bpf_guard_reads(&w->vm, args[i], VALUE_BYTES);
	case SEKI_ARG_QUERY:
		return seki_bpf_guard_reads(&w->vm, args[i], sizeof(struct seki_udp_query));
	case SEKI_ARG_MEM:
		return !args[i + 1] || seki_bpf_guard_reads(&w->vm, args[i], args[i + 1]);
	case SEKI_ARG_FORMAT:
		return in(data, sizeof(data), args[i], 1);
	default:
		return true;
	}
}

static bool allows_call(void *arg, int64_t number, const uint64_t args[5])
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(number);

	for (size_t i = 0; i < SEKI_HELPER_ARGS; i++)
		if (!arg_allowed(arg, proto->args[i], args, i))
			return false;
	return true;
}

static void make_maps(struct world *w, struct choices *c)
{
	for (size_t i = 0; i < SEKI_COUNT(defs); i++) {
		const char *why;
		uint64_t bytes = seki_bpf_map_bytes(&defs[i], &why);

		w->memory[i] = calloc(1, bytes);
		w->before[i] = malloc(bytes);
		w->map_bytes[i] = bytes;
		seki_bpf_map_init(&w->maps[i], &defs[i], w->memory[i], 1);
		w->handles[i] = (uint64_t)(uintptr_t)&w->maps[i];
		for (uint32_t key = 0; key < 2; key++) {
			uint8_t value[VALUE_BYTES];

			for (size_t k = 0; k < sizeof(value); k++)
				value[k] = (uint8_t)(choose(c, 2) ? 0 : choose(c, 1000));
			seki_bpf_map_put(&w->maps[i], &key, value);
		}
	}
}

static void print_program(const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		char line[200];
		struct seki_text text = seki_text_on(line, sizeof(line));

		seki_bpf_disasm(&a->ops[i], &text);
		fprintf(stderr, "%4u: %s\n", i, line);
	}
}

static void broken(const struct world *w, const char *what, int err)
{
	print_program(w->a);
	fprintf(stderr, "%s: error %d at insn %u after %lu instructions; worst %lu, touch %u\n",
		what, err, w->vm.pc, (unsigned long)w->vm.insns,
		(unsigned long)w->a->proof.worst_insns, w->a->proof.packet_touch);
	abort();
}

/* Small, as moves of the head that succeed are, or at the edges of what 32 bits hold. */
static uint32_t some_word(struct choices *c)
{
	static const uint32_t edges[] = {0,	     1,		 0xffffffff, 0xfffffff0,
					 0xffffffd8, 0x80000000, 0x7fffffff};

	if (choose(c, 3))
		return (uint32_t)(choose(c, 3) ? choose(c, 120) : 0 - choose(c, 60));
	return edges[choose(c, SEKI_COUNT(edges))];
}

/* What may wait runs the program anew: no map may have changed by then. */
static int answer(void *arg, uint64_t within_ms, bool may_wait)
{
	struct world *w = &world;

	(void)arg;
	(void)within_ms;
	for (size_t i = 0; may_wait && i < SEKI_COUNT(defs); i++)
		if (memcmp(w->before[i], w->memory[i], w->map_bytes[i]))
			broken(w, "a call may wait, but a map has changed", 0);
	return (int)choose(w->c, 2);
}

static const struct seki_bpf_host host = {.udp_sent_any = answer};

/* The packet is in a block of its own that is just as large as promised: ASan sees the rest. */
static void make_packet(struct world *w, struct choices *c)
{
	uint32_t len = (uint32_t)(choose(c, 4) ? choose(c, 130) : choose(c, 2000));
	uint32_t copied = (uint32_t)seki_min(len, w->a->proof.packet_touch);
	uint32_t off = (uint32_t)choose(c, HEADROOM);
	uint8_t *buf = malloc(off + copied);

	for (uint32_t i = 0; i < off + copied; i++)
		buf[i] = (uint8_t)(choose(c, 3) ? choose(c, 1000) : choose(c, 4));
	w->running.packet = (struct seki_bpf_packet){buf, off + copied, off, copied, len};
	w->running.run = &w->run;
	w->running.deleted = &w->deleted;
	w->run.host = &host;
	w->run.rss_hash = some_word(c);
	w->run.meta = (struct seki_std_meta){
		.input_port = some_word(c), .packet_length = len, .clone = (uint8_t)choose(c, 256)};
}

static void run_once(struct world *w, struct choices *c)
{
	uint64_t r0 = 0;
	int err;

	make_packet(w, c);
	for (size_t i = 0; i < SEKI_COUNT(defs); i++)
		memcpy(w->before[i], w->memory[i], w->map_bytes[i]);
	memset(w->stack_set, 0, sizeof(w->stack_set));
	memset(w->stack, 0xa5, sizeof(w->stack));
	w->vm = (struct seki_bpf_vm){
		.ops = w->a->ops,
		.stack = w->stack,
		.data = data,
		.maps = w->handles,
		.n_maps = SEKI_COUNT(defs),
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.guard = &w->guard,
		.arg = &w->running,
	};
	err = seki_bpf_interp(&w->vm, (uint64_t)(uintptr_t)&w->running,
			      (uint64_t)(uintptr_t)&w->run.meta, &r0);
	if (err && err != -ENOBUFS)
		broken(w, "the program did what it must not", err);
	if (w->vm.insns > w->a->proof.worst_insns)
		broken(w, "the program ran longer than the worst case", 0);
	free(w->running.packet.buf);
	for (size_t i = 0; i < SEKI_COUNT(defs); i++)
		seki_bpf_map_reclaim(&w->maps[i]);
}

enum outcome check_random_program(struct choices *c)
{
	static struct attempt a;
	struct world *w = &world;

	if (choose(c, 3))
		generate_typed(&a, c);
	else
		generate_wild(&a, c);
	if (!repair(&a))
		return REJECTED;
	w->a = &a;
	w->c = c;
	w->guard = (struct seki_bpf_guard){.allows = allows,
					   .allows_call = allows_call,
					   .arg = w,
					   .stack_set = w->stack_set,
					   .max_insns = 1000000};
	make_maps(w, c);
	for (int i = 0; i < RUNS; i++)
		run_once(w, c);
	for (size_t i = 0; i < SEKI_COUNT(defs); i++) {
		free(w->memory[i]);
		free(w->before[i]);
	}
	return ACCEPTED;
}
