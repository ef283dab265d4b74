// SPDX-License-Identifier: Apache-2.0
/*
 * Maps that a new program carries over from the one before, by name. test_map_keep OBJECT ..., which
 * are makes of keep_object.c in the order of the enum.
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

#include "core/base/check.h"
#include "sekisho/bpf.h"

#define QUEUES 3

enum { BASE, OTHER_STEP, MORE_ENTRIES, OTHER_START, WIDE_VALUE, OBJECTS };

static struct {
	uint8_t bytes[1 << 15];
	size_t len;
} objects[OBJECTS];
static char log_text[1000];

static int load(int object, struct seki_bpf_prog *from, const char *const *keep, uint32_t n_keep,
		struct seki_bpf_prog **out)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .queues = QUEUES,
					  .engine = SEKI_BPF_ENGINE_INTERPRETER,
					  .log = log_text,
					  .log_size = sizeof(log_text),
					  .keep_from = from,
					  .keep = keep,
					  .n_keep = n_keep};

	return seki_bpf_prog_load(objects[object].bytes, objects[object].len, &opts, out);
}

static struct seki_bpf_prog *must_load(int object, struct seki_bpf_prog *from)
{
	struct seki_bpf_prog *prog = NULL;

	if (load(object, from, NULL, 0, &prog))
		fail_msg("%s", log_text);
	return prog;
}

static uint64_t run(struct seki_bpf_prog *prog, uint32_t queue, uint8_t key)
{
	uint8_t packet[8] = {key};
	struct seki_bpf_run r = {.buf = packet,
				 .size = sizeof(packet),
				 .copied = sizeof(packet),
				 .len = sizeof(packet),
				 .queue = queue};
	uint64_t r0 = 0;

	assert_int_equal(seki_bpf_prog_run(prog, &r, &r0), 0);
	return r0;
}

static uint64_t value_of(struct seki_bpf_prog *prog, const char *map, uint32_t key)
{
	uint64_t value[8] = {0};
	int err = seki_bpf_map_get(seki_bpf_prog_map(prog, map), &key, value);

	return err ? UINT64_MAX : value[0];
}

static bool keeps(struct seki_bpf_prog *prog, const char *name)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		if (!strcmp(seki_bpf_map_name(seki_bpf_prog_map_at(prog, i)), name))
			return seki_bpf_prog_keeps(prog, i);
	}
	fail_msg("no map %s", name);
	return false;
}

static void goes_on_with_what_was_there(void **state)
{
	struct seki_bpf_prog *first = must_load(BASE, NULL), *second;
	uint32_t key = 1, nine = 9;

	(void)state;
	assert_int_equal(run(first, 0, 5), 1);
	assert_int_equal(run(first, 1, 5), 1);
	assert_int_equal(seki_bpf_map_set(seki_bpf_prog_map(first, "rules"), &key, &nine), 0);
	second = must_load(OTHER_STEP, first);
	assert_ptr_equal(seki_bpf_prog_map(second, "seen"), seki_bpf_prog_map(first, "seen"));
	assert_true(keeps(second, "seen") && keeps(second, "runs") && keeps(second, "rules"));
	assert_false(keeps(second, "sekisho_scratch"));
	assert_false(keeps(first, "seen"));
	assert_int_equal(run(second, 0, 5), 1);
	assert_int_equal(value_of(second, "seen", 5), 2 + 10);
	assert_int_equal(value_of(second, "runs", 0), 3);
	/* Its rule was changed by a control plane, and the object starts as the one before did. */
	assert_int_equal(run(second, 2, 1), 9);
	/* Both have the maps, in whatever order they go. */
	assert_int_equal(run(first, 0, 5), 1);
	seki_bpf_prog_destroy(first);
	assert_int_equal(value_of(second, "seen", 5), 13);
	assert_int_equal(run(second, 1, 5), 1);
	assert_int_equal(value_of(second, "runs", 0), 6);
	seki_bpf_prog_destroy(second);
}

static void a_chain_frees_each_map_once(void **state)
{
	struct seki_bpf_prog *progs[40];

	(void)state;
	progs[0] = must_load(BASE, NULL);
	for (uint32_t i = 1; i < SEKI_COUNT(progs); i++) {
		progs[i] = must_load(i % 2 ? OTHER_STEP : BASE, progs[i - 1]);
		run(progs[i], i % QUEUES, 4);
		if (i % 3 == 0)
			seki_bpf_prog_destroy(progs[i - 1]);
	}
	assert_int_equal(value_of(progs[39], "runs", 0), 39);
	assert_int_equal(value_of(progs[39], "seen", 4), 20 * 10 + 19);
	for (uint32_t i = 0; i < SEKI_COUNT(progs); i++) {
		if (i % 3 != 2 || i == 39)
			seki_bpf_prog_destroy(progs[i]);
	}
}

static void other_entries_to_start_with_start_anew(void **state)
{
	const char *const rules[] = {"rules"};
	struct seki_bpf_prog *first = must_load(BASE, NULL), *second;

	(void)state;
	second = must_load(OTHER_START, first);
	assert_false(keeps(second, "rules"));
	assert_true(keeps(second, "seen"));
	assert_int_equal(run(second, 0, 1), 8);
	seki_bpf_prog_destroy(second);
	/* Who names it knows. */
	assert_int_equal(load(OTHER_START, first, rules, 1, &second), 0);
	assert_true(keeps(second, "rules") && keeps(second, "rules_defaultAction"));
	assert_false(keeps(second, "seen") || keeps(second, "runs"));
	assert_int_equal(run(second, 0, 1), 7);
	seki_bpf_prog_destroy(second);
	seki_bpf_prog_destroy(first);
}

static void refuse(int object, struct seki_bpf_prog *from, const char *name, int err,
		   const char *text)
{
	const char *const keep[] = {name};
	struct seki_bpf_prog *out = NULL;

	assert_int_equal(load(object, from, name ? keep : NULL, name ? 1 : 0, &out), err);
	assert_null(out);
	if (!strstr(log_text, text))
		fail_msg("%s", log_text);
}

static void refuses_another_shape(void **state)
{
	struct seki_bpf_prog *first = must_load(BASE, NULL), *second;
	const char *const runs[] = {"runs"};

	(void)state;
	run(first, 0, 5);
	refuse(MORE_ENTRIES, first, NULL, -EEXIST,
	       "map seen cannot be kept: its max_entries was 64 and is 128 now");
	refuse(WIDE_VALUE, first, "seen", -EEXIST, "its value size was 8 and is 16 now");
	refuse(BASE, first, "sEen", -ENOENT, "the old program has none of that name");
	assert_int_equal(value_of(first, "seen", 5), 1);
	/* What is not named may change. */
	assert_int_equal(load(MORE_ENTRIES, first, runs, 1, &second), 0);
	assert_int_equal(value_of(second, "runs", 0), 1);
	assert_int_equal(value_of(second, "seen", 5), UINT64_MAX);
	seki_bpf_prog_destroy(second);
	seki_bpf_prog_destroy(first);
}

static void refuses_another_number_of_queues(void **state)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .queues = QUEUES + 1};
	const char *const runs[] = {"runs"};
	struct seki_bpf_prog *first = must_load(BASE, NULL), *second;

	(void)state;
	opts.keep_from = first;
	assert_int_equal(seki_bpf_prog_load(objects[BASE].bytes, objects[BASE].len, &opts, &second),
			 -EINVAL);
	opts = (struct seki_bpf_load_opts){.sz = sizeof(opts), .keep = runs, .n_keep = 1};
	assert_int_equal(seki_bpf_prog_load(objects[BASE].bytes, objects[BASE].len, &opts, &second),
			 -EINVAL);
	seki_bpf_prog_destroy(first);
}

/* Threads that run whatever program is the present one, as workers do; each has keys of its own. */
struct stage {
	struct seki_bpf_prog *present[QUEUES]; /* what each is to run; NULL: to end */
	struct seki_bpf_prog *running[QUEUES]; /* what each runs */
	uint64_t counts[QUEUES];
	pthread_t threads[QUEUES];
};

struct actor {
	struct stage *stage;
	uint32_t queue;
};

static void *act(void *arg)
{
	const struct actor *a = arg;
	struct stage *s = a->stage;
	struct seki_bpf_prog *prog;

	while ((prog = __atomic_load_n(&s->present[a->queue], __ATOMIC_ACQUIRE))) {
		__atomic_store_n(&s->running[a->queue], prog, __ATOMIC_RELEASE);
		for (uint32_t i = 0; i < 20; i++)
			run(prog, a->queue,
			    (uint8_t)(s->counts[a->queue]++ % 21 * QUEUES + a->queue));
	}
	return NULL;
}

static void replace(struct stage *s, struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < QUEUES; i++) {
		__atomic_store_n(&s->present[i], prog, __ATOMIC_RELEASE);
		/* For a while some queues run the old program and some the new one. */
		while (prog && __atomic_load_n(&s->running[i], __ATOMIC_ACQUIRE) != prog)
			sched_yield();
	}
}

static void is_replaced_while_it_runs(void **state)
{
	struct seki_bpf_prog *prog = must_load(BASE, NULL), *next;
	struct stage s = {.counts = {0}};
	struct actor actors[QUEUES];
	uint64_t total = 0;

	(void)state;
	for (uint32_t i = 0; i < QUEUES; i++) {
		actors[i] = (struct actor){&s, i};
		s.present[i] = prog;
		assert_int_equal(pthread_create(&s.threads[i], NULL, act, &actors[i]), 0);
	}
	for (int i = 0; i < 60; i++) {
		uint32_t key = (uint32_t)i % 64;

		next = must_load(i % 2 ? BASE : OTHER_STEP, prog);
		replace(&s, next);
		seki_bpf_prog_destroy(prog);
		prog = next;
		seki_bpf_map_del(seki_bpf_prog_map(prog, "seen"), &key);
	}
	replace(&s, NULL);
	for (uint32_t i = 0; i < QUEUES; i++) {
		pthread_join(s.threads[i], NULL);
		total += s.counts[i];
	}
	assert_int_equal(value_of(prog, "runs", 0), total);
	seki_bpf_prog_destroy(prog);
}

static int read_objects(int n, char **paths)
{
	for (int i = 0; i < OBJECTS && i < n; i++) {
		FILE *file = fopen(paths[i], "rb");

		if (!file)
			return -1;
		objects[i].len = fread(objects[i].bytes, 1, sizeof(objects[i].bytes), file);
		fclose(file);
	}
	return n == OBJECTS ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_with_what_was_there),
		cmocka_unit_test(a_chain_frees_each_map_once),
		cmocka_unit_test(other_entries_to_start_with_start_anew),
		cmocka_unit_test(refuses_another_shape),
		cmocka_unit_test(refuses_another_number_of_queues),
		cmocka_unit_test(is_replaced_while_it_runs),
	};

	if (read_objects(argc - 1, argv + 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
