/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Geneve (RFC 8926): options of any length in front of the inner frame are walked over, the outer
 * headers taken off; a varbit header that two ways lead to; counters of loops that are in scratch memory.
 */
#include <core.p4>
#include <ubpf_model.p4>

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ipv4_opts_t { varbit<320> bytes; }
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header geneve_t { bit<2> ver; bit<6> opt_len; bit<8> flags; bit<16> type; bit<24> vni; bit<8> pad; }
header opt_t { bit<16> class; bit<8> type; bit<3> pad; bit<5> len; }
struct headers {
	eth_t outer_eth; ipv4_t outer_ip; ipv4_opts_t outer_opts; udp_t udp; geneve_t geneve;
	eth_t eth; ipv4_t ip; ipv4_opts_t opts;
}
struct meta { bit<8> seen; bit<8> left; }

parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
	state start {
		p.extract(h.outer_eth);
		transition select(h.outer_eth.type) { 0x800: outer_ip; default: reject; }
	}
	state outer_ip {
		p.extract(h.outer_ip);
		verify(h.outer_ip.ihl >= 5, error.HeaderTooShort);
		p.extract(h.outer_opts, (bit<32>)(h.outer_ip.ihl - 5) * 32);
		transition select(h.outer_ip.proto) { 17: udp; default: reject; }
	}
	state udp {
		p.extract(h.udp);
		transition select(h.udp.dport) { 6081: geneve; default: accept; }
	}
	state geneve {
		p.extract(h.geneve);
		m.left = (bit<8>)h.geneve.opt_len;
		transition options;
	}
	state options {
		transition select(m.left) { 0: inner; default: option; }
	}
	state option {
		opt_t o;
		p.extract(o);
		verify(m.left > (bit<8>)o.len, error.HeaderTooShort);
		m.left = m.left - 1 - (bit<8>)o.len;
		m.seen = m.seen + (o.type == 7 ? 8w1 : 0);
		p.advance((bit<32>)o.len << 5);
		transition options;
	}
	state inner {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		verify(h.ip.ihl >= 5, error.HeaderTooShort);
		p.extract(h.opts, (bit<32>)(h.ip.ihl - 5) * 32);
		transition accept;
	}
}

control pipe(inout headers h, inout meta m, inout standard_metadata s) {
	apply {
		if (h.geneve.isValid()) {
			h.outer_eth.setInvalid();
			h.outer_ip.setInvalid();
			h.outer_opts.setInvalid();
			h.udp.setInvalid();
			h.geneve.setInvalid();
		}
		bit<48> mark = 0;
		for (bit<8> i in 1 .. (bit<8>)m.seen[2:0]) {
			mark = mark + (bit<48>)i;
		}
		if (h.eth.isValid()) {
			h.eth.dst = mark;
		}
		if (h.opts.isValid()) {
			h.ip.ttl = h.ip.ttl - 1;
		}
	}
}

control dprs(packet_out p, in headers h) {
	apply {
		p.emit(h);
	}
}

ubpf(prs(), pipe(), dprs()) main;
