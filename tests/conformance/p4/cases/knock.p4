/* SPDX-License-Identifier: Apache-2.0 */
/* Port knocking: three UDP datagrams to the right ports, in order, open SSH to whoever sent them. Two
 * instances of one control keep states of their own; a function says what comes next. */
#include <sekisho.p4>

typedef bit<32> addr_t;
enum bit<8> State { CLOSED = 0, FIRST = 1, SECOND = 2, OPEN = 3 }

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header ip_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; addr_t src; addr_t dst;
}
header l4_t { bit<16> sport; bit<16> dport; }
struct headers { eth_t eth; ip_t ip; l4_t l4; }
struct metadata { }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start { p.extract(h.eth); transition select(h.eth.type) { 0x800: ip; default: accept; } }
	state ip { p.extract(h.ip); transition select(h.ip.ihl, h.ip.proto) { (5, 6): l4; (5, 17): l4; default: accept; } }
	state l4 { p.extract(h.l4); transition accept; }
}

State step<T>(in State now, in T port, in tuple<T, T, T> ports) {
	if (now == State.CLOSED && port == ports[0]) {
		return State.FIRST;
	} else if (now == State.FIRST && port == ports[1]) {
		return State.SECOND;
	} else if (now == State.SECOND && port == ports[2]) {
		return State.OPEN;
	}
	return now == State.OPEN ? State.OPEN : (port == ports[0] ? State.FIRST : State.CLOSED);
}

control knocks(in headers h, out bool open)(bit<16> one, bit<16> two, bit<16> three) {
	Register<bit<8>, addr_t>(1024) states;

	apply {
		State now = (State)states.read(h.ip.src);
		open = now == State.OPEN;
		if (h.ip.proto == 17) {
			State next = step(now, h.l4.dport, { one, two, three });
			if (next != now) {
				states.write(h.ip.src, (bit<8>)next);
			}
		}
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	knocks(1000, 2000, 3000) ssh;
	knocks(7, 7, 8) admin;

	apply {
		bool ssh_open;
		bool admin_open;

		if (!h.l4.isValid()) {
			return;
		}
		ssh.apply(h, ssh_open);
		admin.apply(h, admin_open);
		switch (h.l4.dport) {
			22: {
				if (h.ip.proto == 6 && !ssh_open) {
					mark_to_drop();
				}
			}
			8443:
			8444: {
				if (!admin_open) {
					mark_to_drop();
					exit;
				}
				h.ip.tos = 0x10;
			}
			default: {}
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
