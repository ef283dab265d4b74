/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of 24, 40, 48 and 56 bits that end with the packet: not a byte more is read or asked for. */
#include "common.p4"

header in_t {
	bit<8> which;
}

header three_t {
	bit<24> v;
}

header five_t {
	bit<40> v;
}

header six_t {
	bit<48> v;
}

header seven_t {
	bit<56> v;
}

header odd_t {
	bit<4>  a;
	bit<52> v;
}

struct headers {
	in_t in_;
	three_t three;
	five_t five;
	six_t six;
	seven_t seven;
	odd_t odd;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.which) {
			3: three;
			5: five;
			6: six;
			7: seven;
			8: odd;
		}
	}
	state three {
		packet.extract(hdr.three);
		transition accept;
	}
	state five {
		packet.extract(hdr.five);
		transition accept;
	}
	state six {
		packet.extract(hdr.six);
		transition accept;
	}
	state seven {
		packet.extract(hdr.seven);
		transition accept;
	}
	state odd {
		packet.extract(hdr.odd);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.three.isValid()) {
			hdr.three.v = hdr.three.v + 1;
		} else if (hdr.five.isValid()) {
			hdr.five.v = hdr.five.v + 1;
		} else if (hdr.six.isValid()) {
			hdr.six.v = hdr.six.v + 1;
		} else if (hdr.seven.isValid()) {
			hdr.seven.v = hdr.seven.v + 1;
		} else if (hdr.odd.isValid()) {
			hdr.odd.v = hdr.odd.v + 1;
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
