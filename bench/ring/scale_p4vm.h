/* SPDX-License-Identifier: Apache-2.0 */
/* A P4 VM's worker with many queues, as it is; called, or as a thread. Apart, as ends.h says. */
#ifndef SEKI_BENCH_RING_SCALE_P4VM_H
#define SEKI_BENCH_RING_SCALE_P4VM_H

#include "bench/ring/ends.h"

struct scale_queue;
struct scale_worker;

/* What fails ends the process. The regions are a rig's, before any traffic. */
struct scale_queue *scale_queue_create(void *switch_region, void *p4vm_region);
void scale_queue_destroy(struct scale_queue *queue);

/* It runs the program of `end`. */
struct scale_worker *scale_worker_create(struct p4vm_end *end);
void scale_worker_destroy(struct scale_worker *worker);

/* Which queues it has from now on. */
void scale_worker_set(struct scale_worker *worker, struct scale_queue *const *queues, uint32_t n);
uint32_t scale_worker_round(struct scale_worker *worker);

/* Instead: a thread, which waits as it does in a P4 VM; wake-ups come to the other ends of conns[]. */
void scale_worker_start(struct scale_worker *worker, struct scale_queue *const *queues,
			const int *conns, uint32_t n);
void scale_worker_stop(struct scale_worker *worker);

#endif
