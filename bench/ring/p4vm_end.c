// SPDX-License-Identifier: Apache-2.0
#include "bench/ring/ends.h"

#include <stdlib.h>

#include "p4vm/queue.h"

struct seki_bpf_prog {
	struct seki_bpf_info info;
	uint32_t loops;
};

struct p4vm_end {
	struct seki_queue queue;
	struct seki_engine engine;
	struct seki_bpf_prog prog;
};

/* In place of lib/bpf and of the facts, so that the ring is what is measured. */

const struct seki_bpf_info *seki_bpf_prog_info(const struct seki_bpf_prog *prog)
{
	return &prog->info;
}

int seki_bpf_prog_run(struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t *r0)
{
	uint64_t x = run->buf[run->off + 12];

	for (uint32_t i = 0; i < prog->loops; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" : "+r"(x));
	}
	if (prog->info.packet_written)
		run->buf[run->off + 22]--;
	*r0 = x | 1;
	return 0;
}

bool seki_vminfo_poll(struct seki_vminfo *info, uint64_t boot_ns, uint64_t real_ns)
{
	(void)info;
	(void)boot_ns;
	(void)real_ns;
	return false;
}

bool seki_vminfo_fresh(const struct seki_vminfo *info, uint64_t boot_ns)
{
	(void)info;
	(void)boot_ns;
	return false;
}

bool seki_vminfo_udp_sent(const struct seki_vminfo *info, const struct seki_udp_query *query,
			  uint64_t within_ms, uint64_t boot_ns)
{
	(void)query;
	return seki_vminfo_udp_sent_any(info, within_ms, boot_ns);
}

bool seki_vminfo_udp_sent_any(const struct seki_vminfo *info, uint64_t within_ms, uint64_t boot_ns)
{
	(void)info;
	(void)within_ms;
	(void)boot_ns;
	return false;
}

struct p4vm_end *p4vm_end_create(const struct program *program, void *switch_region,
				 void *p4vm_region)
{
	struct p4vm_end *end = aligned_alloc(64, (sizeof(*end) + 63) / 64 * 64);

	if (!end)
		abort();
	*end = (struct p4vm_end){.prog = {.info = {.packet_touch = program->touch,
						   .packet_written = program->written},
					  .loops = program->loops}};
	if (seki_ring_p4vm_init(&end->queue.ring, switch_region, p4vm_region))
		abort();
	seki_engine_init(&end->engine, NULL, NULL);
	seki_engine_swap(&end->engine, &end->prog);
	seki_ring_p4vm_set_want(&end->queue.ring, end->engine.touch);
	return end;
}

void p4vm_end_destroy(struct p4vm_end *end)
{
	free(end);
}

uint32_t p4vm_end_turn(struct p4vm_end *end)
{
	int n;

	seki_engine_refresh(&end->engine);
	n = seki_queue_step(&end->queue, &end->engine);
	if (n < 0)
		abort();
	return (uint32_t)n;
}

void p4vm_end_inline(struct p4vm_end *end, const uint8_t *const *packets, uint32_t len, uint32_t n)
{
	seki_engine_refresh(&end->engine);
	for (uint32_t i = 0; i < n; i++) {
		const struct seki_submission sub = {
			.len = (uint16_t)len, .copied = (uint16_t)len, .in_port = SEKI_PORT_VM};
		const struct seki_packet packet = {.sub = &sub, .bytes = packets[i]};
		struct seki_completion out;

		seki_engine_run(&end->engine, &packet, &out);
	}
}

struct seki_bpf_prog *p4vm_end_prog(struct p4vm_end *end)
{
	return &end->prog;
}

size_t p4vm_end_bytes(void)
{
	return sizeof(struct seki_queue);
}
