/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a batch, and of the packets that wait for a fact. Every submission is answered once:
 * no more are taken than can be answered together with the parked ones.
 */
#include "p4vm/queue.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/guest.h"
#include "core/base/check.h"
#include "core/ring/flow.h"
#include "lib/sys/probe.h"

/* The longest headers of which a flow is made out. */
#define FLOW_BYTES 128u

void seki_queue_count(struct seki_queue *queue, const struct seki_submission *sub,
		      const struct seki_completion *cpl)
{
	struct seki_queue_stats *stats = &queue->stats;
	const uint32_t verdict = cpl->verdict & SEKI_VERDICT_MASK;

	if (verdict == SEKI_VERDICT_MORE) {
		stats->more++;
		return; /* it comes again and is counted then */
	}
	stats->packets++;
	if (verdict == SEKI_VERDICT_DROP) {
		stats->dropped++;
		return;
	}
	if (verdict == SEKI_VERDICT_PASS)
		stats->passed++;
	else
		stats->redirected++;
	if (cpl->head_out || cpl->head_in || cpl->len != sub->len)
		stats->rewritten++;
}

/* 0 and a completion, or -EAGAIN. */
static int decide(struct seki_queue *q, struct seki_engine *engine,
		  const struct seki_submission *sub, bool may_wait, struct seki_completion *out)
{
	struct seki_packet packet = {.sub = sub,
				     .bytes = seki_ring_p4vm_packet(&q->ring, sub),
				     .queue = q->id,
				     .may_wait = may_wait};
	int err = seki_engine_run(engine, &packet, out);

	if (err)
		return err;
	if (out->head_out)
		memcpy(seki_ring_p4vm_head(&q->ring, sub->slot, out->head_out), engine->head,
		       out->head_out);
	seki_queue_count(q, sub, out);
	return 0;
}

static void wake_switch(const struct seki_queue *q)
{
	const uint64_t one = 1;

	if (q->doorbell)
		*(volatile uint32_t *)((uint8_t *)q->doorbell + SEKI_GUEST_DOORBELL) = q->rings;
	/* A full eventfd means that the switch has been woken often enough. */
	else if (write(q->wake, &one, sizeof(one)) < 0)
		return;
}

static void answer(struct seki_queue *q, const struct seki_completion *cpls, uint32_t n)
{
	if (!n)
		return;
	seki_ring_p4vm_answer(&q->ring, cpls, n);
	SEKI_PROBE(answer, q->port, q->number, n);
	if (seki_ring_p4vm_wake_needed(&q->ring))
		wake_switch(q);
}

/* The bytes may change meanwhile; then it is the switch that misorders its own packets. */
static uint32_t flow_of(const struct seki_queue *q, const struct seki_submission *sub)
{
	uint8_t head[FLOW_BYTES];
	uint32_t len = (uint32_t)seki_min(sub->copied, sizeof(head));

	memcpy(head, seki_ring_p4vm_packet(&q->ring, sub), len);
	return seki_flow_hash(head, len) << 1 | (sub->in_port & 1u);
}

static bool flow_is_in(const struct seki_parked *parked, uint32_t n, uint32_t flow)
{
	for (uint32_t i = 0; i < n; i++) {
		if (parked[i].flow == flow)
			return true;
	}
	return false;
}

static void park(struct seki_queue *q, const struct seki_submission *sub, uint32_t flow, bool ran,
		 uint64_t boot_ns)
{
	q->parked[q->n_parked++] = (struct seki_parked){
		.sub = *sub, .flow = flow, .ran = ran, .until_ns = boot_ns + q->wait_ns};
	q->stats.waited++;
	SEKI_PROBE(park, q->port, q->number, flow, ran);
}

static bool overlap(const struct seki_submission *a, const struct seki_submission *b)
{
	return a->slot < b->slot + seki_ring_run(b->copied) &&
	       b->slot < a->slot + seki_ring_run(a->copied);
}

/*
 * Where a run holds another packet by now, the switch has given up the one that is parked: it must
 * not run on the other's bytes, nor put a head over the other's. Returns how many were answered.
 */
static uint32_t answer_outdated(struct seki_queue *q, const struct seki_submission *fresh,
				struct seki_completion *out)
{
	uint32_t kept = 0, done = 0;

	for (uint32_t i = 0; i < q->n_parked; i++) {
		const struct seki_submission sub = q->parked[i].sub;

		if (!overlap(&sub, fresh)) {
			q->parked[kept++] = q->parked[i];
			continue;
		}
		out[done] = (struct seki_completion){.slot = sub.slot,
						     .generation = sub.generation,
						     .verdict = SEKI_VERDICT_DROP};
		seki_queue_count(q, &sub, &out[done++]);
	}
	q->n_parked = kept;
	return done;
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Decides at once on what is parked of a flow. Returns how many were answered. */
static uint32_t wait_no_longer(struct seki_queue *q, struct seki_engine *engine, uint32_t flow,
			       struct seki_completion *out)
{
	uint32_t kept = 0, done = 0;

	for (uint32_t i = 0; i < q->n_parked; i++) {
		const struct seki_parked parked = q->parked[i];

		if (parked.flow == flow && decide(q, engine, &parked.sub, false, &out[done]) == 0)
			done++;
		else
			q->parked[kept++] = parked;
	}
	q->n_parked = kept;
	return done;
}

/* A packet that came now. Returns how many were answered, others that were parked included. */
static uint32_t handle(struct seki_queue *q, struct seki_engine *engine,
		       const struct seki_submission *sub, struct seki_completion *out)
{
	bool full = q->n_parked == SEKI_QUEUE_PARKED;
	uint32_t done = 0, flow = 0;

	if (q->n_parked) {
		done = answer_outdated(q, sub, out);
		flow = flow_of(q, sub);
		if (flow_is_in(q->parked, q->n_parked, flow)) {
			if (!full) {
				park(q, sub, flow, false, engine->boot_ns);
				return done;
			}
			done += wait_no_longer(q, engine, flow, &out[done]);
		}
	} else if (q->wait_ns == 0) {
		return decide(q, engine, sub, false, out) == 0;
	}
	if (decide(q, engine, sub, q->wait_ns && !full, &out[done]) == 0)
		return done + 1;
	park(q, sub, q->n_parked ? flow : flow_of(q, sub), true, engine->boot_ns);
	return done;
}

/*
 * Lines that were read go where the switch gets them sooner, if there is time for it: not while more waits, where the
 * switch is the one that waits.
 */
static void give_back(const struct seki_queue *q, const struct seki_submission *subs, int n)
{
	if (seki_ring_p4vm_tail(&q->ring) != q->ring.sub_head)
		return;
	for (int i = 0; i < n; i++)
		seki_ring_p4vm_done(&q->ring, &subs[i]);
}

int seki_queue_step(struct seki_queue *queue, struct seki_engine *engine)
{
	struct seki_submission subs[SEKI_BATCH_MAX];
	struct seki_completion cpls[SEKI_QUEUE_PARKED + SEKI_BATCH_MAX];
	uint32_t room = seki_ring_p4vm_room(&queue->ring, queue->n_parked + SEKI_BATCH_MAX);
	uint64_t taken_ns = 0;
	uint32_t done = 0;
	bool sampled;
	int n;

	room -= (uint32_t)seki_min(room, queue->n_parked);
	if (!room)
		return 0;
	n = seki_ring_p4vm_take(&queue->ring, subs, (uint32_t)seki_min(room, SEKI_BATCH_MAX),
				&queue->stats.bad, &sampled);
	if (n > 0)
		SEKI_PROBE(take, queue->port, queue->number, n);
	if (n > 0 && sampled)
		taken_ns = clock_ns();
	/* Each is in another processor's cache: fetched at once, not one after the other. */
	for (int i = 0; i < n; i++)
		__builtin_prefetch(seki_ring_p4vm_packet(&queue->ring, &subs[i]));
	for (int i = 0; i < n; i++)
		done += handle(queue, engine, &subs[i], &cpls[done]);
	if (taken_ns)
		seki_ring_p4vm_report(&queue->ring, taken_ns, clock_ns());
	answer(queue, cpls, done);
	give_back(queue, subs, n);
	return n;
}

uint32_t seki_queue_retry(struct seki_queue *queue, struct seki_engine *engine, bool changed)
{
	struct seki_completion cpls[SEKI_QUEUE_PARKED];
	/* A lying switch can take back room that was there when the packet was parked. */
	uint32_t room = seki_ring_p4vm_room(&queue->ring, queue->n_parked);
	uint32_t done = 0, kept = 0;

	for (uint32_t i = 0; i < queue->n_parked; i++) {
		struct seki_parked parked = queue->parked[i];
		bool due = engine->boot_ns >= parked.until_ns;

		if ((due || changed || !parked.ran) && done < room &&
		    !flow_is_in(queue->parked, kept, parked.flow)) {
			SEKI_PROBE(retry, queue->port, queue->number, parked.flow, due);
			if (decide(queue, engine, &parked.sub, !due, &cpls[done]) == 0) {
				done++;
				continue;
			}
			parked.ran = true;
		}
		queue->parked[kept++] = parked;
	}
	queue->n_parked = kept;
	answer(queue, cpls, done);
	return done;
}
