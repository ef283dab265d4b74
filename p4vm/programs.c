// SPDX-License-Identifier: Apache-2.0
#include "p4vm/programs.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/p4obj.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/probe.h"

#define LOG_BYTES 65536u

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void copy_printable(char *out, size_t size, const char *in)
{
	size_t i;

	for (i = 0; in[i] && i + 1 < size; i++)
		out[i] = isprint((unsigned char)in[i]) ? in[i] : '?';
	out[i] = '\0';
}

uint32_t seki_programs_of(const struct seki_programs *programs, const char *port)
{
	for (uint32_t i = 1; i < SEKI_PROGRAMS; i++) {
		if (programs->at[i].used && !strcmp(programs->at[i].port, port))
			return i;
	}
	return 0;
}

/* The number under which a port's own program goes; SEKI_PROGRAMS: there are too many. */
static uint32_t own_number(const struct seki_programs *programs, const char *port)
{
	uint32_t number = seki_programs_of(programs, port);

	if (number || !*port)
		return number;
	for (number = 1; number < SEKI_PROGRAMS; number++) {
		if (!programs->at[number].used)
			break;
	}
	return number;
}

struct step {
	struct seki_change *change;
	bool late; /* whoever is not ready by now is not waited for */
	bool done;
};

static void do_announce(struct seki_worker *worker, void *arg)
{
	seki_worker_announce(worker, arg);
}

static void do_step(struct seki_worker *worker, void *arg)
{
	struct step *step = arg;

	step->done = step->late || seki_worker_ready(worker, step->change);
	if (step->done)
		seki_worker_put(worker, step->change);
}

/* Has every worker change programs; afterwards none has a way back to the old one. */
static void change_all(struct seki_programs *programs, struct seki_change *change)
{
	const uint64_t deadline = now_ns(CLOCK_MONOTONIC) + SEKI_PROGRAMS_WAIT_NS;
	bool done[SEKI_WORKERS_MAX] = {false};
	uint32_t left = programs->n_workers;

	for (uint32_t i = 0; i < programs->n_workers; i++)
		seki_worker_call(&programs->workers[i], do_announce, change);
	for (;;) {
		struct step step = {.change = change, .late = now_ns(CLOCK_MONOTONIC) >= deadline};

		for (uint32_t i = 0; i < programs->n_workers; i++) {
			if (done[i])
				continue;
			seki_worker_call(&programs->workers[i], do_step, &step);
			done[i] = step.done;
			left -= step.done;
		}
		if (!left)
			return;
		poll(NULL, 0, 1);
	}
}

struct gift {
	uint32_t number;
	struct seki_engine *engine;
};

static void do_give(struct seki_worker *worker, void *arg)
{
	const struct gift *gift = arg;

	seki_worker_give(worker, gift->number, gift->engine);
}

/* Engines for a number that was never used; they stay. Their memory costs nothing until it is used.
 */
static int give_engines(struct seki_programs *programs, uint32_t number)
{
	struct seki_engine *engines[SEKI_WORKERS_MAX];

	for (uint32_t i = 0; i < programs->n_workers; i++) {
		engines[i] = calloc(1, sizeof(*engines[i]));
		if (engines[i])
			continue;
		while (i--)
			free(engines[i]);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < programs->n_workers; i++) {
		struct gift gift = {number, engines[i]};

		seki_worker_call(&programs->workers[i], do_give, &gift);
	}
	programs->at[number].given = true;
	return 0;
}

/* Bytes that the maps of a new program may take, beside those that go on. */
static uint64_t map_room(const struct seki_programs *programs, uint32_t number)
{
	uint64_t taken = 0;

	for (uint32_t i = 0; i < SEKI_PROGRAMS; i++) {
		if (programs->at[i].used && i != number)
			taken += programs->at[i].loaded.info.map_bytes;
	}
	/* 0 would mean the library's default. */
	return taken < programs->max_map_bytes ? programs->max_map_bytes - taken : 1;
}

static int verify(const struct seki_programs *programs, const struct seki_load *load,
		  uint32_t number, const void *object, size_t len, char *log,
		  struct seki_bpf_prog **prog)
{
	struct seki_bpf_prog *before = programs->at[seki_programs_of(programs, load->port)].prog;
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .max_insns = programs->max_insns,
					  .max_map_bytes = map_room(programs, number),
					  .max_packet = SEKI_PACKET_MAX,
					  .queues = programs->n_workers,
					  .log = log,
					  .log_size = LOG_BYTES};

	if (!log)
		return -ENOMEM;
	if (number == SEKI_PROGRAMS) {
		snprintf(log, LOG_BYTES, "%u ports have programs of their own, no more can\n",
			 SEKI_PROGRAMS - 1);
		return -ENOSPC;
	}
	if (load->keep && !before) {
		snprintf(log, LOG_BYTES, "there is no program whose maps could be kept\n");
		return -ENOENT;
	}
	if (load->keep) {
		opts.keep_from = before;
		opts.keep = load->maps;
		opts.n_keep = load->n_maps;
	}
	return seki_bpf_prog_load(object, len, &opts, prog);
}

static void describe(struct seki_bpf_prog *prog, const char *name, struct seki_loaded *out)
{
	*out = (struct seki_loaded){.real_ns = now_ns(CLOCK_REALTIME),
				    .info = *seki_bpf_prog_info(prog)};
	copy_printable(out->name, sizeof(out->name), *name ? name : "program");
	copy_printable(out->source, sizeof(out->source), out->info.source);
	out->info.source = NULL;
	for (uint32_t i = 0; i < out->info.maps; i++)
		out->maps_kept += seki_bpf_prog_keeps(prog, i);
}

/* Names of the maps that were kept, or of those that were not. */
static void print_maps(FILE *out, struct seki_bpf_prog *prog, bool kept, const char *what)
{
	const char *separator = what;

	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		if (seki_bpf_prog_keeps(prog, i) != kept)
			continue;
		fprintf(out, "%s%s", separator, seki_bpf_map_name(seki_bpf_prog_map_at(prog, i)));
		separator = ", ";
	}
	if (separator != what)
		fputc('\n', out);
}

/* What the person reads after a load that went well. */
static char *load_text(const struct seki_program *program, bool keep)
{
	const struct seki_loaded *loaded = &program->loaded;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out,
		"%s%s%s: %u instructions, at most %llu a packet; looks at %u bytes of it, %s it; "
		"%u maps of %llu bytes\n",
		program->port, *program->port ? ": " : "", loaded->name, loaded->info.insns,
		(unsigned long long)loaded->info.worst_insns, loaded->info.packet_touch,
		loaded->info.packet_written ? "changes" : "never changes", loaded->info.maps,
		(unsigned long long)loaded->info.map_bytes);
	if (keep) {
		print_maps(out, program->prog, true, "maps that go on: ");
		print_maps(out, program->prog, false, "maps that start anew: ");
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void put(struct seki_programs *programs, uint32_t number, const char *port,
		struct seki_bpf_prog *prog)
{
	struct seki_program *program = &programs->at[number];
	struct seki_bpf_prog *judge = prog || !number ? prog : programs->at[0].prog;
	struct seki_change change = {.number = number,
				     .judge = prog ? number : 0,
				     .port = port,
				     .prog = prog,
				     .touch = judge ? seki_bpf_prog_info(judge)->packet_touch : 0};

	change_all(programs, &change);
	seki_bpf_prog_destroy(program->prog);
	program->prog = prog;
	program->used = prog;
	copy_printable(program->port, sizeof(program->port), port);
}

int seki_programs_load(struct seki_programs *programs, const struct seki_load *load,
		       const void *object, size_t len, char **text)
{
	uint32_t number = own_number(programs, load->port);
	char *log = calloc(1, LOG_BYTES);
	struct seki_program *program;
	struct seki_bpf_prog *prog;
	int err = verify(programs, load, number, object, len, log, &prog);

	*text = log;
	if (err)
		return err;
	if (number && !programs->at[number].given) {
		err = give_engines(programs, number);
		if (err) {
			seki_bpf_prog_destroy(prog);
			return err;
		}
	}
	program = &programs->at[number];
	put(programs, number, load->port, prog);
	describe(prog, load->name, &program->loaded);
	SEKI_PROBE(load, program->loaded.name, program->port, program->loaded.info.insns);
	seki_log("%s%s%s: loaded, %u instructions", program->port, *program->port ? ": " : "",
		 program->loaded.name, program->loaded.info.insns);
	free(log);
	*text = load_text(program, load->keep);
	return 0;
}

int seki_programs_unload(struct seki_programs *programs, const char *port, char **text)
{
	uint32_t number = seki_programs_of(programs, port);
	struct seki_program *program = &programs->at[number];

	*text = NULL;
	if (!program->used || strcmp(program->port, port)) {
		if (asprintf(text, "%s%s has no program%s\n", *port ? "port " : "the P4 VM", port,
			     *port ? " of its own" : "") < 0)
			*text = NULL;
		return -ENOENT;
	}
	put(programs, number, port, NULL);
	seki_log("%s%s%s: unloaded", port, *port ? ": " : "", program->loaded.name);
	SEKI_PROBE(unload, program->loaded.name, program->port);
	program->loaded = (struct seki_loaded){.real_ns = 0};
	return 0;
}

void seki_programs_destroy(struct seki_programs *programs)
{
	for (uint32_t i = 0; i < SEKI_PROGRAMS; i++)
		seki_bpf_prog_destroy(programs->at[i].prog);
}
