/* SPDX-License-Identifier: Apache-2.0 */
/* Header unions: at most one member is valid. */
#include <ubpf_model.p4>

header in_t {
	bit<8> which;
}

header a_t {
	bit<8> v;
}

header b_t {
	bit<16> v;
}

header_union u_t {
	a_t a;
	b_t b;
}

header out_t {
	bit<8> r;
	bit<8> av;
	bit<16> bv;
}

struct headers {
	out_t  out_;
	in_t   in_;
	u_t    u;
	u_t[2] us;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.which) {
			0 &&& 0xf0: with_a;
			0x10 &&& 0xf0: with_b;
			0x20: both;
			default: accept;
		}
	}
	state with_a {
		packet.extract(hdr.u.a);
		transition accept;
	}
	state with_b {
		packet.extract(hdr.u.b);
		transition accept;
	}
	state both {
		packet.extract(hdr.u.a);
		packet.extract(hdr.u.b);
		packet.extract(hdr.us.next.a);
		packet.extract(hdr.us.next.b);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		a_t none;
		u_t other;

		hdr.out_.setValid();
		switch (hdr.in_.which & 0xf) {
			1: { hdr.u.b.setValid(); hdr.u.b.v = 0x1234; }
			2: { hdr.u.a = {7}; }
			3: { hdr.u.a.setInvalid(); }
			4: { hdr.u.a.v = 0x55; }
			5: { hdr.u.a = none; }
			6: { other.b.setValid(); other.b.v = 0xabcd; hdr.u = other; }
			7: { hdr.u = other; }
			8: { hdr.us[1] = hdr.u; }
			9: { hdr.u.a.setValid(); }
			default: {}
		}
		hdr.out_.r = (bit<1>)hdr.u.isValid() ++ (bit<1>)hdr.u.a.isValid() ++ (bit<1>)hdr.u.b.isValid() ++
			     (bit<1>)(hdr.u == other) ++ (bit<1>)(hdr.u == hdr.us[1]) ++ 3w0;
		hdr.out_.av = hdr.u.a.v;
		hdr.out_.bv = hdr.u.b.v;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
