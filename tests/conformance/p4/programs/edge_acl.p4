/* SPDX-License-Identifier: Apache-2.0 */
/* An access list for both IP versions: ternary, prefix, range and optional keys with priorities, TCP flags, a first
 * stage that names groups of addresses, and one default per direction. */
#include <sekisho.p4>

typedef bit<16> group_t;
enum bit<2> Verdict { NONE = 0, PERMIT = 1, DENY = 2, LOG = 3 }

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header words_t { varbit<320> words; }
header ipv6_t { bit<4> version; bit<8> class; bit<20> label; bit<16> len; bit<8> next; bit<8> hops; bit<128> src; bit<128> dst; }
header tcp_t { bit<16> sport; bit<16> dport; bit<64> numbers; bit<4> offset; bit<6> rsvd; bit<6> flags; }
header udp_t { bit<16> sport; bit<16> dport; }
struct headers { ethernet_t eth; ipv4_t ip4; words_t words; ipv6_t ip6; tcp_t tcp; udp_t udp; }
struct metadata {
	group_t src_group; group_t dst_group; bit<8> proto; bit<16> sport; bit<16> dport; bit<6> flags; bool later_fragment;
}
struct log_t { bit<32> rule; bit<8> proto; bit<16> sport; bit<16> dport; bool from_vm; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	value_set<bit<16>>(4) ethertypes4;

	state start {
		p.extract(h.eth);
		transition select(h.eth.type) {
			0x0800: ip4;
			ethertypes4: ip4;
			0x86dd: ip6;
			default: accept;
		}
	}
	state ip4 {
		p.extract(h.ip4);
		verify(h.ip4.version == 4 && h.ip4.ihl > 4, error.HeaderTooShort);
		p.extract(h.words, ((bit<32>)h.ip4.ihl - 5) * 32);
		m.proto = h.ip4.proto;
		m.later_fragment = h.ip4.frag != 0;
		transition select(h.ip4.frag) { 0: l4; default: accept; }
	}
	state ip6 {
		p.extract(h.ip6);
		m.proto = h.ip6.next;
		transition l4;
	}
	state l4 {
		transition select(m.proto) { 6: tcp; 17: udp; 132: udp; default: accept; }
	}
	state tcp {
		p.extract(h.tcp);
		m.sport = h.tcp.sport;
		m.dport = h.tcp.dport;
		m.flags = h.tcp.flags;
		transition accept;
	}
	state udp {
		p.extract(h.udp);
		m.sport = h.udp.sport;
		m.dport = h.udp.dport;
		transition accept;
	}
}

control groups(in headers h, out group_t src, out group_t dst) {
	action s(group_t g) { src = g; }
	action d(group_t g) { dst = g; }

	table src4 { key = { h.ip4.src: lpm; } actions = { s; } default_action = s(0); size = 4096; }
	table dst4 { key = { h.ip4.dst: lpm; } actions = { d; } default_action = d(0); size = 4096; }
	table src6 { key = { h.ip6.src: lpm; } actions = { s; } default_action = s(0); size = 4096; }
	table dst6 { key = { h.ip6.dst: lpm; } actions = { d; } default_action = d(0); size = 4096; }

	apply {
		src = 0;
		dst = 0;
		if (h.ip4.isValid()) {
			src4.apply();
			dst4.apply();
		} else if (h.ip6.isValid()) {
			src6.apply();
			dst6.apply();
		}
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	groups() g;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) hits;
	Digest<log_t>(64) log;
	Verdict verdict = Verdict.NONE;
	bit<32> rule = 0;
	bool from_vm = s.input_port == PORT_VM;

	action permit() { verdict = Verdict.PERMIT; hits.count(); }
	action deny() { verdict = Verdict.DENY; hits.count(); }
	action permit_and_log(bit<32> number) { verdict = Verdict.LOG; rule = number; hits.count(); }
	action no_match() { hits.count(); }

	table acl {
		key = {
			from_vm : exact @name("from_vm");
			m.src_group : ternary @name("src_group");
			m.dst_group : ternary @name("dst_group");
			m.proto : optional @name("proto");
			m.sport : range @name("sport");
			m.dport : range @name("dport");
			m.flags : ternary @name("flags");
			m.later_fragment : optional @name("fragment");
		}
		actions = { permit; deny; permit_and_log; @defaultonly no_match; }
		const default_action = no_match();
		largest_priority_wins = true;
		entries = {
			const priority = 1000: (false, _, _, 6, _, _, 0b000000 &&& 0b111111, false): deny();
			priority = 10: (false, _, _, 58, _, _, _, _): permit();
			priority = 5: (true, _, _, _, _, _, _, _): permit();
		}
		psa_direct_counter = hits;
		size = 2048;
	}

	apply {
		if (!h.ip4.isValid() && !h.ip6.isValid())
			return;
		g.apply(h, m.src_group, m.dst_group);
		acl.apply();
		switch (verdict) {
			Verdict.PERMIT: { }
			Verdict.LOG: { log.pack({ rule, m.proto, m.sport, m.dport, from_vm }); }
			default: { mark_to_drop(); }
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
