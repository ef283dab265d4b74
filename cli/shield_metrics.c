/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of shields in Prometheus' text format ("Exposition formats", prometheus.io). A family is
 * printed at a time, all its series together, as the format wants; a series that was there already is
 * left out, so that no P4 VM can make the whole of it invalid.
 */
#include "cli/shield_metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fields.h"
#include "core/base/check.h"

#define LABELS_MAX 2048u

struct family {
	FILE *out;
	const char *name;
	struct json_object *seen; /* labels of its series */
};

/* Label names and values in turn, ending with NULL. */
static void join_labels(char *out, size_t size, va_list args)
{
	const char *name, *separator = "";
	size_t n = 0;

	out[0] = '\0';
	while ((name = va_arg(args, const char *)) && n + 300 < size) {
		n += (size_t)snprintf(out + n, size - n, "%s%s=\"", separator, name);
		for (const char *at = seki_printable(va_arg(args, const char *)); *at; at++) {
			if (*at == '"' || *at == '\\')
				out[n++] = '\\';
			out[n++] = *at;
		}
		n += (size_t)snprintf(out + n, size - n, "\"");
		separator = ",";
	}
}

static void begin(struct family *family, FILE *out, const char *name, const char *type,
		  const char *help)
{
	*family = (struct family){.out = out, .name = name, .seen = json_object_new_object()};
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void end(struct family *family)
{
	json_object_put(family->seen);
}

/* One series: its labels, by name and value, ending with NULL. */
static void series(struct family *family, double value, ...)
{
	char labels[LABELS_MAX];
	va_list args;

	va_start(args, value);
	join_labels(labels, sizeof(labels), args);
	va_end(args);
	if (seki_field(family->seen, labels))
		return;
	seki_field_put(family->seen, labels, json_object_new_boolean(true));
	if (labels[0])
		fprintf(family->out, "%s{%s} %.15g\n", family->name, labels, value);
	else
		fprintf(family->out, "%s %.15g\n", family->name, value);
}

/* A queue as the switch has it. */
struct place {
	struct json_object *queue;
	char port[128], thread[128], lane[24];
};

/* The k-th queue of a port; false where the switch was not asked about it. */
static bool place_of(struct json_object *port, size_t k, struct place *place)
{
	struct json_object *queue = seki_field_item(port, "queues", k);

	place->queue = queue;
	snprintf(place->port, sizeof(place->port), "%s", seki_field_text(port, "port"));
	snprintf(place->thread, sizeof(place->thread), "%s", seki_field_text(queue, "thread"));
	snprintf(place->lane, sizeof(place->lane), "%" PRIu64, seki_field_u64(queue, "lane"));
	return seki_field(queue, "state") != NULL;
}

/* Calls fn for each queue of each port. */
static void each_place(struct json_object *view, struct family *family, const char *key,
		       void (*fn)(struct family *, const struct place *, const char *key))
{
	struct place place;

	for (size_t i = 0; i < seki_field_count(view, "ports"); i++) {
		struct json_object *port = seki_field_item(view, "ports", i);

		for (size_t k = 0; k < seki_field_count(port, "queues"); k++) {
			if (place_of(port, k, &place))
				fn(family, &place, key);
		}
	}
	end(family);
}

static const char *const sides[][2] = {{"from_vm", "vm"}, {"from_network", "network"}};

static void sided(struct family *family, const struct place *p, const char *key)
{
	for (size_t i = 0; i < SEKI_COUNT(sides); i++)
		series(family, (double)seki_field_u64(seki_field(p->queue, sides[i][0]), key),
		       "port", p->port, "thread", p->thread, "lane", p->lane, "from", sides[i][1],
		       NULL);
}

static void reasons(struct family *family, const struct place *p, const char *key)
{
	for (size_t i = 0; i < SEKI_COUNT(sides); i++) {
		struct json_object *counts = seki_field(seki_field(p->queue, sides[i][0]), key);

		if (!json_object_is_type(counts, json_type_object))
			continue;
		json_object_object_foreach(counts, reason, count)
		{
			series(family, (double)json_object_get_uint64(count), "port", p->port,
			       "thread", p->thread, "lane", p->lane, "from", sides[i][1], "reason",
			       reason, NULL);
		}
	}
}

static void plain(struct family *family, const struct place *p, const char *key)
{
	series(family, (double)seki_field_u64(p->queue, key), "port", p->port, "thread", p->thread,
	       "lane", p->lane, NULL);
}

static void is_up(struct family *family, const struct place *p, const char *key)
{
	series(family, strcmp(seki_field_text(p->queue, key), "up") == 0, "port", p->port, "thread",
	       p->thread, "lane", p->lane, NULL);
}

static void parts(struct family *family, const struct place *p, const char *key)
{
	static const char *const names[][2] = {
		{"hand_off_ns", "hand_off"}, {"program_ns", "program"}, {"return_ns", "return"}};
	struct json_object *times = seki_field(p->queue, key);

	for (size_t i = 0; seki_field(times, "batch") && i < SEKI_COUNT(names); i++)
		series(family, seki_field_double(times, names[i][0]) / 1e9, "port", p->port,
		       "thread", p->thread, "lane", p->lane, "part", names[i][1], NULL);
}

/* Families of the switch, for each queue: by what they are printed, and of which member. */
static void print_queues(struct json_object *view, FILE *out)
{
	static const struct {
		const char *name, *type, *help, *key;
		void (*print)(struct family *, const struct place *, const char *);
	} families[] = {
		{"sekisho_hook_packets_total", "counter", "Packets that reached the hook.",
		 "packets", sided},
		{"sekisho_hook_passed_packets_total", "counter",
		 "Packets passed to where they were going, by verdict.", "passed", sided},
		{"sekisho_hook_redirected_packets_total", "counter",
		 "Packets sent elsewhere, by verdict.", "redirected", sided},
		{"sekisho_hook_rewritten_packets_total", "counter",
		 "Packets passed or redirected that the program changed.", "rewritten", sided},
		{"sekisho_hook_dropped_packets_total", "counter", "Packets dropped, by reason.",
		 "dropped", reasons},
		{"sekisho_hook_bypassed_packets_total", "counter",
		 "Packets passed unjudged (sekisho-fail=open), by reason.", "bypassed", reasons},
		{"sekisho_hook_in_flight_packets", "gauge", "Packets with the P4 VM now.",
		 "in_flight", plain},
		{"sekisho_hook_up", "gauge", "Whether the P4 VM is attached and answers.", "state",
		 is_up},
		{"sekisho_hook_packet_seconds", "gauge",
		 "Mean time of a packet, of batches that were timed, by part of its way.", "times",
		 parts},
		{"sekisho_hook_batches_total", "counter", "Batches handed over.", "batches", plain},
		{"sekisho_hook_second_looks_total", "counter",
		 "Packets submitted again, with more bytes.", "more", plain},
		{"sekisho_hook_late_answers_total", "counter",
		 "Completions of packets that were not in flight.", "late", plain},
		{"sekisho_hook_wakeups_sent_total", "counter", "Wake-ups sent to the P4 VM.",
		 "wakeups_sent", plain},
		{"sekisho_hook_wakeups_taken_total", "counter", "Wake-ups taken from the P4 VM.",
		 "wakeups_taken", plain},
		{"sekisho_hook_sessions_total", "counter", "Times that the P4 VM was attached.",
		 "sessions", plain},
		{"sekisho_hook_lies_total", "counter",
		 "Sessions ended as the P4 VM's index was impossible.", "lies", plain},
		{"sekisho_hook_hangs_total", "counter",
		 "Sessions ended as the P4 VM stayed unresponsive.", "hangs", plain},
	};
	struct family family;

	for (size_t i = 0; i < SEKI_COUNT(families); i++) {
		begin(&family, out, families[i].name, families[i].type, families[i].help);
		each_place(view, &family, families[i].key, families[i].print);
	}
}

/* A figure of each P4 VM, times `scale`. */
static void print_p4vms(struct json_object *view, FILE *out)
{
	static const struct {
		const char *name, *type, *help, *key;
		double scale;
	} families[] = {
		{"sekisho_p4vm_uptime_seconds", "gauge", "Time since the P4 VM's start.",
		 "uptime_s", 1},
		{"sekisho_p4vm_cpu_seconds_total", "counter",
		 "CPU time of its process, or inside its machine; not of one inside the switch.",
		 "cpu_ns", 1e-9},
		{"sekisho_p4vm_instructions_total", "counter",
		 "BPF instructions executed, but by compiled code, which does not count.",
		 "instructions", 1},
		{"sekisho_p4vm_loads_total", "counter", "Programs loaded.", "loads", 1},
		{"sekisho_p4vm_workers", "gauge", "Threads that run programs.", "workers", 1},
	};
	struct family family;

	for (size_t f = 0; f < SEKI_COUNT(families); f++) {
		begin(&family, out, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
			struct json_object *p4vm = seki_field_item(view, "p4vms", i);

			if (!seki_field(p4vm, families[f].key))
				continue; /* CPU time of one inside the switch */
			series(&family,
			       (double)seki_field_u64(p4vm, families[f].key) * families[f].scale,
			       "p4vm", seki_field_text(p4vm, "name"), NULL);
		}
		end(&family);
	}
}

static void print_programs(struct json_object *view, FILE *out)
{
	struct family family;

	begin(&family, out, "sekisho_p4vm_program_info", "gauge",
	      "The program of a port, or with an empty port of all that have none.");
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);
		struct json_object *program = seki_field(p4vm, "program");

		if (program)
			series(&family, 1, "p4vm", seki_field_text(p4vm, "name"), "port", "",
			       "program", seki_field_text(program, "name"), "source",
			       seki_field_text(program, "source"), NULL);
		for (size_t k = 0; k < seki_field_count(p4vm, "ports"); k++) {
			struct json_object *port = seki_field_item(p4vm, "ports", k);

			program = seki_field(port, "program");
			series(&family, 1, "p4vm", seki_field_text(p4vm, "name"), "port",
			       seki_field_text(port, "port"), "program",
			       seki_field_text(program, "name"), "source",
			       seki_field_text(program, "source"), NULL);
		}
	}
	end(&family);
}

static void print_reasons(struct json_object *view, FILE *out)
{
	struct family family;

	begin(&family, out, "sekisho_p4vm_drops_total", "counter",
	      "Packets that the P4 VM dropped, by reason.");
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);
		struct json_object *drops = seki_field(p4vm, "drops");

		if (!json_object_is_type(drops, json_type_object))
			continue;
		json_object_object_foreach(drops, reason, count)
		{
			series(&family, (double)json_object_get_uint64(count), "p4vm",
			       seki_field_text(p4vm, "name"), "reason", reason, NULL);
		}
	}
	end(&family);
}

static void print_sites(struct json_object *view, FILE *out)
{
	struct family family;
	char line[24];

	begin(&family, out, "sekisho_p4vm_line_drops_total", "counter",
	      "Packets that the program dropped, by line of its source (0: unknown).");
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);

		for (size_t k = 0; k < seki_field_count(p4vm, "sites"); k++) {
			struct json_object *site = seki_field_item(p4vm, "sites", k);

			snprintf(line, sizeof(line), "%" PRIu64, seki_field_u64(site, "line"));
			series(&family, (double)seki_field_u64(site, "count"), "p4vm",
			       seki_field_text(p4vm, "name"), "port", seki_field_text(site, "port"),
			       "source", seki_field_text(site, "source"), "line", line, NULL);
		}
	}
	end(&family);
}

static void print_queue(struct family *family, struct json_object *p4vm, struct json_object *queue,
			const char *verdict, const char *key)
{
	char number[24], worker[24];

	snprintf(number, sizeof(number), "%" PRIu64, seki_field_u64(queue, "queue"));
	snprintf(worker, sizeof(worker), "%" PRIu64, seki_field_u64(queue, "worker"));
	series(family, (double)seki_field_u64(queue, key), "p4vm", seki_field_text(p4vm, "name"),
	       "port", seki_field_text(queue, "port"), "queue", number, "worker", worker,
	       verdict ? "verdict" : NULL, verdict, NULL);
}

/* What the P4 VMs say of their queues: `keys`, which are verdicts if there are several. */
static void print_told(struct json_object *view, FILE *out, const char *name, const char *type,
		       const char *help, const char *const *keys, size_t n)
{
	struct family family;

	begin(&family, out, name, type, help);
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);

		for (size_t k = 0; k < seki_field_count(p4vm, "queues"); k++) {
			for (size_t v = 0; v < n; v++)
				print_queue(&family, p4vm, seki_field_item(p4vm, "queues", k),
					    n > 1 ? keys[v] : NULL, keys[v]);
		}
	}
	end(&family);
}

/* Was the switch reached, and how many P4 VMs or switches were not? */
static void print_reach(struct json_object *view, FILE *out)
{
	struct family family;

	begin(&family, out, "sekisho_switch_up", "gauge", "Whether the switch answered.");
	series(&family, seki_field(view, "switch") != NULL, NULL);
	end(&family);
	begin(&family, out, "sekisho_missing", "gauge",
	      "Of the switch and the P4 VMs that are known of, how many did not answer.");
	series(&family, (double)seki_field_count(view, "missing"), NULL);
	end(&family);
}

void seki_metrics_print(struct json_object *view, FILE *out)
{
	static const char *const verdicts[] = {"passed", "dropped", "redirected"};
	static const char *const parked[] = {"parked"}, *const waited[] = {"waited"};

	print_reach(view, out);
	print_queues(view, out);
	print_p4vms(view, out);
	print_programs(view, out);
	print_reasons(view, out);
	print_sites(view, out);
	print_told(view, out, "sekisho_p4vm_packets_total", "counter",
		   "Packets that the P4 VM judged, by verdict.", verdicts, SEKI_COUNT(verdicts));
	print_told(view, out, "sekisho_p4vm_parked_packets", "gauge",
		   "Packets that wait for a fact now.", parked, SEKI_COUNT(parked));
	print_told(view, out, "sekisho_p4vm_waited_packets_total", "counter",
		   "Packets that waited for a fact, or behind one that did.", waited,
		   SEKI_COUNT(waited));
}
