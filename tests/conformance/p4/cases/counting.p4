/* SPDX-License-Identifier: Apache-2.0 */
/* Operators with assignment, calls and variables in a parser; what it leaves in the metadata; a table above 65,535. */
#include <core.p4>
#include <ubpf_model.p4>

header in_t {
	bit<8>  a;
	bit<8>  b;
	bit<32> k;
}

struct metadata {
	bit<16> sum;
	error   why;
}

bit<16> twice(in bit<8> v) {
	return (bit<16>)v << 1;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	bit<16> n;
	state start {
		packet.extract(hdr.in_);
		n = 1;
		n += twice(hdr.in_.a);
		n |= 4;
		n <<= 1;
		n -= 2;
		if (hdr.in_.a == 0xff) {
			n ^= 0x0605;
			meta.why = error.NoMatch;
		}
		meta.sum = n;
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	action set(bit<8> v) {
		hdr.in_.a = v;
	}
	table large {
		key = { hdr.in_.k: exact; }
		actions = { set; NoAction; }
		size = 100000;
		const default_action = NoAction();
	}
	apply {
		large.apply();
		hdr.in_.k[15:0] = meta.sum;
		hdr.in_.b = (bit<8>)std.packet_length;
		if (meta.why == error.NoMatch) {
			hdr.in_.b = 0xff;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
