/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and meters that several queues use at once: no packet goes uncounted, and a meter lets no more
 * pass than its burst and what its rate gave. The clock is the test's: it goes on with each look at it, and
 * whoever looked may lose the processor before it uses what it saw. Shows races with -Db_sanitize=thread too.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sys/file.h"
#include "sekisho/bpf.h"

#define QUEUES 4u
#ifdef __SANITIZE_THREAD__
#define RUNS 2000u
#else
#define RUNS 20000u
#endif
#define SECOND	  1000000000u
#define TICK	  100u /* ns from one look at the clock to the next */
#define COMMITTED 4u   /* ticks a token */
#define PEAK	  2u
#define BURST	  10u
#define LENGTH	  20u
#define HEADROOM  64u

static const char *object;

struct stage {
	struct seki_bpf_prog *prog;
	struct seki_bpf_host host;
	uint64_t clock; /* of all, atomic */
};

struct actor {
	struct stage *stage;
	uint32_t queue;
	uint64_t faults, colors[3];
	pthread_t thread;
};

static uint64_t look(void *arg)
{
	struct stage *stage = arg;
	uint64_t now = __atomic_add_fetch(&stage->clock, TICK, __ATOMIC_RELAXED);

	if (now / TICK % 16 == 0)
		sched_yield();
	return now;
}

static void *act(void *arg)
{
	struct actor *actor = arg;
	uint8_t buf[HEADROOM + LENGTH] = {0};

	for (uint32_t i = 0; i < RUNS; i++) {
		struct seki_bpf_run run = {.host = &actor->stage->host,
					   .buf = buf,
					   .size = sizeof(buf),
					   .off = HEADROOM,
					   .copied = LENGTH,
					   .len = LENGTH,
					   .queue = actor->queue};
		uint64_t r0 = 0;

		buf[HEADROOM] = (uint8_t)(i % 4);
		if (seki_bpf_prog_run(actor->stage->prog, &run, &r0) || !r0 || buf[run.off] > 2)
			actor->faults++;
		else
			actor->colors[buf[run.off]]++;
	}
	return NULL;
}

static void set_up(struct stage *stage, enum seki_bpf_engine engine)
{
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .queues = QUEUES, .engine = engine};
	struct seki_meter meter = {.cir = SECOND / TICK / COMMITTED,
				   .cbs = BURST,
				   .pir = SECOND / TICK / PEAK,
				   .pbs = BURST,
				   .is_set = 1};
	uint32_t first = 0;
	uint8_t entry[24] = {0}, key = 2;
	size_t len;
	void *elf;

	*stage = (struct stage){.host = {.arg = stage, .time_ns = look}, .clock = SECOND};
	assert_int_equal(seki_file_read(object, 1 << 20, &elf, &len), 0);
	assert_int_equal(seki_bpf_prog_load(elf, len, &opts, &stage->prog), 0);
	free(elf);
	assert_int_equal(
		seki_bpf_map_set(seki_bpf_prog_map(stage->prog, "pipe_limit"), &first, &meter), 0);
	assert_int_equal(
		seki_bpf_map_def(seki_bpf_prog_map(stage->prog, "pipe_entries_"))->value_size,
		sizeof(entry));
	assert_int_equal(
		seki_bpf_map_set(seki_bpf_prog_map(stage->prog, "pipe_entries_"), &key, entry), 0);
}

/* What an entry of a table counted: behind its action's number. */
static void check_direct(struct stage *stage, const char *map, const void *key, uint64_t packets)
{
	struct {
		uint64_t action;
		struct seki_counter counter;
	} value;

	assert_int_equal(seki_bpf_map_get(seki_bpf_prog_map(stage->prog, map), key, &value), 0);
	assert_int_equal(value.counter.packets, packets);
	assert_int_equal(value.counter.bytes, packets * LENGTH);
}

static void check_counts(struct stage *stage)
{
	uint64_t all = (uint64_t)QUEUES * RUNS;
	struct seki_counter counter;
	uint32_t first = 0;
	uint8_t key = 2;

	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(seki_bpf_map_get(seki_bpf_prog_map(stage->prog, "pipe_indexed"),
						  &i, &counter),
				 0);
		assert_int_equal(counter.packets, all / 4);
		assert_int_equal(counter.bytes, all / 4 * LENGTH);
	}
	check_direct(stage, "pipe_entries_", &key, all / 4);
	check_direct(stage, "pipe_entries__defaultAction", &first, all - all / 4);
}

static void check_engine(enum seki_bpf_engine engine)
{
	static struct actor actors[QUEUES];
	uint64_t colors[3] = {0}, ticks;
	struct stage stage;

	set_up(&stage, engine);
	for (uint32_t i = 0; i < QUEUES; i++) {
		actors[i] = (struct actor){.stage = &stage, .queue = i};
		assert_int_equal(pthread_create(&actors[i].thread, NULL, act, &actors[i]), 0);
	}
	for (uint32_t i = 0; i < QUEUES; i++) {
		pthread_join(actors[i].thread, NULL);
		assert_int_equal(actors[i].faults, 0);
		for (uint32_t c = 0; c < 3; c++)
			colors[c] += actors[i].colors[c];
	}
	ticks = (stage.clock - SECOND) / TICK;
	assert_int_equal(colors[0] + colors[1] + colors[2], QUEUES * RUNS);
	assert_true(colors[1] <= BURST + ticks / COMMITTED);
	assert_true(colors[1] + colors[2] <= BURST + ticks / PEAK);
	check_counts(&stage);
	seki_bpf_prog_destroy(stage.prog);
}

static void test_interpreter(void **state)
{
	(void)state;
	check_engine(SEKI_BPF_ENGINE_INTERPRETER);
}

static void test_jit(void **state)
{
	(void)state;
	check_engine(SEKI_BPF_ENGINE_AUTO);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpreter),
		cmocka_unit_test(test_jit),
	};

	object = argc == 2 ? argv[1] : "shared.o";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
