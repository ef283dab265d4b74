/* SPDX-License-Identifier: Apache-2.0 */
/* Longest prefixes, alone and beside an exact key; entries of the program and of the control plane. */
#include "common.p4"

header in_t {
	bit<8>  which;
	bit<8>  vrf;
	bit<32> dst;
	bit<12> odd;
	bit<4>  pad;
	bit<8>  out_;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action set(bit<8> port) {
		hdr.in_.out_ = port;
	}

	table route {
		key = {
			hdr.in_.dst: lpm;
			hdr.in_.vrf: exact;
		}
		actions = { set; NoAction; }
		default_action = set(0xdd);
		size = 64;
		entries = {
			(0x0a000000 &&& 0xff000000, 1): set(8);
			(0x0a010000 &&& 0xffff0000, 1): set(16);
			(0x0a010203, 1): set(32);
			(_, 2): set(0);
		}
	}

	table odd {
		key = { hdr.in_.odd: lpm; }
		actions = { set; @defaultonly NoAction; }
		const default_action = NoAction();
		size = 16;
	}

	apply {
		if (hdr.in_.which == 0) {
			route.apply();
		} else if (!odd.apply().hit) {
			hdr.in_.out_ = 0xee;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
