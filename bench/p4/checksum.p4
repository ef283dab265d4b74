/* SPDX-License-Identifier: Apache-2.0 */
/* Drops packets whose IPv4 header has a wrong checksum. */
#include "parse.p4"

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		bit<32> sum = (bit<32>)(hdr.ipv4.version ++ hdr.ipv4.ihl ++ hdr.ipv4.tos) + (bit<32>)hdr.ipv4.length +
			      (bit<32>)hdr.ipv4.id + (bit<32>)(hdr.ipv4.flags ++ hdr.ipv4.offset) +
			      (bit<32>)(hdr.ipv4.ttl ++ hdr.ipv4.protocol) + (bit<32>)hdr.ipv4.checksum +
			      (bit<32>)hdr.ipv4.src[31:16] + (bit<32>)hdr.ipv4.src[15:0] +
			      (bit<32>)hdr.ipv4.dst[31:16] + (bit<32>)hdr.ipv4.dst[15:0];

		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		if (sum != 0xffff) {
			mark_to_drop();
		}
	}
}

ubpf(prs(), pipe(), dprs()) main;
