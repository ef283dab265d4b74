/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp_guard.p4 for IPv6: lets an ICMPv6 "port unreachable" (type 1, code 4) through to the VM only if it
 * quotes a UDP datagram that the VM really sent in the last 30 seconds. A quote that is too short, or not
 * of UDP right behind its IPv6 header, is dropped. All else passes; what hides behind extension headers
 * is not looked at.
 */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

const bit<16> TYPE_IPV6 = 0x86dd;
const bit<8> NEXT_UDP = 17;
const bit<8> NEXT_ICMP = 58;
const bit<16> PORT_UNREACHABLE = 0x0104;
const bit<32> SENT_WITHIN_MS = 30000;

typedef bit<128> addr_t;

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header ipv6_t {
	bit<4>  version;
	bit<8>  traffic_class;
	bit<20> flow;
	bit<16> length;
	bit<8>  next;
	bit<8>  hops;
	addr_t  src;
	addr_t  dst;
}

header icmp_t {
	bit<16> type_and_code;
	bit<16> checksum;
	bit<32> unused;
}

header udp_t {
	bit<16> src;
	bit<16> dst;
	bit<16> length;
	bit<16> checksum;
}

struct headers {
	ethernet_t ethernet;
	ipv6_t     ipv6;
	icmp_t     icmp;
	ipv6_t     quoted;
	udp_t      udp;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		transition select(std.input_port, std.packet_length) {
			(PORT_VM, _): accept;
			(_, 0 .. 57): accept; /* no room for Ethernet, IPv6, and a type and code */
			default: ethernet;
		}
	}

	state ethernet {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			TYPE_IPV6: ipv6;
			default: accept;
		}
	}

	state ipv6 {
		packet.extract(hdr.ipv6);
		transition select(hdr.ipv6.next, packet.lookahead<bit<16>>()) {
			(NEXT_ICMP, PORT_UNREACHABLE): icmp;
			default: accept;
		}
	}

	state icmp {
		packet.extract(hdr.icmp);
		packet.extract(hdr.quoted);
		packet.extract(hdr.udp);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.udp.isValid()) {
			if (hdr.quoted.next != NEXT_UDP || hdr.quoted.src != hdr.ipv6.dst) {
				mark_to_drop(); /* quotes something else, or somebody else's */
			} else if (!vm_udp_sent6(hdr.quoted.src, hdr.quoted.dst, hdr.udp.src,
			                         hdr.udp.dst, SENT_WITHIN_MS)) {
				mark_to_drop(); /* the VM sent no such datagram */
			}
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
