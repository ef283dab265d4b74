/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's end of abi/vminfo.h: puts sealed records into the shared region. One slot a flow;
 * the least recently used slot is taken for a new flow when all are in use. What it needs to know
 * it keeps itself: it never reads the region. One thread.
 */
#ifndef SEKI_GUEST_AGENT_PUBLISH_H
#define SEKI_GUEST_AGENT_PUBLISH_H

#include <stdint.h>

#include "abi/vminfo.h"
#include "abi/vminfo_event.h"

struct seki_publish;

/*
 * Begins a session in the region (SEKI_VMINFO_REGION_BYTES, whatever it holds; the caller's, must
 * outlive the object): empties all slots, writes the first heartbeat, names the session last.
 * `key` has SEKI_VMINFO_KEY_BYTES. 0, -ENOMEM or -EIO.
 */
int seki_publish_create(void *region, const uint8_t *key, uint64_t boot_ns, uint64_t real_ns,
			struct seki_publish **out);

/* Wipes the key; the region stays as it is and goes stale. Takes NULL. */
void seki_publish_destroy(struct seki_publish *p);

/*
 * Publishes a flow as the kernel counted it. `flow->packets` may have started anew since the last
 * call: the record goes on counting. *slot is where it is from now on (may be NULL). 0 or -EIO.
 */
int seki_publish_udp(struct seki_publish *p, const struct seki_udp_query *key,
		     const struct seki_vminfo_flow *flow, uint32_t *slot);

/* The flow in a slot, and its packets as the kernel counted them at the last call. */
const struct seki_udp_query *seki_publish_flow(const struct seki_publish *p, uint32_t slot,
					       uint64_t *packets);

/* Due every SEKI_VMINFO_HEARTBEAT_MS. last_udp_ns and lost as in the record. 0 or -EIO. */
int seki_publish_heartbeat(struct seki_publish *p, uint64_t boot_ns, uint64_t real_ns,
			   uint64_t last_udp_ns, uint64_t lost);

/* Records sealed so far, heartbeats not counted. */
uint64_t seki_publish_updates(const struct seki_publish *p);

#endif
