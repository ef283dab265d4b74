/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and digests: of each kind, out of range, in entries of each kind of table. */
#include "../cases/common.p4"

header in_t {
	bit<8>  kind;
	bit<40> index;
	bit<16> key;
}

struct headers {
	in_t in_;
}

struct seen_t {
	bit<16>  key;
	bit<40>  index;
	bit<128> wide;
	bool     odd;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Counter<bit<64>, bit<8>>(4, PSA_CounterType_t.PACKETS) packets;
	Counter<bit<64>, bit<40>>(4, PSA_CounterType_t.BYTES) bytes;
	Counter<bit<64>, bit<128>>(3, PSA_CounterType_t.PACKETS_AND_BYTES) both;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) of_exact;
	DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS) of_ternary;
	DirectCounter<bit<64>>(PSA_CounterType_t.BYTES) also_ternary;
	Digest<seen_t>(2) seen;

	action set(bit<8> kind) {
		hdr.in_.kind = kind;
		of_exact.count();
	}
	action count() {
		of_ternary.count();
		also_ternary.count();
	}
	table exact_ {
		key = { hdr.in_.key : exact; }
		actions = { set; NoAction; }
		default_action = set(0x77);
		psa_direct_counter = of_exact;
		size = 16;
	}
	table ternary_ {
		key = { hdr.in_.key : ternary; }
		actions = { count; NoAction; }
		const default_action = count();
		const entries = {
			0x1200 &&& 0xff00 : count();
		}
		psa_direct_counters = { of_ternary, also_ternary };
		size = 16;
	}
	apply {
		packets.count(hdr.in_.kind);
		bytes.count(hdr.in_.index);
		both.count(hdr.in_.index ++ 88w1);
		both.count((bit<128>)hdr.in_.index);
		exact_.apply();
		ternary_.apply();
		seen.pack({ hdr.in_.key, hdr.in_.index, 128w1 << 100, hdr.in_.key[0:0] == 1 });
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
