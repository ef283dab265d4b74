/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets in flight of a queue, by slot and by age. In a header, as all of it is on the packet path:
 * for queue.c only.
 */
#ifndef SEKI_HOST_OVS_FLIGHT_H
#define SEKI_HOST_OVS_FLIGHT_H

#include "host/ovs/queue.h"

static inline uint32_t slot_number(const struct seki_queue *q, const struct seki_slot *s)
{
	return (uint32_t)(s - q->slots);
}

static inline bool stands(const struct seki_queue *q, uint32_t age)
{
	const struct seki_slot *s = &q->slots[q->ages.slot[age % SEKI_AGES]];

	return s->packet && s->age == age;
}

/* The oldest packet in flight, or NULL. */
static inline struct seki_slot *oldest(struct seki_queue *q)
{
	struct seki_ages *ages = &q->ages;

	while (ages->first != ages->next && !stands(q, ages->first))
		ages->first++;
	if (ages->first == ages->next)
		return NULL;
	return &q->slots[ages->slot[ages->first % SEKI_AGES]];
}

/* Leaves out what came back: at least three in four. */
static inline void squeeze(struct seki_queue *q)
{
	struct seki_ages *ages = &q->ages;
	uint32_t kept = ages->first;

	for (uint32_t age = ages->first; age != ages->next; age++) {
		uint16_t number = ages->slot[age % SEKI_AGES];

		if (!stands(q, age))
			continue;
		q->slots[number].age = kept;
		ages->slot[kept++ % SEKI_AGES] = number;
	}
	ages->next = kept;
}

/* Gives a packet that is not in flight yet its place, as the newest. */
static inline void hold(struct seki_queue *q, struct seki_slot *s, uint32_t number)
{
	struct seki_ages *ages = &q->ages;

	if (ages->next - ages->first == SEKI_AGES)
		squeeze(q);
	s->age = ages->next++;
	ages->slot[s->age % SEKI_AGES] = (uint16_t)number;
}

/* To be counted: see now_held(). */
static inline void let_go(struct seki_queue *q, struct seki_slot *s)
{
	s->packet = NULL;
	s->again = false;
	seki_slots_give(&q->free, slot_number(q, s), s->run);
}

/* After packets were held, or let go. */
static inline void now_held(struct seki_queue *q, uint32_t more, uint32_t less)
{
	q->in_flight += more - less;
	*q->held += more - less;
	SEKI_PUT(q->stats.in_flight, q->in_flight);
}

/* Moves a packet to another run, with its place among the others. */
static inline struct seki_slot *move(struct seki_queue *q, struct seki_slot *from, uint32_t number,
				     uint32_t run)
{
	struct seki_slot *to = &q->slots[number];
	uint32_t generation = to->generation;

	*to = *from;
	to->generation = generation;
	to->run = (uint8_t)run;
	q->ages.slot[to->age % SEKI_AGES] = (uint16_t)number;
	let_go(q, from);
	return to;
}

#endif
