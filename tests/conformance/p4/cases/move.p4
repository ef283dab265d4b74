/* SPDX-License-Identifier: Apache-2.0 */
/* The head moves by several amounts that a C compiler would like to make one call of. */
#include "common.p4"

header two_t {
	bit<16> a;
	bit<3>  b;
	bit<13> c;
}

header one_t {
	bit<8> a;
}

struct headers {
	two_t two;
	one_t one;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.advance(64);
		packet.extract(hdr.two);
		transition next;
	}

	state next {
		packet.extract(hdr.one);
		transition select(hdr.two.b[0:0]) {
			0: reject;
			_: accept;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.one.setValid();
		if (hdr.one.a[7:7] == 1) {
			hdr.two.setInvalid();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
