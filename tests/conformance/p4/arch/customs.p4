/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of C as p4c's users write them: the check of a header's checksum, a hash of two addresses. */
#include "../cases/common.p4"

header ipv4_t {
	bit<4>  version;
	bit<4>  ihl;
	bit<8>  tos;
	bit<16> len;
	bit<16> id;
	bit<3>  flags;
	bit<13> offset;
	bit<8>  ttl;
	bit<8>  protocol;
	bit<16> csum;
	bit<32> src;
	bit<32> dst;
}

struct headers {
	ipv4_t ip;
}

extern bool is_checksum_right(in ipv4_t ip);
extern bit<16> flow_hash(in bit<32> src, in bit<32> dst);

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.ip);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (!is_checksum_right(hdr.ip))
			mark_to_drop();
		hdr.ip.id = flow_hash(hdr.ip.src, hdr.ip.dst);
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.ip);
	}
}

ubpf(prs(), pipe(), dprs()) main;
