/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the nearest is meant, with a dot the outermost; what is local begins anew with each packet. */
#include "common.p4"

const bit<8> x = 2;

header in_t {
	bit<8> a;
	bit<8> b;
	bit<8> c;
	bit<8> d;
}

bit<8> f(in bit<8> x) {
	return x + .x;
}

action set(inout bit<8> d) {
	d = d + x;
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
	bit<8> x = 0x10;

	action set(bit<8> a) {
		hdr.in_.d = a;
	}

	apply {
		hdr.in_.a = x + .x;
		x = x + 1;
		{
			bit<8> x = f(0x40);
			hdr.in_.b = x;
			if (hdr.in_.d == 0) {
				bit<8> hdr = 5;
				x = hdr;
			}
			set(x);
			.set(hdr.in_.d);
		}
		hdr.in_.c = x;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
