// SPDX-License-Identifier: Apache-2.0
/* Flows: both directions alike, fragments together, flows apart, and no byte read that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring/flow.h"

struct ends {
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint8_t a, b; /* last bytes of the addresses */
	uint16_t port_a, port_b;
	uint8_t tags;
	uint16_t fragment;
};

static uint32_t put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

static uint32_t make(const struct ends *e, uint8_t *p)
{
	uint32_t n = 12;

	memset(p, 0, 128);
	memset(p, e->a, 6);
	memset(p + 6, e->b, 6);
	for (int i = 0; i < e->tags; i++) {
		n += put16(p + n, i ? 0x8100 : e->tags == 2 ? 0x88a8 : 0x8100);
		n += put16(p + n, 5);
	}
	n += put16(p + n, e->family == 4 ? 0x0800 : 0x86dd);
	if (e->family == 4) {
		p[n] = 0x45;
		p[n + 4] = (uint8_t)rand(); /* the identification is of no flow */
		put16(p + n + 6, e->fragment);
		p[n + 9] = e->protocol;
		p[n + 12] = p[n + 16] = 10;
		p[n + 15] = e->a;
		p[n + 19] = e->b;
		n += 20;
	} else {
		p[n] = 0x60;
		p[n + 6] = e->protocol;
		p[n + 8] = p[n + 24] = 0xfd;
		p[n + 23] = e->a;
		p[n + 39] = e->b;
		n += 40;
	}
	n += put16(p + n, e->port_a);
	n += put16(p + n, e->port_b);
	return n + 20;
}

/* In memory of exactly its length. */
static uint32_t hash_cut(const struct ends *e, uint32_t len)
{
	uint8_t bytes[128], *exact;
	uint32_t hash;

	make(e, bytes);
	exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	hash = seki_flow_hash(exact, len);
	free(exact);
	return hash;
}

static uint32_t hash(const struct ends *e)
{
	uint8_t bytes[128];

	return hash_cut(e, make(e, bytes));
}

static struct ends back(const struct ends *e)
{
	struct ends r = *e;

	r.a = e->b;
	r.b = e->a;
	r.port_a = e->port_b;
	r.port_b = e->port_a;
	return r;
}

static void both_directions_are_alike(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct ends e = {
			i % 2 ? 4 : 6,	  i % 3 ? 17 : 6,   (uint8_t)rand(),	  (uint8_t)rand(),
			(uint16_t)rand(), (uint16_t)rand(), (uint8_t)(i % 4 % 3), 0};
		struct ends r = back(&e);

		assert_int_equal(hash(&e), hash(&r));
	}
}

static void tags_are_of_no_flow_and_ports_are(void **state)
{
	struct ends e = {4, 17, 1, 2, 1000, 2000, 0, 0}, tagged = e, other = e, crossed = e;

	(void)state;
	tagged.tags = 2;
	assert_int_equal(hash(&e), hash(&tagged));
	other.port_a++;
	assert_int_not_equal(hash(&e), hash(&other));
	crossed.port_a = 2000;
	crossed.port_b = 1000;
	assert_int_not_equal(hash(&e), hash(&crossed));
	other = e;
	other.protocol = 6;
	assert_int_not_equal(hash(&e), hash(&other));
}

static void fragments_stay_together(void **state)
{
	struct ends first = {4, 17, 1, 2, 1000, 2000, 0, 0x2000}, later = first;

	(void)state;
	later.fragment = 0x2010;
	later.port_a = 0xdead; /* bytes of the payload */
	assert_int_equal(hash(&first), hash(&later));
	later.fragment = 0x0020;
	assert_int_equal(hash(&first), hash(&later));
}

/* 4 lanes and 4096 flows: none gets less than three quarters of its share. */
static void flows_spread(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		uint32_t lanes[4] = {0};

		for (uint32_t i = 0; i < 4096; i++) {
			struct ends e = {(uint8_t)family,	17, 1, 2,
					 (uint16_t)(40000 + i), 53, 0, 0};

			lanes[hash(&e) % 4]++;
		}
		for (int i = 0; i < 4; i++)
			assert_in_range(lanes[i], 768, 1280);
	}
}

/* Under AddressSanitizer every byte beyond the end would be seen. */
static void any_length_will_do(void **state)
{
	(void)state;
	for (uint8_t tags = 0; tags < 3; tags++) {
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct ends e = {family, 17, 1, 2, 1000, 2000, tags, 0};
			uint8_t bytes[128];

			for (uint32_t len = make(&e, bytes) + 1; len--;)
				hash_cut(&e, len);
		}
	}
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t len = (uint32_t)rand() % 80;
		uint8_t *p = malloc(len ? len : 1);

		for (uint32_t j = 0; j < len; j++)
			p[j] = (uint8_t)rand();
		if (len > 14)
			put16(p + 12, i % 3 ? 0x0800 : 0x8100);
		seki_flow_hash(p, len);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_are_alike),
		cmocka_unit_test(tags_are_of_no_flow_and_ports_are),
		cmocka_unit_test(fragments_stay_together),
		cmocka_unit_test(flows_spread),
		cmocka_unit_test(any_length_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
