/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in each base, commas at the end, comments between tokens, what the preprocessor leaves. */
#include "common.p4"

#define LONG \
	0x1234
#define GONE 1
#undef GONE
#if defined(GONE)
#define CHOICE 1
#elif LONG == 0x1234
#define CHOICE 2
#else
#define CHOICE 3
#endif

const bool right = static_assert(LONG == 4660 && CHOICE == 2, "the preprocessor's numbers");

enum bit<16> commas_t {
	one = 1,
#ifdef GONE
	two = 7,
#endif
	two = 2,
}

header in_t {
	bit<8>  which;
	bit<16> r;
}

struct pair_t {
	bit<16> x;
	bit<16> y;
};

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
	apply {
		switch (hdr.in_.which) {
			0: { hdr.in_.r = 16w0377; }
			1: { hdr.in_.r = 16w0o377; }
			2: { hdr.in_.r = 16w0b_1010_1010; }
			3: { hdr.in_.r = 0xBE_EF; }
			4: { hdr.in_.r = 0d255; }
			5: { hdr.in_.r = (bit<16>)(int<16>)8s0b1010_1010; }
			6: { hdr.in_.r = 0B11 + 0O17 + 0D10 + 0X1f; }
			7: {
				pair_t p = { 1, 0x203, };
				hdr.in_.r = p.y;
			}
			8: { hdr.in_.r = 1/**/+/* two
				* lines */2; // 4
			}
			9: { hdr.in_.r = LONG; }
			10: { hdr.in_.r = CHOICE; }
			11: { hdr.in_.r = (bit<16>)commas_t.two; ; }
			12: { hdr.in_.r = 4w15 ++ 12w0x5_5; }
			13: { hdr.in_.r = 16w1 + 2 * 3 << 1 | 16w0x10 & 0x30; }
			14: { hdr.in_.r = 16w6 & 3 == 2 ? 16w1 : 0; }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
