// SPDX-License-Identifier: Apache-2.0
/*
 * The object that test_machine.c loads. The packet's first byte chooses what the program does; its
 * entry is not the first function.
 */
#include "tests/conformance/bpf/ubpf.h"

struct query {
	uint8_t family, pad[3];
	uint16_t sport, dport;
	uint8_t saddr[16], daddr[16];
};

static uint64_t (*udp_sent)(const struct query *, uint64_t) = (void *)32;
static uint64_t (*udp_sent_any)(uint64_t) = (void *)33;
static void (*drop_site)(uint32_t) = (void *)34;

struct ubpf_map_def flows = {MAP_HASH, 4, 8, 4, 0};
struct ubpf_map_def slots = {MAP_ARRAY, 4, 8, 2, 0};

struct pair {
	uint32_t key;
	uint64_t value;
} __attribute__((packed));

const struct pair seki_init_flows[] __attribute__((section("sekisho.init"))) = {{7, 70}, {8, 80}};
const struct pair seki_init_slots[] __attribute__((section("sekisho.init"))) = {{1, 99}};
const char source[] __attribute__((section("sekisho.source"))) = "object.p4";

__attribute__((noinline)) uint64_t ask(uint64_t within)
{
	struct query query = {.family = 4, .sport = 1000, .dport = 53};

	query.saddr[0] = 10;
	query.daddr[3] = 9;
	return udp_sent(&query, within);
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t key = 7;
	uint64_t *value;

	if (std_meta->packet_length < 2)
		return 0;
	switch (pkt[0]) {
	case 1:
		return ask(250);
	case 2:
		value = ubpf_map_lookup(&flows, &key);
		if (!value)
			return 0;
		*value += 1;
		return *value;
	case 3: /* the fact is asked for after a map has changed */
		ubpf_map_delete(&flows, &key);
		return udp_sent_any(100) + 1;
	case 4:
		ubpf_adjust_head(ctx, 1000);
		return 1;
	case 5:
		ubpf_printf("port %u, %d%% of %llx%c", std_meta->input_port, -5, 1ull << 40, '!');
		return 1;
	case 6:
		drop_site(42);
		return 0;
	case 7:
		std_meta->output_action = REDIRECT;
		std_meta->output_port = 3;
		std_meta->clone = 1;
		return 1;
	default:
		return pkt[1];
	}
}
