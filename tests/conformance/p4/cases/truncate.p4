/* SPDX-License-Identifier: Apache-2.0 */
/* truncate() to any length: above that of the packet it does nothing. */
#include "common.p4"

header in_t {
	bit<32> to;
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
		truncate(hdr.in_.to);
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
