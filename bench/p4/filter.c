// SPDX-License-Identifier: Apache-2.0
/* Twelve rules of five fields, as a list of conditions. */
#include "parse.h"

#define MASK(bits) (~0u << (32 - (bits)))
#define CLIENTS(net, bits, port, verdict)                                                          \
	if ((src & MASK(bits)) == (net) && pkt[23] == 6 && dport == (port))                        \
		return verdict;
#define SERVERS(net, bits, port, verdict)                                                          \
	if ((dst & MASK(bits)) == (net) && pkt[23] == 6 && sport == (port))                        \
		return verdict;

u64 entry(void *ctx, struct meta *meta)
{
	const u8 *pkt = ubpf_packet_data(ctx);
	u32 src, dst;
	u16 sport, dport;

	if (!is_plain(pkt, meta) || get16(pkt + 20) & 0x3fff)
		return DROP;
	src = get32(pkt + 26);
	dst = get32(pkt + 30);
	sport = get16(pkt + 34);
	dport = get16(pkt + 36);
	if (sport == 0 || dport == 0)
		return DROP;
	CLIENTS(0x0a000000, 8, 22, PASS)
	SERVERS(0xc0000000, 16, 22, PASS)
	CLIENTS(0x0a000000, 9, 25, DROP)
	SERVERS(0xc0000000, 17, 25, DROP)
	CLIENTS(0x0a000000, 10, 80, PASS)
	SERVERS(0xc0000000, 18, 80, PASS)
	CLIENTS(0x0a000000, 11, 135, DROP)
	SERVERS(0xc0000000, 19, 135, DROP)
	CLIENTS(0x0a000000, 12, 443, PASS)
	SERVERS(0xc0000000, 20, 443, PASS)
	CLIENTS(0x0a080000, 13, 993, PASS)
	SERVERS(0xc0000000, 21, 993, PASS)
	return DROP;
}
