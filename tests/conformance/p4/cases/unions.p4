/* SPDX-License-Identifier: Apache-2.0 */
/* Header unions: one member at most is valid, whatever makes it so. */
#include "common.p4"

header op_t {
	bit<8> what;
	bit<8> kind;
}

header short_t {
	bit<8> a;
}

header long_t {
	bit<16> a;
	bit<16> b;
}

header_union either_t {
	short_t s;
	long_t  l;
}

struct headers {
	op_t     op;
	either_t one;
	either_t[2] two;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.op);
		transition select(hdr.op.kind) {
			0: short;
			1: long;
			default: accept;
		}
	}
	state short {
		packet.extract(hdr.one.s);
		transition many;
	}
	state long {
		packet.extract(hdr.one.l);
		transition many;
	}
	state many {
		packet.extract(hdr.two.next.s);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.op.what == 1) {
			hdr.one.s.setValid();
			hdr.one.s.a = 0x55;
		} else if (hdr.op.what == 2) {
			hdr.one.l = { 0x1111, 0x2222 };
		} else if (hdr.op.what == 3) {
			hdr.one.l.setInvalid();
		} else if (hdr.op.what == 4 && hdr.one.isValid()) {
			hdr.op.kind = 0xee;
		} else if (hdr.op.what == 5) {
			hdr.two[1].l.setValid();
			hdr.two[1].l.b = 7;
			hdr.two[0] = hdr.one;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
