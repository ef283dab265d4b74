/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata's and the headers' parameters have another name in each block. */
#include <core.p4>
#include <ubpf_model.p4>

header in_t {
	bit<8> a;
	bit<8> b;
}

struct metadata {
	bit<8> sum;
	in_t   spare;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers out_, inout metadata m, inout standard_metadata std) {
	state start {
		packet.extract(out_.in_);
		m.sum = out_.in_.a + out_.in_.b;
		transition accept;
	}
}

control inner(inout metadata them, in bit<8> meta) {
	apply {
		them.sum = them.sum + meta;
	}
}

control pipe(inout headers h, inout metadata user, inout standard_metadata ctx) {
	inner() i;
	table t {
		key = { user.sum: exact; }
		actions = { NoAction; }
		const entries = { 5: NoAction(); }
	}
	apply {
		i.apply(user, 0x10);
		if (t.apply().hit) {
			h.in_.a = 0xee;
		}
		h.in_.b = user.sum;
		if (ctx.packet_length > 2) {
			user.spare.setValid();
			h.in_.a = user.spare.isValid() ? 8w1 : 2;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
