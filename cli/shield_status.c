/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho shield status` for people. What came is only read with json-c's typed accessors, which
 * give 0 or an empty text for what is missing or of another type; a port's name and a source's were
 * chosen by others and are printed with escapes.
 */
#include "cli/shield_status.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static struct json_object *get(struct json_object *from, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(from, key, &value);
	return value;
}

static uint64_t number(struct json_object *from, const char *key)
{
	return json_object_get_uint64(get(from, key));
}

/* One of a few buffers in turn, so that a printf() can have several. `value` may be NULL. */
static const char *printable(const char *value)
{
	static char buffers[8][128];
	static unsigned int next;
	char *out = buffers[next++ % 8];
	size_t i;

	for (i = 0; value && value[i] && i + 1 < sizeof(buffers[0]); i++)
		out[i] = isprint((unsigned char)value[i]) ? value[i] : '?';
	out[i] = '\0';
	return out;
}

static const char *text(struct json_object *from, const char *key)
{
	return printable(json_object_get_string(get(from, key)));
}

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
	printf("%s", text(program, "name"));
	if (*text(program, "source"))
		printf(" of %s", text(program, "source"));
	printf(", loaded %s\n", text(program, "loaded_at"));
	printf("            %" PRIu64 " instructions, at most %" PRIu64
	       " a packet; looks at %" PRIu64 " bytes of it, %s it; %" PRIu64 " maps, %" PRIu64
	       " bytes\n",
	       number(program, "insns"), number(program, "worst_insns"),
	       number(program, "packet_touch"),
	       json_object_get_boolean(get(program, "packet_written")) ? "may change"
								       : "never changes",
	       number(program, "maps"), number(program, "map_bytes"));
}

static void print_programs(struct json_object *root)
{
	struct json_object *ports = get(root, "ports");

	if (get(root, "program"))
		print_program(get(root, "program"), NULL);
	else
		printf("  program   none: every packet %s\n",
		       strcmp(text(root, "no_program"), "pass") ? "is dropped" : "passes");
	for (size_t i = 0; i < json_object_array_length(ports); i++) {
		struct json_object *port = json_object_array_get_idx(ports, i);

		print_program(get(port, "program"), text(port, "port"));
	}
}

static void print_limits(struct json_object *root)
{
	struct json_object *limits = get(root, "limits");

	printf("  limits    %" PRIu64 " workers; %" PRIu64 " instructions a packet; %" PRIu64
	       " KiB of maps\n",
	       number(root, "workers"), number(limits, "insns"),
	       number(limits, "map_bytes") / 1024);
}

static void print_facts(struct json_object *facts)
{
	if (!facts) {
		puts("  facts     none: started without --facts");
		return;
	}
	printf("  facts     %s", json_object_get_boolean(get(facts, "fresh"))
					 ? "fresh"
					 : "ABSENT (no agent, or not heard in time)");
	if (get(facts, "heartbeat_age_ms"))
		printf(", heartbeat %" PRIu64 " ms ago", number(facts, "heartbeat_age_ms"));
	printf(", %" PRIu64 " flows; %" PRIu64 " records opened, %" PRIu64 " sessions\n",
	       number(facts, "flows"), number(facts, "opened"), number(facts, "sessions"));
	if (number(facts, "bad_seal") || number(facts, "rolled_back") || number(facts, "withheld"))
		printf("            SUSPICIOUS: %" PRIu64 " broken seals, %" PRIu64
		       " rolled back, %" PRIu64 " withheld\n",
		       number(facts, "bad_seal"), number(facts, "rolled_back"),
		       number(facts, "withheld"));
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

		printf("            %-16s %5" PRIu64, text(queue, "port"), number(queue, "queue"));
		for (size_t c = 0; c < n_columns; c++)
			printf(" %10" PRIu64, number(queue, columns[c]));
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
		printf("%s%s: %" PRIu64, separator, printable(reason),
		       json_object_get_uint64(count));
		separator = ", ";
	}
	puts(*separator ? "" : "none");
	for (size_t i = 0; i < json_object_array_length(sites); i++) {
		struct json_object *site = json_object_array_get_idx(sites, i);
		const char *source = text(site, "source");

		printf("            ");
		if (get(site, "port"))
			printf("%s: ", text(site, "port"));
		if (number(site, "line"))
			printf("%s%s%" PRIu64 "  %" PRIu64 " packets\n", *source ? source : "line",
			       *source ? ":" : " ", number(site, "line"), number(site, "count"));
		else
			printf("(line unknown)  %" PRIu64 " packets\n", number(site, "count"));
	}
}

static void print_dropped(struct json_object *d)
{
	printf("            %s %s from the %s: ", text(d, "time"), text(d, "port"),
	       strcmp(text(d, "from"), "vm") == 0 ? "VM" : "network");
	if (get(d, "saddr")) {
		printf("%s", text(d, "saddr"));
		if (get(d, "sport"))
			printf(":%" PRIu64, number(d, "sport"));
		printf(" > %s", text(d, "daddr"));
		if (get(d, "dport"))
			printf(":%" PRIu64, number(d, "dport"));
		printf(", protocol %" PRIu64, number(d, "protocol"));
		if (get(d, "icmp_type"))
			printf(" type %" PRIu64 " code %" PRIu64, number(d, "icmp_type"),
			       number(d, "icmp_code"));
	} else {
		printf("ethertype %s", get(d, "ether") ? text(d, "ether") : "?");
	}
	printf("; %s", text(d, "reason"));
	if (number(d, "line"))
		printf(", line %" PRIu64, number(d, "line"));
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
	    !json_object_is_type(get(root, "queues"), json_type_array) ||
	    !json_object_is_type(get(root, "ports"), json_type_array) ||
	    !json_object_is_type(get(root, "drops"), json_type_object) ||
	    !json_object_is_type(get(root, "sites"), json_type_array) ||
	    !json_object_is_type(get(root, "last_drops"), json_type_array)) {
		json_object_put(root);
		return -EPROTO;
	}
	printf("%s: running for ", text(root, "name"));
	print_duration(number(root, "uptime_s"));
	printf(", %s %" PRIu64 ", user %" PRIu64 ", sandbox %s\n",
	       strcmp(text(root, "isolation"), "vm") ? "process" : "virtual machine of process",
	       number(root, "pid"), number(root, "uid"), text(root, "sandbox"));
	print_programs(root);
	print_limits(root);
	print_facts(get(root, "facts"));
	print_queues(get(root, "queues"));
	print_drops(get(root, "drops"), get(root, "sites"));
	print_last(get(root, "last_drops"));
	json_object_put(root);
	return 0;
}
