/* SPDX-License-Identifier: Apache-2.0 */
/* Meters in bytes and packets, colour-blind and colour-aware, direct ones, out of range, not set up. */
#include "../cases/common.p4"

header in_t {
	bit<8> index;
	bit<8> color;
	bit<8> bytes;
	bit<8> packets;
	bit<8> direct_;
	bit<8> missed;
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
	Meter<bit<8>>(3, PSA_MeterType_t.BYTES) bytes;
	Meter<bit<8>>(3, PSA_MeterType_t.PACKETS) packets;
	DirectMeter(PSA_MeterType_t.PACKETS) direct_;

	action number(in PSA_MeterColor_t color, out bit<8> n) {
		switch (color) {
			PSA_MeterColor_t.RED: { n = 0; }
			PSA_MeterColor_t.GREEN: { n = 1; }
			PSA_MeterColor_t.YELLOW: { n = 2; }
		}
	}
	action limit() {
		number(direct_.execute(), hdr.in_.direct_);
	}
	action miss() {
		number(direct_.execute(PSA_MeterColor_t.YELLOW), hdr.in_.missed);
	}
	table limits {
		key = { hdr.in_.index : exact; }
		actions = { limit; miss; }
		const default_action = miss();
		psa_direct_meter = direct_;
		size = 4;
	}
	apply {
		PSA_MeterColor_t color = PSA_MeterColor_t.RED;

		if (hdr.in_.color == 1)
			color = PSA_MeterColor_t.GREEN;
		else if (hdr.in_.color == 2)
			color = PSA_MeterColor_t.YELLOW;
		number(bytes.execute(hdr.in_.index, color), hdr.in_.bytes);
		number(packets.execute(hdr.in_.index), hdr.in_.packets);
		limits.apply();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
