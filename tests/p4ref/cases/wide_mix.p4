/* SPDX-License-Identifier: Apache-2.0 */
/* All operators on numbers of more limbs than registers and stack hold, of an odd width. */
#include <ubpf_model.p4>

header in_t {
	bit<8>    op;
	bit<16>   n;
	bit<2>    pad;
	bit<1031> a;
	bit<1031> b;
}

struct headers {
	in_t in_;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<1031> w = hdr.in_.a;
		bit<1031> v = hdr.in_.b;
		int<1031> x = (int<1031>)w;
		int<1031> y = (int<1031>)v;
		bit<1031> r = 0;
		int<1031> z = 0;

		switch (hdr.in_.op) {
			0: { r = w |+| v; z = x |+| y; }
			1: { r = w |-| v; z = x |-| y; }
			2: { r = w << hdr.in_.n; z = x >> hdr.in_.n; }
			3: { r = w >> hdr.in_.n; z = x << hdr.in_.n; }
			4: { r = w < v ? w : v; z = x < y ? x : y; }
			5: { r = w & v; z = x ^ y; }
			6: { r = w[500:0] ++ v[1030:501]; z = -x; }
			7: { r[999:13] = v[1000:14]; z = x | y; }
			8: { r = w << v; z = x >> v; }
			9: { r = (bit<1031>)(bit<1>)(w == v); z = x >= y ? 1 : (int<1031>)-1; }
			10: { r = w * v; z = x * y; }
			11: { r = w + v; z = x - y; }
			12: { r = (bit<1031>)(bit<700>)w; z = (int<1031>)(int<700>)x; }
			default: {
				bit<387> p = w[386:0];
				bit<387> q = (bit<387>)v[64:0];

				r = (bit<1031>)(p / q);
				z = (int<1031>)(bit<1031>)(p % q);
			}
		}
		hdr.in_.a = r;
		hdr.in_.b = (bit<1031>)z;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
