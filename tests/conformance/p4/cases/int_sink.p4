/* SPDX-License-Identifier: Apache-2.0 */
/* In-band telemetry over TCP: a transit hop that pushes its metadata in front of those of others, behind
 * IPv4 options. */
#include <sekisho.p4>

#define MAX_HOPS 9

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<6> dscp; bit<2> ecn; bit<16> len;
	bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum;
	bit<32> src; bit<32> dst;
}
header opts_t { varbit<320> data; }
header tcp_t {
	bit<16> sport; bit<16> dport; bit<32> seq; bit<32> ack;
	bit<4> off; bit<12> flags; bit<16> win; bit<16> csum; bit<16> urg;
}
header shim_t { bit<8> type; bit<8> rsvd; bit<8> len; bit<8> dscp; }
header int_t { bit<4> ver; bit<12> x; bit<5> hop_ml; bit<8> remaining; bit<3> y; bit<16> mask; bit<16> domain; }
header md_t { bit<32> sw; bit<32> latency; bit<8> queue; bit<24> depth; }

struct headers { eth_t eth; ipv4_t ip; opts_t opts; tcp_t tcp; shim_t shim; int_t tel; md_t[MAX_HOPS] md; }
struct metadata { bit<8> words; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x0800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		verify(h.ip.ihl >= 5, error.HeaderTooShort);
		p.extract(h.opts, ((bit<32>)h.ip.ihl - 5) * 32);
		transition select(h.ip.dscp, h.ip.proto) { (0x17, 6): tcp; default: accept; }
	}
	state tcp {
		p.extract(h.tcp);
		p.extract(h.shim);
		p.extract(h.tel);
		m.words = h.shim.len - 3;
		transition hops;
	}
	state hops {
		transition select(m.words) { 0: accept; 1 .. 2: reject; default: hop; }
	}
	state hop {
		p.extract(h.md.next);
		m.words = m.words - 3;
		transition hops;
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	apply {
		if (!h.tel.isValid()) {
			return;
		}
		if (h.tel.remaining == 0) {
			h.tel.x = h.tel.x | 1;
			return;
		}
		h.md.push_front(1);
		h.md[0].setValid();
		h.md[0] = { 7, s.packet_length, 0, 0xabcdef };
		h.tel.remaining = h.tel.remaining - 1;
		h.shim.len = h.shim.len + 3;
		h.ip.len = h.ip.len + 12;
		for (bit<8> k in 0 .. 3) {
			if (h.md[k].isValid() && h.md[k].latency > 1000) {
				h.tel.y = 1;
			}
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
