// SPDX-License-Identifier: Apache-2.0
/* DPDK's rte_bpf, JIT and interpreter, on the programs that it accepts. */
#include "bench/bpf/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_DPDK
#include <rte_bpf.h>
#include <rte_log.h>

#include "bench/bpf/loads.h"

/* The program loaded last, which both engines take turns with: its verifier can need seconds. */
static struct {
	const char *object;
	struct rte_bpf *bpf;
	double ns;
	char said[200];
} loaded;

/* What it says goes to a stream: its first line is the reason. */
static void load(const char *object)
{
	struct rte_bpf_prm prm = {
		.prog_arg = {.type = RTE_BPF_ARG_PTR, .size = BENCH_PACKET_BYTES}};
	char path[512], *said = NULL;
	double start = bench_now();
	size_t len;
	FILE *log = open_memstream(&said, &len);

	if (!log)
		bench_die("no memory");
	snprintf(path, sizeof(path), "%s/%s", bench_folder, object);
	rte_openlog_stream(log);
	loaded.bpf = rte_bpf_elf_load(&prm, path, ".text");
	rte_openlog_stream(NULL);
	fclose(log);
	loaded.object = object;
	loaded.ns = bench_now() - start;
	snprintf(loaded.said, sizeof(loaded.said), "%.*s", (int)strcspn(said, "\n"), said);
	free(said);
}

static bool open_dpdk(struct bench_unit *unit)
{
	if (loaded.object != unit->load->dpdk)
		load(unit->load->dpdk);
	unit->dpdk = loaded.bpf;
	unit->load_ns = loaded.ns;
	if (!unit->dpdk)
		snprintf(unit->why_not, sizeof(unit->why_not), "%s", loaded.said);
	return unit->dpdk;
}

static int run_jit(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	*r0 = unit->function(bench_bytes(c), NULL);
	return 0;
}

static void batch_jit(struct bench_unit *unit, uint64_t n)
{
	bench_function function = unit->function;

	BENCH_BATCH(unit, n, function(bench_bytes(c), NULL))
}

static int run_interp(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	*r0 = rte_bpf_exec(unit->dpdk, bench_bytes(c));
	return 0;
}

static void batch_interp(struct bench_unit *unit, uint64_t n)
{
	BENCH_BATCH(unit, n, rte_bpf_exec(unit->dpdk, bench_bytes(c)))
}

static void open_jit(struct bench_unit *unit)
{
	struct rte_bpf_jit jit;

	if (!open_dpdk(unit))
		return;
	rte_bpf_get_jit(unit->dpdk, &jit);
	if (!jit.func)
		snprintf(unit->why_not, sizeof(unit->why_not), "no JIT");
	/* With one argument; a second one does no harm. */
	unit->function = (bench_function)(void *)jit.func;
	unit->code_bytes = (uint32_t)jit.sz;
	unit->run = run_jit;
	unit->batch = batch_jit;
}

static void open_interp(struct bench_unit *unit)
{
	open_dpdk(unit);
	unit->run = run_interp;
	unit->batch = batch_interp;
}

/* The JIT's, which was opened before, is the same. */
static void close_interp(struct bench_unit *unit)
{
	rte_bpf_destroy(unit->dpdk);
}
#else
static void open_none(struct bench_unit *unit)
{
	snprintf(unit->why_not, sizeof(unit->why_not), "built without libdpdk-dev");
}

#define open_jit     open_none
#define open_interp  open_none
#define close_interp NULL
#endif

const struct bench_engine bench_dpdk_jit = {"DPDK JIT", open_jit, NULL};
const struct bench_engine bench_dpdk_interp = {"DPDK interpreter", open_interp, close_interp};
