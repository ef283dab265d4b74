// SPDX-License-Identifier: Apache-2.0
//: refused map acl: seki_fields_acl: the fields do not have the key's size together
#include "../ubpf.h"

struct field {
	uint16_t offset, bytes, bits;
	uint8_t match, pad;
};

struct ubpf_map_def acl = {8, 4, 4, 16, 0};
const struct field seki_fields_acl[]
	__attribute__((section("sekisho.fields"))) = {{0, 2, 16, 3, 0}, {2, 1, 8, 4, 0}};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint32_t key = 0;

	return ubpf_map_lookup(&acl, &key) != NULL;
}
