/* SPDX-License-Identifier: Apache-2.0 */
/* Two longest prefixes in one key, beside one another: the entry with the higher priority wins. */
#include "common.p4"

header in_t {
	bit<16> src;
	bit<16> dst;
	bit<8>  r;
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
	action set(bit<8> r) {
		hdr.in_.r = r;
	}
	table t {
		key = {
			hdr.in_.src: lpm;
			hdr.in_.dst: lpm;
		}
		actions = { set; }
		const default_action = set(0xdd);
	}
	apply {
		t.apply();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
