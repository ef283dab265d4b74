/* SPDX-License-Identifier: Apache-2.0 */
/* InternetChecksum: of an IPv4 header, of parts of words, taken back, kept over states. */
#include "common.p4"

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

header more_t {
	bit<128> long;
	bit<7>   a;
	bit<60>  b;
	bit<61>  c;
	bit<16>  with;
	bit<16>  without;
	bit<16>  state;
}

struct headers {
	ipv4_t ip;
	more_t more;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	InternetChecksum() ck;

	state start {
		packet.extract(hdr.ip);
		ck.add(hdr.ip);
		verify(ck.get() == 0, error.HeaderTooShort);
		transition more;
	}
	state more {
		packet.extract(hdr.more);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	InternetChecksum() ck;
	InternetChecksum() other;

	apply {
		ck.subtract(hdr.ip.csum);
		ck.set_state(16w0xffff - hdr.ip.csum);
		ck.subtract({ hdr.ip.ttl, hdr.ip.protocol });
		hdr.ip.ttl = hdr.ip.ttl - 1;
		ck.add({ hdr.ip.ttl, hdr.ip.protocol });
		hdr.ip.csum = ck.get();

		other.add({ hdr.more.long, hdr.more.a, hdr.more.b, hdr.more.c });
		hdr.more.with = other.get();
		other.subtract({ hdr.more.a, hdr.more.b, hdr.more.c });
		hdr.more.without = other.get();
		hdr.more.state = other.get_state();
		if (hdr.more.a == 1) {
			other.clear();
			hdr.more.state = other.get();
		}
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.ip);
		packet.emit(hdr.more);
	}
}

ubpf(prs(), pipe(), dprs()) main;
