/* SPDX-License-Identifier: Apache-2.0 */
/* Gives what comes from an address another one, with the checksums of IPv4 and UDP kept right. */
#include "headers.p4"

header udp_t {
	bit<16> src;
	bit<16> dst;
	bit<16> length;
	bit<16> checksum;
}

struct headers {
	ethernet_t ethernet;
	ipv4_t     ipv4;
	udp_t      udp;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			0x0800: ipv4;
		}
	}

	state ipv4 {
		packet.extract(hdr.ipv4);
		transition select(hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.protocol) {
			(4, 5, 17): udp;
		}
	}

	state udp {
		packet.extract(hdr.udp);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action set_src(bit<32> addr) {
		hdr.ipv4.checksum = csum_replace4(hdr.ipv4.checksum, hdr.ipv4.src, addr);
		if (hdr.udp.checksum != 0) {
			hdr.udp.checksum = csum_replace4(hdr.udp.checksum, hdr.ipv4.src, addr);
			if (hdr.udp.checksum == 0) {
				hdr.udp.checksum = 0xffff;
			}
		}
		hdr.ipv4.src = addr;
	}

	table addresses {
		key = { hdr.ipv4.src: exact; }
		actions = { set_src; NoAction; }
		size = 256;
		const default_action = NoAction();
		entries = { 0x0a000002: set_src(0xc0000202); }
	}

	apply {
		addresses.apply();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
