/* SPDX-License-Identifier: Apache-2.0 */
/* Loops: with a condition, over ranges, break and continue, one in the other. */
#include "common.p4"

header in_t {
	bit<8>  what;
	bit<8>  n;
	bit<32> r;
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
		bit<32> sum = 0;

		if (hdr.in_.what == 0) {
			for (bit<8> i = 0; i < 10; i = i + 1) {
				if (i == hdr.in_.n) {
					break;
				}
				sum = sum + (bit<32>)i;
			}
		} else if (hdr.in_.what == 1) {
			for (bit<8> i in 1 .. 8) {
				if (i == hdr.in_.n) {
					continue;
				}
				sum = sum * 3 + (bit<32>)i;
			}
		} else if (hdr.in_.what == 2) {
			for (bit<8> i = 0; i < 4; i = i + 1) {
				for (bit<8> k = 0; k < 4; k = k + 1) {
					if (k > i) {
						break;
					}
					if (k == hdr.in_.n) {
						continue;
					}
					sum = sum + ((bit<32>)i << (k & 3));
				}
			}
		} else {
			for (bit<8> i = 0; i < hdr.in_.n && i < 20; i = i + 1) {
				if (sum > 100) {
					return;
				}
				sum = sum + 7;
				hdr.in_.r = sum;
			}
		}
		hdr.in_.r = sum;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
