/* SPDX-License-Identifier: Apache-2.0 */
/* Loops of a parser that no stack ends: by bytes, by options with a size, and one that reads nothing. */
#include "common.p4"

header op_t {
	bit<8> what;
}

header item_t {
	bit<8> kind;
	bit<8> size;
}

struct headers {
	op_t   op;
	item_t item;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	bit<32> n = 0;

	state start {
		packet.extract(hdr.op);
		transition select(hdr.op.what) {
			0: bytes;
			1: items;
			2 .. 3: idle;
		}
	}
	state bytes {
		transition select(packet.lookahead<bit<8>>()) {
			0: byte;
			default: item;
		}
	}
	state byte {
		packet.advance(8);
		transition bytes;
	}
	state items {
		item_t front = packet.lookahead<item_t>();

		transition select(front.kind) {
			0: skip;
			default: item;
		}
	}
	state skip {
		item_t front;

		packet.extract(front);
		packet.advance((bit<32>)front.size << 3);
		transition items;
	}
	state idle {
		n = n + 1;
		transition select(n, hdr.op.what) {
			(256, 2): item;
			(257, 3): item;
			(258, 3): item;
			default: idle;
		}
	}
	state item {
		packet.extract(hdr.item);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.item.size = 0x77;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
