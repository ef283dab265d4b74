// SPDX-License-Identifier: Apache-2.0
/*
 * The switch's end of a packet queue. Used by the hook in Open vSwitch; every function here is on
 * its packet path.
 */
#include "core/ring/ring.h"

#include <errno.h>
#include <string.h>

#include "core/ring/ring_words.h"

static struct seki_switch_header *header(const struct seki_ring_switch *r)
{
	return (struct seki_switch_header *)(void *)r->mine;
}

static const struct seki_p4vm_header *peer(const struct seki_ring_switch *r)
{
	return (const struct seki_p4vm_header *)(const void *)r->theirs;
}

void seki_ring_switch_init(struct seki_ring_switch *r, void *switch_region, const void *p4vm_region)
{
	struct seki_switch_header *h = switch_region;

	*r = (struct seki_ring_switch){.mine = switch_region, .theirs = p4vm_region};
	h->magic = SEKI_RING_MAGIC;
	h->version = SEKI_RING_VERSION;
	h->entries = SEKI_RING_ENTRIES;
	h->slot_bytes = SEKI_SLOT_BYTES;
}

uint32_t seki_ring_switch_room(const struct seki_ring_switch *r)
{
	return SEKI_RING_ENTRIES - (r->sub_tail - r->cpl_head);
}

void seki_ring_switch_submit(struct seki_ring_switch *r, const struct seki_submission *subs,
			     uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		memcpy(r->mine + seki_ring_desc_offset(r->sub_tail + i), &subs[i], sizeof(subs[i]));
	r->sub_tail += n;
	seki_store_release(&header(r)->sub_tail, r->sub_tail);
}

void seki_ring_switch_sample(struct seki_ring_switch *r, uint64_t now_ns)
{
	struct seki_switch_header *h = header(r);

	r->sample++;
	r->sampling = true;
	r->sample_ns = now_ns;
	/* Seen with sub_tail, at the latest. */
	seki_store_release(&h->sample_at, r->sub_tail);
	seki_ring_store64(&h->sample_ns, now_ns);
	seki_store_release(&h->sample, r->sample);
}

bool seki_ring_switch_sampled(struct seki_ring_switch *r, struct seki_ring_sample *out)
{
	if (!r->sampling || seki_load_acquire(&peer(r)->sample) != r->sample)
		return false;
	r->sampling = false;
	*out = (struct seki_ring_sample){.submitted_ns = r->sample_ns,
					 .taken_ns = seki_ring_load64(&peer(r)->taken_ns),
					 .done_ns = seki_ring_load64(&peer(r)->done_ns)};
	return true;
}

bool seki_ring_switch_wake_seen(struct seki_ring_switch *r)
{
	return seki_ring_wake_due(seki_load_acquire(&peer(r)->armed), &r->woken);
}

bool seki_ring_switch_wake_needed(struct seki_ring_switch *r)
{
	seki_fence();
	return seki_ring_switch_wake_seen(r);
}

bool seki_ring_switch_ready(const struct seki_ring_switch *r)
{
	return seki_load_acquire(&peer(r)->cpl_tail) != r->cpl_head;
}

int seki_ring_switch_take(struct seki_ring_switch *r, struct seki_completion *out, uint32_t max)
{
	uint32_t ready = seki_load_acquire(&peer(r)->cpl_tail) - r->cpl_head;

	if (ready > r->sub_tail - r->cpl_head)
		return -EPROTO;
	if (ready == 0)
		return 0;
	if (ready > max)
		ready = max;
	for (uint32_t i = 0; i < ready; i++)
		seki_ring_copy_in(&out[i], r->theirs + seki_ring_desc_offset(r->cpl_head + i));
	r->cpl_head += ready;
	seki_store_release(&header(r)->cpl_head, r->cpl_head);
	return (int)ready;
}

uint32_t seki_ring_switch_want(struct seki_ring_switch *r)
{
	uint32_t want = seki_load_acquire(&peer(r)->want);

	if (want != r->want_seen) {
		r->want_seen = want;
		seki_store_release(&header(r)->want_seen, want);
	}
	return want < SEKI_PACKET_MAX ? want : SEKI_PACKET_MAX;
}

bool seki_ring_switch_arm(struct seki_ring_switch *r)
{
	seki_store_release(&header(r)->armed, seki_ring_next_arm(&r->arms));
	seki_fence();
	return seki_load_acquire(&peer(r)->cpl_tail) == r->cpl_head;
}

void seki_ring_switch_disarm(struct seki_ring_switch *r)
{
	seki_store_release(&header(r)->armed, 0);
}
