/* SPDX-License-Identifier: Apache-2.0 */
/* Parsers in parsers: parameters of constructors and of calls, stacks of their own, by type. */
#include "common.p4"

header pair_t {
	bit<8> a;
	bit<8> b;
}

struct headers {
	pair_t[3] s;
	pair_t    x;
}

error {
	Forbidden
}

/* Skips pairs up to one that starts with `stop`, and keeps the first. */
parser skip(packet_in packet, out pair_t kept, inout bit<8> n)(bit<8> stop) {
	pair_t[3] own;
	bit<8> here = 0;

	state start {
		packet.extract(own.next);
		here = here + 1;
		transition select(own.last.a, own.lastIndex) {
			(stop, _): done;
			(_, 2): done;
			default: start;
		}
	}
	state done {
		kept = own[0];
		n = n + here;
		transition accept;
	}
}

parser forbid(in bit<8> value)(bit<8> what) {
	state start {
		verify(value != what, error.Forbidden);
		transition accept;
	}
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	skip(1) one;
	skip(2) two;
	forbid(9) nine;
	bit<8> n = 0;

	state start {
		one.apply(packet, hdr.s[0], n);
		nine.apply(hdr.s[0].b);
		transition select(hdr.s[0].b) {
			0: again;
			default: other;
		}
	}
	state again {
		one.apply(packet, hdr.s[1], n);
		transition other;
	}
	state other {
		two.apply(packet, hdr.s[2], n);
		nine.apply(n);
		packet.extract(hdr.x);
		hdr.x.b = n;
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
