/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The P4 VM's private, verified copy of the facts that the user VM's agent publishes
 * (abi/vminfo.h). A record is opened when it changed, never per packet; a lookup is a probe of a
 * private hash table. A record that fails its seal, goes back in version, or is older than its
 * bound counts as absent, is counted, and is logged once. One thread.
 */
#ifndef SEKI_P4VM_VMINFO_H
#define SEKI_P4VM_VMINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"
#include "abi/vminfo.h"

struct seki_vminfo;

struct seki_vminfo_stats {
	uint64_t opened; /* records opened with a good seal */
	uint64_t bad_seal;
	uint64_t rolled_back;	   /* version or session went back */
	uint64_t stale;		   /* times the heartbeat became older than its bound */
	uint64_t torn;		   /* reads that met a write and were tried again later */
	uint64_t withheld;	   /* heartbeats that counted more updates than arrived */
	uint64_t sessions;	   /* sessions accepted */
	uint64_t heartbeat_age_ms; /* UINT64_MAX: none yet whose age is known */
	uint32_t flows;		   /* UDP flows known now */
};

/*
 * `region` (SEKI_VMINFO_REGION_BYTES, mapped read-only) stays the caller's and must outlive the
 * object; `key` (SEKI_VMINFO_KEY_BYTES) is copied, and wiped by destroy. `log` may be NULL.
 */
int seki_vminfo_create(const void *region, const uint8_t *key,
		       void (*log)(void *arg, const char *line), void *log_arg,
		       struct seki_vminfo **out);
void seki_vminfo_destroy(struct seki_vminfo *info);

/*
 * Looks for changes and takes them over; call it before each batch, and every
 * SEKI_VMINFO_HEARTBEAT_MS where there are none: what a first poll, or one after a gap, finds is
 * taken as fresh only at the heartbeat after it. boot_ns is this world's CLOCK_BOOTTIME, real_ns
 * its CLOCK_REALTIME. Returns whether any fact changed. Bounded work.
 */
bool seki_vminfo_poll(struct seki_vminfo *info, uint64_t boot_ns, uint64_t real_ns);

/* Are facts being published and fresh? */
bool seki_vminfo_fresh(const struct seki_vminfo *info, uint64_t boot_ns);

/* Did the VM send a datagram of this flow (of any flow) in the last within_ms? */
bool seki_vminfo_udp_sent(const struct seki_vminfo *info, const struct seki_udp_query *query,
			  uint64_t within_ms, uint64_t boot_ns);
bool seki_vminfo_udp_sent_any(const struct seki_vminfo *info, uint64_t within_ms, uint64_t boot_ns);

void seki_vminfo_stats(const struct seki_vminfo *info, uint64_t boot_ns,
		       struct seki_vminfo_stats *out);

#endif
