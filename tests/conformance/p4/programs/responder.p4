/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for a VM that sleeps: ARP requests, neighbour solicitations and echo requests of both IP versions for the
 * addresses of a table go back where they came from, at once. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

typedef bit<48> mac_t;
typedef bit<32> ip4_t;
typedef bit<128> ip6_t;

header ethernet_t { mac_t dst; mac_t src; bit<16> type; }
header arp_t { bit<16> hw; bit<16> proto; bit<8> hw_len; bit<8> proto_len; bit<16> op; mac_t sha; ip4_t spa; mac_t tha; ip4_t tpa; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; ip4_t src; ip4_t dst;
}
header ipv6_t { bit<4> version; bit<8> class; bit<20> label; bit<16> len; bit<8> next; bit<8> hops; ip6_t src; ip6_t dst; }
header icmp_t { bit<8> type; bit<8> code; bit<16> csum; }
header nd_t { bit<1> router; bit<1> solicited; bit<1> override_; bit<29> reserved; ip6_t target; }
header nd_option_t { bit<8> type; bit<8> words; mac_t mac; }
struct headers { ethernet_t eth; arp_t arp; ipv4_t ip4; ipv6_t ip6; icmp_t icmp; nd_t nd; nd_option_t option; }
struct metadata { mac_t own; bool ours; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(s.input_port, h.eth.type) {
			(PORT_NET, 0x0806): arp;
			(PORT_NET, 0x0800): ip4;
			(PORT_NET, 0x86dd): ip6;
			default: accept;
		}
	}
	state arp { p.extract(h.arp); transition accept; }
	state ip4 {
		p.extract(h.ip4);
		transition select(h.ip4.version ++ h.ip4.ihl, h.ip4.frag & 0x3fff, h.ip4.proto) { (0x45, 0, 1): icmp; default: accept; }
	}
	state ip6 {
		p.extract(h.ip6);
		transition select(h.ip6.next) { 58: icmp; default: accept; }
	}
	state icmp {
		p.extract(h.icmp);
		transition select(h.ip6.isValid(), h.icmp.type) { (true, 135): nd; default: accept; }
	}
	state nd {
		p.extract(h.nd);
		transition select(h.ip6.len) { 24: accept; 32: option; default: reject; }
	}
	state option { p.extract(h.option); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	action own(mac_t mac) { m.own = mac; m.ours = true; }
	table own4 {
		key = { (h.arp.isValid() ? h.arp.tpa : h.ip4.dst): exact @name("address"); }
		actions = { own; NoAction; }
		size = 16;
	}
	table own6 {
		key = { (h.nd.isValid() ? h.nd.target : h.ip6.dst): exact @name("address"); }
		actions = { own; NoAction; }
		size = 16;
	}

	action back() {
		h.eth.dst = h.eth.src;
		h.eth.src = m.own;
		s.output_action = ubpf_action.REDIRECT;
		s.output_port = s.input_port;
	}

	action answer_arp() {
		h.arp.op = 2;
		h.arp.tha = h.arp.sha;
		h.arp.sha = m.own;
		ip4_t asked = h.arp.tpa;
		h.arp.tpa = h.arp.spa;
		h.arp.spa = asked;
		back();
	}

	action swap4() { ip4_t t = h.ip4.src; h.ip4.src = h.ip4.dst; h.ip4.dst = t; }
	action swap6() { ip6_t t = h.ip6.src; h.ip6.src = h.ip6.dst; h.ip6.dst = t; }

	action answer_echo(bit<8> type) {
		bit<16> was = h.icmp.type ++ h.icmp.code;
		h.icmp.type = type;
		h.icmp.csum = csum_replace2(h.icmp.csum, was, h.icmp.type ++ h.icmp.code);
		back();
	}

	/* RFC 4861, 7.2.4; the packet has the answer's size: with a link-layer address where the question has none */
	action answer_nd() {
		bool unspecified = h.ip6.src == 0;
		h.ip6.dst = unspecified ? 0xff020000000000000000000000000001 : h.ip6.src;
		h.ip6.src = h.nd.target;
		h.ip6.hops = 255;
		h.ip6.len = 32;
		h.nd.router = 0;
		h.nd.solicited = unspecified ? 1w0 : 1w1;
		h.nd.override_ = 1;
		h.option = { 2, 1, m.own };
		h.icmp.type = 136;
		back();
		if (unspecified)
			h.eth.dst = 0x333300000001;
	}

	InternetChecksum() ck;

	apply {
		if (h.arp.isValid()) {
			if (h.arp.op == 1 && h.arp.hw == 1 && h.arp.proto == 0x800 && own4.apply().hit)
				answer_arp();
		} else if (h.ip4.isValid() && h.icmp.isValid()) {
			if (h.icmp.type == 8 && h.icmp.code == 0 && own4.apply().hit) {
				swap4();
				answer_echo(0);
			}
		} else if (h.nd.isValid()) {
			if (h.ip6.hops == 255 && h.icmp.code == 0 && own6.apply().hit) {
				answer_nd();
				ck.add({ h.ip6.src, h.ip6.dst, 16w0, h.ip6.len, 24w0, h.ip6.next });
				h.icmp.csum = 0;
				ck.add({ h.icmp, h.nd, h.option });
				h.icmp.csum = ck.get();
			}
		} else if (h.ip6.isValid() && h.icmp.isValid() && h.icmp.type == 128 && h.icmp.code == 0) {
			if (own6.apply().hit) {
				swap6();
				answer_echo(129);
			}
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
