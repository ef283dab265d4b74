/* SPDX-License-Identifier: Apache-2.0 */
/* Stateless IP/ICMP translation (RFC 7915) with mappings in tables and 64:ff9b::/96 (RFC 6052) for all others. */
#include <sekisho.p4>

const bit<96> WELL_KNOWN = 96w0x0064ff9b << 64;

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> offset;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ipv6_t {
	bit<4> version; bit<8> class; bit<20> label; bit<16> len; bit<8> next; bit<8> hops; bit<128> src; bit<128> dst;
}
header tcp_t { bit<128> front; bit<16> csum; bit<16> urgent; }
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header icmp_t { bit<8> type; bit<8> code; bit<16> csum; bit<32> rest; }

struct headers { ethernet_t eth; ipv4_t ip4; ipv6_t ip6; tcp_t tcp; udp_t udp; icmp_t icmp; }
struct metadata { bool may; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x0800: ip4; 0x86dd: ip6; default: accept; }
	}
	state ip4 {
		p.extract(h.ip4);
		verify(h.ip4.ihl == 5, error.HeaderTooShort);
		transition select(h.ip4.flags[0:0] ++ h.ip4.offset, h.ip4.proto) {
			(0, 6): tcp;
			(0, 17): udp;
			(0, 1): icmp;
			default: accept;
		}
	}
	state ip6 {
		p.extract(h.ip6);
		transition select(h.ip6.next) { 6: tcp; 17: udp; 58: icmp; default: accept; }
	}
	state tcp { p.extract(h.tcp); m.may = true; transition accept; }
	state udp { p.extract(h.udp); m.may = true; transition accept; }
	state icmp { p.extract(h.icmp); m.may = true; transition accept; }
}

control translate(inout headers h, inout metadata m, inout standard_metadata s) {
	InternetChecksum() ck;
	bit<128> src6 = WELL_KNOWN ++ 32w0;
	bit<128> dst6 = WELL_KNOWN ++ 32w0;
	bit<32> src4 = 0;
	bit<32> dst4 = 0;
	bool good = true;

	action is6(out bit<128> addr, bit<128> value) { addr = value; }
	action is4(out bit<32> addr, bit<32> value) { addr = value; }
	action embedded(in bit<128> from, out bit<32> addr) {
		addr = from[31:0];
		good = good && from[127:32] == WELL_KNOWN;
	}
	action mapped(in bit<32> from, out bit<128> addr) { addr = WELL_KNOWN ++ from; }

	table source6 { key = { h.ip6.src: exact; } actions = { is4(src4); embedded(h.ip6.src, src4); } default_action = embedded(h.ip6.src, src4); }
	table dest6 { key = { h.ip6.dst: exact; } actions = { is4(dst4); embedded(h.ip6.dst, dst4); } default_action = embedded(h.ip6.dst, dst4); }
	table source4 { key = { h.ip4.src: exact; } actions = { is6(src6); mapped(h.ip4.src, src6); } default_action = mapped(h.ip4.src, src6); }
	table dest4 { key = { h.ip4.dst: exact; } actions = { is6(dst6); mapped(h.ip4.dst, dst6); } default_action = mapped(h.ip4.dst, dst6); }

	action fix_sums(bit<16> sum) {
		if (h.tcp.isValid())
			h.tcp.csum = sum;
		else if (h.udp.isValid())
			h.udp.csum = sum == 0 ? 16w0xffff : sum;
		else
			h.icmp.csum = sum;
	}

	action start_sum() {
		ck.set_state(~(h.tcp.isValid() ? h.tcp.csum : h.udp.isValid() ? h.udp.csum : h.icmp.csum));
	}

	/* RFC 7915, 4.2 and 5.2: of ICMP only echoes; the pseudo header counts in ICMPv6 alone. */
	action to_v4() {
		bit<8> proto = h.ip6.next == 58 ? 8w1 : h.ip6.next;

		start_sum();
		ck.subtract({ h.ip6.src, h.ip6.dst });
		if (h.icmp.isValid()) {
			ck.subtract({ h.ip6.len, 8w0, h.ip6.next, h.icmp.type, h.icmp.code });
			h.icmp.type = h.icmp.type == 128 ? 8w8 : 8w0;
			ck.add({ h.icmp.type, h.icmp.code });
		} else {
			ck.add({ src4, dst4 });
		}
		fix_sums(ck.get());
		h.ip4 = { 4, 5, h.ip6.class, h.ip6.len + 20, 0, 0b010, 0, h.ip6.hops - 1, proto, 0, src4, dst4 };
		ck.clear();
		ck.add(h.ip4);
		h.ip4.csum = ck.get();
		h.ip6.setInvalid();
		h.eth.type = 0x0800;
	}

	action to_v6() {
		start_sum();
		h.ip6 = { 6, h.ip4.tos, 0, h.ip4.len - 20, h.ip4.proto == 1 ? 8w58 : h.ip4.proto, h.ip4.ttl - 1, src6, dst6 };
		ck.add({ src6, dst6 });
		if (h.icmp.isValid()) {
			ck.subtract({ h.icmp.type, h.icmp.code });
			h.icmp.type = h.icmp.type == 8 ? 8w128 : 8w129;
			ck.add({ h.ip6.len, 8w0, h.ip6.next, h.icmp.type, h.icmp.code });
		} else {
			ck.subtract({ h.ip4.src, h.ip4.dst });
		}
		fix_sums(ck.get());
		h.ip4.setInvalid();
		h.eth.type = 0x86dd;
	}

	apply {
		if (h.icmp.isValid()) {
			switch (h.icmp.type) {
				0: 8: { m.may = m.may && h.ip4.isValid(); }
				128: 129: { m.may = m.may && h.ip6.isValid(); }
				default: { m.may = false; }
			}
		}
		if (h.udp.isValid() && h.ip4.isValid() && h.udp.csum == 0)
			m.may = false;
		if (!m.may) {
			if (h.ip4.isValid() || h.ip6.isValid())
				mark_to_drop();
			return;
		}
		if (h.ip6.isValid() && h.ip6.hops > 1) {
			source6.apply();
			dest6.apply();
			if (good)
				to_v4();
			else
				mark_to_drop();
		} else if (h.ip4.isValid() && h.ip4.ttl > 1) {
			source4.apply();
			dest4.apply();
			to_v6();
		} else {
			mark_to_drop();
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), translate(), dprs()) main;
