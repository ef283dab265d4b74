/* SPDX-License-Identifier: Apache-2.0 */
/* In-band telemetry: packets of watched flows to the network get a shim, a header and this hop's metadata
 * behind UDP or TCP; such packets from the network lose them again, and what the hops said is reported. */
#include <sekisho.p4>

typedef bit<32> ip4_t;
const bit<6> INT_DSCP = 0x17;

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<6> dscp; bit<2> ecn; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; ip4_t src; ip4_t dst;
}
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header int_shim_t { bit<4> type; bit<2> npt; bit<2> rsvd; bit<8> len; bit<8> rsvd2; bit<6> dscp; bit<2> rsvd3; }
header int_header_t {
	bit<4> version; bit<1> discard; bit<1> hops_exceeded; bit<1> mtu_exceeded; bit<12> reserved;
	bit<5> hop_words; bit<8> hops_left; bit<16> instructions; bit<16> domain; bit<16> ds_instructions; bit<16> ds_flags;
}
header hop_t { bit<32> node; bit<16> in_port; bit<16> out_port; bit<64> in_time; }

struct headers {
	ethernet_t eth;
	ipv4_t ip;
	udp_t udp;
	int_shim_t shim;
	int_header_t int_;
	hop_t[6] hops;
}
struct metadata { bit<8> words; bool watched; bit<8> max_hops; bit<32> node; }

struct report_t {
	ip4_t src; ip4_t dst; bit<16> sport; bit<16> dport;
	bit<8> hops; bit<32> first; bit<32> last; bit<64> latency; bit<32> sequence;
}

error { BadTelemetry }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		transition select(h.ip.ihl, h.ip.frag[12:0], h.ip.proto) { (5, 0, 17): udp; default: accept; }
	}
	state udp {
		p.extract(h.udp);
		transition select(s.input_port, h.ip.dscp) { (PORT_NET, INT_DSCP): shim; default: accept; }
	}
	state shim {
		p.extract(h.shim);
		p.extract(h.int_);
		verify(h.shim.type == 1 && h.int_.version == 2, error.BadTelemetry);
		verify(h.int_.hop_words == 4 && h.shim.len >= 3, error.BadTelemetry);
		m.words = h.shim.len - 3;
		transition hops;
	}
	state hops {
		transition select(m.words) { 0: accept; 1 .. 3: bad; default: hop; }
	}
	state hop {
		p.extract(h.hops.next);
		m.words = m.words - 4;
		transition hops;
	}
	state bad { verify(false, error.BadTelemetry); transition reject; }
}

control grow(inout ipv4_t ip, inout udp_t udp, in int<16> by, in bit<6> dscp) {
	apply {
		bit<16> word = ip.version ++ ip.ihl ++ ip.dscp ++ ip.ecn;
		ip.dscp = dscp;
		ip.csum = csum_replace2(ip.csum, word, ip.version ++ ip.ihl ++ ip.dscp ++ ip.ecn);
		bit<16> len = ip.len;
		ip.len = (bit<16>)((int<16>)len + by);
		ip.csum = csum_replace2(ip.csum, len, ip.len);
		udp.len = (bit<16>)((int<16>)udp.len + by);
		udp.csum = 0; /* allowed by RFC 768 */
	}
}

control source(inout headers h, inout metadata m, in bit<32> in_port)(int<16> size) {
	Counter<bit<64>, bit<1>>(1, PSA_CounterType_t.PACKETS) marked;
	grow() g;

	apply {
		h.shim = { 1, 0, 0, 3 + 4, 0, h.ip.dscp, 0 };
		h.int_.setValid();
		h.int_ = { version = 2, hop_words = 4, hops_left = m.max_hops - 1, instructions = 0xd000, ... };
		h.hops.push_front(1);
		h.hops[0] = { m.node, (bit<16>)in_port, 0, timestamp() };
		g.apply(h.ip, h.udp, size, INT_DSCP);
		marked.count(0);
	}
}

control sink(inout headers h, in bit<8> hops) {
	Digest<report_t>(64) reports;
	Register<bit<32>, bit<32>>(1) sequence;
	grow() g;

	apply {
		bit<32> n = sequence.read(0);
		bit<32> first = 0;
		bit<64> start = 0;

		/* the newest hop is in front */
		for (bit<8> i in 0 .. 5) {
			if (h.hops[i].isValid()) {
				first = h.hops[i].node;
				start = h.hops[i].in_time;
			}
		}
		sequence.write(0, n + 1);
		reports.pack({ h.ip.src, h.ip.dst, h.udp.sport, h.udp.dport, hops, first, h.hops[0].node,
			       h.hops[0].isValid() ? h.hops[0].in_time - start : 0, n });
		g.apply(h.ip, h.udp, -(int<16>)((bit<16>)h.shim.len << 2) - 4, h.shim.dscp);
		h.shim.setInvalid();
		h.int_.setInvalid();
		h.hops.pop_front(6);
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	source(32) src;
	sink() snk;

	action watch(bit<8> max_hops, bit<32> node) { m.watched = true; m.max_hops = max_hops; m.node = node; }
	table flows {
		key = { h.ip.src: ternary; h.ip.dst: ternary; h.udp.dport: range; }
		actions = { watch; NoAction; }
		size = 128;
	}
	apply {
		if (!h.udp.isValid())
			return;
		if (h.shim.isValid()) {
			snk.apply(h, (h.shim.len - 3) >> 2);
		} else if (s.input_port == PORT_VM) {
			flows.apply();
			if (m.watched)
				src.apply(h, m, s.input_port);
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
