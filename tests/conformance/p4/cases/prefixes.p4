/* SPDX-License-Identifier: Apache-2.0 */
/* Longest prefixes in keys of 1 to 128 bits, of no bit and of all of them. */
#include "common.p4"

header in_t {
	bit<8>   which;
	bit<1>   one;
	bit<7>   seven;
	bit<24>  three;
	bit<48>  six;
	bit<64>  eight;
	bit<128> wide;
	bit<8>   r;
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

	table t_one {
		key = { hdr.in_.one: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	table t_seven {
		key = { hdr.in_.seven: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	table t_three {
		key = { hdr.in_.three: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	table t_six {
		key = { hdr.in_.six: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	table t_eight {
		key = { hdr.in_.eight: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	table t_wide {
		key = { hdr.in_.wide: lpm; }
		actions = { set; }
		default_action = set(0xdd);
		size = 16;
	}

	apply {
		switch (hdr.in_.which) {
			0: { t_one.apply(); }
			1: { t_seven.apply(); }
			2: { t_three.apply(); }
			3: { t_six.apply(); }
			4: { t_eight.apply(); }
			5: { t_wide.apply(); }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
