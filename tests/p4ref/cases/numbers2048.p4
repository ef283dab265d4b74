/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of up to 2048 bits, with and without sign. */
#include <ubpf_model.p4>

header in_t {
	bit<8>    op;
	bit<8>    n;
	bit<2048> w;
	int<520>  x;
}

struct headers {
	in_t in_;
}

struct metadata {
}

const bit<2048> BIG = 2048w1 << 2000;

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<2048> w = hdr.in_.w;
		int<520> x = hdr.in_.x;

		switch (hdr.in_.op) {
			0: { w = w + BIG; }
			1: { w = w << hdr.in_.n; x = x >> hdr.in_.n; }
			2: { w = w |-| BIG; x = x |+| x; }
			3: { w = (bit<2048>)(x[519:512] ++ w[2047:8]); x = -x; }
			4: { w[2047:2040] = hdr.in_.n; w[7:0] = 0xa5; }
			5: { w = (bit<2048>)(bit<1>)(w > BIG) + (bit<2048>)(bit<520>)x; }
			6: { w = w * 3; x = x * -3; }
			default: { w = ~w; x = (int<520>)(int<8>)-1; }
		}
		hdr.in_.w = w;
		hdr.in_.x = x;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
