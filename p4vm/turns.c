// SPDX-License-Identifier: Apache-2.0
#include "p4vm/turns.h"

#include "core/base/check.h"

/* So many turns in vain are one too many. */
#define VAIN_MAX 8u

/* Of how many others the index is looked at: 3 ns each, where a packet takes 20 or more. */
#define LOOKS_MIN	2u
#define PACKETS_TO_LOOK 2u

static void warm(struct seki_turns *t, uint32_t i)
{
	t->warm[i / 64] |= 1ull << i % 64;
	t->at[i].vain = 0;
}

static void cool(struct seki_turns *t, uint32_t i)
{
	t->warm[i / 64] &= ~(1ull << i % 64);
}

static bool is_warm(const struct seki_turns *t, uint32_t i)
{
	return t->warm[i / 64] >> i % 64 & 1;
}

void seki_turns_add(struct seki_turns *t, const uint32_t *tail)
{
	uint32_t i = t->n++;

	t->at[i] = (struct seki_turn){.tail = tail};
	warm(t, i);
}

void seki_turns_remove(struct seki_turns *t, uint32_t i)
{
	uint32_t last = --t->n;

	t->at[i] = t->at[last];
	if (is_warm(t, last))
		warm(t, i);
	else
		cool(t, i);
	cool(t, last);
}

void seki_turns_look(struct seki_turns *t)
{
	uint32_t looks = t->n;

	if (t->packets)
		looks = (uint32_t)seki_min(looks, LOOKS_MIN + t->packets / PACKETS_TO_LOOK);
	for (uint32_t i = 0; i < looks; i++) {
		if (t->next >= t->n)
			t->next = 0;
		if (seki_turn_ready(&t->at[t->next]) && !is_warm(t, t->next))
			warm(t, t->next);
		t->next++;
	}
}

uint32_t seki_turns_next(const struct seki_turns *t, uint32_t below)
{
	uint64_t mask = below % 64 ? (1ull << below % 64) - 1 : UINT64_MAX;

	for (uint32_t word = (below + 63) / 64; word-- > 0; mask = UINT64_MAX) {
		uint64_t bits = t->warm[word] & mask;

		if (bits)
			return word * 64 + 63 - (uint32_t)__builtin_clzll(bits);
	}
	return SEKI_TURNS_MAX;
}

bool seki_turns_due(struct seki_turns *t, uint32_t i)
{
	struct seki_turn *turn = &t->at[i];

	if (turn->waiting || seki_turn_ready(turn)) {
		turn->vain = 0;
		return true;
	}
	if (++turn->vain == VAIN_MAX)
		cool(t, i);
	return false;
}

_Static_assert(SEKI_TURNS_MAX % 64 == 0, "a bit each");
