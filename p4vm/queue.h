/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attached packet queue: takes batches from its ring, has the engine decide, answers. A packet
 * whose program asked for a fact that may still come is parked and run anew; packets of its flow wait
 * behind it, so that a flow stays in order, and others are not delayed. All of it belongs to the worker thread once the queue is added to it.
 */
#ifndef SEKI_P4VM_QUEUE_H
#define SEKI_P4VM_QUEUE_H

#include "core/ring/ring.h"
#include "p4vm/engine.h"

#define SEKI_QUEUE_PARKED 64u

struct seki_queue_stats {
	uint64_t packets;
	uint64_t passed;
	uint64_t dropped;
	uint64_t redirected;
	uint64_t rewritten; /* of those passed or redirected */
	uint64_t more;	    /* sent back for more of their bytes */
	uint64_t bad;	    /* submissions out of bounds */
	uint64_t waited;    /* packets that waited for a fact, or behind one that did */
};

struct seki_parked {
	struct seki_submission sub;
	uint32_t flow;	   /* of one direction */
	bool ran;	   /* if not, it only waits for one before it */
	uint64_t until_ns; /* CLOCK_BOOTTIME: then a fact that is missing counts as absent */
};

struct seki_queue {
	struct seki_ring_p4vm ring;
	struct seki_queue_stats stats;
	uint32_t number;  /* among the port's, as the switch says */
	char port[64];	  /* name of the port, printable, as the switch says */
	uint32_t program; /* number of the program that judges its packets */
	/* While programs change: does the switch know how much the new one looks at? If so, the new
	 * one may start once what was published up to this index is judged. */
	bool seen;
	uint32_t mark;
	int conn;	/* connection to the switch: wake-ups come in, its end is the queue's end */
	int wake;	/* eventfd that wakes the switch; -1: in a virtual machine */
	void *doorbell; /* there: registers, in which a store of `rings` signals the eventfd */
	uint32_t rings;
	void *switch_region;
	void *p4vm_region;
	uint32_t id;	  /* of the queue in this P4 VM */
	uint64_t wait_ns; /* how long a packet may wait for a fact; 0: not at all */
	uint32_t n_parked;
	struct seki_parked parked[SEKI_QUEUE_PARKED]; /* in the order they came */
};

/* Counts a packet that was answered. */
void seki_queue_count(struct seki_queue *queue, const struct seki_submission *sub,
		      const struct seki_completion *cpl);

/*
 * Handles at most one batch of new packets. Returns how many came, or -EPROTO: the switch's indices
 * are nonsense, the queue is to be closed. The engine has been refreshed.
 */
int seki_queue_step(struct seki_queue *queue, struct seki_engine *engine);

/*
 * Runs the parked packets anew whose time is over or, where facts changed, all of them. Returns how
 * many were answered.
 */
uint32_t seki_queue_retry(struct seki_queue *queue, struct seki_engine *engine, bool changed);

#endif
