/* SPDX-License-Identifier: Apache-2.0 */
/* What Sekisho adds to ubpf_model.p4: facts from inside the VM that the program guards. */
#ifndef SEKISHO_SEKISHO_P4
#define SEKISHO_SEKISHO_P4

#include <ubpf_model.p4>

/* Kinds of keys besides those of core.p4. */
match_kind {
	range,
	optional
}

/* Values of standard_metadata.input_port and output_port. */
const bit<32> PORT_NET = 0;	/* the network */
const bit<32> PORT_VM = 1;	/* the VM */
const bit<32> PORT_GRANTED = 2; /* the first port that the operator granted, and so on */

/* Did the VM send a UDP datagram of this flow in the last within_ms milliseconds? */
extern bool vm_udp_sent(in bit<32> saddr, in bit<32> daddr, in bit<16> sport, in bit<16> dport,
                        in bit<32> within_ms);
extern bool vm_udp_sent6(in bit<128> saddr, in bit<128> daddr, in bit<16> sport, in bit<16> dport,
                         in bit<32> within_ms);

/* Did the VM send any UDP datagram in the last 10 seconds? */
extern bool checkUDPSent();

#endif
