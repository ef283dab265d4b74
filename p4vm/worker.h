/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that runs packets: it alone touches the engine, the facts and the queues. The main
 * thread reaches it in one way, seki_worker_call(), which runs a function on it between two
 * batches.
 */
#ifndef SEKI_P4VM_WORKER_H
#define SEKI_P4VM_WORKER_H

#include <pthread.h>
#include <semaphore.h>

#include "p4vm/queue.h"

#define SEKI_WORKER_QUEUES 64u

struct seki_worker {
	/* Constant while the thread runs. */
	uint64_t spin_ns; /* look for more packets for so long before sleeping */
	uint64_t wait_ns; /* for the queues: how long a packet may wait for a fact */
	int epoll;
	int call_event;
	pthread_t thread;

	/* The call: the main thread writes arg, then fn; the worker clears fn, then posts done. */
	void (*fn)(struct seki_worker *worker, void *arg);
	void *arg;
	sem_t done;

	/* The thread's own. */
	struct seki_engine engine;
	struct seki_queue *queues[SEKI_WORKER_QUEUES];
	uint32_t n_queues;
	uint32_t next_id;
	bool stop;
};

/* Starts the thread. `facts` and `print`: seki_engine_init(). 0 or negative errno. */
int seki_worker_start(struct seki_worker *worker, struct seki_vminfo *facts,
		      void (*print)(void *arg, const char *line));

/* Ends the thread and closes its queues; its program is the caller's to destroy. */
void seki_worker_stop(struct seki_worker *worker);

/*
 * Runs fn(worker, arg) on the thread and returns when it is done: after at most one batch of each
 * queue. From one thread at a time.
 */
void seki_worker_call(struct seki_worker *worker, void (*fn)(struct seki_worker *worker, void *arg),
		      void *arg);

/* For fn only: takes the queue over. -ENOSPC: too many, the queue stays the caller's. */
int seki_worker_add(struct seki_worker *worker, struct seki_queue *queue);

/* For fn only: seki_engine_swap(), and tells the switches how much of a packet it looks at. */
struct seki_bpf_prog *seki_worker_swap(struct seki_worker *worker, struct seki_bpf_prog *prog);

#endif
