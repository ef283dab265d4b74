/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of C that come with the program: numbers, headers, results of each kind. */
#include "common.p4"

header in_t {
	bit<8>  a;
	bit<4>  high;
	bit<4>  low;
	bit<16> sum;
	bit<32> word;
}

struct headers {
	in_t in_;
}

struct both_t {
	bit<8>  first;
	bit<32> second;
}

extern bit<16> ones_sum(in in_t header_);
extern bool swap(inout bit<4> x, inout bit<4> y, out bit<32> product);
extern both_t parts(in bit<32> word, in bool wanted);

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<32> product;

		hdr.in_.sum = ones_sum(hdr.in_);
		if (swap(hdr.in_.high, hdr.in_.low, product)) {
			both_t b = parts(hdr.in_.word, product > 20);
			hdr.in_.a = b.first;
			hdr.in_.word = b.second + product;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
