/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of 57 to 64 bits that touch eight and nine bytes; those between them are kept. */
#include "common.p4"

header in_t {
	bit<3> a;
	bit<57> u;
	bit<5> b;
	bit<60> v;
	bit<6> c;
	bit<63> w;
	bit<7> d;
	bit<64> x;
	bit<1> e;
	bit<59> y;
	bit<2> f;
	bit<62> z;
	bit<3> g;
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
		hdr.in_.u = hdr.in_.u + 1;
		hdr.in_.v = hdr.in_.v + 1;
		hdr.in_.w = hdr.in_.w + 1;
		hdr.in_.x = hdr.in_.x + 1;
		hdr.in_.y = hdr.in_.y + 1;
		hdr.in_.z = hdr.in_.z + 1;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
