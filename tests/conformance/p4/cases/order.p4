/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation from left to right, copying in and out, what is evaluated at all; default and named arguments. */
#include "common.p4"

header in_t {
	bit<8> what;
	bit<8> a;
	bit<8> b;
	bit<8> r;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

bit<8> next(inout bit<8> v) {
	v = v + 1;
	return v;
}

bool bump(inout bit<8> v) {
	v = v + 1;
	return true;
}

void mix(out bit<8> x, inout bit<8> y, in bit<8> z = 9) {
	x = x + y;
	y = z;
}

void copy(out bit<8> x, in bit<8> y) {
	x = x + y;
	x = x + y;
}

bit<8> only(in bit<8> x) {
	return x ^ 0x80;
}

bit<8> only(in bit<8> x, in bit<8> y) {
	return x ^ y;
}

/* Named like the control's: its own. */
void swap(inout bit<8> a, inout bit<8> b) {
	bit<8> r = a;

	a = b;
	b = r;
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	bit<8> a = 0;
	bit<8> b = 0;

	apply {
		bit<8> r = 0;

		a = hdr.in_.a;
		b = hdr.in_.b;
		switch (hdr.in_.what) {
			0: { r = a + next(a) * a + next(a); }
			1: { mix(a, b); r = a ^ b; }
			2: { mix(y = a, x = b, z = next(b)); r = a ^ b; }
			3: { copy(a, a); r = a; }
			4: { copy(y = b, x = a); r = a; }
			5: { r = a == 1 && bump(b) || bump(r) ? b : r; }
			6: { r = !(a == 1) || bump(b) && bump(b) ? b : r; }
			7: { swap(a, b); swap(hdr.in_.a, hdr.in_.b); swap(a, a); r = a - b; }
			8: { r = only(a) + only(a, b); }
			9: { r = { next(a), next(b), a } == { 8w1, 8w2, 8w1 } ? 8w7 : a; }
			10: { r = (a == 0 ? next(a) : next(b)) + a + b; }
			11: { r[3:0] = next(a)[3:0]; r[7:4] = (next(a) + next(a))[3:0]; }
			12: { mix(z = 3, y = b, x = a); r = a ^ (b << 4); }
			13: { swap(b = a, a = b); r = only(y = a, x = b << 4); }
			14: { mix(a, b, next(b)); r = a ^ (b << 4); }
			default: { hdr.in_.setInvalid(); r = next(hdr.in_.a); hdr.in_.setValid(); hdr.in_.b = r; }
		}
		hdr.in_.r = r;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
