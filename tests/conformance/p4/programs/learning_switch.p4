/* SPDX-License-Identifier: Apache-2.0 */
/* A learning bridge with VLANs: unknown and moved stations go to the control plane as digests, the table of stations
 * is the control plane's; ports are access or trunk ports. */
#include <core.p4>
#include <sekisho.p4>

typedef bit<48> MacAddr_t;
type bit<12> VlanId_t;
const bit<16> TYPE_VLAN = 0x8100;
const VlanId_t NO_VLAN = (VlanId_t)0;

header ethernet_t { MacAddr_t dstAddr; MacAddr_t srcAddr; bit<16> etherType; }
header vlan_t { bit<3> pcp; bit<1> cfi; VlanId_t vid; bit<16> etherType; }
struct headers_t { ethernet_t ethernet; vlan_t vlan; }
struct local_t { VlanId_t vlan; bit<8> in_port; bit<8> out_port; bool flood; bool tagged; }
struct learn_t { MacAddr_t mac; VlanId_t vlan; bit<8> port; bool moved; }

#define IS_GROUP(mac) ((mac)[40:40] == 1)

parser SwitchParser(packet_in packet, out headers_t hdr, inout local_t l, inout standard_metadata std) {
	state start {
		l.in_port = (bit<8>)std.input_port;
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.etherType) {
			TYPE_VLAN: parse_vlan;
			default: accept;
		}
	}
	state parse_vlan {
		packet.extract(hdr.vlan);
		l.vlan = hdr.vlan.vid;
		transition accept;
	}
}

control Learn(in MacAddr_t mac, in local_t l) {
	Digest<learn_t>(32) learned;
	Register<bit<64>, MacAddr_t>(1024) told; /* when a station was last told of */

	action known(bit<8> port) {
		if (port != l.in_port)
			learned.pack({ mac, l.vlan, l.in_port, true });
	}
	action unknown() {
		bit<64> now = timestamp();
		bit<64> last = told.read(mac);
		if (last == 0 || now - last > 1000000000) {
			told.write(mac, now);
			learned.pack({ mac, l.vlan, l.in_port, false });
		}
	}
	table sources {
		key = { l.vlan: exact @name("vlan"); mac: exact @name("mac"); }
		actions = { known; @defaultonly unknown; }
		const default_action = unknown();
		size = 4096;
	}
	apply {
		if (!IS_GROUP(mac))
			sources.apply();
	}
}

control SwitchIngress(inout headers_t hdr, inout local_t l, inout standard_metadata std) {
	Learn() learn;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) forwarded;
	Counter<bit<64>, VlanId_t>(4096, PSA_CounterType_t.PACKETS) flooded;

	action drop() {
		mark_to_drop();
		exit;
	}

	action access(VlanId_t vlan) {
		if (hdr.vlan.isValid())
			drop();
		l.vlan = vlan;
	}
	action trunk(VlanId_t native) {
		if (!hdr.vlan.isValid() || hdr.vlan.vid == NO_VLAN)
			l.vlan = native;
	}
	table in_ports {
		key = { l.in_port: exact @name("port"); }
		actions = { access; trunk; drop; }
		default_action = drop();
		size = 16;
	}

	action forward(bit<8> port) {
		l.out_port = port;
		forwarded.count();
	}
	action flood() { l.flood = true; }
	table stations {
		key = { l.vlan: exact @name("vlan"); hdr.ethernet.dstAddr: exact @name("mac"); }
		actions = { forward; flood; drop; }
		default_action = flood();
		counters = forwarded;
		size = 4096;
	}

	action tag() { l.tagged = true; }
	action untag() { l.tagged = false; }
	table out_ports {
		key = { l.out_port: exact @name("port"); l.vlan: exact @name("vlan"); }
		actions = { tag; untag; drop; }
		default_action = drop();
		size = 64;
	}

	apply {
		in_ports.apply();
		learn.apply(hdr.ethernet.srcAddr, l);
		switch (stations.apply().action_run) {
			forward: {
				if (l.out_port == l.in_port)
					drop();
			}
			flood: {
				/* a two-port bridge: flooding is the other port */
				flooded.count(l.vlan);
				l.out_port = l.in_port ^ 1;
			}
			default: { exit; }
		}
		out_ports.apply();
		if (l.tagged && !hdr.vlan.isValid()) {
			hdr.vlan.setValid();
			hdr.vlan = { 0, 0, l.vlan, hdr.ethernet.etherType };
			hdr.ethernet.etherType = TYPE_VLAN;
		} else if (l.tagged) {
			hdr.vlan.vid = l.vlan;
		} else if (hdr.vlan.isValid()) {
			hdr.ethernet.etherType = hdr.vlan.etherType;
			hdr.vlan.setInvalid();
		}
		std.output_action = ubpf_action.REDIRECT;
		std.output_port = (bit<32>)l.out_port;
	}
}

control SwitchDeparser(packet_out packet, in headers_t hdr) {
	apply {
		packet.emit(hdr.ethernet);
		packet.emit(hdr.vlan);
	}
}

ubpf(SwitchParser(), SwitchIngress(), SwitchDeparser()) main;
