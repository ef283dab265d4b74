// SPDX-License-Identifier: Apache-2.0
/*
 * A program as libbpf's users write them, which test_object_clang.c loads: maps in .maps, a section
 * for the programs, functions in .text, a licence, and other programs with what is none of ours.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tests/conformance/bpf/ubpf.h"

struct flow {
	uint32_t addr;
	uint16_t port[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100);
	__type(key, struct flow);
	__type(value, uint64_t);
} flows SEC(".maps");

static struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, sizeof(uint64_t));
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16);
	__type(key, uint32_t);
	__type(value, uint32_t);
} recent SEC(".maps");

struct prefix {
	uint32_t bits;
	uint8_t addr[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, uint32_t);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint64_t);
} packets SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
uint32_t kernel_version SEC("version") = 1;
const volatile uint32_t step = 5;
uint64_t variable;
static uint64_t hidden;
extern uint64_t outside(uint64_t x);
void *memcpy(void *to, const void *from, unsigned long n);

__attribute__((noinline)) uint64_t count(uint32_t key)
{
	uint64_t *value = bpf_map_lookup_elem(&counts, &key);

	if (!value)
		return 0;
	*value += step;
	return *value;
}

__attribute__((noinline)) uint64_t unused(void)
{
	return outside(variable);
}

static __attribute__((noinline)) uint64_t remember(uint32_t addr)
{
	struct flow flow = {.addr = addr};
	uint64_t one = 1;

	return bpf_map_update_elem(&flows, &flow, &one, BPF_ANY) == 0 ? count(1) : 0;
}

SEC("xdp") uint64_t other(void *ctx)
{
	return variable++ + hidden++ + outside(1);
}

SEC("xdp") uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	if (std_meta->input_port == 9)
		return remember(std_meta->packet_length);
	return count(0) + count(1) * 1000;
}

SEC("tc/with/a/long.name") uint64_t last(void *ctx, struct standard_metadata *std_meta)
{
	return remember(1);
}

/* 1: a route leads there; 2: seen before. */
SEC("tc") uint64_t route(void *ctx, struct standard_metadata *std_meta)
{
	struct prefix key = {.bits = 32, .addr = {10, 1, 2, 3}};
	uint32_t zero = 0, one = 1, port = std_meta->input_port;
	uint64_t *n = bpf_map_lookup_elem(&packets, &zero);
	uint64_t result = 0;

	if (n)
		++*n;
	if (bpf_map_lookup_elem(&routes, &key))
		result |= 1;
	if (bpf_map_lookup_elem(&recent, &port))
		result |= 2;
	bpf_map_update_elem(&recent, &port, &one, BPF_ANY);
	return n ? result | *n << 8 : 0;
}

static __attribute__((noinline)) uint64_t read_at(uint32_t key)
{
	uint64_t *value = bpf_map_lookup_elem(&counts, &key);

	return *value; /* NULL? */
}

SEC("tc") uint64_t unsafe(void *ctx, struct standard_metadata *std_meta)
{
	return read_at(std_meta->input_port);
}

SEC("tc") uint64_t copies(void *ctx, struct standard_metadata *std_meta)
{
	uint64_t to = 0;

	memcpy(&to, std_meta, std_meta->packet_length & 7);
	return to;
}

SEC("tc") uint64_t globals(void *ctx, struct standard_metadata *std_meta)
{
	return ++hidden;
}
