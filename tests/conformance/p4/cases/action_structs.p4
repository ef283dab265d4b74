/* SPDX-License-Identifier: Apache-2.0 */
/* Structs and tuples that entries give to actions. */
#include <core.p4>
#include <ubpf_model.p4>

struct inner { bit<4> x; bool y; }
struct pair<T> { T a; inner i; }

header h_t { bit<8> k; bit<8> r0; bit<8> r1; bit<8> r2; }
struct headers { h_t h; }
struct meta { bit<1> none; }

parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
	state start {
		p.extract(h.h);
		transition accept;
	}
}

control pipe(inout headers h, inout meta m, inout standard_metadata s) {
	action put(in bit<8> first, pair<bit<8>> v, tuple<bit<8>, int<8>> t) {
		h.h.r0 = first + v.a;
		h.h.r1 = (v.i.y ? 4w1 : 4w0) ++ v.i.x;
		h.h.r2 = t[0] + (bit<8>)t[1];
	}
	table t {
		key = { h.h.k : exact; }
		actions = { put(h.h.k); NoAction; }
		default_action = put(h.h.k, { 9, { 2, true } }, { 5, -3 });
		const entries = {
			1 : put(h.h.k, { a = 16, i = { y = false, x = 15 } }, { 100, 27 });
			2 : put(h.h.k, { 3, { 1, true } }, { 0, -1 });
		}
	}
	apply {
		t.apply();
	}
}

control dps(packet_out p, in headers h) {
	apply {
		p.emit(h.h);
	}
}

ubpf(prs(), pipe(), dps()) main;
