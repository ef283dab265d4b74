// SPDX-License-Identifier: Apache-2.0
/* Our engines: the interpreter alone, and seki_bpf_prog_run() as a whole. */
#include "bench/bpf/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bpf/object.h"

bool bench_load(struct bench_unit *unit, enum seki_bpf_engine engine)
{
	char log[4096] = "";
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .engine = engine, .log = log, .log_size = sizeof(log)};
	size_t len;
	uint8_t *object = bench_read(unit->load->object, &len);
	int err = seki_bpf_prog_load(object, len, &opts, &unit->prog);

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
	unit->vm = (struct seki_bpf_vm){.ops = unit->ops, .entry = obj.entry, .fuel = 1 << 20};
	unit->vm.stack = aligned_alloc(64, SEKI_BPF_STACK_BYTES);
	seki_obj_close(&obj);
	free(object);
}

static void open_vm(struct bench_unit *unit)
{
	const struct seki_bpf_prog *prog;

	if (!bench_load(unit, SEKI_BPF_ENGINE_INTERPRETER))
		return;
	prog = unit->prog;
	unit->vm = (struct seki_bpf_vm){
		.ops = prog->ops,
		.entry = prog->entry,
		.stack = prog->queues[0].stack,
		.data = prog->data,
		.maps = unit->prog->handles,
		.n_maps = prog->info.maps,
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.fuel = prog->info.worst_insns,
	};
}

static int run(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	uintptr_t r1 = unit->load->flat ? (uintptr_t)bench_bytes(c) : (uintptr_t)&c->running;

	unit->vm.arg = &c->running;
	return seki_bpf_interp(&unit->vm, r1, (uintptr_t)&c->run.meta, r0);
}

static void batch(struct bench_unit *unit, uint64_t n)
{
	uint64_t r0;

	BENCH_BATCH(unit, n, run(unit, c, &r0))
}

static void open_interp(struct bench_unit *unit)
{
	if (unit->load->flat)
		open_flat(unit);
	else
		open_vm(unit);
	unit->run = run;
	unit->batch = batch;
}

static void close_interp(struct bench_unit *unit)
{
	seki_bpf_prog_destroy(unit->prog);
	if (unit->load->flat)
		free(unit->vm.stack);
	free(unit->ops);
}

const struct bench_engine bench_interp = {"interpreter", open_interp, close_interp};

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

const struct bench_engine bench_run = {"seki_bpf_prog_run", open_whole, close_whole};
