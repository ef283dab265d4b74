// SPDX-License-Identifier: Apache-2.0
/*
 * bpf_bench FOLDER [--rounds N] [--json] [--only TEXT] [--check]: every figure of the BPF machine, in
 * one run; or just whether all engines agree.
 *
 * Each round measures every unit once, in turn, for at least 20 ms of the thread's CPU time; a
 * figure is the median over the rounds, a ratio the median of the rounds' own ratios to native.
 * The JIT's figure is its function's, called as the native one is; `whole run` is
 * seki_bpf_prog_run(), with the JIT.
 * Before that all engines must agree on r0, the packets, their metadata and the maps.
 */
#include "bench/bpf/bench.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bpf/loads.h"

#define SAMPLE_NS  20000000.0
#define ROUNDS_MAX 99
#define HEADROOM   256

static const struct bench_engine *const engines[] = {
	&bench_native, &bench_jit, &bench_run, &bench_dpdk_jit, &bench_interp, &bench_dpdk_interp,
};
#define ENGINES	      (sizeof(engines) / sizeof(engines[0]))
#define INTERP	      4
#define WORKLOADS_MAX 16

struct cell {
	struct bench_unit *unit;
	uint64_t runs; /* of one sample */
	double ns[ROUNDS_MAX];
};

static struct cell cells[WORKLOADS_MAX][ENGINES];
static unsigned int rounds = 11;
static bool json, check_only;
static const char *only = "";
const char *bench_folder;

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bpf_bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

uint8_t *bench_read(const char *name, size_t *len)
{
	char path[512];
	FILE *file;
	uint8_t *bytes;
	long size;

	snprintf(path, sizeof(path), "%s/%s", bench_folder, name);
	file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		bench_die("%s: %s", path, strerror(errno));
	rewind(file);
	bytes = malloc((size_t)size);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
		bench_die("%s: %s", path, strerror(errno));
	fclose(file);
	*len = (size_t)size;
	return bytes;
}

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void fill_context(const struct bench_workload *load, unsigned int index,
			 struct bench_context *c)
{
	uint32_t len;

	memset(c, 0, sizeof(*c));
	load->packet(index, c->buf + HEADROOM, &len);
	c->run = (struct seki_bpf_run){
		.buf = c->buf, .size = sizeof(c->buf), .off = HEADROOM, .copied = len, .len = len};
	c->run.meta.packet_length = len;
	c->running.packet = (struct seki_bpf_packet){c->buf, sizeof(c->buf), HEADROOM, len, len};
	c->running.run = &c->run;
	for (int i = 0; i < BENCH_RESTORES && load->restore[i]; i++)
		memcpy(&c->restore[i], bench_bytes(c) + load->restore[i], 8);
}

static struct bench_unit *open_unit(const struct bench_engine *engine,
				    const struct bench_workload *load)
{
	struct bench_unit *unit = aligned_alloc(64, (sizeof(*unit) + 63) / 64 * 64);

	if (!unit)
		bench_die("no memory");
	memset(unit, 0, sizeof(*unit));
	unit->load = load;
	for (unsigned int i = 0; i < BENCH_PACKETS; i++)
		fill_context(load, i, &unit->contexts[i]);
	engine->open(unit);
	for (char *c = unit->why_not; *c; c++)
		if (*c == '"' || *c == '\\')
			*c = '\''; /* JSON */
	return unit;
}

static void close_unit(const struct bench_engine *engine, struct bench_unit *unit)
{
	if (unit && engine->close)
		engine->close(unit);
	free(unit);
}

/* Do both engines leave the same behind? The maps hold what r0 and packets of later runs show. */
static void check(const struct bench_engine *engine, struct bench_unit *want,
		  struct bench_unit *got)
{
	for (unsigned int i = 0; i < 3 * BENCH_PACKETS; i++) {
		struct bench_context *a = &want->contexts[i % BENCH_PACKETS];
		struct bench_context *b = &got->contexts[i % BENCH_PACKETS];
		uint64_t r0[2];

		bench_restore(want, a);
		bench_restore(got, b);
		if (want->run(want, a, &r0[0]) || got->run(got, b, &r0[1]))
			bench_die("%s: %s stopped", want->load->name, engine->name);
		if (r0[0] != r0[1] || memcmp(a->buf, b->buf, sizeof(a->buf)) ||
		    a->running.packet.off != b->running.packet.off ||
		    a->running.packet.len != b->running.packet.len ||
		    memcmp(&a->run.meta, &b->run.meta, sizeof(a->run.meta)))
			bench_die("%s: %s gives another result than native code (r0 %llu, %llu)",
				  want->load->name, engine->name, (unsigned long long)r0[1],
				  (unsigned long long)r0[0]);
	}
}

/* Programs of the same maps count alike. */
static void check_maps(const struct bench_engine *engine, struct bench_unit *want,
		       struct bench_unit *got)
{
	struct {
		uint32_t src, dst;
		uint16_t sport, dport;
		uint32_t protocol;
	} key;
	struct seki_bpf_map *maps[2];
	uint64_t a[2], b[2];

	if (!want->prog || !got->prog || !seki_bpf_prog_map(want->prog, "flows"))
		return;
	maps[0] = seki_bpf_prog_map(want->prog, "flows");
	maps[1] = seki_bpf_prog_map(got->prog, "flows");
	for (uint32_t i = 0; i < BENCH_PACKETS; i++) {
		const uint8_t *p = bench_bytes(&want->contexts[i]);

		key.src = (uint32_t)p[26] << 24 | p[27] << 16 | p[28] << 8 | p[29];
		key.dst = (uint32_t)p[30] << 24 | p[31] << 16 | p[32] << 8 | p[33];
		key.sport = (uint16_t)(p[34] << 8 | p[35]);
		key.dport = (uint16_t)(p[36] << 8 | p[37]);
		key.protocol = p[23];
		if (seki_bpf_map_get(maps[0], &key, a) || seki_bpf_map_get(maps[1], &key, b) ||
		    memcmp(a, b, sizeof(a)))
			bench_die("%s: %s counts otherwise than native code", want->load->name,
				  engine->name);
	}
}

static double time_batch(struct bench_unit *unit, uint64_t n)
{
	double start = bench_now();

	unit->batch(unit, n);
	return bench_now() - start;
}

static void calibrate(struct cell *cell)
{
	double ns;

	for (cell->runs = 64; (ns = time_batch(cell->unit, cell->runs)) < SAMPLE_NS / 4;)
		cell->runs *= 2;
	cell->runs = (uint64_t)((double)cell->runs * SAMPLE_NS * 1.1 / ns) + 1;
}

static void open_cells(unsigned int w)
{
	for (unsigned int e = 0; e < ENGINES; e++) {
		struct cell *cell = &cells[w][e];
		struct bench_unit *native;

		cell->unit = open_unit(engines[e], &bench_workloads[w]);
		native = cells[w][0].unit;
		if (cell->unit->why_not[0] || native->why_not[0])
			continue;
		if (e) {
			/* Each against a native unit as fresh as it is. */
			close_unit(engines[0], native);
			cells[w][0].unit = native = open_unit(engines[0], &bench_workloads[w]);
			check(engines[e], native, cell->unit);
			check_maps(engines[e], native, cell->unit);
		}
		if (!check_only)
			calibrate(cell);
	}
}

static void measure(void)
{
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int w = 0; w < bench_n_workloads; w++)
			for (unsigned int e = 0; e < ENGINES; e++) {
				struct cell *cell = &cells[w][e];

				if (cell->runs)
					cell->ns[round] = time_batch(cell->unit, cell->runs) /
							  (double)cell->runs;
			}
}

static void print_cell(unsigned int w, unsigned int e, bool first)
{
	const struct cell *cell = &cells[w][e], *native = &cells[w][0];
	double ns[ROUNDS_MAX], ratios[ROUNDS_MAX], figure, ratio;

	if (!cell->runs) {
		printf(json ? "%s{\"engine\": \"%s\", \"cannot\": \"%s\"}"
			    : "%s  %-18s cannot run: %s\n",
		       json && !first ? ", " : "", engines[e]->name, cell->unit->why_not);
		return;
	}
	for (unsigned int i = 0; i < rounds; i++) {
		ns[i] = cell->ns[i];
		ratios[i] = cell->ns[i] / native->ns[i];
	}
	figure = bench_median(ns, rounds);
	ratio = bench_median(ratios, rounds);
	printf(json ? "%s{\"engine\": \"%s\", \"ns\": %.3f, \"ratio\": %.3f, \"least\": %.3f, "
		      "\"greatest\": %.3f, \"code_bytes\": %u, \"load_ms\": %.3f}"
		    : "%s  %-18s %9.2f ns  %6.2f  (%.2f to %.2f)",
	       json && !first ? ", " : "", engines[e]->name, figure, ratio, ratios[0],
	       ratios[rounds - 1], cell->unit->code_bytes, cell->unit->load_ns / 1e6);
	if (!json && cell->unit->code_bytes)
		printf("  %u bytes of code", cell->unit->code_bytes);
	if (!json && cell->unit->load_ns > 0)
		printf("  loaded in %.2f ms", cell->unit->load_ns / 1e6);
	if (!json)
		putchar('\n');
}

static uint64_t executed(unsigned int w)
{
	uint64_t most = 0, r0;

	if (!cells[w][INTERP].runs)
		return 0;
	for (unsigned int i = 0; i < BENCH_PACKETS; i++) {
		struct bench_unit *unit = cells[w][INTERP].unit;

		bench_restore(unit, &unit->contexts[i]);
		unit->run(unit, &unit->contexts[i], &r0);
		if (unit->vm.insns > most)
			most = unit->vm.insns;
	}
	return most;
}

static void print_workloads(void)
{
	if (json)
		printf("{\"workloads\": [");
	else
		printf("ns of one run, ratio to native (least and greatest of %u rounds)\n",
		       rounds);
	for (unsigned int w = 0, shown = 0; w < bench_n_workloads; w++) {
		if (!cells[w][0].unit)
			continue;
		printf(json ? "%s\n{\"name\": \"%s\", \"executed\": %llu, \"engines\": ["
			    : "%s\n%s (%llu instructions executed)\n",
		       json && shown ? "," : "", bench_workloads[w].name,
		       (unsigned long long)executed(w));
		for (unsigned int e = 0; e < ENGINES; e++)
			print_cell(w, e, !e);
		if (json)
			printf("]}");
		shown++;
	}
	if (json)
		printf("],\n");
}

/* Those that disagree have ended the program by now. */
static void print_agreement(void)
{
	unsigned int n = 0, ran = 0;

	for (unsigned int w = 0; w < bench_n_workloads; w++)
		for (unsigned int e = 1; e < ENGINES; e++) {
			const struct bench_unit *unit = cells[w][e].unit;

			n += unit != NULL;
			ran += unit && !unit->why_not[0] && !cells[w][0].unit->why_not[0];
		}
	printf("%u of %u engines and programs ran, all of them as native code does\n", ran, n);
}

static void pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("sched_setaffinity: %s", strerror(errno));
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			rounds = (unsigned int)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			only = argv[++i];
		else if (!strcmp(argv[i], "--check"))
			check_only = true;
		else if (argv[i][0] != '-' && !bench_folder)
			bench_folder = argv[i];
		else
			bench_folder = NULL;
	}
	if (!bench_folder || !rounds || rounds > ROUNDS_MAX || bench_n_workloads > WORKLOADS_MAX)
		bench_die(
			"usage: bpf_bench FOLDER [--rounds 1..%d] [--json] [--only TEXT] [--check]",
			ROUNDS_MAX);
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	pin();
	for (unsigned int w = 0; w < bench_n_workloads; w++)
		if (strstr(bench_workloads[w].name, only))
			open_cells(w);
	if (check_only) {
		print_agreement();
	} else {
		measure();
		print_workloads();
		bench_print_loads(json);
	}
	for (unsigned int w = 0; w < bench_n_workloads; w++)
		for (unsigned int e = 0; e < ENGINES; e++)
			close_unit(engines[e], cells[w][e].unit);
	return 0;
}
