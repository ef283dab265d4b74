// SPDX-License-Identifier: Apache-2.0
/*
 * Keys wider than a register: a table on a 128-bit address, copied byte by byte in reverse, as p4c
 * keeps such fields; a timestamp.
 */
//: packet 000102030405060708090a0b0c0d0e0f55
//: pass 000102030405060708090a0b0c0d0e0f55
//: packet 00000000000000000000000000000001
//: drop
//: packet 000102030405060708090a0b0c0d0e
//: drop
#include "ubpf.h"

struct key {
	uint8_t addr[16];
};

struct ubpf_map_def pipe_hosts = {MAP_HASH, sizeof(struct key), 8, 64, 0};

const struct {
	struct key key;
	uint64_t value;
} __attribute__((packed)) seki_init_pipe_hosts[] __attribute__((section("sekisho.init"))) = {
	{{{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}, 1}};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	struct key key = {};
	uint64_t *value;

	if (std_meta->packet_length < 16)
		return 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < 16; i++)
		key.addr[15 - i] = pkt[i];
	value = ubpf_map_lookup(&pipe_hosts, &key);
	if (value == NULL)
		return 0;
	*value = ubpf_time_get_ns();
	return 1;
}
