/* SPDX-License-Identifier: Apache-2.0 */
/* Clamps the MSS that TCP connections of a VM announce: the options of SYN segments are walked wherever they
 * lie, the option is rewritten, the checksum follows, also where the option is at an odd place. */
#include <core.p4>
#include <ubpf_model.p4>

const bit<16> ETH_IPV4 = 0x800;
const bit<16> ETH_IPV6 = 0x86dd;
const bit<16> MAX_MSS4 = 1360;
const bit<16> MAX_MSS6 = 1340;
#define MAX_OPTIONS 12

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ipv4_options_t { varbit<320> data; }
header ipv6_t {
	bit<4> version; bit<8> class; bit<20> label; bit<16> len; bit<8> next; bit<8> hops;
	bit<128> src; bit<128> dst;
}
header tcp_t {
	bit<16> sport; bit<16> dport; bit<32> seq; bit<32> ack;
	bit<4> offset; bit<4> reserved; bit<8> flags; bit<16> window; bit<16> csum; bit<16> urgent;
}
header one_t { bit<8> kind; }
header mss_t { bit<8> kind; bit<8> len; bit<16> mss; }
header other_t { bit<8> kind; bit<8> len; varbit<304> data; }
header_union option_t { one_t one; mss_t mss; other_t other; }
struct kind_len_t { bit<8> kind; bit<8> len; }

struct headers {
	ethernet_t eth;
	ipv4_t ip4;
	ipv4_options_t ip4_options;
	ipv6_t ip6;
	tcp_t tcp;
	option_t[MAX_OPTIONS] options;
}
struct metadata { bit<16> max; bit<8> left; bool odd; bool mss_odd; bit<4> mss_at; bit<4> n; bool found; }

error { BadOption }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { ETH_IPV4: ip4; ETH_IPV6: ip6; default: accept; }
	}
	state ip4 {
		p.extract(h.ip4);
		verify(h.ip4.ihl >= 5, error.HeaderTooShort);
		p.extract(h.ip4_options, (bit<32>)(h.ip4.ihl - 5) * 32);
		m.max = MAX_MSS4;
		transition select(h.ip4.frag & 0x1fff, h.ip4.proto) { (0, 6): tcp; default: accept; }
	}
	state ip6 {
		p.extract(h.ip6);
		m.max = MAX_MSS6;
		transition select(h.ip6.next) { 6: tcp; default: accept; }
	}
	state tcp {
		p.extract(h.tcp);
		verify(h.tcp.offset >= 5, error.HeaderTooShort);
		m.left = (bit<8>)(h.tcp.offset - 5) << 2;
		/* only of segments with SYN */
		transition select(h.tcp.flags) { 2 &&& 2: options; default: accept; }
	}
	state options {
		transition select(m.left) { 0: accept; default: option; }
	}
	state option {
		transition select(p.lookahead<bit<8>>()) { 0: accept; 1: one; 2: mss; default: other; }
	}
	state one {
		p.extract(h.options.next.one);
		m.left = m.left - 1;
		m.odd = !m.odd;
		m.n = m.n + 1;
		transition options;
	}
	state mss {
		kind_len_t front = p.lookahead<kind_len_t>();
		verify(front.len == 4 && m.left >= 4, error.BadOption);
		p.extract(h.options.next.mss);
		m.left = m.left - 4;
		m.found = true;
		m.mss_at = m.n;
		m.mss_odd = m.odd;
		m.n = m.n + 1;
		transition options;
	}
	state other {
		kind_len_t front = p.lookahead<kind_len_t>();
		verify(front.len >= 2 && m.left >= front.len, error.BadOption);
		p.extract(h.options.next.other, (bit<32>)(front.len - 2) << 3);
		m.left = m.left - front.len;
		m.odd = (front.len[0:0] == 1) != m.odd;
		m.n = m.n + 1;
		transition options;
	}
}

bit<16> swap(in bit<16> x) { return x[7:0] ++ x[15:8]; }

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	apply {
		if (!m.found)
			return;
		bit<16> old = h.options[m.mss_at].mss.mss;
		if (old <= m.max)
			return;
		h.options[m.mss_at].mss.mss = m.max;
		if (m.mss_odd)
			h.tcp.csum = csum_replace2(h.tcp.csum, swap(old), swap(m.max));
		else
			h.tcp.csum = csum_replace2(h.tcp.csum, old, m.max);
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
