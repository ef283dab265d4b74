// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho bpf run`: a program on the packets of a user. With --check two machines run each packet,
 * the interpreter with exact checks and compiled code, each with maps of its own, and have to agree.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bpf_machine.h"
#include "cli/bpf_run.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

struct config {
	const char *file;
	const char *entry;
	const char *packet;
	const char *pcap;
	const char *map;
	const char *out;
	uint32_t port;
	uint32_t repeat;
	uint32_t max_packet;
	bool interpret;
	bool jit;
	bool check;
	bool maps;
	bool sent;
	bool verbose;
	bool json;
};

/* All of a call. */
struct session {
	const struct config *config;
	struct seki_cli_machine machines[2]; /* the second only with --check, and where there is a
						JIT */
	uint32_t n_machines;
	struct seki_cli_packets *packets;
	struct seki_cli_capture *out;
	struct seki_cli_tally tally;
	double seconds; /* in runs */
};

/* False: it has complained. */
static bool add_machine(struct session *s, enum seki_bpf_engine engine, bool checked)
{
	struct seki_cli_machine *m = &s->machines[s->n_machines];
	struct seki_bpf_load_opts opts = {.entry = s->config->entry,
					  .max_packet = s->config->max_packet,
					  .engine = engine,
					  .verbose = s->config->verbose};
	struct seki_bpf_prog *prog = seki_cli_load(s->config->file, &opts, s->config->json);

	if (!prog)
		return false;
	s->n_machines++;
	if (seki_cli_machine_init(m, prog, checked)) {
		complain("'%s': out of memory", s->config->file);
		return false;
	}
	m->port = s->config->port;
	m->sent = s->config->sent;
	return seki_cli_maps_set(prog, s->config->map);
}

static bool add_machines(struct session *s)
{
	const struct config *config = s->config;

	if (!add_machine(s, config->jit ? SEKI_BPF_ENGINE_JIT : SEKI_BPF_ENGINE_INTERPRETER,
			 config->check))
		return false;
	return !config->check || add_machine(s, SEKI_BPF_ENGINE_AUTO, false);
}

/* ---- one packet ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "" or in what the two machines' last runs differ. */
static const char *disagreement(const struct seki_cli_machine *a, const struct seki_cli_machine *b)
{
	const struct seki_bpf_run *x = &a->run, *y = &b->run;

	if (a->err != b->err)
		return "one of them could not run it";
	if (!a->err && a->r0 != b->r0)
		return "r0";
	if (x->copied != y->copied || x->len != y->len ||
	    memcmp(x->buf + x->off, y->buf + y->off, x->copied))
		return "the packet";
	if (memcmp(&x->meta, &y->meta, sizeof(x->meta)))
		return "standard_metadata";
	if (x->site != y->site)
		return "the place of the drop";
	return strcmp(a->lines, b->lines) ? "what they printed" : "";
}

static bool agree(struct session *s, uint64_t n)
{
	const char *what;

	if (s->n_machines < 2)
		return true;
	what = disagreement(&s->machines[0], &s->machines[1]);
	if (!*what)
		return true;
	complain("packet %llu: interpreter and compiled code differ in %s: a bug of this machine",
		 (unsigned long long)n, what);
	return false;
}

/* False: it has complained, and there is no going on. */
static bool run_packet(struct session *s, const struct seki_cli_packet *packet)
{
	struct seki_cli_machine *m = &s->machines[0];
	struct seki_cli_packet passed;
	struct seki_cli_packet at = *packet;
	double start;

	if (!at.time_ns && s->n_machines > 1) /* the same for both */
		at.time_ns = (uint64_t)time(NULL) * 1000000000u;
	for (uint32_t i = 0; i < s->n_machines; i++) {
		if (seki_cli_machine_put(&s->machines[i], &at)) {
			complain("out of memory");
			return false;
		}
	}
	start = now();
	for (uint32_t i = 0; i < s->config->repeat; i++)
		for (uint32_t j = 0; j < s->n_machines; j++)
			seki_cli_machine_run(&s->machines[j], &at);
	s->seconds += now() - start;
	seki_cli_tally_add(&s->tally, m);
	if (s->config->json)
		seki_cli_put_run_json(m, packet, s->tally.packets);
	else
		seki_cli_print_run(m, packet, s->tally.packets,
				   !s->config->pcap || s->config->verbose);
	if (s->out && !m->err && m->r0) {
		passed = (struct seki_cli_packet){.bytes = m->run.buf + m->run.off,
						  .copied = m->run.copied,
						  .len = m->run.len,
						  .time_ns = packet->time_ns};
		seki_cli_capture_write(s->out, &passed);
	}
	return agree(s, s->tally.packets);
}

/* Only where a terminal shows it and the results go elsewhere. */
static void show_progress(const struct session *s)
{
	if (s->tally.packets % 10000 == 0 && isatty(2) && !isatty(1))
		fprintf(stderr, "\r%llu packets", (unsigned long long)s->tally.packets);
}

static bool run_packets(struct session *s)
{
	struct seki_cli_packet packet;
	int more;

	while ((more = seki_cli_packets_next(s->packets, &packet)) > 0) {
		if (!run_packet(s, &packet))
			return false;
		show_progress(s);
	}
	if (s->tally.packets >= 10000 && isatty(2) && !isatty(1))
		fputc('\n', stderr);
	return more == 0;
}

/* ---- the end ---- */

static double mean_ns(const struct session *s)
{
	double runs = (double)s->tally.packets * s->config->repeat;

	return runs > 0 ? s->seconds * 1e9 / runs : 0;
}

static void put_json(const struct session *s)
{
	struct json_object *root = seki_cli_tally_json(&s->tally, s->machines[0].prog);

	seki_cli_add_u64(root, "repeat", s->config->repeat);
	if (s->config->maps)
		json_object_object_add(root, "maps", seki_cli_maps_json(s->machines[0].prog));
	seki_cli_put_json(root);
}

static void print_end(const struct session *s)
{
	if (s->config->pcap)
		seki_cli_tally_print(&s->tally, s->machines[0].prog);
	if (s->config->repeat > 1)
		printf("%u runs each, %.0f ns a run with all around it; `sekisho bpf bench` "
		       "measures better\n",
		       s->config->repeat, mean_ns(s));
	if (s->config->check)
		printf("checked: every access%s\n",
		       s->machines[1].prog->info.engine == SEKI_BPF_ENGINE_JIT
			       ? "; compiled code did the same"
			       : "; there is no compiled code to compare with");
	if (s->config->maps)
		seki_cli_maps_print(s->machines[0].prog);
}

static bool same_maps(const struct session *s)
{
	const char *map = s->n_machines < 2
				  ? NULL
				  : seki_cli_maps_differ(s->machines[0].prog, s->machines[1].prog);

	if (map)
		complain("interpreter and compiled code differ in map '%s': a bug of this machine",
			 map);
	return !map;
}

static int run_all(struct session *s)
{
	bool good = run_packets(s) && same_maps(s);

	if (good && s->config->json)
		put_json(s);
	else if (good)
		print_end(s);
	if (good && s->out) {
		good = seki_cli_capture_commit(s->out);
		s->out = NULL;
	}
	return good && !s->tally.failed ? SEKI_EXIT_OK : SEKI_EXIT_FAILED;
}

static int run(const struct config *config)
{
	static struct session s;
	int exit_code;

	s.config = config;
	s.packets = seki_cli_packets_open(config->packet, config->pcap, &exit_code);
	if (!s.packets)
		return exit_code;
	exit_code = SEKI_EXIT_FAILED;
	if (add_machines(&s)) {
		s.out = config->out ? seki_cli_capture_create(config->out, s.packets) : NULL;
		if (s.out || !config->out)
			exit_code = run_all(&s);
	}
	seki_cli_capture_drop(s.out);
	for (uint32_t i = 0; i < s.n_machines; i++)
		seki_cli_machine_exit(&s.machines[i]);
	seki_cli_packets_close(s.packets);
	return exit_code;
}

int seki_cli_bpf_run(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_FILE_LINE,
		SEKI_CLI_ENTRY_LINE,
		SEKI_CLI_PACKET_LINE,
		SEKI_OPT_STRING_LINE(struct config, pcap, 'r', "pcap", "FILE",
				     "packets of a capture, pcap or pcapng"),
		SEKI_OPT_STRING_LINE(struct config, out, 'w', "out", "FILE",
				     "write the packets that pass to a capture"),
		SEKI_CLI_MAP_LINE,
		SEKI_OPT_FLAG_LINE(struct config, maps, 0, "maps", "print the maps at the end"),
		SEKI_CLI_PORT_LINE,
		SEKI_CLI_MAX_PACKET_LINE,
		SEKI_OPT_FLAG_LINE(struct config, sent, 0, "sent",
				   "tell a program that asks: yes, the VM sent such a datagram"),
		SEKI_OPT_FLAG_LINE(struct config, interpret, 0, "interpret",
				   "in the interpreter, which counts instructions (default)"),
		SEKI_OPT_FLAG_LINE(struct config, jit, 0, "jit", "compiled to machine code"),
		SEKI_OPT_FLAG_LINE(struct config, check, 0, "check",
				   "with checks of every access, and compiled: do they agree?"),
		SEKI_OPT_U32_LINE(struct config, repeat, 0, "repeat", "N", 1, 1000000000,
				  "run each packet so often; shown is the last time"),
		SEKI_OPT_FLAG_LINE(struct config, verbose, 'v', "verbose",
				   "print how packets of a capture change, too"),
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json",
				   "print a line of JSON a packet, and one of all"),
	};
	static const struct seki_command cmd = {
		"sekisho bpf run",
		"Runs a program on a packet, or on each packet of a capture, and prints what becomes\n"
		"of it. The program is verified first; one that is refused does not run.",
		options, SEKI_COUNT(options)};
	struct config config = {.repeat = 1};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	if (config.interpret + config.jit + config.check <= 1)
		return run(&config);
	complain("--interpret, --jit and --check: give one; see %s --help", cmd.name);
	return SEKI_EXIT_USAGE;
}
