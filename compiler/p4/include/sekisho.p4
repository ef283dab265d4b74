/* SPDX-License-Identifier: Apache-2.0 */
/* What Sekisho adds to ubpf_model.p4: facts from inside the VM that the program guards. */
#ifndef SEKISHO_SEKISHO_P4
#define SEKISHO_SEKISHO_P4

#include <ubpf_model.p4>

/* Kinds of keys besides those of core.p4. */
match_kind {
	range,
	optional,
	selector /* of tables with an ActionSelector: chooses a member, finds no entry */
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

/*
 * The externs of the Portable Switch Architecture, by its names (PSA 1.2, section 7), as far as they make
 * sense for one VM's packets. docs/p4.md has an example and the cost of each.
 */
enum PSA_HashAlgorithm_t {
	IDENTITY,
	CRC32,		  /* Ethernet's */
	CRC16,		  /* ARC */
	ONES_COMPLEMENT16,
	TARGET_DEFAULT,	  /* CRC32C */
	CRC32C,		  /* ours from here on */
	LOOKUP3
}

enum PSA_CounterType_t {
	PACKETS,
	BYTES,
	PACKETS_AND_BYTES
}

enum PSA_MeterType_t {
	PACKETS,
	BYTES
}

enum PSA_MeterColor_t {
	RED,
	GREEN,
	YELLOW
}

/* Of the data's bits, one field behind the other; zeros fill the last byte (IDENTITY: the low bits). */
extern Hash<O> {
	Hash(PSA_HashAlgorithm_t algo);
	O get_hash<D>(in D data);
	/* base + (hash modulo max). */
	O get_hash<T, D>(in T base, in D data, in T max);
}

/* RFC 1071 and 1624. Data have a multiple of 16 bits. It starts at 0 with each packet. */
extern InternetChecksum {
	InternetChecksum();
	void clear();
	void add<T>(in T data);
	void subtract<T>(in T data);
	bit<16> get();
	bit<16> get_state();
	void set_state(in bit<16> state);
}

/* Cells of 64 bits, whatever W is. An index out of range counts nothing. */
extern Counter<W, S> {
	Counter(bit<32> n_counters, PSA_CounterType_t type);
	void count(in S index);
}

/* In each entry of the one table that names it: psa_direct_counter = its name. */
extern DirectCounter<W> {
	DirectCounter(PSA_CounterType_t type);
	void count();
}

/* Two rates, three colours (RFC 2698). One that nobody has set up gives `color` back. */
extern Meter<S> {
	Meter(bit<32> n_meters, PSA_MeterType_t type);
	PSA_MeterColor_t execute(in S index, in PSA_MeterColor_t color);
	PSA_MeterColor_t execute(in S index);
}

/* In each entry of the one table that names it: psa_direct_meter = its name. */
extern DirectMeter {
	DirectMeter(PSA_MeterType_t type);
	PSA_MeterColor_t execute(in PSA_MeterColor_t color);
	PSA_MeterColor_t execute();
}

/* From min to max, each as likely; not for secrets. */
extern Random<T> {
	Random(T min, T max);
	T read();
}

/* To the control plane: a queue of so many records (256), a power of two. What finds it full is dropped. */
extern Digest<T> {
	Digest();
	Digest(bit<32> size);
	void pack(in T data);
}

/* Of a table: psa_implementation = its name. Entries name members, members have the actions. */
extern ActionProfile {
	ActionProfile(bit<32> size);
}

extern ActionSelector {
	ActionSelector(PSA_HashAlgorithm_t algo, bit<32> size, bit<32> outputWidth);
}

/* Nanoseconds since 1970. */
extern bit<64> timestamp();

#endif
