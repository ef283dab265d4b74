// SPDX-License-Identifier: Apache-2.0
/* Loops in loops over a table in the stack and one in a map. */
//: compare 0102030405060708
//: compare ff00ff00ff00ff00
#include "../ubpf.h"

struct table {
	uint32_t cell[16];
};
struct ubpf_map_def tables = {MAP_ARRAY, 4, sizeof(struct table), 1, 0};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint8_t grid[8][8];
	uint32_t zero = 0, sum = 0;
	struct table *t = ubpf_map_lookup(&tables, &zero);

	if (std_meta->packet_length < 8 || !t)
		return 0;
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < 8; k++)
			grid[i][k] = pkt[i] ^ pkt[k];
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < i; k++)
			sum += grid[k][i & 7] * (uint32_t)(i + k);
	t->cell[sum & 15]++;
	t->cell[grid[sum & 7][1] % 16]++;
	for (uint32_t i = 0; i < 16; i++)
		sum += t->cell[i] * i;
	*(uint32_t *)pkt = sum;
	return 1;
}
