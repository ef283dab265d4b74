/* SPDX-License-Identifier: Apache-2.0 */
/* |+| and |-| where the widths come near to those of C. */
#include "common.p4"

header in_t {
	bit<8>   which;
	bit<128> a;
	bit<128> b;
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
		bit<128> wa = hdr.in_.a;
		bit<128> wb = hdr.in_.b;
		bit<64> a = (bit<64>)wa;
		bit<64> b = (bit<64>)wb;
		switch (hdr.in_.which) {
			0: {
				hdr.in_.a = (bit<128>)((bit<62>)a |+| (bit<62>)b);
			}
			1: {
				hdr.in_.a = (bit<128>)((bit<62>)a |-| (bit<62>)b);
			}
			2: {
				hdr.in_.a = (bit<128>)((bit<63>)a |+| (bit<63>)b);
			}
			3: {
				hdr.in_.a = (bit<128>)((bit<63>)a |-| (bit<63>)b);
			}
			4: {
				hdr.in_.a = (bit<128>)((bit<64>)a |+| (bit<64>)b);
			}
			5: {
				hdr.in_.a = (bit<128>)((bit<64>)a |-| (bit<64>)b);
			}
			6: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<62>)(int<64>)a |+| (int<62>)(int<64>)b);
			}
			7: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<62>)(int<64>)a |-| (int<62>)(int<64>)b);
			}
			8: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<63>)(int<64>)a |+| (int<63>)(int<64>)b);
			}
			9: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<63>)(int<64>)a |-| (int<63>)(int<64>)b);
			}
			10: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<64>)(int<64>)a |+| (int<64>)(int<64>)b);
			}
			11: {
				hdr.in_.a = (bit<128>)(bit<64>)(int<64>)((int<64>)(int<64>)a |-| (int<64>)(int<64>)b);
			}
			12: {
				hdr.in_.a = (bit<128>)((bit<65>)wa |+| (bit<65>)wb);
			}
			13: {
				hdr.in_.a = (bit<128>)((bit<65>)wa |-| (bit<65>)wb);
			}
			14: {
				hdr.in_.a = (bit<128>)((bit<128>)wa |+| (bit<128>)wb);
			}
			15: {
				hdr.in_.a = (bit<128>)((bit<128>)wa |-| (bit<128>)wb);
			}
			16: {
				b |+|= a;
				a |-|= 3;
				hdr.in_.a = (bit<128>)a;
				hdr.in_.b = (bit<128>)b;
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
