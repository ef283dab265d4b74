/* SPDX-License-Identifier: Apache-2.0 */
/* Geneve (RFC 8926): options are walked by their lengths, two are known, critical ones that are not drop
 * the packet; what the VM sends is put in a tunnel with an option that says who sent it. */
#include <sekisho.p4>

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header geneve_t {
	bit<2> version; bit<6> opt_len; bit<1> oam; bit<1> critical; bit<6> rsvd; bit<16> proto;
	bit<24> vni; bit<8> rsvd2;
}
header option_t { bit<16> class; bit<1> critical; bit<7> type; bit<3> rsvd; bit<5> length; }
header security_t { bit<16> class; bit<8> type; bit<3> rsvd; bit<5> length; bit<32> label; }
header source_t { bit<16> class; bit<8> type; bit<3> rsvd; bit<5> length; bit<32> node; bit<32> port; }
header unknown_t { bit<16> class; bit<8> type; bit<3> rsvd; bit<5> length; varbit<992> data; }

struct headers { ethernet_t outer; ipv4_t ip; udp_t udp; geneve_t geneve; security_t security; source_t source; ethernet_t eth; }
struct metadata { bit<8> left; bit<8> skipped; }

error { GeneveVersion, GeneveLength, GeneveCritical }

parser options(packet_in p, in bit<6> words, out security_t security, out source_t source, out bit<8> skipped) {
	bit<8> left;
	unknown_t other;

	state start {
		left = (bit<8>)words;
		skipped = 0;
		transition loop;
	}
	state loop {
		transition select(left) { 0: accept; default: look; }
	}
	state look {
		option_t o = p.lookahead<option_t>();

		verify(left > (bit<8>)o.length, error.GeneveLength);
		left = left - 1 - (bit<8>)o.length;
		transition select(o.class, o.type, o.length, o.critical) {
			(0x0103, 1, 1, _): is_security;
			(0x0103, 2, 2, _): is_source;
			(_, _, _, 0): unknown;
			default: critical;
		}
	}
	state is_security { p.extract(security); transition loop; }
	state is_source { p.extract(source); transition loop; }
	state unknown {
		p.extract(other, (bit<32>)(p.lookahead<option_t>().length) << 5);
		skipped = skipped + 1;
		transition loop;
	}
	state critical { verify(false, error.GeneveCritical); transition reject; }
}

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	options() opts;

	state start {
		transition select(s.input_port) { PORT_VM: inner; _: outer; }
	}
	state outer {
		p.extract(h.outer);
		transition select(h.outer.type) { 0x800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		transition select(h.ip.ihl, h.ip.frag, h.ip.proto) { (5, 0 &&& 0x3fff, 17): udp; default: accept; }
	}
	state udp {
		p.extract(h.udp);
		transition select(h.udp.dport) { 6081: geneve; default: accept; }
	}
	state geneve {
		p.extract(h.geneve);
		verify(h.geneve.version == 0, error.GeneveVersion);
		opts.apply(p, h.geneve.opt_len, h.security, h.source, m.skipped);
		transition select(h.geneve.proto) { 0x6558: inner; default: reject; }
	}
	state inner { p.extract(h.eth); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	InternetChecksum() sum;

	action drop() { mark_to_drop(); }
	action decap() {
		h.outer.setInvalid();
		h.ip.setInvalid();
		h.udp.setInvalid();
		h.geneve.setInvalid();
		h.security.setInvalid();
		h.source.setInvalid();
	}
	table policy {
		key = { h.geneve.vni: exact; h.security.isValid(): exact; h.security.label: ternary; h.source.node: ternary; }
		actions = { decap; drop; }
		default_action = drop();
		size = 64;
	}
	action encap(bit<24> vni, bit<32> remote, bit<32> label) {
		h.outer = { 0x02000000bbbb, 0x02000000aaaa, 0x0800 };
		h.ip = { 4, 5, 0, (bit<16>)s.packet_length + 56, 0, 0x4000, 64, 17, 0, 0x0a000001, remote };
		sum.add(h.ip);
		h.ip.csum = sum.get();
		h.udp = { 2w3 ++ h.eth.src[13:0], 6081, (bit<16>)s.packet_length + 36, 0 };
		h.geneve = { 0, 5, 0, 0, 0, 0x6558, vni, 0 };
		h.security = { 0x0103, 1, 0, 1, label };
		h.source = { 0x0103, 2, 0, 2, 0x0a000001, s.input_port };
	}
	table tunnels {
		key = { h.eth.dst: exact; }
		actions = { encap; drop; }
		default_action = drop();
		size = 64;
	}
	apply {
		if (h.geneve.isValid())
			policy.apply();
		else if (s.input_port == PORT_VM)
			tunnels.apply();
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
