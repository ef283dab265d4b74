/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with what their constructors got: each has tables and registers of its own; objects as arguments. */
#include "common.p4"

header in_t {
	bit<8>  a;
	bit<8>  b;
	bit<16> c;
	bit<32> r;
}

struct headers {
	in_t in_;
}

enum how_t {
	plus,
	minus
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control leaf(inout bit<32> v, in bit<8> by)(bit<8> k, how_t how, bool twice) {
	Register<bit<32>, bit<8>>(4) last;
	bit<32> seen = 7;

	action go(bit<8> q) {
		v = v + (bit<32>)q + (bit<32>)k;
	}
	action leave() {
		v = v + 1000;
		exit;
	}
	table choose {
		key = {
			by: exact;
		}
		actions = { go; leave; }
		default_action = go(1);
	}
	apply {
		seen = seen + last.read(0);
		last.write(0, seen + (bit<32>)by);
		if (how == how_t.plus) {
			v = v + seen;
		} else {
			v = v - seen;
		}
		if (twice) {
			v = v * 2;
		}
		if (by == 9) {
			return;
		}
		choose.apply();
	}
}

control both(inout headers hdr)(bit<8> k) {
	leaf(k, how_t.plus, true) one;
	leaf(k + 1, how_t.minus, k == 2) two;

	apply {
		one.apply(hdr.in_.r, hdr.in_.a);
		two.apply(hdr.in_.r, hdr.in_.b);
		if (hdr.in_.c == 1) {
			exit;
		}
		hdr.in_.c = 5;
	}
}

control count(inout bit<16> v)(Register<bit<16>, bit<8>> cells, int by) {
	apply {
		v = cells.read(1) + by;
		cells.write(1, v);
	}
}

control greater<T>(inout T x, in T y) {
	table same {
		key = {
			x: exact @name("x");
		}
		actions = { NoAction; }
	}
	apply {
		if (!same.apply().hit) {
			x = y;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Register<bit<16>, bit<8>>(2) shared;
	both(2) b1;
	both(4) b2;
	count(shared, 3) by_3;
	count(shared, 5) by_5;
	count(Register<bit<16>, bit<8>>(2), 1) own;
	greater<bit<8>>() copy;

	apply {
		b1.apply(hdr);
		b2.apply(hdr);
		b1.apply(hdr);
		by_3.apply(hdr.in_.c);
		own.apply(hdr.in_.c);
		by_5.apply(hdr.in_.c);
		copy.apply(hdr.in_.a, hdr.in_.b);
		greater.apply(hdr.in_.b, 8w0x77);
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
