/* SPDX-License-Identifier: Apache-2.0 */
/* A held packet's memory, and the edits that a verdict wants. */
#include <config.h>
#include "sekisho-private.h"

#ifdef DPDK_NETDEV
#include <rte_mbuf.h>
#include <rte_mempool.h>
#endif

#include "coverage.h"
#include "csum.h"
#include "dp-packet.h"
#include "dpif-netdev.h"
#include "flow.h"

COVERAGE_DEFINE(sekisho_copied);
COVERAGE_DEFINE(sekisho_linearised);

#define TX_PENDING (DP_PACKET_OL_TX_TCP_SEG | DP_PACKET_OL_TX_L4_MASK)

/* Lengths in a struct dp_packet have 16 bits. */
static bool has_room_for(const struct dp_packet *packet, size_t headroom)
{
	return dp_packet_size(packet) + headroom <= UINT16_MAX;
}

/* Takes the packet. */
static struct dp_packet *copy(struct dp_packet *packet)
{
	struct dp_packet *mine = dp_packet_clone_with_headroom(packet, DP_NETDEV_HEADROOM);

	COVERAGE_INC(sekisho_copied);
	dp_packet_delete(packet);
	return mine;
}

#ifdef DPDK_NETDEV
/*
 * Mbufs are held as they are while their pool has plenty: a quarter of it is for ports to receive
 * into, whatever shields hold. What caches of threads have on top is not counted.
 */
static bool is_scarce(const struct rte_mempool *pool, struct sekisho_pool *seen)
{
	if (pool != seen->pool) {
		seen->pool = pool;
		seen->scarce = rte_mempool_get_ops(pool->ops_index)->get_count(pool) <
			       pool->size / 4;
	}
	return seen->scarce;
}

/*
 * Some drivers (memif) give packets in several segments, of which Open vSwitch knows the first but
 * the length of all. Takes the packet, where there is room for it.
 */
static struct dp_packet *linearise(struct dp_packet *packet)
{
	const uint32_t len = dp_packet_size(packet);
	struct dp_packet *mine;

	if (!has_room_for(packet, DP_NETDEV_HEADROOM))
		return packet;
	COVERAGE_INC(sekisho_linearised);
	mine = dp_packet_new_with_headroom(len, DP_NETDEV_HEADROOM);
	rte_pktmbuf_read(&packet->mbuf, 0, len, dp_packet_put_uninit(mine, len));
	memcpy(&mine->l2_pad_size, &packet->l2_pad_size,
	       sizeof *mine - offsetof(struct dp_packet, l2_pad_size));
	*dp_packet_ol_flags_ptr(mine) = *dp_packet_ol_flags_ptr(packet) &
					DP_PACKET_OL_SUPPORTED_MASK;
	*dp_packet_rss_ptr(mine) = *dp_packet_rss_ptr(packet);
	dp_packet_delete(packet);
	return mine;
}

static struct dp_packet *own_mbuf(struct dp_packet *packet, struct sekisho_pool *seen)
{
	if (OVS_UNLIKELY(packet->mbuf.nb_segs > 1))
		return linearise(packet);
	if (OVS_UNLIKELY(is_scarce(packet->mbuf.pool, seen)) &&
	    has_room_for(packet, DP_NETDEV_HEADROOM))
		return copy(packet);
	return packet;
}
#else
static struct dp_packet *own_mbuf(struct dp_packet *packet, struct sekisho_pool *seen OVS_UNUSED)
{
	return packet;
}
#endif

/* An AF_XDP frame must go back to its socket soon, and is a page at most. */
struct dp_packet *sekisho_own(struct dp_packet *packet, struct sekisho_pool *seen)
{
	if (OVS_LIKELY(packet->source == DPBUF_MALLOC))
		return packet;
	if (packet->source == DPBUF_DPDK)
		return own_mbuf(packet, seen);
	return copy(packet);
}

struct dp_packet *sekisho_clone(const struct dp_packet *packet)
{
	if (!sekisho_length(packet) || !has_room_for(packet, DP_NETDEV_HEADROOM))
		return NULL;
	return dp_packet_clone_with_headroom(packet, DP_NETDEV_HEADROOM);
}

/* The protocol behind the network header, and what a checksum of it starts from; -1: there is none.
 */
static int transport(const struct dp_packet *packet, ovs_be16 dl_type, ovs_be16 *sum)
{
	if (dl_type == htons(ETH_TYPE_IP)) {
		const struct ip_header *ip = dp_packet_l3(packet);

		*sum = ~csum_finish(packet_csum_pseudoheader(ip));
		return ip->ip_proto;
	}
	if (dl_type == htons(ETH_TYPE_IPV6)) {
		const struct ovs_16aligned_ip6_hdr *ip6 = dp_packet_l3(packet);

		*sum = ~csum_finish(packet_csum_pseudoheader6(ip6));
		return ip6->ip6_nxt;
	}
	return -1;
}

/* The checksum field's new content; false: not the protocol that the sender left something of. */
static bool start_checksum(struct dp_packet *packet, int proto, uint64_t pending, ovs_be16 sum)
{
	const uint64_t kind = pending & DP_PACKET_OL_TX_L4_MASK; /* numbers, with DPDK, not bits */
	const size_t room = dp_packet_l4_size(packet);

	if (kind == DP_PACKET_OL_TX_TCP_CKSUM || pending & DP_PACKET_OL_TX_TCP_SEG) {
		struct tcp_header *tcp = dp_packet_l4(packet);

		if (proto != IPPROTO_TCP || room < TCP_HEADER_LEN)
			return false;
		tcp->tcp_csum = sum;
	} else if (kind == DP_PACKET_OL_TX_UDP_CKSUM) {
		struct udp_header *udp = dp_packet_l4(packet);

		if (proto != IPPROTO_UDP || room < UDP_HEADER_LEN)
			return false;
		udp->udp_csum = sum;
	} else {
		struct sctp_header *sctp = dp_packet_l4(packet);

		if (proto != IPPROTO_SCTP || room < SCTP_HEADER_LEN)
			return false;
		put_16aligned_be32(&sctp->sctp_csum, 0);
	}
	return true;
}

/*
 * An edited packet whose sender left its checksum, or its segments, to be made on the way out: they
 * still are, from the headers as they are now. False: these are others than the sender's, for which
 * nobody can make them.
 */
static bool offload_again(struct dp_packet *packet, uint64_t pending)
{
	ovs_be16 dl_type = 0, sum;
	uint8_t frag = 0;
	int proto;

	parse_tcp_flags(packet, &dl_type, &frag, NULL);
	proto = frag || !dp_packet_l4(packet) ? -1 : transport(packet, dl_type, &sum);
	if (proto < 0 || !start_checksum(packet, proto, pending, sum))
		return false;
	*dp_packet_ol_flags_ptr(packet) |= pending;
	if (dl_type == htons(ETH_TYPE_IP))
		dp_packet_hwol_set_tx_ipv4(packet);
	else
		dp_packet_hwol_set_tx_ipv6(packet);
	return true;
}

bool sekisho_edit(struct dp_packet **packetp, const struct seki_outcome *o,
		  enum seki_hook_reason *why)
{
	struct dp_packet *packet = *packetp;
	const uint64_t pending = *dp_packet_ol_flags_ptr(packet) & TX_PENDING;

	/* First: padding that Open vSwitch found could otherwise not be cut off. */
	dp_packet_reset_offsets(packet);
	dp_packet_reset_offload(packet);
	*why = SEKI_REASON_LENGTH;
	if (o->head_out > dp_packet_headroom(packet) + o->head_in) {
		if (!has_room_for(packet, o->head_out))
			return false;
		*packetp = dp_packet_clone_with_headroom(packet, o->head_out);
		dp_packet_delete(packet);
		packet = *packetp;
	}
	dp_packet_pull(packet, o->head_in);
	memcpy(dp_packet_push_uninit(packet, o->head_out), o->head, o->head_out);
	dp_packet_set_size(packet, o->len);
	*why = SEKI_REASON_OFFLOAD;
	return OVS_LIKELY(!pending) || offload_again(packet, pending);
}
