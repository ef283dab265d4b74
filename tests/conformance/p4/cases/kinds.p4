/* SPDX-License-Identifier: Apache-2.0 */
/* Types under another name, tuples, lists, sizes at compile time, casts between all of them. */
#include "common.p4"

typedef bit<8> byte_t;

type bit<8> port_t;

type port_t uplink_t;

header var_t {
	bit<4>      a;
	bit<4>      b;
	varbit<128> v;
}

header in_t {
	byte_t which;
	byte_t a;
	byte_t r;
	bool   flag;
	int<7> s;
}

struct both_t {
	in_t   h;
	bit<3> more;
}

bit<8> first<T>(in T x, in T y, in bit<8> r) {
	T z = x;
	z = y;
	return r;
}

T back<T>(in T x) {
	T y = x;
	return y;
}

struct headers {
	in_t in_;
	var_t v;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		both_t both;
		tuple<bit<8>, tuple<bool, int<8>>> t = { hdr.in_.a, { hdr.in_.a > 4, -3 } };
		switch (hdr.in_.which) {
			0: {
				port_t p = (port_t)hdr.in_.a;
				uplink_t u = (uplink_t)p;
				hdr.in_.r = p == (port_t)7 && (port_t)u == p ? (bit<8>)p + 1 : 0;
			}
			1: { hdr.in_.r = t[0] + (t[1][0] ? 8w0x80 : 0) + (bit<8>)t[1][1]; }
			2: { hdr.in_.r = t == { 5, { true, -3 } } ? 8w1 : 2; }
			3: { hdr.in_.r = (bit<8>)(both.minSizeInBits() + 1); }
			4: { hdr.in_.r = (bit<8>)hdr.in_.maxSizeInBytes(); }
			5: { hdr.in_.r = (bit<8>)hdr.v.minSizeInBits() + (bit<8>)hdr.v.maxSizeInBytes(); }
			6: { hdr.in_.r = (bit<8>)(bit<1>)hdr.in_.flag; hdr.in_.flag = (bool)hdr.in_.a[0:0]; }
			7: { hdr.in_.r = (bit<8>)(int<8>)hdr.in_.s; }
			8: { hdr.in_.s = (int<7>)(bit<7>)hdr.in_.a; }
			9: { hdr.in_.r = first(true, false, 3) + back(8w4) + back<byte_t>(hdr.in_.a); }
			10: {
				for (bit<8> x in (list<bit<8>>){ 1, hdr.in_.a, 0x10 }) {
					hdr.in_.r = hdr.in_.r + x;
				}
			}
			11: { hdr.in_.r = (bool)1 ? (bit<8>)(bit<16>)(int<16>)(int<4>)0b1010 : 0; }
			12: { hdr.in_.r = hdr.in_.s[6:3] ++ (bit<4>)(bit<0>)0; }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
