// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that come and go under traffic, over several workers, with switches that look at what
 * they are told, late or never. An "object" here is the address of a fake program.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/shared.h"
#include "p4vm/programs.h"
#include "tests/unit/p4vm/fake_machine.h"
#include "tests/unit/p4vm/peer.h"

#define WORKERS 2

struct fixture {
	struct seki_worker workers[WORKERS];
	struct seki_programs programs;
};

/* What the last load was asked for, and what has been destroyed. */
static struct seki_bpf_load_opts asked;
static struct seki_bpf_prog *destroyed[8];
static uint32_t n_destroyed;

int seki_bpf_prog_load(const void *elf, size_t len, const struct seki_bpf_load_opts *opts,
		       struct seki_bpf_prog **out)
{
	asked = *opts;
	if (len != sizeof(*out))
		return -ENOEXEC;
	memcpy(out, elf, len);
	return 0;
}

void seki_bpf_prog_destroy(struct seki_bpf_prog *prog)
{
	if (prog)
		destroyed[n_destroyed++ % 8] = prog;
}

bool seki_bpf_prog_keeps(const struct seki_bpf_prog *prog, uint32_t index)
{
	(void)prog;
	return index == 0;
}

struct seki_bpf_map *seki_bpf_prog_map_at(struct seki_bpf_prog *prog, uint32_t index)
{
	(void)prog;
	(void)index;
	return NULL;
}

const char *seki_bpf_map_name(const struct seki_bpf_map *map)
{
	(void)map;
	return "map";
}

static int run_one(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 1;
	*r0 = 0;
	return 0;
}

static int run_two(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 2 + run->queue * 10;
	*r0 = 0;
	return 0;
}

/* They drop every packet, and say so by their line. */
static struct seki_bpf_prog one = {.run = run_one, .info = {.packet_touch = 40, .source = ""}};
static struct seki_bpf_prog two = {.run = run_two, .info = {.packet_touch = 60, .source = ""}};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	for (uint32_t i = 0; i < WORKERS; i++) {
		f->workers[i].number = i;
		assert_int_equal(seki_worker_start(&f->workers[i], NULL, NULL), 0);
	}
	f->programs = (struct seki_programs){.workers = f->workers,
					     .n_workers = WORKERS,
					     .max_insns = 100,
					     .max_map_bytes = 1000};
	n_destroyed = 0;
	one.info.map_bytes = two.info.map_bytes = 0;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < WORKERS; i++)
		seki_worker_stop(&f->workers[i]);
	seki_programs_destroy(&f->programs);
	free(f);
	return 0;
}

static int load_with(struct fixture *f, struct seki_load *load, struct seki_bpf_prog *prog)
{
	char *text = NULL;
	int err = seki_programs_load(&f->programs, load, &prog, sizeof(prog), &text);

	free(text);
	return err;
}

static int load(struct fixture *f, const char *port, struct seki_bpf_prog *prog)
{
	return load_with(f, &(struct seki_load){.name = "x.o", .port = port}, prog);
}

static int unload(struct fixture *f, const char *port)
{
	char *text;
	int err = seki_programs_unload(&f->programs, port, &text);

	free(text);
	return err;
}

/* Which line of which program a packet is dropped at. */
static uint32_t site(struct peer *p)
{
	struct seki_completion c;

	seki_ring_switch_want(&p->ring);
	peer_submit(p, 0, 1);
	assert_int_equal(peer_take(p, &c, 1), 1);
	assert_int_equal(c.verdict, SEKI_VERDICT_DROP);
	return c.site;
}

static void ports_have_programs_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct peer a, b;

	assert_int_equal(peer_attach(&f->workers[0], "a", &a), 0);
	assert_int_equal(peer_attach(&f->workers[1], "b", &b), 0);
	assert_int_equal(site(&a), 0);
	assert_int_equal(load(f, "", &one), 0);
	assert_int_equal(asked.queues, WORKERS);
	assert_int_equal(site(&a), 1);
	assert_int_equal(site(&b), 1);
	assert_int_equal(load(f, "b", &two), 0);
	assert_int_equal(seki_programs_of(&f->programs, "b"), 1);
	assert_int_equal(seki_programs_of(&f->programs, "a"), 0);
	assert_int_equal(site(&a), 1);
	assert_int_equal(site(&b), 12); /* the program's queue is the worker's number */
	assert_int_equal(unload(f, "a"), -ENOENT);
	assert_int_equal(unload(f, "b"), 0);
	assert_ptr_equal(destroyed[0], &two);
	assert_int_equal(site(&b), 1);
	assert_int_equal(unload(f, "b"), -ENOENT);
	assert_int_equal(unload(f, ""), 0);
	assert_int_equal(site(&a), 0);
	assert_int_equal(unload(f, ""), -ENOENT);
	peer_detach(&a);
	peer_detach(&b);
}

static void ports_with_programs_are_limited(void **state)
{
	struct fixture *f = *state;
	char port[8];

	for (int i = 1; i < (int)SEKI_PROGRAMS; i++) {
		snprintf(port, sizeof(port), "p%d", i);
		assert_int_equal(load(f, port, &one), 0);
	}
	assert_int_equal(load(f, "another", &one), -ENOSPC);
	assert_int_equal(load(f, "p3", &two), 0);
	assert_int_equal(unload(f, "p5"), 0);
	assert_int_equal(load(f, "another", &one), 0);
	assert_int_equal(seki_programs_of(&f->programs, "another"), 5);
}

static void memory_is_that_of_all(void **state)
{
	struct fixture *f = *state;

	one.info.map_bytes = 600;
	two.info.map_bytes = 300;
	assert_int_equal(load(f, "", &one), 0);
	assert_int_equal(asked.max_map_bytes, 1000);
	assert_int_equal(load(f, "a", &two), 0);
	assert_int_equal(asked.max_map_bytes, 400);
	assert_int_equal(load(f, "", &one), 0); /* what it replaces does not count */
	assert_int_equal(asked.max_map_bytes, 700);
	assert_int_equal(asked.max_insns, 100);
}

static void maps_come_from_what_judged_the_port(void **state)
{
	struct fixture *f = *state;
	const char *const names[] = {"m"};
	struct seki_load load = {
		.name = "x.o", .port = "a", .keep = true, .maps = names, .n_maps = 1};

	assert_int_equal(load_with(f, &load, &two), -ENOENT);
	load.port = "";
	assert_int_equal(load_with(f, &load, &two), -ENOENT);
	load.keep = false;
	assert_int_equal(load_with(f, &load, &one), 0);
	assert_null(asked.keep_from);
	load.port = "a";
	load.keep = true;
	assert_int_equal(load_with(f, &load, &two), 0);
	assert_ptr_equal(asked.keep_from, &one);
	assert_ptr_equal(asked.keep, names);
	assert_int_equal(asked.n_keep, 1);
	assert_int_equal(load_with(f, &load, &two), 0);
	assert_ptr_equal(asked.keep_from, &two);
}

/* A switch on a thread of its own: as fast as it can, always 8 packets out. */
struct traffic {
	struct peer peer;
	pthread_t thread;
	uint32_t patience; /* packets that it hands over before it looks what the P4 VM wants now */
	uint32_t waited;
	bool stop;
	uint32_t sent, got, more, disorder;
	uint64_t by_site[16];
};

static void hand_over(struct traffic *t)
{
	const struct seki_p4vm_header *theirs = t->peer.theirs;
	struct seki_submission sub;

	if (seki_load_acquire(&theirs->want) == t->peer.ring.want_seen) {
		t->waited = 0;
	} else if (++t->waited > t->patience) {
		seki_ring_switch_want(&t->peer.ring);
	}
	sub = (struct seki_submission){.slot = (uint16_t)(t->sent % 8),
				       .generation = t->sent,
				       .len = 60,
				       .copied = (uint16_t)seki_min(t->peer.ring.want_seen, 60)};
	t->sent++;
	seki_ring_switch_submit(&t->peer.ring, &sub, 1);
	if (seki_ring_switch_wake_needed(&t->peer.ring))
		send(t->peer.conn, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void *drive(void *arg)
{
	struct traffic *t = arg;
	struct seki_completion c[8];

	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		while (t->sent - t->got < 8)
			hand_over(t);
		for (uint32_t i = 0, n = peer_take(&t->peer, c, 8); i < n; i++) {
			t->disorder += c[i].generation != t->got;
			t->got++;
			if (c[i].verdict == SEKI_VERDICT_MORE)
				t->more++;
			else
				t->by_site[c[i].site & 15]++;
		}
	}
	return NULL;
}

static void start(struct fixture *f, struct traffic *t, uint32_t worker, uint32_t patience)
{
	*t = (struct traffic){.patience = patience};
	assert_int_equal(peer_attach(&f->workers[worker], "a", &t->peer), 0);
	seki_ring_switch_want(&t->peer.ring);
	assert_int_equal(pthread_create(&t->thread, NULL, drive, t), 0);
}

static void stop(struct traffic *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
	pthread_join(t->thread, NULL);
	peer_detach(&t->peer);
}

static void no_packet_comes_twice_as_programs_change(void **state)
{
	struct fixture *f = *state;
	struct traffic t[WORKERS];

	assert_int_equal(load(f, "", &one), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		start(f, &t[i], i, i * 300);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(load(f, "", &two), 0); /* looks at more */
		assert_int_equal(load(f, "", &one), 0); /* at less */
		assert_int_equal(load(f, "a", &two), 0);
		assert_int_equal(unload(f, "a"), 0);
	}
	for (uint32_t i = 0; i < WORKERS; i++) {
		stop(&t[i]);
		assert_int_equal(t[i].more, 0);
		assert_int_equal(t[i].disorder, 0);
		assert_int_equal(t[i].by_site[0], 0);
		assert_true(t[i].by_site[1] && t[i].by_site[i ? 12 : 2]);
	}
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* Such a one gets its packets back, to hand over more of them; nobody waits for it for long. */
static void a_switch_that_does_not_look_holds_up_nothing(void **state)
{
	struct fixture *f = *state;
	struct seki_completion c;
	struct traffic t;
	uint64_t begin;

	assert_int_equal(load(f, "", &one), 0);
	start(f, &t, 0, UINT32_MAX);
	begin = now_ms();
	assert_int_equal(load(f, "", &two), 0);
	assert_true(now_ms() - begin >= SEKI_PROGRAMS_WAIT_NS / 1000000u);
	assert_true(now_ms() - begin < 5000);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
	pthread_join(t.thread, NULL);
	while (t.got != t.sent && peer_take(&t.peer, &c, 1))
		t.got++;
	peer_submit(&t.peer, 0, 99);
	((struct seki_switch_header *)t.peer.mine)->sub_tail++; /* a lie */
	peer_detach(&t.peer);
	assert_int_equal(load(f, "", &one), 0);
}

/* The switch sleeps in its poll loop: the change wakes it. */
static void an_idle_switch_is_woken(void **state)
{
	struct fixture *f = *state;
	struct peer p;
	uint64_t count;

	assert_int_equal(load(f, "", &one), 0);
	assert_int_equal(peer_attach(&f->workers[1], "a", &p), 0);
	assert_true(seki_ring_switch_arm(&p.ring));
	assert_int_equal(read(p.wake, &count, sizeof(count)), -1);
	assert_int_equal(load(f, "", &two), 0);
	assert_int_equal(read(p.wake, &count, sizeof(count)), sizeof(count));
	peer_detach(&p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(ports_have_programs_of_their_own),
		TEST(ports_with_programs_are_limited),
		TEST(memory_is_that_of_all),
		TEST(maps_come_from_what_judged_the_port),
		TEST(no_packet_comes_twice_as_programs_change),
		TEST(a_switch_that_does_not_look_holds_up_nothing),
		TEST(an_idle_switch_is_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
