/* SPDX-License-Identifier: Apache-2.0 */
/* return and exit at every depth, copy-in and copy-out, registers, invalid headers, slices. */
#include "common.p4"

header in_t {
	bit<8>  which;
	bit<8>  a;
	bit<8>  b;
	bit<16> c;
}

header other_t {
	bit<8> x;
}

struct headers {
	in_t    in_;
	other_t other;
	other_t spare;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition select(hdr.in_.which) {
			9: other;
			default: accept;
		}
	}

	state other {
		packet.extract(hdr.other);
		transition accept;
	}
}

bit<8> first_bit(in bit<8> v) {
	if (v == 0) {
		return 0;
	}
	if (v & 1 != 0) {
		return 1;
	}
	return 2;
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Register<bit<32>, bit<8>>(16) seen;

	action leave_early(inout bit<8> v) {
		v = v + 1;
		if (v == 10) {
			return;
		}
		v = v + 1;
	}

	action leave_all(inout bit<8> v) {
		v = 77;
		if (hdr.in_.b == 1) {
			exit;
		}
		v = 78;
	}

	action outer(inout bit<8> v) {
		leave_all(v);
		hdr.in_.c = 0xaaaa;
	}

	action swap(inout bit<8> x, inout bit<8> y, out bit<16> z) {
		bit<8> t = x;
		x = y;
		y = t;
		z = 5;
	}

	apply {
		if (hdr.in_.which == 0) {
			leave_early(hdr.in_.a);
			hdr.in_.b = 0x42;
		} else if (hdr.in_.which == 1) {
			outer(hdr.in_.a);
			hdr.in_.c[7:0] = 0xbb;
		} else if (hdr.in_.which == 2) {
			if (hdr.in_.a == 1) {
				return;
			}
			hdr.in_.b = 0x99;
			exit;
		} else if (hdr.in_.which == 3) {
			swap(hdr.in_.a, hdr.in_.b, hdr.in_.c);
		} else if (hdr.in_.which == 4) {
			/* a cell that was never written reads as 0, and what follows runs */
			bit<32> n = seen.read(hdr.in_.a) + 1;
			seen.write(hdr.in_.a, n);
			hdr.in_.c = (bit<16>)n + (bit<16>)seen.read(200);
			hdr.in_.b = 0x55;
		} else if (hdr.in_.which == 5) {
			/* a header that is not valid reads as 0, whatever is written to it */
			hdr.other.x = 0x12;
			hdr.in_.a = hdr.other.x;
			hdr.other.setValid();
			hdr.in_.b = hdr.other.x;
			hdr.other.x = 0x34;
			hdr.in_.c = (bit<16>)hdr.other.x;
			hdr.other.setInvalid();
			hdr.in_.c[15:8] = hdr.other.x;
		} else if (hdr.in_.which == 6) {
			hdr.in_.c = hdr.in_.a ++ first_bit(hdr.in_.b);
		} else if (hdr.in_.which == 7) {
			hdr.in_ = { 7, hdr.in_.b, hdr.in_.a, hdr.in_.c + 1 };
		} else if (hdr.in_.which == 8) {
			hdr.other = { x = 0x56 };
			hdr.spare = hdr.other;
			hdr.other.setInvalid();
		} else if (hdr.in_.which == 9) {
			hdr.spare = hdr.other;
			hdr.spare.x = hdr.spare.x + 1;
		} else if (hdr.in_.which == 10) {
			bit<8> n = hdr.in_.a;
			n += 1;
			n <<= 1;
			n[0:0] = 1;
			hdr.in_.a = n;
			hdr.in_.b |= 0xf0;
			hdr.in_.c[3:0] = hdr.in_.a[7:4];
		} else if (hdr.in_.which == 11) {
			std.output_port = 3;
			std.output_action = ubpf_action.REDIRECT;
		} else if (hdr.in_.which == 12) {
			mark_to_drop();
			mark_to_pass();
		} else if (hdr.in_.which == 13) {
			mark_to_pass();
			mark_to_drop();
		} else {
			truncate((bit<32>)hdr.in_.a);
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
