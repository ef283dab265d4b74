/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's thread: attaching, wake-ups, swapping programs under traffic, switches that go. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/attach.h"
#include "core/ring/ring.h"
#include "lib/shm/shm.h"
#include "lib/sys/fds.h"
#include "p4vm/attach.h"
#include "p4vm/worker.h"
#include "tests/unit/p4vm/fake_machine.h"

#define DEADLINE_S 20

/* A switch with one queue. */
struct peer {
	int conn;
	int wake;
	void *mine;
	void *theirs;
	struct seki_ring_switch ring;
};

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

struct add {
	struct seki_queue *queue;
	int err;
};

static void do_add(struct seki_worker *worker, void *arg)
{
	struct add *add = arg;

	add->err = seki_worker_add(worker, add->queue);
}

/* Attaches a new switch; returns what the worker said to it. */
static int attach(struct fixture *f, struct peer *p)
{
	const struct seki_attach msg = {.magic = SEKI_ATTACH_MAGIC,
					.version = SEKI_ATTACH_VERSION,
					.entries = SEKI_RING_ENTRIES,
					.slot_bytes = SEKI_SLOT_BYTES,
					.port = "test"};
	struct add add;
	int ends[2], fds[3];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(seki_shm_create("mine", SEKI_RING_REGION_BYTES, &fds[0]), 0);
	assert_int_equal(seki_shm_create("theirs", SEKI_RING_REGION_BYTES, &fds[1]), 0);
	assert_int_equal(seki_shm_map(fds[0], SEKI_RING_REGION_BYTES, true, &p->mine), 0);
	assert_int_equal(seki_shm_map(fds[1], SEKI_RING_REGION_BYTES, false, &p->theirs), 0);
	assert_int_equal(seki_shm_seal(fds[0], true), 0);
	assert_int_equal(seki_shm_seal(fds[1], false), 0);
	seki_ring_switch_init(&p->ring, p->mine, p->theirs);
	fds[2] = eventfd(0, EFD_NONBLOCK);
	p->wake = fds[2];
	p->conn = ends[0];
	assert_int_equal(seki_fds_send(p->conn, &msg, sizeof(msg), fds, 3), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(seki_attach_receive(ends[1], &add.queue), 0);
	seki_worker_call(&f->worker, do_add, &add);
	if (add.err)
		seki_attach_close(add.queue);
	return add.err;
}

static void detach(struct peer *p)
{
	close(p->conn);
	close(p->wake);
	seki_shm_unmap(p->mine, SEKI_RING_REGION_BYTES);
	seki_shm_unmap(p->theirs, SEKI_RING_REGION_BYTES);
}

static void submit(struct peer *p, uint32_t slot, uint32_t generation)
{
	const struct seki_submission sub = {
		.slot = slot, .generation = generation, .len = 60, .copied = 60};

	seki_ring_switch_submit(&p->ring, &sub, 1);
	/* A full socket has woken it often enough. */
	if (seki_ring_switch_wake_needed(&p->ring) && send(p->conn, "", 1, MSG_DONTWAIT) < 0)
		assert_int_equal(errno, EAGAIN);
}

/* Waits for completions the way a switch does: armed, on its eventfd. */
static uint32_t take(struct peer *p, struct seki_completion *out, uint32_t max)
{
	struct pollfd wait = {p->wake, POLLIN, 0};
	uint64_t count;
	int n;

	for (;;) {
		n = seki_ring_switch_take(&p->ring, out, max);
		if (n)
			break;
		if (seki_ring_switch_arm(&p->ring))
			assert_int_equal(poll(&wait, 1, DEADLINE_S * 1000), 1);
		seki_ring_switch_disarm(&p->ring);
		if (read(p->wake, &count, sizeof(count)) < 0)
			assert_int_equal(errno, EAGAIN);
	}
	assert_true(n > 0);
	return (uint32_t)n;
}

static void do_swap(struct seki_worker *worker, void *arg)
{
	struct seki_bpf_prog **prog = arg;

	*prog = seki_worker_swap(worker, *prog);
}

static struct seki_bpf_prog *swap(struct fixture *f, struct seki_bpf_prog *prog)
{
	seki_worker_call(&f->worker, do_swap, &prog);
	return prog;
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
		submit(&p, i % SEKI_RING_ENTRIES, i);
		assert_int_equal(take(&p, &c, 1), 1);
		assert_int_equal(c.generation, i);
		assert_int_equal(c.verdict, SEKI_VERDICT_PASS);
	}
	detach(&p);
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
			submit(&p, sent % SEKI_RING_ENTRIES, sent);
			sent++;
		}
		if (++rounds % 7 == 0)
			swap(f, rounds % 2 ? &f->odd : &f->even);
		for (uint32_t n = take(&p, c, 64); n--; got++) {
			passed += c[n].verdict == SEKI_VERDICT_PASS;
			dropped += c[n].verdict == SEKI_VERDICT_DROP && c[n].site == 3;
		}
	}
	assert_int_equal(passed + dropped, 20000);
	assert_true(passed && dropped);
	detach(&p);
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
	detach(&peers[SEKI_WORKER_QUEUES]);
	for (uint32_t i = 0; i < SEKI_WORKER_QUEUES; i++)
		submit(&peers[i], 5, i);
	for (uint32_t i = 0; i < SEKI_WORKER_QUEUES; i++) {
		assert_int_equal(take(&peers[i], &c, 1), 1);
		assert_int_equal(c.generation, i);
	}
	for (uint32_t i = 1; i < SEKI_WORKER_QUEUES; i++)
		detach(&peers[i]);
	await_queues(f, 1);
	submit(&peers[0], 1, 77);
	assert_int_equal(take(&peers[0], &c, 1), 1);
	assert_int_equal(c.site, 3);
	detach(&peers[0]);
	await_queues(f, 0);
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
	submit(&honest, 0, 1);
	assert_int_equal(take(&honest, &c, 1), 1);
	detach(&honest);
	detach(&liar);
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
	submit(&p, 0, 1);
	assert_int_equal(take(&p, &c, 1), 1);
	detach(&p);
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
	submit(&p, 0, 1);
	assert_int_equal(take(&p, &c, 1), 1); /* its time passed */
	assert_int_equal(c.verdict, SEKI_VERDICT_DROP);
	submit(&p, 0, 2);
	seki_worker_call(&f->worker, do_facts, &yes);
	assert_int_equal(take(&p, &c, 1), 1);
	assert_int_equal(c.verdict, SEKI_VERDICT_PASS);
	detach(&p);
	swap(f, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_packets_one_by_one),
		TEST(test_swaps_under_traffic),
		TEST(test_queues_are_bounded_and_freed),
		TEST(test_liar_is_dropped_alone),
		TEST(test_noisy_socket),
		cmocka_unit_test_setup_teardown(test_fact_comes_while_a_packet_waits, setup_facts,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
