// SPDX-License-Identifier: Apache-2.0
/*
 * P4 VMs inside the switch, hook and module together: datapath threads judge packets of two ports while
 * P4 VMs start and end, programs change, and ports join and leave. A program that is gone is freed, so that whoever
 * still runs it is found. Runs with ThreadSanitizer too.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "host/ovs/queue.h"
#include "lib/sys/rundir.h"
#include "p4vm/config.h"
#include "p4vm/inline.h"
#include "p4vm/vminfo.h"
#include "tests/unit/p4vm/fake_machine.h"

#define THREADS 2
#define PORTS	2
#define MS	1000000ull

/* In place of the connector, and of what is not under test. */
static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER;

void seki_connector_lock(struct seki_connector *c)
{
	(void)c;
	pthread_mutex_lock(&hook_lock);
}

void seki_connector_unlock(struct seki_connector *c)
{
	(void)c;
	pthread_mutex_unlock(&hook_lock);
}

void seki_connector_kick(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_add(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_remove(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_redirect(struct seki_queue *q)
{
	(void)q;
}

int seki_p4vm_take_facts(const struct seki_p4vm_config *config, void **region,
			 struct seki_vminfo **facts)
{
	(void)config;
	(void)region;
	(void)facts;
	return 0;
}

void seki_vminfo_destroy(struct seki_vminfo *info)
{
	(void)info;
}

void seki_vminfo_stats(const struct seki_vminfo *info, uint64_t boot_ns,
		       struct seki_vminfo_stats *out)
{
	(void)info;
	(void)boot_ns;
	memset(out, 0, sizeof(*out));
}

/* Programs: what the object's first letter says. */

static int run_pass(struct seki_bpf_run *run, uint64_t *r0)
{
	(void)run;
	*r0 = 1;
	return 0;
}

static int run_drop(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 7;
	*r0 = 0;
	return 0;
}

static int run_grow(struct seki_bpf_run *run, uint64_t *r0)
{
	run->off -= 4;
	run->copied += 4;
	run->len += 4;
	memcpy(run->buf + run->off, "grow", 4);
	*r0 = 1;
	return 0;
}

/* To the first granted port. */
static int run_redirect(struct seki_bpf_run *run, uint64_t *r0)
{
	run->meta.output_action = SEKI_ACTION_REDIRECT;
	run->meta.output_port = SEKI_PORT_GRANTED;
	*r0 = 1;
	return 0;
}

/* It changes nothing, so it runs where the packet is. */
static __thread const uint8_t *ran_on;
static int run_look(struct seki_bpf_run *run, uint64_t *r0)
{
	ran_on = run->buf + run->off;
	*r0 = run->buf[run->off] == 1;
	return 0;
}

int seki_bpf_prog_load(const void *elf, size_t len, const struct seki_bpf_load_opts *opts,
		       struct seki_bpf_prog **out)
{
	static const struct {
		char letter;
		int (*run)(struct seki_bpf_run *run, uint64_t *r0);
	} programs[] = {
		{'p', run_pass},     {'d', run_drop}, {'g', run_grow},
		{'r', run_redirect}, {'l', run_look},
	};

	(void)len;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (programs[i].letter != *(const char *)elf)
			continue;
		*out = calloc(1, sizeof(**out));
		(*out)->run = programs[i].run;
		(*out)->info.source = "test.p4";
		(*out)->info.packet_touch = 64;
		(*out)->info.packet_written = *(const char *)elf == 'g';
		return 0;
	}
	snprintf(opts->log, opts->log_size, "no such letter\n");
	return -EACCES;
}

void seki_bpf_prog_destroy(struct seki_bpf_prog *prog)
{
	free(prog);
}

bool seki_bpf_prog_keeps(const struct seki_bpf_prog *prog, uint32_t index)
{
	(void)prog;
	(void)index;
	return false;
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
	return "";
}

/* The switch. */

static void drop_packet(void *packet)
{
	free(packet);
}

static void wake(void)
{
}

static void log_line(const char *line)
{
	(void)line;
}

static const struct seki_inline_host host = {.wake = wake, .log = log_line};
static char base[] = "/tmp/seki-inlined-XXXXXX";

static struct seki_hook *make_hook(const char *port)
{
	const struct seki_hook_config config = {.socket = "inline:vm",
						.inflight = 4,
						.deadline_ms = 1000,
						.workers = 1,
						.grants = 1,
						.grant = {"one"}};
	struct seki_hook *hook;

	assert_int_equal(seki_hook_create(NULL, port, &config, drop_packet, &hook), 0);
	return hook;
}

static int start(const char *option)
{
	char name[] = "vm", dir[64], text[256], more[64];
	char *argv[] = {name, name, dir, more};

	snprintf(dir, sizeof(dir), "--run-dir=%s", base);
	snprintf(more, sizeof(more), "%s", option);
	return seki_inline.start(*option ? 4 : 3, argv, &host, text, sizeof(text));
}

static int ask(enum seki_control_op op, const char *port, const char *letter)
{
	struct {
		struct seki_control_target target;
		char object[2];
	} request = {.object = {*letter, 0}};
	size_t len = op == SEKI_CONTROL_LOAD ? sizeof(request.target) + 1 : sizeof(request.target);
	struct seki_control_frame reply;
	char *text;
	int fd = seki_cli_connect(base, "vm");
	int err;

	if (fd < 0)
		return fd;
	snprintf(request.target.port, sizeof(request.target.port), "%s", port);
	if (op == SEKI_CONTROL_STATUS || op == SEKI_CONTROL_STOP)
		len = 0;
	err = seki_cli_request(fd, op, "", &request, len, &reply, &text);
	close(fd);
	if (err)
		return err;
	free(text);
	return reply.status;
}

static void stop(void)
{
	int dir;

	assert_int_equal(ask(SEKI_CONTROL_STOP, "", ""), 0);
	while ((dir = seki_rundir_claim(base, "vm")) == -EBUSY)
		sched_yield();
	assert_true(dir >= 0);
	close(dir);
}

/* One packet of 100 bytes that begin with 1, through the hook. */
static struct seki_outcome judge(struct seki_lanes *l, const uint8_t bytes[100], uint64_t now_ns)
{
	const struct seki_hook_packet packet = {
		.packet = (void *)(uintptr_t)bytes, .data = bytes, .len = 100};
	struct seki_outcome o;

	assert_true(seki_lanes_inline(l, now_ns));
	seki_lanes_judge(l, SEKI_PORT_VM, &packet, &o);
	return o;
}

static void poll_once(struct seki_lanes *l)
{
	struct seki_outcome out[SEKI_BATCH_MAX];

	assert_int_equal(seki_lanes_poll(l, 0, out, SEKI_BATCH_MAX), 0);
}

/* The datapath thread of the tests that need but one: polls until what the other thread asks is done. */
struct asking {
	pthread_t thread;
	enum seki_control_op op;
	const char *port, *letter;
	int status;
	bool done;
};

static void *do_ask(void *arg)
{
	struct asking *a = arg;

	if (a->op == SEKI_CONTROL_STOP)
		stop();
	else
		a->status = ask(a->op, a->port, a->letter);
	__atomic_store_n(&a->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static int ask_while(struct seki_lanes *l, enum seki_control_op op, const char *port,
		     const char *letter)
{
	struct asking a = {.op = op, .port = port, .letter = letter};

	assert_int_equal(pthread_create(&a.thread, NULL, do_ask, &a), 0);
	while (!__atomic_load_n(&a.done, __ATOMIC_ACQUIRE))
		poll_once(l);
	pthread_join(a.thread, NULL);
	return a.status;
}

static struct seki_hook_stats stats_of(struct seki_hook *hook)
{
	struct seki_hook_stats stats;

	seki_hook_stats(hook, 0, &stats);
	return stats;
}

static void wait_for(struct seki_hook *hook, struct seki_lanes *l, enum seki_hook_state state)
{
	while (stats_of(hook).state != state)
		poll_once(l);
}

static void test_verdicts(void **state)
{
	struct seki_hook *hook = make_hook("a");
	struct seki_lanes *l = seki_hook_lanes(hook, 1);
	const uint8_t bytes[100] = {1};
	struct seki_sleep sleeps[SEKI_HOOK_LANES];
	struct seki_outcome o, out[1];
	struct seki_hook_stats s;

	(void)state;
	poll_once(l);
	o = judge(l, bytes, 1);
	assert_int_equal(o.fate, SEKI_FATE_DROP);
	assert_int_equal(start(""), 0);
	/* Whoever sleeps is to look, now that there is one. */
	assert_int_equal(seki_lanes_sleep(l, 0, sleeps), 1);
	assert_true(sleeps[0].ready);
	wait_for(hook, l, SEKI_QUEUE_UP);
	seki_lanes_sleep(l, 0, sleeps);
	assert_false(sleeps[0].ready);
	assert_int_equal(judge(l, bytes, 2).fate, SEKI_FATE_DROP); /* no program */

	assert_int_equal(ask_while(l, SEKI_CONTROL_LOAD, "", "l"), 0);
	o = judge(l, bytes, 3);
	assert_int_equal(o.fate, SEKI_FATE_PASS);
	assert_false(o.edited);
	assert_ptr_equal(ran_on, bytes);

	assert_int_equal(ask_while(l, SEKI_CONTROL_LOAD, "", "?"), -EACCES);
	assert_int_equal(judge(l, bytes, 4).fate, SEKI_FATE_PASS);

	assert_int_equal(ask_while(l, SEKI_CONTROL_LOAD, "", "g"), 0);
	o = judge(l, bytes, 5);
	assert_true(o.edited);
	assert_int_equal(o.head_in, 64);
	assert_int_equal(o.head_out, 68);
	assert_int_equal(o.len, 104);
	assert_memory_equal(o.head, "grow\1", 5);

	assert_int_equal(ask_while(l, SEKI_CONTROL_LOAD, "a", "r"), 0);
	for (int i = 0; i < 5; i++) {
		uint8_t *copy = memset(calloc(1, 100), 1, 1);

		o = judge(l, copy, 6);
		assert_int_equal(o.out_port, SEKI_PORT_GRANTED);
		if (!seki_lanes_defer(l, &o))
			free(copy);
	}
	seki_lanes_sleep(l, 0, sleeps);
	assert_true(sleeps[0].ready);
	s = stats_of(hook);
	assert_int_equal(s.from[SEKI_PORT_VM].redirected, 4);
	assert_int_equal(s.from[SEKI_PORT_VM].dropped[SEKI_REASON_FULL], 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(seki_lanes_poll(l, 0, out, 1), 1);
		assert_int_equal(out[0].out_port, SEKI_PORT_GRANTED);
		assert_null(out[0].head);
		free(out[0].packet);
	}
	ask_while(l, SEKI_CONTROL_STOP, "", "");
	wait_for(hook, l, SEKI_QUEUE_DOWN);
	assert_int_equal(stats_of(hook).error, -ENOENT);
	/* What was deferred goes with the hook. */
	o.packet = calloc(1, 100);
	assert_true(seki_lanes_defer(l, &o));
	seki_hook_destroy(hook);
}

static void test_seats(void **state)
{
	struct seki_hook *hook = make_hook("a");
	struct seki_lanes *l[3];
	struct seki_outcome out[1];
	const uint8_t bytes[100] = {1};

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		l[i] = seki_hook_lanes(hook, i);
	assert_int_equal(start("--workers=2"), 0);
	for (uint32_t i = 0; i < 2; i++) {
		while (!l[i]->inlined.up)
			poll_once(l[i]);
	}
	do
		poll_once(l[2]);
	while (l[2]->inlined.port);
	assert_int_equal(judge(l[2], bytes, 1).fate, SEKI_FATE_DROP);
	/* A seat is free again. */
	seki_lanes_leave(l[0], 0, out, 1);
	seki_lanes_leave(l[2], 0, out, 1);
	while (!l[2]->inlined.up)
		poll_once(l[2]);
	seki_hook_destroy(hook);
	stop();
}

/* Threads against everything. */

struct stage {
	struct seki_hook *hooks[PORTS];
	bool end;
	uint64_t passed[THREADS], dropped[THREADS];
};

struct thread {
	struct stage *stage;
	uint32_t number;
	pthread_t thread;
};

static void *run_datapath(void *arg)
{
	struct thread *t = arg;
	struct stage *s = t->stage;
	const uint8_t bytes[100] = {1};
	uint64_t rounds = 0;

	while (!__atomic_load_n(&s->end, __ATOMIC_ACQUIRE)) {
		for (int p = 0; p < PORTS; p++) {
			struct seki_lanes *l = seki_hook_lanes(s->hooks[p], t->number);
			struct seki_outcome out[SEKI_BATCH_MAX], o;

			seki_lanes_poll(l, rounds, out, SEKI_BATCH_MAX);
			o = judge(l, bytes, rounds * MS);
			if (o.edited && memcmp(o.head, "grow", 4))
				abort();
			*(o.fate == SEKI_FATE_PASS ? &s->passed[t->number]
						   : &s->dropped[t->number]) += 1;
			if (rounds++ % 1000 == 999)
				seki_lanes_leave(l, rounds, out, SEKI_BATCH_MAX);
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct stage s = {.hooks = {make_hook("a"), make_hook("b")}};
	struct thread threads[THREADS];
	static const char *const letters[] = {"p", "g", "l", "d"};

	(void)state;
	for (uint32_t i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.stage = &s, .number = i};
		assert_int_equal(
			pthread_create(&threads[i].thread, NULL, run_datapath, &threads[i]), 0);
	}
	for (int life = 0; life < 4; life++) {
		assert_int_equal(start(life % 2 ? "--no-program=pass" : ""), 0);
		assert_int_equal(start(""), -EINVAL); /* it runs */
		for (int i = 0; i < 12; i++) {
			assert_int_equal(ask(SEKI_CONTROL_LOAD, i % 3 ? "" : "b", letters[i % 4]),
					 0);
			assert_int_equal(ask(SEKI_CONTROL_STATUS, "", ""), 0);
			if (i % 7 == 0)
				assert_int_equal(ask(SEKI_CONTROL_UNLOAD, "b", ""), 0);
			ask(SEKI_CONTROL_LOAD, "b", "p");
		}
		stop();
	}
	__atomic_store_n(&s.end, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i].thread, NULL);
		assert_true(s.passed[i] && s.dropped[i]);
	}
	for (int p = 0; p < PORTS; p++)
		seki_hook_destroy(s.hooks[p]);
}

static int set_up(void **state)
{
	(void)state;
	seki_hook_set_inline(&seki_inline);
	return mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/vm", base);
	rmdir(path);
	return rmdir(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_seats),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
