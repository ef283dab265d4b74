// SPDX-License-Identifier: Apache-2.0
/* Symmetric: what the two ends contribute is mixed for each and added. */
#include "core/ring/flow.h"

#include <stdbool.h>
#include <string.h>

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu

/* A bijection that lets each bit change about half of the others (splitmix64's end). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint32_t be16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* Up to 8 bytes. */
static uint64_t word_at(const uint8_t *p, uint32_t bytes)
{
	uint64_t word = 0;

	memcpy(&word, p, bytes);
	return word;
}

static uint32_t join(uint64_t a, uint64_t b, uint64_t kind)
{
	uint64_t sum = mix(mix(a) + mix(b) + kind);

	return (uint32_t)(sum ^ sum >> 32);
}

/* Both ports, as far as the protocol has them where TCP has. */
static bool has_ports(uint32_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 ||
	       protocol == 136;
}

static uint32_t hash_ipv4(const uint8_t *ip, uint32_t len)
{
	uint32_t header = (ip[0] & 15u) * 4u;
	uint64_t a = word_at(ip + 12, 4) << 16, b = word_at(ip + 16, 4) << 16;

	/* More fragments, or an offset. */
	if (be16_at(ip + 6) & 0x3fffu)
		return join(a, b, 0);
	if (has_ports(ip[9]) && header >= 20 && header + 4 <= len) {
		a |= be16_at(ip + header);
		b |= be16_at(ip + header + 2);
	}
	return join(a, b, ip[9]);
}

/* Extension headers are not followed: what is behind them is of the flow of the addresses. */
static uint32_t hash_ipv6(const uint8_t *ip, uint32_t len)
{
	uint64_t a = mix(word_at(ip + 8, 8)) ^ word_at(ip + 16, 8);
	uint64_t b = mix(word_at(ip + 24, 8)) ^ word_at(ip + 32, 8);

	if (!has_ports(ip[6]))
		return join(a, b, 0);
	if (len >= 44) {
		a = mix(a) + be16_at(ip + 40);
		b = mix(b) + be16_at(ip + 42);
	}
	return join(a, b, ip[6]);
}

uint32_t seki_flow_hash(const uint8_t *packet, uint32_t len)
{
	uint32_t off = 12, type;

	if (len < 14)
		return 0;
	type = be16_at(packet + off);
	for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8) && off + 6 <= len;
	     tags++) {
		off += 4;
		type = be16_at(packet + off);
	}
	off += 2;
	if (type == TYPE_IPV4 && len - off >= 20 && packet[off] >> 4 == 4)
		return hash_ipv4(packet + off, len - off);
	if (type == TYPE_IPV6 && len - off >= 40)
		return hash_ipv6(packet + off, len - off);
	return join(word_at(packet, 6), word_at(packet + 6, 6), type);
}
