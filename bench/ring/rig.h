/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a queue in memory, without connector, sockets and BPF, and packets that go round. */
#ifndef SEKI_BENCH_RING_RIG_H
#define SEKI_BENCH_RING_RIG_H

#include "bench/ring/ends.h"
#include "host/ovs/queue.h"

#define PACKET	 1514u
#define POOL_MAX 256u

struct packet {
	uint8_t bytes[1536];
};

struct rig {
	struct seki_hook *hook;
	struct seki_lanes *lanes;
	struct seki_session session;
	struct p4vm_end *p4vm;
	struct packet *packets;
	uint32_t pool; /* packets */
	const uint8_t *data[POOL_MAX];
	uint32_t free[POOL_MAX];
	uint32_t n_free;
};

/* With packets for so many batches in flight. What fails ends the process. */
struct rig *rig_create(const struct program *program, uint32_t batches);
void rig_destroy(struct rig *r);

/* Hands over a batch of what is free. Returns of how many. */
uint32_t rig_submit(struct rig *r, uint32_t n, uint64_t now);
/* Takes what came back. Returns how many. */
uint32_t rig_take(struct rig *r, uint64_t now);

uint64_t now_ns(void);
/* Zeroed memory that child processes share. */
void *shared(size_t bytes);

#endif
