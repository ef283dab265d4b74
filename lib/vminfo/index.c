/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/vminfo/index.h"

#include <stdbool.h>
#include <string.h>

_Static_assert(SEKI_VMINFO_SLOTS <= 65536, "slots fit the chains");
_Static_assert((SEKI_VMINFO_SLOTS & (SEKI_VMINFO_SLOTS - 1)) == 0, "hashes are masked");
_Static_assert(sizeof(struct seki_udp_query) % 8 == 0, "keys are hashed by words");

/* Both halves of the product of two 64-bit numbers, folded. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t bucket(const struct seki_flow_index *x, const struct seki_udp_query *flow)
{
	uint64_t words[sizeof(*flow) / 8], hash = x->seed;

	memcpy(words, flow, sizeof(words));
	for (unsigned int i = 0; i < sizeof(words) / 8; i++)
		hash = fold(hash ^ words[i], x->seed | 1) + i;
	return (uint32_t)fold(hash, 0x9e3779b97f4a7c15u) & (SEKI_VMINFO_SLOTS - 1);
}

static bool same(const struct seki_udp_query *a, const struct seki_udp_query *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void seki_flow_index_init(struct seki_flow_index *x, uint64_t seed)
{
	memset(x, 0, sizeof(*x));
	x->seed = seed;
}

void seki_flow_index_set(struct seki_flow_index *x, uint32_t slot,
			 const struct seki_udp_query *flow)
{
	uint32_t b = bucket(x, flow);

	seki_flow_index_clear(x, slot);
	x->keys[slot] = *flow;
	x->next[slot] = x->heads[b];
	x->heads[b] = (uint16_t)slot;
	x->count++;
}

void seki_flow_index_clear(struct seki_flow_index *x, uint32_t slot)
{
	uint16_t *link;

	if (!x->keys[slot].family)
		return;
	link = &x->heads[bucket(x, &x->keys[slot])];
	while (*link != slot)
		link = &x->next[*link];
	*link = x->next[slot];
	x->next[slot] = 0;
	memset(&x->keys[slot], 0, sizeof(x->keys[slot]));
	x->count--;
}

static uint32_t first_same(const struct seki_flow_index *x, uint32_t slot,
			   const struct seki_udp_query *flow)
{
	while (slot && !same(&x->keys[slot], flow))
		slot = x->next[slot];
	return slot;
}

uint32_t seki_flow_index_find(const struct seki_flow_index *x, const struct seki_udp_query *flow)
{
	return first_same(x, x->heads[bucket(x, flow)], flow);
}

uint32_t seki_flow_index_next(const struct seki_flow_index *x, uint32_t slot)
{
	return first_same(x, x->next[slot], &x->keys[slot]);
}
