/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of 64 and 128 bits, and shifts by amounts that are known at run time only. */
#include "common.p4"

header in_t {
	bit<64>  a;
	bit<64>  b;
	int<64>  c;
	int<64>  d;
	bit<128> w;
	bit<128> v;
	bit<8>   n;
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
		bit<64> a = hdr.in_.a;
		bit<64> b = hdr.in_.b;
		int<64> c = hdr.in_.c;
		int<64> d = hdr.in_.d;
		bit<128> w = hdr.in_.w;
		bit<128> v = hdr.in_.v;
		bit<8> n = hdr.in_.n;

		hdr.in_.a = (a |+| b) ^ (b |-| a);
		hdr.in_.b = a * b / 7 % 1000;
		hdr.in_.c = c |+| d;
		hdr.in_.d = d >> n;
		hdr.in_.w = w << n;
		hdr.in_.v = (v >> n) - (v >> w);
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
