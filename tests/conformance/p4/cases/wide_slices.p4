/* SPDX-License-Identifier: Apache-2.0 */
/* Slices above 64 bits with the same value: a product in disguise. */
#include "common.p4"

header in_t {
	bit<8>   x;
	bit<128> a;
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
		bit<128> a = 0;
		bit<50> x = (hdr.in_.x[1:0] ++ 49w0)[50:1];
		a[95:46] = x;
		a[73:24] = x;
		hdr.in_.a = a;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
