// SPDX-License-Identifier: Apache-2.0
/*
 * The P4 VM's end of a packet queue. The switch that it serves is the host's, hence not trusted:
 * it may hand over nonsense, but not make the P4 VM read or write elsewhere.
 */
#include "core/ring/ring.h"

#include <errno.h>
#include <string.h>

#include "core/ring/ring_words.h"

static struct seki_p4vm_header *header(const struct seki_ring_p4vm *r)
{
	return (struct seki_p4vm_header *)(void *)r->mine;
}

static const struct seki_switch_header *peer(const struct seki_ring_p4vm *r)
{
	return (const struct seki_switch_header *)(const void *)r->theirs;
}

int seki_ring_p4vm_init(struct seki_ring_p4vm *r, const void *switch_region, void *p4vm_region)
{
	const struct seki_switch_header *s = switch_region;
	struct seki_p4vm_header *h = p4vm_region;

	if (seki_load_acquire(&s->magic) != SEKI_RING_MAGIC ||
	    seki_load_acquire(&s->version) != SEKI_RING_VERSION ||
	    seki_load_acquire(&s->entries) != SEKI_RING_ENTRIES ||
	    seki_load_acquire(&s->slot_bytes) != SEKI_SLOT_BYTES)
		return -EPROTO;
	*r = (struct seki_ring_p4vm){.theirs = switch_region, .mine = p4vm_region};
	h->magic = SEKI_RING_MAGIC;
	h->version = SEKI_RING_VERSION;
	return 0;
}

static bool sound(const struct seki_submission *s)
{
	return s->len >= SEKI_PACKET_MIN && s->copied <= s->len &&
	       s->slot + seki_ring_run(s->copied) <= SEKI_RING_ENTRIES;
}

/* Is the switch's sample among the next n submissions? One that is behind them was missed. */
static bool take_sample(struct seki_ring_p4vm *r, uint32_t n)
{
	uint32_t sample = seki_load_acquire(&peer(r)->sample);
	uint32_t ahead;

	if (sample == r->sample)
		return false;
	ahead = seki_load_acquire(&peer(r)->sample_at) - r->sub_head;
	if (ahead >= n && ahead < SEKI_RING_ENTRIES)
		return false;
	r->sample = sample;
	return ahead < n;
}

int seki_ring_p4vm_take(struct seki_ring_p4vm *r, struct seki_submission *out, uint32_t max,
			uint64_t *bad, bool *sampled)
{
	uint32_t ready = seki_load_acquire(&peer(r)->sub_tail) - r->sub_head;
	uint32_t taken = 0;

	if (ready > SEKI_RING_ENTRIES)
		return -EPROTO;
	if (ready > max)
		ready = max;
	if (sampled)
		*sampled = take_sample(r, ready);
	for (uint32_t i = 0; i < ready; i++) {
		seki_ring_copy_in(&out[taken], r->theirs + seki_ring_desc_offset(r->sub_head + i));
		if (sound(&out[taken]))
			taken++;
		else if (bad)
			*bad += 1;
	}
	if (ready) {
		r->sub_head += ready;
		seki_store_release(&header(r)->sub_head, r->sub_head);
	}
	return (int)taken;
}

void seki_ring_p4vm_report(struct seki_ring_p4vm *r, uint64_t taken_ns, uint64_t done_ns)
{
	seki_ring_store64(&header(r)->taken_ns, taken_ns);
	seki_ring_store64(&header(r)->done_ns, done_ns);
	seki_store_release(&header(r)->sample, r->sample);
}

/* What was seen of the switch's index last is enough mostly, and saves a look at its cache line. */
uint32_t seki_ring_p4vm_room(struct seki_ring_p4vm *r, uint32_t wanted)
{
	uint32_t untaken = r->cpl_tail - r->cpl_head;

	if (untaken > SEKI_RING_ENTRIES || SEKI_RING_ENTRIES - untaken < wanted) {
		r->cpl_head = seki_load_acquire(&peer(r)->cpl_head);
		untaken = r->cpl_tail - r->cpl_head;
	}
	return untaken <= SEKI_RING_ENTRIES ? SEKI_RING_ENTRIES - untaken : 0;
}

void seki_ring_p4vm_answer(struct seki_ring_p4vm *r, const struct seki_completion *cpls, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		memcpy(r->mine + seki_ring_desc_offset(r->cpl_tail + i), &cpls[i], sizeof(cpls[i]));
	r->cpl_tail += n;
	seki_store_release(&header(r)->cpl_tail, r->cpl_tail);
}

bool seki_ring_p4vm_wake_needed(struct seki_ring_p4vm *r)
{
	seki_fence();
	return seki_ring_wake_due(seki_load_acquire(&peer(r)->armed), &r->woken);
}

void seki_ring_p4vm_set_want(struct seki_ring_p4vm *r, uint32_t bytes)
{
	seki_store_release(&header(r)->want, bytes);
}

uint32_t seki_ring_p4vm_want_seen(const struct seki_ring_p4vm *r)
{
	return seki_load_acquire(&peer(r)->want_seen);
}

uint32_t seki_ring_p4vm_tail(const struct seki_ring_p4vm *r)
{
	return seki_load_acquire(&peer(r)->sub_tail);
}

bool seki_ring_p4vm_arm(struct seki_ring_p4vm *r)
{
	seki_store_release(&header(r)->armed, seki_ring_next_arm(&r->arms));
	seki_fence();
	return seki_load_acquire(&peer(r)->sub_tail) == r->sub_head;
}

void seki_ring_p4vm_disarm(struct seki_ring_p4vm *r)
{
	seki_store_release(&header(r)->armed, 0);
}
