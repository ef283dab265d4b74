// SPDX-License-Identifier: Apache-2.0
/*
 * What the ring costs: the hook's engine hands batches to the P4 VM's and gets them back, in one thread
 * (what the instructions cost) and between two processes on two processors (what the caches add),
 * beside the same engine run in place. Medians of rounds, in nanoseconds and cycles of the time stamp
 * counter; in brackets, the least. On a machine that is busy elsewhere only the figures of one thread mean much.
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/ring/rig.h"
#include "core/ring/spin.h"

#define ROUNDS	301
#define PACKETS 3200u /* a round: so few that most rounds are not interrupted */
#define TRIPS	1000u /* a round, one by one */
#define TRIES	15
#define LIMIT_NS                                                                                   \
	2000000000ull /* for the rounds of two processes, where they must share a processor */
#define DEPTH	  8u  /* batches in flight */
#define POOL	  (DEPTH * SEKI_BATCH_MAX)
#define MEMCPY_OF 54u

static const struct program programs[] = {
	{"touches 54 bytes", 54, 0, 0},
	{"writes 54 bytes", 54, 0, 1},
	{"takes 100 ns", 54, 140, 0},
	{"touches 1514 bytes", 1514, 0, 0},
};

/* Nanoseconds a packet: the engine alone, in place. */
static double run_inline(struct rig *r)
{
	uint64_t start = now_ns();

	for (uint32_t done = 0; done < PACKETS; done += SEKI_BATCH_MAX)
		p4vm_end_inline(r->p4vm, &r->data[done % POOL], PACKET, SEKI_BATCH_MAX);
	return (double)(now_ns() - start) / PACKETS;
}

/* The same by the ring, both ends in this thread. */
static double run_alone(struct rig *r)
{
	uint64_t start = now_ns(), now = start;

	for (uint32_t done = 0; done < PACKETS; now++) {
		rig_submit(r, SEKI_BATCH_MAX, now);
		p4vm_end_turn(r->p4vm);
		done += rig_take(r, now);
	}
	return (double)(now_ns() - start) / PACKETS;
}

static double run_memcpy(struct rig *r)
{
	uint64_t start = now_ns();
	uint8_t *to = r->session.switch_region;

	for (uint32_t i = 0; i < PACKETS; i++) {
		memcpy(to + SEKI_RING_SHORT_OFFSET + i % SEKI_BATCH_MAX * SEKI_SHORT_BYTES,
		       r->data[i % POOL], MEMCPY_OF);
		__asm__ volatile("" ::: "memory");
	}
	return (double)(now_ns() - start) / PACKETS;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* where there is one processor, it stays on it */
}

/* Runs `turn` over and over in another process, on another processor, until it is ended. */
static pid_t other_process(void (*turn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(1);
	for (;;)
		turn(arg);
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void p4vm_turn(void *arg)
{
	struct rig *r = arg;

	if (!p4vm_end_turn(r->p4vm))
		seki_spin_pause();
}

struct between {
	double wall; /* nanoseconds a packet */
	double busy; /* of them in the switch's end, where there was something to do */
};

/* Between two processes, with up to DEPTH batches in flight. */
static struct between run_between(struct rig *r)
{
	uint64_t start = now_ns(), now = start, busy = 0;
	uint32_t done = 0;

	while (done < PACKETS) {
		uint64_t before = now_ns();
		uint32_t sent = rig_submit(r, SEKI_BATCH_MAX, now);
		uint32_t got = rig_take(r, now);

		now = now_ns();
		done += got;
		if (sent || got)
			busy += now - before;
	}
	while (r->n_free < POOL)
		rig_take(r, now_ns());
	return (struct between){(double)(now_ns() - start) / PACKETS, (double)busy / PACKETS};
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure {
	double median, least;
};

static struct figure figure(double *values, uint32_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (struct figure){values[n / 2], values[0]};
}

/* The median round trip of one packet at a time. */
static double run_trips(struct rig *r)
{
	static double times[TRIPS];

	for (uint32_t i = 0; i < TRIPS; i++) {
		uint64_t start = now_ns();

		rig_submit(r, 1, start);
		while (!rig_take(r, start))
			seki_spin_pause();
		times[i] = (double)(now_ns() - start);
	}
	return figure(times, TRIPS).median;
}

struct ball {
	uint32_t there __attribute__((aligned(64)));
	uint32_t back __attribute__((aligned(64)));
};

static void throw_back(void *arg)
{
	struct ball *b = arg;

	__atomic_store_n(&b->back, __atomic_load_n(&b->there, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	seki_spin_pause();
}

/* The same for a word in shared memory. */
static double run_bare(struct ball *b)
{
	static double times[TRIPS];

	for (uint32_t i = 0; i < TRIPS; i++) {
		uint64_t start = now_ns();
		uint32_t next = b->there + 1;

		__atomic_store_n(&b->there, next, __ATOMIC_RELEASE);
		while (__atomic_load_n(&b->back, __ATOMIC_ACQUIRE) != next)
			seki_spin_pause();
		times[i] = (double)(now_ns() - start);
	}
	return figure(times, TRIPS).median;
}

/* Cycles of the time stamp counter in a nanosecond; 0 where there is none. */
static double cycles_per_ns(void)
{
#if defined(__x86_64__)
	uint64_t start = now_ns(), cycles = __builtin_ia32_rdtsc();

	while (now_ns() - start < 20000000)
		;
	cycles = __builtin_ia32_rdtsc() - cycles;
	return (double)cycles / (double)(now_ns() - start);
#else
	return 0;
#endif
}

/* The figures of one thread. */
static void put(const char *name, double *here, double *alone, double *copy, double cycles)
{
	struct figure in_place = figure(here, ROUNDS), by_ring = figure(alone, ROUNDS);
	double handoff = by_ring.median - in_place.median;

	printf("| %s | %.1f (%.1f) | %.1f (%.1f) | %.1f (%.1f) | %.0f | %.1f |", name,
	       in_place.median, in_place.least, by_ring.median, by_ring.least, handoff,
	       by_ring.least - in_place.least, handoff * cycles,
	       handoff / figure(copy, ROUNDS).median);
}

static void throughput(const struct program *program, double cycles)
{
	double here[ROUNDS], alone[ROUNDS], wall[ROUNDS], busy[ROUNDS], copy[ROUNDS];
	struct rig *r = rig_create(program, DEPTH);
	struct figure apart, ours;
	uint32_t n = 0;
	uint64_t start;
	pid_t pid;

	for (int i = 0; i < ROUNDS; i++) {
		here[i] = run_inline(r);
		alone[i] = run_alone(r);
		copy[i] = run_memcpy(r);
	}
	rig_destroy(r);
	r = rig_create(program, DEPTH);
	pid = other_process(p4vm_turn, r);
	for (start = now_ns(); n < ROUNDS && now_ns() - start < LIMIT_NS; n++) {
		struct between b = run_between(r);

		wall[n] = b.wall;
		busy[n] = b.busy;
	}
	end_process(pid);
	rig_destroy(r);
	put(program->name, here, alone, copy, cycles);
	apart = figure(wall, n);
	ours = figure(busy, n);
	printf(" %.1f (%.1f) | %.1f (%.1f) |\n", apart.median, apart.least, ours.median,
	       ours.least);
}

static void latency(void)
{
	double ring[TRIES], bare[TRIES], ratio[TRIES];
	struct rig *r = rig_create(&programs[0], DEPTH);
	struct ball *ball = shared(sizeof(*ball));
	struct figure trip, word;

	for (int i = 0; i < TRIES; i++) {
		pid_t pid = other_process(p4vm_turn, r);

		ring[i] = run_trips(r);
		end_process(pid);
		pid = other_process(throw_back, ball);
		bare[i] = run_bare(ball);
		end_process(pid);
		ratio[i] = ring[i] / bare[i];
		rig_destroy(r);
		r = rig_create(&programs[0], DEPTH);
	}
	rig_destroy(r);
	munmap(ball, sizeof(*ball));
	trip = figure(ring, TRIES);
	word = figure(bare, TRIES);
	printf("one packet at a time, there and back: %.0f ns (%.0f); a word in shared memory: %.0f ns "
	       "(%.0f); ratio %.2f\n",
	       trip.median, trip.least, word.median, word.least, figure(ratio, TRIES).median);
}

int main(void)
{
	size_t memory = 2 * (size_t)SEKI_RING_REGION_BYTES;
	double cycles = cycles_per_ns();

	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
	printf("batches of %u, ns a packet, medians of %d rounds of %u packets\n\n", SEKI_BATCH_MAX,
	       ROUNDS, PACKETS);
	puts("| program | in place | by the ring, one thread | hand-off | cycles | / memcpy of 54 bytes "
	     "| two processes | of them the switch |\n|---|--:|--:|--:|--:|--:|--:|--:|");
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		throughput(&programs[i], cycles);
	latency();
	printf("memory of a queue: %zu KiB shared, %zu KiB in the switch, %zu KiB in the P4 VM\n",
	       memory / 1024, sizeof(struct seki_queue) / 1024, p4vm_end_bytes() / 1024);
	return 0;
}
