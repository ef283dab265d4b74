/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a program with priorities: given, counted up or down, and those of the control plane between them. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> k;
	bit<8> r;
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
	table in_order {
		key = { hdr.in_.k: ternary; }
		actions = { set; }
		const entries = {
			0x10 &&& 0xf0: set(1);
			0x11: set(2);
			_: set(3);
		}
	}
	table largest {
		key = { hdr.in_.k: ternary; }
		actions = { set; }
		priority_delta = 10;
		@noWarn("entries_out_of_priority_order")
		entries = {
			priority = 50: 0x10 &&& 0xf0: set(1); 
			0x01 &&& 0x0f: set(2);
			const priority = 60: 0x11: set(3);
			_: set(4);
		}
	}
	table smallest {
		key = { hdr.in_.k: ternary; }
		actions = { set; }
		largest_priority_wins = false;
		priority_delta = 5;
		@noWarn("entries_out_of_priority_order")
		entries = {
			priority = 20: 0x10 &&& 0xf0: set(1);
			0x01 &&& 0x0f: set(2);
			priority = 10: 0x11: set(3);
		}
	}
	table counted {
		key = { hdr.in_.k: ternary; }
		actions = { set; }
		priority_delta = 2;
		entries = {
			0x10 &&& 0xf0: set(1);
			_: set(2);
		}
	}
	apply {
		switch (hdr.in_.which) {
			0: { in_order.apply(); }
			1: { largest.apply(); }
			2: { smallest.apply(); }
			3: { counted.apply(); }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
