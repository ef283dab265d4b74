// SPDX-License-Identifier: Apache-2.0
/*
 * How the cost grows with ports and datapath threads: each port has a queue with a batch of packets for each thread,
 * and all are gone round in turn, both ends of each. The threads are simulated: one thread does what they would do
 * one after the other, so that this says what the memory of so many queues costs, on any number of processors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/ring/rig.h"

#define ROUNDS	  31
#define PACKETS	  6400u /* a round, at least */
#define PORTS_MAX 64u
#define THREADS	  8u

static const struct program program = {"touches 54 bytes", 54, 0, 0};
static struct rig *rigs[PORTS_MAX * THREADS];

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of this thread's processor time: long rounds are interrupted. */
static uint64_t spent_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Nanoseconds a packet. */
static double busy_round(uint32_t queues)
{
	uint64_t start = spent_ns(), now = start;
	uint32_t done = 0;

	while (done < PACKETS) {
		for (uint32_t i = 0; i < queues; i++, now++) {
			rig_submit(rigs[i], SEKI_BATCH_MAX, now);
			p4vm_end_turn(rigs[i]->p4vm);
			done += rig_take(rigs[i], now);
		}
	}
	return (double)(spent_ns() - start) / done;
}

/* Nanoseconds that the switch looks at a queue in which there is nothing. */
static double idle_round(uint32_t queues)
{
	uint64_t start = spent_ns(), looks = 0;

	while (looks < PACKETS) {
		for (uint32_t i = 0; i < queues; i++, looks++)
			rig_take(rigs[i], start);
	}
	return (double)(spent_ns() - start) / (double)looks;
}

static double median(double (*round)(uint32_t queues), uint32_t queues)
{
	double values[ROUNDS];

	round(queues);
	for (int i = 0; i < ROUNDS; i++)
		values[i] = round(queues);
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

int main(void)
{
	uint32_t made = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("| ports | ns a packet, 1 thread | 8 threads | ns a look at an idle queue, 1 thread | 8 threads "
	     "|\n|--:|--:|--:|--:|--:|");
	for (uint32_t ports = 1; ports <= PORTS_MAX; ports *= 2) {
		double busy[2], idle[2];

		while (made < ports * THREADS)
			rigs[made++] = rig_create(&program, 1);
		for (int i = 0; i < 2; i++) {
			busy[i] = median(busy_round, ports * (i ? THREADS : 1));
			idle[i] = median(idle_round, ports * (i ? THREADS : 1));
		}
		printf("| %u | %.1f | %.1f | %.1f | %.1f |\n", ports, busy[0], busy[1], idle[0],
		       idle[1]);
	}
	while (made)
		rig_destroy(rigs[--made]);
	return 0;
}
