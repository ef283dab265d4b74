// SPDX-License-Identifier: Apache-2.0
/* Our engines: the JIT's code and the interpreter alone, and seki_bpf_prog_run() as a whole. */
#include "bench/bpf/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bpf/loads.h"
#include "lib/bpf/object.h"

bool bench_load(struct bench_unit *unit, enum seki_bpf_engine engine)
{
	char log[4096] = "";
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .engine = engine, .log = log, .log_size = sizeof(log)};
	size_t len;
	uint8_t *object = bench_read(unit->load->object, &len);
	double start = bench_now();
	int err = seki_bpf_prog_load(object, len, &opts, &unit->prog);

	unit->load_ns = bench_now() - start;
	free(object);
	snprintf(unit->why_not, sizeof(unit->why_not), "%.*s", (int)strcspn(log, "\n"), log);
	if (!err && unit->load->fill)
		unit->load->fill(unit->prog);
	return !err;
}

/* A program that is entered with the packet's address: nothing proves it, it is ours. */
static void open_flat(struct bench_unit *unit)
{
	char why[256] = "";
	struct seki_text log = seki_text_on(why, sizeof(why));
	struct seki_bpf_fault fault;
	struct seki_obj obj;
	size_t len;
	uint8_t *object = bench_read(unit->load->object, &len);

	if (seki_obj_open(object, len, "entry", &obj, &log))
		bench_die("%s: %s", unit->load->object, why);
	unit->ops = calloc(obj.n_insns, sizeof(*unit->ops));
	if (!unit->ops || seki_bpf_decode(obj.insns, obj.n_insns, unit->ops, &fault))
		bench_die("%s: cannot be decoded", unit->load->object);
	unit->n_ops = obj.n_insns;
	unit->vm = (struct seki_bpf_vm){.ops = unit->ops, .entry = obj.entry, .fuel = 1 << 20};
	unit->vm.stack = aligned_alloc(64, SEKI_BPF_STACK_BYTES);
	seki_obj_close(&obj);
	free(object);
}

static void open_vm(struct bench_unit *unit, enum seki_bpf_engine engine)
{
	if (unit->load->flat) {
		open_flat(unit);
	} else if (bench_load(unit, engine)) {
		unit->vm = unit->prog->queues[0].vm;
		unit->vm.fuel = unit->prog->info.worst_insns;
	}
}

static void close_vm(struct bench_unit *unit)
{
	seki_bpf_prog_destroy(unit->prog);
	if (unit->load->flat)
		free(unit->vm.stack);
	free(unit->ops);
	seki_bpf_code_free(&unit->code);
}

static inline uint64_t first_argument(struct bench_context *c, bool flat)
{
	return flat ? (uintptr_t)bench_bytes(c) : (uintptr_t)&c->running;
}

static int run(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	unit->vm.arg = &c->running;
	return seki_bpf_interp(&unit->vm, first_argument(c, unit->load->flat),
			       (uintptr_t)&c->run.meta, r0);
}

static void batch(struct bench_unit *unit, uint64_t n)
{
	uint64_t r0;

	BENCH_BATCH(unit, n, run(unit, c, &r0))
}

static void open_interp(struct bench_unit *unit)
{
	open_vm(unit, SEKI_BPF_ENGINE_INTERPRETER);
	unit->run = run;
	unit->batch = batch;
}

const struct bench_engine bench_interp = {"interpreter", open_interp, close_vm};

/* The compiled function, as native code is called: through a pointer, for each run its fuel. */
static inline uint64_t call(struct bench_unit *unit, seki_jit_code code, uint64_t fuel,
			    struct bench_context *c, bool flat)
{
	unit->vm.arg = &c->running;
	unit->vm.fuel = fuel;
	unit->vm.stop = 0;
	return code(&unit->vm, first_argument(c, flat), (uintptr_t)&c->run.meta);
}

static seki_jit_code compiled(const struct bench_unit *unit)
{
	return unit->prog ? unit->prog->code.run : unit->code.run;
}

static int run_jit(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	*r0 = call(unit, compiled(unit), unit->fuel, c, unit->load->flat);
	return unit->vm.stop;
}

static void batch_jit(struct bench_unit *unit, uint64_t n)
{
	seki_jit_code code = compiled(unit);
	uint64_t fuel = unit->fuel;

	if (unit->load->flat)
		BENCH_BATCH(unit, n, call(unit, code, fuel, c, true))
	else
		BENCH_BATCH(unit, n, call(unit, code, fuel, c, false))
}

static void open_jit(struct bench_unit *unit)
{
	open_vm(unit, SEKI_BPF_ENGINE_JIT);
	if (unit->load->flat) {
		struct seki_jit_input in = {.ops = unit->ops,
					    .n = unit->n_ops,
					    .entry = unit->vm.entry,
					    .packet_at = -1};

		if (seki_bpf_code_make(&in, 0, &unit->code))
			snprintf(unit->why_not, sizeof(unit->why_not), "no machine code here");
		unit->code_bytes = (uint32_t)unit->code.size;
	} else if (unit->prog) {
		unit->code_bytes = unit->prog->info.native_bytes;
	}
	unit->fuel = unit->vm.fuel;
	unit->run = run_jit;
	unit->batch = batch_jit;
}

const struct bench_engine bench_jit = {"JIT", open_jit, close_vm};

/* All of it: what a caller of the library pays. */
static int run_whole(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	int err = seki_bpf_prog_run(unit->prog, &c->run, r0);

	c->running.packet.off = c->run.off;
	c->running.packet.len = c->run.len;
	return err;
}

static void batch_whole(struct bench_unit *unit, uint64_t n)
{
	uint64_t r0;

	BENCH_BATCH(unit, n, seki_bpf_prog_run(unit->prog, &c->run, &r0))
}

static void open_whole(struct bench_unit *unit)
{
	if (unit->load->flat) {
		snprintf(unit->why_not, sizeof(unit->why_not), "entered without a context");
		return;
	}
	bench_load(unit, SEKI_BPF_ENGINE_AUTO);
	unit->run = run_whole;
	unit->batch = batch_whole;
}

static void close_whole(struct bench_unit *unit)
{
	seki_bpf_prog_destroy(unit->prog);
}

const struct bench_engine bench_run = {"whole run", open_whole, close_whole};
