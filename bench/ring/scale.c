// SPDX-License-Identifier: Apache-2.0
/*
 * How the cost grows with ports and datapath threads: each port has a queue for each thread, and one worker of the P4 VM
 * has them all. The threads are simulated, so that it can be measured on any number of processors: one thread does
 * what each of them would do, several batches of each port at a time, one after the other. That costs by itself, as
 * packets and queues of so many take turns in one processor's caches; so beside each figure is what the same
 * program takes with the same packets in the same order and no queues, run where they are.
 *
 * Then, with the worker as a thread: how long a packet takes of ports that send one now and then, beside one that floods.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "bench/ring/rig.h"
#include "bench/ring/scale_p4vm.h"

#define ROUNDS	  31
#define PACKETS	  6400u /* a round, at least */
#define PORTS_MAX 64u
#define THREADS	  8u
#define QUEUES	  (PORTS_MAX * THREADS)
#define SLICE	  4u /* batches of each port before another thread's turn */
#define TRIPS	  20000u

static const struct program program = {"touches 54 bytes", 54, 0, 0};
static struct rig *rigs[QUEUES]; /* by thread, then by port */
static struct scale_queue *queues[QUEUES];
static struct scale_worker *worker;
static struct p4vm_end *judge; /* of the runs without queues */

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

/* A batch of each of these ports of a thread, there and back. Returns the packets. */
static uint32_t batches(struct rig *const *of, uint32_t ports, uint32_t packets, uint64_t now)
{
	uint32_t sent = 0, judged = 0, done = 0;

	for (uint32_t p = 0; p < ports; p++)
		sent += rig_submit(of[p], packets, now);
	while (judged < sent)
		judged += scale_worker_round(worker);
	for (uint32_t p = 0; p < ports; p++)
		done += rig_take(of[p], now);
	return done;
}

/* The functions below return nanoseconds, of a packet or of a look. */

static double with_queues(uint32_t ports, uint32_t threads)
{
	uint64_t start = spent_ns(), now = start;
	uint32_t done = 0;

	while (done < PACKETS) {
		for (uint32_t i = 0; i < threads * SLICE; i++, now++)
			done += batches(&rigs[i / SLICE * PORTS_MAX], ports, SEKI_BATCH_MAX, now);
	}
	return (double)(spent_ns() - start) / done;
}

static double without(uint32_t ports, uint32_t threads)
{
	uint64_t start = spent_ns();
	uint32_t done = 0;

	while (done < PACKETS) {
		for (uint32_t i = 0; i < threads * SLICE; i++) {
			for (uint32_t p = 0; p < ports; p++, done += SEKI_BATCH_MAX)
				p4vm_end_inline(judge, rigs[i / SLICE * PORTS_MAX + p]->data,
						PACKET, SEKI_BATCH_MAX);
		}
	}
	return (double)(spent_ns() - start) / done;
}

/* One port sends one packet at a time, the others nothing; as the worker sees it. */
static double one_busy(uint32_t ports, uint32_t threads)
{
	uint64_t start = spent_ns(), now = start;
	uint32_t done = 0;

	(void)ports;
	(void)threads;
	while (done < PACKETS)
		done += batches(rigs, 1, 1, now++);
	return (double)(spent_ns() - start) / done;
}

/* The switch looks at a queue in which there is nothing. */
static double idle_look(uint32_t ports, uint32_t threads)
{
	uint64_t start = spent_ns(), looks = 0;

	while (looks < PACKETS) {
		for (uint32_t i = 0; i < threads * SLICE; i++) {
			for (uint32_t p = 0; p < ports; p++, looks++)
				rig_take(rigs[i / SLICE * PORTS_MAX + p], start);
		}
	}
	return (double)(spent_ns() - start) / (double)looks;
}

static double median(double (*round)(uint32_t ports, uint32_t threads), uint32_t ports,
		     uint32_t threads)
{
	double values[ROUNDS];

	round(ports, threads);
	for (int i = 0; i < ROUNDS; i++)
		values[i] = round(ports, threads);
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static void give_queues(uint32_t ports, uint32_t threads)
{
	struct scale_queue *given[QUEUES];
	uint32_t n = 0;

	for (uint32_t t = 0; t < threads; t++) {
		for (uint32_t p = 0; p < ports; p++)
			given[n++] = queues[t * PORTS_MAX + p];
	}
	scale_worker_set(worker, given, n);
}

struct row {
	double with, without, one_busy, look;
};

static struct row measure(uint32_t ports, uint32_t threads)
{
	give_queues(ports, threads);
	return (struct row){.with = median(with_queues, ports, threads),
			    .without = median(without, ports, threads),
			    .one_busy = median(one_busy, ports, threads),
			    .look = median(idle_look, ports, threads)};
}

/* What the queues add to a packet. */
static double added(const struct row *row)
{
	return row->with - row->without;
}

static void print_figures(const struct row *row, const struct row *first)
{
	printf(" %.1f | %.1f | %.2f | %.2f |", row->with, row->without, added(row) / added(first),
	       row->with / row->without / (first->with / first->without));
}

static void growth(void)
{
	struct row row[2], first;

	measure(1, 1); /* to warm up */
	puts("| ports | ns a packet, 1 thread | control: no queues, 1 thread | times the first, control subtracted | "
	     "times the first, ratio to control | ns a packet, 8 threads | control: no queues, 8 threads | "
	     "times the first, 8 threads, control subtracted | times the first, 8 threads, ratio to control | "
	     "ns of a packet of the only busy port, 1 thread | the same, 8 threads | "
	     "ns a look at an idle queue, 1 thread | ns a look at an idle queue, 8 threads |\n"
	     "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
	for (uint32_t ports = 1; ports <= PORTS_MAX; ports *= 2) {
		for (int i = 0; i < 2; i++)
			row[i] = measure(ports, i ? THREADS : 1);
		if (ports == 1)
			first = row[0];
		printf("| %u |", ports);
		print_figures(&row[0], &first);
		print_figures(&row[1], &first);
		printf(" %.1f | %.1f | %.1f | %.1f |\n", row[0].one_busy, row[1].one_busy,
		       row[0].look, row[1].look);
	}
	printf("\nThe %u threads are simulated: they take turns in one processor's caches, which costs the control, too.\n",
	       THREADS);
}

/* The trips of packets that are sent one at a time, by each port but the first in turn. */
static void trips(bool flood, double *out)
{
	for (uint32_t i = 0; i < TRIPS; i++) {
		struct rig *r = rigs[1 + i % (PORTS_MAX - 1)];
		uint64_t start = now_ns(), now = start;

		rig_submit(r, 1, now);
		while (!rig_take(r, now)) {
			rig_take(rigs[0], now);
			if (flood)
				rig_submit(rigs[0], SEKI_BATCH_MAX, now);
			now = now_ns();
		}
		out[i] = (double)(now_ns() - start);
	}
	qsort(out, TRIPS, sizeof(*out), compare);
}

static void fairness(void)
{
	static double alone[TRIPS], beside[TRIPS];
	int conns[PORTS_MAX];

	for (uint32_t i = 0; i < PORTS_MAX; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends))
			abort();
		rigs[i]->session.sock = ends[0];
		conns[i] = ends[1];
	}
	scale_worker_start(worker, queues, conns, PORTS_MAX);
	trips(false, alone);
	trips(true, beside);
	scale_worker_stop(worker);
	printf("\nOf %u ports, a packet of one that sends one at a time is back after %.1f us (median; p99 %.1f us); "
	       "while another floods, after %.1f us (p99 %.1f us).\n",
	       PORTS_MAX, alone[TRIPS / 2] / 1e3, alone[TRIPS * 99 / 100] / 1e3,
	       beside[TRIPS / 2] / 1e3, beside[TRIPS * 99 / 100] / 1e3);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint32_t i = 0; i < QUEUES; i++) {
		rigs[i] = rig_create(&program, i ? 1 : POOL_MAX / SEKI_BATCH_MAX);
		queues[i] = scale_queue_create(rigs[i]->session.switch_region,
					       rigs[i]->session.p4vm_region);
	}
	judge = rigs[0]->p4vm;
	worker = scale_worker_create(judge);
	growth();
	fairness();
	scale_worker_destroy(worker);
	for (uint32_t i = 0; i < QUEUES; i++) {
		scale_queue_destroy(queues[i]);
		rig_destroy(rigs[i]);
	}
	return 0;
}
