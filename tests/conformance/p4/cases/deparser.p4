/* SPDX-License-Identifier: Apache-2.0 */
/* A deparser with conditions, copies, loops, a return; structs and stacks emitted whole, and twice. */
#include "common.p4"

header in_t {
	bit<8> which;
	bit<8> a;
}

header small_t {
	bit<8> x;
}

struct both_t {
	small_t    one;
	small_t[2] st;
}

struct headers {
	in_t in_;
	both_t both;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		packet.extract(hdr.both.st.next);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.both.one = { 0x11 };
		hdr.both.st[1] = { 0x33 };
	}
}

control dprs(packet_out packet, in headers hdr) {
	bit<8> n = 1;
	apply {
		in_t copy = hdr.in_;
		if (hdr.in_.which != 1) {
			packet.emit(hdr.in_);
		}
		n = n + hdr.in_.a;
		copy.a = n;
		switch (hdr.in_.which) {
			2: { packet.emit(copy); }
			3: {
				packet.emit(hdr.both);
				packet.emit(hdr.both);
			}
			4: { packet.emit(hdr.both.st); }
			5: {
				for (bit<8> i in 8w0 .. 2) {
					copy.a = i;
					packet.emit(copy);
				}
			}
			6: {
				packet.emit(hdr.both.st[1]);
				if (copy.a > 4) {
					return;
				}
				packet.emit(hdr.both.st[0]);
			}
			7: {
				if (hdr.both.st[0].isValid() && hdr.both.st[0].x == 9) {
					packet.emit(hdr.both.st[0]);
				} else {
					packet.emit(hdr.both.one);
				}
			}
		}
	}
}

ubpf(prs(), pipe(), dprs()) main;
