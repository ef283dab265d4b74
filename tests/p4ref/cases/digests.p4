/* SPDX-License-Identifier: Apache-2.0 */
/* How data lie in a digest's records: wide numbers, structs and headers in structs, enums, bool. */
#include <sekisho.p4>

enum Kind { A, B, C }
enum bit<12> Number { ONE = 1, MANY = 0xabc }
header in_t { bit<8> a; bit<100> wide; bit<4> b; }
struct headers { in_t in_; }
struct metadata { }
struct inner_t { bit<33> x; bool odd; }
struct told_t { bit<8> a; inner_t inner; in_t header_; Kind kind; Number number; bit<65> last; }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start { p.extract(h.in_); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	Digest<told_t>(1) told;
	Digest<bit<24>>() number;
	Random<bit<24>>(0x654321, 0x654321) same;

	apply {
		Kind kind = h.in_.a == 1 ? Kind.B : Kind.C;

		told.pack({ h.in_.a, { 33w1 << 32, h.in_.b[0:0] == 1 }, h.in_, kind, Number.MANY, 65w3 << 63 });
		number.pack(same.read());
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
