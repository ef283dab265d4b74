/* SPDX-License-Identifier: Apache-2.0 */
/* Ternary, range and optional keys: masks, priorities, ranges, values that do not matter. */
#include "common.p4"

header in_t {
	bit<8>  which;
	bit<32> src;
	bit<16> port;
	bit<8>  proto;
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
	action set(bit<8> v) {
		hdr.in_.out_ = v;
	}

	action deny() {
		mark_to_drop();
	}

	table acl {
		key = {
			hdr.in_.src: ternary;
			hdr.in_.port: range;
			hdr.in_.proto: optional;
			hdr.in_.which: exact;
		}
		actions = { set; deny; NoAction; }
		default_action = set(0xdd);
		size = 128;
	}

	table fixed {
		key = {
			hdr.in_.src: ternary;
			hdr.in_.port: range;
		}
		actions = { set; deny; }
		const default_action = set(0xff);
		const entries = {
			(0x0a000000 &&& 0xff000000, 0 .. 1023): set(1);
			(0x0a000001, _): deny();
			(_, 80): set(3);
			(_, 1000 .. 2000): set(4);
		}
	}

	apply {
		if (hdr.in_.which < 8) {
			acl.apply();
		} else {
			switch (fixed.apply().action_run) {
				deny: { hdr.in_.out_ = 0xde; }
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
