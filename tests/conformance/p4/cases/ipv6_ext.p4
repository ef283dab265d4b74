/* SPDX-License-Identifier: Apache-2.0 */
/* A filter for IPv6 that walks the extension headers: a stack of a union, a sub-parser that calls itself by
 * its states, a value set for the ports that may be asked. */
#include <sekisho.p4>

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header vlan_t { bit<3> pcp; bit<1> dei; bit<12> vid; bit<16> type; }
header ipv6_t {
	bit<4> ver; bit<8> tc; bit<20> flow; bit<16> plen; bit<8> next; bit<8> hlim;
	bit<128> src; bit<128> dst;
}
header hbh_t { bit<8> next; bit<8> len; bit<48> options; }
header route_t { bit<8> next; bit<8> len; bit<8> kind; bit<8> left; bit<32> rest; }
header frag_t { bit<8> next; bit<8> rsvd; bit<13> off; bit<2> r; bit<1> more; bit<32> id; }
header_union ext_t { hbh_t hbh; route_t route; frag_t frag; }
header tcp_t { bit<16> src; bit<16> dst; bit<32> seq; bit<32> ack; bit<4> off; bit<3> r; bit<9> flags; bit<16> win; bit<16> csum; bit<16> urg; }
header udp_t { bit<16> src; bit<16> dst; bit<16> len; bit<16> csum; }
header icmp_t { bit<8> type; bit<8> code; bit<16> csum; }

struct headers { eth_t eth; vlan_t[2] vlan; ipv6_t ip; ext_t[4] ext; tcp_t tcp; udp_t udp; icmp_t icmp; }
struct metadata { bit<16> sport; bit<16> dport; bit<8> proto; bool routed; bool fragment; bool open; }

parser exts(packet_in p, in bit<8> first, inout ext_t[4] ext, out bit<8> last) {
	state start { last = first; transition walk; }
	state walk {
		transition select(last) { 0: hbh; 60: hbh; 43: route; 44: frag; default: accept; }
	}
	state hbh {
		p.extract(ext.next.hbh);
		verify(ext.last.hbh.len == 0, error.ParserInvalidArgument);
		last = ext.last.hbh.next;
		transition walk;
	}
	state route {
		p.extract(ext.next.route);
		last = ext.last.route.next;
		transition select(ext.last.route.len) { 0: walk; default: reject; }
	}
	state frag {
		p.extract(ext.next.frag);
		last = ext.last.frag.off == 0 ? ext.last.frag.next : 59;
		transition walk;
	}
}

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	value_set<bit<16>>(4) open_ports;
	exts() walk;

	state start { p.extract(h.eth); transition select(h.eth.type) { 0x8100: vlan; 0x88a8: vlan; 0x86dd: ip; default: accept; } }
	state vlan { p.extract(h.vlan.next); transition select(h.vlan.last.type) { 0x8100: vlan; 0x86dd: ip; default: accept; } }
	state ip {
		p.extract(h.ip);
		walk.apply(p, h.ip.next, h.ext, m.proto);
		transition select(m.proto) { 6: tcp; 17: udp; 58: icmp; default: accept; }
	}
	state tcp { p.extract(h.tcp); m.sport = h.tcp.src; m.dport = h.tcp.dst; transition ports; }
	state udp { p.extract(h.udp); m.sport = h.udp.src; m.dport = h.udp.dst; transition ports; }
	state ports { transition select(m.dport) { open_ports: open; default: accept; } }
	state open { m.open = true; transition accept; }
	state icmp { p.extract(h.icmp); transition accept; }
}

control look(in ext_t e, inout metadata m) {
	apply {
		m.routed = m.routed || (e.route.isValid() && e.route.left != 0);
		if (e.frag.isValid()) {
			m.fragment = true;
		}
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	look() look_at;

	action deny() { mark_to_drop(); }
	action allow() { }
	action mark(bit<8> class) { h.ip.tc = class; }

	table acl {
		key = {
			h.ip.src: ternary;
			h.ip.dst: lpm;
			m.proto: ternary;
			m.dport: ternary;
		}
		actions = { deny; allow; mark; }
		size = 128;
		default_action = allow;
	}
	apply {
		if (!h.ip.isValid()) {
			return;
		}
		look_at.apply(h.ext[0], m);
		look_at.apply(h.ext[1], m);
		look_at.apply(h.ext[2], m);
		look_at.apply(h.ext[3], m);
		if (m.routed) {
			deny();
			return;
		}
		if (m.fragment && m.proto == 58) {
			deny();
			return;
		}
		if (h.tcp.isValid() && h.tcp.flags & 0x12 == 0x02 && !m.open) {
			deny();
			return;
		}
		acl.apply();
		if (h.vlan[0].isValid() && !h.vlan[1].isValid()) {
			h.eth.type = h.vlan[0].type;
			h.vlan.pop_front(1);
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
