/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of variable size: kept, moved by what comes before them, copied, taken out. */
#include "common.p4"

header op_t {
	bit<8> what;
}

header extra_t {
	bit<24> x;
}

header options_t {
	bit<4>     size; /* words */
	bit<4>     rest;
	bit<8>     kind;
	varbit<160> data;
	bit<8>     behind;
}

header end_t {
	bit<8> e;
}

struct headers {
	extra_t   extra;
	op_t      op;
	options_t options;
	end_t     end;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.op);
		packet.extract(hdr.options, (bit<32>)packet.lookahead<bit<4>>() * 32);
		packet.extract(hdr.end);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		options_t copy = hdr.options;

		hdr.end.e = 0xe0;
		if (hdr.op.what == 1) {
			hdr.extra.setValid();
			hdr.extra.x = 0x010203;
		} else if (hdr.op.what == 2) {
			hdr.options.setInvalid();
		} else if (hdr.op.what == 3) {
			hdr.options.setInvalid();
			hdr.options = copy;
			hdr.options.behind = 0x99;
		} else if (hdr.op.what == 4) {
			hdr.op.setInvalid();
		}
		if (copy == hdr.options) {
			hdr.end.e = hdr.end.e + 1;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
