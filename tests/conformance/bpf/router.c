// SPDX-License-Identifier: Apache-2.0
/*
 * Ethernet and IPv4, a table on the destination with a default action, TTL and checksum: the shape
 * that p4c's back end gives such a program.
 */
//: packet ffffffffffff0a0b0c0d0e0f080645000014000000004006000000000000
//: drop
//: packet ffffffffffff0a0b0c0d0e0f08004500001400000000400666ab0a00000101020304aabb
//: drop
//: packet ffffffffffff0a0b0c0d0e0f08004500001400000000400666ab0a0000010a000002aabb
//: pass 1122334455660a0b0c0d0e0f080045000014000000003f0667ab0a0000010a000002aabb
//: packet ffffffffffff0a0b0c0d0e0f08004500001400000000
//: drop
//: packet ffff
//: drop
#include "ubpf.h"

struct ethernet {
	uint64_t dst; /* 48 bits */
	uint64_t src; /* 48 bits */
	uint16_t type;
	uint8_t ebpf_valid;
};

struct ipv4 {
	uint8_t version, ihl, diffserv, ttl, protocol, flags;
	uint16_t len, id, frag, checksum;
	uint32_t src, dst;
	uint8_t ebpf_valid;
};

struct headers {
	struct ethernet ethernet;
	struct ipv4 ipv4;
};

struct pipe_route_key {
	uint32_t headers_ipv4_dst;
} __attribute__((aligned(4)));

enum pipe_route_actions { pipe_forward, pipe_drop };

struct pipe_route_value {
	enum pipe_route_actions action;
	union {
		struct {
			uint64_t dst;
			uint32_t port;
		} pipe_forward;
	} u;
};

struct ubpf_map_def pipe_route = {MAP_HASH, sizeof(struct pipe_route_key),
				  sizeof(struct pipe_route_value), 1024, 0};
struct ubpf_map_def pipe_route_defaultAction = {MAP_ARRAY, 4, sizeof(struct pipe_route_value), 1,
						0};

struct pipe_route_pair {
	struct pipe_route_key key;
	struct pipe_route_value value;
} __attribute__((packed));

const struct pipe_route_pair seki_init_pipe_route[] __attribute__((section("sekisho.init"))) = {
	{{0x0a000002}, {pipe_forward, .u.pipe_forward = {0x112233445566, 7}}}};
const struct {
	uint32_t key;
	struct pipe_route_value value;
} __attribute__((packed)) seki_init_pipe_route_defaultAction[]
	__attribute__((section("sekisho.init"))) = {{0, {pipe_drop, {{0}}}}};
const char source[] __attribute__((section("sekisho.source"))) = "router.p4";

static inline uint16_t csum_replace2(uint16_t sum, uint16_t old, uint16_t new)
{
	uint32_t s = (uint16_t)~sum + (uint16_t)~old + new;

	s = (s >> 16) + (s & 0xffff);
	s += s >> 16;
	return ~s;
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	struct headers headers;
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t pkt_len = std_meta->packet_length;
	uint32_t offset = 0;
	uint8_t hit = 0, pass = 1;
	struct pipe_route_value *value = NULL;
	int out = 0, shift;

	headers.ethernet.ebpf_valid = 0;
	headers.ipv4.ebpf_valid = 0;
start:
	if (pkt_len < BYTES(offset + 112))
		goto reject;
	headers.ethernet.dst = load_dword(pkt, BYTES(offset)) >> 16;
	headers.ethernet.src = ((uint64_t)load_word(pkt, BYTES(offset) + 6) << 16) |
			       load_half(pkt, BYTES(offset) + 10);
	headers.ethernet.type = load_half(pkt, BYTES(offset) + 12);
	headers.ethernet.ebpf_valid = 1;
	offset += 112;
	if (headers.ethernet.type == 0x0800)
		goto parse_ipv4;
	goto reject;
parse_ipv4:
	if (pkt_len < BYTES(offset + 160))
		goto reject;
	headers.ipv4.version = load_byte(pkt, BYTES(offset)) >> 4;
	headers.ipv4.ihl = load_byte(pkt, BYTES(offset)) & 15;
	headers.ipv4.diffserv = load_byte(pkt, BYTES(offset) + 1);
	headers.ipv4.len = load_half(pkt, BYTES(offset) + 2);
	headers.ipv4.id = load_half(pkt, BYTES(offset) + 4);
	headers.ipv4.flags = load_byte(pkt, BYTES(offset) + 6) >> 5;
	headers.ipv4.frag = load_half(pkt, BYTES(offset) + 6) & 0x1fff;
	headers.ipv4.ttl = load_byte(pkt, BYTES(offset) + 8);
	headers.ipv4.protocol = load_byte(pkt, BYTES(offset) + 9);
	headers.ipv4.checksum = load_half(pkt, BYTES(offset) + 10);
	headers.ipv4.src = load_word(pkt, BYTES(offset) + 12);
	headers.ipv4.dst = load_word(pkt, BYTES(offset) + 16);
	headers.ipv4.ebpf_valid = 1;
	offset += 160;
	goto accept;
reject:
	return 0;
accept : {
	struct pipe_route_key key = {};

	key.headers_ipv4_dst = headers.ipv4.dst;
	value = ubpf_map_lookup(&pipe_route, &key);
	if (value == NULL) {
		uint32_t zero = 0;

		value = ubpf_map_lookup(&pipe_route_defaultAction, &zero);
	} else {
		hit = 1;
	}
}
	if (value != NULL) {
		switch (value->action) {
		case pipe_forward: {
			uint16_t old = (uint16_t)(headers.ipv4.ttl << 8 | headers.ipv4.protocol);

			headers.ethernet.dst = value->u.pipe_forward.dst;
			std_meta->output_action = REDIRECT;
			std_meta->output_port = value->u.pipe_forward.port;
			headers.ipv4.ttl--;
			headers.ipv4.checksum = csum_replace2(
				headers.ipv4.checksum, old,
				(uint16_t)(headers.ipv4.ttl << 8 | headers.ipv4.protocol));
			pass = 1;
			break;
		}
		case pipe_drop:
			pass = 0;
			break;
		default:
			return 0;
		}
	} else {
		return 0;
	}
	if (!hit)
		pass = 0;
	if (!pass)
		return 0;
	if (headers.ethernet.ebpf_valid)
		out += 112;
	if (headers.ipv4.ebpf_valid)
		out += 160;
	shift = (int)BYTES(out) - (int)BYTES(offset);
	pkt = ubpf_adjust_head(ctx, shift);
	pkt_len += shift;
	offset = 0;
	if (headers.ethernet.ebpf_valid) {
		if (pkt_len < BYTES(offset + 112))
			goto done;
		headers.ethernet.dst = bswap64(headers.ethernet.dst) >> 16;
#pragma clang loop unroll(full)
		for (int i = 0; i < 6; i++)
			write_byte(pkt, BYTES(offset) + i, ((uint8_t *)&headers.ethernet.dst)[i]);
		headers.ethernet.src = bswap64(headers.ethernet.src) >> 16;
#pragma clang loop unroll(full)
		for (int i = 0; i < 6; i++)
			write_byte(pkt, BYTES(offset) + 6 + i,
				   ((uint8_t *)&headers.ethernet.src)[i]);
		headers.ethernet.type = bswap16(headers.ethernet.type);
		write_byte(pkt, BYTES(offset) + 12, headers.ethernet.type & 0xff);
		write_byte(pkt, BYTES(offset) + 13, headers.ethernet.type >> 8);
		offset += 112;
	}
	if (headers.ipv4.ebpf_valid) {
		if (pkt_len < BYTES(offset + 160))
			goto done;
		write_byte(pkt, BYTES(offset), headers.ipv4.version << 4 | headers.ipv4.ihl);
		write_byte(pkt, BYTES(offset) + 8, headers.ipv4.ttl);
		write_byte(pkt, BYTES(offset) + 10, headers.ipv4.checksum >> 8);
		write_byte(pkt, BYTES(offset) + 11, headers.ipv4.checksum & 0xff);
		offset += 160;
	}
done:
	return 1;
}
