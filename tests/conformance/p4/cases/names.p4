/* SPDX-License-Identifier: Apache-2.0 */
/* Names that mean something in C or in what the compiler makes. */
#include "common.p4"

header map_def {
	bit<8> INIT;
	bit<8> valid;
	bit<8> asm;
	bit<8> unix;
}

struct headers {
	map_def hdr;
}

parser prs(packet_in pkt, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		pkt.extract(hdr.hdr);
		transition accept;
	}
}

control drop(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	bit<8> pkt_len = 3;
	Register<bit<8>, bit<8>>(4) site;
	Register<bit<8>, bit<8>>(4) source;

	action INIT(bit<8> __func__, bit<8> NULL, bit<8> load8) {
		hdr.hdr.valid = __func__ + NULL + load8 + pkt_len;
	}

	@name("u32")
	table entry {
		key = {
			8w15&hdr.hdr.INIT: exact;
			hdr.hdr.asm: exact @name("for");
			hdr.hdr.unix: exact @name("INIT");
		}
		actions = { INIT; NoAction; }
		entries = { (1, 2, 3): INIT(1, 2, 4); }
	}

	table t_is_x {
		actions = { INIT; }
		const default_action = INIT(0, 0, 1);
	}

	apply {
		if (!entry.apply().hit) {
			t_is_x.apply();
		}
		site.write(0, hdr.hdr.valid);
		source.write(0, 1);
		hdr.hdr.unix = site.read(0) + source.read(0);
	}
}

control dprs(packet_out pkt, in headers hdr) {
	apply {
		pkt.emit(hdr);
	}
}

ubpf(prs(), drop(), dprs()) main;
