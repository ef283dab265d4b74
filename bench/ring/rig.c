// SPDX-License-Identifier: Apache-2.0
#include "bench/ring/rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* In place of the connector. */
void seki_connector_lock(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_unlock(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_kick(struct seki_connector *c)
{
	(void)c;
}

void seki_connector_add(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_remove(struct seki_connector *c, struct seki_queue *q)
{
	(void)c;
	(void)q;
}

void seki_connector_redirect(struct seki_queue *q)
{
	(void)q;
}

static void keep(void *packet)
{
	(void)packet;
}

void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

struct rig *rig_create(const struct program *program, uint32_t batches)
{
	const struct seki_hook_config config = {
		.socket = "/", .inflight = SEKI_RING_ENTRIES, .deadline_ms = 60000, .workers = 1};
	struct rig *r = calloc(1, sizeof(*r));
	struct seki_outcome out;

	if (!r || seki_hook_create(NULL, "bench", &config, keep, &r->hook))
		abort();
	r->pool = batches * SEKI_BATCH_MAX;
	r->lanes = seki_hook_lanes(r->hook, 0);
	r->packets = calloc(r->pool, sizeof(*r->packets));
	r->session = (struct seki_session){.sock = -1,
					   .eventfd = -1,
					   .switch_region = shared(SEKI_RING_REGION_BYTES),
					   .p4vm_region = shared(SEKI_RING_REGION_BYTES)};
	if (!r->lanes || !r->packets)
		abort();
	for (uint32_t i = 0; i < r->pool; i++) {
		r->data[i] = r->packets[i].bytes;
		r->free[r->n_free++] = i;
	}
	seki_ring_switch_init(&r->session.ring, r->session.switch_region, r->session.p4vm_region);
	r->p4vm = p4vm_end_create(program, r->session.switch_region, r->session.p4vm_region);
	r->lanes->queues[0]->offered = &r->session;
	seki_lanes_poll(r->lanes, 1, &out, 1);
	return r;
}

void rig_destroy(struct rig *r)
{
	munmap(r->session.switch_region, SEKI_RING_REGION_BYTES);
	munmap(r->session.p4vm_region, SEKI_RING_REGION_BYTES);
	p4vm_end_destroy(r->p4vm);
	seki_hook_destroy(r->hook);
	free(r->packets);
	free(r);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint32_t rig_submit(struct rig *r, uint32_t n, uint64_t now)
{
	struct seki_hook_packet packets[SEKI_BATCH_MAX];
	enum seki_fate fates[SEKI_BATCH_MAX];

	if (!n || n > r->n_free)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = &r->packets[r->free[--r->n_free]];

		packets[i] =
			(struct seki_hook_packet){.packet = p, .data = p->bytes, .len = PACKET};
	}
	seki_lanes_submit(r->lanes, SEKI_PORT_VM, now, packets, n, fates);
	for (uint32_t i = 0; i < n; i++) {
		if (fates[i] != SEKI_FATE_HELD)
			abort();
	}
	return n;
}

uint32_t rig_take(struct rig *r, uint64_t now)
{
	struct seki_outcome out[SEKI_BATCH_MAX];
	uint32_t n = seki_lanes_poll(r->lanes, now, out, SEKI_BATCH_MAX);

	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = out[i].packet;

		if (out[i].fate != SEKI_FATE_PASS)
			abort();
		if (out[i].edited) /* as the glue does */
			memcpy(p->bytes, out[i].head, out[i].head_out);
		r->free[r->n_free++] = (uint32_t)(p - r->packets);
	}
	return n;
}
