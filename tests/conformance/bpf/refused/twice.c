// SPDX-License-Identifier: Apache-2.0
//: refused map acl: its entries to start with do not fit (entry 1)
#include "../ubpf.h"

struct ubpf_map_def acl = {8, 1, 1, 16, 0};

struct pair {
	uint32_t priority;
	uint8_t first, second, value;
} __attribute__((packed));

/* The second names the first: what its mask leaves out counts for nothing. */
const struct pair seki_init_acl[]
	__attribute__((section("sekisho.init"))) = {{1, 0x10, 0xf0, 1}, {1, 0x1f, 0xf0, 2}};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t key = 0;

	return ubpf_map_lookup(&acl, &key) != NULL;
}
