// SPDX-License-Identifier: Apache-2.0
#include "p4vm/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

static void add_site(struct seki_snapshot_sites *sites, const struct seki_drop_site *site)
{
	for (uint32_t i = 0; i < sites->n; i++) {
		if (sites->at[i].line == site->line) {
			sites->at[i].count += site->count;
			return;
		}
	}
	if (sites->n == SEKI_ENGINE_SITES)
		sites->other += site->count;
	else
		sites->at[sites->n++] = *site;
}

/* Keeps the newest of all, in order. */
static void add_dropped(struct seki_snapshot *s, const struct seki_dropped *dropped)
{
	uint32_t at = s->n_last;

	while (at && s->last[at - 1].real_ns > dropped->real_ns)
		at--;
	if (s->n_last < SEKI_ENGINE_LAST) {
		memmove(&s->last[at + 1], &s->last[at], (s->n_last - at) * sizeof(s->last[0]));
		s->last[at] = *dropped;
		s->n_last++;
	} else if (at) {
		memmove(&s->last[0], &s->last[1], (at - 1) * sizeof(s->last[0]));
		s->last[at - 1] = *dropped;
	}
}

static void add_engine(struct seki_snapshot *s, uint32_t program,
		       const struct seki_engine_stats *stats)
{
	uint64_t n = seki_min(stats->n_last, SEKI_ENGINE_LAST);

	s->insns += stats->insns;
	for (uint32_t i = 0; i < SEKI_DROP_COUNT; i++)
		s->drops[i] += stats->drops[i];
	for (uint32_t i = 0; i < stats->n_sites; i++)
		add_site(&s->sites[program], &stats->sites[i]);
	s->sites[program].other += stats->other_sites;
	for (uint64_t i = stats->n_last - n; i < stats->n_last; i++)
		add_dropped(s, &stats->last[i % SEKI_ENGINE_LAST]);
}

static void add_queue(struct seki_snapshot *s, const struct seki_worker *worker,
		      const struct seki_queue *queue)
{
	struct seki_snapshot_queue *out = &s->queues[s->n_queues++];

	memcpy(out->port, queue->port, sizeof(out->port));
	out->number = queue->number;
	out->id = queue->id;
	out->worker = worker->number;
	out->program = queue->program;
	out->parked = queue->n_parked;
	out->stats = queue->stats;
}

static void do_add(struct seki_worker *worker, void *arg)
{
	struct seki_snapshot *s = arg;
	const struct seki_engine *engine = &worker->engine;

	for (uint32_t i = 0; i < SEKI_PROGRAMS; i++) {
		if (worker->engines[i])
			add_engine(s, i, &worker->engines[i]->stats);
	}
	for (uint32_t i = 0; i < worker->n_queues; i++)
		add_queue(s, worker, worker->queues[i]);
	if (engine->facts && worker->number == 0) {
		seki_vminfo_stats(engine->facts, engine->boot_ns, &s->facts);
		s->fresh = seki_vminfo_fresh(engine->facts, engine->boot_ns);
	}
}

struct seki_snapshot *seki_snapshot_take(struct seki_worker *workers, uint32_t n)
{
	struct seki_snapshot *s = calloc(1, sizeof(*s));

	for (uint32_t i = 0; s && i < n; i++)
		seki_worker_call(&workers[i], do_add, s);
	return s;
}
