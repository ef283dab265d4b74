// SPDX-License-Identifier: Apache-2.0
/*
 * A firewall's twelve rules on the 5-tuple; the first that matches decides. The packets of the
 * benchmark fail most rules on the last field, so that most instructions run.
 */
#include "abi.h"

#define MASK(bits)	(~0u << (32 - (bits)))
#define NET(a, b, c, d) ((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
/* Requests of a network of clients to a port, answers of a network of servers from one. */
#define CLIENTS(net, bits, proto, port, verdict)                                                   \
	if ((src & MASK(bits)) == (net) && protocol == (proto) && dport == (port))                 \
		return verdict;
#define SERVERS(net, bits, proto, port, verdict)                                                   \
	if ((dst & MASK(bits)) == (net) && protocol == (proto) && sport == (port))                 \
		return verdict;

enum { TCP = 6, UDP = 17 };

static inline u64 judge(u32 src, u32 dst, u8 protocol, u16 sport, u16 dport)
{
	if (sport == 0 || dport == 0)
		return DROP;
	CLIENTS(NET(10, 0, 0, 0), 8, TCP, 22, PASS)
	SERVERS(NET(192, 0, 0, 0), 16, TCP, 22, PASS)
	CLIENTS(NET(10, 0, 0, 0), 9, TCP, 25, 4)
	SERVERS(NET(192, 0, 0, 0), 17, TCP, 25, 4)
	CLIENTS(NET(10, 0, 0, 0), 10, TCP, 80, 5)
	SERVERS(NET(192, 0, 0, 0), 18, TCP, 80, 5)
	CLIENTS(NET(10, 0, 0, 0), 11, TCP, 135, DROP)
	SERVERS(NET(192, 0, 0, 0), 19, TCP, 135, DROP)
	CLIENTS(NET(10, 0, 0, 0), 12, TCP, 443, 6)
	SERVERS(NET(192, 0, 0, 0), 20, TCP, 443, 6)
	CLIENTS(NET(10, 8, 0, 0), 13, TCP, 993, 7)
	SERVERS(NET(192, 0, 0, 0), 21, TCP, 993, 7)
	return REDIRECT;
}

static inline u64 filter(const u8 *pkt)
{
	u8 protocol = pkt[23];

	if (load16(pkt + 12) != 0x0800 || pkt[14] != 0x45 || load16(pkt + 20) & 0x3fff)
		return DROP;
	if (protocol != TCP && protocol != UDP)
		return DROP;
	return judge(load32(pkt + 26), load32(pkt + 30), protocol, load16(pkt + 34),
		     load16(pkt + 36));
}

#ifdef FLAT
/* As DPDK's machine enters a program. */
u64 entry(void *ctx, struct meta *meta)
{
	(void)meta;
	return filter(ctx);
}
#else
u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ubpf_packet_data(ctx);

	return meta->packet_length < 38 ? DROP : filter(pkt);
}
#endif
