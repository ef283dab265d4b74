/* SPDX-License-Identifier: Apache-2.0 */
/* Counts packets and bytes of each flow. */
#include "parse.p4"

struct flow_t {
	bit<32> src;
	bit<32> dst;
	bit<16> sport;
	bit<16> dport;
	bit<32> protocol;
}

struct count_t {
	bit<64> packets;
	bit<64> bytes;
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Register<count_t, flow_t>(65536) flows;

	apply {
		flow_t flow = { hdr.ipv4.src, hdr.ipv4.dst, hdr.ports.src, hdr.ports.dst, (bit<32>)hdr.ipv4.protocol };
		count_t count = flows.read(flow);
		count.packets = count.packets + 1;
		count.bytes = count.bytes + (bit<64>)std.packet_length;
		flows.write(flow, count);
	}
}

ubpf(prs(), pipe(), dprs()) main;
