/* SPDX-License-Identifier: Apache-2.0 */
/* Twelve rules of five fields, as a list of conditions. */
#include "parse.p4"

#define CLIENTS(net, bits, port, verdict) \
	if (hdr.ipv4.src[31:32 - bits] == net[31:32 - bits] && hdr.ipv4.protocol == 6 && hdr.ports.dst == port) { \
		verdict(); \
		return; \
	}
#define SERVERS(net, bits, port, verdict) \
	if (hdr.ipv4.dst[31:32 - bits] == net[31:32 - bits] && hdr.ipv4.protocol == 6 && hdr.ports.src == port) { \
		verdict(); \
		return; \
	}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.ipv4.flags & 1 != 0 || hdr.ipv4.offset != 0 || hdr.ports.src == 0 || hdr.ports.dst == 0) {
			mark_to_drop();
			return;
		}
		CLIENTS(32w0x0a000000, 8, 22, mark_to_pass)
		SERVERS(32w0xc0000000, 16, 22, mark_to_pass)
		CLIENTS(32w0x0a000000, 9, 25, mark_to_drop)
		SERVERS(32w0xc0000000, 17, 25, mark_to_drop)
		CLIENTS(32w0x0a000000, 10, 80, mark_to_pass)
		SERVERS(32w0xc0000000, 18, 80, mark_to_pass)
		CLIENTS(32w0x0a000000, 11, 135, mark_to_drop)
		SERVERS(32w0xc0000000, 19, 135, mark_to_drop)
		CLIENTS(32w0x0a000000, 12, 443, mark_to_pass)
		SERVERS(32w0xc0000000, 20, 443, mark_to_pass)
		CLIENTS(32w0x0a080000, 13, 993, mark_to_pass)
		SERVERS(32w0xc0000000, 21, 993, mark_to_pass)
		mark_to_drop();
	}
}

ubpf(prs(), pipe(), dprs()) main;
