/* SPDX-License-Identifier: Apache-2.0 */
/* exit in an action of a table that is applied inside an expression: nothing more of it is done. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> k;
	bit<8> r;
}

header small_t {
	bit<8> x;
}

bit<8> bump(inout bit<8> to, in bit<8> by) {
	to = to + by;
	return to;
}

struct headers {
	in_t in_;
	small_t[2] st;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		packet.extract(hdr.st.next);
		packet.extract(hdr.st.next);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action leave() {
		hdr.in_.k = 0xee;
		exit;
	}
	action set(bit<8> r) {
		hdr.in_.r = r;
	}
	table t {
		key = { hdr.in_.k: exact; }
		actions = { leave; NoAction; }
		const default_action = NoAction();
		const entries = {
			1: NoAction();
			2: leave();
		}
	}
	table u {
		key = {
			bump(hdr.in_.r, 1): exact @name("r");
			t.apply().hit: exact @name("hit");
		}
		actions = { set; }
		const default_action = set(0xdd);
		const entries = { (1, true): set(0x11); }
	}
	apply {
		switch (hdr.in_.which) {
			0: { hdr.st[t.apply().hit ? 8w0 : 1].x = 5; }
			1: { bump(hdr.in_.r, t.apply().hit ? 8w0x10 : 0x20); }
			2: { u.apply(); }
			3: { hdr.in_.r = hdr.in_.r == 0 && t.apply().hit ? 8w0x61 : 0x62; }
			4: { hdr.in_.r = bump(hdr.in_.r, 1) + (t.apply().miss ? 8w0x30 : 0x40); }
			5: { hdr.in_.r[7:4] = t.apply().hit ? 4w1 : 2; }
			6: {
				for (bit<8> i in 8w0 .. 3) {
					hdr.in_.r = hdr.in_.r + 1;
					if (i == 1 && t.apply().miss) {
						break;
					}
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
