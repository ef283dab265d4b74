/* SPDX-License-Identifier: Apache-2.0 */
/* SYN cookies: to a SYN from the network the program answers itself, with a sequence number that is a hash of the
 * flow, a secret and the minute; an ACK that has it opens the flow, all else of an unknown flow is dropped. */
#include <sekisho.p4>

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header tcp_t {
	bit<16> sport; bit<16> dport; bit<32> seq; bit<32> ack; bit<4> offset; bit<4> reserved; bit<8> flags;
	bit<16> window; bit<16> csum; bit<16> urgent;
}
header options_t { varbit<320> data; }
header mss_option_t { bit<8> kind; bit<8> len; bit<16> mss; }
struct headers { ethernet_t eth; ipv4_t ip; tcp_t tcp; options_t options; mss_option_t mss; }
struct metadata { bit<16> protected_; }
struct flow_t { bit<32> src; bit<32> dst; bit<16> sport; bit<16> dport; }

const bit<8> FIN = 1; const bit<8> SYN = 2; const bit<8> RST = 4; const bit<8> ACK = 16;

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		transition select(h.ip.ihl, h.ip.frag, h.ip.proto) { (5, 0, 6): tcp; (_, _, 6): reject; default: accept; }
	}
	state tcp {
		p.extract(h.tcp);
		verify(h.tcp.offset >= 5, error.HeaderTooShort);
		p.extract(h.options, ((bit<32>)h.tcp.offset - 5) << 5);
		transition accept;
	}
}

control cookies(in flow_t flow, in bit<64> minute, out bit<32> now, out bit<32> before)(bit<64> secret) {
	Hash<bit<32>>(PSA_HashAlgorithm_t.LOOKUP3) hash;

	apply {
		now = hash.get_hash({ secret, flow, minute });
		before = hash.get_hash({ secret, flow, minute - 1 });
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	Register<bit<8>, flow_t>(1024) open;
	Counter<bit<64>, bit<2>>(4, PSA_CounterType_t.PACKETS) events;
	cookies(0x0123456789abcdef) cookie;
	InternetChecksum() ck;

	action protect(bit<16> mss) { m.protected_ = mss; }
	table services {
		key = { h.ip.dst: exact; h.tcp.dport: exact; }
		actions = { protect; NoAction; }
		size = 64;
	}

	/* The same packet, the other way round. */
	action answer(bit<32> seq, bit<16> mss) {
		bit<48> mac = h.eth.src;
		bit<32> addr = h.ip.src;
		bit<16> port = h.tcp.sport;

		h.eth.src = h.eth.dst;
		h.eth.dst = mac;
		h.ip.src = h.ip.dst;
		h.ip.dst = addr;
		h.ip.ttl = 64;
		h.ip.len = 44;
		h.ip.id = 0;
		h.ip.csum = 0;
		ck.add(h.ip);
		h.ip.csum = ck.get();
		h.tcp = { h.tcp.dport, port, seq, h.tcp.seq + 1, 6, 0, SYN | ACK, 0xffff, 0, 0 };
		h.options.setInvalid();
		h.mss = { 2, 4, mss };
		ck.clear();
		ck.add({ h.ip.src, h.ip.dst, 8w0, h.ip.proto, 16w24, h.tcp, h.mss });
		h.tcp.csum = ck.get();
		truncate(14 + 20 + 24);
		s.output_action = ubpf_action.REDIRECT;
		s.output_port = s.input_port;
		events.count(0);
	}

	apply {
		if (!h.tcp.isValid() || s.input_port != PORT_NET)
			return;
		services.apply();
		if (m.protected_ == 0)
			return;
		flow_t flow = { h.ip.src, h.ip.dst, h.tcp.sport, h.tcp.dport };
		if (open.read(flow) != 0) {
			if (h.tcp.flags & RST != 0)
				open.write(flow, 0);
			return;
		}
		bit<32> now;
		bit<32> before;
		cookie.apply(flow, timestamp() >> 36, now, before);
		if (h.tcp.flags & (SYN | ACK | RST | FIN) == SYN) {
			answer(now, m.protected_);
		} else if (h.tcp.flags & (SYN | ACK | RST) == ACK && (h.tcp.ack - 1 == now || h.tcp.ack - 1 == before)) {
			open.write(flow, 1);
			events.count(1);
		} else {
			events.count(2);
			mark_to_drop();
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
