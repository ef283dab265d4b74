/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slots of a queue are free: a bit each. The lowest free slot is given out first, so that a
 * queue with few packets in flight keeps to few slots, which stay in the caches; runs of several
 * are taken from the other end, where they find room. Inside host/ovs only.
 */
#ifndef SEKI_HOST_OVS_SLOTS_H
#define SEKI_HOST_OVS_SLOTS_H

#include <stdint.h>

#include "core/ring/ring.h"

#define SEKI_SLOT_NONE	SEKI_RING_ENTRIES
#define SEKI_SLOT_WORDS (SEKI_RING_ENTRIES / 64u)

struct seki_slots {
	uint32_t words; /* a bit for each word that is not 0 */
	uint64_t free[SEKI_SLOT_WORDS];
};

static inline void seki_slots_init(struct seki_slots *s)
{
	s->words = (1u << SEKI_SLOT_WORDS) - 1;
	for (uint32_t i = 0; i < SEKI_SLOT_WORDS; i++)
		s->free[i] = UINT64_MAX;
}

static inline uint32_t seki_slots_take_one(struct seki_slots *s)
{
	uint32_t word, bit;

	if (!s->words)
		return SEKI_SLOT_NONE;
	word = (uint32_t)__builtin_ctz(s->words);
	bit = (uint32_t)__builtin_ctzll(s->free[word]);
	s->free[word] &= s->free[word] - 1;
	if (!s->free[word])
		s->words &= ~(1u << word);
	return word * 64 + bit;
}

/* Up to n single slots, the lowest first; returns how many. */
static inline uint32_t seki_slots_take_singles(struct seki_slots *s, uint32_t n, uint16_t *out)
{
	uint32_t got = 0;

	while (got < n && s->words) {
		uint32_t word = (uint32_t)__builtin_ctz(s->words);
		uint64_t bits = s->free[word];

		for (; bits && got < n; bits &= bits - 1)
			out[got++] = (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(bits));
		s->free[word] = bits;
		if (!bits)
			s->words &= ~(1u << word);
	}
	return got;
}

/* The highest `run` slots in a row, or SEKI_SLOT_NONE. */
static inline uint32_t seki_slots_take_run(struct seki_slots *s, uint32_t run)
{
	uint32_t got = 0;

	for (uint32_t i = SEKI_RING_ENTRIES; i-- > 0;) {
		got = s->free[i / 64] >> i % 64 & 1 ? got + 1 : 0;
		if (got < run)
			continue;
		for (uint32_t j = i; j < i + run; j++) {
			s->free[j / 64] &= ~(1ull << j % 64);
			if (!s->free[j / 64])
				s->words &= ~(1u << j / 64);
		}
		return i;
	}
	return SEKI_SLOT_NONE;
}

/* The first of `run` slots in a row, run > 0, or SEKI_SLOT_NONE. */
static inline uint32_t seki_slots_take(struct seki_slots *s, uint32_t run)
{
	return run == 1 ? seki_slots_take_one(s) : seki_slots_take_run(s, run);
}

static inline void seki_slots_give(struct seki_slots *s, uint32_t first, uint32_t run)
{
	for (uint32_t i = first; i < first + run; i++) {
		s->free[i / 64] |= 1ull << i % 64;
		s->words |= 1u << i / 64;
	}
}

_Static_assert(SEKI_RING_ENTRIES % 64 == 0 && SEKI_SLOT_WORDS <= 32, "a bit each");

#endif
