// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho bpf bench`: the time of a run as a host sees it, that is of seki_bpf_prog_run() with the
 * packet put where the program finds it. Time is that of the processor for this thread; the engines
 * take turns, a round each, so that what disturbs the machine disturbs all of them.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bpf.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

#define ROUNDS	    15
#define HEADROOM    256u
#define PACKETS_MAX 1024u	/* of a capture */
#define BYTES_MAX   (16u << 20) /* of all of them */
#define FIRST_RUNS  256u	/* to learn how many fit into a round */

struct config {
	const char *file;
	const char *entry;
	const char *packet;
	const char *pcap;
	const char *map;
	uint32_t port;
	uint32_t seconds;
	bool json;
};

struct packet {
	uint8_t *bytes; /* as it comes */
	uint8_t *buf;	/* as it is run: HEADROOM before it */
	uint32_t copied, len;
};

struct input {
	struct packet packets[PACKETS_MAX];
	uint32_t n;
	uint64_t bytes;
	bool more; /* than were taken */
};

struct engine {
	const char *name;
	struct seki_bpf_prog *prog; /* NULL: nothing is run, to time what is around it */
	uint64_t runs;		    /* in a round */
	uint64_t insns;		    /* in the first round */
	double ns[ROUNDS];	    /* a run; sorted in the end */
};

enum { JIT, INTERPRETER, AROUND, N_ENGINES };

struct bench {
	const struct config *config;
	struct input input;
	struct engine engines[N_ENGINES];
	bool restore; /* the program may change the packet: it is put back before each run */
};

/* ---- packets ---- */

static bool keep(struct input *in, const struct seki_cli_packet *from)
{
	struct packet *to = &in->packets[in->n];

	to->bytes = malloc(from->copied + 1);
	to->buf = calloc(1, HEADROOM + from->copied);
	if (!to->bytes || !to->buf) {
		free(to->bytes);
		free(to->buf);
		complain("out of memory");
		return false;
	}
	if (from->copied) {
		memcpy(to->bytes, from->bytes, from->copied);
		memcpy(to->buf + HEADROOM, from->bytes, from->copied);
	}
	to->copied = from->copied;
	to->len = from->len;
	in->bytes += from->copied;
	in->n++;
	return true;
}

/* SEKI_EXIT_OK, or what to return after it has complained. */
static int read_input(const struct config *config, struct input *in)
{
	struct seki_cli_packets *packets;
	struct seki_cli_packet packet;
	int exit_code, more;

	packets = seki_cli_packets_open(config->packet, config->pcap, &exit_code);
	if (!packets)
		return exit_code;
	while ((more = seki_cli_packets_next(packets, &packet)) > 0) {
		in->more = in->n == PACKETS_MAX || in->bytes + packet.copied > BYTES_MAX;
		if (in->more)
			break;
		if (!keep(in, &packet)) {
			more = -1;
			break;
		}
	}
	seki_cli_packets_close(packets);
	if (more >= 0 && in->n)
		return SEKI_EXIT_OK;
	if (more >= 0)
		complain("'%s' holds no packet that could be run", config->pcap);
	return SEKI_EXIT_FAILED;
}

static void free_input(struct input *in)
{
	for (uint32_t i = 0; i < in->n; i++) {
		free(in->packets[i].bytes);
		free(in->packets[i].buf);
	}
}

/* ---- rounds ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* One run. Without a program, all but that. */
static inline int run_once(struct bench *b, struct engine *e, struct packet *packet)
{
	struct seki_bpf_run run = {
		.buf = packet->buf,
		.size = HEADROOM + packet->copied,
		.off = HEADROOM,
		.copied = packet->copied,
		.len = packet->len,
		.meta = {.input_port = b->config->port},
	};
	uint64_t r0;
	int err;

	if (b->restore)
		memcpy(packet->buf + HEADROOM, packet->bytes, packet->copied);
	__asm__ volatile("" : : "r"(&run) : "memory"); /* all of it is done */
	if (!e->prog)
		return 0;
	err = seki_bpf_prog_run(e->prog, &run, &r0);
	e->insns += run.insns;
	return err == -ENOBUFS ? 0 : err;
}

/* ns of a run; negative errno of one that failed. */
static double round_of(struct bench *b, struct engine *e, uint64_t runs)
{
	uint32_t at = 0;
	double start = now();

	e->insns = 0;
	for (uint64_t i = 0; i < runs; i++) {
		int err = run_once(b, e, &b->input.packets[at]);

		if (err)
			return err;
		if (++at == b->input.n)
			at = 0;
	}
	return (now() - start) / (double)runs;
}

static void show_progress(unsigned int round)
{
	if (isatty(2))
		fprintf(stderr, round < ROUNDS ? "\rround %u of %u" : "\r\033[K", round + 1,
			(unsigned int)ROUNDS);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many runs make a round of each engine's share of the time: whole turns of all packets. */
static int plan(struct bench *b, struct engine *e)
{
	double share = b->config->seconds * 1e9 / (N_ENGINES * ROUNDS);
	uint64_t first = seki_max(FIRST_RUNS, b->input.n);
	double ns = round_of(b, e, first);

	if (ns < 0)
		return (int)ns;
	e->runs = (uint64_t)(share / (ns + 0.1));
	e->runs = seki_max(e->runs / b->input.n * b->input.n, b->input.n);
	return 0;
}

static int measure(struct bench *b)
{
	int err = 0;

	for (int i = 0; !err && i < N_ENGINES; i++)
		if (b->engines[i].name)
			err = plan(b, &b->engines[i]);
	for (unsigned int round = 0; !err && round < ROUNDS; round++) {
		show_progress(round);
		for (int i = 0; i < N_ENGINES; i++)
			if (b->engines[i].name)
				b->engines[i].ns[round] = round_of(b, &b->engines[i],
								   b->engines[i].runs);
	}
	show_progress(ROUNDS);
	for (int i = 0; i < N_ENGINES; i++)
		qsort(b->engines[i].ns, ROUNDS, sizeof(double), compare);
	return err;
}

/* ---- results ---- */

static double median(const struct engine *e)
{
	return e->ns[ROUNDS / 2];
}

/* Instructions of a run, in the mean of the packets. */
static double mean_insns(const struct bench *b)
{
	const struct engine *e = &b->engines[INTERPRETER];

	return (double)e->insns / (double)e->runs;
}

/* What the longest run would take at the speed that was measured. */
static double worst_ns(const struct bench *b, const struct engine *e)
{
	double own = median(e) - median(&b->engines[AROUND]);

	return (double)seki_bpf_prog_info(e->prog)->worst_insns * (own > 0 ? own : 0) /
	       mean_insns(b);
}

static void print_engine(const struct bench *b, const struct engine *e)
{
	printf("  %-13s %.1f ns a run (%.1f to %.1f)", e->name, median(e), e->ns[0],
	       e->ns[ROUNDS - 1]);
	if (e->prog)
		printf("; the longest run: about %.0f ns", worst_ns(b, e));
	else
		printf(", in both: the packet is %s",
		       b->restore ? "described and put back" : "described");
	putchar('\n');
}

static void print_results(const struct bench *b)
{
	const struct seki_bpf_info *info = seki_bpf_prog_info(b->engines[INTERPRETER].prog);
	const struct engine *jit = &b->engines[JIT];

	printf("%s: %u packet%s%s, %u rounds, medians (least to most) of processor time\n",
	       b->config->file, b->input.n, b->input.n > 1 ? "s in turn" : "",
	       b->input.more ? ", the first of more" : "", (unsigned int)ROUNDS);
	for (int i = 0; i < N_ENGINES; i++)
		if (b->engines[i].name)
			print_engine(b, &b->engines[i]);
	if (jit->name)
		printf("  machine code  %u bytes\n", seki_bpf_prog_info(jit->prog)->native_bytes);
	else
		puts("  machine code  none: there is no JIT for this processor");
	printf("  instructions  %.1f a run in the mean, at most %llu (proved), of %u in all\n",
	       mean_insns(b), (unsigned long long)info->worst_insns, info->insns);
}

static void put_json(const struct bench *b)
{
	static const char *const keys[] = {"jit", "interpreter", "around"};
	const struct seki_bpf_info *info = seki_bpf_prog_info(b->engines[INTERPRETER].prog);
	struct json_object *root = json_object_new_object();

	seki_cli_add_text(root, "file", b->config->file);
	seki_cli_add_u64(root, "packets", b->input.n);
	seki_cli_add_u64(root, "rounds", ROUNDS);
	for (int i = 0; i < N_ENGINES; i++) {
		const struct engine *e = &b->engines[i];
		struct json_object *one = json_object_new_object();

		if (e->name) {
			json_object_object_add(one, "median_ns", json_object_new_double(median(e)));
			json_object_object_add(one, "least_ns", json_object_new_double(e->ns[0]));
			json_object_object_add(one, "most_ns",
					       json_object_new_double(e->ns[ROUNDS - 1]));
			seki_cli_add_u64(one, "runs_per_round", e->runs);
		}
		json_object_object_add(root, keys[i], one);
	}
	json_object_object_add(root, "instructions_per_run", json_object_new_double(mean_insns(b)));
	seki_cli_add_u64(root, "worst_instructions", info->worst_insns);
	seki_cli_put_json(root);
}

/* ---- all of it ---- */

/* No JIT for this processor is no failure; a program that is refused is. */
static bool open_engines(struct bench *b)
{
	struct seki_bpf_load_opts opts = {.entry = b->config->entry,
					  .engine = SEKI_BPF_ENGINE_INTERPRETER};
	struct engine *e = b->engines;

	e[AROUND].name = "around it";
	e[INTERPRETER].name = "interpreted";
	e[INTERPRETER].prog = seki_cli_load(b->config->file, &opts, b->config->json);
	if (!e[INTERPRETER].prog || !seki_cli_maps_set(e[INTERPRETER].prog, b->config->map))
		return false;
	b->restore = seki_bpf_prog_info(e[INTERPRETER].prog)->packet_written;
	opts.engine = SEKI_BPF_ENGINE_AUTO;
	e[JIT].prog = seki_cli_load(b->config->file, &opts, b->config->json);
	if (!e[JIT].prog || !seki_cli_maps_set(e[JIT].prog, b->config->map))
		return false;
	if (seki_bpf_prog_info(e[JIT].prog)->engine == SEKI_BPF_ENGINE_JIT)
		e[JIT].name = "compiled";
	return true;
}

static int bench(struct bench *b)
{
	int err;

	if (!open_engines(b))
		return SEKI_EXIT_FAILED;
	err = measure(b);
	if (err == -EINVAL)
		return complain("the capture lacks bytes of a packet that the program may look at: "
				"capture whole packets");
	if (err)
		return complain("a run failed: %s", strerror(-err));
	if (b->config->json)
		put_json(b);
	else
		print_results(b);
	return SEKI_EXIT_OK;
}

int seki_cli_bpf_bench(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_FILE_LINE,
		SEKI_CLI_ENTRY_LINE,
		SEKI_CLI_PACKET_LINE,
		SEKI_OPT_STRING_LINE(struct config, pcap, 'r', "pcap", "FILE",
				     "packets of a capture, in turn: the first 1024"),
		SEKI_CLI_MAP_LINE,
		SEKI_CLI_PORT_LINE,
		SEKI_OPT_U32_LINE(struct config, seconds, 0, "seconds", "N", 1, 3600,
				  "how long to measure (default: 3)"),
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json", "print a line of JSON"),
	};
	static const struct seki_command cmd = {
		"sekisho bpf bench",
		"Measures how long a run takes, compiled to machine code and in the interpreter.",
		options, SEKI_COUNT(options)};
	static struct bench b;
	struct config config = {.seconds = 3};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	b.config = &config;
	exit_code = read_input(&config, &b.input);
	if (exit_code == SEKI_EXIT_OK)
		exit_code = bench(&b);
	for (int i = 0; i < N_ENGINES; i++)
		seki_bpf_prog_destroy(b.engines[i].prog);
	free_input(&b.input);
	return exit_code;
}
