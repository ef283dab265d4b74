/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of what the workers count, taken between two batches of each and put together. */
#ifndef SEKI_P4VM_SNAPSHOT_H
#define SEKI_P4VM_SNAPSHOT_H

#include "p4vm/worker.h"

#define SEKI_SNAPSHOT_QUEUES (SEKI_WORKERS_MAX * SEKI_WORKER_QUEUES)

/* Lines of a program that dropped packets, of all workers. */
struct seki_snapshot_sites {
	struct seki_drop_site at[SEKI_ENGINE_SITES];
	uint32_t n;
	uint64_t other; /* dropped at further lines */
};

struct seki_snapshot_queue {
	char port[64];
	uint32_t number;
	uint32_t id;
	uint32_t worker;
	uint32_t program;
	uint32_t parked;
	struct seki_queue_stats stats;
};

struct seki_snapshot {
	uint64_t insns;
	uint64_t drops[SEKI_DROP_COUNT];
	struct seki_snapshot_sites sites[SEKI_PROGRAMS];
	struct seki_dropped last[SEKI_ENGINE_LAST]; /* the oldest first */
	uint32_t n_last;
	struct seki_vminfo_stats facts; /* of the first worker's copy */
	bool fresh;
	uint32_t n_queues;
	struct seki_snapshot_queue queues[SEKI_SNAPSHOT_QUEUES];
};

/* malloc(); NULL: no memory. */
struct seki_snapshot *seki_snapshot_take(struct seki_worker *workers, uint32_t n);

#endif
