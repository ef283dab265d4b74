// SPDX-License-Identifier: Apache-2.0
#include "bench/ring/scale_p4vm.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "lib/sys/log.h"
#include "p4vm/attach.h"
#include "p4vm/worker.h"

struct scale_queue {
	struct seki_queue queue;
};

struct scale_worker {
	struct seki_worker worker;
	struct seki_bpf_prog *prog;
};

static const struct seki_worker_seat seat; /* called by the bench: it is no thread */

static void say_nothing(const char *line)
{
	(void)line;
}

/* In place of attach.c: nothing was attached. */
void seki_attach_close(struct seki_queue *queue)
{
	(void)queue;
}

struct scale_queue *scale_queue_create(void *switch_region, void *p4vm_region)
{
	struct scale_queue *q = calloc(1, sizeof(*q));

	if (!q || seki_ring_p4vm_init(&q->queue.ring, switch_region, p4vm_region))
		abort();
	q->queue.switch_region = switch_region;
	q->queue.p4vm_region = p4vm_region;
	q->queue.wake = eventfd(0, EFD_NONBLOCK);
	return q;
}

void scale_queue_destroy(struct scale_queue *queue)
{
	free(queue);
}

struct scale_worker *scale_worker_create(struct p4vm_end *end)
{
	struct scale_worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	if (!w)
		abort();
	*w = (struct scale_worker){.worker = {.seat = &seat, .spin_ns = SEKI_WORKER_SPIN_NS},
				   .prog = p4vm_end_prog(end)};
	if (seki_worker_start(&w->worker, NULL, NULL))
		abort();
	seki_engine_swap(&w->worker.engine, w->prog);
	return w;
}

void scale_worker_destroy(struct scale_worker *worker)
{
	free(worker);
}

void scale_worker_set(struct scale_worker *worker, struct scale_queue *const *queues, uint32_t n)
{
	struct seki_worker *w = &worker->worker;

	w->turns = (struct seki_turns){.n = 0};
	for (w->n_queues = 0; w->n_queues < n; w->n_queues++) {
		struct seki_queue *q = &queues[w->n_queues]->queue;
		const struct seki_switch_header *header = q->switch_region;

		w->queues[w->n_queues] = q;
		seki_turns_add(&w->turns, &header->sub_tail);
		seki_ring_p4vm_set_want(&q->ring, w->engine.touch);
	}
}

uint32_t scale_worker_round(struct scale_worker *worker)
{
	bool parked;

	return seki_worker_round(&worker->worker, &parked);
}

struct start {
	struct scale_worker *worker;
	struct scale_queue *const *queues;
	const int *conns;
	uint32_t n;
};

static void do_start(struct seki_worker *worker, void *arg)
{
	const struct start *start = arg;

	seki_engine_swap(&worker->engine, start->worker->prog);
	for (uint32_t i = 0; i < start->n; i++) {
		start->queues[i]->queue.conn = start->conns[i];
		if (seki_worker_add(worker, &start->queues[i]->queue))
			abort();
	}
}

void scale_worker_start(struct scale_worker *worker, struct scale_queue *const *queues,
			const int *conns, uint32_t n)
{
	struct start start = {worker, queues, conns, n};

	seki_log_to(say_nothing);
	worker->worker = (struct seki_worker){.spin_ns = SEKI_WORKER_SPIN_NS};
	if (seki_worker_start(&worker->worker, NULL, NULL))
		abort();
	seki_worker_call(&worker->worker, do_start, &start);
}

void scale_worker_stop(struct scale_worker *worker)
{
	seki_worker_stop(&worker->worker);
}
