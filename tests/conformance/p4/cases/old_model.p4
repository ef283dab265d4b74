/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's older form, without standard_metadata; metadata under another name each time. */
#define UBPF_MODEL_VERSION 20200304
#include "common.p4"

header in_t {
	bit<8> a;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers h, inout metadata something) {
	apply {
		if (h.in_.a == 0) {
			mark_to_drop();
		} else {
			h.in_.a = h.in_.a - 1;
		}
	}
}

control dprs(packet_out out_, in headers emitted) {
	apply {
		out_.emit(emitted.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
