// SPDX-License-Identifier: Apache-2.0
/* `sekisho p4 run`: a program on the packets of a capture, with entries that a control plane would set. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bpf_run.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/stf.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

#define MAX_SITES 256u /* lines that drop; what is beyond counts as of none */

struct config {
	struct seki_cli_p4_source source;
	const char *pcap;
	const char *packet;
	const char *pcap_out;
	const char *entries;
	uint32_t port;
	bool interpret;
	bool json;
};

/* A line of the program that dropped packets. */
struct site {
	uint32_t line;
	uint64_t packets;
};

/* All of a call. */
struct session {
	const struct config *config;
	struct seki_cli_p4_program program;
	struct seki_stf stf; /* the machine, and what the entries' script says */
	struct seki_cli_packets *packets;
	struct seki_cli_capture *out;
	struct seki_cli_tally tally;
	uint64_t bytes;
	uint64_t ns; /* in runs */
	struct site sites[MAX_SITES];
	uint32_t n_sites;
	uint64_t unplaced; /* dropped, the program did not say where */
};

/* ---- packets ---- */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void count_drop(struct session *s, uint32_t line)
{
	uint32_t i = 0;

	while (i < s->n_sites && s->sites[i].line != line)
		i++;
	if (!line || i == MAX_SITES) {
		s->unplaced++;
		return;
	}
	s->n_sites += i == s->n_sites;
	s->sites[i].line = line;
	s->sites[i].packets++;
}

/* False: it has complained. */
static bool run_packet(struct session *s, const struct seki_cli_packet *packet)
{
	struct seki_cli_machine *m = &s->stf.m;
	struct seki_cli_packet passed;
	uint64_t start;

	m->port = s->config->port;
	if (seki_cli_machine_put(m, packet)) {
		complain("out of memory");
		return false;
	}
	start = now();
	seki_cli_machine_run(m, packet);
	s->ns += now() - start;
	s->bytes += packet->len;
	seki_cli_tally_add(&s->tally, m);
	if (m->err && m->err != -ENOBUFS)
		complain("packet %llu: %s", (unsigned long long)s->tally.packets,
			 seki_cli_machine_why(m));
	else if (m->err || !m->r0)
		count_drop(s, m->run.site);
	if (s->out && !m->err && m->r0) {
		passed = (struct seki_cli_packet){.bytes = m->run.buf + m->run.off,
						  .copied = m->run.copied,
						  .len = m->run.len,
						  .time_ns = packet->time_ns};
		seki_cli_capture_write(s->out, &passed);
	}
	return true;
}

/* Only where a terminal shows it and the results go elsewhere. */
static void show_progress(const struct session *s, bool end)
{
	if ((end ? s->tally.packets >= 10000 : s->tally.packets % 10000 == 0) && isatty(2) &&
	    !isatty(1))
		fprintf(stderr, "\r%llu packets%s", (unsigned long long)s->tally.packets,
			end ? "\n" : "");
}

static bool run_packets(struct session *s)
{
	struct seki_cli_packet packet;
	int more;

	while ((more = seki_cli_packets_next(s->packets, &packet)) > 0) {
		if (!run_packet(s, &packet))
			return false;
		show_progress(s, false);
	}
	show_progress(s, true);
	return more == 0;
}

/* ---- the end ---- */

static int by_packets(const void *a, const void *b)
{
	uint64_t x = ((const struct site *)a)->packets, y = ((const struct site *)b)->packets;

	return (x < y) - (x > y);
}

static void print_end(const struct session *s)
{
	const char *source = seki_bpf_prog_info(s->stf.m.prog)->source;
	double seconds = (double)s->ns / 1e9;

	seki_cli_tally_print(&s->tally, s->stf.m.prog);
	for (uint32_t i = 0; i < s->n_sites; i++)
		printf("  dropped at %s:%u: %llu\n", source, s->sites[i].line,
		       (unsigned long long)s->sites[i].packets);
	if (s->unplaced)
		printf("  dropped elsewhere: %llu\n", (unsigned long long)s->unplaced);
	if (s->ns)
		printf("%.2f million packets/s, %.2f Gbit/s, %.0f ns a packet (%s, one core, the "
		       "copy of the packet included)\n",
		       (double)s->tally.packets / seconds / 1e6,
		       (double)s->bytes * 8 / seconds / 1e9,
		       (double)s->ns / (double)s->tally.packets,
		       seki_bpf_prog_info(s->stf.m.prog)->engine == SEKI_BPF_ENGINE_JIT
			       ? "JIT"
			       : "interpreter");
}

static void put_json(const struct session *s)
{
	struct json_object *root = seki_cli_tally_json(&s->tally, s->stf.m.prog),
			   *sites = json_object_new_array();

	for (uint32_t i = 0; i < s->n_sites; i++) {
		struct json_object *site = json_object_new_object();

		seki_cli_add_u64(site, "line", s->sites[i].line);
		seki_cli_add_u64(site, "packets", s->sites[i].packets);
		json_object_array_add(sites, site);
	}
	seki_cli_add_text(root, "source", seki_bpf_prog_info(s->stf.m.prog)->source);
	json_object_object_add(root, "drops", sites);
	seki_cli_add_u64(root, "bytes", s->bytes);
	seki_cli_add_u64(root, "nanoseconds", s->ns);
	seki_cli_put_json(root);
}

static int run_all(struct session *s)
{
	bool good = run_packets(s);

	qsort(s->sites, s->n_sites, sizeof(s->sites[0]), by_packets);
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

static bool prepare(struct session *s)
{
	const struct config *config = s->config;
	return seki_stf_prepare(&s->stf, &config->source,
				config->interpret ? SEKI_BPF_ENGINE_INTERPRETER
						  : SEKI_BPF_ENGINE_AUTO,
				config->entries, &s->program);
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
	if (prepare(&s)) {
		s.out = config->pcap_out ? seki_cli_capture_create(config->pcap_out, s.packets)
					 : NULL;
		if (s.out || !config->pcap_out)
			exit_code = run_all(&s);
	}
	seki_cli_capture_drop(s.out);
	seki_stf_exit(&s.stf);
	seki_cli_p4_close(&s.program);
	seki_cli_packets_close(s.packets);
	return exit_code;
}

int seki_cli_p4_run(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_CLI_P4_LINES,
		SEKI_OPT_STRING_LINE(struct config, pcap, 'r', "pcap", "FILE",
				     "packets of a capture, pcap or pcapng"),
		SEKI_CLI_PACKET_LINE,
		SEKI_OPT_STRING_LINE(struct config, pcap_out, 'w', "pcap-out", "FILE",
				     "write the packets that pass to a capture"),
		SEKI_CLI_ENTRIES_LINE,
		SEKI_CLI_PORT_LINE,
		SEKI_OPT_FLAG_LINE(struct config, interpret, 0, "interpret",
				   "in the interpreter, which counts instructions"),
		SEKI_OPT_FLAG_LINE(struct config, json, 0, "json", "print one line of JSON"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 run",
		"Runs a program on the packets of a capture, and tells how many passed, at which\n"
		"lines of the program others were dropped, and how fast it was.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	int exit_code;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &exit_code))
		return exit_code;
	return run(&config);
}
