/* SPDX-License-Identifier: Apache-2.0 */
/* A broadband gateway: PPPoE sessions (RFC 2516) end here and IP goes on; discovery goes to the control plane as
 * digests, an echo request of LCP is answered at once. */
#include <sekisho.p4>

enum bit<16> EtherType { IPV4 = 0x0800, IPV6 = 0x86dd, PPPOE_DISCOVERY = 0x8863, PPPOE_SESSION = 0x8864 }
enum bit<16> Ppp { IPV4 = 0x0021, IPV6 = 0x0057, LCP = 0xc021 }
const bit<8> PADI = 0x09; const bit<8> PADR = 0x19; const bit<8> PADT = 0xa7;

header ethernet_t { bit<48> dst; bit<48> src; EtherType type; }
header pppoe_t { bit<4> version; bit<4> type; bit<8> code; bit<16> session; bit<16> length; }
header ppp_t { Ppp protocol; }
header lcp_t { bit<8> code; bit<8> id; bit<16> length; bit<32> magic; }
header ipv4_t { bit<8> version_ihl; bit<8> tos; bit<16> len; bit<64> rest; bit<32> src; bit<32> dst; }
header ipv6_t { bit<32> first; bit<16> len; bit<8> next; bit<8> hops; bit<128> src; bit<128> dst; }

struct headers { ethernet_t eth; pppoe_t pppoe; ppp_t ppp; lcp_t lcp; ipv4_t ip4; ipv6_t ip6; }
struct metadata { }
struct discovery_t { bit<48> mac; bit<8> code; bit<16> session; bit<16> length; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) {
			EtherType.IPV4: ip4;
			EtherType.IPV6: ip6;
			EtherType.PPPOE_DISCOVERY: pppoe;
			EtherType.PPPOE_SESSION: session;
			default: accept;
		}
	}
	state pppoe {
		p.extract(h.pppoe);
		verify(h.pppoe.version ++ h.pppoe.type == 8w0x11, error.NoMatch);
		transition accept;
	}
	state session {
		p.extract(h.pppoe);
		verify(h.pppoe.version ++ h.pppoe.type == 8w0x11 && h.pppoe.code == 0, error.NoMatch);
		p.extract(h.ppp);
		transition select(h.ppp.protocol) {
			Ppp.IPV4: ip4;
			Ppp.IPV6: ip6;
			Ppp.LCP: lcp;
			default: accept;
		}
	}
	state lcp { p.extract(h.lcp); transition accept; }
	state ip4 { p.extract(h.ip4); transition accept; }
	state ip6 { p.extract(h.ip6); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	Digest<discovery_t>(16) discovery;
	DirectCounter<bit<64>>(PSA_CounterType_t.BYTES) up;
	DirectCounter<bit<64>>(PSA_CounterType_t.BYTES) down;
	const bit<48> OWN = 0x020000000001;

	action drop() { mark_to_drop(); }

	action session(bit<48> gateway) {
		h.eth = { gateway, OWN, h.ip4.isValid() ? EtherType.IPV4 : EtherType.IPV6 };
		h.pppoe.setInvalid();
		h.ppp.setInvalid();
		up.count();
	}
	table sessions {
		key = { h.pppoe.session: exact; h.eth.src: exact; h.ip4.src: ternary; h.ip6.src: ternary; }
		actions = { session; @defaultonly drop; }
		const default_action = drop();
		psa_direct_counter = up;
		size = 256;
	}

	action subscriber(bit<48> mac, bit<16> id) {
		bit<16> length = h.ip4.isValid() ? h.ip4.len : h.ip6.len + 40;

		h.eth = { mac, OWN, EtherType.PPPOE_SESSION };
		h.pppoe = { 1, 1, 0, id, length + 2 };
		h.ppp = { h.ip4.isValid() ? Ppp.IPV4 : Ppp.IPV6 };
		down.count();
	}
	table by_ip4 {
		key = { h.ip4.dst: lpm; }
		actions = { subscriber; @defaultonly drop; }
		default_action = drop();
		psa_direct_counter = down;
		size = 256;
	}
	action subscriber_6(bit<48> mac, bit<16> id) {
		h.eth = { mac, OWN, EtherType.PPPOE_SESSION };
		h.pppoe = { 1, 1, 0, id, h.ip6.len + 42 };
		h.ppp.setValid();
		h.ppp.protocol = Ppp.IPV6;
	}
	table by_ip6 {
		key = { h.ip6.dst: lpm; }
		actions = { subscriber_6; @defaultonly drop; }
		default_action = drop();
		size = 256;
	}

	apply {
		if (h.eth.type == EtherType.PPPOE_DISCOVERY) {
			if (h.pppoe.code == PADI || h.pppoe.code == PADR || h.pppoe.code == PADT)
				discovery.pack({ h.eth.src, h.pppoe.code, h.pppoe.session, h.pppoe.length });
			drop();
		} else if (h.lcp.isValid()) {
			if (h.lcp.code != 9)
				return;
			bit<48> to = h.eth.src;
			h.eth.src = h.eth.dst;
			h.eth.dst = to;
			h.lcp.code = 10;
			h.lcp.magic = 0;
			s.output_action = ubpf_action.REDIRECT;
			s.output_port = s.input_port;
		} else if (h.ppp.isValid()) {
			if (h.ip4.isValid() || h.ip6.isValid())
				sessions.apply();
			else
				drop();
		} else if (h.ip4.isValid()) {
			by_ip4.apply();
		} else if (h.ip6.isValid()) {
			by_ip6.apply();
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
