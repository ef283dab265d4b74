/* SPDX-License-Identifier: Apache-2.0 */
/* Controls and parsers applied by their type, annotations that change nothing, keys evaluated in order. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> a;
	bit<8> b;
}

@pure
bit<8> half(in bit<8> a, inout bit<8> b) {
	b = a + 5;
	return a >> 1;
}

parser second(packet_in packet, out in_t h) {
	state start {
		packet.extract(h);
		transition accept;
	}
}

control add(inout bit<8> to, in bit<8> v) {
	bit<8> n = 1;
	apply {
		to = to + v + n;
		n = n + 1;
	}
}

struct headers {
	in_t in_;
	in_t more;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		second.apply(packet, hdr.in_);
		transition select(hdr.in_.which) {
			9: more;
			default: accept;
		}
	}
	state more {
		packet.extract(hdr.more);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action set(bit<8> r) {
		hdr.in_.b = r;
	}
	table t {
		key = {
			hdr.in_.b & 7: exact @name("masked");
			half(hdr.in_.a, hdr.in_.b): exact @name("half");
			hdr.in_.b: exact;
		}
		actions = {
			@tableonly set;
			@defaultonly NoAction;
		}
		const entries = { (3, 4, 13): set(0xee); }
	}
	@hidden
	table hidden {
		actions = { set; }
		const default_action = set(0x44);
	}
	apply {
		switch (hdr.in_.which) {
			0: { add.apply(hdr.in_.a, hdr.in_.b); }
			1: { @atomic { t.apply(); } }
			2: { hidden.apply(); }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
