// SPDX-License-Identifier: Apache-2.0
/*
 * The native engine: the same C, compiled by the C compiler at -O2, called through a pointer. Its
 * helpers are plain functions on the machine's own maps and packets.
 */
#include "bench/bpf/bench.h"

#include <string.h>

/* What stands in a definition of the program once its map is known, with the type's own function to
 * look keys up. */
struct bound {
	struct seki_bpf_map *map;
	seki_bpf_find find;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct bound) <= sizeof(struct seki_map_def), "fits");

#define MAP(name) extern unsigned char name[sizeof(struct seki_map_def)];
MAP(flows)
MAP(routes)
MAP(pipe_outgoing)
MAP(pipe_outgoing_defaultAction)
MAP(pipe_incoming)
MAP(pipe_incoming_defaultAction)
#undef MAP

static const struct {
	const char *name;
	unsigned char *definition;
} maps[] = {
#define MAP(name)                                                                                  \
	{                                                                                          \
#name, name                                                                        \
	}
	MAP(flows),	    MAP(routes),
	MAP(pipe_outgoing), MAP(pipe_outgoing_defaultAction),
	MAP(pipe_incoming), MAP(pipe_incoming_defaultAction),
#undef MAP
};

void *native_lookup(const struct bound *map, const void *key) __asm__("helper$ubpf_map_lookup");
int native_update(const struct bound *map, const void *key,
		  const void *value) __asm__("helper$ubpf_map_update");
void *native_packet_data(const struct seki_bpf_running *running) __asm__("helper$ubpf_packet_data");
void *native_adjust_head(struct seki_bpf_running *running,
			 int by) __asm__("helper$ubpf_adjust_head");
uint32_t native_truncate(struct seki_bpf_running *running,
			 int max) __asm__("helper$ubpf_truncate_packet");
void native_drop_site(uint32_t line) __asm__("helper$drop_site");

static void *find_in_array(const struct seki_bpf_map *map, const void *key)
{
	return seki_bpf_map_find(map, key, 0);
}

void *native_lookup(const struct bound *map, const void *key)
{
	return map->find(map->map, key);
}

int native_update(const struct bound *map, const void *key, const void *value)
{
	return seki_bpf_map_put(map->map, key, value, SEKI_MAP_ANY, 0);
}

void *native_packet_data(const struct seki_bpf_running *running)
{
	return running->packet.buf + running->packet.off;
}

void *native_adjust_head(struct seki_bpf_running *running, int by)
{
	if (seki_bpf_packet_adjust(&running->packet, by))
		bench_die("a program ran out of room for its head");
	return running->packet.buf + running->packet.off;
}

uint32_t native_truncate(struct seki_bpf_running *running, int max)
{
	return seki_bpf_packet_truncate(&running->packet, max);
}

void native_drop_site(uint32_t line)
{
	(void)line;
}

static int run(struct bench_unit *unit, struct bench_context *c, uint64_t *r0)
{
	*r0 = unit->load->flat ? unit->function(bench_bytes(c), NULL)
			       : unit->function(&c->running, &c->run.meta);
	return 0;
}

static void batch(struct bench_unit *unit, uint64_t n)
{
	bench_function function = unit->function;

	if (unit->load->flat)
		BENCH_BATCH(unit, n, function(bench_bytes(c), NULL))
	else
		BENCH_BATCH(unit, n, function(&c->running, &c->run.meta))
}

static void open_native(struct bench_unit *unit)
{
	unit->function = unit->load->native;
	unit->run = run;
	unit->batch = batch;
	if (unit->load->flat || !bench_load(unit, SEKI_BPF_ENGINE_INTERPRETER))
		return;
	unit->load_ns = 0; /* of its maps only */
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct bound bound = {.map = seki_bpf_prog_map(unit->prog, maps[i].name)};

		if (!bound.map)
			continue;
		bound.find = seki_bpf_map_finder(&bound.map->def);
		if (!bound.find)
			bound.find = find_in_array;
		memcpy(maps[i].definition, &bound, sizeof(bound));
	}
}

static void close_native(struct bench_unit *unit)
{
	seki_bpf_prog_destroy(unit->prog);
}

const struct bench_engine bench_native = {"native", open_native, close_native};
