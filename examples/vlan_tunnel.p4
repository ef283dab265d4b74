/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the VM into a VLAN without its knowing: what it sends gets a tag, what comes for it with that tag
 * loses it, what comes with another tag, or with none, is dropped. The length of packets changes.
 */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

const bit<16> TYPE_VLAN = 0x8100;

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header vlan_t {
	bit<3>  priority;
	bit<1>  drop_eligible;
	bit<12> id;
	bit<16> type;
}

struct headers {
	ethernet_t ethernet;
	vlan_t     vlan;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.ethernet);
		transition select(hdr.ethernet.type) {
			TYPE_VLAN: vlan;
			default: accept;
		}
	}

	state vlan {
		packet.extract(hdr.vlan);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (std.input_port == PORT_VM) {
			if (hdr.vlan.isValid()) {
				mark_to_drop(); /* the VM makes no tags of its own */
				return;
			}
			hdr.vlan.setValid();
			hdr.vlan.id = 100;
			hdr.vlan.type = hdr.ethernet.type;
			hdr.ethernet.type = TYPE_VLAN;
		} else if (hdr.vlan.isValid() && hdr.vlan.id == 100) {
			hdr.ethernet.type = hdr.vlan.type;
			hdr.vlan.setInvalid();
		} else {
			mark_to_drop();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.ethernet);
		packet.emit(hdr.vlan);
	}
}

ubpf(prs(), pipe(), dprs()) main;
