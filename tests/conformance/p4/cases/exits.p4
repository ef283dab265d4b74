/* SPDX-License-Identifier: Apache-2.0 */
/* exit and return: in actions, functions and controls inside others; what was assigned is copied out. */
#include "common.p4"

header in_t {
	bit<8> what;
	bit<8> a;
	bit<8> b;
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

control sub(inout bit<8> x, out bit<8> y) {
	action leave(inout bit<8> v) {
		v = v + 1;
		exit;
	}
	apply {
		y = 0x50;
		if (x == 1) {
			leave(x);
			y = 0x51;
		}
		if (x == 2) {
			return;
		}
		y = 0x52;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	sub() inner;
	action out_(bit<8> v) {
		hdr.in_.a = v;
		exit;
	}
	table t {
		key = { hdr.in_.what: exact; }
		actions = { out_; NoAction; }
		const entries = { 7: out_(0x77); }
		default_action = NoAction();
	}
	apply {
		t.apply();
		bit<8> y = hdr.in_.b;
		inner.apply(hdr.in_.a, y);
		hdr.in_.b = y;
		if (hdr.in_.what == 3) {
			mark_to_drop();
			exit;
		}
		hdr.in_.a = hdr.in_.a + 0x10;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
