/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS filter: the first label of a name is a varbit of a TLV-like length, hashed by its first bytes;
 * answers that are larger than allowed are cut, with TC set; what asks for ANY is refused. */
#include <sekisho.p4>

const bit<16> DNS = 53;

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header ip_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header dns_t {
	bit<16> id;
	bit<1> qr; bit<4> opcode; bit<1> aa; bit<1> tc; bit<1> rd; bit<1> ra; bit<3> z; bit<4> rcode;
	bit<16> questions; bit<16> answers; bit<16> authority; bit<16> additional;
}
header length_t { bit<8> n; }
header label_t { varbit<512> text; }
struct headers { eth_t eth; ip_t ip; udp_t udp; dns_t dns; length_t n1; label_t l1; length_t n2; label_t l2; }
struct metadata { bit<8> len1; bit<8> len2; bit<32> first; bool is_name; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start { p.extract(h.eth); transition select(h.eth.type) { 0x800: ip; default: accept; } }
	state ip {
		p.extract(h.ip);
		transition select(h.ip.ihl, h.ip.proto, h.ip.frag & 0x1fff) { (5, 17, 0): udp; default: accept; }
	}
	state udp {
		p.extract(h.udp);
		transition select(h.udp.dport, h.udp.sport) { (DNS, _): dns; (_, DNS): dns; default: accept; }
	}
	state dns {
		p.extract(h.dns);
		transition select(h.dns.opcode, h.dns.questions) { (0, 1): name; default: reject; }
	}
	state name {
		p.extract(h.n1);
		m.len1 = h.n1.n;
		verify(h.n1.n < 64, error.ParserInvalidArgument);
		m.first = p.lookahead<bit<32>>();
		p.extract(h.l1, (bit<32>)h.n1.n << 3);
		transition second;
	}
	state second {
		p.extract(h.n2);
		verify(h.n2.n < 64, error.ParserInvalidArgument);
		m.len2 = h.n2.n;
		m.is_name = true;
		p.extract(h.l2, (bit<32>)h.n2.n * 8);
		transition accept;
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	action block() {
		h.dns.qr = 1;
		h.dns.rcode = 5;
		bit<16> port = h.udp.sport;
		h.udp.sport = h.udp.dport;
		h.udp.dport = port;
		h.udp.csum = 0;
		bit<32> addr = h.ip.src;
		h.ip.src = h.ip.dst;
		h.ip.dst = addr;
		bit<48> mac = h.eth.src;
		h.eth.src = h.eth.dst;
		h.eth.dst = mac;
		s.output_action = ubpf_action.REDIRECT;
		s.output_port = s.input_port;
	}
	action drop() { mark_to_drop(); }
	table names {
		key = { m.len1: exact; m.first: ternary; m.len2: range; }
		actions = { block; drop; NoAction; }
		const entries = {
			(4, 0x65766961 &&& 0xffffff00, 1 .. 10): block();
			(7, _, 0): drop();
		}
		default_action = NoAction();
	}
	apply {
		if (!m.is_name) {
			return;
		}
		if (h.dns.qr == 0) {
			names.apply();
		} else if (h.udp.len > 512) {
			h.dns.tc = 1;
			h.dns.answers = 0;
			h.udp.csum = 0;
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
