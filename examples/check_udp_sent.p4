/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the P4Shield paper (section 5.1): an ICMP port unreachable (type 3, code 3) reaches
 * the VM only if the VM sent some UDP datagram lately. icmp_guard.p4 asks for the very flow instead.
 */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header ipv4_t {
	bit<4>  version;
	bit<4>  ihl;
	bit<8>  tos;
	bit<16> length;
	bit<16> id;
	bit<3>  flags;
	bit<13> offset;
	bit<8>  ttl;
	bit<8>  protocol;
	bit<16> checksum;
	bit<32> src;
	bit<32> dst;
}

header icmp_t {
	bit<8>  type;
	bit<8>  code;
	bit<16> checksum;
}

struct headers {
	ethernet_t ethernet;
	ipv4_t     ipv4;
	icmp_t     icmp;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		transition select(std.packet_length) {
			0 .. 37: accept; /* no room for an ICMP header */
			default: ethernet;
		}
	}

	state ethernet {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			0x0800: ipv4;
			default: accept;
		}
	}

	state ipv4 {
		packet.extract(hdr.ipv4);
		transition select(hdr.ipv4.ihl, hdr.ipv4.protocol) {
			(5, 1): icmp;
			default: accept;
		}
	}

	state icmp {
		packet.extract(hdr.icmp);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (std.input_port == PORT_NET && hdr.icmp.isValid() && hdr.icmp.type == 3 &&
		    hdr.icmp.code == 3 && !checkUDPSent()) {
			mark_to_drop();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.ethernet);
		packet.emit(hdr.ipv4);
		packet.emit(hdr.icmp);
	}
}

ubpf(prs(), pipe(), dprs()) main;
