/* SPDX-License-Identifier: Apache-2.0 */
/* Quotients and rests of numbers of more than 64 bits, by nothing too. */
#include "common.p4"

header in_t {
	bit<8>   what;
	bit<127> a;
	bit<1>   x;
	bit<200> b;
	bit<200> c;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		hdr.in_.a = hdr.in_.a % 127w12345678901234567890123;
		transition select(hdr.in_.what) {
			0: divides;
			default: accept;
		}
	}
	state divides {
		hdr.in_.a = hdr.in_.a / (bit<127>)hdr.in_.c;
		transition select(hdr.in_.what, hdr.in_.x) {
			default: accept;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<200> quotient = hdr.in_.b / hdr.in_.c;

		hdr.in_.c = hdr.in_.b % hdr.in_.c;
		hdr.in_.b = quotient;
		if (hdr.in_.what == 3) {
			hdr.in_.x = 1;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
