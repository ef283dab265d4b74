/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons and logic, unsigned and signed. */
#include "common.p4"

header in_t {
	bit<8>  which;
	bit<16> a;
	bit<16> b;
	int<8>  x;
	int<8>  y;
	bit<8>  result;
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

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<16> a = hdr.in_.a;
		bit<16> b = hdr.in_.b;
		int<8> x = hdr.in_.x;
		int<8> y = hdr.in_.y;

		switch (hdr.in_.which) {
			0: {
				hdr.in_.result = 4w0 ++ (bit<1>)(a == b) ++ (bit<1>)(a != b) ++
					(bit<1>)(a < b) ++ (bit<1>)(a <= b);
			}
			1: {
				hdr.in_.result = 4w0 ++ (bit<1>)(a > b) ++ (bit<1>)(a >= b) ++
					(bit<1>)(a > 1 && b > 1) ++ (bit<1>)(a > 1 || !(b > 1));
			}
			2: {
				hdr.in_.result = 5w0 ++ (bit<1>)(x == y) ++ (bit<1>)(x != y) ++
					(bit<1>)(x < y);
			}
			default: {
				hdr.in_.result = 5w0 ++ (bit<1>)(x <= y) ++ (bit<1>)(x > y) ++
					(bit<1>)(x >= y);
			}
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
