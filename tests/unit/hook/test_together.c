// SPDX-License-Identifier: Apache-2.0
/*
 * Hook, connector, rings and the P4 VM's workers in one process, each on its own threads, while
 * sessions come and go and settings change: each packet comes out once. Also built with
 * ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host/ovs/hook.h"
#include "tests/unit/hook/p4vm_side.h"

#define THREADS	    2u
#define PACKETS	    20000u
#define ROUNDS	    12u
#define BYTES	    128u

#define PATIENCE_NS 2000000000ull

struct packet {
	uint8_t data[BYTES];
	bool held;
	uint32_t out; /* how often it came out */
};

struct datapath {
	pthread_t thread;
	struct seki_hook *hook;
	uint32_t key;
	uint32_t *done; /* threads that have sent all */
	uint32_t held, judged, wrong;
	struct packet packets[PACKETS];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* UDP over IPv4 of one of 16 flows. */
static void fill(struct packet *p, uint32_t number)
{
	memset(p->data, 0, sizeof(p->data));
	p->data[12] = 8;
	p->data[14] = 0x45;
	p->data[17] = BYTES - 14;
	p->data[23] = 17;
	p->data[26] = (uint8_t)(number % 16);
	memcpy(p->data + 60, &number, sizeof(number));
}

static void come_out(struct datapath *d, const struct seki_outcome *outcomes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = outcomes[i].packet;

		d->wrong += !p->held;
		p->held = false;
		p->out++;
		d->held--;
		if (outcomes[i].fate == SEKI_FATE_PASS)
			__atomic_add_fetch(&d->judged, 1, __ATOMIC_RELAXED);
	}
}

static uint32_t send_some(struct datapath *d, struct seki_lanes *lanes, uint32_t first)
{
	struct seki_hook_packet batch[SEKI_BATCH_MAX];
	enum seki_fate fates[SEKI_BATCH_MAX];
	uint32_t n = 1 + first % SEKI_BATCH_MAX;

	n = n < PACKETS - first ? n : PACKETS - first;
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = &d->packets[first + i];

		fill(p, first + i);
		batch[i] = (struct seki_hook_packet){.packet = p, .data = p->data, .len = BYTES};
	}
	seki_lanes_submit(lanes, first / 7 % 2, now_ns(), batch, n, fates);
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = &d->packets[first + i];

		p->held = fates[i] == SEKI_FATE_HELD;
		p->out += !p->held;
		d->held += p->held;
	}
	return n;
}

/* So that not all packets are gone before there is a P4 VM. */
static void await_session(struct datapath *d, struct seki_lanes *lanes)
{
	const uint64_t until = now_ns() + PATIENCE_NS;
	struct seki_outcome out[SEKI_BATCH_MAX];
	struct seki_hook_stats s = {.state = SEKI_QUEUE_DOWN};

	while (s.state != SEKI_QUEUE_UP && now_ns() < until) {
		come_out(d, out, seki_lanes_poll(lanes, now_ns(), out, SEKI_BATCH_MAX));
		sched_yield();
		for (uint32_t i = 0; i < seki_hook_queues(d->hook) && s.state != SEKI_QUEUE_UP;
		     i++) {
			seki_hook_stats(d->hook, i, &s);
			if (s.key != d->key)
				s.state = SEKI_QUEUE_DOWN;
		}
	}
}

/* Goes on until the main thread has been through its rounds too. */
static void *run(void *arg)
{
	struct datapath *d = arg;
	struct seki_lanes *lanes = seki_hook_lanes(d->hook, d->key);
	struct seki_outcome out[SEKI_BATCH_MAX];
	struct seki_sleep sleeps[SEKI_HOOK_LANES];
	uint32_t sent = 0;

	await_session(d, lanes);
	while (sent < PACKETS || d->held) {
		if (sent < PACKETS && d->held < 64)
			sent += send_some(d, lanes, sent);
		if (sent % 5 == 0)
			seki_lanes_sleep(lanes, now_ns(), sleeps);
		come_out(d, out, seki_lanes_poll(lanes, now_ns(), out, SEKI_BATCH_MAX));
		sched_yield();
	}
	__atomic_add_fetch(d->done, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void look_at_stats(const struct seki_hook *hook)
{
	struct seki_hook_stats s;

	for (uint32_t i = 0; i < seki_hook_queues(hook); i++)
		seki_hook_stats(hook, i, &s);
}

static uint32_t judged_so_far(const struct datapath *paths)
{
	uint32_t judged = 0;

	for (uint32_t i = 0; i < THREADS; i++)
		judged += __atomic_load_n(&paths[i].judged, __ATOMIC_RELAXED);
	return judged;
}

/* Until the P4 VM has judged some packet, or the threads are done. */
static void await_verdict(const struct datapath *paths, const uint32_t *done)
{
	const uint32_t before = judged_so_far(paths);
	const uint64_t until = now_ns() + PATIENCE_NS;

	do {
		look_at_stats(paths->hook);
		sched_yield();
	} while (judged_so_far(paths) == before && now_ns() < until &&
		 __atomic_load_n(done, __ATOMIC_RELAXED) < THREADS);
}

static void each_packet_comes_out_once(void **state)
{
	static struct datapath paths[THREADS];
	struct seki_hook_config config = {.inflight = 512, .deadline_ms = 100, .workers = 1};
	struct seki_connector *connector;
	struct seki_hook *hook;
	char dir[] = "/tmp/seki-together-XXXXXX";
	uint32_t done = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(config.socket, sizeof(config.socket), "%s/port", dir);
	assert_int_equal(seki_connector_create(&connector), 0);
	assert_int_equal(seki_hook_create(connector, "port0", &config, free, &hook), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		paths[i].hook = hook;
		paths[i].key = i;
		paths[i].done = &done;
		assert_int_equal(pthread_create(&paths[i].thread, NULL, run, &paths[i]), 0);
	}
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct p4vm_side *side = p4vm_side_start(config.socket);

		config.workers = 1 + round % 4;
		config.fail_open = round & 1;
		seki_hook_configure(hook, &config);
		await_verdict(paths, &done);
		p4vm_side_stop(side);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(paths[i].thread, NULL), 0);
		assert_int_equal(paths[i].wrong, 0);
		for (uint32_t j = 0; j < PACKETS; j++)
			assert_int_equal(paths[i].packets[j].out, 1);
	}
	assert_true(judged_so_far(paths) > 0);
	seki_hook_destroy(hook);
	seki_connector_destroy(connector);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_packet_comes_out_once)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
