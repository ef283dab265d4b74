// SPDX-License-Identifier: Apache-2.0
/* The workloads: packets and tables for the programs of programs/ and for examples/nat.p4. */
#include "bench/bpf/bench.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define N_ROUTES     10000u
#define N_FLOWS	     8192u

enum { TCP = 6, UDP = 17, HEADERS = 14 + 20 };

struct five {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t protocol;
};

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* Ethernet, IPv4 and the ports; the rest counts up. */
static void make_packet(const struct five *f, uint32_t len, uint8_t *bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + len);
	put16(bytes + 12, 0x0800);
	bytes[14] = 0x45;
	put16(bytes + 16, len - 14);
	put16(bytes + 20, 0);
	bytes[22] = 64;
	bytes[23] = f->protocol;
	put16(bytes + 24, 0);
	put32(bytes + 26, f->src);
	put32(bytes + 30, f->dst);
	for (int i = 14; i < HEADERS; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(bytes + 24, ~((sum & 0xffff) + (sum >> 16)));
	put16(bytes + HEADERS, f->sport);
	put16(bytes + HEADERS + 2, f->dport);
}

/* Seven of eight pass all rules by, the others match the last ones. */
static void filter_packet(unsigned int index, uint8_t *bytes, uint32_t *len)
{
	struct five f = {0x0a080000 + index, 0xc0000201, (uint16_t)(40000 + index), 8443, TCP};

	if (index == BENCH_PACKETS - 1)
		f.sport = 993;
	*len = 64;
	make_packet(&f, *len, bytes);
}

static void long_packet(unsigned int index, uint8_t *bytes, uint32_t *len)
{
	struct five f = {0x0a080000 + index, 0xc0000201, 40000, 8443, TCP};

	*len = 1514;
	make_packet(&f, *len, bytes);
}

static void nat_packet(unsigned int index, uint8_t *bytes, uint32_t *len)
{
	struct five f = {0x0a000002, 0xc6336400 + index, (uint16_t)(40000 + index), 53, UDP};

	*len = 64;
	make_packet(&f, *len, bytes);
}

/* Where the routes below lead. */
static void router_packet(unsigned int index, uint8_t *bytes, uint32_t *len)
{
	struct five f = {0x0a000002, 0x0b000001 + index * 977 * 256, 40000, 53, UDP};

	*len = 64;
	make_packet(&f, *len, bytes);
}

static void set(struct seki_bpf_prog *prog, const char *map, const void *key, const void *value)
{
	int err = seki_bpf_map_set(seki_bpf_prog_map(prog, map), key, value);

	if (err)
		bench_die("map %s: %s", map, strerror(-err));
}

/* Flows of others, so that the map is not empty. */
static void fill_flows(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < N_FLOWS; i++) {
		struct {
			uint32_t src, dst;
			uint16_t sport, dport;
			uint32_t protocol;
		} key = {0x0a100000 + i, 0xc0000201, 5000, 53, UDP};
		uint64_t value[2] = {1, 64};

		set(prog, "flows", &key, value);
	}
}

/* Prefixes of 8 to 24 bits. */
static void fill_routes(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < N_ROUTES; i++) {
		uint32_t bits = i < 16 ? 8 + i % 8 : i < 512 ? 16 : 24;
		struct {
			uint32_t bits;
			uint8_t addr[4];
		} key = {.bits = bits};
		struct {
			uint8_t macs[12];
			uint32_t port;
		} hop = {.port = i};

		memset(hop.macs, (int)i, sizeof(hop.macs));
		put32(key.addr, (0x0b000000 + (i << 8)) & (~0u << (32 - bits)));
		set(prog, "routes", &key, &hop);
	}
}

uint64_t native_filter(void *r1, void *r2);
uint64_t native_filter_flat(void *r1, void *r2);
uint64_t native_checksum(void *r1, void *r2);
uint64_t native_checksum_flat(void *r1, void *r2);
uint64_t native_counter(void *r1, void *r2);
uint64_t native_router(void *r1, void *r2);
uint64_t native_nat(void *r1, void *r2);

const struct bench_workload bench_workloads[] = {
	{
		.name = "5-tuple filter",
		.object = "filter.o",
		.dpdk = "filter_dpdk.o",
		.native = native_filter,
		.packet = filter_packet,
	},
	{
		.name = "checksum loop, 1514 bytes",
		.object = "checksum.o",
		.dpdk = "checksum_loop_dpdk.o",
		.native = native_checksum,
		.packet = long_packet,
	},
	{
		.name = "hash-map counter",
		.object = "counter.o",
		.dpdk = "counter_dpdk.o",
		.native = native_counter,
		.packet = filter_packet,
		.fill = fill_flows,
	},
	{
		.name = "LPM router",
		.object = "router.o",
		.dpdk = "router_dpdk.o",
		.native = native_router,
		.packet = router_packet,
		.fill = fill_routes,
		.restore = {22},
	},
	{
		.name = "NAT of examples/nat.p4",
		.object = "nat.o",
		.dpdk = "nat.o",
		.native = native_nat,
		.packet = nat_packet,
		.restore = {24, 40},
	},
	{
		.name = "5-tuple filter, flat",
		.object = "filter_flat.o",
		.dpdk = "filter_flat.o",
		.native = native_filter_flat,
		.flat = true,
		.packet = filter_packet,
	},
	{
		.name = "checksum unrolled, flat",
		.object = "checksum_flat.o",
		.dpdk = "checksum_flat.o",
		.native = native_checksum_flat,
		.flat = true,
		.packet = filter_packet,
	},
};
const unsigned int bench_n_workloads = COUNT(bench_workloads);
