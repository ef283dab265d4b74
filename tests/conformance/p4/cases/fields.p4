/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of every width and place: each is read, changed and written back. */
#include "common.p4"

header odd_t {
	bit<3>   a; /* starts and ends inside bytes */
	bit<13>  b;
	bit<20>  c;
	bit<4>   d;
	bit<24>  e;
	bit<40>  f;
	bit<48>  g;
	bit<56>  h;
	bit<1>   i;
	bit<63>  j;
	bit<4>   k;
	bit<64>  l; /* touches nine bytes */
	bit<4>   m;
	bit<128> n;
	bit<4>   o;
	bit<100> p; /* wide and crooked */
	bool     q;
	bit<7>   r;
	int<16>  s;
}

struct headers {
	odd_t odd;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.odd);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		hdr.odd.a = hdr.odd.a + 1;
		hdr.odd.b = hdr.odd.b + 1;
		hdr.odd.c = hdr.odd.c + 1;
		hdr.odd.d = hdr.odd.d + 1;
		hdr.odd.e = hdr.odd.e + 1;
		hdr.odd.f = hdr.odd.f + 1;
		hdr.odd.g = hdr.odd.g + 1;
		hdr.odd.h = hdr.odd.h + 1;
		hdr.odd.i = hdr.odd.i + 1;
		hdr.odd.j = hdr.odd.j + 1;
		hdr.odd.k = hdr.odd.k + 1;
		hdr.odd.l = hdr.odd.l + 1;
		hdr.odd.m = hdr.odd.m + 1;
		hdr.odd.n = hdr.odd.n + 1;
		hdr.odd.o = hdr.odd.o + 1;
		hdr.odd.p = hdr.odd.p + 1;
		hdr.odd.q = !hdr.odd.q;
		hdr.odd.r = hdr.odd.r + 1;
		hdr.odd.s = hdr.odd.s - 1;
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.odd);
	}
}

ubpf(prs(), pipe(), dprs()) main;
