// SPDX-License-Identifier: Apache-2.0
/* A classifier of four fields of a packet: an address, a port, a protocol, a flag. */
//: packet 0a0000010050060000
//: pass 0a0000010050060001
//: packet 0a0000010050060000
//: pass 0a0000010050060001
//: packet 0a00000203ff110100
//: pass 0a00000203ff110102
//: packet 0a000002040011ff00
//: drop
//: packet 0b00000204001101
//: drop
//: packet c0a80101ffff010000
//: pass c0a80101ffff010003
#include "ubpf.h"

enum { CLASSIFIER = 8, EXACT = 1, LPM, TERNARY, RANGE, OPTIONAL };

struct field {
	uint16_t offset, bytes, bits;
	uint8_t match, pad;
};

struct ubpf_map_def acl = {CLASSIFIER, 8, 1, 16, 0};
const struct field seki_fields_acl[] __attribute__((section("sekisho.fields"))) = {
	{0, 4, 32, LPM, 0}, {4, 2, 16, RANGE, 0}, {6, 1, 8, OPTIONAL, 0}, {7, 1, 1, EXACT, 0}};

struct pair {
	uint32_t priority;
	uint8_t first[8], second[8], value;
} __attribute__((packed));

const struct pair seki_init_acl[] __attribute__((section("sekisho.init"))) = {
	{10, {10, 0, 0, 1, 0, 80, 6, 0}, {255, 255, 255, 255, 0, 80, 255, 1}, 1},
	{5, {10, 0, 0, 0, 0, 0, 6, 0}, {255, 0, 0, 0, 255, 255, 255, 1}, 9},
	{7, {10, 0, 0, 0, 0, 0, 17, 1}, {255, 255, 0, 0, 3, 255, 255, 1}, 2},
	{7, {10, 0, 0, 0, 0, 0, 17, 1}, {255, 0, 0, 0, 3, 255, 255, 1}, 8},
	{1, {192, 168, 0, 0, 255, 255, 0, 0}, {255, 255, 0, 0, 255, 255, 0, 1}, 3},
};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx), *value, key[8];

	if (std_meta->packet_length < 9)
		return 0;
	__builtin_memcpy(key, pkt, 8);
	key[7] &= 1;
	value = ubpf_map_lookup(&acl, key);
	if (!value)
		return 0;
	pkt[8] = *value;
	return 1;
}
