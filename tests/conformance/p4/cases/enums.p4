/* SPDX-License-Identifier: Apache-2.0 */
/* Enumerations with and without numbers, in headers, select and switch, without a name; errors; match kinds. */
#include "common.p4"

enum bit<8> kind_t {
	one = 1,
	two = 2,
	same = 1,
	last = 0xff
}

enum color_t { red, green, blue }

error { Odd }

header in_t {
	bit<8> which;
	kind_t kind;
	bit<8> r;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.which, hdr.in_.kind) {
			(5 .. 6, _): accept;
			(_, kind_t.one): first;
			(_, kind_t.two): second;
			default: other;
		}
	}
	state first {
		hdr.in_.r = 0xa1;
		transition accept;
	}
	state second {
		hdr.in_.r = 0xa2;
		transition accept;
	}
	state other {
		hdr.in_.r = 0xad;
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action set(bit<8> r) {
		hdr.in_.r = r;
	}

	table any {
		key = { hdr.in_.kind: ternary; }
		actions = { set; }
		const default_action = set(0xdd);
		const entries = {
			kind_t.two: set(0x22);
			_: set(0xaa);
		}
	}

	apply {
		color_t c = color_t.green;
		error e = error.Odd;
		switch (hdr.in_.which) {
			1: { hdr.in_.r = (bit<8>)kind_t.last; }
			2: { hdr.in_.kind = (kind_t)(hdr.in_.kind + 1); }
			3: { hdr.in_.r = hdr.in_.kind << 3; }
			4: { hdr.in_.r = hdr.in_.kind == kind_t.same ? 8w0x51 : 0x52; }
			5: {
				if (hdr.in_.r > 9) {
					c = hdr.in_.r == 10 ? color_t.red : color_t.blue;
				}
				switch (c) {
					color_t.red: { hdr.in_.r = 1; }
					color_t.green:
					color_t.blue: { hdr.in_.r = c == color_t.green ? 8w2 : 3; }
				}
			}
			6: {
				e = hdr.in_.r == 0 ? error.NoError : e;
				hdr.in_.r = e == error.Odd ? 8w1 : 2;
			}
			7: { hdr.in_.r = exact == ternary ? 8w1 : 2; }
			8: { any.apply(); }
			9: {
				switch (e) {
					error.NoError: { hdr.in_.r = 1; }
					error.Odd: { hdr.in_.r = 2; }
				}
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
