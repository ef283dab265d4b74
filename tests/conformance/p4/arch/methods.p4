/* SPDX-License-Identifier: Apache-2.0 */
/* Instances that give the abstract methods of their extern, which the program calls itself. */
#include <core.p4>
#include <sekisho.p4>

extern Policy<T> {
	Policy();
	abstract T limit(in T value, in bit<8> by);
	abstract void note(inout T value, out bool changed);
	@optional abstract void unused(in T value);
}

header h_t { bit<8> a; bit<8> b; bit<8> c; bit<8> d; }
struct headers { h_t h; }
struct meta { bit<1> none; }

const bit<8> STEP = 3;

Policy<bit<8>>() ceiling = {
	bit<8> limit(in bit<8> value, in bit<8> most) {
		if (value > most)
			return most;
		return value;
	}
	void note(inout bit<8> value, out bool changed) {
		bit<8> now = this.limit(value + STEP, 100);
		changed = now != value;
		value = now;
	}
};

parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
	state start {
		p.extract(h.h);
		transition accept;
	}
}

control inner(inout bit<8> x)(Policy<bit<8>> policy) {
	apply {
		bool changed;
		policy.note(x, changed);
		if (!changed)
			x = 0xff;
	}
}

control ctl(inout headers h, inout meta m, inout standard_metadata s) {
	const bit<8> LEAST = 7;
	Policy<bit<8>>() floor = {
		Register<bit<8>, bit<8>>(256) calls;
		bit<8> limit(in bit<8> value, in bit<8> least) {
			calls.write(0, calls.read(0) + 1);
			return value < least ? least : value;
		}
		void note(inout bit<8> value, out bool changed) {
			value = calls.read(0);
			changed = true;
		}
	};
	inner(ceiling) of_ceiling;
	apply {
		bool changed;
		h.h.a = floor.limit(h.h.a, LEAST);
		h.h.b = ceiling.limit(by = 50, value = h.h.b);
		of_ceiling.apply(h.h.c);
		floor.note(h.h.d, changed);
	}
}

control dps(packet_out p, in headers h) {
	apply {
		p.emit(h.h);
	}
}

ubpf(prs(), ctl(), dps()) main;
