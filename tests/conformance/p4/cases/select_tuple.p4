/* SPDX-License-Identifier: Apache-2.0 */
/* A select over one tuple. */
#include <core.p4>
#include <ubpf_model.p4>

header h_t { bit<8> a; bit<8> b; bit<8> r; }
struct headers { h_t h; }
struct meta { bit<8> way; }

parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
	state start {
		p.extract(h.h);
		m.way = 0;
		transition select({ h.h.a, h.h.b }) {
			{ 1, 2 }: one;
			(1, _): two;
			(3 &&& 3, 4 .. 6): three;
			_: accept;
		}
	}
	state one {
		m.way = 1;
		transition accept;
	}
	state two {
		m.way = 2;
		transition accept;
	}
	state three {
		m.way = 3;
		transition accept;
	}
}

control pipe(inout headers h, inout meta m, inout standard_metadata s) {
	apply {
		h.h.r = m.way;
	}
}

control dps(packet_out p, in headers h) {
	apply {
		p.emit(h.h);
	}
}

ubpf(prs(), pipe(), dps()) main;
