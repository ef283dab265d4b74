/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firewall for what enters the VM: TCP and UDP to the services of a table pass, answers to what the
 * VM itself began pass, anything else is dropped. The table has entries to start with and takes more
 * at run time; flows that the VM began are remembered in a register: half of a flow's hash is the
 * cell, which holds the hash. So it never gets full: a flow can take the cell of an older one, whose
 * answers are then dropped until the VM sends something of it again.
 */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header ipv4_t {
	bit<4>  version;
	bit<4>  ihl;
	bit<8>  tos;
	bit<16> length;
	bit<16> id;
	bit<3>  flags;
	bit<13> offset;
	bit<8>  ttl;
	bit<8>  protocol;
	bit<16> checksum;
	bit<32> src;
	bit<32> dst;
}

header ports_t {
	bit<16> src;
	bit<16> dst;
}

struct headers {
	ethernet_t ethernet;
	ipv4_t     ipv4;
	ports_t    ports;
}

struct metadata {
	bit<32> flow; /* a hash, never 0: that is what a cell has that no flow took */
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			0x0800: ipv4;
			0x0806: accept; /* ARP */
			default: reject;
		}
	}

	state ipv4 {
		packet.extract(hdr.ipv4);
		transition select(hdr.ipv4.ihl, hdr.ipv4.offset, hdr.ipv4.protocol) {
			(5, 0, 6): ports;
			(5, 0, 17): ports;
			(5, 0, 1): accept; /* ICMP */
			default: reject;
		}
	}

	state ports {
		packet.extract(hdr.ports);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Register<bit<32>, bit<16>>(65536) began;

	action allow() {
		mark_to_pass();
	}

	action deny() {
		mark_to_drop();
	}

	table services {
		key = {
			hdr.ipv4.protocol: exact;
			hdr.ports.dst: exact;
		}
		actions = {
			allow;
			deny;
		}
		size = 1024;
		default_action = deny();
		entries = {
			(6, 22): allow();  /* SSH */
			(6, 80): allow();  /* HTTP */
			(6, 443): allow(); /* HTTPS */
			(17, 443): allow(); /* QUIC */
		}
	}

	apply {
		if (!hdr.ports.isValid()) {
			return;
		}
		if (std.input_port == PORT_VM) {
			hash(meta.flow, HashAlgorithm.lookup3, {
				hdr.ipv4.src, hdr.ipv4.dst, hdr.ports.src, hdr.ports.dst,
				hdr.ipv4.protocol
			});
			began.write(meta.flow[31:16], meta.flow | 1);
		} else {
			hash(meta.flow, HashAlgorithm.lookup3, {
				hdr.ipv4.dst, hdr.ipv4.src, hdr.ports.dst, hdr.ports.src,
				hdr.ipv4.protocol
			});
			if (began.read(meta.flow[31:16]) != (meta.flow | 1)) {
				services.apply();
			}
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
