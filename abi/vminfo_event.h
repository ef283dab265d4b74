/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the eBPF program in the user VM's kernel (guest/vminfo) tells the agent beside it: UDP flows
 * that leave the VM. Both are the VM's own and trust each other.
 */
#ifndef SEKI_ABI_VMINFO_EVENT_H
#define SEKI_ABI_VMINFO_EVENT_H

#include <stdint.h>

#include "abi/p4obj.h"

/*
 * A flow's datagrams so far; value of the map of flows, whose key is struct seki_udp_query. A flow
 * that the map forgot (it keeps the most recently used) starts again from 0. Times are
 * CLOCK_BOOTTIME in ns.
 */
struct seki_vminfo_flow {
	uint64_t packets;
	uint64_t last_ns;
	uint64_t event_ns; /* last event of this flow */
	uint32_t pid;	   /* last sender; 0: not a local socket */
	uint32_t uid;
	char comm[16];
};

/* In the ring buffer: for a new flow at once, then at most one each SEKI_VMINFO_EVENT_NS a flow. */
struct seki_vminfo_event {
	struct seki_udp_query key;
	struct seki_vminfo_flow flow;
};

#define SEKI_VMINFO_EVENT_NS	 50000000u
#define SEKI_VMINFO_FLOWS	 16384u
#define SEKI_VMINFO_EVENTS_BYTES (1u << 20)

_Static_assert(sizeof(struct seki_vminfo_flow) == 48, "border layout");
_Static_assert(sizeof(struct seki_vminfo_event) == 88, "border layout");

#endif
