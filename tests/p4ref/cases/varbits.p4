/* SPDX-License-Identifier: Apache-2.0 */
/* Varbit fields, lookahead of structs, advance, verify, sub-parsers. */
#include <ubpf_model.p4>

header in_t {
	bit<8> which;
	bit<8> n;
}

header var_t {
	bit<8>     before;
	varbit<64> v;
	bit<8>     after;
}

header out_t {
	bit<8> r;
}

struct peek_t {
	bit<4>  x;
	int<4>  y;
	bit<16> z;
}

struct headers {
	out_t out_;
	in_t  in_;
	var_t a;
	var_t b;
}

struct metadata {
	peek_t  peek;
	bit<32> len;
}

parser sub(packet_in p, in bit<8> n, inout headers hdr) {
	bit<32> bits = (bit<32>)n * 8;

	state start {
		p.extract(hdr.b, bits);
		transition accept;
	}
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	sub() inner;

	state start {
		packet.extract(hdr.in_);
		meta.len = packet.length();
		transition select(hdr.in_.which) {
			0 .. 3: var;
			4: look;
			5: skip;
			6: check;
			default: accept;
		}
	}
	state var {
		packet.extract(hdr.a, (bit<32>)(hdr.in_.n << 3));
		inner.apply(packet, hdr.in_.n, hdr);
		transition accept;
	}
	state look {
		meta.peek = packet.lookahead<peek_t>();
		transition accept;
	}
	state skip {
		packet.advance((bit<32>)hdr.in_.n << 3);
		transition accept;
	}
	state check {
		verify(hdr.in_.n < 5, error.HeaderTooShort);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.out_.setValid();
		if (hdr.in_.which < 4) {
			hdr.out_.r = (bit<1>)(hdr.a == hdr.b) ++ (bit<1>)(hdr.a.v == hdr.b.v) ++ 6w0;
		}
		if (hdr.in_.which == 1) {
			hdr.b.v = hdr.a.v;
		} else if (hdr.in_.which == 2) {
			hdr.b = hdr.a;
			hdr.b.after = 0xff;
		} else if (hdr.in_.which == 3) {
			hdr.a.setInvalid();
			hdr.a.setValid();
		} else if (hdr.in_.which == 4) {
			hdr.out_.r = (bit<8>)(int<8>)meta.peek.y + (bit<8>)meta.peek.x + meta.peek.z[7:0];
		} else if (hdr.in_.which > 4) {
			hdr.out_.r = (bit<8>)meta.len;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
