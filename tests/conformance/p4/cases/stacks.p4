/* SPDX-License-Identifier: Apache-2.0 */
/* Header stacks: next, last, lastIndex, push, pop, elements at run-time indices, a parser's loop. */
#include "common.p4"

header label_t {
	bit<20> label;
	bit<3>  tc;
	bit<1>  bottom;
	bit<8>  ttl;
}

header op_t {
	bit<8> what;
	bit<8> index;
	bit<8> result;
}

struct headers {
	op_t       op;
	label_t[4] labels;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.op);
		transition select(hdr.op.what) {
			0xff: accept;
			default: label;
		}
	}
	state label {
		packet.extract(hdr.labels.next);
		hdr.op.result = (bit<8>)hdr.labels.lastIndex;
		transition select(hdr.labels.last.bottom) {
			0: label;
			1: accept;
		}
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		switch (hdr.op.what) {
			1: {
				hdr.labels.push_front(1);
				hdr.labels[0].setValid();
				hdr.labels[0].label = 0xabcde;
				hdr.labels[0].ttl = 64;
			}
			2: { hdr.labels.pop_front(2); }
			3: {
				hdr.op.result = hdr.labels[hdr.op.index].ttl;
				hdr.labels[hdr.op.index].ttl = 9;
			}
			4: { hdr.labels[hdr.op.index] = hdr.labels[0]; }
			5: {
				label_t copy = hdr.labels[hdr.op.index];
				hdr.op.result = (bit<8>)hdr.labels.size;
				if (copy.isValid() && copy == hdr.labels[1]) {
					hdr.op.result = 0x77;
				}
			}
			6: { hdr.labels[hdr.op.index].setInvalid(); }
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr);
	}
}

ubpf(prs(), pipe(), dprs()) main;
