/* SPDX-License-Identifier: Apache-2.0 */
/* A user plane function: GTP-U from the base stations is taken off, with its extension headers; packets
 * to a phone get a tunnel. Sessions, policing by application, usage by session. */
#include <sekisho.p4>

typedef bit<48> mac_t;
type bit<32> teid_t;
typedef bit<32> ip4_t;

enum bit<8> Proto { ICMP = 1, TCP = 6, UDP = 17 }
enum bit<16> EtherType { IPV4 = 0x0800, IPV6 = 0x86dd, ARP = 0x0806 }

const bit<16> GTPU_PORT = 2152;
const bit<8> GTP_TPDU = 255;
const bit<8> GTP_ECHO = 1;

header ethernet_h { mac_t dst; mac_t src; EtherType type; }
header ipv4_h {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> total;
	bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; Proto proto; bit<16> csum; ip4_t src; ip4_t dst;
}
header udp_h { bit<16> src; bit<16> dst; bit<16> len; bit<16> csum; }
header gtpu_h { bit<3> ver; bit<1> pt; bit<1> r; bit<1> e; bit<1> s; bit<1> pn; bit<8> type; bit<16> len; teid_t teid; }
header gtp_opt_h { bit<16> seq; bit<8> npdu; bit<8> next; }
header gtp_psc_h { bit<8> len; bit<4> type; bit<4> spare; bit<2> flags; bit<6> qfi; bit<8> next; }
header ports_h { bit<16> src; bit<16> dst; }

struct headers_t {
	ethernet_h eth;
	ipv4_h outer;
	udp_h udp;
	gtpu_h gtp;
	gtp_opt_h opt;
	gtp_psc_h psc;
	ipv4_h inner;
	ports_h ports;
}

struct metadata_t {
	bit<16> app;
	bit<32> session;
	bit<6> qfi;
	bool known;
}

error { BadVersion, BadIhl }

parser ipv4_parser(packet_in pkt, out ipv4_h ip) {
	state start {
		pkt.extract(ip);
		verify(ip.version == 4, error.BadVersion);
		verify(ip.ihl == 5, error.BadIhl);
		transition accept;
	}
}

parser prs(packet_in pkt, out headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
	ipv4_parser() outer_parser;
	ipv4_parser() inner_parser;

	state start {
		pkt.extract(hdr.eth);
		transition select(hdr.eth.type, std.input_port) {
			(EtherType.IPV4, PORT_NET): outer;
			(EtherType.IPV4, _): inner;
			(EtherType.ARP, _): accept;
			default: reject;
		}
	}
	state outer {
		outer_parser.apply(pkt, hdr.outer);
		transition select(hdr.outer.proto, hdr.outer.frag) {
			(Proto.UDP, 0): udp;
			default: accept;
		}
	}
	state udp {
		pkt.extract(hdr.udp);
		transition select(hdr.udp.dst) { GTPU_PORT: gtpu; default: accept; }
	}
	state gtpu {
		pkt.extract(hdr.gtp);
		transition select(hdr.gtp.ver ++ hdr.gtp.pt, hdr.gtp.type, hdr.gtp.e, hdr.gtp.s, hdr.gtp.pn) {
			(0b0011, GTP_TPDU, 0, 0, 0): inner;
			(0b0011, GTP_TPDU, 1, _, _): opt;
			(0b0011, GTP_ECHO, _, _, _): accept;
			default: reject;
		}
	}
	state opt {
		pkt.extract(hdr.opt);
		transition select(hdr.opt.next) { 0: inner; 0x85: psc; }
	}
	state psc {
		pkt.extract(hdr.psc);
		meta.qfi = hdr.psc.qfi;
		transition select(hdr.psc.next) { 0: inner; }
	}
	state inner {
		inner_parser.apply(pkt, hdr.inner);
		transition select(hdr.inner.proto) { Proto.TCP &&& 0xff: ports; Proto.UDP: ports; default: accept; }
	}
	state ports {
		pkt.extract(hdr.ports);
		transition accept;
	}
}

bit<16> fold(in bit<32> sum) {
	bit<32> once = (bit<32>)sum[15:0] + (bit<32>)sum[31:16];
	return ~(once[15:0] + once[31:16]);
}

control set_checksum(inout ipv4_h ip) {
	apply {
		ip.csum = fold((bit<32>)(ip.version ++ ip.ihl ++ ip.tos) + (bit<32>)ip.total + (bit<32>)ip.id +
			(bit<32>)(ip.flags ++ ip.frag) + (bit<32>)(ip.ttl ++ (bit<8>)ip.proto) +
			(bit<32>)ip.src[31:16] + (bit<32>)ip.src[15:0] +
			(bit<32>)ip.dst[31:16] + (bit<32>)ip.dst[15:0]);
	}
}

control uplink(inout headers_t hdr, inout metadata_t meta) {
	action forward(bit<32> session) {
		meta.session = session;
		meta.known = true;
		hdr.outer.setInvalid();
		hdr.udp.setInvalid();
		hdr.gtp.setInvalid();
		hdr.opt.setInvalid();
		hdr.psc.setInvalid();
	}
	table pdr {
		key = { hdr.gtp.teid: exact @name("teid"); hdr.inner.src: exact @name("ue"); }
		actions = { forward; @defaultonly NoAction; }
		size = 4096;
	}
	apply {
		pdr.apply();
	}
}

control downlink(inout headers_t hdr, inout metadata_t meta)(bit<8> ttl) {
	set_checksum() csum;

	action encap(bit<32> session, ip4_t n3, ip4_t gnb, bit<32> teid, bit<6> qfi) {
		meta.session = session;
		meta.known = true;
		hdr.outer = { 4, 5, 0, hdr.inner.total + 44, 0, 0, 0, ttl, Proto.UDP, 0, n3, gnb };
		hdr.udp = { GTPU_PORT, GTPU_PORT, hdr.inner.total + 24, 0 };
		hdr.gtp = { ver = 1, pt = 1, r = 0, e = 1, s = 0, pn = 0, type = GTP_TPDU,
			    len = hdr.inner.total + 8, teid = (teid_t)teid };
		hdr.opt = { 0, 0, 0x85 };
		hdr.psc = { 1, 0, 0, 0, qfi, 0 };
	}
	table ue {
		key = { hdr.inner.dst: lpm; }
		actions = { encap; NoAction; }
		default_action = NoAction();
	}
	apply {
		ue.apply();
		if (hdr.outer.isValid()) {
			csum.apply(hdr.outer);
		}
	}
}

control pipe(inout headers_t hdr, inout metadata_t meta, inout standard_metadata std) {
	Register<bit<64>, bit<32>>(1024) usage;
	uplink() up;
	downlink(64) down;

	action drop() { mark_to_drop(); }
	action permit(bit<16> app) { meta.app = app; }
	table apps {
		key = {
			hdr.inner.dst: ternary;
			hdr.inner.proto: optional;
			hdr.ports.dst: range;
		}
		actions = { permit; drop; }
		const default_action = permit(0);
		entries = {
			(0x0a000000 &&& 0xff000000, Proto.TCP, 0 .. 1023): drop();
			(_, Proto.UDP, 53 .. 53): permit(53);
			(_, _, 22): drop();
		}
	}

	apply {
		if (hdr.gtp.isValid() && hdr.gtp.type == GTP_ECHO) {
			hdr.gtp.type = 2;
			ip4_t dst = hdr.outer.dst;
			hdr.outer.dst = hdr.outer.src;
			hdr.outer.src = dst;
			hdr.udp.csum = 0;
			std.output_action = ubpf_action.REDIRECT;
			std.output_port = PORT_NET;
			return;
		}
		if (!hdr.inner.isValid()) {
			return;
		}
		if (hdr.gtp.isValid()) {
			up.apply(hdr, meta);
		} else {
			down.apply(hdr, meta);
		}
		if (!meta.known) {
			drop();
			exit;
		}
		switch (apps.apply().action_run) {
			drop: { exit; }
			permit: {}
		}
		bit<32> cell = meta.session & 1023;
		usage.write(cell, usage.read(cell) + (bit<64>)hdr.inner.total);
	}
}

control dprs(packet_out pkt, in headers_t hdr) {
	apply {
		pkt.emit(hdr.eth);
		pkt.emit(hdr.outer);
		pkt.emit(hdr.udp);
		pkt.emit(hdr.gtp);
		pkt.emit(hdr.opt);
		pkt.emit(hdr.psc);
		pkt.emit(hdr.inner);
		pkt.emit(hdr.ports);
	}
}

ubpf(prs(), pipe(), dprs()) main;
