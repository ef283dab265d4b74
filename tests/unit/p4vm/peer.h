/* SPDX-License-Identifier: Apache-2.0 */
/* A switch with one queue, attached to a worker. Included after cmocka.h. */
#ifndef SEKI_TESTS_UNIT_P4VM_PEER_H
#define SEKI_TESTS_UNIT_P4VM_PEER_H

#include "core/ring/ring.h"
#include "p4vm/worker.h"

#define PEER_DEADLINE_S 20

struct peer {
	int conn;
	int wake;
	void *mine;
	void *theirs;
	struct seki_ring_switch ring;
};

/* Returns what the worker said to it; where that is an error, it is still to be detached. */
int peer_attach(struct seki_worker *worker, const char *port, struct peer *p);
void peer_detach(struct peer *p);

/* Hands over one packet of 60 bytes. */
void peer_submit(struct peer *p, uint32_t slot, uint32_t generation);

/* Waits for completions the way a switch does: armed, on its eventfd. */
uint32_t peer_take(struct peer *p, struct seki_completion *out, uint32_t max);

#endif
