/* SPDX-License-Identifier: Apache-2.0 */
/* ovs-appctl sekisho/show: what the hook does, for people and as JSON. */
#include <config.h>
#include "sekisho-private.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"

static void put(struct json *object, const char *name, uint64_t value)
{
	json_object_put(object, name, json_integer_create(value));
}

/* Reasons that did not occur are left out. */
static struct json *reasons_json(const uint64_t counts[SEKI_REASONS])
{
	struct json *object = json_object_create();

	for (int i = 0; i < SEKI_REASONS; i++) {
		if (counts[i])
			put(object, seki_hook_reason_name(i), counts[i]);
	}
	return object;
}

static struct json *counts_json(const struct seki_hook_counts *counts)
{
	struct json *object = json_object_create();

	put(object, "packets", counts->packets);
	put(object, "passed", counts->passed);
	put(object, "redirected", counts->redirected);
	put(object, "rewritten", counts->rewritten);
	put(object, "cloned", counts->cloned);
	put(object, "clones_lost", counts->clones_lost);
	json_object_put(object, "dropped", reasons_json(counts->dropped));
	json_object_put(object, "bypassed", reasons_json(counts->bypassed));
	return object;
}

/* Of packets, where batches were sampled: see struct seki_hook_times. */
static struct json *times_json(const struct seki_hook_times *times)
{
	struct json *object = json_object_create();

	put(object, "samples", times->samples);
	if (times->samples && times->packets) {
		put(object, "hand_off_ns", times->hand_off_ns * 16 / times->packets);
		put(object, "program_ns", times->program_ns * 16 / times->packets);
		put(object, "return_ns", times->return_ns * 16 / times->packets);
		json_object_put(object, "batch", json_real_create(times->packets / 16.0));
	}
	return object;
}

static struct json *queue_json(const struct seki_hook_stats *stats)
{
	struct json *object = json_object_create();
	char *thread = sekisho_thread_name(stats->key);

	json_object_put_string(object, "thread", thread);
	put(object, "lane", stats->lane);
	json_object_put_string(object, "state", sekisho_state_name(stats->state));
	json_object_put_string(object, "error", stats->error ? ovs_strerror(-stats->error) : "");
	put(object, "in_flight", stats->in_flight);
	json_object_put(object, "from_vm", counts_json(&stats->from[SEKI_PORT_VM]));
	json_object_put(object, "from_network", counts_json(&stats->from[SEKI_PORT_NET]));
	put(object, "more", stats->more);
	put(object, "late", stats->late);
	put(object, "batches", stats->batches);
	put(object, "wakeups_sent", stats->wakeups);
	put(object, "wakeups_taken", stats->woken);
	put(object, "wakeups_idle", stats->idle_woken);
	put(object, "looks_found", stats->lingered);
	put(object, "looks_in_vain", stats->in_vain);
	json_object_put(object, "times", times_json(&stats->times));
	put(object, "sessions", stats->sessions);
	put(object, "lies", stats->lies);
	put(object, "hangs", stats->hangs);
	free(thread);
	return object;
}

static struct json *port_json(const struct sekisho *s)
{
	struct json *object = json_object_create();
	struct json *grants = json_array_create_empty();
	struct json *queues = json_array_create_empty();
	struct seki_hook_config config;
	struct seki_hook_stats stats;

	seki_hook_config(s->hook, &config);
	for (uint32_t i = 0; i < config.grants; i++)
		json_array_add(grants, json_string_create(config.grant[i]));
	for (uint32_t i = 0; i < seki_hook_queues(s->hook); i++) {
		seki_hook_stats(s->hook, i, &stats);
		json_array_add(queues, queue_json(&stats));
	}
	json_object_put_string(object, "port", s->port);
	json_object_put_string(object, "socket", config.socket);
	json_object_put_string(object, "fail", config.fail_open ? "open" : "closed");
	put(object, "inflight", config.inflight);
	put(object, "deadline_ms", config.deadline_ms);
	put(object, "workers", config.workers);
	json_object_put(object, "redirect", grants);
	json_object_put(object, "queues", queues);
	return object;
}

static void put_reasons(struct ds *ds, const char *what, const uint64_t counts[SEKI_REASONS])
{
	const char *before = what;

	for (int i = 0; i < SEKI_REASONS; i++) {
		if (counts[i]) {
			ds_put_format(ds, "%s%s %" PRIu64, before, seki_hook_reason_name(i),
				      counts[i]);
			before = ", ";
		}
	}
}

static void put_counts(struct ds *ds, const char *from, const struct seki_hook_counts *counts)
{
	ds_put_format(ds,
		      "    from the %s: packets %" PRIu64 ", passed %" PRIu64
		      ", redirected %" PRIu64 ", rewritten %" PRIu64,
		      from, counts->packets, counts->passed, counts->redirected, counts->rewritten);
	if (counts->cloned || counts->clones_lost)
		ds_put_format(ds, ", cloned %" PRIu64 " (lost %" PRIu64 ")", counts->cloned,
			      counts->clones_lost);
	put_reasons(ds, "; dropped: ", counts->dropped);
	put_reasons(ds, "; passed unjudged: ", counts->bypassed);
	ds_put_char(ds, '\n');
}

static void put_times(struct ds *ds, const struct seki_hook_times *times)
{
	if (!times->samples || !times->packets)
		return;
	ds_put_format(ds,
		      "    a packet takes: hand-off %" PRIu64 " ns, program %" PRIu64
		      " ns, return %" PRIu64 " ns, in batches of %.1f\n",
		      times->hand_off_ns * 16 / times->packets,
		      times->program_ns * 16 / times->packets,
		      times->return_ns * 16 / times->packets, times->packets / 16.0);
}

static void put_queue(struct ds *ds, const struct seki_hook_stats *stats)
{
	char *thread = sekisho_thread_name(stats->key);

	ds_put_format(ds, "  thread %s", thread);
	if (stats->lane)
		ds_put_format(ds, " lane %" PRIu32, stats->lane);
	ds_put_format(ds, ": %s", sekisho_state_name(stats->state));
	if (stats->state == SEKI_QUEUE_DOWN && stats->error)
		ds_put_format(ds, " (%s)", ovs_strerror(-stats->error));
	ds_put_format(ds, ", in flight %" PRIu32 "\n", stats->in_flight);
	put_counts(ds, "VM", &stats->from[SEKI_PORT_VM]);
	put_counts(ds, "network", &stats->from[SEKI_PORT_NET]);
	ds_put_format(ds,
		      "    batches %" PRIu64 ", second looks %" PRIu64 ", late answers %" PRIu64
		      ", wake-ups sent %" PRIu64 ", taken %" PRIu64 " (for nothing %" PRIu64 ")\n",
		      stats->batches, stats->more, stats->late, stats->wakeups, stats->woken,
		      stats->idle_woken);
	put_times(ds, &stats->times);
	ds_put_format(ds,
		      "    sessions %" PRIu64 ", ended as the P4 VM lied %" PRIu64
		      ", or hung %" PRIu64 "\n",
		      stats->sessions, stats->lies, stats->hangs);
	free(thread);
}

static void put_port(struct ds *ds, const struct sekisho *s)
{
	struct seki_hook_config config;
	struct seki_hook_stats stats;

	seki_hook_config(s->hook, &config);
	ds_put_format(ds, "%s: P4 VM %s, fail=%s, at most %" PRIu32 " in flight for %" PRIu32 " ms",
		      s->port, config.socket[0] ? config.socket : "removed",
		      config.fail_open ? "open" : "closed", config.inflight, config.deadline_ms);
	for (uint32_t i = 0; i < config.grants; i++)
		ds_put_format(ds, "%s%s", i ? "," : ", redirect to ", config.grant[i]);
	ds_put_char(ds, '\n');
	for (uint32_t i = 0; i < seki_hook_queues(s->hook); i++) {
		seki_hook_stats(s->hook, i, &stats);
		put_queue(ds, &stats);
	}
}

/* Counts the ports shown. */
static size_t show_ports(const char *wanted, struct ds *ds, struct json *array)
{
	const struct sekisho *s;
	size_t n = 0;

	ovs_mutex_lock(&sekisho_mutex);
	LIST_FOR_EACH (s, node, &sekisho_list) {
		if (wanted && strcmp(wanted, s->port))
			continue;
		put_port(ds, s);
		json_array_add(array, port_json(s));
		n++;
	}
	ovs_mutex_unlock(&sekisho_mutex);
	return n;
}

void sekisho_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux OVS_UNUSED)
{
	bool as_json = argc > 1 && !strcmp(argv[1], "--json");
	const char *wanted = argc > 1 + as_json ? argv[1 + as_json] : NULL;
	struct ds ds = DS_EMPTY_INITIALIZER;
	struct json *array = json_array_create_empty();
	struct json *top = json_object_create();

	json_object_put(top, "ports", array);
	if (!show_ports(wanted, &ds, array) && wanted) {
		unixctl_command_reply_error(conn, "no such shielded port");
	} else if (as_json) {
		char *text = json_to_string(top, JSSF_PRETTY | JSSF_SORT);

		unixctl_command_reply(conn, text);
		free(text);
	} else {
		unixctl_command_reply(conn, ds.length ? ds_cstr(&ds) : "no port is shielded\n");
	}
	json_destroy(top);
	ds_destroy(&ds);
}
