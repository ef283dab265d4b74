// SPDX-License-Identifier: Apache-2.0
/* Indices made safe by masks, remainders, minima, switches and comparisons of both signs. */
//: compare 0102030405060708090a0b0c0d0e0f10
//: compare fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0
//: compare 80818283848586878889
#include "../ubpf.h"

struct row {
	uint16_t a;
	uint8_t b[6];
};
struct value {
	struct row rows[8];
	uint64_t sum;
};
struct ubpf_map_def values = {MAP_ARRAY, 4, sizeof(struct value), 2, 0};

static inline uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t key = 0, n, sum = 0;
	struct value *v, *other;
	int8_t s;
	int k;

	if (std_meta->packet_length < 10)
		return 0;
	v = ubpf_map_lookup(&values, &key);
	key = 1;
	other = ubpf_map_lookup(&values, &key);
	if (!v || !other)
		return 0;
	n = pkt[0];
	v->rows[n & 7].a++;
	v->rows[n % 8].b[pkt[1] % 6]++;
	other->rows[least(n, 7)].a++;
	n = *(uint16_t *)(pkt + 2);
	if (n / 8192 < 8)
		v->rows[n / 8192].a += 3;
	n &= ~3u;
	if (n < sizeof(v->rows))
		sum += *(uint32_t *)((uint8_t *)v->rows + n);
	s = (int8_t)pkt[4];
	if (s >= -4 && s < 4)
		other->rows[s + 4].a += 5;
	k = (int)pkt[5] - 100;
	k >>= 5;
	if (k >= 0 && k < 8)
		v->rows[k].b[0] += 1;
	k = pkt[5] ^ pkt[6];
	other->rows[k >> 5].a += 7;
	k = (int)pkt[6] * 3 - 384;
	if (k > 0)
		other->rows[k / 64u].b[k % 5u] += 2;
	k = 1 << (pkt[1] & 3);
	v->rows[k - 1].b[(pkt[2] | pkt[3]) >> 6]++;
	switch (pkt[7]) {
	case 1:
		n = 0;
		break;
	case 2:
		n = 5;
		break;
	case 8:
		n = 7;
		break;
	default:
		n = pkt[7] > 200;
	}
	v->rows[n].a += 9;
	n = (pkt[8] > 3) + (pkt[9] > 100) * 2u + (pkt[8] == pkt[9]);
	other->rows[n].a += 11;
	for (int i = 0; i < 8; i++)
		sum = sum * 31 + v->rows[i].a + other->rows[i].b[1] +
		      (uint32_t)other->rows[i].a * 7;
	*(uint32_t *)pkt = sum;
	return 1;
}
