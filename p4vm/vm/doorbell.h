/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of QEMU's ivshmem-doorbell device (QEMU's docs/specs/ivshmem-spec.txt): it tells the
 * device which eventfd a store to its doorbell signals, and which eventfds interrupt the guest.
 * There is one client. A switch's eventfd is its peer: so a wake-up goes from the guest's store to
 * the switch with no process between.
 *
 * QEMU 7.2 frees a peer's memory twice where an id is used again, or disconnected twice, or the
 * device unplugged after a disconnect: ids are never used again, and the device stays.
 */
#ifndef SEKI_P4VM_VM_DOORBELL_H
#define SEKI_P4VM_VM_DOORBELL_H

#include <stdint.h>

#include "abi/guest.h"

struct seki_doorbell {
	int sock;
	uint32_t next_peer;
	uint32_t n_vectors;
	int vectors[SEKI_GUEST_VECTORS_MAX]; /* eventfds: a write is an interrupt in the guest */
};

/* Says everything that QEMU waits for at its start. 0 or negative errno. */
int seki_doorbell_start(struct seki_doorbell *bell, int sock, uint32_t n_vectors);

/*
 * Lets the guest ring `eventfd`; *peer gets its id, and what the guest is to store in its doorbell
 * is peer << 16. 0 or negative errno; -EOVERFLOW: all ids are used up, only another start helps.
 */
int seki_doorbell_grant(struct seki_doorbell *bell, int eventfd, uint32_t *peer);

/* The guest cannot ring the peer any more. Once for each peer. */
int seki_doorbell_revoke(struct seki_doorbell *bell, uint32_t peer);

#endif
