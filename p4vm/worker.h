/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that runs packets: it alone touches its engines, its facts and its queues. A P4 VM has
 * one or several. The main thread reaches each in one way, seki_worker_call(), which runs a function
 * on it between two batches.
 */
#ifndef SEKI_P4VM_WORKER_H
#define SEKI_P4VM_WORKER_H

#include <pthread.h>
#include <semaphore.h>

#include "core/ring/spin.h"
#include "p4vm/queue.h"
#include "p4vm/turns.h"

#define SEKI_WORKER_SPIN_NS 200000u /* as a rule, for spin_ns */
#define SEKI_WORKERS_MAX    16u
#define SEKI_WORKER_QUEUES  SEKI_TURNS_MAX
#define SEKI_PROGRAMS	    17u /* number 0, which all ports share, and those of single ports */

struct seki_budget;
struct seki_worker;
typedef void (*seki_worker_fn)(struct seki_worker *worker, void *arg);

/* How to reach a worker that is no thread of its own, but one of the switch: see inline.c. */
struct seki_worker_seat {
	/* seki_worker_call(): at once where nobody is in the seat, else by seki_worker_answer(). */
	void (*call)(struct seki_worker *worker, seki_worker_fn fn, void *arg);
	/* A call: everybody gets up, and the queues go. */
	void (*clear)(struct seki_worker *worker, void *arg);
};

struct seki_worker {
	/* Constant while the thread runs. */
	const struct seki_worker_seat *seat; /* NULL: it is a thread */
	uint32_t number;  /* among the P4 VM's workers: the queue of each program that it runs */
	bool pass;	  /* packets pass while there is no program */
	uint64_t spin_ns; /* look for more packets for so long at most before sleeping */
	struct seki_budget *budget; /* of all workers; NULL: no limit */
	uint64_t wait_ns;	    /* for the queues: how long a packet may wait for a fact */
	int bell; /* in a virtual machine: its interrupt, for all queues; 0: none */
	int epoll;
	int call_event;
	pthread_t thread;

	/* The call: the main thread writes arg, then fn; the worker clears fn, then posts done. */
	seki_worker_fn fn;
	void *arg;
	sem_t done;

	/* The thread's own. */
	struct seki_engine engine;		    /* of program 0; its clocks are the thread's */
	struct seki_engine *engines[SEKI_PROGRAMS]; /* by program; NULL: that never was */
	struct seki_spin_limits spin_limits;
	struct seki_spin spin;
	struct seki_queue *queues[SEKI_WORKER_QUEUES];
	struct seki_turns turns; /* of a thread: by number in queues[] */
	uint64_t paid_ns;	 /* CPU time of the thread that the budget was charged with */
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
void seki_worker_call(struct seki_worker *worker, seki_worker_fn fn, void *arg);

/* For whoever is in a worker's seat, between two batches: does what it is called for. */
void seki_worker_answer(struct seki_worker *worker);

/* For the worker: takes the time and new facts over, for all engines. Returns whether a fact changed. */
bool seki_worker_refresh(struct seki_worker *worker);

/*
 * For the worker: a batch of each queue that has one. Returns how many packets were handled, sets whether
 * some wait for facts.
 */
uint32_t seki_worker_round(struct seki_worker *worker, bool *parked);

/* For fn only: takes the queue over. -ENOSPC: too many, the queue stays the caller's. */
int seki_worker_add(struct seki_worker *worker, struct seki_queue *queue);

/* For fn only: an engine (malloc(), the worker's from now on) for a program that never was. */
void seki_worker_give(struct seki_worker *worker, uint32_t program, struct seki_engine *engine);

/* A program that takes the place of another, or of none. */
struct seki_change {
	uint32_t number;	    /* whose place, that of program 0 or of a port */
	const char *port;	    /* whose queues; "": all that program 0 judges */
	struct seki_bpf_prog *prog; /* NULL: none */
	uint32_t judge;		    /* number of the program that judges these queues then */
	uint32_t touch;		    /* bytes that that looks at */
};

/*
 * For fn only, in this order: tells the switches where more of a packet will be looked at than now;
 * says whether all of them know and what they handed over before is judged; puts the new program to
 * work. The last is right at any time: packets with too few bytes are handed over again.
 */
void seki_worker_announce(struct seki_worker *worker, const struct seki_change *change);
bool seki_worker_ready(const struct seki_worker *worker, const struct seki_change *change);
void seki_worker_put(struct seki_worker *worker, const struct seki_change *change);

#endif
