/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/status.h"

#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "p4vm/sandbox.h"
#include "p4vm/snapshot.h"

/* json-c frees an object that could not be added with what it was to be added to. */
static void add_u64(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static void add_text(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

static void add_time(struct json_object *to, const char *key, uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / 1000000000u);
	struct tm tm;
	char text[40];
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned int)(real_ns / 1000000u % 1000u));
	add_text(to, key, text);
}

static struct json_object *program_json(const struct seki_loaded *loaded)
{
	struct json_object *program;

	if (!loaded->name[0])
		return NULL;
	program = json_object_new_object();
	add_text(program, "name", loaded->name);
	add_text(program, "source", loaded->source);
	add_u64(program, "insns", loaded->info.insns);
	add_u64(program, "worst_insns", loaded->info.worst_insns);
	add_u64(program, "packet_touch", loaded->info.packet_touch);
	json_object_object_add(program, "packet_written",
			       json_object_new_boolean(loaded->info.packet_written));
	add_u64(program, "maps", loaded->info.maps);
	add_u64(program, "maps_kept", loaded->maps_kept);
	add_u64(program, "map_bytes", loaded->info.map_bytes);
	add_time(program, "loaded_at", loaded->real_ns);
	return program;
}

/* Those of ports that have their own. */
static struct json_object *ports_json(const struct seki_programs *programs)
{
	struct json_object *ports = json_object_new_array();

	for (uint32_t i = 1; i < SEKI_PROGRAMS; i++) {
		const struct seki_program *program = &programs->at[i];
		struct json_object *port;

		if (!program->used)
			continue;
		port = json_object_new_object();
		add_text(port, "port", program->port);
		json_object_object_add(port, "program", program_json(&program->loaded));
		json_object_array_add(ports, port);
	}
	return ports;
}

static struct json_object *queues_json(const struct seki_snapshot *s,
				       const struct seki_programs *programs)
{
	struct json_object *queues = json_object_new_array();

	for (uint32_t i = 0; i < s->n_queues; i++) {
		const struct seki_queue_stats *stats = &s->queues[i].stats;
		struct json_object *queue = json_object_new_object();

		add_text(queue, "port", s->queues[i].port);
		add_u64(queue, "queue", s->queues[i].number);
		add_u64(queue, "worker", s->queues[i].worker);
		add_text(queue, "program", programs->at[s->queues[i].program].loaded.name);
		add_u64(queue, "packets", stats->packets);
		add_u64(queue, "passed", stats->passed);
		add_u64(queue, "dropped", stats->dropped);
		add_u64(queue, "redirected", stats->redirected);
		add_u64(queue, "rewritten", stats->rewritten);
		add_u64(queue, "more", stats->more);
		add_u64(queue, "bad", stats->bad);
		add_u64(queue, "parked", s->queues[i].parked);
		add_u64(queue, "waited", stats->waited);
		json_object_array_add(queues, queue);
	}
	return queues;
}

static void add_site(struct json_object *sites, const char *port, const char *source, uint64_t line,
		     uint64_t count)
{
	struct json_object *site = json_object_new_object();

	if (*port)
		add_text(site, "port", port);
	add_text(site, "source", source);
	add_u64(site, "line", line);
	add_u64(site, "count", count);
	json_object_array_add(sites, site);
}

static struct json_object *sites_json(const struct seki_snapshot *s,
				      const struct seki_programs *programs)
{
	struct json_object *sites = json_object_new_array();

	for (uint32_t p = 0; p < SEKI_PROGRAMS; p++) {
		const struct seki_program *program = &programs->at[p];
		const struct seki_snapshot_sites *of = &s->sites[p];

		if (p && !program->used)
			continue;
		for (uint32_t i = 0; i < of->n; i++)
			add_site(sites, program->port, program->loaded.source, of->at[i].line,
				 of->at[i].count);
		if (of->other)
			add_site(sites, program->port, "other", 0, of->other);
	}
	return sites;
}

static struct json_object *reasons_json(const struct seki_snapshot *s)
{
	struct json_object *reasons = json_object_new_object();

	for (unsigned int i = 0; i < SEKI_DROP_COUNT; i++)
		add_u64(reasons, seki_drop_text((enum seki_drop)i), s->drops[i]);
	return reasons;
}

static void add_ipv4(struct json_object *to, const struct seki_dropped *d)
{
	char text[INET_ADDRSTRLEN];

	add_text(to, "saddr", inet_ntop(AF_INET, d->saddr, text, sizeof(text)));
	add_text(to, "daddr", inet_ntop(AF_INET, d->daddr, text, sizeof(text)));
	add_u64(to, "protocol", d->proto);
	if (!d->ports)
		return;
	if (d->proto == 1) {
		add_u64(to, "icmp_type", d->sport);
		add_u64(to, "icmp_code", d->dport);
	} else {
		add_u64(to, "sport", d->sport);
		add_u64(to, "dport", d->dport);
	}
}

/* Port of a queue by its number in this P4 VM; the queue may be gone by now. */
static const char *port_name(const struct seki_snapshot *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n_queues; i++) {
		if (s->queues[i].id == id)
			return s->queues[i].port;
	}
	return "";
}

static struct json_object *last_json(const struct seki_snapshot *s)
{
	struct json_object *last = json_object_new_array();

	for (uint32_t i = 0; i < s->n_last; i++) {
		const struct seki_dropped *d = &s->last[i];
		struct json_object *dropped = json_object_new_object();
		char ether[8];

		add_time(dropped, "time", d->real_ns);
		add_text(dropped, "port", port_name(s, d->queue));
		add_text(dropped, "from", d->in_port == SEKI_PORT_VM ? "vm" : "net");
		add_text(dropped, "reason", seki_drop_text((enum seki_drop)d->drop));
		add_u64(dropped, "line", d->line);
		if (d->ether) {
			snprintf(ether, sizeof(ether), "0x%04x", d->ether);
			add_text(dropped, "ether", ether);
		}
		if (d->ip == 4)
			add_ipv4(dropped, d);
		json_object_array_add(last, dropped);
	}
	return last;
}

static struct json_object *facts_json(const struct seki_snapshot *s, uint64_t wait_ns)
{
	struct json_object *facts = json_object_new_object();

	json_object_object_add(facts, "fresh", json_object_new_boolean(s->fresh));
	json_object_object_add(facts, "heartbeat_age_ms",
			       s->facts.heartbeat_age_ms == UINT64_MAX
				       ? NULL
				       : json_object_new_uint64(s->facts.heartbeat_age_ms));
	add_u64(facts, "flows", s->facts.flows);
	add_u64(facts, "opened", s->facts.opened);
	add_u64(facts, "bad_seal", s->facts.bad_seal);
	add_u64(facts, "rolled_back", s->facts.rolled_back);
	add_u64(facts, "stale", s->facts.stale);
	add_u64(facts, "torn", s->facts.torn);
	add_u64(facts, "withheld", s->facts.withheld);
	add_u64(facts, "sessions", s->facts.sessions);
	add_u64(facts, "wait_ms", wait_ns / 1000000u);
	return facts;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t uptime_s(const struct seki_server *server)
{
	return (clock_ns(CLOCK_MONOTONIC) - server->start_ns) / 1000000000u;
}

static struct json_object *limits_json(struct seki_server *server)
{
	struct json_object *limits = json_object_new_object();

	add_u64(limits, "insns", server->programs.max_insns);
	add_u64(limits, "map_bytes", server->programs.max_map_bytes);
	if (server->millicpus) {
		json_object_object_add(limits, "cpus",
				       json_object_new_double(server->millicpus / 1000.0));
		add_text(limits, "cpus_by", "the workers' own count of their CPU time");
		add_u64(limits, "held_ms", seki_budget_held(&server->budget) / 1000000u);
	}
	return limits;
}

static const char *sandbox_text(const struct seki_server *server)
{
	if (server->seat)
		return "none: inside the switch";
	return server->guest_sandbox ? server->guest_sandbox : seki_sandbox_text(server->sandbox);
}

static struct json_object *build(struct seki_server *server, const struct seki_snapshot *s)
{
	struct json_object *root = json_object_new_object();
	struct json_object *errors = json_object_new_object();
	const struct seki_programs *programs = &server->programs;

	add_text(root, "name", server->name);
	add_u64(root, "pid", (uint64_t)server->pid);
	add_u64(root, "uid", server->uid);
	add_u64(root, "uptime_s", uptime_s(server));
	/* Inside the switch, the process's is mostly not its own. */
	if (!server->seat)
		add_u64(root, "cpu_ns", clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	add_text(root, "isolation", server->seat ? "inline" : server->in_guest ? "vm" : "process");
	add_text(root, "sandbox", sandbox_text(server));
	json_object_object_add(root, "program", program_json(&programs->at[0].loaded));
	add_text(root, "no_program", server->pass ? "pass" : "drop");
	json_object_object_add(root, "ports", ports_json(programs));
	add_u64(root, "workers", programs->n_workers);
	json_object_object_add(root, "limits", limits_json(server));
	json_object_object_add(root, "queues", queues_json(s, programs));
	add_u64(root, "instructions", s->insns);
	json_object_object_add(root, "drops", reasons_json(s));
	json_object_object_add(root, "sites", sites_json(s, programs));
	json_object_object_add(root, "last_drops", last_json(s));
	json_object_object_add(root, "facts",
			       server->facts[0] ? facts_json(s, server->wait_ns) : NULL);
	add_u64(errors, "loads", server->load_errors);
	add_u64(errors, "control", server->control_errors);
	add_u64(errors, "attach", server->attach_errors);
	json_object_object_add(root, "errors", errors);
	add_u64(root, "loads", server->loads);
	return root;
}

char *seki_status_json(struct seki_server *server)
{
	struct seki_snapshot *s = seki_snapshot_take(server->workers, server->programs.n_workers);
	struct json_object *root;
	const char *text;
	char *copy;

	if (!s)
		return NULL;
	root = build(server, s);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
	copy = text ? strdup(text) : NULL;
	json_object_put(root);
	free(s);
	return copy;
}

void seki_status_prepare(void)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "key", "value");
	json_object_put(object);
}
