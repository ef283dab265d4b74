/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the VM another address: packets to `outside` reach it as `inside`, what it sends as `inside`
 * leaves as `outside`, with the checksums of IPv4, TCP and UDP kept right. The pairs are table entries.
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

header options_t {
	varbit<320> words;
}

header tcp_t {
	bit<128> before;
	bit<16>  checksum;
	bit<16>  urgent;
}

header udp_t {
	bit<16> src;
	bit<16> dst;
	bit<16> length;
	bit<16> checksum;
}

struct headers {
	ethernet_t ethernet;
	ipv4_t     ipv4;
	options_t  options;
	tcp_t      tcp;
	udp_t      udp;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			0x0800: ipv4;
			default: accept;
		}
	}

	state ipv4 {
		packet.extract(hdr.ipv4);
		packet.extract(hdr.options, ((bit<32>)hdr.ipv4.ihl - 5) << 5);
		transition select(hdr.ipv4.offset, hdr.ipv4.protocol) {
			(0, 6): tcp;
			(0, 17): udp;
			default: accept;
		}
	}

	state tcp {
		packet.extract(hdr.tcp);
		transition accept;
	}

	state udp {
		packet.extract(hdr.udp);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	/* After an address went from `old` to `new`. */
	action fix_checksums(in bit<32> old, in bit<32> new) {
		hdr.ipv4.checksum = csum_replace4(hdr.ipv4.checksum, old, new);
		if (hdr.tcp.isValid()) {
			hdr.tcp.checksum = csum_replace4(hdr.tcp.checksum, old, new);
		}
		if (hdr.udp.isValid() && hdr.udp.checksum != 0) {
			hdr.udp.checksum = csum_replace4(hdr.udp.checksum, old, new);
			/* The other zero: in UDP, 0 says that there is no checksum. */
			if (hdr.udp.checksum == 0) {
				hdr.udp.checksum = 0xffff;
			}
		}
	}

	action set_src(bit<32> addr) {
		fix_checksums(hdr.ipv4.src, addr);
		hdr.ipv4.src = addr;
	}

	action set_dst(bit<32> addr) {
		fix_checksums(hdr.ipv4.dst, addr);
		hdr.ipv4.dst = addr;
	}

	table outgoing {
		key = { hdr.ipv4.src: exact; }
		actions = { set_src; NoAction; }
		size = 256;
		default_action = NoAction();
		entries = { 0x0a000002: set_src(0xc0000202); } /* 10.0.0.2 as 192.0.2.2 */
	}

	table incoming {
		key = { hdr.ipv4.dst: exact; }
		actions = { set_dst; NoAction; }
		size = 256;
		default_action = NoAction();
		entries = { 0xc0000202: set_dst(0x0a000002); }
	}

	apply {
		if (!hdr.ipv4.isValid()) {
			return;
		}
		if (std.input_port == PORT_VM) {
			outgoing.apply();
		} else {
			incoming.apply();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
