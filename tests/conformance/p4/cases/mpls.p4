/* SPDX-License-Identifier: Apache-2.0 */
/* A label switch router: pops, swaps, pushes; what is below the last label is found by its first bits. */
#include <sekisho.p4>

header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header mpls_t { bit<20> label; bit<3> tc; bit<1> s; bit<8> ttl; }
header ip4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> f;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ip6_t { bit<4> ver; bit<28> x; bit<16> plen; bit<8> next; bit<8> hlim; bit<128> src; bit<128> dst; }
header_union ip_t { ip4_t v4; ip6_t v6; }
struct headers { eth_t eth; mpls_t[4] mpls; ip_t ip; }
struct metadata { }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x8847: mpls; 0x800: v4; 0x86dd: v6; _: accept; }
	}
	state mpls {
		p.extract(h.mpls.next);
		transition select(h.mpls.last.s) { 0: mpls; 1: guess; }
	}
	state guess { transition select(p.lookahead<bit<4>>()) { 4: v4; 6: v6; } }
	state v4 { p.extract(h.ip.v4); transition accept; }
	state v6 { p.extract(h.ip.v6); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	action pop() {
		h.mpls.pop_front(1);
		if (!h.mpls[0].isValid()) {
			h.eth.type = h.ip.v4.isValid() ? 16w0x800 : 0x86dd;
		}
	}
	action swap(bit<20> l) {
		h.mpls[0].label = l;
		h.mpls[0].ttl = h.mpls[0].ttl |-| 1;
	}
	action push(bit<20> l) {
		bit<1> bottom = (bit<1>)!h.mpls[0].isValid();
		h.mpls.push_front(1);
		h.mpls[0].setValid();
		h.mpls[0] = { l, 0, bottom, 64 };
		h.eth.type = 0x8847;
	}
	action drop() { mark_to_drop(); }
	table lfib {
		key = { h.mpls[0].label: exact; }
		actions = { pop; swap; push; drop; }
		default_action = drop();
		entries = {
			16: pop();
			17: swap(99);
			18: push(500);
		}
	}
	table ftn {
		key = { h.ip.v4.dst: ternary; h.ip.v6.dst: ternary; h.ip.v4.proto: optional; }
		actions = { push; NoAction; }
		entries = {
			(0x0a000000 &&& 0xff000000, _, 17): push(1000);
			(_, 0x20010db8 << 96 &&& 0xffffffff << 96, _): push(1001);
		}
	}
	apply {
		if (h.mpls[0].isValid()) {
			switch (lfib.apply().action_run) {
				drop: { return; }
				default: {}
			}
		} else {
			ftn.apply();
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
