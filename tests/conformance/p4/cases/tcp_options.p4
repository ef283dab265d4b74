/* SPDX-License-Identifier: Apache-2.0 */
/* Options of TCP: a stack of unions that a sub-parser fills, one of them of variable size. */
#include "common.p4"

header tcp_t {
	bit<8> ports;
	bit<4> offset; /* words; the header itself is one here */
	bit<4> flags;
	bit<16> window;
}

header end_t {
	bit<8> kind;
}

header nop_t {
	bit<8> kind;
}

header mss_t {
	bit<8>  kind;
	bit<8>  size;
	bit<16> mss;
}

header sack_t {
	bit<8>      kind;
	bit<8>      size;
	varbit<256> blocks;
}

header_union option_t {
	end_t  end;
	nop_t  nop;
	mss_t  mss;
	sack_t sack;
}

struct front_t {
	bit<8> kind;
	bit<8> size;
}

struct headers {
	tcp_t       tcp;
	option_t[6] options;
}

error {
	BadOption
}

parser parse_options(packet_in packet, in bit<4> offset, out option_t[6] options) {
	bit<8> left;

	state start {
		verify(offset >= 1, error.BadOption);
		left = ((bit<8>)offset - 1) << 2;
		transition next;
	}
	state next {
		transition select(left) {
			0: accept;
			default: one;
		}
	}
	state one {
		transition select(packet.lookahead<bit<8>>()) {
			0: end;
			1: nop;
			2: mss;
			5: sack;
		}
	}
	state end {
		packet.extract(options.next.end);
		left = left - 1;
		transition next;
	}
	state nop {
		packet.extract(options.next.nop);
		left = left - 1;
		transition next;
	}
	state mss {
		verify(left >= 4, error.BadOption);
		left = left - 4;
		packet.extract(options.next.mss);
		transition next;
	}
	state sack {
		front_t front = packet.lookahead<front_t>();

		verify(front.size >= 2 && left >= front.size, error.BadOption);
		left = left - front.size;
		packet.extract(options.next.sack, (bit<32>)(front.size - 2) << 3);
		transition next;
	}
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	parse_options() options;

	state start {
		packet.extract(hdr.tcp);
		options.apply(packet, hdr.tcp.offset, hdr.options);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.options[0].mss.isValid()) {
			hdr.options[0].mss.mss = 1000;
		}
		if (hdr.options[2].nop.isValid()) {
			hdr.options[2].nop.kind = 0xee;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
