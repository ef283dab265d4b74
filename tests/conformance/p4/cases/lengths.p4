/* SPDX-License-Identifier: Apache-2.0 */
/* Length checks that a C compiler would like to merge: those of bytes in a row. */
#include "common.p4"

header tag_t {
	bit<8> t;
}

header val_t {
	bit<32> v;
}

struct headers {
	tag_t a;
	tag_t b;
	tag_t c;
	val_t v;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.a);
		transition second;
	}

	state second {
		packet.extract(hdr.b);
		transition third;
	}

	state third {
		packet.extract(hdr.c); packet.extract(hdr.v);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.c.t == 9) {
			mark_to_drop();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
