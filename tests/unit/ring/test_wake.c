// SPDX-License-Identifier: Apache-2.0
/*
 * No wake-up is lost: every interleaving of a producer and a sleeper, under the memory model of
 * x86 (stores wait in a buffer, loads pass them), with the words and the order of core/ring.
 *
 *   producer  publish tail; fence; look at armed: wake if it is an arming not woken yet
 *   sleeper   take what is there; arm; fence; look at tail: sleep if there is nothing to take
 *
 * The model is checked too: without either fence it must find a schedule that loses a wake-up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/ring/ring_words.h"

#define ROUNDS 3	  /* packets that the producer publishes */
#define SEEN   (1u << 20) /* places for the states met */

enum { TAIL, ARMED, WORDS };

/* A processor: one store may wait in its buffer. */
struct cpu {
	bool waiting;
	int word;
	uint32_t value;
	int step;
};

struct world {
	uint32_t memory[WORDS];
	struct cpu producer, sleeper;
	uint32_t published, woken; /* producer's */
	uint32_t taken, arms;	   /* sleeper's */
	bool asleep, signalled;
};

struct model {
	bool producer_fence, sleeper_fence;
	unsigned lost;
	unsigned ends;
	unsigned states;
	struct world *seen; /* SEEN places, open addressing; an empty one is all zeros */
};

/* Remembers a state. Returns whether it is new. No state is all zeros: arms starts at 1. */
static bool remember(struct model *m, const struct world *w)
{
	static const struct world empty;
	const uint8_t *bytes = (const uint8_t *)w;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < sizeof(*w); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	for (uint32_t at = hash % SEEN;; at = (at + 1) % SEEN) {
		if (!memcmp(&m->seen[at], w, sizeof(*w)))
			return false;
		if (memcmp(&m->seen[at], &empty, sizeof(*w)))
			continue;
		memcpy(&m->seen[at], w, sizeof(*w));
		assert_true(++m->states < SEEN / 2);
		return true;
	}
}

static void drain(struct world *w, struct cpu *c)
{
	if (c->waiting)
		w->memory[c->word] = c->value;
	c->waiting = false;
}

static void store(struct world *w, struct cpu *c, int word, uint32_t value)
{
	drain(w, c);
	c->waiting = true;
	c->word = word;
	c->value = value;
}

/* A load sees its own processor's store first. */
static uint32_t load(const struct world *w, const struct cpu *c, int word)
{
	return c->waiting && c->word == word ? c->value : w->memory[word];
}

static void produce(const struct model *m, struct world *w)
{
	struct cpu *c = &w->producer;

	switch (c->step) {
	case 0:
		store(w, c, TAIL, ++w->published);
		c->step = 1;
		break;
	case 1:
		if (m->producer_fence)
			drain(w, c);
		c->step = 2;
		break;
	case 2:
		if (seki_ring_wake_due(load(w, c, ARMED), &w->woken))
			w->signalled = true;
		c->step = 0;
		break;
	}
}

static void sleep_or_take(const struct model *m, struct world *w)
{
	struct cpu *c = &w->sleeper;

	switch (c->step) {
	case 0: /* awake: take all */
		w->taken = load(w, c, TAIL);
		c->step = 1;
		break;
	case 1:
		store(w, c, ARMED, seki_ring_next_arm(&w->arms));
		c->step = 2;
		break;
	case 2:
		if (m->sleeper_fence)
			drain(w, c);
		c->step = 3;
		break;
	case 3:
		w->asleep = load(w, c, TAIL) == w->taken;
		c->step = w->asleep ? 4 : 0;
		break;
	case 4: /* woken */
		w->asleep = w->signalled = false;
		store(w, c, ARMED, 0);
		c->step = 0;
		break;
	}
}

static void explore(struct model *m, const struct world *w)
{
	bool producer_runs = w->published < ROUNDS || w->producer.step != 0;
	bool sleeper_runs = !w->asleep || w->signalled;
	struct world next;

	if (!remember(m, w))
		return;
	if (producer_runs) {
		memcpy(&next, w, sizeof(next));
		produce(m, &next);
		explore(m, &next);
	}
	if (w->producer.waiting) {
		memcpy(&next, w, sizeof(next));
		drain(&next, &next.producer);
		explore(m, &next);
	}
	if (w->sleeper.waiting) {
		memcpy(&next, w, sizeof(next));
		drain(&next, &next.sleeper);
		explore(m, &next);
	}
	/* A sleeper that goes round for nothing learns nothing: cut there. */
	if (sleeper_runs && w->arms < ROUNDS + 2) {
		memcpy(&next, w, sizeof(next));
		sleep_or_take(m, &next);
		explore(m, &next);
	}
	if (!producer_runs && !sleeper_runs && !w->producer.waiting && !w->sleeper.waiting) {
		m->ends++;
		m->lost += w->taken != w->published;
	}
}

static unsigned lost(bool producer_fence, bool sleeper_fence)
{
	struct model m = {.producer_fence = producer_fence, .sleeper_fence = sleeper_fence};
	struct world w;

	memset(&w, 0, sizeof(w));
	w.arms = 1;
	m.seen = calloc(SEEN, sizeof(*m.seen));
	assert_non_null(m.seen);
	explore(&m, &w);
	free(m.seen);
	assert_true(m.ends > 0);
	return m.lost;
}

static void no_wake_up_is_lost(void **state)
{
	(void)state;
	assert_int_equal(lost(true, true), 0);
}

static void the_model_finds_a_missing_fence(void **state)
{
	(void)state;
	assert_true(lost(false, true) > 0);
	assert_true(lost(true, false) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(the_model_finds_a_missing_fence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
