/* SPDX-License-Identifier: Apache-2.0 */
/* hit, miss and what ran, negated, in conditions and in a switch, of a table whose action leaves all. */
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
	action leave() {
		hdr.in_.r = 0xff;
		exit;
	}
	action nothing() {
	}
	table t {
		key = { hdr.in_.k: exact; }
		actions = { set; leave; nothing; }
		const default_action = nothing();
		const entries = {
			1: set(0x11);
			2: leave();
			3: nothing();
		}
	}

	apply {
		switch (hdr.in_.which) {
			0: {
				if (!t.apply().hit) {
					hdr.in_.r = 0x80;
				} else {
					hdr.in_.r = hdr.in_.r + 1;
				}
			}
			1: {
				if (!t.apply().miss && hdr.in_.r != 0) {
					hdr.in_.r = 0x90;
				}
			}
			2: {
				switch (t.apply().action_run) {
					set:
					leave: { hdr.in_.r = hdr.in_.r + 2; }
					default: { hdr.in_.r = 0xa0; }
				}
			}
			3: { hdr.in_.r = t.apply().hit ? 8w0xb0 : 0xb1; }
			4: {
				bool b = !t.apply().hit;
				switch (hdr.in_.r) {
					0x11: { hdr.in_.r = b ? 8w1 : 2; }
					0: { hdr.in_.r = b ? 8w3 : 4; }
				}
			}
		}
		hdr.in_.which = 0x77;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
