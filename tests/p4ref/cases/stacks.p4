/* SPDX-License-Identifier: Apache-2.0 */
/* Header stacks: next, last, lastIndex, push, pop, an index that is not a constant, == and assignment. */
#include <ubpf_model.p4>

header in_t {
	bit<8> which;
	bit<8> i;
}

header item_t {
	bit<8> v;
}

header out_t {
	bit<8>  a;
	bit<8>  b;
	bit<32> last;
}

struct headers {
	out_t     out_;
	in_t      in_;
	item_t[4] s;
	item_t[4] t;
}

struct metadata {
	bit<32> last;
	bit<8>  seen;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.i) {
			0xff: accept;
			0xfe: read_none;
			default: item;
		}
	}
	state item {
		packet.extract(hdr.s.next);
		meta.last = hdr.s.lastIndex;
		meta.seen = meta.seen + hdr.s.last.v;
		transition select(hdr.s.last.v) {
			1 .. 127: item;
			default: accept;
		}
	}
	state read_none {
		meta.seen = hdr.s.last.v;
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.out_.setValid();
		hdr.out_.last = meta.last;
		hdr.out_.a = meta.seen;
		if (hdr.in_.which == 0) {
			hdr.out_.b = hdr.s[hdr.in_.i].v;
		} else if (hdr.in_.which == 1) {
			hdr.s[hdr.in_.i].v = 0xee;
		} else if (hdr.in_.which == 2) {
			hdr.s.push_front(1);
			hdr.s[0] = {0x77};
		} else if (hdr.in_.which == 3) {
			hdr.s.pop_front(2);
		} else if (hdr.in_.which == 4) {
			hdr.s.push_front(2);
		} else if (hdr.in_.which == 5) {
			hdr.t = hdr.s;
			hdr.out_.b = hdr.t == hdr.s ? 8w1 : 8w0;
			hdr.t[0].v = hdr.t[0].v + 1;
			hdr.out_.b[7:7] = hdr.t == hdr.s ? 1w1 : 1w0;
			hdr.out_.b[6:6] = (bit<1>)(hdr.t[1] == hdr.s[1]);
			hdr.t[0].setInvalid();
			hdr.t[3] = hdr.t[0];
		} else if (hdr.in_.which == 6) {
			for (item_t it in hdr.s) {
				if (it.isValid()) {
					hdr.out_.b = hdr.out_.b ^ it.v;
				}
			}
		} else if (hdr.in_.which == 7) {
			hdr.s[hdr.in_.i].setInvalid();
		} else if (hdr.in_.which == 8) {
			hdr.s[hdr.in_.i].setValid();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
