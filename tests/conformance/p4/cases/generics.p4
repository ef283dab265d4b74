/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, structs and controls with type parameters; constructor parameters; named arguments. */
#include "common.p4"

header in_t {
	bit<8>  a;
	bit<8>  b;
	bit<16> c;
	bit<8>  r;
}

struct headers {
	in_t in_;
}

struct pair_t<T, U> {
	T first;
	U second;
}

T pick<T>(in bit<8> which, in T one, in T other) {
	if (which == 0) {
		return one;
	}
	return other;
}

pair_t<U, T> swap<T, U>(in pair_t<T, U> p) {
	return { p.second, p.first };
}

void bump<T>(inout T to, in T by) {
	to = by;
}

control adder(inout bit<8> to, in bit<8> more)(bit<8> base) {
	action add(bit<8> x) {
		to = to + x;
	}
	table t {
		key = { more: exact; }
		actions = { add; }
		const entries = { 1: add(0x40); }
		default_action = add(base);
	}
	apply {
		t.apply();
	}
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	adder(2) two;
	adder(base = 3) three;
	apply {
		pair_t<bit<8>, bit<16>> p = { hdr.in_.a, hdr.in_.c };
		pair_t<bit<16>, bit<8>> q = swap(p);

		hdr.in_.c = pick(hdr.in_.b, q.first, 0x1234);
		hdr.in_.r = pick(other = q.second, which = hdr.in_.b, one = 8w9);
		bump(hdr.in_.r, hdr.in_.r + 1);
		two.apply(hdr.in_.a, hdr.in_.b);
		three.apply(hdr.in_.a, hdr.in_.b);
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
