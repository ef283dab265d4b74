/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: values, masks, ranges, tuples, lookahead, advance, verify, variables, no case. */
#include "common.p4"

const bit<8> SEVEN = 7;

enum bit<8> Kind {
	eight = 8,
	nine = 9
}

header in_t {
	bit<8> which;
	bit<8> r;
}

header byte_t {
	bit<8> v;
}

struct headers {
	in_t   in_;
	byte_t skipped;
	byte_t after;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	bit<8> seen = 3;

	state start {
		packet.extract(hdr.in_);
		seen = seen + 1;
		transition select(hdr.in_.which) {
			0x00 &&& 0xfc: masked;
			4 .. 6: ranged;
			SEVEN: look;
			Kind.eight: fixed_advance;
			Kind.nine: variable_advance;
			10: tuple_of_keys;
			11: verified;
			12: reject;
			13: ends;
			14: needs_one_more;
		}
	}

	state masked {
		hdr.in_.r = 0x10 + seen;
		transition accept;
	}

	state ranged {
		hdr.in_.r = 0x20 + seen;
		transition accept;
	}

	state look {
		hdr.in_.r = packet.lookahead<bit<12>>()[7:0];
		transition accept;
	}

	state fixed_advance {
		packet.advance(8);
		packet.extract(hdr.after);
		transition accept;
	}

	state variable_advance {
		bit<8> n = packet.lookahead<bit<8>>();
		packet.extract(hdr.skipped);
		packet.advance((bit<32>)n[1:0] << 3);
		packet.extract(hdr.after);
		hdr.in_.r = n;
		transition accept;
	}

	state tuple_of_keys {
		transition select(hdr.in_.r, packet.lookahead<bit<8>>()) {
			(1, 2): masked;
			(1, _): ranged;
			(2 .. 3, 0x80 &&& 0x80): masked;
			default: accept;
		}
	}

	state verified {
		verify(hdr.in_.r != 0, error.NoMatch);
		transition accept;
	}

	state ends {
		hdr.in_.r = 1;
	}

	state needs_one_more {
		packet.extract(hdr.after);
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
