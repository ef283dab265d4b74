/* SPDX-License-Identifier: Apache-2.0 */
/* The core library of P4_16 (specification 1.2.5, appendix D): the interface that it defines. */
#ifndef SEKISHO_CORE_P4
#define SEKISHO_CORE_P4

error {
	NoError,
	PacketTooShort,
	NoMatch,
	StackOutOfBounds,
	HeaderTooShort,
	ParserTimeout,
	ParserInvalidArgument
}

extern packet_in {
	/* Reads a header of fixed size and moves on behind it. */
	void extract<T>(out T hdr);
	/* The same for a header with one varbit field, of the given size. */
	void extract<T>(out T variableSizeHeader, in bit<32> variableFieldSizeInBits);
	/* Reads without moving on. */
	T lookahead<T>();
	void advance(in bit<32> sizeInBits);
	/* Bytes of the packet. */
	bit<32> length();
}

extern packet_out {
	/* Appends a header if it is valid; a struct or stack: each header in it. */
	void emit<T>(in T hdr);
}

extern void verify(in bool check, in error toSignal);
extern bool static_assert(bool check, string message);
extern bool static_assert(bool check);

action NoAction() {
}

match_kind {
	exact,
	ternary,
	lpm
}

#endif
