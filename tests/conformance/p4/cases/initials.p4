/* SPDX-License-Identifier: Apache-2.0 */
/* What "..." stands for in each type; values of structs, headers and stacks in braces; the invalid header. */
#include "common.p4"

enum int<8> num_t {
	one = 1,
	minus = -1
}

enum letter_t { a, b }

struct inner_t {
	bit<8> x;
	bool   y;
}

struct outer_t {
	inner_t  s;
	num_t    n;
	letter_t l;
	error    e;
}

header small_t {
	bit<8> x;
	bit<8> y;
}

header in_t {
	bit<8> which;
	bit<8> r;
}

struct headers {
	in_t in_;
	small_t one;
	small_t[3] st;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.st[2].setValid();
		switch (hdr.in_.which) {
			0: {
				outer_t o = ...;
				hdr.in_.r = o.s.x + (o.s.y ? 8w1 : 0x10) + (bit<8>)(int<8>)o.n + (o.l == letter_t.a ? 8w0x20 : 0) +
						(o.e == error.NoError ? 8w0x40 : 0);
			}
			1: {
				outer_t o = { s = { y = true, ... }, ... };
				hdr.in_.r = o.s.y ? o.s.x + 1 : 0;
			}
			2: {
				inner_t s = { 9, ... };
				hdr.in_.r = s == (inner_t){ y = false, x = 9 } ? 8w7 : 8;
			}
			3: { hdr.one = { y = 3, ... }; }
			4: { hdr.one = ...; }
			5: { hdr.one = { ... }; }
			6: {
				hdr.one = { 1, 2 };
				if (hdr.one != {#}) {
					hdr.one = {#};
				}
				hdr.in_.r = hdr.one == {#} ? 8w1 : 2;
			}
			7: { hdr.st = (small_t[3]){ { 1, 2 }, (small_t){#}, { 3, 4 } }; }
			8: { hdr.st = { { 5, 6 }, ... }; }
			9: {
				tuple<bit<8>, bool> t = { 4, ... };
				hdr.in_.r = t[1] ? 8w0 : t[0];
			}
			10: { hdr.one = (small_t){ y = 1, x = 2 }; hdr.in_.r = hdr.one == { 2, 1 } ? 8w1 : 0; }
		}
		if (hdr.in_.which != 7) {
			hdr.st[2].setInvalid();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
