/* SPDX-License-Identifier: Apache-2.0 */
/* Hash with each algorithm, over whole headers, single fields and fields that end between bytes. */
#include "common.p4"

header in_t {
	bit<72> digits;
	bit<4>  high;
	bit<12> low;
}

header out_t {
	bit<16> crc16;
	bit<32> crc32;
	bit<32> crc32c;
	bit<32> target;
	bit<16> ones;
	bit<8>  same;
	bit<32> jenkins;
	bit<16> bounded;
	bit<32> pieces;
	bit<80> wide;
	bit<32> longest;
}

struct headers {
	in_t  in_;
	out_t out_;
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start {
		packet.extract(hdr.in_);
		transition accept;
	}
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	Hash<bit<16>>(PSA_HashAlgorithm_t.CRC16) crc16;
	Hash<bit<32>>(PSA_HashAlgorithm_t.CRC32) crc32;
	Hash<bit<32>>(PSA_HashAlgorithm_t.CRC32C) crc32c;
	Hash<bit<32>>(PSA_HashAlgorithm_t.TARGET_DEFAULT) target;
	Hash<bit<16>>(PSA_HashAlgorithm_t.ONES_COMPLEMENT16) ones;
	Hash<bit<8>>(PSA_HashAlgorithm_t.IDENTITY) same;
	Hash<bit<32>>(PSA_HashAlgorithm_t.LOOKUP3) jenkins;
	Hash<bit<80>>(PSA_HashAlgorithm_t.CRC32) wide;

	apply {
		hdr.out_.setValid();
		hdr.out_.crc16 = crc16.get_hash(hdr.in_.digits);
		hdr.out_.crc32 = crc32.get_hash({ hdr.in_.digits });
		hdr.out_.crc32c = crc32c.get_hash(hdr.in_.digits);
		hdr.out_.target = target.get_hash({ hdr.in_.digits[71:40], hdr.in_.digits[39:0] });
		hdr.out_.ones = ones.get_hash(hdr.in_.digits);
		hdr.out_.same = same.get_hash({ hdr.in_.high, hdr.in_.low });
		hdr.out_.jenkins = jenkins.get_hash(hdr.in_.digits);
		hdr.out_.bounded = crc16.get_hash(16w1000, hdr.in_.digits, 16w10);
		hdr.out_.pieces = crc32.get_hash({ hdr.in_.low, hdr.in_.high, hdr.in_.high });
		hdr.out_.wide = wide.get_hash(hdr.in_.digits);
		hdr.out_.longest = crc32.get_hash({ hdr.in_, hdr.in_, hdr.in_, hdr.in_, hdr.in_, hdr.in_, hdr.in_ });
		hdr.in_.setInvalid();
	}
}

control dprs(packet_out packet, in headers hdr) {
	apply {
		packet.emit(hdr.in_);
		packet.emit(hdr.out_);
	}
}

ubpf(prs(), pipe(), dprs()) main;
