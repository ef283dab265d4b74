/* SPDX-License-Identifier: Apache-2.0 */
/* A shielded port, as sekisho.c and sekisho-show.c know it. Behind <config.h>. */
#ifndef SEKISHO_PRIVATE_H
#define SEKISHO_PRIVATE_H 1

#include "dp-packet.h"
#include "host/ovs/hook.h"
#include "openvswitch/list.h"
#include "ovs-thread.h"

struct sekisho {
	struct ovs_list node; /* in sekisho_list */
	struct seki_hook *hook;
	char *port;
	enum seki_hook_state logged[SEKI_HOOK_QUEUES];
};

/* All shields, under sekisho_mutex. */
extern struct ovs_mutex sekisho_mutex;
extern struct ovs_list sekisho_list;

/* Name of a queue's datapath thread. The caller frees it. */
char *sekisho_thread_name(uint32_t key);
const char *sekisho_state_name(enum seki_hook_state state);

/* What is known of the last pool of mbufs that was looked at: at first {NULL, false}. */
struct rte_mempool;
struct sekisho_pool {
	const struct rte_mempool *pool;
	bool scarce;
};

/* Can the packet be held as it is, for as long as it takes? If not, or if it is not known yet: own it. */
static inline bool sekisho_is_own(const struct dp_packet *packet, const struct sekisho_pool *seen)
{
#ifdef DPDK_NETDEV
	if (packet->source == DPBUF_DPDK)
		return packet->mbuf.nb_segs == 1 && packet->mbuf.pool == seen->pool &&
		       !seen->scarce;
#endif
	return packet->source == DPBUF_MALLOC;
}

/* Takes the packet and returns one that can be held for as long as it takes. */
struct dp_packet *sekisho_own(struct dp_packet *packet, struct sekisho_pool *seen);

/* Bytes of a packet; 0 where it cannot be judged, as its bytes are not in one piece. */
static inline uint32_t sekisho_length(const struct dp_packet *packet)
{
#ifdef DPDK_NETDEV
	if (OVS_UNLIKELY(packet->source == DPBUF_DPDK && packet->mbuf.nb_segs > 1))
		return 0;
#endif
	return dp_packet_size(packet);
}

/* A copy that can be sent, or NULL where there is no room for it. */
struct dp_packet *sekisho_clone(const struct dp_packet *packet);

/*
 * Edits a packet as its verdict, which is within bounds, wants it; it may move. What was derived
 * from its old bytes is forgotten. False: it cannot be, for the reason `why`; it is still the
 * caller's.
 */
bool sekisho_edit(struct dp_packet **packet, const struct seki_outcome *o,
		  enum seki_hook_reason *why);

/* appctl sekisho/show. */
struct unixctl_conn;
void sekisho_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux);

#endif
