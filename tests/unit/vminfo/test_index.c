/* SPDX-License-Identifier: Apache-2.0 */
/* The index of flows against a list that is searched from end to end. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/vminfo/index.h"

#define FLOWS  40
#define ROUNDS 20000

static struct seki_udp_query flow_of(unsigned int n)
{
	struct seki_udp_query q = {.family = 4, .sport = (uint16_t)(n / 2), .dport = 53};

	q.daddr[3] = n & 1;
	return q;
}

/* Slots that hold flow n according to the index, as a set of bits. */
static uint64_t slots_of(const struct seki_flow_index *x, unsigned int n)
{
	struct seki_udp_query q = flow_of(n);
	uint64_t found = 0;

	for (uint32_t slot = seki_flow_index_find(x, &q); slot;
	     slot = seki_flow_index_next(x, slot)) {
		assert_false(found & 1ull << slot);
		found |= 1ull << slot;
	}
	return found;
}

static void the_index_agrees_with_a_list(void **state)
{
	struct seki_flow_index *x = malloc(sizeof(*x));
	int list[64]; /* flow in a slot, -1: none */
	unsigned int seed = 1;

	(void)state;
	assert_non_null(x);
	seki_flow_index_init(x, 0x123456789abcdefull);
	memset(list, 0xff, sizeof(list));
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t slot = 1 + (uint32_t)rand_r(&seed) % 63;
		unsigned int n = (unsigned int)rand_r(&seed) % FLOWS, used = 0;
		struct seki_udp_query q = flow_of(n);
		uint64_t expected = 0;

		list[slot] = rand_r(&seed) % 3 ? (int)n : -1;
		if (list[slot] >= 0)
			seki_flow_index_set(x, slot, &q);
		else
			seki_flow_index_clear(x, slot);
		for (uint32_t s = 1; s < 64; s++) {
			used += list[s] >= 0;
			expected |= (uint64_t)(list[s] == (int)n) << s;
		}
		assert_true(slots_of(x, n) == expected);
		assert_int_equal(x->count, used);
	}
	free(x);
}

static void flows_that_share_a_chain_stay_apart(void **state)
{
	struct seki_flow_index *x = malloc(sizeof(*x));

	(void)state;
	assert_non_null(x);
	seki_flow_index_init(x, 0); /* the worst seed: still right */
	for (uint32_t slot = 1; slot < SEKI_VMINFO_SLOTS; slot++) {
		struct seki_udp_query q = flow_of(slot);

		seki_flow_index_set(x, slot, &q);
	}
	for (uint32_t slot = 1; slot < SEKI_VMINFO_SLOTS; slot++) {
		struct seki_udp_query q = flow_of(slot);

		assert_int_equal(seki_flow_index_find(x, &q), slot);
		assert_int_equal(seki_flow_index_next(x, slot), 0);
	}
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_agrees_with_a_list),
		cmocka_unit_test(flows_that_share_a_chain_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
