// SPDX-License-Identifier: Apache-2.0
/* A longest-prefix match by a hash map of prefixes, from /32 down. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000000250180800abcd000068656c6c6f20776f726c64212121212121212121
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff005000000001000000028018080000000000020405b401010402030307000000abcdef00
#include "../ubpf.h"

struct key {
	uint32_t prefix, len;
};
struct ubpf_map_def routes = {MAP_HASH, sizeof(struct key), 4, 4096, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	struct key key;
	uint32_t addr, port = 9;

	if (std_meta->packet_length < 34)
		return 0;
	addr = load_word(pkt, 30);
	key.prefix = addr & 0xffff0000;
	key.len = 16;
	if (pkt[0] & 1)
		ubpf_map_update(&routes, &key, &port);
	for (int len = 32; len >= 8; len -= 4) {
		uint32_t *found;

		key.len = (uint32_t)len;
		key.prefix = addr & (0xffffffffu << (32 - len));
		found = ubpf_map_lookup(&routes, &key);
		if (!found)
			continue;
		pkt[0] = (uint8_t)(*found + len);
		return 1;
	}
	return 0;
}
