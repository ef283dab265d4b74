// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/ring/hostile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring/ring.h"

struct hostile {
	struct seki_ring_switch sw;
	struct seki_ring_p4vm vm;
	uint8_t *switch_region;
	uint8_t *p4vm_region;
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct hostile *hostile_create(void)
{
	struct hostile *h = calloc(1, sizeof(*h));

	h->switch_region = calloc(1, SEKI_RING_REGION_BYTES);
	h->p4vm_region = calloc(1, SEKI_RING_REGION_BYTES);
	seki_ring_switch_init(&h->sw, h->switch_region, h->p4vm_region);
	require(seki_ring_p4vm_init(&h->vm, h->switch_region, h->p4vm_region) == 0);
	return h;
}

void hostile_destroy(struct hostile *h)
{
	free(h->switch_region);
	free(h->p4vm_region);
	free(h);
}

static uint32_t word_of(uint64_t random)
{
	static const uint32_t telling[] = {0,	       1,	   2,	      31,    511,
					   512,	       513,	   2048,      65535, 0x7fffffff,
					   0x80000000, 0xfffffe00, 0xffffffff};

	if (random & 1)
		return telling[(random >> 1) % (sizeof(telling) / sizeof(telling[0]))];
	return (uint32_t)(random >> 16);
}

/* A random word into a header, or into a descriptor. */
static void scribble(uint8_t *region, uint64_t random)
{
	size_t words = random & 2 ? 256 / 4 : SEKI_RING_ENTRIES * 16 / 4;
	size_t base = random & 2 ? 0 : SEKI_RING_DESC_OFFSET;
	uint32_t word = word_of(random >> 2);

	memcpy(region + base + (random >> 40) % words * 4, &word, sizeof(word));
}

/* The indices of the honest side nudged back, so that a peer is believed now and then. */
static void mend(struct hostile *h, uint64_t random)
{
	struct seki_switch_header *s = (struct seki_switch_header *)(void *)h->switch_region;
	struct seki_p4vm_header *p = (struct seki_p4vm_header *)(void *)h->p4vm_region;

	s->sub_tail = h->vm.sub_head + (random & 7);
	s->cpl_head = h->vm.cpl_tail - (random >> 3 & 7);
	p->cpl_tail = h->sw.cpl_head + (random >> 6 & 7);
	p->sub_head = h->sw.sub_tail;
}

static void submit(struct hostile *h, uint64_t random)
{
	struct seki_submission subs[SEKI_BATCH_MAX];
	uint32_t n = (uint32_t)(random % (SEKI_BATCH_MAX + 1));
	uint32_t room = seki_ring_switch_room(&h->sw);

	require(room <= SEKI_RING_ENTRIES);
	memset(subs, (int)random, sizeof(subs));
	seki_ring_switch_sample(&h->sw, random);
	seki_ring_switch_submit(&h->sw, subs, n < room ? n : room);
	seki_ring_switch_wake_needed(&h->sw);
}

static void take_completions(struct hostile *h, uint64_t random)
{
	struct seki_completion cpls[SEKI_BATCH_MAX];
	uint32_t max = (uint32_t)(random % (SEKI_BATCH_MAX + 1));
	int n = seki_ring_switch_take(&h->sw, cpls, max);
	uint8_t first;

	require(n == -EPROTO || (n >= 0 && n <= (int)max));
	for (int i = 0; i < n; i++) {
		memcpy(&first,
		       seki_ring_switch_head(&h->sw, cpls[i].slot % SEKI_RING_ENTRIES,
					     cpls[i].head_out),
		       1);
		(void)first;
	}
	require(seki_ring_switch_want(&h->sw) <= SEKI_PACKET_MAX);
	seki_ring_switch_sampled(&h->sw, &(struct seki_ring_sample){0});
}

static void take_submissions(struct hostile *h, uint64_t random)
{
	struct seki_submission subs[SEKI_BATCH_MAX];
	uint8_t packet[SEKI_PACKET_MAX];
	bool sampled;
	uint32_t max = (uint32_t)(random % (SEKI_BATCH_MAX + 1));
	uint64_t bad = 0;
	int n = seki_ring_p4vm_take(&h->vm, subs, max, &bad, &sampled);

	require(n == -EPROTO || (n >= 0 && n <= (int)max));
	for (int i = 0; i < n; i++) {
		require(subs[i].copied <= subs[i].len);
		memcpy(packet, seki_ring_p4vm_packet(&h->vm, &subs[i]), subs[i].copied);
		memset(seki_ring_p4vm_head(&h->vm, subs[i].slot, SEKI_SLOT_BYTES), packet[0],
		       seki_ring_run(subs[i].copied) * SEKI_SLOT_BYTES);
		memset(seki_ring_p4vm_head(&h->vm, subs[i].slot, 1), packet[0], SEKI_SHORT_BYTES);
	}
}

static void answer(struct hostile *h, uint64_t random)
{
	struct seki_completion cpls[SEKI_BATCH_MAX];
	uint32_t n = (uint32_t)(random % (SEKI_BATCH_MAX + 1));
	uint32_t room = seki_ring_p4vm_room(&h->vm, n);

	require(room <= SEKI_RING_ENTRIES);
	memset(cpls, (int)random, sizeof(cpls));
	seki_ring_p4vm_answer(&h->vm, cpls, n < room ? n : room);
	seki_ring_p4vm_wake_needed(&h->vm);
}

void hostile_step(struct hostile *h, uint64_t random)
{
	uint64_t rest = random >> 4;

	switch (random & 15) {
	case 0 ... 2:
		scribble(h->switch_region, rest);
		break;
	case 3 ... 5:
		scribble(h->p4vm_region, rest);
		break;
	case 6:
		mend(h, rest);
		break;
	case 7 ... 8:
		submit(h, rest);
		break;
	case 9 ... 10:
		take_completions(h, rest);
		break;
	case 11 ... 12:
		take_submissions(h, rest);
		break;
	case 13:
		answer(h, rest);
		break;
	case 14:
		seki_ring_switch_arm(&h->sw);
		seki_ring_switch_disarm(&h->sw);
		break;
	case 15:
		seki_ring_p4vm_set_want(&h->vm, (uint32_t)rest);
		seki_ring_p4vm_arm(&h->vm);
		seki_ring_p4vm_disarm(&h->vm);
		break;
	}
}
