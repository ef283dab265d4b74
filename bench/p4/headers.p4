/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of this folder have in common. */
#include <sekisho.p4>

header ethernet_t {
	bit<48> dst;
	bit<48> src;
	bit<16> type;
}

header ipv4_t {
	bit<4>  version;
	bit<4>  ihl;
	bit<8>  tos;
	bit<16> length;
	bit<16> id;
	bit<3>  flags;
	bit<13> offset;
	bit<8>  ttl;
	bit<8>  protocol;
	bit<16> checksum;
	bit<32> src;
	bit<32> dst;
}

header ports_t {
	bit<16> src;
	bit<16> dst;
}

struct metadata {
}
