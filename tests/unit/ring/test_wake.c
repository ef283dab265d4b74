// SPDX-License-Identifier: Apache-2.0
/*
 * No wake-up is lost: the functions of core/ring themselves, compiled in here on a memory of our own,
 * under every interleaving of a switch and a P4 VM that hand packets to and fro and sleep, each on a
 * processor as the x86 memory model has it: stores wait in a queue until they are drained in order, a
 * load sees its own processor's first, a fence drains all.
 *
 * Each end is a coroutine that stops before each access to a shared word and each sleep. A schedule is a
 * list of choices: which end goes on to its next access, or whose oldest store is drained. Schedules
 * are tried depth first, each from the start; one that comes to a state that was met before ends there.
 * What an end does next follows from what it has read, so a state is the memory, the stores that wait, the
 * signals, and a hash of all that each end has read.
 *
 * The model is checked too: with either end's fences taken away it must find a schedule after which
 * both sleep though there is work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ucontext.h>

#define SEKI_CORE_BASE_SHARED_H /* these stand for the functions of core/base/shared.h */
static uint32_t seki_load_acquire(const uint32_t *word);
static void seki_store_release(uint32_t *word, uint32_t value);
static void seki_fence(void);

#define header header_of_switch
#define peer   peer_of_switch
#include "core/ring/ring_switch.c"
#undef header
#undef peer
#define header header_of_p4vm
#define peer   peer_of_p4vm
#include "core/ring/ring_p4vm.c"
#undef header
#undef peer

#define ENDS	2
#define BUFFER	4
#define STEPS	400
#define STACK	(64u << 10)
#define PLACES	(1u << 22) /* for the states met */
#define HEADERS (2 * sizeof(struct seki_switch_header))

enum { SWITCH, P4VM };

struct store {
	uint32_t *word;
	uint32_t value;
};

struct end {
	ucontext_t context;
	struct store stores[BUFFER];
	uint32_t n_stores;
	uint64_t history; /* hash of what it has read and done */
	bool signalled;	  /* a wake-up is there */
	bool asleep;
	bool done;
	bool fences;
};

static struct {
	struct end ends[ENDS];
	ucontext_t explorer;
	uint32_t running;
	uint32_t packets, window; /* to hand over, and at a time */
	struct seki_ring_switch sw;
	struct seki_ring_p4vm vm;
	uint8_t stacks[ENDS][STACK];

	uint64_t *seen; /* hashes of states, PLACES of them; 0: free */
	uint32_t states, finished, lost;
} m;

static _Alignas(4096) uint8_t switch_region[SEKI_RING_REGION_BYTES];
static _Alignas(4096) uint8_t p4vm_region[SEKI_RING_REGION_BYTES];

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* The end stops here until it is its turn. */
static struct end *stop(void)
{
	struct end *e = &m.ends[m.running];

	swapcontext(&e->context, &m.explorer);
	return e;
}

static void drain(struct end *e)
{
	*e->stores[0].word = e->stores[0].value;
	e->n_stores--;
	memmove(e->stores, e->stores + 1, e->n_stores * sizeof(e->stores[0]));
}

static uint32_t seki_load_acquire(const uint32_t *word)
{
	struct end *e = stop();
	uint32_t value = *word;

	for (uint32_t i = 0; i < e->n_stores; i++) {
		if (e->stores[i].word == word)
			value = e->stores[i].value;
	}
	e->history = mix(e->history, value);
	return value;
}

static void seki_store_release(uint32_t *word, uint32_t value)
{
	struct end *e = stop();

	if (e->n_stores == BUFFER)
		drain(e);
	e->stores[e->n_stores++] = (struct store){word, value};
	e->history = mix(e->history, 1);
}

static void seki_fence(void)
{
	struct end *e = stop();

	while (e->fences && e->n_stores)
		drain(e);
	e->history = mix(e->history, 2);
}

static void signal_end(uint32_t which)
{
	struct end *e = stop();

	m.ends[which].signalled = true;
	e->history = mix(e->history, 3);
}

static void sleep_until_signalled(void)
{
	struct end *e = stop();

	if (!e->signalled) {
		e->asleep = true;
		stop(); /* its turn comes once it is signalled */
		e->asleep = false;
	}
	e->history = mix(e->history, 4);
}

static void clear_signal(void)
{
	struct end *e = stop();

	e->history = mix(e->history, e->signalled);
	e->signalled = false;
}

/* As host/ovs/queue.c: submit, poll, and sleep where there was nothing to do; fenced only with the next poll. */
static void run_switch(void)
{
	struct seki_completion got[4];
	uint32_t sent = 0, back = 0;
	bool unsure = false;

	while (back < m.packets) {
		uint32_t before = sent + back;

		if (unsure && seki_ring_switch_wake_needed(&m.sw))
			signal_end(P4VM);
		unsure = false;

		if (sent < m.packets && sent - back < m.window) {
			const struct seki_submission sub = {.slot = (uint16_t)sent, .len = 60};

			seki_ring_switch_submit(&m.sw, &sub, 1);
			sent++;
			unsure = true;
			if (seki_ring_switch_wake_seen(&m.sw))
				signal_end(P4VM);
		}
		back += (uint32_t)seki_ring_switch_take(&m.sw, got, 4);
		if (sent + back != before)
			continue;
		if (seki_ring_switch_arm(&m.sw))
			sleep_until_signalled();
		seki_ring_switch_disarm(&m.sw);
		clear_signal();
	}
	m.ends[SWITCH].done = true;
	for (;;)
		stop();
}

/* As p4vm/worker.c: a batch, an answer, and sleep where there was nothing to do. */
static void run_p4vm(void)
{
	struct seki_submission got[4];
	uint32_t answered = 0;

	while (answered < m.packets) {
		uint32_t n = (uint32_t)seki_ring_p4vm_take(&m.vm, got, 4, NULL, NULL);

		for (uint32_t i = 0; i < n; i++, answered++) {
			const struct seki_completion c = {.slot = got[i].slot};

			seki_ring_p4vm_answer(&m.vm, &c, 1);
		}
		if (n && seki_ring_p4vm_wake_needed(&m.vm))
			signal_end(SWITCH);
		if (n)
			continue;
		if (seki_ring_p4vm_arm(&m.vm))
			sleep_until_signalled();
		clear_signal();
		seki_ring_p4vm_disarm(&m.vm);
	}
	m.ends[P4VM].done = true;
	for (;;)
		stop();
}

static void go_on(uint32_t which)
{
	m.running = which;
	swapcontext(&m.explorer, &m.ends[which].context);
}

static void start(uint32_t which, void (*run)(void))
{
	struct end *e = &m.ends[which];
	bool fences = e->fences;

	memset(e, 0, sizeof(*e));
	e->fences = fences;
	getcontext(&e->context);
	e->context.uc_stack.ss_sp = m.stacks[which];
	e->context.uc_stack.ss_size = STACK;
	makecontext(&e->context, run, 0);
}

static void start_both(void)
{
	memset(switch_region, 0, SEKI_RING_SLOT_OFFSET);
	memset(p4vm_region, 0, SEKI_RING_SLOT_OFFSET);
	((struct seki_p4vm_header *)(void *)p4vm_region)->magic = SEKI_RING_MAGIC;
	seki_ring_switch_init(&m.sw, switch_region, p4vm_region);
	m.vm = (struct seki_ring_p4vm){.theirs = switch_region, .mine = p4vm_region};
	start(SWITCH, run_switch);
	start(P4VM, run_p4vm);
	go_on(SWITCH); /* to the first access */
	go_on(P4VM);
}

/* Whose turn it can be: the ends, then their stores. */
static bool possible(uint32_t choice)
{
	const struct end *e = &m.ends[choice % ENDS];

	if (choice >= ENDS)
		return e->n_stores > 0;
	return !e->done && (!e->asleep || e->signalled);
}

static void take(uint32_t choice)
{
	if (choice < ENDS)
		go_on(choice);
	else
		drain(&m.ends[choice - ENDS]);
}

static uint64_t state(void)
{
	uint64_t hash = 1;

	for (uint32_t i = 0; i < sizeof(struct seki_switch_header); i += 4) {
		hash = mix(hash, *(uint32_t *)(void *)(switch_region + i));
		hash = mix(hash, *(uint32_t *)(void *)(p4vm_region + i));
	}
	for (uint32_t i = 0; i < ENDS; i++) {
		const struct end *e = &m.ends[i];

		hash = mix(hash, e->history);
		hash = mix(hash, (uint64_t)e->n_stores << 3 | e->signalled << 2 | e->asleep << 1 |
					 e->done);
		for (uint32_t j = 0; j < e->n_stores; j++)
			hash = mix(hash, (uintptr_t)e->stores[j].word ^ (uint64_t)e->stores[j].value
										<< 32);
	}
	return hash ? hash : 1;
}

/* Returns whether the present state is new, and remembers it. */
static bool remember(void)
{
	uint64_t hash = state();
	uint32_t at = hash % PLACES;

	for (; m.seen[at]; at = (at + 1) % PLACES) {
		if (m.seen[at] == hash)
			return false;
	}
	m.seen[at] = hash;
	assert_true(++m.states < PLACES / 2);
	return true;
}

/* The first choice from `from` on that is possible; 2 * ENDS: none. */
static uint32_t next_choice(uint32_t from)
{
	while (from < 2 * ENDS && !possible(from))
		from++;
	return from;
}

/* All schedules. From a state where nothing is possible both must have done their work. */
static void explore(void)
{
	static uint8_t path[STEPS];
	uint32_t depth = 0, choice;

	start_both();
	remember();
	choice = next_choice(0);
	for (;;) {
		if (choice < 2 * ENDS) {
			assert_true(depth < STEPS);
			path[depth++] = (uint8_t)choice;
			take(choice);
			choice = remember() ? next_choice(0) : 2 * ENDS;
			if (choice == 2 * ENDS && next_choice(0) == 2 * ENDS) {
				m.finished++;
				m.lost += !m.ends[SWITCH].done || !m.ends[P4VM].done;
			}
			continue;
		}
		if (!depth)
			return;
		depth--;
		start_both();
		for (uint32_t i = 0; i < depth; i++)
			take(path[i]);
		choice = next_choice(path[depth] + 1u);
	}
}

static uint32_t lost(uint32_t packets, uint32_t window, bool switch_fences, bool p4vm_fences)
{
	memset(&m, 0, sizeof(m));
	m.seen = calloc(PLACES, sizeof(*m.seen));
	assert_non_null(m.seen);
	m.packets = packets;
	m.window = window;
	m.ends[SWITCH].fences = switch_fences;
	m.ends[P4VM].fences = p4vm_fences;
	explore();
	free(m.seen);
	assert_true(m.finished > 0);
	print_message("%u packets, %u at a time: %u states, %u lost\n", packets, window, m.states,
		      m.lost);
	return m.lost;
}

static void no_wake_up_is_lost(void **state_)
{
	(void)state_;
	assert_int_equal(lost(1, 1, true, true), 0);
	assert_int_equal(lost(2, 1, true, true), 0);
	assert_int_equal(lost(2, 2, true, true), 0);
}

static void the_model_finds_a_missing_fence(void **state_)
{
	(void)state_;
	assert_true(lost(2, 2, false, true) > 0);
	assert_true(lost(2, 2, true, false) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(the_model_finds_a_missing_fence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
