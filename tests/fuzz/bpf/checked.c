// SPDX-License-Identifier: Apache-2.0
/* Random programs against the verifier's promises: see the header. */
#include "tests/fuzz/bpf/checked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "core/bpf/map.h"
#include "core/bpf/verify.h"
#include "lib/bpf/helpers.h"
#include "lib/bpf/machine.h"
#include "tests/unit/bpf/asm.h"

#define INSNS_MAX   120
#define REPAIRS_MAX 200
#define RUNS	    6
#define HEADROOM    64
#define VALUE_BYTES 32

struct attempt {
	struct seki_bpf_insn insns[INSNS_MAX];
	struct seki_bpf_op ops[INSNS_MAX];
	uint32_t n;
	struct seki_bpf_proof proof;
	struct seki_bpf_rejection why;
};

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

static int32_t some_imm(struct choices *c)
{
	static const int32_t edges[] = {0,  1,	-1,  2,	  4,	 8,	15,	    31,	       32,
					63, 64, 255, 256, 65535, 65536, 0x7fffffff, INT32_MIN, -8};

	switch (choose(c, 3)) {
	case 0:
		return edges[choose(c, SEKI_COUNT(edges))];
	case 1:
		return (int32_t)choose(c, 64);
	default:
		return (int32_t)choose(c, UINT64_MAX);
	}
}

static void emit(struct attempt *a, struct seki_bpf_insn insn)
{
	a->insns[a->n++] = insn;
}

#define EMIT(...) emit(a, (struct seki_bpf_insn)__VA_ARGS__)

static uint8_t some_reg(struct choices *c)
{
	return (uint8_t)choose(c, 10);
}

static void gen_alu(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, MOV, ARSH};
	static const uint8_t classes[] = {0x04, 0x07, 0x0c, 0x0f};
	uint8_t op = ops[choose(c, sizeof(ops))], class = classes[choose(c, 4)];
	int16_t off = (op == DIV || op == MOD) ? (int16_t)choose(c, 2) : 0;

	if (class & 8) {
		if (op == MOV && choose(c, 3) == 0)
			off = (int16_t)(8 << choose(c, class == 0x0f ? 3 : 2));
		EMIT(RAW(class | op, some_reg(c), some_reg(c), off, 0));
	} else {
		EMIT(RAW(class | op, some_reg(c), 0, off, some_imm(c)));
	}
}

static void gen_unary(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {0x84, 0x87, 0xd4, 0xdc, 0xd7};
	uint8_t op = ops[choose(c, sizeof(ops))];

	EMIT(RAW(op, some_reg(c), 0, 0, op < 0xd0 ? 0 : 16 << choose(c, 3)));
}

static void gen_jump(struct attempt *a, struct choices *c)
{
	static const uint8_t ops[] = {JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, JLT, JLE, JSLT, JSLE};
	static const uint8_t classes[] = {0x05, 0x06, 0x0d, 0x0e};
	uint8_t op = ops[choose(c, sizeof(ops))], class = classes[choose(c, 4)];
	int16_t off = (int16_t)(1 + choose(c, 6));

	if (class & 8)
		EMIT(RAW(class | op, some_reg(c), some_reg(c), off, 0));
	else
		EMIT(RAW(class | op, some_reg(c), 0, off, some_imm(c)));
}

static uint8_t some_size(struct choices *c)
{
	static const uint8_t sizes[] = {B, H, W, DW};

	return sizes[choose(c, 4)];
}

/* Through r10, a register, or a register to which another is added first. */
static uint8_t gen_base(struct attempt *a, struct choices *c, int16_t *off)
{
	uint8_t base = some_reg(c);

	*off = (int16_t)choose(c, 48);
	switch (choose(c, 4)) {
	case 0:
		*off = (int16_t)(-8 * (int16_t)(1 + choose(c, 6)) + (choose(c, 4) ? 0 : 3));
		return 10;
	case 1:
		EMIT(ALUR(ADD, base, some_reg(c)));
		return base;
	case 2:
		*off = (int16_t)((int16_t)*off - 16);
		return base;
	default:
		return base;
	}
}

static void gen_memory(struct attempt *a, struct choices *c)
{
	static const int32_t atomics[] = {0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};
	uint8_t size = some_size(c), reg = some_reg(c);
	int16_t off;
	uint8_t base = gen_base(a, c, &off);

	switch (choose(c, 6)) {
	case 0:
		EMIT(STI(size, base, off, some_imm(c)));
		break;
	case 1:
	case 2:
		EMIT(STR(size, base, off, reg));
		break;
	case 3:
		EMIT(ATOMIC(choose(c, 2) ? W : DW, base, off, reg, atomics[choose(c, 10)]));
		break;
	case 4:
		EMIT(RAW((size == DW ? 0x61 : 0x81) | size, reg, base, off, 0));
		break;
	default:
		EMIT(LD(size, reg, base, off));
		break;
	}
}

/* A number made small, as programs do before they use it as an index. */
static void gen_bound(struct attempt *a, struct choices *c)
{
	uint8_t reg = some_reg(c);

	switch (choose(c, 4)) {
	case 0:
		EMIT(ALUI(AND, reg, (int32_t)choose(c, 40)));
		break;
	case 1:
		EMIT(ALUI(MOD, reg, (int32_t)choose(c, 40)));
		break;
	case 2:
		EMIT(ALUI(RSH, reg, (int32_t)(56 + choose(c, 8))));
		break;
	default:
		EMIT(JMPI(JLE, reg, (int32_t)choose(c, 40), 2));
		EMIT(MOVI(0, 0));
		EMIT(EXIT);
		break;
	}
}

static void gen_lookup(struct attempt *a, struct choices *c)
{
	EMIT(STI(W, 10, -4, (int32_t)choose(c, 4)));
	EMIT(RAW(0x18, 1, 5, 0, choose(c, 2)));
	EMIT(RAW(0, 0, 0, 0, 0));
	EMIT(MOVR(2, 10));
	EMIT(ALUI(ADD, 2, -4));
	if (choose(c, 4) == 0) {
		EMIT(CALL(3));
		return;
	}
	EMIT(CALL(1));
	EMIT(JMPI(JNE, 0, 0, 2));
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
	EMIT(MOVR(9, 0));
}

static void gen_length_check(struct attempt *a, struct choices *c)
{
	uint8_t len = choose(c, 3) ? 7 : some_reg(c);

	if (choose(c, 3) == 0) /* against a place, not a constant */
		EMIT(JMPR(JGE, len, some_reg(c), 2));
	else
		EMIT(RAW((choose(c, 2) ? 0x05 : 0x06) | JGE, len, 0, 2, (int32_t)choose(c, 64)));
	EMIT(MOVI(0, 0));
	EMIT(EXIT);
}

static void gen_packet_call(struct attempt *a, struct choices *c)
{
	static const int32_t moves[] = {4, -4, 14, -14, 0, 64, -20, 1};
	int32_t by = moves[choose(c, SEKI_COUNT(moves))];
	uint32_t which = (uint32_t)choose(c, 4);

	EMIT(MOVR(1, 6));
	if (choose(c, 4))
		EMIT(MOVI(2, by));
	else
		EMIT(MOVR(2, some_reg(c)));
	EMIT(CALL(which == 0 ? 8 : which == 1 ? 11 : which == 2 ? 9 : 10));
	if (which == 0) {
		EMIT(MOVR(8, 0));
		EMIT(ALUI(ADD, 7, by));
	} else if (which == 1) {
		EMIT(ALUR(SUB, 7, 0));
	} else if (which == 2) {
		EMIT(MOVR(8, 0));
	}
}

static void gen_other_call(struct attempt *a, struct choices *c)
{
	switch (choose(c, 4)) {
	case 0:
		EMIT(MOVR(1, some_reg(c)));
		EMIT(MOVI(2, (int32_t)choose(c, 70)));
		EMIT(CALL(6));
		break;
	case 1:
		EMIT(RAW(0x18, 1, 3, 0, 0));
		EMIT(RAW(0, 0, 0, 0, 0));
		EMIT(CALL(7));
		break;
	case 2:
		EMIT(LOCAL((int32_t)(1 + choose(c, 8))));
		break;
	default:
		EMIT(CALL(5));
		break;
	}
}

static void generate(struct attempt *a, struct choices *c)
{
	uint32_t target = 12 + (uint32_t)choose(c, INSNS_MAX - 36);

	a->n = 0;
	EMIT(MOVR(6, 1));
	EMIT(LD(W, 7, 2, 4));
	EMIT(STR(DW, 10, -48, 2));
	EMIT(CALL(9));
	EMIT(MOVR(8, 0));
	while (a->n < target) {
		switch (choose(c, 12)) {
		case 0:
		case 1:
		case 2:
			gen_alu(a, c);
			break;
		case 3:
			gen_unary(a, c);
			break;
		case 4:
			gen_jump(a, c);
			break;
		case 5:
		case 6:
			gen_memory(a, c);
			break;
		case 7:
			gen_bound(a, c);
			break;
		case 8:
			gen_lookup(a, c);
			break;
		case 9:
			gen_length_check(a, c);
			break;
		case 10:
			gen_packet_call(a, c);
			break;
		default:
			gen_other_call(a, c);
			break;
		}
	}
	for (int i = 0; i < 8; i++)
		EMIT(MOVI(0, i));
	EMIT(EXIT);
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
	struct seki_bpf_guard guard;
	struct seki_bpf_vm vm;
	uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	uint8_t stack_set[SEKI_BPF_STACK_BYTES];
	bool deleted;
};

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

/* The packet is in a block of its own that is just as large as promised: ASan sees the rest. */
static void make_packet(struct world *w, struct choices *c)
{
	uint32_t len = (uint32_t)(choose(c, 2) ? choose(c, 100) : choose(c, 2000));
	uint32_t copied = (uint32_t)seki_min(len, w->a->proof.packet_touch);
	uint8_t *buf = malloc(HEADROOM + copied);

	for (uint32_t i = 0; i < HEADROOM + copied; i++)
		buf[i] = (uint8_t)(choose(c, 3) ? choose(c, 1000) : choose(c, 4));
	w->running.packet = (struct seki_bpf_packet){buf, HEADROOM + copied, HEADROOM, copied, len};
	w->running.run = &w->run;
	w->running.deleted = &w->deleted;
	w->run.meta = (struct seki_std_meta){.input_port = (uint32_t)choose(c, 3),
					     .packet_length = len,
					     .clone = (uint8_t)choose(c, 256)};
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

static void run_once(struct world *w, struct choices *c)
{
	uint64_t r0 = 0;
	int err;

	make_packet(w, c);
	memset(w->stack_set, 0, sizeof(w->stack_set));
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
	static struct world w;

	generate(&a, c);
	if (!repair(&a))
		return REJECTED;
	w.a = &a;
	w.guard = (struct seki_bpf_guard){.allows = allows,
					  .allows_call = allows_call,
					  .arg = &w,
					  .stack_set = w.stack_set,
					  .max_insns = 1000000};
	make_maps(&w, c);
	for (int i = 0; i < RUNS; i++)
		run_once(&w, c);
	for (size_t i = 0; i < SEKI_COUNT(defs); i++)
		free(w.memory[i]);
	return ACCEPTED;
}
