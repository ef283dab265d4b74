/* SPDX-License-Identifier: Apache-2.0 */
/* A drop in an included file is at the line of the #include. */
#include "common.p4"

#include "site_inner.p4"

header in_t {
	bit<8> a;
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
		if (hdr.in_.a == 1) {
			drop_it();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
