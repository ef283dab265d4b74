// SPDX-License-Identifier: Apache-2.0
/*
 * State between packets: a Register counts the packets of each first byte, and the third of a kind
 * is dropped; a function that is not inlined, a hash, a line of output.
 */
//: packet 0700
//: pass 0700
//: packet 0800
//: pass 0800
//: packet 0701
//: pass 0701
//: packet 0702
//: drop
//: packet 0801
//: pass 0801
//: packet
//: drop
#include "ubpf.h"

struct ubpf_map_def pipe_seen = {MAP_HASH, 4, 4, 16, 0};

static __attribute__((noinline)) uint32_t next(uint32_t *key)
{
	uint32_t *cell = ubpf_map_lookup(&pipe_seen, key);

	return cell ? *cell + 1 : 1;
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t key, count, value;
	uint8_t *pkt = ubpf_packet_data(ctx);

	if (std_meta->packet_length < 1)
		return 0;
	key = pkt[0];
	count = next(&key);
	value = count;
	ubpf_map_update(&pipe_seen, &key, &value);
	ubpf_printf("packet %u of kind %x, hash %u", count, key, ubpf_hash(&key, sizeof(key)));
	return count < 3;
}
