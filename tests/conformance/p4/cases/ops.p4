/* SPDX-License-Identifier: Apache-2.0 */
/* Every operator, on bit<16>, bit<13>, int<8> and bit<128>. */
#include "common.p4"

header in_t {
	bit<16> a;
	bit<16> b;
	int<8>  x;
	int<8>  y;
	bit<128> w;
}

header out_t {
	bit<16> add;
	bit<16> sub;
	bit<16> mul;
	bit<16> div;
	bit<16> mod;
	bit<16> sat_add;
	bit<16> sat_sub;
	bit<16> shl;
	bit<16> shr;
	bit<16> land;
	bit<16> lor;
	bit<16> lxor;
	bit<16> comp;
	bit<16> neg;
	bit<32> concat;
	bit<8>  slice;
	bit<16> insert;
	bit<16> narrow;
	int<8>  xadd;
	int<8>  xsat;
	int<8>  xshr;
	int<16> xwide;
	bit<128> wadd;
	bit<128> wshl;
	bit<64>  wslice;
	bit<8>  cond;
}

struct headers {
	in_t  in_;
	out_t out_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

bit<16> twice(in bit<16> v) {
	return v + v;
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<16> a = hdr.in_.a;
		bit<16> b = hdr.in_.b;
		int<8> x = hdr.in_.x;
		int<8> y = hdr.in_.y;
		bit<16> t = 0;
		bit<13> n = (bit<13>)a;

		hdr.out_.setValid();
		hdr.out_.add = a + b;
		hdr.out_.sub = a - b;
		hdr.out_.mul = a * b;
		hdr.out_.div = a / b;
		hdr.out_.mod = a % b;
		hdr.out_.sat_add = a |+| b;
		hdr.out_.sat_sub = a |-| b;
		hdr.out_.shl = a << (bit<8>)b;
		hdr.out_.shr = a >> 3;
		hdr.out_.land = a & b;
		hdr.out_.lor = a | b;
		hdr.out_.lxor = a ^ b;
		hdr.out_.comp = ~a;
		hdr.out_.neg = -a;
		hdr.out_.concat = a ++ b;
		hdr.out_.slice = a[11:4];
		t = twice(b);
		t[11:4] = 0xab;
		hdr.out_.insert = t;
		n = n * 5 + 1;
		hdr.out_.narrow = (bit<16>)n;
		hdr.out_.xadd = x + y;
		hdr.out_.xsat = x |+| y;
		hdr.out_.xshr = x >> 2;
		hdr.out_.xwide = (int<16>)x;
		hdr.out_.wadd = hdr.in_.w + 0x1_0000_0000_0000_0000;
		hdr.out_.wshl = hdr.in_.w << 68;
		hdr.out_.wslice = hdr.in_.w[95:32];
		hdr.out_.cond = a < b ? 8w1 : 8w2;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
