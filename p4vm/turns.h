/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of its queues a worker looks into. Most have nothing most of the time, and whoever looks into all of
 * them for each batch pays for every port, not for every packet. So queues that had packets lately are
 * warm, and each of these has a turn of one batch in every round; of the others only the index is looked at that their
 * switch publishes, kept here side by side, and no more of these than the round's packets are worth; of all, where
 * there were none. So nobody waits for longer than a round or two for each few queues that there are, however
 * much the others send.
 */
#ifndef SEKI_P4VM_TURNS_H
#define SEKI_P4VM_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/shared.h"

#define SEKI_TURNS_MAX 512u

struct seki_turn {
	const uint32_t *tail; /* in shared memory: submissions published so far */
	uint32_t head;	      /* taken so far */
	uint8_t vain;	      /* turns in a row that brought nothing */
	bool waiting;	      /* it has packets that wait for a fact */
	bool armed;	      /* since it was last found empty before a sleep */
};

struct seki_turns {
	uint32_t n;
	uint32_t next;			    /* whose index is looked at next */
	uint32_t packets;		    /* of the last round */
	uint64_t warm[SEKI_TURNS_MAX / 64]; /* a bit each */
	struct seki_turn at[SEKI_TURNS_MAX];
};

/* As number n, warm: its packets are looked for at once. n < SEKI_TURNS_MAX. */
void seki_turns_add(struct seki_turns *t, const uint32_t *tail);

/* The last one gets its number. */
void seki_turns_remove(struct seki_turns *t, uint32_t i);

/* Before a round: warms queues where something came. */
void seki_turns_look(struct seki_turns *t);

/* The warm one with the highest number below `below`, or SEKI_TURNS_MAX. */
uint32_t seki_turns_next(const struct seki_turns *t, uint32_t below);

/* Has it something to do in this turn? Where it has not for long, it is warm no more. */
bool seki_turns_due(struct seki_turns *t, uint32_t i);

/* There is something to take. */
static inline bool seki_turn_ready(const struct seki_turn *turn)
{
	return seki_load_acquire(turn->tail) != turn->head;
}

#endif
