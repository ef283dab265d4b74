/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of 256 and 264 bits; beyond/ has the same with 2048 and 520, for which BPF has no room. */
#include <ubpf_model.p4>

header in_t {
	bit<8>    op;
	bit<8>    n;
	bit<256> w;
	int<264>  x;
}

struct headers {
	in_t in_;
}

struct metadata {
}

const bit<256> BIG = 256w1 << 208;

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<256> w = hdr.in_.w;
		int<264> x = hdr.in_.x;

		switch (hdr.in_.op) {
			0: { w = w + BIG; }
			1: { w = w << hdr.in_.n; x = x >> hdr.in_.n; }
			2: { w = w |-| BIG; x = x |+| x; }
			3: { w = (bit<256>)(x[263:256] ++ w[255:8]); x = -x; }
			4: { w[255:248] = hdr.in_.n; w[7:0] = 0xa5; }
			5: { w = (bit<256>)(bit<1>)(w > BIG) + (bit<256>)(bit<264>)x; }
			6: { w = w * 3; x = x * -3; }
			default: { w = ~w; x = (int<264>)(int<8>)-1; }
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
