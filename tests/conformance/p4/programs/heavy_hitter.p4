/* SPDX-License-Identifier: Apache-2.0 */
/* Heavy hitters by a count-min sketch of three rows with conservative update; the first packet of a flow beyond the
 * threshold is reported, and the sketch halves itself each window. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

#define ROW_BITS 10
#define CELLS (1 << ROW_BITS)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<16> frag;
	bit<8> ttl; bit<8> proto; bit<16> csum; bit<32> src; bit<32> dst;
}
header ports_t { bit<16> sport; bit<16> dport; }
struct headers { ethernet_t eth; ipv4_t ip; ports_t ports; }
struct flow_t { bit<32> src; bit<32> dst; bit<16> sport; bit<16> dport; bit<8> proto; }
struct metadata { flow_t flow; bit<32> estimate; }
struct hitter_t { flow_t flow; bit<32> bytes; bit<64> at; }
struct cell_t { bit<16> window; bit<32> bytes; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start {
		p.extract(h.eth);
		transition select(h.eth.type) { 0x800: ip; default: accept; }
	}
	state ip {
		p.extract(h.ip);
		m.flow = { h.ip.src, h.ip.dst, 0, 0, h.ip.proto };
		transition select(h.ip.ihl, h.ip.frag & 0x1fff, h.ip.proto) {
			(5, 0, 6): ports;
			(5, 0, 17): ports;
			default: accept;
		}
	}
	state ports {
		p.extract(h.ports);
		m.flow.sport = h.ports.sport;
		m.flow.dport = h.ports.dport;
		transition accept;
	}
}

/* A cell as the present window sees it: all of it, half, or nothing. */
bit<32> aged(in cell_t cell, in bit<16> window) {
	if (cell.window == window) {
		return cell.bytes;
	}
	if (cell.window == window - 1) {
		return cell.bytes >> 1;
	}
	return 0;
}

control sketch(in flow_t flow, in bit<32> bytes, in bit<16> window, out bit<32> before, out bit<32> after) {
	Register<cell_t, bit<ROW_BITS>>(CELLS) a;
	Register<cell_t, bit<ROW_BITS>>(CELLS) b;
	Register<cell_t, bit<ROW_BITS>>(CELLS) c;
	Hash<bit<ROW_BITS>>(PSA_HashAlgorithm_t.CRC16) ha;
	Hash<bit<ROW_BITS>>(PSA_HashAlgorithm_t.CRC32) hb;
	Hash<bit<ROW_BITS>>(PSA_HashAlgorithm_t.LOOKUP3) hc;

	apply {
		bit<ROW_BITS> ia = ha.get_hash(flow);
		bit<ROW_BITS> ib = hb.get_hash(flow);
		bit<ROW_BITS> ic = hc.get_hash(flow);
		bit<32> na = aged(a.read(ia), window);
		bit<32> nb = aged(b.read(ib), window);
		bit<32> nc = aged(c.read(ic), window);

		before = MIN(MIN(na, nb), nc);
		after = before |+| bytes;
		if (na < after)
			a.write(ia, { window, after });
		if (nb < after)
			b.write(ib, { window, after });
		if (nc < after)
			c.write(ic, { window, after });
	}
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	sketch() cm;
	Digest<hitter_t>(128) hitters;
	Counter<bit<64>, bit<1>>(1, PSA_CounterType_t.PACKETS_AND_BYTES) heavy;
	bit<32> threshold = 1500;

	action set_threshold(bit<32> bytes) { threshold = bytes; }
	action ignore() { threshold = 0; }
	table config {
		actions = { set_threshold; ignore; }
		default_action = set_threshold(1500);
	}

	apply {
		bit<32> before;
		bit<64> now = timestamp();

		if (!h.ip.isValid())
			return;
		config.apply();
		if (threshold == 0)
			return;
		cm.apply(m.flow, s.packet_length, now[45:30], before, m.estimate);
		if (m.estimate >= threshold) {
			heavy.count(0);
			h.ip.tos = h.ip.tos | 1;
			h.ip.csum = csum_replace2(h.ip.csum, h.ip.version ++ h.ip.ihl ++ h.ip.tos & 0xfffe, h.ip.version ++ h.ip.ihl ++ h.ip.tos);
			if (before < threshold)
				hitters.pack({ m.flow, m.estimate, now });
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
