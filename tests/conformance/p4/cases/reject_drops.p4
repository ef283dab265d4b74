/* SPDX-License-Identifier: Apache-2.0 */
/* A packet that is too short, that no case of a select is for, or that verify() refuses is dropped. */
#include "common.p4"

header in_t {
	bit<8>  which;
	bit<16> a;
}

header more_t {
	bit<32> b;
}

struct headers {
	in_t in_;
	more_t more;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.which) {
			1: accept;
			2: more;
			4: checked;
			5: reject;
			6: no_transition;
		}
	}
	state more {
		hdr.in_.a = 0x5555;
		packet.extract(hdr.more);
		hdr.more.b = hdr.more.b + 1;
		transition accept;
	}
	state checked {
		verify(hdr.in_.a != 0, error.ParserInvalidArgument);
		transition accept;
	}
	state no_transition {
		hdr.in_.a = 1;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.in_.which = 0x77;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
