/* SPDX-License-Identifier: Apache-2.0 */
/* An IPv4 router: the longest prefix gives the next hop. */
#include "parse.p4"

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action drop() {
		mark_to_drop();
	}

	action hop(bit<48> dst, bit<48> src, bit<32> port) {
		hdr.ethernet.dst = dst;
		hdr.ethernet.src = src;
		hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
		bit<32> sum = (bit<32>)hdr.ipv4.checksum + 0x100;
		hdr.ipv4.checksum = (bit<16>)(sum + (sum >> 16));
		std.output_action = ubpf_action.REDIRECT;
		std.output_port = port;
	}

	table routes {
		key = { hdr.ipv4.dst: lpm; }
		actions = { hop; drop; }
		size = 131072;
		const default_action = drop();
		entries = {
			0x0a000000 &&& 0xff000000: hop(0x020000000001, 0x020000000002, 1);
			0x0a010000 &&& 0xffff0000: hop(0x020000000003, 0x020000000004, 1);
		}
	}

	apply {
		if (hdr.ipv4.ttl <= 1) {
			drop();
			return;
		}
		routes.apply();
	}
}

ubpf(prs(), pipe(), dprs()) main;
