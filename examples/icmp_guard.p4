/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets an ICMP "port unreachable" (type 3, code 3) through to the VM only if it quotes a UDP datagram
 * that the VM really sent in the last 30 seconds: its addresses and ports, which are asked of the VM
 * itself. A forged one can therefore not end the VM's UDP exchanges, nor slow its TCP connections.
 *
 * Dropped, towards the VM: a port unreachable whose quote is too short, is not of UDP, was not sent by
 * the VM, or whose address is not the one that it is sent to; ICMP that cannot be judged: fragments of
 * a port unreachable and later fragments (a genuine one is too small to be fragmented), and what ends
 * before its type and code. Everything else passes, however short: other ICMP, other protocols, other
 * frames, all that the VM sends. One VLAN tag is looked through; a VM that takes frames with two needs
 * a second `vlan` state.
 */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

const bit<16> TYPE_VLAN = 0x8100;
const bit<16> TYPE_IPV4 = 0x0800;
const bit<8> PROTO_ICMP = 1;
const bit<8> PROTO_UDP = 17;
const bit<8> ICMP_UNREACHABLE = 3;
const bit<8> ICMP_PORT = 3;
const bit<32> SENT_WITHIN_MS = 30000;

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header vlan_t {
	bit<16> tag;
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

header options_t {
	varbit<320> words;
}

header icmp_t {
	bit<8>  type;
	bit<8>  code;
	bit<16> checksum;
	bit<32> unused;
}

header ports_t {
	bit<16> src;
	bit<16> dst;
	bit<16> length;
	bit<16> checksum;
}

struct headers {
	ethernet_t ethernet;
	vlan_t     vlan;
	ipv4_t     ipv4;
	options_t  options;
	icmp_t     icmp;
	ipv4_t     quoted;
	options_t  quoted_options;
	ports_t    udp;
}

struct metadata {
}

/*
 * Each step looks ahead before it extracts, so that a packet which is none of ours and too short for
 * the next header is accepted as it is. Only a port unreachable is rejected for being short.
 */
parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		transition select(std.input_port, std.packet_length) {
			(PORT_VM, _): accept;
			(_, 0 .. 33): accept; /* no room for Ethernet and IPv4 */
			default: ethernet;
		}
	}

	state ethernet {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			TYPE_IPV4: ipv4;
			TYPE_VLAN: vlan;
			default: accept;
		}
	}

	state vlan {
		packet.extract(hdr.vlan);
		transition select(hdr.vlan.type, std.packet_length) {
			(_, 0 .. 37): accept;
			(TYPE_IPV4, _): ipv4;
			default: accept;
		}
	}

	state ipv4 {
		packet.extract(hdr.ipv4);
		transition select(hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.protocol) {
			(4, 5 .. 15, PROTO_ICMP): icmp_fragment;
			default: accept;
		}
	}

	/* A later fragment has no ICMP header. */
	state icmp_fragment {
		transition select(hdr.ipv4.offset) {
			0: options;
			default: reject;
		}
	}

	state options {
		packet.extract(hdr.options, ((bit<32>)hdr.ipv4.ihl - 5) << 5);
		transition select(packet.lookahead<bit<16>>()) {
			ICMP_UNREACHABLE ++ ICMP_PORT: icmp;
			default: accept;
		}
	}

	state icmp {
		packet.extract(hdr.icmp);
		packet.extract(hdr.quoted);
		transition select(hdr.quoted.version, hdr.quoted.ihl, hdr.quoted.protocol) {
			(4, 5 .. 15, PROTO_UDP): quoted_options;
			default: accept;
		}
	}

	state quoted_options {
		packet.extract(hdr.quoted_options, ((bit<32>)hdr.quoted.ihl - 5) << 5);
		packet.extract(hdr.udp);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.icmp.isValid()) {
			bit<16> needed = ((bit<16>)hdr.ipv4.ihl + (bit<16>)hdr.quoted.ihl) * 4 + 16;

			if (!hdr.udp.isValid() || hdr.quoted.offset != 0) {
				mark_to_drop(); /* quotes no UDP header */
			} else if (hdr.ipv4.length < needed) {
				mark_to_drop(); /* ends before the quoted UDP header does */
			} else if (hdr.ipv4.flags[0:0] == 1) {
				mark_to_drop(); /* the first of several fragments */
			} else if (hdr.quoted.src != hdr.ipv4.dst) {
				mark_to_drop(); /* quotes somebody else's datagram */
			} else if (!vm_udp_sent(hdr.quoted.src, hdr.quoted.dst, hdr.udp.src,
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
