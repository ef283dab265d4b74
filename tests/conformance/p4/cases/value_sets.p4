/* SPDX-License-Identifier: Apache-2.0 */
/* Value sets: select asks what the control plane has put in. */
#include "common.p4"

header in_t {
	bit<16> port;
	bit<8>  proto;
	bit<8>  out_;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	value_set<bit<16>>(4) ports;
	value_set<bit<8>>(2) protos;
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.port) {
			ports: known;
			7: fixed;
			default: other;
		}
	}
	state known {
		hdr.in_.out_ = 1;
		transition accept;
	}
	state fixed {
		hdr.in_.out_ = 2;
		transition accept;
	}
	state other {
		transition select(hdr.in_.port, hdr.in_.proto) {
			(0 .. 99, protos): known;
			default: accept;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
