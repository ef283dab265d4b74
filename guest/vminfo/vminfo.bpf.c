// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees each UDP datagram that leaves the VM, IPv4 and IPv6, and tells the agent its flow.
 *
 * ip_output(), ip_mc_output() and ip6_output() see every datagram as it goes to a device: after the
 * whole of it was put together (corked or not), with the addresses that local translation chose,
 * and before it is cut into fragments; from sockets of any kind, from the kernel, and forwarded
 * ones. The sender of one with a socket is the current process: UDP sends run in it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/vminfo_event.h"

#define PROTO_UDP	 17
#define FRAG_OFFSET_MASK 0x1fff
#define LOOPBACK	 0x8 /* IFF_LOOPBACK */
#define DST_NOREF	 1ul /* low bits of _skb_refdst: linux/skbuff.h */
#define MAX_EXTENSIONS	 8

/* IPv6 extension headers that may stand before UDP (RFC 8200, section 4.1). */
#define HOP_BY_HOP 0
#define ROUTING	   43
#define FRAGMENT   44
#define DEST_OPTS  60

/* What we use of the kernel's own structures; CO-RE finds the offsets in the running kernel's BTF.
 */
struct net_device {
	unsigned int flags;
} __attribute__((preserve_access_index));

struct dst_entry {
	struct net_device *dev;
} __attribute__((preserve_access_index));

struct skb_shared_info {
	unsigned short gso_segs;
} __attribute__((preserve_access_index));

struct sock;
struct net;

struct sk_buff {
	struct sock *sk;
	unsigned char *head;
	unsigned long _skb_refdst;
	unsigned int end;
	__u16 network_header;
} __attribute__((preserve_access_index));

struct ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__u16 check;
	__be32 saddr;
	__be32 daddr;
};

struct ipv6 {
	__be32 version_flow;
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	__u8 saddr[16];
	__u8 daddr[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEKI_VMINFO_FLOWS);
	__type(key, struct seki_udp_query);
	__type(value, struct seki_vminfo_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SEKI_VMINFO_EVENTS_BYTES);
} events SEC(".maps");

__u64 lost;	   /* events that found the ring buffer full, flows that found no room */
__u64 last_udp_ns; /* last datagram of any flow */

static int read_ports(const void *udp, struct seki_udp_query *key)
{
	__be16 ports[2];

	if (bpf_probe_read_kernel(ports, sizeof(ports), udp))
		return -1;
	key->sport = bpf_ntohs(ports[0]);
	key->dport = bpf_ntohs(ports[1]);
	return 0;
}

static int read_ipv4(const void *at, struct seki_udp_query *key)
{
	struct ipv4 ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), at) || ip.protocol != PROTO_UDP ||
	    (ip.frag_off & bpf_htons(FRAG_OFFSET_MASK)))
		return -1;
	key->family = 4;
	__builtin_memcpy(key->saddr, &ip.saddr, 4);
	__builtin_memcpy(key->daddr, &ip.daddr, 4);
	return read_ports(at + (ip.version_ihl & 15) * 4, key);
}

/* Walks the extension headers to the UDP header; NULL: there is none. */
static const void *find_udp(const void *at, __u8 next)
{
	at += sizeof(struct ipv6);
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		__u8 ext[4];

		if (next == PROTO_UDP)
			return at;
		if (next != HOP_BY_HOP && next != ROUTING && next != DEST_OPTS && next != FRAGMENT)
			return NULL;
		if (bpf_probe_read_kernel(ext, sizeof(ext), at))
			return NULL;
		/* Offset and flags of a fragment header: the first thirteen bits are the offset. */
		if (next == FRAGMENT && (ext[2] || ext[3] & 0xf8))
			return NULL;
		at += next == FRAGMENT ? 8 : (ext[1] + 1) * 8;
		next = ext[0];
	}
	return NULL;
}

static int read_ipv6(const void *at, struct seki_udp_query *key)
{
	struct ipv6 ip;
	const void *udp;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), at))
		return -1;
	udp = find_udp(at, ip.nexthdr);
	if (!udp)
		return -1;
	key->family = 6;
	__builtin_memcpy(key->saddr, ip.saddr, 16);
	__builtin_memcpy(key->daddr, ip.daddr, 16);
	return read_ports(udp, key);
}

/* Datagrams that this buffer will become on the wire (UDP segmentation offload). */
static __u64 datagrams(const struct sk_buff *skb)
{
	const struct skb_shared_info *shared = (void *)(skb->head + skb->end);
	__u64 segments = BPF_CORE_READ(shared, gso_segs);

	return segments ? segments : 1;
}

static void name_sender(const struct sk_buff *skb, struct seki_vminfo_flow *flow)
{
	if (!skb->sk) {
		flow->pid = flow->uid = 0;
		__builtin_memset(flow->comm, 0, sizeof(flow->comm));
		return;
	}
	flow->pid = bpf_get_current_pid_tgid() >> 32;
	flow->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(flow->comm, sizeof(flow->comm));
}

static void tell(const struct seki_udp_query *key, struct seki_vminfo_flow *flow)
{
	struct seki_vminfo_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	flow->event_ns = flow->last_ns;
	event->key = *key;
	event->flow = *flow;
	/* The network's answer races with this record: wake the agent now. */
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

static void count(const struct sk_buff *skb, const struct seki_udp_query *key)
{
	struct seki_vminfo_flow fresh = {}, *flow;
	__u64 now = bpf_ktime_get_boot_ns();

	last_udp_ns = now;
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow) {
		/* Another CPU may have made it meanwhile: then that one is used. */
		bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&flows, key);
	}
	if (!flow) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__sync_fetch_and_add(&flow->packets, datagrams(skb));
	flow->last_ns = now;
	name_sender(skb, flow);
	if (!flow->event_ns || now - flow->event_ns >= SEKI_VMINFO_EVENT_NS)
		tell(key, flow);
}

static int see(struct sk_buff *skb, int version)
{
	const struct dst_entry *dst = (void *)(skb->_skb_refdst & ~DST_NOREF);
	const void *at = skb->head + skb->network_header;
	struct seki_udp_query key = {};

	if (BPF_CORE_READ(dst, dev, flags) & LOOPBACK)
		return 0;
	if ((version == 4 ? read_ipv4(at, &key) : read_ipv6(at, &key)) == 0)
		count(skb, &key);
	return 0;
}

SEC("fentry/ip_output")
int BPF_PROG(see_ipv4, struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return see(skb, 4);
}

SEC("fentry/ip_mc_output")
int BPF_PROG(see_ipv4_multicast, struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return see(skb, 4);
}

SEC("fentry/ip6_output")
int BPF_PROG(see_ipv6, struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return see(skb, 6);
}

char _license[] SEC("license") = "GPL";
