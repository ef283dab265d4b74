// SPDX-License-Identifier: Apache-2.0
/*
 * A datapath thread's lanes to the P4 VM: queues of which each can have a worker of its own there.
 *
 * Packets are spread by flow, so that those of one flow stay in order: a flow falls into one of
 * BUCKETS buckets by its hash, and a bucket has a lane. A bucket changes lanes (the operator changed
 * their number, or one came or went) only while none of its packets is in flight. Whatever was
 * submitted before there were several lanes is on lane 0 and in no bucket: until it is back, no
 * bucket leaves lane 0.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/ring/flow.h"
#include "host/ovs/queue.h"

#define BUCKETS	 SEKI_HOOK_BUCKETS
#define UNTAGGED 0 /* tag of a packet in no bucket; of one that is: number of the bucket, plus 1 */

_Static_assert(BUCKETS < UINT8_MAX, "a tag is a byte");

void seki_lanes_init(struct seki_lanes *l, struct seki_hook *hook, struct seki_queue *first)
{
	memset(l, 0, sizeof(*l));
	l->hook = hook;
	l->key = first->stats.key;
	l->queues[0] = first;
	l->n = 1;
	first->held = &l->held;
}

static bool is_up(const struct seki_lanes *l, uint32_t lane)
{
	return l->queues[lane]->session && l->queues[lane]->stats.state == SEKI_QUEUE_UP;
}

/* Where a bucket is to go: its lane by number, or another where that one is not there. */
static uint32_t choose(const struct seki_lanes *l, uint32_t bucket, uint32_t wanted)
{
	uint32_t lane = bucket % wanted;

	for (uint32_t i = 0; i < wanted; i++, lane = (lane + 1) % wanted) {
		if (is_up(l, lane))
			return lane;
	}
	return 0;
}

/* The lane of a bucket, which changes only here. */
static uint32_t lane_of(struct seki_lanes *l, uint32_t bucket, uint32_t wanted)
{
	uint32_t lane;

	if (l->in_flight[bucket])
		return l->lane[bucket];
	lane = l->untagged ? 0 : choose(l, bucket, wanted);
	l->away += (lane != 0) - (l->lane[bucket] != 0);
	l->lane[bucket] = (uint8_t)lane;
	return lane;
}

/*
 * Lanes that packets may be spread over: as many as the operator wants, if there is memory. A P4 VM inside
 * the switch has no use for more than one.
 */
static uint32_t make_lanes(struct seki_lanes *l)
{
	uint32_t wanted = SEKI_GET(l->hook->inlined) ? 1 : SEKI_GET(l->hook->workers);

	while (l->n < wanted) {
		struct seki_queue *q = seki_hook_queue(l->hook, l->key, l->n);

		if (!q)
			break;
		q->held = &l->held;
		l->queues[l->n++] = q;
	}
	return (uint32_t)seki_min(wanted, l->n);
}

struct part {
	struct seki_hook_packet packets[SEKI_BATCH_MAX];
	uint8_t from[SEKI_BATCH_MAX]; /* index in the batch */
	uint32_t n;
};

static uint32_t submit_part(struct seki_lanes *l, uint32_t lane, uint32_t in_port, uint64_t now_ns,
			    const struct part *part, enum seki_fate *fates)
{
	enum seki_fate mine[SEKI_BATCH_MAX];
	uint32_t held = seki_queue_submit(l->queues[lane], in_port, now_ns, part->packets, part->n,
					  mine);

	for (uint32_t i = 0; i < part->n; i++) {
		fates[part->from[i]] = mine[i];
		/* Counted before it was handed over. */
		l->in_flight[part->packets[i].tag - 1] -= mine[i] != SEKI_FATE_HELD;
	}
	return held;
}

static uint32_t spread(struct seki_lanes *l, uint32_t wanted, uint32_t in_port, uint64_t now_ns,
		       const struct seki_hook_packet *packets, uint32_t n, enum seki_fate *fates)
{
	uint8_t lanes[SEKI_BATCH_MAX], tags[SEKI_BATCH_MAX];
	uint32_t held = 0;
	struct part part;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t bucket = seki_flow_hash(packets[i].data, packets[i].len) % BUCKETS;

		lanes[i] = (uint8_t)lane_of(l, bucket, wanted);
		tags[i] = (uint8_t)(bucket + 1);
		l->in_flight[bucket]++;
	}
	for (uint32_t lane = 0; lane < l->n; lane++) {
		part.n = 0;
		for (uint32_t i = 0; i < n; i++) {
			if (lanes[i] != lane)
				continue;
			part.packets[part.n] = packets[i];
			part.packets[part.n].tag = tags[i];
			part.from[part.n++] = (uint8_t)i;
		}
		if (part.n)
			held += submit_part(l, lane, in_port, now_ns, &part, fates);
	}
	return held;
}

uint32_t seki_lanes_submit(struct seki_lanes *l, uint32_t in_port, uint64_t now_ns,
			   const struct seki_hook_packet *packets, uint32_t n,
			   enum seki_fate *fates)
{
	uint32_t wanted = make_lanes(l), held;

	if (wanted > 1 || l->away)
		return spread(l, wanted, in_port, now_ns, packets, n, fates);
	held = seki_queue_submit(l->queues[0], in_port, now_ns, packets, n, fates);
	l->untagged += held;
	return held;
}

static uint32_t poll_lane(struct seki_lanes *l, uint32_t lane, uint64_t now_ns,
			  struct seki_outcome *out, uint32_t max)
{
	uint32_t n = seki_queue_poll(l->queues[lane], now_ns, out, max);

	for (uint32_t i = 0; i < n; i++) {
		out[i].lane = (uint8_t)lane;
		if (out[i].tag == UNTAGGED)
			l->untagged--;
		else
			l->in_flight[out[i].tag - 1]--;
	}
	return n;
}

/* Beginning with another lane each time: `max` is for all of them. */
static uint32_t poll_all(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max)
{
	uint32_t count = 0;

	l->first = (l->first + 1) % l->n;
	for (uint32_t i = 0; i < l->n && count < max; i++)
		count += poll_lane(l, (l->first + i) % l->n, now_ns, &out[count], max - count);
	return count;
}

uint32_t seki_lanes_poll(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			 uint32_t max)
{
	uint32_t wanted = make_lanes(l);
	uint32_t n = seki_inlined_poll(l, now_ns, out, max);

	for (uint32_t i = 0; i < l->n; i++) {
		if (i < wanted)
			seki_queue_join(l->queues[i]);
		else if (!l->queues[i]->in_flight)
			seki_queue_leave(l->queues[i]);
	}
	if (l->n == 1)
		return n + poll_lane(l, 0, now_ns, &out[n], max - n);
	return n + poll_all(l, now_ns, &out[n], max - n);
}

uint32_t seki_lanes_leave(struct seki_lanes *l, uint64_t now_ns, struct seki_outcome *out,
			  uint32_t max)
{
	uint32_t n = seki_inlined_leave(l, out, max);

	for (uint32_t i = 0; i < l->n; i++)
		seki_queue_leave(l->queues[i]);
	return n + poll_all(l, now_ns, &out[n], max - n);
}

void seki_lanes_give_up(struct seki_lanes *l, const struct seki_outcome *outcome,
			enum seki_hook_reason why)
{
	seki_queue_give_up(l->queues[outcome->lane], outcome, why);
}

void seki_lanes_refuse(struct seki_lanes *l, uint32_t in_port, enum seki_hook_reason why)
{
	struct seki_hook_counts *counts = &l->queues[0]->stats.from[in_port];

	seki_count(&counts->packets, 1);
	seki_count(&counts->dropped[why], 1);
}

void seki_lanes_lose_clone(struct seki_lanes *l, const struct seki_outcome *outcome)
{
	seki_queue_lose_clone(l->queues[outcome->lane], outcome);
}

/* One lane's time at most. */
bool seki_lanes_linger(struct seki_lanes *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (l->queues[i]->fresh)
			return seki_queue_linger(l->queues[i]);
	}
	return false;
}

uint32_t seki_lanes_sleep(struct seki_lanes *l, uint64_t now_ns,
			  struct seki_sleep out[SEKI_HOOK_LANES])
{
	for (uint32_t i = 0; i < l->n; i++)
		seki_queue_sleep(l->queues[i], now_ns, &out[i]);
	seki_inlined_sleep(l, &out[0]);
	return l->n;
}
