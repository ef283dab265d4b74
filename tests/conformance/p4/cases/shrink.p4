/* SPDX-License-Identifier: Apache-2.0 */
/* One move of the head for packets of different known lengths: the check after it must stay. */
#include "common.p4"

header key_t {
	bit<16> k;
	bit<8>  l;
}

header two_t {
	bit<4> a;
	bit<1> b;
	bit<7> c;
	bit<4> d;
}

struct headers {
	key_t key;
	two_t two;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.key);
		packet.advance(40);
		transition select(hdr.key.k) {
			1: more;
			default: accept;
		}
	}

	state more {
		packet.extract(hdr.two);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.key.setInvalid();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
