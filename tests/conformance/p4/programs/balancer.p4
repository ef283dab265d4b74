/* SPDX-License-Identifier: Apache-2.0 */
/* A load balancer of layer 4: services are groups of servers, of which a hash of the flow chooses one; what
 * servers send back leaves with the service's address. Checksums of IPv4, TCP and UDP follow. */
#include <core.p4>
#include <sekisho.p4>

#define ETHERTYPE_IPV4 0x0800

typedef bit<48> EthernetAddress;
typedef bit<32> IPv4Address;
enum bit<8> Proto { ICMP = 1, TCP = 6, UDP = 17 }

header Ethernet_h { EthernetAddress dstAddr; EthernetAddress srcAddr; bit<16> etherType; }
header IPv4_h {
	bit<4> version; bit<4> ihl; bit<8> diffserv; bit<16> totalLen; bit<16> identification;
	bit<3> flags; bit<13> fragOffset; bit<8> ttl; Proto protocol; bit<16> hdrChecksum;
	IPv4Address srcAddr; IPv4Address dstAddr;
}
header TCP_h {
	bit<16> srcPort; bit<16> dstPort; bit<32> seqNo; bit<32> ackNo; bit<4> dataOffset; bit<4> res;
	bit<8> flags; bit<16> window; bit<16> checksum; bit<16> urgentPtr;
}
header UDP_h { bit<16> srcPort; bit<16> dstPort; bit<16> length; bit<16> checksum; }
header_union L4_h { TCP_h tcp; UDP_h udp; }

struct Headers { Ethernet_h eth; IPv4_h ip; L4_h l4; }
struct Meta { bit<16> srcPort; bit<16> dstPort; bool isFlow; IPv4Address was; bit<16> wasPort; }

error { Fragment }

parser LbParser(packet_in pkt, out Headers hdr, inout Meta meta, inout standard_metadata std) {
	state start {
		pkt.extract(hdr.eth);
		transition select(hdr.eth.etherType) {
			ETHERTYPE_IPV4 : ipv4;
			default : accept;
		}
	}
	state ipv4 {
		pkt.extract(hdr.ip);
		verify(hdr.ip.version == 4 && hdr.ip.ihl == 5, error.HeaderTooShort);
		verify(hdr.ip.fragOffset == 0 && hdr.ip.flags[0:0] == 0, error.Fragment);
		transition select(hdr.ip.protocol) {
			Proto.TCP : tcp;
			Proto.UDP : udp;
			default : accept;
		}
	}
	state tcp {
		pkt.extract(hdr.l4.tcp);
		meta = { hdr.l4.tcp.srcPort, hdr.l4.tcp.dstPort, true, 0, 0 };
		transition accept;
	}
	state udp {
		pkt.extract(hdr.l4.udp);
		meta = { hdr.l4.udp.srcPort, hdr.l4.udp.dstPort, true, 0, 0 };
		transition accept;
	}
}

/* An address and a port become others: the pseudo header's and the transport header's words change. */
control FixL4(inout L4_h l4, in IPv4Address was, in IPv4Address now, in bit<16> wasPort, in bit<16> nowPort) {
	InternetChecksum() ck;

	apply {
		bit<16> before = l4.tcp.isValid() ? l4.tcp.checksum : l4.udp.checksum;

		ck.set_state(~before);
		ck.subtract({ was, wasPort });
		ck.add({ now, nowPort });
		if (l4.tcp.isValid())
			l4.tcp.checksum = ck.get();
		else if (l4.udp.isValid() && l4.udp.checksum != 0)
			l4.udp.checksum = ck.get() == 0 ? 16w0xffff : ck.get();
	}
}

control LbIngress(inout Headers hdr, inout Meta meta, inout standard_metadata std) {
	ActionSelector(PSA_HashAlgorithm_t.CRC16, 256, 16) servers;
	Counter<bit<64>, bit<8>>(256, PSA_CounterType_t.PACKETS_AND_BYTES) per_service;
	FixL4() fix;

	action drop() { mark_to_drop(); }

	action to_server(EthernetAddress mac, IPv4Address addr, bit<16> port, bit<8> index) {
		hdr.eth.dstAddr = mac;
		meta.was = hdr.ip.dstAddr;
		meta.wasPort = meta.dstPort;
		hdr.ip.dstAddr = addr;
		meta.dstPort = port;
		per_service.count(index);
	}

	table services {
		key = {
			hdr.ip.dstAddr  : exact;
			hdr.ip.protocol : exact;
			meta.dstPort    : exact @name("port");
			hdr.ip.srcAddr  : selector;
			meta.srcPort    : selector;
			hdr.ip.protocol : selector;
		}
		actions = { to_server; drop; }
		psa_implementation = servers;
		default_action = drop();
		size = 64;
	}

	action to_client(IPv4Address service, bit<16> port) {
		meta.was = hdr.ip.srcAddr;
		meta.wasPort = meta.srcPort;
		hdr.ip.srcAddr = service;
		meta.srcPort = port;
	}

	table answers {
		key = { hdr.ip.srcAddr : exact; hdr.ip.protocol : exact; meta.srcPort : exact @name("port"); }
		actions = { to_client; @defaultonly NoAction; }
		const default_action = NoAction();
		size = 256;
	}

	action set_ports() {
		if (hdr.l4.tcp.isValid()) {
			hdr.l4.tcp.srcPort = meta.srcPort;
			hdr.l4.tcp.dstPort = meta.dstPort;
		} else {
			hdr.l4.udp.srcPort = meta.srcPort;
			hdr.l4.udp.dstPort = meta.dstPort;
		}
	}

	apply {
		if (!meta.isFlow || !hdr.ip.isValid()) {
			if (std.input_port == PORT_NET)
				drop();
			return;
		}
		if (std.input_port == PORT_NET) {
			if (!services.apply().hit)
				exit;
			fix.apply(hdr.l4, meta.was, hdr.ip.dstAddr, meta.wasPort, meta.dstPort);
			hdr.ip.hdrChecksum = csum_replace4(hdr.ip.hdrChecksum, meta.was, hdr.ip.dstAddr);
		} else if (answers.apply().hit) {
			fix.apply(hdr.l4, meta.was, hdr.ip.srcAddr, meta.wasPort, meta.srcPort);
			hdr.ip.hdrChecksum = csum_replace4(hdr.ip.hdrChecksum, meta.was, hdr.ip.srcAddr);
		}
		set_ports();
	}
}

control LbDeparser(packet_out pkt, in Headers hdr) {
	apply {
		pkt.emit(hdr.eth);
		pkt.emit(hdr.ip);
		pkt.emit(hdr.l4);
	}
}

ubpf(LbParser(), LbIngress(), LbDeparser()) main;
