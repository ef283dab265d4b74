/* SPDX-License-Identifier: Apache-2.0 */
/* Controls inside controls: their tables, registers, variables, arguments, return and exit. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> a;
	bit<8> b;
	bit<8> c;
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

control add(in bit<8> much, inout bit<8> to) {
	bit<8> local = 1;

	apply {
		if (much == 0) {
			return;
		}
		to = to + much + local;
		local = 9;
		if (much == 0xff) {
			exit;
		}
	}
}

control inner(inout headers h, in bit<8> key, out bit<8> result) {
	Register<bit<8>, bit<8>>(4) seen;

	action set(bit<8> v) {
		result = v;
		h.in_.b = v;
	}

	table lookup {
		key = { key: exact; }
		actions = { set; NoAction; }
		size = 16;
		entries = { 7: set(70); }
		default_action = set(1);
	}

	apply {
		result = 0xee;
		seen.write(0, key);
		lookup.apply();
		result = result + seen.read(0);
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	add() first;
	inner() second;

	apply {
		switch (hdr.in_.which) {
			0: {
				first.apply(hdr.in_.a, hdr.in_.b);
				first.apply(hdr.in_.a, hdr.in_.b);
				hdr.in_.c = 0x11;
			}
			1: {
				second.apply(hdr, hdr.in_.a, hdr.in_.c);
			}
			default: {
				add.apply(2, hdr.in_.c);
			}
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
