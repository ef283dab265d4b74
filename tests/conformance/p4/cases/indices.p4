/* SPDX-License-Identifier: Apache-2.0 */
/* Elements at indices that are known at run time: read, written, as arguments, out of range. */
#include "common.p4"

header in_t {
	bit<8> what;
	bit<8> i;
	bit<8> k;
	bit<8> r;
}

header item_t {
	bit<8> v;
	bit<8> w;
}

struct headers {
	in_t      in_;
	item_t[3] items;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		packet.extract(hdr.items.next);
		packet.extract(hdr.items.next);
		transition accept;
	}
}

bit<8> bump(inout bit<8> v) {
	v = v + 1;
	return v;
}

void touch(inout item_t item, in bit<8> by) {
	if (!item.isValid()) {
		item.setValid();
		item.v = 1;
	}
	item.w = item.w + by;
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action fill(inout item_t item, inout bit<8> v) {
		item.v = item.v + 1;
		hdr.items[0].w = 9;
		v = v + hdr.items[0].v;
	}
	apply {
		bit<8> i = hdr.in_.i;

		switch (hdr.in_.what) {
			0: { hdr.in_.r = hdr.items[i].v; }
			1: { hdr.items[i].v = hdr.items[hdr.in_.k].w + 5; }
			2: { hdr.items[i].setValid(); hdr.items[i].w = 0x77; }
			3: { hdr.items[i].setInvalid(); }
			4: { touch(hdr.items[i], 3); touch(hdr.items[hdr.in_.k], 4); }
			5: { hdr.items[bump(i)].v = bump(i) + i; hdr.in_.r = i; }
			6: { fill(hdr.items[i & 1], hdr.items[1].w); }
			7: { hdr.items[i] = hdr.items[hdr.in_.k]; }
			8: { hdr.items[i].v[hdr.in_.k[2:0] +: 2] = 3; hdr.in_.r[i[2:0] +: 4] = 0xf; }
			9: { hdr.items.push_front(1); hdr.items[i].w = 1; }
			10: { hdr.items[i].w = bump(hdr.items[i].v); }
			11: { hdr.items[i].v += 3; hdr.in_.r = hdr.items[i] == { 5, 6 } ? 8w1 : 2; }
			default: {
				for (item_t item in hdr.items) {
					hdr.in_.r = hdr.in_.r + item.v;
					hdr.items[1].v = 0;
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
