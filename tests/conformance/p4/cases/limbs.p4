/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of hundreds of bits: each operator, slices, shifts, comparisons, signs. */
#include "common.p4"

header in_t {
	bit<8>   what;
	bit<8>   n;
	bit<200> a;
	bit<200> b;
	int<136> s;
	int<136> t;
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
		bit<200> a = hdr.in_.a;
		bit<200> b = hdr.in_.b;
		int<136> s = hdr.in_.s;
		int<136> t = hdr.in_.t;
		bit<8> n = hdr.in_.n;

		switch (hdr.in_.what) {
			0: { hdr.in_.a = a + b; hdr.in_.b = a - b; hdr.in_.s = s + t; hdr.in_.t = s - t; }
			1: { hdr.in_.a = a |+| b; hdr.in_.b = a |-| b; hdr.in_.s = s |+| t; hdr.in_.t = s |-| t; }
			2: { hdr.in_.a = a * b; hdr.in_.s = s * t; }
			3: { hdr.in_.a = a << n; hdr.in_.b = b >> n; hdr.in_.s = s << n; hdr.in_.t = t >> n; }
			4: { hdr.in_.a = (a & b) ^ ~(a | b); hdr.in_.b = -a; hdr.in_.s = -s; }
			5: {
				hdr.in_.n = (bit<1>)(a < b) ++ (bit<1>)(a <= b) ++ (bit<1>)(a == b) ++
				            (bit<1>)(s < t) ++ (bit<1>)(s <= t) ++ (bit<1>)(s != t) ++
				            (bit<1>)(a > b) ++ (bit<1>)(s >= t);
			}
			6: { hdr.in_.a = a[70:7] ++ b[199:64]; hdr.in_.b[150:30] = a[120:0]; }
			7: { hdr.in_.a = (bit<200>)(int<200>)s; hdr.in_.s = (int<136>)(bit<136>)b; }
			8: { hdr.in_.a = a << 72; hdr.in_.b = b >> 130; hdr.in_.t = t >> 100; hdr.in_.s = s << 136; }
			9: { hdr.in_.a = n > 3 ? a : b; hdr.in_.b = (bit<200>)n; hdr.in_.n = (bit<8>)a; }
			10: { hdr.in_.a = 0xfedcba98_76543210_fedcba98_76543210_fedcba98_7654321; }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
