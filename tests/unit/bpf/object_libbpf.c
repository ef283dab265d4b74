// SPDX-License-Identifier: Apache-2.0
/*
 * A program as libbpf's users write them, which test_object_clang.c loads: maps in .maps, a section
 * for the programs, functions in .text, a licence, and other programs with what is none of ours.
 */
#include "tests/conformance/bpf/ubpf.h"

#define SEC(name)	   __attribute__((section(name), used))
#define __uint(name, val)  int(*name)[val]
#define __type(name, type) __typeof__(type) *name

struct flow {
	uint32_t addr;
	uint16_t port[4];
};

struct {
	__uint(type, 1); /* BPF_MAP_TYPE_HASH */
	__uint(max_entries, 100);
	__type(key, struct flow);
	__type(value, uint64_t);
} flows SEC(".maps");

static struct {
	__uint(type, 2); /* BPF_MAP_TYPE_ARRAY */
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, sizeof(uint64_t));
} counts SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
uint32_t kernel_version SEC("version") = 1;
const volatile uint32_t step = 5;
uint64_t variable;
static uint64_t hidden;
extern uint64_t outside(uint64_t x);
void *memcpy(void *to, const void *from, unsigned long n);

__attribute__((noinline)) uint64_t count(uint32_t key)
{
	uint64_t *value = ubpf_map_lookup((void *)&counts, &key);

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

	return ubpf_map_update((void *)&flows, &flow, &one) == 0 ? count(1) : 0;
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
