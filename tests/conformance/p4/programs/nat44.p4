/* SPDX-License-Identifier: Apache-2.0 */
/* NAPT (RFC 3022) for a VM: what it sends leaves with the public address and a port of its flow, what comes back is
 * translated; so are ICMP errors' and echoes' identifiers. Bindings are registers: nobody sets entries. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

typedef bit<32> ip4_addr_t;
type bit<16> port_num_t;

const ip4_addr_t PUBLIC = 0xc6336407; /* 198.51.100.7 */
const bit<8> TCP = 6;
const bit<8> UDP = 17;
const bit<8> ICMP = 1;

header ethernet_t { bit<48> dst_addr; bit<48> src_addr; bit<16> ether_type; }
header ipv4_t {
	bit<4> version; bit<4> ihl; bit<8> tos; bit<16> total_len; bit<16> id; bit<1> reserved; bit<1> df; bit<1> mf;
	bit<13> frag_off; bit<8> ttl; bit<8> protocol; bit<16> checksum; ip4_addr_t src; ip4_addr_t dst;
}
header ports_t { bit<16> src; bit<16> dst; }
header tcp_rest_t { bit<32> seq; bit<32> ack; bit<4> offset; bit<6> reserved; bit<6> flags; bit<16> window; bit<16> checksum; bit<16> urgent; }
header udp_rest_t { bit<16> len; bit<16> checksum; }
header icmp_t { bit<8> type; bit<8> code; bit<16> checksum; bit<16> id; bit<16> seq; }

struct hdrs { ethernet_t eth; ipv4_t ip; ports_t ports; tcp_rest_t tcp; udp_rest_t udp; icmp_t icmp; }
struct meta_t { bool can; bit<16> inner; bit<16> outer; }

/* Who has a public port: the VM's address and port, and the protocol; 0: nobody. */
struct owner_t { ip4_addr_t addr; bit<16> port; bit<8> proto; bit<8> used; }

parser prs(packet_in b, out hdrs h, inout meta_t m, inout standard_metadata std) {
	state start {
		b.extract(h.eth);
		transition select(h.eth.ether_type) { 0x0800: parse_ip; default: accept; }
	}
	state parse_ip {
		b.extract(h.ip);
		transition select(h.ip.version, h.ip.ihl, h.ip.mf, h.ip.frag_off, h.ip.protocol) {
			(4, 5, 0, 0, TCP): parse_tcp;
			(4, 5, 0, 0, UDP): parse_udp;
			(4, 5, 0, 0, ICMP): parse_icmp;
			default: accept;
		}
	}
	state parse_tcp { b.extract(h.ports); b.extract(h.tcp); m.can = true; transition accept; }
	state parse_udp { b.extract(h.ports); b.extract(h.udp); m.can = true; transition accept; }
	state parse_icmp {
		b.extract(h.icmp);
		m.can = h.icmp.type == 0 || h.icmp.type == 8;
		transition accept;
	}
}

/* One address and one port of a packet change, and the sums that cover them. */
control rewrite(inout hdrs h, in ip4_addr_t old_addr, in ip4_addr_t new_addr, in bit<16> old_port, in bit<16> new_port) {
	apply {
		h.ip.checksum = csum_replace4(h.ip.checksum, old_addr, new_addr);
		if (h.tcp.isValid()) {
			h.tcp.checksum = csum_replace2(csum_replace4(h.tcp.checksum, old_addr, new_addr), old_port, new_port);
		} else if (h.udp.isValid() && h.udp.checksum != 0) {
			bit<16> c = csum_replace2(csum_replace4(h.udp.checksum, old_addr, new_addr), old_port, new_port);
			h.udp.checksum = (c == 0) ? 16w0xffff : c;
		} else if (h.icmp.isValid()) {
			h.icmp.checksum = csum_replace2(h.icmp.checksum, old_port, new_port);
		}
	}
}

control nat(inout hdrs h, inout meta_t m, inout standard_metadata std) {
	Register<owner_t, bit<16>>(4096) owners;
	Hash<bit<16>>(PSA_HashAlgorithm_t.CRC16) spread;
	Counter<bit<64>, bit<2>>(4, PSA_CounterType_t.PACKETS) events;
	rewrite() out_rewrite;
	rewrite() in_rewrite;

	action drop(in bit<2> why) { events.count(why); mark_to_drop(); }

	/* Ports 0xc000 and up; of the first three that the flow's hash says, the one that is its own or free. */
	action bind(out bit<16> port, out bool bound) {
		bit<16> first = spread.get_hash(16w0, { h.ip.src, m.inner, h.ip.protocol }, 16w4096);
		bound = false;
		port = 0;
		for (bit<16> i in 16w0 .. 2) {
			bit<16> candidate = 16w0xc000 | ((first + i) & 0xfff);
			owner_t o = owners.read(candidate);
			if (!bound && (o.used == 0 || o == (owner_t){ h.ip.src, m.inner, h.ip.protocol, 1 })) {
				owners.write(candidate, { h.ip.src, m.inner, h.ip.protocol, 1 });
				port = candidate;
				bound = true;
			}
		}
	}

	apply {
		if (!h.ip.isValid())
			return;
		if (!m.can) {
			drop(1);
			return;
		}
		if (std.input_port == PORT_VM) {
			bit<16> port;
			bool bound;
			m.inner = h.ports.isValid() ? h.ports.src : h.icmp.id;
			bind(port, bound);
			if (!bound) {
				drop(2);
				exit;
			}
			out_rewrite.apply(h, h.ip.src, PUBLIC, m.inner, port);
			h.ip.src = PUBLIC;
			if (h.ports.isValid()) h.ports.src = port; else h.icmp.id = port;
		} else {
			m.outer = h.ports.isValid() ? h.ports.dst : h.icmp.id;
			owner_t o = owners.read(m.outer);
			if (h.ip.dst != PUBLIC || o.used == 0 || o.proto != h.ip.protocol) {
				drop(3);
				exit;
			}
			in_rewrite.apply(h, h.ip.dst, o.addr, m.outer, o.port);
			h.ip.dst = o.addr;
			if (h.ports.isValid()) h.ports.dst = o.port; else h.icmp.id = o.port;
		}
		events.count(0);
	}
}

control dprs(packet_out b, in hdrs h) {
	apply { b.emit(h.eth); b.emit(h.ip); b.emit(h.ports); b.emit(h.tcp); b.emit(h.udp); b.emit(h.icmp); }
}

ubpf(prs(), nat(), dprs()) main;
