// SPDX-License-Identifier: Apache-2.0
/*
 * A program on three queues, and a control plane that changes its maps through the public interface
 * meanwhile. test_map_live OBJECT, which is map_object.c compiled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "sekisho/bpf.h"

#define QUEUES	3
#define RUNS	3000 /* at least, and while the maps change */
#define CHANGES 1000

enum { COUNT_RUNS, COUNT_FOUND, COUNT_STORED, COUNT_BUSY };

struct value {
	uint64_t key, number, check;
};

struct route {
	uint32_t prefix_len;
	uint8_t data[4];
};

struct worker {
	struct seki_bpf_prog *prog;
	uint32_t queue;
	uint32_t runs; /* read by the control plane */
	const uint32_t *done;
	uint64_t wrong; /* what the program returned if not 1 */
	int err;
	pthread_t thread;
};

static uint8_t object[1 << 16];
static size_t object_len;

static struct seki_bpf_prog *load(enum seki_bpf_engine engine, uint32_t queues)
{
	static char log_text[1000];
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .queues = queues,
					  .engine = engine,
					  .log = log_text,
					  .log_size = sizeof(log_text)};
	struct seki_bpf_prog *prog;

	if (seki_bpf_prog_load(object, object_len, &opts, &prog))
		fail_msg("%s", log_text);
	return prog;
}

static struct value make_value(uint64_t key, uint64_t number)
{
	return (struct value){key, number, key ^ number * 3};
}

static bool is_whole(const struct value *v)
{
	return v->check == (v->key ^ v->number * 3);
}

static int run(struct seki_bpf_prog *prog, uint32_t queue, uint32_t key, uint64_t *r0)
{
	uint8_t packet[8] = {0, 0, 0, (uint8_t)key, 0, 0, (uint8_t)(key * 5), 1};
	struct seki_bpf_run r = {.buf = packet,
				 .size = sizeof(packet),
				 .copied = sizeof(packet),
				 .len = sizeof(packet),
				 .queue = queue};

	return seki_bpf_prog_run(prog, &r, r0);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t i = 0; i < RUNS || !__atomic_load_n(w->done, __ATOMIC_ACQUIRE); i++) {
		uint64_t r0 = 0;
		int err = run(w->prog, w->queue, i * 7 % 64, &r0);

		if (err)
			w->err = err;
		else if (r0 != 1)
			w->wrong = r0;
		__atomic_store_n(&w->runs, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void set_all(struct seki_bpf_prog *prog, uint32_t i)
{
	struct seki_bpf_map *table = seki_bpf_prog_map(prog, "table");
	struct seki_bpf_map *routes = seki_bpf_prog_map(prog, "routes");
	uint32_t key = i * 11 % 64;
	struct value value = make_value(key, i), got;
	struct route route = {i % 33, {10, 0, 0, (uint8_t)(i / 33)}};
	int err;

	err = i % 5 ? seki_bpf_map_set(table, &key, &value) : seki_bpf_map_del(table, &key);
	assert_true(!err || (i % 5 ? err == -ENOSPC : err == -ENOENT));
	if (!err && i % 5) {
		assert_int_equal(seki_bpf_map_get(table, &key, &got), 0);
		assert_memory_equal(&got, &value, sizeof(got));
	}
	/* The route to everything stays; its value is replaced. */
	err = i % 3 || !route.prefix_len ? seki_bpf_map_set(routes, &route, &value)
					 : seki_bpf_map_del(routes, &route);
	assert_true(!err || err == -ENOENT || err == -ENOSPC);
}

static void dump_lately(struct seki_bpf_prog *prog)
{
	struct seki_bpf_map *lately = seki_bpf_prog_map(prog, "lately");
	struct value value;
	uint32_t key;

	for (int err = seki_bpf_map_next_key(lately, NULL, &key); !err;
	     err = seki_bpf_map_next_key(lately, &key, &key)) {
		err = seki_bpf_map_get(lately, &key, &value);
		assert_true(!err || err == -ENOENT);
		if (!err)
			assert_true(value.key == key && is_whole(&value));
	}
	assert_true(seki_bpf_map_entries(lately) <= 8);
}

static uint64_t counter(struct seki_bpf_prog *prog, uint32_t index)
{
	uint64_t sum;

	assert_int_equal(seki_bpf_map_get(seki_bpf_prog_map(prog, "hits"), &index, &sum), 0);
	return sum;
}

static void play(enum seki_bpf_engine engine)
{
	struct seki_bpf_prog *prog = load(engine, QUEUES);
	struct worker workers[QUEUES];
	struct route all = {0, {0}};
	struct value value = make_value(99, 99);
	uint64_t sum = 0;
	uint32_t index = COUNT_RUNS, done = 0;

	assert_int_equal(seki_bpf_map_set(seki_bpf_prog_map(prog, "routes"), &all, &value), 0);
	for (uint32_t i = 0; i < QUEUES; i++) {
		workers[i] = (struct worker){.prog = prog, .queue = i, .done = &done};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < QUEUES; i++)
		while (!__atomic_load_n(&workers[i].runs, __ATOMIC_ACQUIRE))
			sched_yield();
	for (uint32_t i = 0; i < CHANGES; i++) {
		set_all(prog, i);
		if (i % 100 == 0)
			dump_lately(prog);
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < QUEUES; i++) {
		uint64_t own;

		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].err, 0);
		assert_int_equal(workers[i].wrong, 0);
		assert_int_equal(
			seki_bpf_map_get_queue(seki_bpf_prog_map(prog, "hits"), &index, i, &own),
			0);
		assert_int_equal(own, workers[i].runs);
		sum += own;
	}
	assert_int_equal(counter(prog, COUNT_RUNS), sum);
	assert_int_equal(counter(prog, COUNT_STORED) + counter(prog, COUNT_BUSY), sum);
	assert_true(counter(prog, COUNT_FOUND) > 0);
	seki_bpf_prog_destroy(prog);
}

static void test_interpreted(void **state)
{
	(void)state;
	play(SEKI_BPF_ENGINE_INTERPRETER);
}

static void test_compiled(void **state)
{
	(void)state;
	play(SEKI_BPF_ENGINE_AUTO);
}

static void test_interface(void **state)
{
	struct seki_bpf_prog *prog = load(SEKI_BPF_ENGINE_AUTO, 2);
	struct seki_bpf_map *table = seki_bpf_prog_map(prog, "table");
	struct seki_bpf_map *hits = seki_bpf_prog_map(prog, "hits");
	struct seki_bpf_map *routes = seki_bpf_prog_map(prog, "routes");
	struct value value = make_value(1, 2);
	struct route wrong = {33, {0}};
	uint32_t key = 1, beyond = 4, names = 0;
	uint64_t n = 40, r0;

	(void)state;
	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(prog, i);

		assert_ptr_equal(seki_bpf_prog_map(prog, seki_bpf_map_name(map)), map);
		names++;
	}
	assert_int_equal(names, 4);
	assert_null(seki_bpf_prog_map_at(prog, 4));
	assert_int_equal(seki_bpf_map_set_if(table, &key, &value, SEKI_MAP_EXIST), -ENOENT);
	assert_int_equal(seki_bpf_map_set_if(table, &key, &value, SEKI_MAP_NOEXIST), 0);
	assert_int_equal(seki_bpf_map_set_if(table, &key, &value, SEKI_MAP_NOEXIST), -EEXIST);
	assert_int_equal(seki_bpf_map_set_if(table, &key, &value, SEKI_MAP_EXIST), 0);
	assert_int_equal(seki_bpf_map_set_if(table, &key, &value, (enum seki_map_set)3), -EINVAL);
	assert_int_equal(seki_bpf_map_entries(table), 1);
	assert_int_equal(seki_bpf_map_get_queue(table, &key, 0, &value), -EINVAL);
	assert_int_equal(seki_bpf_map_set(routes, &wrong, &value), -EINVAL);
	assert_int_equal(seki_bpf_map_get(routes, &wrong, &value), -EINVAL);
	/* Per-queue values: one by one, and in sum. */
	key = COUNT_RUNS;
	assert_int_equal(seki_bpf_map_set_queue(hits, &key, 1, &n), 0);
	assert_int_equal(run(prog, 0, 3, &r0), 0);
	assert_int_equal(r0, 3); /* there is no route */
	assert_int_equal(counter(prog, COUNT_RUNS), 41);
	assert_int_equal(seki_bpf_map_get_queue(hits, &key, 2, &n), -EINVAL);
	assert_int_equal(seki_bpf_map_set_queue(hits, &key, 2, &n), -EINVAL);
	assert_int_equal(seki_bpf_map_get(hits, &beyond, &n), -ENOENT);
	n = 7;
	assert_int_equal(seki_bpf_map_set(hits, &key, &n), 0);
	assert_int_equal(counter(prog, COUNT_RUNS), 7);
	assert_int_equal(seki_bpf_map_del(hits, &key), -EINVAL);
	assert_int_equal(seki_bpf_map_entries(hits), 4);
	seki_bpf_prog_destroy(prog);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interface),
		cmocka_unit_test(test_interpreted),
		cmocka_unit_test(test_compiled),
	};
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;

	if (!file)
		return 1;
	object_len = fread(object, 1, sizeof(object), file);
	fclose(file);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
