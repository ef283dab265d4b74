/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: each index has a cell (an array), or only so many of them do; values of several words. */
#include "../cases/common.p4"

header in_t {
	bit<4>   index;
	bit<4>   far;
	bit<8>   value;
	bit<128> wide;
	bit<8>   sum;
}

struct headers {
	in_t in_;
}

struct record_t {
	bit<128> wide;
	bit<8>   sum;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Register<record_t, bit<4>>(16) all;
	Register<bit<8>, bit<4>>(3) some;

	apply {
		record_t r = all.read(hdr.in_.index);
		bit<8> s = some.read(hdr.in_.far);

		all.write(hdr.in_.index, { hdr.in_.wide, r.sum + hdr.in_.value });
		some.write(hdr.in_.far, s + hdr.in_.value);
		hdr.in_.wide = r.wide;
		hdr.in_.sum = r.sum;
		hdr.in_.value = s;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
