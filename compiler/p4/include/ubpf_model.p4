/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture of a packet program: parser, one control, deparser. Its interface is that of p4c's
 * uBPF back end, in both of its versions: 20200304 without standard_metadata, 20200515 with it.
 */
#ifndef SEKISHO_UBPF_MODEL_P4
#define SEKISHO_UBPF_MODEL_P4

#include <core.p4>

#ifndef UBPF_MODEL_VERSION
#define UBPF_MODEL_VERSION 20200515
#endif

const bit<32> __ubpf_model_version = UBPF_MODEL_VERSION;

enum ubpf_action {
	ABORT,
	DROP,
	PASS,
	REDIRECT
}

struct standard_metadata {
	bit<32>     input_port;    /* 0: from the network, 1: from the VM */
	bit<32>     packet_length; /* bytes */
	ubpf_action output_action;
	bit<32>     output_port;   /* for REDIRECT */
	bool        clone;
	bit<32>     clone_port;
}

/* The last call of the two decides; without one, the packet passes. */
extern void mark_to_drop();
extern void mark_to_pass();

/* Cells of type T, found by a key of type S; 0 until written. */
extern Register<T, S> {
	Register(bit<32> size);
	T read(in S index);
	void write(in S index, in T value);
}

extern bit<48> ubpf_time_get_ns();

/* Cuts the packet, as the deparser leaves it, to that many bytes. */
extern void truncate(in bit<32> len);

enum HashAlgorithm {
	lookup3
}

extern void hash<D>(out bit<32> result, in HashAlgorithm algo, in D data);

/* RFC 1624: the Internet checksum after a word of what it covers has changed. */
extern bit<16> csum_replace2(in bit<16> csum, in bit<16> old, in bit<16> new);
extern bit<16> csum_replace4(in bit<16> csum, in bit<32> old, in bit<32> new);

#if UBPF_MODEL_VERSION >= 20200515
parser parse<H, M>(packet_in packet, out H headers, inout M meta, inout standard_metadata std);
control pipeline<H, M>(inout H headers, inout M meta, inout standard_metadata std);
#else
parser parse<H, M>(packet_in packet, out H headers, inout M meta);
control pipeline<H, M>(inout H headers, inout M meta);
#endif

@deparser
control deparser<H>(packet_out b, in H headers);

package ubpf<H, M>(parse<H, M> prs, pipeline<H, M> p, deparser<H> dprs);

#endif
