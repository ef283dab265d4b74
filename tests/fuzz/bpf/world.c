// SPDX-License-Identifier: Apache-2.0
/*
 * One program in every engine: see the header. Each engine has a world of its own (packet, maps,
 * stack, metadata, read-only data), at addresses that have nothing in common with the others', not
 * even the low bits: a result in which an address had a part differs.
 */
#include "tests/fuzz/bpf/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/check.h"
#include "core/bpf/map/map.h"
#include "lib/bpf/helpers.h"
#include "sekisho/bpf.h"
#include "tests/fuzz/bpf/kernel.h"
#include "tests/fuzz/bpf/native.h"

#define RUNS		12
#define KERNEL_RUNS	4
#define INSNS_PER_WORLD 400000u
#define QUEUES		2
#define HEADROOM	200 /* at most */
#define BLOCK_BYTES	4096
#define WORLD_BYTES	(1u << 20)

enum engine {
	CHECKED,   /* exact checks of every access */
	ELSEWHERE, /* the same at other addresses */
	PLAIN,	   /* without checks, as users run it */
	NATIVE,	   /* machine code */
	N_ENGINES
};

struct plane {
	struct seki_bpf_running running;
	struct seki_bpf_run run;
	struct seki_bpf_host host;
	struct seki_bpf_map maps[N_MAPS];
	struct seki_bpf_reader words[QUEUES] __attribute__((aligned(64)));
	struct seki_bpf_readers readers;
	uint32_t queues, queue;
	uint64_t handles[N_MAPS];
	void *memory[N_MAPS], *before[N_MAPS]; /* before: when the run began */
	uint64_t map_bytes[N_MAPS];
	struct seki_bpf_guard guard;
	struct seki_bpf_vm vm;
	uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(64)));
	uint8_t stack_set[SEKI_BPF_STACK_BYTES];
	uint8_t data[DATA_BYTES];
	uint8_t blocks[2][BLOCK_BYTES]; /* of packets, in turns */
	unsigned int block;
	bool changed_early;
	bool exact;    /* packets are malloc()ed, so that ASan sees what is beyond */
	uint64_t said; /* all that it told and asked of the host */
	uint64_t seed; /* of the host's answers */
	uint32_t asked;
	uint64_t r0;
	int err;
	uint8_t *next; /* memory not yet used */
};

/* Wishes of mmap(): a kernel that does not fulfil them finds other places. */
static const struct {
	uint64_t at;
	uint32_t shift;
} places[N_ENGINES] = {{0x200000000000, 0},
		       {0x412345400000, 0x7a40},
		       {0x35a0b0000000, 0x1240},
		       {0x2bcde0000000, 0x3b80}};

static struct plane *planes[N_ENGINES];
static seki_bpf_helper helpers[SEKI_HELPER_MAX];

const struct seki_map_def fuzz_map_defs[N_MAPS] = {
	[MAP_HASH] = {SEKI_MAP_HASH, 4, 32, 32, 0},
	[MAP_ARRAY] = {SEKI_MAP_ARRAY, 4, 32, 2, 0},
	[MAP_WIDE] = {SEKI_MAP_HASH, 8, 40, 16, 0},
	[MAP_LRU] = {SEKI_MAP_LRU_HASH, 4, 24, 3, 0},
	[MAP_LPM] = {SEKI_MAP_LPM, 8, 16, 6, 0},
	[MAP_QUEUE] = {SEKI_MAP_QUEUE_ARRAY, 4, 16, 3, 0},
	[MAP_ODD] = {SEKI_MAP_HASH, 3, 13, 3, 0},
};

const uint8_t fuzz_data[DATA_BYTES] = "%d %u\n\0%llx\0some read-only bytes";

static bool in(const void *base, uint64_t size, uint64_t addr, uint64_t len)
{
	return seki_in_range(addr - (uint64_t)(uintptr_t)base, len, size);
}

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct plane *p = arg;
	const struct seki_bpf_packet *packet = &p->running.packet;
	const uint8_t *meta = (const uint8_t *)&p->run.meta;

	if (in(packet->buf + packet->off, packet->copied, addr, len))
		return true;
	for (size_t i = 0; i < N_MAPS; i++)
		if (seki_bpf_map_holds(&p->maps[i], addr, len))
			return true;
	if (in(meta, sizeof(p->run.meta), addr, len))
		return !write || addr - (uint64_t)(uintptr_t)meta >= 8;
	return !write && in(p->data, DATA_BYTES, addr, len);
}

/* NULL: no map has this handle. */
static const struct seki_map_def *def_of(const struct plane *p, uint64_t handle)
{
	for (size_t i = 0; i < N_MAPS; i++)
		if (handle == p->handles[i])
			return &fuzz_map_defs[i];
	return NULL;
}

static bool arg_allowed(const struct plane *p, uint8_t kind, const uint64_t *args, size_t i)
{
	const struct seki_map_def *def = def_of(p, args[0]);

	switch (kind) {
	case SEKI_ARG_CTX:
		return args[i] == (uint64_t)(uintptr_t)&p->running;
	case SEKI_ARG_MAP:
		return def;
	case SEKI_ARG_KEY:
		return seki_bpf_guard_reads(&p->vm, args[i], def->key_size);
	case SEKI_ARG_VALUE:
		return seki_bpf_guard_reads(&p->vm, args[i], def->value_size);
	case SEKI_ARG_QUERY:
		return seki_bpf_guard_reads(&p->vm, args[i], sizeof(struct seki_udp_query));
	case SEKI_ARG_MEM:
		return !args[i + 1] || seki_bpf_guard_reads(&p->vm, args[i], args[i + 1]);
	case SEKI_ARG_FORMAT:
		return in(p->data, DATA_BYTES, args[i], 1);
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

static void say(struct plane *p, uint64_t v)
{
	p->said = (p->said ^ v) * 0x100000001b3u;
}

static void print_line(void *arg, const char *line)
{
	while (*line)
		say(arg, (uint8_t)*line++);
}

static uint64_t time_ns(void *arg)
{
	struct plane *p = arg;

	return p->seed ^ ++p->asked;
}

/* What may wait runs the program anew: no map may have changed by then, but for what an LRU map
 * remembers of lookups. */
static int answer(struct plane *p, bool may_wait)
{
	for (size_t i = 0; may_wait && i < N_MAPS; i++)
		p->changed_early |= i != MAP_LRU &&
				    memcmp(p->before[i], p->memory[i], p->map_bytes[i]) != 0;
	p->asked++;
	if (may_wait && p->seed >> 3 % 8 == p->asked)
		return -EAGAIN;
	return (int)(p->seed >> (p->asked & 31) & 1);
}

static int udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
		    bool may_wait)
{
	for (size_t i = 0; i < sizeof(*query); i++)
		say(arg, ((const uint8_t *)query)[i]);
	say(arg, within_ms);
	return answer(arg, may_wait);
}

static int udp_sent_any(void *arg, uint64_t within_ms, bool may_wait)
{
	say(arg, within_ms);
	return answer(arg, may_wait);
}

static uint8_t *new_block(struct plane *p, uint32_t size)
{
	p->block++;
	return p->exact ? malloc(size) : p->blocks[p->block % 2] + 13 * (p->block % 3);
}

static void free_block(struct plane *p, uint8_t *block)
{
	if (p->exact)
		free(block);
}

/* After a move of its head the packet is elsewhere: what points to where it was, points out. (A
 * truncation moves nothing.) */
static uint64_t move_packet(struct seki_bpf_vm *vm)
{
	struct plane *p = (struct plane *)vm->arg;
	struct seki_bpf_packet *packet = &p->running.packet;
	uint8_t *to = new_block(p, packet->size);

	memcpy(to + packet->off, packet->buf + packet->off, packet->copied);
	free_block(p, packet->buf);
	packet->buf = to;
	return (uint64_t)(uintptr_t)(to + packet->off);
}

static uint64_t adjust_head(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3,
			    uint64_t a4, uint64_t a5)
{
	seki_bpf_helpers[SEKI_HELPER_ADJUST_HEAD](vm, a1, a2, a3, a4, a5);
	return move_packet(vm);
}

/* The same on each plane. */
static uint64_t random_number(struct seki_bpf_vm *vm, uint64_t a1, uint64_t a2, uint64_t a3,
			      uint64_t a4, uint64_t a5)
{
	struct plane *p = (struct plane *)vm->arg;

	(void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	say(p, 35);
	return p->said;
}

static void *take(struct plane *p, uint64_t bytes)
{
	uint8_t *at = p->next;

	p->next += (bytes + 63) / 64 * 64;
	if (p->next - (uint8_t *)p > WORLD_BYTES - (1 << 16))
		abort();
	memset(at, 0, bytes);
	return at;
}

static struct plane *make_plane(enum engine engine)
{
	uint8_t *at = mmap((void *)(uintptr_t)places[engine].at, WORLD_BYTES,
			   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return (struct plane *)(at + places[engine].shift);
}

static void make_planes(void)
{
	for (int i = 0; i < N_ENGINES; i++)
		planes[i] = make_plane((enum engine)i);
	planes[CHECKED]->exact = true;
	memcpy(helpers, seki_bpf_helpers, sizeof(helpers));
	helpers[SEKI_HELPER_ADJUST_HEAD] = adjust_head;
	helpers[SEKI_HELPER_RANDOM] = random_number;
}

/* There is one thread, which is between runs. */
static bool barrier(void)
{
	return true;
}

static void make_maps(struct plane *p, struct choices c)
{
	p->queues = 1 + (uint32_t)choose(&c, QUEUES);
	memset(p->words, 0, sizeof(p->words));
	p->readers = (struct seki_bpf_readers){p->words, p->queues, barrier};
	p->next = (uint8_t *)(p + 1);
	for (size_t i = 0; i < N_MAPS; i++) {
		const struct seki_map_def *def = &fuzz_map_defs[i];
		const char *why;

		p->map_bytes[i] = seki_bpf_map_bytes(def, p->queues, &why);
		p->memory[i] = take(p, p->map_bytes[i]);
		p->before[i] = take(p, p->map_bytes[i]);
		seki_bpf_map_init(&p->maps[i], def, p->memory[i], 1,
				  p->queues > 1 ? &p->readers : NULL);
		p->handles[i] = (uint64_t)(uintptr_t)&p->maps[i];
		for (uint32_t key = 0; key < 2; key++) {
			uint8_t value[VALUE_BYTES_MAX], wide[KEY_BYTES_MAX] = {(uint8_t)key};

			for (size_t k = 0; k < sizeof(value); k++)
				value[k] = (uint8_t)(choose(&c, 2) ? 0 : choose(&c, 1000));
			seki_bpf_map_put(&p->maps[i], wide, value, SEKI_MAP_ANY, SEKI_MAP_NO_QUEUE);
		}
	}
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

/* The packet ends where the program was said to stop looking. */
static void make_packet(struct plane *p, const struct attempt *a, struct choices *c)
{
	uint32_t len = (uint32_t)(choose(c, 4) ? choose(c, 130) : choose(c, LONGEST));
	uint32_t off = (uint32_t)choose(c, HEADROOM), copied;
	uint8_t *buf;

	if (a->neutral)
		len = NEUTRAL_PACKET;
	copied = (uint32_t)seki_min(len, a->proof.packet_touch);
	if (a->neutral)
		copied = len;
	buf = new_block(p, off + copied);
	for (uint32_t i = 0; i < off + copied; i++)
		buf[i] = (uint8_t)(choose(c, 3) ? choose(c, 1000) : choose(c, 4));
	p->running.packet = (struct seki_bpf_packet){buf, off + copied, off, copied, len};
	p->running.run = &p->run;
	p->host = (struct seki_bpf_host){p, time_ns, print_line, udp_sent, udp_sent_any};
	p->run.host = &p->host;
	p->run.rss_hash = some_word(c);
	p->run.meta = (struct seki_std_meta){
		.input_port = some_word(c), .packet_length = len, .clone = (uint8_t)choose(c, 256)};
	p->run.site = 0;
	p->seed = choose(c, UINT64_MAX);
	p->queue = (uint32_t)choose(c, p->queues);
}

static void make_vm(struct plane *p, const struct attempt *a, enum engine engine)
{
	for (size_t i = 0; i < N_MAPS; i++)
		memcpy(p->before[i], p->memory[i], p->map_bytes[i]);
	p->said = p->asked = 0;
	p->changed_early = false;
	memcpy(p->data, fuzz_data, DATA_BYTES);
	memset(p->stack_set, 0, sizeof(p->stack_set));
	memset(p->stack, 0xa5 + 0x2b * (int)engine, sizeof(p->stack));
	p->guard = (struct seki_bpf_guard){.allows = allows,
					   .allows_call = allows_call,
					   .arg = p,
					   .stack_set = p->stack_set,
					   .max_insns = a->proof.worst_insns};
	p->vm = (struct seki_bpf_vm){
		.ops = a->ops,
		.stack = p->stack,
		.data = p->data,
		.maps = p->handles,
		.n_maps = N_MAPS,
		.helpers = helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.guard = engine <= ELSEWHERE ? &p->guard : NULL,
		.arg = &p->running,
		.fuel = a->proof.worst_insns,
		.queue = p->queue,
	};
}

static void run_engine(const struct attempt *a, enum engine engine, struct choices inputs)
{
	struct plane *p = planes[engine];
	uint64_t ctx = (uint64_t)(uintptr_t)&p->running, meta = (uint64_t)(uintptr_t)&p->run.meta;

	make_packet(p, a, &inputs);
	make_vm(p, a, engine);
	p->r0 = 0;
	seki_bpf_reader_enter(&p->readers, p->queue);
	p->err = engine == NATIVE ? native_run(&p->vm, ctx, meta, &p->r0)
				  : seki_bpf_interp(&p->vm, ctx, meta, &p->r0);
	seki_bpf_reader_leave(&p->readers, p->queue);
}

static void end_run(struct plane *p)
{
	free_block(p, p->running.packet.buf);
	for (size_t i = 0; p->queues == 1 && i < N_MAPS; i++)
		seki_bpf_map_reclaim(&p->maps[i]);
}

static struct violation violation(const struct plane *p, const char *what, int err)
{
	return (struct violation){what, err, p->vm.pc, p->vm.insns};
}

static struct violation judge_checked(const struct attempt *a)
{
	const struct plane *p = planes[CHECKED];

	if (p->err == -EFAULT)
		return violation(p, "the program did what it must not", p->err);
	if (p->vm.insns > a->proof.worst_insns || p->err == -ELOOP)
		return violation(p, "the program ran longer than the worst case", p->err);
	if (p->err && p->err != -ENOBUFS && p->err != -EAGAIN)
		return violation(p, "the program stopped", p->err);
	if (p->changed_early)
		return violation(p, "a call may wait, but a map has changed", p->err);
	return violation(p, NULL, 0);
}

static const char *difference(const struct plane *a, const struct plane *b, bool counts)
{
	const struct seki_bpf_packet *x = &a->running.packet, *y = &b->running.packet;

	if (a->err != b->err)
		return "error";
	if (!a->err && a->r0 != b->r0)
		return "r0";
	if (counts && a->vm.insns != b->vm.insns)
		return "count of instructions";
	if (x->off != y->off || x->copied != y->copied || x->len != y->len)
		return "place of the packet";
	if (memcmp(x->buf + x->off, y->buf + y->off, x->copied))
		return "packet";
	for (size_t i = 0; i < N_MAPS; i++)
		if (memcmp(a->memory[i], b->memory[i], a->map_bytes[i]))
			return "maps";
	if (memcmp(&a->run.meta, &b->run.meta, sizeof(a->run.meta)))
		return "metadata";
	if (a->run.site != b->run.site)
		return "site";
	return a->said != b->said ? "talk with the host" : NULL;
}

static struct violation compare(enum engine engine)
{
	static const char *const names[N_ENGINES] = {"", "at other addresses", "without checks",
						     "as machine code"};
	static char what[100];
	const struct plane *p = planes[engine];
	const char *differs = difference(planes[CHECKED], p, engine != NATIVE);

	if (!differs)
		return violation(p, NULL, 0);
	snprintf(what, sizeof(what), "%s: another %s (r0 %#lx, not %#lx)", names[engine], differs,
		 (unsigned long)p->r0, (unsigned long)planes[CHECKED]->r0);
	return violation(p, what, p->err);
}

/* The kernel's run on what CHECKED began with. */
static struct violation compare_kernel(int fd, struct choices inputs, const struct attempt *a)
{
	struct plane *checked = planes[CHECKED], *p = planes[PLAIN];
	const struct seki_bpf_packet *end = &checked->running.packet;
	static char what[100];
	uint8_t packet[NEUTRAL_PACKET];
	const char *differs;
	uint32_t r0;

	make_packet(p, a, &inputs); /* the input once more */
	memcpy(packet, p->running.packet.buf + p->running.packet.off, sizeof(packet));
	free_block(p, p->running.packet.buf);
	if (kernel_run(fd, packet, &r0))
		return violation(checked, NULL, 0);
	differs = r0 != (uint32_t)checked->r0 ? "r0"
		  : memcmp(packet, end->buf + end->off, sizeof(packet))
			  ? "packet"
			  : kernel_maps_differ(checked->maps);
	if (!differs)
		return violation(checked, NULL, 0);
	snprintf(what, sizeof(what), "in the kernel: another %s (r0 %#x, not %#x)", differs, r0,
		 (uint32_t)checked->r0);
	return violation(checked, what, 0);
}

static struct violation run_all(const struct attempt *a, struct choices inputs, bool native, int fd)
{
	struct violation v;

	run_engine(a, CHECKED, inputs);
	v = judge_checked(a);
	for (int i = ELSEWHERE; !v.what && i < N_ENGINES; i++) {
		if (i == NATIVE && !native)
			continue;
		run_engine(a, (enum engine)i, inputs);
		v = compare((enum engine)i);
		end_run(planes[i]);
	}
	if (!v.what && fd >= 0)
		v = compare_kernel(fd, inputs, a);
	end_run(planes[CHECKED]);
	return v;
}

struct violation world_run(const struct attempt *a, uint64_t seed)
{
	struct choices c = choices_seeded(seed);
	uint64_t runs = INSNS_PER_WORLD / seki_max(a->proof.worst_insns, 1);
	struct violation v = {.what = NULL};
	int native, fd = -1;

	if (!planes[0])
		make_planes();
	for (int i = 0; i < N_ENGINES; i++)
		make_maps(planes[i], c);
	make_vm(planes[NATIVE], a, NATIVE);
	native = native_compile(a, &planes[NATIVE]->vm, (uint32_t)seed);
	tally.jit += !native;
	if (native && native != -ENOTSUP)
		return (struct violation){"the JIT did not compile it", native, 0, 0};
	if (a->neutral && !(a->mutated && a->changes_entries) && kernel_is_there()) {
		tally.kernel_tried++;
		fd = kernel_load(a, NULL);
		tally.kernel_ran += fd >= 0;
		if (fd >= 0)
			kernel_set_maps(planes[CHECKED]->maps);
	}
	runs = seki_min(seki_max(runs, 2), fd >= 0 ? KERNEL_RUNS : RUNS);
	for (uint64_t i = 0; !v.what && i < runs; i++) {
		v = run_all(a, choices_seeded(seed + i + 1), !native, fd);
		tally.runs++;
	}
	kernel_unload(fd);
	return v;
}
