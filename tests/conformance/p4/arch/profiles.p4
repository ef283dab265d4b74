/* SPDX-License-Identifier: Apache-2.0 */
/* Action profiles shared by tables, selectors with groups, members and groups that are not there. */
#include "../cases/common.p4"

header in_t {
	bit<8>  key;
	bit<16> flow;
	bit<8>  first;
	bit<32> second;
	bit<8>  hits;
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
	ActionProfile(8) shared;
	ActionSelector(PSA_HashAlgorithm_t.IDENTITY, 8, 12) hops;

	action set_first(bit<8> value) {
		hdr.in_.first = value;
	}
	action set_second(bit<32> value) {
		hdr.in_.second = value;
	}
	action none() {
		hdr.in_.second = 0xffffffff;
	}
	table one {
		key = { hdr.in_.key : exact; }
		actions = { set_first; set_second; NoAction; }
		psa_implementation = shared;
	}
	table two {
		key = { hdr.in_.flow : ternary; }
		actions = { set_first; set_second; NoAction; }
		default_action = set_first(0x99);
		psa_implementation = shared;
		size = 4;
	}
	table three {
		key = {
			hdr.in_.flow[3:0] : selector;
			hdr.in_.key       : exact;
			hdr.in_.flow[7:4] : selector;
		}
		actions = { set_second; none; }
		const default_action = none();
		psa_implementation = hops;
	}
	apply {
		bool a = one.apply().hit;
		bool b = two.apply().hit;
		bool c = three.apply().hit;

		hdr.in_.hits = 5w0 ++ (bit<1>)a ++ (bit<1>)b ++ (bit<1>)c;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
