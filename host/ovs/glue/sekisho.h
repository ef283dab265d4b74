/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shielded ports: what dpif-netdev.c calls. Functions that take a core are for the datapath thread
 * of that core (for NON_PMD_CORE_ID: under non_pmd_mutex); the others are for the main thread.
 *
 * With hw-offload=true a NIC may forward packets that no datapath thread sees, shielded or not: do
 * not combine them. With userspace-tso-enable=true, what a sender left to be done of a packet is left
 * still when it was rewritten, or it is dropped where nobody could do it (sekisho_edit()).
 */
#ifndef SEKISHO_H
#define SEKISHO_H 1

#include <stdbool.h>

#include "dp-packet.h"
#include "ovs-rcu.h"

struct netdev;
struct sekisho;
struct smap;

/* Number of shielded ports. */
extern atomic_count sekisho_ports;

static inline bool sekisho_any(void)
{
	return OVS_UNLIKELY(atomic_count_get(&sekisho_ports) != 0);
}

/* Registers the appctl commands. */
void sekisho_init(void);

/*
 * Applies a port's other_config. Returns its shield: `shield` changed or as it was, a new one where
 * it had none and is to have one, or NULL. A shield is removed later, by sekisho_run().
 */
struct sekisho *sekisho_configure(struct sekisho *shield, const struct netdev *netdev,
				  const struct smap *cfg);

/* Logs what changed. Returns whether the shield was switched off and holds no packet any more. */
bool sekisho_run(struct sekisho *shield);

/* The port is gone, or sekisho_run() returned true. Frees it once no thread uses it. */
void sekisho_remove(struct sekisho *shield);

/* Packets received from the port, and about to be sent to it: leaves those that go on right now. */
void sekisho_received(struct sekisho *shield, unsigned core, long long now_us,
		      struct dp_packet_batch *batch);
void sekisho_sending(struct sekisho *shield, unsigned core, long long now_us,
		     struct dp_packet_batch *batch);

struct sekisho_granted {
	struct dp_packet *packet;
	char port[64]; /* where to: name of a netdev */
	uint32_t in_port;
	uint32_t out_port;
	uint32_t lane;
	bool edited;
	bool clone;
};

/* Packets that go on now, and how. */
struct sekisho_output {
	struct dp_packet_batch to_switch; /* as received from the port */
	struct dp_packet_batch to_port;
	size_t granted_count;
	struct sekisho_granted granted[2 * NETDEV_MAX_BURST]; /* packets and copies */
};

/*
 * Takes up to a batch of packets that go on. Returns how many came back, dropped ones included;
 * `out` is filled in unless that is 0.
 */
uint32_t sekisho_poll(struct sekisho *shield, unsigned core, long long now_us,
		      struct sekisho_output *out);

/*
 * For the main thread, when it has received: looks for a moment whether something comes back of what was
 * just handed over. Returns whether to call sekisho_poll().
 */
bool sekisho_linger(struct sekisho *shield, unsigned core);

/* A granted port that is not there: drops the packet. */
void sekisho_no_port(struct sekisho *shield, unsigned core, const struct sekisho_granted *granted);

/* Instead of sekisho_poll() where the thread stops using the port: call it until it returns 0. */
uint32_t sekisho_leave(struct sekisho *shield, unsigned core, long long now_us,
		       struct sekisho_output *out);

/* Arranges for the main thread's poll loop to wake when there is something to poll for. */
void sekisho_wait(struct sekisho *shield, unsigned core);

#endif
