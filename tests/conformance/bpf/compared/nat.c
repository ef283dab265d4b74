// SPDX-License-Identifier: Apache-2.0
/* Source NAT: addresses and ports are replaced, checksums mended. */
//: compare 00112233445566778899aabb08004500003c1c4640004006b1e6ac100a63ac100a0cc0ff0050000000010000000250180800abcd000068656c6c6f20776f726c64212121212121212121
//: compare 00112233445566778899aabb08004700003c1c4640004006b1e6ac100a63ac100a0c0101010194040000c0ff005000000001000000028018080000000000020405b401010402030307000000abcdef00
#include "../ubpf.h"

struct key {
	uint32_t addr;
	uint16_t port, pad;
};
struct ubpf_map_def nat = {MAP_HASH, sizeof(struct key), sizeof(struct key), 4096, 0};
struct ubpf_map_def next = {MAP_ARRAY, 4, 4, 1, 0};

static inline uint16_t mend(uint16_t sum, uint16_t old, uint16_t new)
{
	uint32_t r = (uint32_t)(uint16_t)~sum + (uint16_t)~old + new;

	r = (r & 0xffff) + (r >> 16);
	return (uint16_t) ~(r + (r >> 16));
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t pkt_len = std_meta->packet_length, zero = 0, ihl, *port;
	uint8_t *pkt = ubpf_packet_data(ctx), *ip = pkt + 14, *tcp;
	struct key key = {0}, fresh = {0}, *to;
	uint16_t sum;

	if (pkt_len < 34 || load_half(pkt, 12) != 0x0800 || ip[9] != 6)
		return 1;
	ihl = (ip[0] & 15u) * 4;
	if (ihl < 20 || pkt_len < 14 + ihl + 20)
		return 0;
	tcp = ip + ihl;
	key.addr = *(uint32_t *)(ip + 12);
	key.port = *(uint16_t *)tcp;
	to = ubpf_map_lookup(&nat, &key);
	if (!to) {
		port = ubpf_map_lookup(&next, &zero);
		if (!port)
			return 0;
		fresh.addr = 0x0100000a;
		fresh.port = bswap16((uint16_t)(40000 + (*port)++ % 1000));
		ubpf_map_update(&nat, &key, &fresh);
		to = ubpf_map_lookup(&nat, &key);
		if (!to)
			return 0;
	}
	sum = *(uint16_t *)(ip + 10);
	sum = mend(sum, (uint16_t)key.addr, (uint16_t)to->addr);
	sum = mend(sum, (uint16_t)(key.addr >> 16), (uint16_t)(to->addr >> 16));
	*(uint16_t *)(ip + 10) = sum;
	*(uint32_t *)(ip + 12) = to->addr;
	sum = mend(*(uint16_t *)(tcp + 16), key.port, to->port);
	*(uint16_t *)(tcp + 16) = sum;
	*(uint16_t *)tcp = to->port;
	return 1;
}
