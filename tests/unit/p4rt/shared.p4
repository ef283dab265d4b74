/* SPDX-License-Identifier: Apache-2.0 */
/* What all queues share, for test_shared.c: the colour comes out in the packet's first byte. */
#include <sekisho.p4>

header in_t { bit<8> color; }
struct headers { in_t in_; }
struct metadata { }

parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
	state start { p.extract(h.in_); transition accept; }
}

control pipe(inout headers h, inout metadata m, inout standard_metadata s) {
	Counter<bit<64>, bit<8>>(4, PSA_CounterType_t.PACKETS_AND_BYTES) indexed;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) direct_;
	Meter<bit<1>>(1, PSA_MeterType_t.PACKETS) limit;

	action count() { direct_.count(); }
	table entries_ {
		key = { h.in_.color: exact; }
		actions = { count; }
		default_action = count();
		psa_direct_counter = direct_;
		size = 4;
	}
	apply {
		entries_.apply();
		indexed.count(h.in_.color);
		switch (limit.execute(0)) {
			PSA_MeterColor_t.RED: { h.in_.color = 0; }
			PSA_MeterColor_t.GREEN: { h.in_.color = 1; }
			PSA_MeterColor_t.YELLOW: { h.in_.color = 2; }
		}
	}
}

control dprs(packet_out p, in headers h) { apply { p.emit(h); } }

ubpf(prs(), pipe(), dprs()) main;
