/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. The thread goes round its queues (p4vm/turns.h), one batch each, for as long as packets
 * come; no system call is made meanwhile but a look at the sockets once in a while. When nothing
 * comes it looks on for a while (core/ring/spin.h), letting other threads of its processor run between two
 * looks, then arms every queue (which has the switch send a wake-up) and sleeps in epoll. A queue stays armed until
 * something came in it, so that who wakes up and sleeps again for one of many does nothing to the others. Facts
 * are polled before each round; while asleep, at the rate of their heartbeats, so that no old one can be
 * passed off as new after a long sleep; and every millisecond while a packet waits for one.
 */
#include "p4vm/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/probe.h"
#include "p4vm/attach.h"
#include "p4vm/budget.h"

/* Rounds with packets between two looks at the sockets. */
#define BUSY_ROUNDS 64u

/* Longest that a worker which has used up its share waits before it looks whether it is called. */
#define HOLD_MAX_MS 5u

/* What the events of the sockets say: an interrupt, a call, or from there on the number of a queue. */
enum { EVENT_BELL, EVENT_CALL, EVENT_QUEUE };

/* What looking on costs at most: after more than `few` packets sleeping is cheap for each. */
#define SPIN_FEW     4u
#define SPIN_MANY_NS 20000u
#define SPIN_SHARE   8u /* one in so many of all time may be spent looking in vain */

static struct epoll_event event_of(uint32_t index)
{
	return (struct epoll_event){.events = EPOLLIN, .data.u32 = EVENT_QUEUE + index};
}

/* The last queue gets its number. */
static void close_queue(struct seki_worker *w, uint32_t index, const char *why)
{
	struct seki_queue *queue = w->queues[index], *last = w->queues[--w->n_queues];
	struct epoll_event event = event_of(index);

	seki_log("port %s queue %u: detached: %s", queue->port, queue->number, why);
	SEKI_PROBE(detach, queue->port, queue->number, queue->stats.packets);
	seki_turns_remove(&w->turns, index);
	w->queues[index] = last;
	/* Cannot fail: it is there. */
	if (last != queue)
		epoll_ctl(w->epoll, EPOLL_CTL_MOD, last->conn, &event);
	seki_attach_close(queue);
}

void seki_worker_answer(struct seki_worker *worker)
{
	seki_worker_fn fn = __atomic_load_n(&worker->fn, __ATOMIC_ACQUIRE);

	if (!fn)
		return;
	fn(worker, worker->arg);
	__atomic_store_n(&worker->fn, NULL, __ATOMIC_RELAXED);
	sem_post(&worker->done);
}

/*
 * Reads one wake-up; false: the switch is gone. An honest switch sends one for each time it finds
 * the queue armed, so there rarely is a second, and epoll would say so.
 */
static bool drain(struct seki_queue *queue)
{
	char byte;
	ssize_t n = recv(queue->conn, &byte, 1, MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/*
 * A switch sends one wake-up for an arming, also for packets that were taken before it came: whether or not
 * it brings any, there is no other before the queue is armed anew.
 */
static void disarm(struct seki_worker *w, uint32_t index)
{
	if (w->turns.at[index].armed)
		seki_ring_p4vm_disarm(&w->queues[index]->ring);
	w->turns.at[index].armed = false;
}

/* An event of a queue that got another number since is one in vain, and comes again. */
static void look_at_queue(struct seki_worker *w, uint32_t index)
{
	if (index >= w->n_queues)
		return;
	disarm(w, index);
	if (!drain(w->queues[index]))
		close_queue(w, index, "the switch closed it");
}

/* The call itself is found by seki_worker_answer(). */
static void clear_call_event(struct seki_worker *w)
{
	uint64_t count;

	while (read(w->call_event, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* UIO hands out a count of interrupts, of whichever queues; the packets themselves are found by the next round. */
static void clear_bell(struct seki_worker *w)
{
	int32_t count;

	for (uint32_t i = 0; i < w->n_queues; i++)
		disarm(w, i);
	while (read(w->bell, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static void look_at_sockets(struct seki_worker *w, int timeout_ms)
{
	struct epoll_event events[64];
	int n = epoll_wait(w->epoll, events, 64, timeout_ms);

	for (int i = 0; i < n; i++) {
		if (events[i].data.u32 == EVENT_BELL)
			clear_bell(w);
		else if (events[i].data.u32 == EVENT_CALL)
			clear_call_event(w);
		else
			look_at_queue(w, events[i].data.u32 - EVENT_QUEUE);
	}
}

bool seki_worker_refresh(struct seki_worker *worker)
{
	bool changed = seki_engine_refresh(&worker->engine);

	for (uint32_t i = 1; i < SEKI_PROGRAMS && worker->engines[i]; i++) {
		worker->engines[i]->boot_ns = worker->engine.boot_ns;
		worker->engines[i]->real_ns = worker->engine.real_ns;
	}
	return changed;
}

/* A batch of a queue. How many packets were handled, or negative errno. */
static int take_turn(struct seki_worker *w, uint32_t index, bool changed)
{
	struct seki_queue *queue = w->queues[index];
	struct seki_engine *engine = w->engines[queue->program];
	struct seki_turn *turn = &w->turns.at[index];
	uint32_t retried = 0;
	int n;

	if (seki_turn_ready(turn))
		disarm(w, index);
	if (queue->n_parked)
		retried = seki_queue_retry(queue, engine, changed);
	n = seki_queue_step(queue, engine);
	turn->head = queue->ring.sub_head;
	turn->waiting = queue->n_parked > 0;
	return n < 0 ? n : n + (int)retried;
}

/* The highest number first: who closes one gives its number to one that had its turn. */
uint32_t seki_worker_round(struct seki_worker *w, bool *parked)
{
	bool changed = seki_worker_refresh(w);
	uint32_t work = 0;

	*parked = false;
	seki_turns_look(&w->turns);
	for (uint32_t i = SEKI_TURNS_MAX; (i = seki_turns_next(&w->turns, i)) < SEKI_TURNS_MAX;) {
		int n;

		if (!seki_turns_due(&w->turns, i))
			continue;
		n = take_turn(w, i, changed);
		if (n < 0) {
			close_queue(w, i, "it broke the protocol");
			continue;
		}
		work += (uint32_t)n;
		*parked |= w->turns.at[i].waiting;
	}
	w->turns.packets = work;
	return work;
}

/*
 * Returns whether every queue was empty. `stuck`: some were not, time and again, and yet there was
 * nothing to do. Their switch takes no answers or hands over nonsense; an honest one does neither,
 * and for another it will do to look now and then.
 *
 * Who was armed before and not woken since was empty then, and what came since sends a wake-up, which the sockets tell of.
 */
static bool sleep_armed(struct seki_worker *w, bool parked, bool stuck)
{
	int timeout_ms = parked ? 1 : w->engine.facts ? (int)SEKI_VMINFO_HEARTBEAT_MS : -1;
	bool may_sleep = true;

	for (uint32_t i = 0; i < w->n_queues; i++) {
		if (w->turns.at[i].armed)
			continue;
		w->turns.at[i].armed = seki_ring_p4vm_arm(&w->queues[i]->ring);
		if (!w->turns.at[i].armed)
			seki_ring_p4vm_disarm(&w->queues[i]->ring);
		may_sleep &= w->turns.at[i].armed;
	}
	if (!may_sleep)
		timeout_ms = stuck ? 1 : 0;
	look_at_sockets(w, timeout_ms);
	return may_sleep;
}

/* After a round that brought nothing. Returns whether to look again rather than to sleep. */
static bool look_on(struct seki_worker *w, uint32_t last, uint64_t *budget)
{
	uint64_t now = w->engine.boot_ns;

	if (!w->spin.waiting)
		*budget = seki_spin_begin(&w->spin, now, last);
	if (now - w->spin.since_ns >= *budget) {
		if (*budget)
			seki_spin_vain(&w->spin, now);
		*budget = 0;
		return false;
	}
	if (now - w->spin.since_ns < SEKI_SPIN_TIGHT_NS)
		seki_spin_pause();
	else
		sched_yield();
	return true;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * Pays for what was used since the last time. Where the share is used up it waits, for a few ms at most, so that
 * calls get through; packets wait in their rings. True: do nothing else yet.
 */
static bool pay(struct seki_worker *w)
{
	uint64_t used = clock_ns(CLOCK_THREAD_CPUTIME_ID), now = clock_ns(CLOCK_BOOTTIME), wait;

	wait = seki_budget_take(w->budget, used - w->paid_ns, now);
	w->paid_ns = used;
	if (!wait)
		return false;
	poll(NULL, 0, (int)seki_min(wait / 1000000u + 1, HOLD_MAX_MS));
	seki_budget_hold(w->budget, clock_ns(CLOCK_BOOTTIME) - now);
	return true;
}

static void *run(void *arg)
{
	struct seki_worker *w = arg;
	uint64_t budget = 0;
	uint32_t busy = 0, vain = 0, last = 0;
	bool parked;

	while (!w->stop) {
		uint32_t work;

		if (w->budget && pay(w)) {
			seki_worker_answer(w);
			continue;
		}
		work = seki_worker_round(w, &parked);

		if (work) {
			seki_spin_end(&w->spin, w->engine.boot_ns, budget > 0);
			last = work;
			vain = 0;
			if (++busy % BUSY_ROUNDS == 0)
				look_at_sockets(w, 0);
		} else if (!look_on(w, last, &budget)) {
			vain = sleep_armed(w, parked, vain > 2) ? 0 : vain + 1;
		}
		seki_worker_answer(w);
	}
	return NULL;
}

static int open_events(struct seki_worker *w)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = EVENT_CALL};
	struct epoll_event bell = {.events = EPOLLIN, .data.u32 = EVENT_BELL};
	int err;

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		return -errno;
	w->call_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->call_event < 0) {
		err = -errno;
		close(w->epoll);
		return err;
	}
	/* Cannot fail but for memory: the descriptors are new. */
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->call_event, &event) ||
	    (w->bell && epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->bell, &bell))) {
		err = -errno;
		close(w->epoll);
		close(w->call_event);
		return err;
	}
	return 0;
}

int seki_worker_start(struct seki_worker *worker, struct seki_vminfo *facts,
		      void (*print)(void *arg, const char *line))
{
	int err = worker->seat ? 0 : open_events(worker);

	if (err)
		return err;
	seki_engine_init(&worker->engine, facts, print);
	worker->engine.queue = worker->number;
	worker->engine.pass = worker->pass;
	worker->engines[0] = &worker->engine;
	worker->spin_limits = (struct seki_spin_limits){
		.few = SPIN_FEW,
		.few_ns = (uint32_t)worker->spin_ns,
		.many_ns = (uint32_t)seki_min(worker->spin_ns, SPIN_MANY_NS),
		.share = SPIN_SHARE};
	seki_spin_init(&worker->spin, &worker->spin_limits);
	sem_init(&worker->done, 0, 0);
	if (worker->seat)
		return 0;
	err = -pthread_create(&worker->thread, NULL, run, worker);
	if (err) {
		close(worker->epoll);
		close(worker->call_event);
	}
	return err;
}

void seki_worker_call(struct seki_worker *worker, seki_worker_fn fn, void *arg)
{
	const uint64_t one = 1;

	if (worker->seat) {
		worker->seat->call(worker, fn, arg);
		return;
	}
	worker->arg = arg;
	__atomic_store_n(&worker->fn, fn, __ATOMIC_RELEASE);
	/* Cannot fail: the counter is far from its limit of 2^64 - 2. */
	while (write(worker->call_event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	while (sem_wait(&worker->done) && errno == EINTR)
		;
}

int seki_worker_add(struct seki_worker *worker, struct seki_queue *queue)
{
	const struct seki_switch_header *header = queue->switch_region;
	struct epoll_event event = event_of(worker->n_queues);

	if (worker->n_queues == SEKI_WORKER_QUEUES)
		return -ENOSPC;
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, queue->conn, &event))
		return -errno;
	queue->id = worker->next_id++ * SEKI_WORKERS_MAX + worker->number;
	queue->wait_ns = worker->wait_ns;
	seki_ring_p4vm_set_want(&queue->ring, worker->engines[queue->program]->touch);
	worker->queues[worker->n_queues++] = queue;
	seki_turns_add(&worker->turns, &header->sub_tail);
	SEKI_PROBE(attach, queue->port, queue->number, worker->number);
	return 0;
}

void seki_worker_give(struct seki_worker *worker, uint32_t program, struct seki_engine *engine)
{
	/* Without the facts: a change that it found would be lost on those who wait for one. */
	seki_engine_init(engine, NULL, worker->engine.host.print);
	engine->facts = worker->engine.facts;
	engine->queue = worker->number;
	worker->engines[program] = engine;
}

static bool is_affected(const struct seki_queue *queue, const struct seki_change *change)
{
	return *change->port ? !strcmp(queue->port, change->port) : queue->program == 0;
}

void seki_worker_announce(struct seki_worker *worker, const struct seki_change *change)
{
	const uint64_t one = 1;

	for (uint32_t i = 0; i < worker->n_queues; i++) {
		struct seki_queue *queue = worker->queues[i];

		queue->seen = true;
		queue->mark = queue->ring.sub_head;
		/* Who has the packets themselves has all of each. */
		if (worker->seat || !is_affected(queue, change) ||
		    change->touch <= worker->engines[queue->program]->touch)
			continue;
		queue->seen = false;
		seki_ring_p4vm_set_want(&queue->ring, change->touch);
		/* Its switch may sleep. A full eventfd has woken it. */
		if (write(queue->wake, &one, sizeof(one)) < 0)
			continue;
	}
}

bool seki_worker_ready(const struct seki_worker *worker, const struct seki_change *change)
{
	bool ready = true;

	for (uint32_t i = 0; i < worker->n_queues; i++) {
		struct seki_queue *queue = worker->queues[i];

		if (!queue->seen && seki_ring_p4vm_want_seen(&queue->ring) >= change->touch) {
			queue->seen = true;
			queue->mark = seki_ring_p4vm_tail(&queue->ring);
		}
		ready &= queue->seen && (int32_t)(queue->ring.sub_head - queue->mark) >= 0;
	}
	return ready;
}

void seki_worker_put(struct seki_worker *worker, const struct seki_change *change)
{
	seki_engine_swap(worker->engines[change->number], change->prog);
	for (uint32_t i = 0; i < worker->n_queues; i++) {
		struct seki_queue *queue = worker->queues[i];

		if (!is_affected(queue, change))
			continue;
		queue->program = change->judge;
		if (worker->seat)
			continue;
		seki_ring_p4vm_set_want(&queue->ring, worker->engines[change->judge]->touch);
	}
}

static void do_stop(struct seki_worker *worker, void *arg)
{
	(void)arg;
	worker->stop = true;
}

static void stop_thread(struct seki_worker *worker)
{
	seki_worker_call(worker, do_stop, NULL);
	pthread_join(worker->thread, NULL);
	while (worker->n_queues)
		close_queue(worker, worker->n_queues - 1, "the P4 VM ends");
	close(worker->epoll);
	close(worker->call_event);
}

void seki_worker_stop(struct seki_worker *worker)
{
	if (worker->seat)
		seki_worker_call(worker, worker->seat->clear, NULL);
	else
		stop_thread(worker);
	for (uint32_t i = 1; i < SEKI_PROGRAMS; i++)
		free(worker->engines[i]);
	sem_destroy(&worker->done);
}
