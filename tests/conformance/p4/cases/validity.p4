/* SPDX-License-Identifier: Apache-2.0 */
/* What is invalid to begin with, what copying and comparing do with it: headers, stacks, unions, out parameters. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> r;
}

header small_t {
	bit<8> x;
}

header large_t {
	bit<16> y;
}

header_union any_t {
	small_t s;
	large_t l;
}

struct group_t {
	small_t    one;
	small_t[2] two;
	any_t      any;
}

void fill(out group_t g, in bit<8> how) {
	if (how == 1) {
		g.two[1] = { 0x21 };
	} else if (how == 2) {
		g.any.l = { 0x3132 };
	}
}

bit<8> count(in group_t g) {
	return (g.one.isValid() ? 8w1 : 0) + (g.two[0].isValid() ? 8w2 : 0) + (g.two[1].isValid() ? 8w4 : 0) +
			(g.any.s.isValid() ? 8w8 : 0) + (g.any.l.isValid() ? 8w0x10 : 0) + (g.any.isValid() ? 8w0x20 : 0);
}

struct headers {
	in_t in_;
	group_t g;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		group_t g;
		small_t[2] other;
		any_t u = (any_t){#};
		if (hdr.in_.which != 0) {
			g.one = { 0x11 };
			g.two[0] = { 0x20 };
			g.any.s = { 0x30 };
		}
		switch (hdr.in_.which) {
			2: { fill(g, 0); }
			3: { fill(g, 1); }
			4: { fill(g, 2); }
			5: {
				hdr.in_.r = (g.two == other ? 8w1 : 0) + (g.any == u ? 8w2 : 0) + (g.one != (small_t){ 0x11 } ? 8w4 : 0);
				other[0] = g.one;
				u.s = { 0x30 };
				hdr.in_.r = hdr.in_.r + (g.two == other ? 8w0x10 : 0) + (g.any == u ? 8w0x20 : 0);
				other[0].x = 0x20;
				hdr.in_.r = hdr.in_.r + (g.two == other ? 8w0x40 : 0);
			}
			6: { g.any = u; g.two = other; }
			7: { g.any.l = { 0x4142 }; g.one = g.two[1]; }
			8: { g.any.s.setInvalid(); g.two.push_front(1); }
			9: { g.two[1].x = 0x99; g.any.l.y = 0; g.two[0].setInvalid(); g.two[0].x = 1; }
		}
		if (hdr.in_.which != 5) {
			hdr.in_.r = count(g);
		}
		hdr.g = g;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
