/* SPDX-License-Identifier: Apache-2.0 */
/* Customers behind two VLAN tags to the network's side, in GRE tunnels (RFC 2784, 2890) with a key on the other: tags are
 * pushed, popped and swapped, GRE's optional fields come and go. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

#define TPID_C 0x8100
#define TPID_S 0x88a8
#define IPPROTO_GRE 47

typedef bit<12> vlan_id_t;

header eth_h { bit<48> dst; bit<48> src; bit<16> tpid; }
header vlan_h { bit<3> pcp; bit<1> dei; vlan_id_t vid; bit<16> tpid; }
header ipv4_h {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header gre_h { bit<1> C; bit<1> R; bit<1> K; bit<1> S; bit<9> reserved; bit<3> version; bit<16> proto; }
header gre_csum_h { bit<16> csum; bit<16> reserved; }
header gre_word_h { bit<32> value; }

struct gre_t { gre_h base; gre_csum_h csum; gre_word_h key; gre_word_h seq; }
struct hdr_t { eth_h outer; ipv4_h ip; gre_t gre; eth_h eth; vlan_h[3] vlan; }
struct meta_t { vlan_id_t svid; vlan_id_t cvid; bit<32> key; bit<2> tags; }

parser VlanParser(packet_in pkt, out vlan_h[3] vlan, in bit<16> tpid, out bit<2> n) {
	state start {
		n = 0;
		transition select(tpid) { TPID_C: tag; TPID_S: tag; 0x9100: tag; default: accept; }
	}
	state tag {
		pkt.extract(vlan.next);
		n = n + 1;
		transition select(vlan.last.tpid) { TPID_C: tag; TPID_S: tag; 0x9100: tag; default: accept; }
	}
}

parser GreParser(packet_in pkt, out gre_t gre) {
	state start {
		pkt.extract(gre.base);
		verify(gre.base.version == 0 && gre.base.R == 0, error.NoMatch);
		transition select(gre.base.C) { 1: csum; default: key; }
	}
	state csum { pkt.extract(gre.csum); transition key; }
	state key { transition select(gre.base.K) { 1: has_key; default: seq; } }
	state has_key { pkt.extract(gre.key); transition seq; }
	state seq { transition select(gre.base.S) { 1: has_seq; default: accept; } }
	state has_seq { pkt.extract(gre.seq); transition accept; }
}

parser MyParser(packet_in pkt, out hdr_t hdr, inout meta_t meta, inout standard_metadata std) {
	VlanParser() vlans;
	GreParser() gre;

	state start {
		transition select(std.input_port) { PORT_VM: inner; default: outer; }
	}
	state outer {
		pkt.extract(hdr.outer);
		transition select(hdr.outer.tpid) { 0x0800: ip; default: reject; }
	}
	state ip {
		pkt.extract(hdr.ip);
		transition select(hdr.ip.ihl, hdr.ip.frag & 0x3fff, hdr.ip.proto) { (5, 0, IPPROTO_GRE): tunnel; default: reject; }
	}
	state tunnel {
		gre.apply(pkt, hdr.gre);
		transition select(hdr.gre.base.proto) { 0x6558: inner; default: reject; }
	}
	state inner {
		pkt.extract(hdr.eth);
		vlans.apply(pkt, hdr.vlan, hdr.eth.tpid, meta.tags);
		transition accept;
	}
}

control MyControl(inout hdr_t hdr, inout meta_t meta, inout standard_metadata std) {
	Register<bit<32>, bit<32>>(256) sequence;
	InternetChecksum() ck;

	action drop() { mark_to_drop(); }

	action push_tag(bit<16> tpid, vlan_id_t vid, bit<3> pcp) {
		hdr.vlan.push_front(1);
		hdr.vlan[0].setValid();
		hdr.vlan[0] = { pcp = pcp, dei = 0, vid = vid, tpid = hdr.eth.tpid };
		hdr.eth.tpid = tpid;
	}
	action pop_tag() {
		hdr.eth.tpid = hdr.vlan[0].tpid;
		hdr.vlan.pop_front(1);
	}

	/* From a tunnel to the customer's two tags. */
	action customer(vlan_id_t svid, vlan_id_t cvid, bit<3> pcp) {
		push_tag(TPID_C, cvid, pcp);
		push_tag(TPID_S, svid, pcp);
		hdr.outer.setInvalid();
		hdr.ip.setInvalid();
		hdr.gre.base.setInvalid();
		hdr.gre.csum.setInvalid();
		hdr.gre.key.setInvalid();
		hdr.gre.seq.setInvalid();
	}
	table by_key {
		key = { hdr.gre.key.isValid(): exact; hdr.gre.key.value: exact; hdr.ip.src: exact; }
		actions = { customer; drop; }
		const default_action = drop();
	}

	/* And back. */
	action tunnel(bit<32> remote, bit<32> key, bit<48> gateway, bool sequenced) {
		pop_tag();
		pop_tag();
		hdr.outer = { gateway, 0x02000000aaaa, 0x0800 };
		hdr.ip = { 4, 5, 0, (bit<16>)std.packet_length - 8 + 20 + 8 + (sequenced ? 16w4 : 16w0), 0, 0x4000, 64, IPPROTO_GRE, 0,
			   0xc0000201, remote };
		hdr.gre.base = { K = 1, S = (bit<1>)sequenced, proto = 0x6558, ... };
		hdr.gre.key = { key };
		if (sequenced) {
			bit<32> n = sequence.read(key);
			sequence.write(key, n + 1);
			hdr.gre.seq = { n };
		}
		ck.clear();
		ck.add(hdr.ip);
		hdr.ip.csum = ck.get();
	}
	action swap(vlan_id_t svid) { hdr.vlan[0].vid = svid; }
	action untag() { pop_tag(); }
	table by_tags {
		key = { hdr.vlan[0].vid: exact; hdr.vlan[1].vid: ternary; hdr.eth.tpid: ternary; }
		actions = { tunnel; swap; drop; untag; }
		default_action = drop;
		size = 512;
	}

	apply {
		if (hdr.gre.base.isValid())
			by_key.apply();
		else if (meta.tags >= 1)
			by_tags.apply();
	}
}

control MyDeparser(packet_out pkt, in hdr_t hdr) {
	apply { pkt.emit(hdr); }
}

ubpf(MyParser(), MyControl(), MyDeparser()) main;
