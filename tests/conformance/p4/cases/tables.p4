/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: constant entries, default actions, wide keys, data of actions, hit, miss and action_run. */
#include "common.p4"

header in_t {
	bit<8>   which;
	bit<8>   a;
	bit<24>  b;
	bit<128> w;
	bit<8>   r;
	bit<128> data;
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
	bit<8> long = 0; /* a keyword of C as a name */

	action set(bit<8> register, bit<128> wide) {
		hdr.in_.r = register;
		hdr.in_.data = wide;
	}

	action add(inout bit<8> to, in bit<8> much, bit<8> more) {
		to = to + much + more;
	}

	action drop_it() {
		mark_to_drop();
	}

	table exact_keys {
		key = {
			hdr.in_.a: exact;
			hdr.in_.b: exact;
			hdr.in_.w: exact;
			hdr.in_.isValid(): exact;
			long: exact;
		}
		actions = {
			NoAction;
			set;
			drop_it;
		}
		const entries = {
			(1, 2, 3, true, 0): set(0x11, 0x0102030405060708090a0b0c0d0e0f10);
			(1, 2, 4, true, 0): drop_it();
			(0xff, 0xffffff, 0xffffffff_ffffffff_ffffffff_ffffffff, true, 0): NoAction();
		}
		const default_action = set(0x22, 0);
	}

	table bound {
		key = { hdr.in_.a: exact; }
		actions = {
			add(hdr.in_.r, hdr.in_.a);
			@defaultonly NoAction;
		}
		entries = { 5: add(hdr.in_.r, hdr.in_.a, 100); }
	}

	table keyless {
		actions = { set; NoAction; }
		default_action = set(0x33, 1);
	}

	table none {
		key = { hdr.in_.a: exact; }
		actions = { set; }
	}

	table no_default {
		key = { hdr.in_.a: exact; }
		actions = { set; NoAction; }
		const entries = {
			1: set(0x71, 1);
			2: set(0x72, 2);
			1: set(0x73, 3);
		}
	}

	apply {
		switch (hdr.in_.which) {
			0: { exact_keys.apply(); }
			1: { bound.apply(); }
			2: { keyless.apply(); }
			3: {
				if (bound.apply().hit) {
					hdr.in_.data = 1;
				} else {
					hdr.in_.data = 2;
				}
			}
			4: {
				if (hdr.in_.b == 0 && bound.apply().miss) {
					hdr.in_.data = 3;
				}
			}
			5: {
				switch (exact_keys.apply().action_run) {
					drop_it: { mark_to_pass(); hdr.in_.r = 0xd0; }
					set: { hdr.in_.r = hdr.in_.r + 1; }
					default: { hdr.in_.r = 0xdd; }
				}
			}
			6: { none.apply(); }
			8: {
				switch (no_default.apply().action_run) {
					NoAction: { hdr.in_.r = 0x88; }
					default: { hdr.in_.r = hdr.in_.r + 1; }
				}
			}
			default: {
				switch (none.apply().action_run) {
					set: { hdr.in_.r = 0xee; }
					default: { hdr.in_.r = 0xef; }
				}
			}
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
