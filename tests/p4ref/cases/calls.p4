/* SPDX-License-Identifier: Apache-2.0 */
/* Copy-in, copy-out, their order, exit and return through several calls, generic functions. */
#include <ubpf_model.p4>

header in_t {
	bit<8> which;
	bit<8> a;
	bit<8> b;
	bit<8> c;
	bit<8> d;
}

struct headers {
	in_t in_;
}

struct metadata {
}

struct pair<T> {
	T x;
	T y;
}

bit<8> bump(inout bit<8> v) {
	v = v + 1;
	return v;
}

void two_out(out bit<8> x, out bit<8> y) {
	x = 1;
	y = 2;
}

void alias(inout bit<8> x, inout bit<8> y) {
	x = x + 1;
	y = y + 0x10;
}

bit<8> early(in bit<8> v, inout bit<8> n) {
	n = 1;
	if (v > 5) {
		return 0xf0;
	}
	n = 2;
	return 0x0f;
}

T second<T>(in T x, in T y) {
	return y;
}

pair<T> swap<T>(in pair<T> p) {
	return {p.y, p.x};
}

bit<8> with_default(in bit<8> x, in bit<8> y = 7) {
	return x + y;
}

bit<8> unset(out bit<8> v) {
	return v;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control inner(inout in_t h, in bit<8> n, out bit<8> r)(bit<8> add) {
	bit<8> kept = 3;

	action leave(inout bit<8> v) {
		v = 0x99;
		exit;
	}

	apply {
		kept = kept + 1;
		r = kept + n + add;
		if (n == 0xee) {
			leave(h.b);
		}
		if (n == 0xdd) {
			h.b = 0xdd;
			return;
		}
		h.c = add;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	inner(0x20) first;
	inner(0x40) other;

	action both(inout bit<8> x, in bit<8> y, inout bit<8> z) {
		x = y;
		z = x + z;
	}

	apply {
		bit<8> t = 0;

		switch (hdr.in_.which) {
			/* Operands from left to right, each with what those before it did. */
			0: { hdr.in_.b = bump(hdr.in_.a) - (bump(hdr.in_.a) << 1); }
			/* Copied out in the order of the parameters. */
			1: { two_out(hdr.in_.a, hdr.in_.a); }
			2: { alias(hdr.in_.a, hdr.in_.a); }
			3: { hdr.in_.d = early(hdr.in_.a, hdr.in_.b); }
			4: { hdr.in_.b = second(hdr.in_.c, hdr.in_.d); hdr.in_.c = (bit<8>)second<bit<4>>(1, 9); }
			5: { pair<bit<8>> p = {hdr.in_.a, hdr.in_.b}; p = swap(p); hdr.in_.a = p.x; hdr.in_.b = p.y; }
			6: { hdr.in_.b = with_default(hdr.in_.a); hdr.in_.c = with_default(y = 1, x = 2); }
			7: { first.apply(hdr.in_, hdr.in_.a, t); hdr.in_.d = t; }
			8: { other.apply(hdr.in_, hdr.in_.a, hdr.in_.d); other.apply(hdr.in_, 1, hdr.in_.b); }
			9: { both(hdr.in_.a, hdr.in_.b, hdr.in_.a); }
			10: { both(z = hdr.in_.c, y = hdr.in_.b, x = hdr.in_.d); }
			/* && and ?: look at no more than they need. */
			11: { hdr.in_.b = (hdr.in_.a == 1 && bump(hdr.in_.c) == 1) ? bump(hdr.in_.d) : 8w0; }
			/* An argument has the value from when it was evaluated. */
			12: { hdr.in_.b = second(hdr.in_.a, second(bump(hdr.in_.a), hdr.in_.a)); }
			13: { hdr.in_.b = 0xbb; hdr.in_.b = unset(hdr.in_.b) + 1; }
			/* The slice is written last. */
			14: { hdr.in_.a[3:0] = (bit<4>)bump(hdr.in_.a); }
			/* Arguments with names are evaluated as they stand. */
			15: { hdr.in_.d = with_default(y = bump(hdr.in_.a), x = bump(hdr.in_.a) << 1); }
			default: { return; }
		}
		hdr.in_.which = 0x80;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
