/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho shield status` for people. What came is only read with fields.h; a port's name and a
 * source's were chosen by others and are printed without what is not printable.
 */
#include "cli/shield_status.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/fields.h"

static void print_duration(uint64_t s)
{
	if (s >= 86400)
		printf("%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		printf("%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		printf("%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else
		printf("%" PRIu64 " s", s);
}

/* `port` NULL: of all that have none of their own. */
static void print_program(struct json_object *program, const char *port)
{
	printf("  program   ");
	if (port)
		printf("of %s: ", port);
	printf("%s", seki_field_text(program, "name"));
	if (*seki_field_text(program, "source"))
		printf(" of %s", seki_field_text(program, "source"));
	printf(", loaded %s\n", seki_field_text(program, "loaded_at"));
	printf("            %" PRIu64 " instructions, at most %" PRIu64
	       " a packet; looks at %" PRIu64 " bytes of it, %s it; %" PRIu64 " maps, %" PRIu64
	       " bytes\n",
	       seki_field_u64(program, "insns"), seki_field_u64(program, "worst_insns"),
	       seki_field_u64(program, "packet_touch"),
	       json_object_get_boolean(seki_field(program, "packet_written")) ? "may change"
									      : "never changes",
	       seki_field_u64(program, "maps"), seki_field_u64(program, "map_bytes"));
}

static void print_programs(struct json_object *root)
{
	struct json_object *ports = seki_field(root, "ports");

	if (seki_field(root, "program"))
		print_program(seki_field(root, "program"), NULL);
	else
		printf("  program   none: every packet %s\n",
		       strcmp(seki_field_text(root, "no_program"), "pass") ? "is dropped"
									   : "passes");
	for (size_t i = 0; i < json_object_array_length(ports); i++) {
		struct json_object *port = json_object_array_get_idx(ports, i);

		print_program(seki_field(port, "program"), seki_field_text(port, "port"));
	}
}

static void print_limits(struct json_object *root)
{
	struct json_object *limits = seki_field(root, "limits");

	printf("  limits    %" PRIu64 " workers; %" PRIu64 " instructions a packet; %" PRIu64
	       " KiB of maps\n",
	       seki_field_u64(root, "workers"), seki_field_u64(limits, "insns"),
	       seki_field_u64(limits, "map_bytes") / 1024);
}

static void print_facts(struct json_object *facts)
{
	if (!facts) {
		puts("  facts     none: started without --facts");
		return;
	}
	printf("  facts     %s", json_object_get_boolean(seki_field(facts, "fresh"))
					 ? "fresh"
					 : "ABSENT (no agent, or not heard in time)");
	if (seki_field(facts, "heartbeat_age_ms"))
		printf(", heartbeat %" PRIu64 " ms ago", seki_field_u64(facts, "heartbeat_age_ms"));
	printf(", %" PRIu64 " flows; %" PRIu64 " records opened, %" PRIu64 " sessions\n",
	       seki_field_u64(facts, "flows"), seki_field_u64(facts, "opened"),
	       seki_field_u64(facts, "sessions"));
	if (seki_field_u64(facts, "bad_seal") || seki_field_u64(facts, "rolled_back") ||
	    seki_field_u64(facts, "withheld"))
		printf("            SUSPICIOUS: %" PRIu64 " broken seals, %" PRIu64
		       " rolled back, %" PRIu64 " withheld\n",
		       seki_field_u64(facts, "bad_seal"), seki_field_u64(facts, "rolled_back"),
		       seki_field_u64(facts, "withheld"));
}

static void print_queues(struct json_object *queues)
{
	static const char *const columns[] = {"worker",	    "packets",	 "passed", "dropped",
					      "redirected", "rewritten", "more",   "bad",
					      "parked",	    "waited"};
	const size_t n_columns = sizeof(columns) / sizeof(columns[0]);
	size_t n = json_object_array_length(queues);

	if (!n) {
		puts("  queues    none: no switch has attached a port");
		return;
	}
	printf("  queues    %-16s %5s", "port", "queue");
	for (size_t c = 0; c < n_columns; c++)
		printf(" %10s", columns[c]);
	putchar('\n');
	for (size_t i = 0; i < n; i++) {
		struct json_object *queue = json_object_array_get_idx(queues, i);

		printf("            %-16s %5" PRIu64, seki_field_text(queue, "port"),
		       seki_field_u64(queue, "queue"));
		for (size_t c = 0; c < n_columns; c++)
			printf(" %10" PRIu64, seki_field_u64(queue, columns[c]));
		putchar('\n');
	}
}

static void print_drops(struct json_object *drops, struct json_object *sites)
{
	const char *separator = "";

	fputs("  drops     ", stdout);
	json_object_object_foreach(drops, reason, count)
	{
		if (!json_object_get_uint64(count))
			continue;
		printf("%s%s: %" PRIu64, separator, seki_printable(reason),
		       json_object_get_uint64(count));
		separator = ", ";
	}
	puts(*separator ? "" : "none");
	for (size_t i = 0; i < json_object_array_length(sites); i++) {
		struct json_object *site = json_object_array_get_idx(sites, i);
		const char *source = seki_field_text(site, "source");

		printf("            ");
		if (seki_field(site, "port"))
			printf("%s: ", seki_field_text(site, "port"));
		if (seki_field_u64(site, "line"))
			printf("%s%s%" PRIu64 "  %" PRIu64 " packets\n", *source ? source : "line",
			       *source ? ":" : " ", seki_field_u64(site, "line"),
			       seki_field_u64(site, "count"));
		else
			printf("(line unknown)  %" PRIu64 " packets\n",
			       seki_field_u64(site, "count"));
	}
}

static void print_dropped(struct json_object *d)
{
	printf("            %s %s from the %s: ", seki_field_text(d, "time"),
	       seki_field_text(d, "port"),
	       strcmp(seki_field_text(d, "from"), "vm") == 0 ? "VM" : "network");
	if (seki_field(d, "saddr")) {
		printf("%s", seki_field_text(d, "saddr"));
		if (seki_field(d, "sport"))
			printf(":%" PRIu64, seki_field_u64(d, "sport"));
		printf(" > %s", seki_field_text(d, "daddr"));
		if (seki_field(d, "dport"))
			printf(":%" PRIu64, seki_field_u64(d, "dport"));
		printf(", protocol %" PRIu64, seki_field_u64(d, "protocol"));
		if (seki_field(d, "icmp_type"))
			printf(" type %" PRIu64 " code %" PRIu64, seki_field_u64(d, "icmp_type"),
			       seki_field_u64(d, "icmp_code"));
	} else {
		printf("ethertype %s", seki_field(d, "ether") ? seki_field_text(d, "ether") : "?");
	}
	printf("; %s", seki_field_text(d, "reason"));
	if (seki_field_u64(d, "line"))
		printf(", line %" PRIu64, seki_field_u64(d, "line"));
	putchar('\n');
}

/* The newest of them. */
static void print_last(struct json_object *last)
{
	size_t n = json_object_array_length(last);

	if (n)
		puts("  last drops");
	for (size_t i = n > 8 ? n - 8 : 0; i < n; i++)
		print_dropped(json_object_array_get_idx(last, i));
}

int seki_cli_print_status(const char *json)
{
	struct json_object *root = json_tokener_parse(json);

	if (!json_object_is_type(root, json_type_object) ||
	    !json_object_is_type(seki_field(root, "queues"), json_type_array) ||
	    !json_object_is_type(seki_field(root, "ports"), json_type_array) ||
	    !json_object_is_type(seki_field(root, "drops"), json_type_object) ||
	    !json_object_is_type(seki_field(root, "sites"), json_type_array) ||
	    !json_object_is_type(seki_field(root, "last_drops"), json_type_array)) {
		json_object_put(root);
		return -EPROTO;
	}
	printf("%s: running for ", seki_field_text(root, "name"));
	print_duration(seki_field_u64(root, "uptime_s"));
	printf(", %s %" PRIu64 ", user %" PRIu64 ", sandbox %s\n",
	       strcmp(seki_field_text(root, "isolation"), "vm") ? "process"
								: "virtual machine of process",
	       seki_field_u64(root, "pid"), seki_field_u64(root, "uid"),
	       seki_field_text(root, "sandbox"));
	print_programs(root);
	print_limits(root);
	print_facts(seki_field(root, "facts"));
	print_queues(seki_field(root, "queues"));
	print_drops(seki_field(root, "drops"), seki_field(root, "sites"));
	print_last(seki_field(root, "last_drops"));
	json_object_put(root);
	return 0;
}
