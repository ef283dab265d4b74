/* SPDX-License-Identifier: Apache-2.0 */
/* A stateful firewall: TCP connections go through their states, UDP flows live as long as they are used, ICMP errors
 * must be about a flow. All of it in registers, with times. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

#define SECONDS * 1000000000

typedef bit<64> time_t;
enum TcpState { NONE, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT, CLOSED }

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ports_t { bit<16> src; bit<16> dst; }
header tcp_t { bit<32> seq; bit<32> ack; bit<4> offset; bit<4> rsvd; bit<1> cwr; bit<1> ece; bit<1> urg; bit<1> ack_; bit<1> psh; bit<1> rst; bit<1> syn; bit<1> fin; }
header icmp_t { bit<8> type; bit<8> code; bit<16> csum; bit<32> unused; }
struct five_t { bit<32> src; bit<32> dst; bit<16> sport; bit<16> dport; bit<8> proto; }

struct headers { ethernet_t eth; ipv4_t ip; ports_t ports; tcp_t tcp; icmp_t icmp; ipv4_t inner; ports_t inner_ports; }
struct metadata { five_t flow; bool known; }

/* What a cell has: a check that it is this flow's, its state, and when it was last seen. */
struct cell_t { bit<32> check; bit<8> state; time_t seen; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x800: ip; 0x806: accept; default: reject; }
	}
	state ip {
		p.extract(h.ip);
		verify(h.ip.ihl == 5 && h.ip.frag == 0, error.HeaderTooShort);
		transition select(h.ip.proto) { 6: tcp; 17: udp; 1: icmp; default: reject; }
	}
	state udp { p.extract(h.ports); transition accept; }
	state tcp { p.extract(h.ports); p.extract(h.tcp); transition accept; }
	state icmp {
		p.extract(h.icmp);
		transition select(h.icmp.type) { 3: about; 11: about; 12: about; default: accept; }
	}
	state about {
		p.extract(h.inner);
		verify(h.inner.ihl == 5 && h.inner.frag == 0, error.HeaderTooShort);
		p.extract(h.inner_ports);
		transition accept;
	}
}

control Flows(in five_t flow, out cell_t cell, out bit<12> index) {
	Hash<bit<32>>(PSA_HashAlgorithm_t.CRC32) h1;
	Hash<bit<32>>(PSA_HashAlgorithm_t.LOOKUP3) h2;

	apply {
		index = (bit<12>)h1.get_hash(flow);
		cell = { h2.get_hash(flow), 0, 0 };
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	Register<cell_t, bit<12>>(4096) cells;
	Flows() flows;
	time_t now = timestamp();
	bool inside = s.input_port == PORT_VM;
	cell_t cell;
	cell_t mine;
	bit<12> index;
	TcpState state = TcpState.NONE;

	action allow(bool inbound) { m.known = inbound || inside; }
	table policy {
		key = { h.ip.proto: exact; h.ports.dst: range @name("dport"); h.ip.src: ternary; h.ip.dst: ternary; }
		actions = { allow; }
		default_action = allow(false);
		size = 256;
	}

	/* From the VM's side, whatever the direction. */
	action set_flow(in ipv4_t ip, in ports_t ports, in bool from_vm) {
		if (from_vm)
			m.flow = { ip.src, ip.dst, ports.src, ports.dst, ip.proto };
		else
			m.flow = { ip.dst, ip.src, ports.dst, ports.src, ip.proto };
	}

	action load() {
		cell = cells.read(index);
		if (cell.check == mine.check) {
			state = cell.state == 1 ? TcpState.SYN_SENT : cell.state == 2 ? TcpState.SYN_RECEIVED :
				cell.state == 3 ? TcpState.ESTABLISHED : cell.state == 4 ? TcpState.FIN_WAIT : TcpState.CLOSED;
			time_t limit = state == TcpState.ESTABLISHED ? 64w3600 SECONDS : 64w30 SECONDS;
			if (cell.seen + limit < now)
				state = TcpState.NONE;
		}
	}
	action store(bit<8> number) {
		cells.write(index, { mine.check, number, now });
	}

	action reject() { mark_to_drop(); }

	apply {
		if (!h.ip.isValid())
			return;
		if (h.inner.isValid()) {
			/* sent the other way than this error */
			set_flow(h.inner, h.inner_ports, !inside);
			flows.apply(m.flow, mine, index);
			load();
			if (state == TcpState.NONE)
				reject();
			return;
		}
		if (h.icmp.isValid()) {
			if (!inside && h.icmp.type == 8)
				reject();
			return;
		}
		set_flow(h.ip, h.ports, inside);
		flows.apply(m.flow, mine, index);
		load();
		if (h.ports.isValid() && !h.tcp.isValid()) {
			if (state == TcpState.NONE) {
				policy.apply();
				if (!m.known) {
					reject();
					return;
				}
			}
			store(3);
			return;
		}
		switch (state) {
			TcpState.NONE:
			TcpState.CLOSED: {
				if (h.tcp.syn == 1 && h.tcp.ack_ == 0 && h.tcp.rst == 0)
					policy.apply();
				if (m.known)
					store(1);
				else
					reject();
			}
			TcpState.SYN_SENT: {
				if (h.tcp.syn == 1 && h.tcp.ack_ == 1)
					store(2);
				else if (h.tcp.rst == 1)
					store(5);
				else if (h.tcp.syn == 0)
					reject();
			}
			TcpState.SYN_RECEIVED: {
				if (h.tcp.rst == 1)
					store(5);
				else if (h.tcp.ack_ == 1 && h.tcp.syn == 0)
					store(3);
			}
			default: {
				if (h.tcp.syn == 1)
					reject();
				else if (h.tcp.rst == 1)
					store(5);
				else if (h.tcp.fin == 1)
					store(state == TcpState.FIN_WAIT ? 8w5 : 8w4);
				else
					store(state == TcpState.FIN_WAIT ? 8w4 : 8w3);
			}
		}
	}
}

control dprs(packet_out p, in headers h) {
	apply {
		p.emit(h.eth);
		p.emit(h.ip);
		p.emit(h.ports);
		p.emit(h.tcp);
		p.emit(h.icmp);
		p.emit(h.inner);
		p.emit(h.inner_ports);
	}
}

ubpf(prs(), pipe(), dprs()) main;
