// SPDX-License-Identifier: Apache-2.0
/* A shielded port: its settings, and its queues, one a datapath thread. See hook.h. */
#include "host/ovs/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const reason_names[] = {
	[SEKI_REASON_DOWN] = "down",	     [SEKI_REASON_UNRESPONSIVE] = "unresponsive",
	[SEKI_REASON_DEADLINE] = "deadline", [SEKI_REASON_FULL] = "full",
	[SEKI_REASON_LENGTH] = "length",     [SEKI_REASON_REMOVED] = "removed",
	[SEKI_REASON_VERDICT] = "verdict",   [SEKI_REASON_BAD_VERDICT] = "bad_verdict",
	[SEKI_REASON_BAD_PORT] = "bad_port", [SEKI_REASON_OFFLOAD] = "offload",
	[SEKI_REASON_SOURCE] = "source",
};

_Static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == SEKI_REASONS, "a name each");

const char *seki_hook_reason_name(enum seki_hook_reason reason)
{
	return reason_names[reason];
}

/*
 * With the connector's lock held. Switching off leaves the policy as it is, for what is still in
 * flight.
 */
static void apply(struct seki_hook *hook, const struct seki_hook_config *config)
{
	SEKI_PUT(hook->off, !config->socket[0]);
	if (!config->socket[0]) {
		hook->config.socket[0] = 0;
		return;
	}
	hook->config = *config;
	SEKI_PUT(hook->inlined, seki_inlined_name(config->socket) != NULL);
	SEKI_PUT(hook->fail_open, config->fail_open);
	SEKI_PUT(hook->inflight, config->inflight);
	SEKI_PUT(hook->workers, config->workers);
	SEKI_PUT(hook->deadline_ns, config->deadline_ms * 1000000ull);
	SEKI_PUT(hook->grants, config->grants);
	for (uint32_t i = 0; i < config->sources; i++)
		SEKI_PUT(hook->source[i], config->source[i]);
	SEKI_PUT(hook->sources, config->sources);
}

bool seki_hook_any_source(const struct seki_hook *hook)
{
	return !SEKI_GET(hook->sources);
}

bool seki_hook_may_send(const struct seki_hook *hook, const uint8_t *frame)
{
	uint32_t n = SEKI_GET(hook->sources);
	uint64_t source = 0;

	for (int i = 6; i < 12; i++)
		source = source << 8 | frame[i];
	for (uint32_t i = 0; i < n; i++) {
		if (SEKI_GET(hook->source[i]) == source)
			return true;
	}
	return !n;
}

int seki_hook_create(struct seki_connector *connector, const char *port,
		     const struct seki_hook_config *config, void (*drop)(void *packet),
		     struct seki_hook **out)
{
	struct seki_hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return -ENOMEM;
	hook->connector = connector;
	hook->drop = drop;
	strncpy(hook->port, port, sizeof(hook->port) - 1);
	apply(hook, config);
	*out = hook;
	return 0;
}

static void destroy_queue(struct seki_hook *hook, struct seki_queue *q)
{
	seki_connector_lock(hook->connector);
	seki_connector_remove(hook->connector, q);
	seki_connector_unlock(hook->connector);
	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++) {
		if (q->slots[i].packet)
			hook->drop(q->slots[i].packet);
	}
	free(q);
}

void seki_hook_destroy(struct seki_hook *hook)
{
	if (!hook)
		return;
	for (uint32_t i = 0; i < hook->thread_count; i++) {
		seki_inlined_exit(&hook->threads[i]->inlined, hook->drop);
		free(hook->threads[i]);
	}
	for (uint32_t i = 0; i < hook->queue_count; i++)
		destroy_queue(hook, hook->queues[i]);
	free(hook);
}

void seki_hook_configure(struct seki_hook *hook, const struct seki_hook_config *config)
{
	bool moved;

	seki_connector_lock(hook->connector);
	moved = config->socket[0] && strcmp(config->socket, hook->config.socket) != 0;
	apply(hook, config);
	if (moved)
		SEKI_PUT(hook->moves, hook->moves + 1);
	for (uint32_t i = 0; moved && i < hook->queue_count; i++)
		seki_connector_redirect(hook->queues[i]);
	seki_connector_unlock(hook->connector);
	seki_connector_kick(hook->connector);
}

void seki_hook_config(struct seki_hook *hook, struct seki_hook_config *out)
{
	seki_connector_lock(hook->connector);
	*out = hook->config;
	seki_connector_unlock(hook->connector);
}

bool seki_hook_off(const struct seki_hook *hook)
{
	return SEKI_GET(hook->off);
}

bool seki_hook_drained(const struct seki_hook *hook)
{
	if (!seki_hook_off(hook))
		return false;
	for (uint32_t i = 0; i < seki_hook_queues(hook); i++) {
		if (SEKI_GET(hook->queues[i]->stats.in_flight))
			return false;
	}
	for (uint32_t i = 0; i < SEKI_GET(hook->thread_count); i++) {
		if (SEKI_GET(hook->threads[i]->inlined.n_deferred))
			return false;
	}
	return true;
}

bool seki_hook_grant(struct seki_hook *hook, uint32_t port, char name[SEKI_HOOK_NAME])
{
	uint32_t i = port - SEKI_PORT_GRANTED;
	bool granted;

	seki_connector_lock(hook->connector);
	granted = port >= SEKI_PORT_GRANTED && i < hook->config.grants;
	if (granted)
		memcpy(name, hook->config.grant[i], SEKI_HOOK_NAME);
	seki_connector_unlock(hook->connector);
	return granted;
}

uint32_t seki_hook_queues(const struct seki_hook *hook)
{
	return SEKI_GET(hook->queue_count);
}

static struct seki_queue *add_queue(struct seki_hook *hook, uint32_t key, uint32_t lane)
{
	struct seki_queue *q = NULL;

	seki_connector_lock(hook->connector);
	if (hook->queue_count < SEKI_HOOK_QUEUES)
		q = aligned_alloc(_Alignof(struct seki_queue), sizeof(*q));
	if (q) {
		seki_queue_init(q, hook, key, hook->queue_count);
		q->stats.lane = lane;
		hook->queues[hook->queue_count] = q;
		SEKI_PUT(hook->queue_count, hook->queue_count + 1);
		seki_connector_add(hook->connector, q);
	}
	seki_connector_unlock(hook->connector);
	return q;
}

struct seki_queue *seki_hook_queue(struct seki_hook *hook, uint32_t key, uint32_t lane)
{
	uint32_t n = seki_hook_queues(hook);

	for (uint32_t i = 0; i < n; i++) {
		struct seki_queue *q = hook->queues[i];

		if (q->stats.key == key && q->stats.lane == lane)
			return q;
	}
	return add_queue(hook, key, lane);
}

/* With no more of them than queues, there is always room. */
static struct seki_lanes *add_lanes(struct seki_hook *hook, uint32_t key)
{
	struct seki_queue *first = seki_hook_queue(hook, key, 0);
	struct seki_lanes *l = first ? malloc(sizeof(*l)) : NULL;

	if (!l)
		return NULL;
	seki_lanes_init(l, hook, first);
	seki_connector_lock(hook->connector);
	hook->threads[hook->thread_count] = l;
	SEKI_PUT(hook->thread_count, hook->thread_count + 1);
	seki_connector_unlock(hook->connector);
	return l;
}

struct seki_lanes *seki_hook_lanes(struct seki_hook *hook, uint32_t key)
{
	uint32_t n = SEKI_GET(hook->thread_count);

	for (uint32_t i = 0; i < n; i++) {
		struct seki_lanes *l = hook->threads[i];

		if (l->key == key)
			return l;
	}
	return add_lanes(hook, key);
}

#define COPY(field) out->field = __atomic_load_n(&s->field, __ATOMIC_RELAXED)

static void copy_counts(const struct seki_hook_counts *s, struct seki_hook_counts *out)
{
	COPY(packets);
	COPY(passed);
	COPY(redirected);
	COPY(rewritten);
	COPY(cloned);
	COPY(clones_lost);
	for (int i = 0; i < SEKI_REASONS; i++) {
		COPY(dropped[i]);
		COPY(bypassed[i]);
	}
}

void seki_hook_stats(const struct seki_hook *hook, uint32_t i, struct seki_hook_stats *out)
{
	const struct seki_queue *q = hook->queues[i];
	const struct seki_hook_stats *s = &q->stats;

	out->key = s->key;
	out->lane = s->lane;
	COPY(state);
	out->error = SEKI_GET(q->link.error);
	COPY(in_flight);
	copy_counts(&s->from[0], &out->from[0]);
	copy_counts(&s->from[1], &out->from[1]);
	COPY(more);
	COPY(late);
	COPY(batches);
	COPY(wakeups);
	COPY(woken);
	COPY(lingered);
	COPY(in_vain);
	COPY(idle_woken);
	COPY(sessions);
	COPY(lies);
	COPY(hangs);
	COPY(times.samples);
	COPY(times.packets);
	COPY(times.hand_off_ns);
	COPY(times.program_ns);
	COPY(times.return_ns);
}
