/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet, IPv4 without options, ports; all else is dropped. */
#include "headers.p4"

struct headers {
	ethernet_t ethernet;
	ipv4_t     ipv4;
	ports_t    ports;
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
		transition select(hdr.ipv4.version, hdr.ipv4.ihl) {
			(4, 5): ports;
		}
	}

	state ports {
		packet.extract(hdr.ports);
		transition accept;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}
