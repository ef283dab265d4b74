/* SPDX-License-Identifier: Apache-2.0 */
/* A policer: a direct meter for each prefix of sources, then one for each traffic class; what is beyond
 * the committed rate is marked, what is beyond the peak rate is dropped and counted. */
#include <sekisho.p4>

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header vlan_t { bit<3> pcp; bit<1> dei; bit<12> vid; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<6> dscp; bit<2> ecn; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ipv6_t {
	bit<4> version; bit<6> dscp; bit<2> ecn; bit<20> label; bit<16> len; bit<8> next; bit<8> hops;
	bit<128> src; bit<128> dst;
}
struct headers { ethernet_t eth; vlan_t vlan; ipv4_t ip4; ipv6_t ip6; }
struct metadata { PSA_MeterColor_t color; bit<6> dscp; bool policed; }

const bit<6> AF_LOW = 10;  /* AF11 */
const bit<6> AF_HIGH = 14; /* AF13 */

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition next;
	}
	state next {
		transition select(h.eth.type) {
			0x8100: vlan;
			0x0800: ip4;
			0x86dd: ip6;
			_: accept;
		}
	}
	state vlan {
		p.extract(h.vlan);
		transition select(h.vlan.type) { 0x0800: ip4; 0x86dd: ip6; _: accept; }
	}
	state ip4 { p.extract(h.ip4); m.dscp = h.ip4.dscp; transition accept; }
	state ip6 { p.extract(h.ip6); m.dscp = h.ip6.dscp; transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	DirectMeter(PSA_MeterType_t.BYTES) per_source;
	DirectCounter<bit<32>>(PSA_CounterType_t.PACKETS) seen;
	Meter<bit<3>>(8, PSA_MeterType_t.PACKETS) per_class;
	Counter<bit<32>, bit<2>>(3, PSA_CounterType_t.PACKETS_AND_BYTES) by_color;

	action police() {
		seen.count();
		m.color = per_source.execute();
		m.policed = true;
	}
	action exempt() { seen.count(); }

	table sources4 {
		key = { h.ip4.src: lpm; }
		actions = { police; exempt; }
		default_action = exempt;
		psa_direct_meter = per_source;
		psa_direct_counter = seen;
		size = 1024;
	}

	action set_color(PSA_MeterColor_t c) { m.color = c; m.policed = true; }

	table sources6 {
		key = { h.ip6.src[127:64]: lpm @name("network"); }
		actions = { set_color; NoAction; }
		const entries = {
			0x20010db800000000 &&& 0xffffffff00000000: set_color(PSA_MeterColor_t.YELLOW);
			0x20010db8dead0000 &&& 0xffffffffffff0000: set_color(PSA_MeterColor_t.RED);
		}
	}

	action remark(bit<6> dscp) {
		if (h.ip4.isValid()) {
			bit<16> old = h.ip4.version ++ h.ip4.ihl ++ h.ip4.dscp ++ h.ip4.ecn;
			h.ip4.dscp = dscp;
			h.ip4.csum = csum_replace2(h.ip4.csum, old, h.ip4.version ++ h.ip4.ihl ++ h.ip4.dscp ++ h.ip4.ecn);
		} else {
			h.ip6.dscp = dscp;
		}
	}

	apply {
		m.color = PSA_MeterColor_t.GREEN;
		if (h.ip4.isValid())
			sources4.apply();
		else if (h.ip6.isValid())
			sources6.apply();
		else
			return;
		if (!m.policed)
			return;
		bit<3> class = h.vlan.isValid() ? h.vlan.pcp : m.dscp[5:3];
		m.color = per_class.execute(class, m.color);
		switch (m.color) {
			PSA_MeterColor_t.RED: { by_color.count(2); mark_to_drop(); }
			PSA_MeterColor_t.YELLOW: { by_color.count(1); remark(AF_HIGH); }
			default: { by_color.count(0); if (m.dscp == AF_HIGH) remark(AF_LOW); }
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
