/* SPDX-License-Identifier: Apache-2.0 */
/* Direct counters and meters of tables with an action profile or selector: each entry has its own. */
#include "../cases/common.p4"

header in_t {
	bit<8> key;
	bit<8> flow;
	bit<8> out_;
	bit<8> colour;
}

struct headers {
	in_t in_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	ActionProfile(8) profile;
	ActionSelector(PSA_HashAlgorithm_t.IDENTITY, 8, 8) hops;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) seen;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS) routed;
	DirectMeter(PSA_MeterType_t.PACKETS) limit;

	action set(bit<8> value) {
		hdr.in_.out_ = value;
		seen.count();
	}
	action hop(bit<8> value) {
		hdr.in_.out_ = hdr.in_.out_ + value;
		hdr.in_.colour = limit.execute() == PSA_MeterColor_t.RED ? 8w0xdd : 8w0x66;
		routed.count();
	}
	table one {
		key = { hdr.in_.key : exact; }
		actions = { set; NoAction; }
		default_action = set(0x99);
		psa_implementation = profile;
		psa_direct_counter = seen;
	}
	table two {
		key = {
			hdr.in_.key  : ternary;
			hdr.in_.flow : selector;
		}
		actions = { hop; NoAction; }
		psa_implementation = hops;
		psa_direct_counter = routed;
		psa_direct_meter = limit;
	}
	apply {
		one.apply();
		two.apply();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
