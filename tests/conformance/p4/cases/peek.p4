/* SPDX-License-Identifier: Apache-2.0 */
/* Looking ahead, parts of bytes, conditions in states, keysets of all kinds, errors. */
#include "common.p4"

header bits_t {
	bit<3> a;
	bit<5> b;
}

header odd_t {
	bit<4>  x;
	int<12> y;
	bit<72> z;
	bool    f;
	bit<7>  g;
}

enum bit<8> kind_t {
	one = 1,
	two = 2,
	three = 3
}

struct nibble_t {
	bit<4> x;
}

struct front_t {
	kind_t  kind;
	bit<3>  a;
	int<5>  b;
	bit<24> c;
	bits_t  h;
	bit<7>  r;
	bit<1>  q;
}

struct headers {
	odd_t  d;
	bits_t a;
	odd_t  b;
	bits_t c;
}

error {
	Mine,
	Other
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	error e = error.Mine;
	bit<8> sum = 0;

	state start {
		front_t t = packet.lookahead<front_t>();
		tuple<bit<8>, bit<16>> u = packet.lookahead<tuple<bit<8>, bit<16>>>();

		if (t.h.isValid() && t.h.a == 3) {
			sum = t.c[7:0];
		} else {
			sum = (bit<8>)(bit<5>)t.b + u[1][7:0];
		}
		transition select(t.kind, t.b, t.a) {
			(kind_t.one, -3 .. 4, _): one;
			(kind_t.two, _, 1 .. 6): two;
			(kind_t.three, _, _): three;
			(4 &&& 0xfc, -1, _): reject;
			(_, _, 7): accept;
		}
	}
	state one {
		nibble_t x;

		packet.advance(4);
		x = packet.lookahead<nibble_t>();
		packet.advance(4);
		verify(x.x != 5, e);
		if (x.x == 6) {
			e = error.Other;
			verify(false, e);
		}
		packet.extract(hdr.a);
		transition select(hdr.a.b) {
			1: skip;
			default: two;
		}
	}
	state skip {
		packet.advance((bit<32>)packet.lookahead<bit<3>>() * 8);
		transition select(packet.lookahead<bit<8>>()) {
			1: two;
			default: accept;
		}
	}
	state two {
		packet.extract(hdr.b);
		packet.advance(16);
		transition select(hdr.b.f, packet.lookahead<bit<1>>(), packet.length() > 20) {
			(true, 1, _): three;
			(false, _, true): accept;
			(true, 0, _): accept;
		}
	}
	state three {
		packet.extract(hdr.c);
		packet.extract(hdr.d);
		if (hdr.d.y > 100) {
			hdr.d.setInvalid();
		}
		hdr.c.b = sum[4:0];
		transition select(hdr.d.z) {
			0: accept;
			72w1 .. 72w0xfffffffffffffffffe: accept;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.b.isValid()) {
			hdr.b.y = hdr.b.y + 1;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.d);
		if (hdr.a.b != 9) {
			packet.emit(hdr.a);
		}
		packet.emit(hdr.b);
		packet.emit(hdr.c);
		if (hdr.c.isValid()) {
			packet.emit(hdr.a);
		}
	}
}

ubpf(prs(), pipe(), dprs()) main;
