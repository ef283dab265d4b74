/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's thread: attaching, wake-ups, swapping programs under traffic, switches that go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/p4vm/fake_machine.h"
#include "tests/unit/p4vm/peer.h"

#define DEADLINE_S PEER_DEADLINE_S

struct fixture {
	struct seki_worker worker;
	struct seki_bpf_prog even; /* every run passes */
	struct seki_bpf_prog odd;  /* every run drops at line 3 */
};

static int run_pass(struct seki_bpf_run *run, uint64_t *r0)
{
	(void)run;
	*r0 = 1;
	return 0;
}

static int run_drop(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 3;
	*r0 = 0;
	return 0;
}

static int run_ask(struct seki_bpf_run *run, uint64_t *r0)
{
	int sent = run->host->udp_sent_any(run->host->arg, 1000, true);

	*r0 = sent > 0;
	return sent < 0 ? sent : 0;
}

static int setup_with(void **state, struct seki_vminfo *facts)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->even.run = run_pass;
	f->odd.run = run_drop;
	f->even.info.packet_touch = f->odd.info.packet_touch = 40;
	f->worker.wait_ns = 50000000;
	memset(&fake_facts, 0, sizeof(fake_facts));
	fake_facts.fresh = true;
	assert_int_equal(seki_worker_start(&f->worker, facts, NULL), 0);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, NULL);
}

static int setup_facts(void **state)
{
	static int facts; /* never looked into */

	return setup_with(state, (struct seki_vminfo *)&facts);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	seki_worker_stop(&f->worker);
	free(f);
	return 0;
}

static int attach(struct fixture *f, struct peer *p)
{
	return peer_attach(&f->worker, "test", p);
}

struct swap {
	struct seki_change change;
	struct seki_bpf_prog *old;
};

static void do_swap(struct seki_worker *worker, void *arg)
{
	struct swap *swap = arg;

	swap->old = worker->engine.prog;
	seki_worker_put(worker, &swap->change);
}

static struct seki_bpf_prog *swap(struct fixture *f, struct seki_bpf_prog *prog)
{
	struct swap swap = {.change = {.prog = prog, .port = ""}};

	seki_worker_call(&f->worker, do_swap, &swap);
	return swap.old;
}

/* Waits until the worker's queue is armed anew since the last wake-up. */
static void wait_armed(struct peer *p)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	time_t deadline = time(NULL) + DEADLINE_S;

	while (!seki_ring_switch_wake_needed(&p->ring)) {
		assert_true(time(NULL) <= deadline);
		nanosleep(&pause, NULL);
	}
}

/* A switch may send it for packets that were taken before: the next ones need another. */
static void test_wakeup_that_brings_nothing(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c;
	struct peer p;

	swap(f, &f->even);
	assert_int_equal(attach(f, &p), 0);
	for (uint32_t i = 0; i < 3; i++) {
		wait_armed(&p);
		assert_int_equal(send(p.conn, "", 1, 0), 1);
	}
	peer_submit(&p, 0, 0);
	assert_int_equal(peer_take(&p, &c, 1), 1);
	peer_detach(&p);
}

static void test_packets_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c;
	struct peer p;

	assert_null(swap(f, &f->even));
	assert_int_equal(attach(f, &p), 0);
	assert_int_equal(seki_ring_switch_want(&p.ring), 40);
	for (uint32_t i = 0; i < 2000; i++) {
		peer_submit(&p, i % SEKI_RING_ENTRIES, i);
		assert_int_equal(peer_take(&p, &c, 1), 1);
		assert_int_equal(c.generation, i);
		assert_int_equal(c.verdict, SEKI_VERDICT_PASS);
	}
	peer_detach(&p);
}

/* Each packet sees one program or the other, and none is lost. */
static void test_swaps_under_traffic(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c[64];
	uint32_t passed = 0, dropped = 0, sent = 0, got = 0, rounds = 0;
	struct peer p;

	swap(f, &f->even);
	assert_int_equal(attach(f, &p), 0);
	while (got < 20000) {
		while (sent - got < 100 && sent < 20000) {
			peer_submit(&p, sent % SEKI_RING_ENTRIES, sent);
			sent++;
		}
		if (++rounds % 7 == 0)
			swap(f, rounds % 2 ? &f->odd : &f->even);
		for (uint32_t n = peer_take(&p, c, 64); n--; got++) {
			passed += c[n].verdict == SEKI_VERDICT_PASS;
			dropped += c[n].verdict == SEKI_VERDICT_DROP && c[n].site == 3;
		}
	}
	assert_int_equal(passed + dropped, 20000);
	assert_true(passed && dropped);
	peer_detach(&p);
}

static void do_count(struct seki_worker *worker, void *arg)
{
	*(uint32_t *)arg = worker->n_queues;
}

/* Polls, under a deadline, until the worker has so many queues. */
static void await_queues(struct fixture *f, uint32_t wanted)
{
	time_t deadline = time(NULL) + DEADLINE_S;
	uint32_t n;

	do {
		seki_worker_call(&f->worker, do_count, &n);
	} while (n != wanted && time(NULL) < deadline);
	assert_int_equal(n, wanted);
}

static void test_queues_are_bounded_and_freed(void **state)
{
	struct peer peers[SEKI_WORKER_QUEUES + 1];
	struct fixture *f = *state;
	struct seki_completion c;

	swap(f, &f->odd);
	for (uint32_t i = 0; i < SEKI_WORKER_QUEUES; i++)
		assert_int_equal(attach(f, &peers[i]), 0);
	assert_int_equal(attach(f, &peers[SEKI_WORKER_QUEUES]), -ENOSPC);
	peer_detach(&peers[SEKI_WORKER_QUEUES]);
	for (uint32_t i = 0; i < SEKI_WORKER_QUEUES; i++)
		peer_submit(&peers[i], 5, i);
	for (uint32_t i = 0; i < SEKI_WORKER_QUEUES; i++) {
		assert_int_equal(peer_take(&peers[i], &c, 1), 1);
		assert_int_equal(c.generation, i);
	}
	for (uint32_t i = 1; i < SEKI_WORKER_QUEUES; i++)
		peer_detach(&peers[i]);
	await_queues(f, 1);
	peer_submit(&peers[0], 1, 77);
	assert_int_equal(peer_take(&peers[0], &c, 1), 1);
	assert_int_equal(c.site, 3);
	peer_detach(&peers[0]);
	await_queues(f, 0);
}

/* While one queue is never empty, a packet in any other is judged before many of that one's are. */
static void test_flood_starves_nobody(void **state)
{
	const uint32_t n = 64, most = 2 * SEKI_RING_ENTRIES + n * SEKI_BATCH_MAX;
	struct fixture *f = *state;
	struct seki_completion c[64];
	struct peer peers[64];
	uint32_t sent = 0, got = 0;

	swap(f, &f->even);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(attach(f, &peers[i]), 0);
	for (uint32_t i = 1; i < n; i++) {
		uint32_t before = got;

		peer_submit(&peers[i], 0, i);
		while (!seki_ring_switch_ready(&peers[i].ring)) {
			for (; sent - got < SEKI_RING_ENTRIES; sent++)
				peer_submit(&peers[0], sent % SEKI_RING_ENTRIES, sent);
			got += peer_take(&peers[0], c, 64);
			assert_in_range(got - before, 0, most);
		}
		assert_int_equal(peer_take(&peers[i], c, 1), 1);
		assert_int_equal(c[0].generation, i);
	}
	for (uint32_t i = 0; i < n; i++)
		peer_detach(&peers[i]);
}

/*
 * Packets here and there beside bursts, after which the worker sleeps: whether it reads a wake-up before it looks into
 * the queue or after, or while others keep it busy, it must not sleep over a packet.
 */
static void test_no_wake_up_is_lost(void **state)
{
	const uint32_t n = 64;
	struct fixture *f = *state;
	struct seki_completion c[96];
	struct peer peers[64];

	swap(f, &f->even);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(attach(f, &peers[i]), 0);
	for (uint32_t round = 0; round < 3000; round++) {
		uint32_t burst = round * 37 % 90 + 1, got = 0, i = 1 + round % (n - 1);

		for (uint32_t k = 0; k < burst; k++) {
			peer_submit(&peers[0], k, k);
			if (k == burst / 2)
				peer_submit(&peers[i], 0, round);
		}
		while (got < burst)
			got += peer_take(&peers[0], c, 96);
		assert_int_equal(peer_take(&peers[i], c, 1), 1);
		assert_int_equal(c[0].generation, round);
	}
	for (uint32_t i = 0; i < n; i++)
		peer_detach(&peers[i]);
}

static void test_liar_is_dropped_alone(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c;
	struct peer honest, liar;

	swap(f, &f->even);
	assert_int_equal(attach(f, &honest), 0);
	assert_int_equal(attach(f, &liar), 0);
	((struct seki_switch_header *)liar.mine)->sub_tail = 12345;
	assert_int_equal(send(liar.conn, "", 1, 0), 1);
	await_queues(f, 1);
	peer_submit(&honest, 0, 1);
	assert_int_equal(peer_take(&honest, &c, 1), 1);
	peer_detach(&honest);
	peer_detach(&liar);
}

/* More wake-ups than anyone needs, and none of the bytes that should come. */
static void test_noisy_socket(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c;
	struct peer p;

	swap(f, &f->even);
	assert_int_equal(attach(f, &p), 0);
	for (int i = 0; i < 1000; i++)
		send(p.conn, "garbage in a long message", 25, MSG_DONTWAIT);
	peer_submit(&p, 0, 1);
	assert_int_equal(peer_take(&p, &c, 1), 1);
	peer_detach(&p);
}

static void do_facts(struct seki_worker *worker, void *arg)
{
	(void)worker;
	fake_facts.sent = fake_facts.changed = *(bool *)arg;
}

/* Nobody wakes the worker when a fact comes: it looks by itself while a packet waits. */
static void test_fact_comes_while_a_packet_waits(void **state)
{
	struct fixture *f = *state;
	struct seki_bpf_prog ask = {.run = run_ask, .info = {.packet_touch = 40}};
	struct seki_completion c;
	struct peer p;
	bool yes = true;

	swap(f, &ask);
	assert_int_equal(attach(f, &p), 0);
	peer_submit(&p, 0, 1);
	assert_int_equal(peer_take(&p, &c, 1), 1); /* its time passed */
	assert_int_equal(c.verdict, SEKI_VERDICT_DROP);
	peer_submit(&p, 0, 2);
	seki_worker_call(&f->worker, do_facts, &yes);
	assert_int_equal(peer_take(&p, &c, 1), 1);
	assert_int_equal(c.verdict, SEKI_VERDICT_PASS);
	peer_detach(&p);
	swap(f, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_packets_one_by_one),
		TEST(test_wakeup_that_brings_nothing),
		TEST(test_swaps_under_traffic),
		TEST(test_queues_are_bounded_and_freed),
		TEST(test_flood_starves_nobody),
		TEST(test_no_wake_up_is_lost),
		TEST(test_liar_is_dropped_alone),
		TEST(test_noisy_socket),
		cmocka_unit_test_setup_teardown(test_fact_comes_while_a_packet_waits, setup_facts,
						teardown),
	};

	struct rlimit files;

	/* Three a queue, more than a shell allows as a rule. */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
