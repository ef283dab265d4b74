/* SPDX-License-Identifier: Apache-2.0 */
/* Value sets of structs: each field is matched as its @match says. */
#include "common.p4"

header in_t {
	bit<16> port;
	bit<8>  proto;
	bit<8>  r;
}

struct masked_t {
	@match(ternary)
	bit<16> port;
}

struct pair_t {
	bit<16> port;
	bit<8>  proto;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	value_set<masked_t>(4) masked;
	value_set<pair_t>(4) pairs;
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.port) {
			masked: first;
			default: more;
		}
	}
	state more {
		transition select(hdr.in_.port, hdr.in_.proto) {
			pairs: second;
			default: third;
		}
	}
	state first {
		hdr.in_.r = 1;
		transition accept;
	}
	state second {
		hdr.in_.r = 2;
		transition accept;
	}
	state third {
		hdr.in_.r = 3;
		transition accept;
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
