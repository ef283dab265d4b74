/* SPDX-License-Identifier: Apache-2.0 */
/* Sums above 64 bits that are a product in disguise, and a header that no C type holds, unused. */
#include "common.p4"

header in_t {
	bit<8>   which;
	bit<96>  a;
	bit<128> b;
}

header unused_t {
	bit<512> x;
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

const bit<128> WRAPPED = 128w0xffffffffffffffffffffffffffffffff + 128w1;

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<96> a = hdr.in_.a;
		bit<128> b = hdr.in_.b;
		switch (hdr.in_.which) {
			0: {
				hdr.in_.a = a + a + a;
				hdr.in_.b = b + b + b;
			}
			1: {
				hdr.in_.a = a + (a << 2);
				hdr.in_.b = b + (b << 2);
			}
			2: {
				hdr.in_.a = a - (a << 3);
				hdr.in_.b = (b << 4) - b;
			}
			3: {
				hdr.in_.a = -a - a - a - a;
				hdr.in_.b = b |+| b |+| b;
			}
			4: {
				hdr.in_.b = WRAPPED;
			}
			5: {
				hdr.in_.b = 128w0 - 128w2 + 128w1;
			}
			6: {
				hdr.in_.b = 128w0xffffffffffffffffffffffffffffffff |+| 128w1;
			}
			7: {
				hdr.in_.a[52:28] = 25w9729540 |-| b[24:0] * b[49:25];
				hdr.in_.b = (bit<128>)(b[24:0] * b[49:25]) << 9;
			}
			8: {
				hdr.in_.b = (b[24:0] * 3) ++ b[63:0] ++ (b[38:0] * b[49:11]);
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
