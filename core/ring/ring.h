/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a packet queue (abi/ring.h), each against a peer it does not trust. One end is
 * used by one thread at a time. Whatever the peer writes, an end neither reads nor writes outside
 * its regions, never waits and never loops for longer than one batch.
 */
#ifndef SEKI_CORE_RING_RING_H
#define SEKI_CORE_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ring.h"

/* Where so many bytes of a slot's packet, or of its new head, are in a region; whatever the number is, inside. */
static inline size_t seki_ring_offset(uint32_t slot, uint32_t bytes)
{
	slot &= SEKI_RING_ENTRIES - 1;
	return bytes <= SEKI_SHORT_BYTES ? SEKI_RING_SHORT_OFFSET + (size_t)slot * SEKI_SHORT_BYTES
					 : SEKI_RING_SLOT_OFFSET + (size_t)slot * SEKI_SLOT_BYTES;
}

/* Slots of the run that a packet takes of which so many bytes were copied; at least 1. */
static inline uint32_t seki_ring_run(uint32_t copied)
{
	return (copied + SEKI_RING_GROW + SEKI_SLOT_BYTES - 1) / SEKI_SLOT_BYTES;
}

/* The switch's end. The indices here are the true ones; those in shared memory are copies for show.
 */
struct seki_ring_switch {
	uint8_t *mine;	       /* switch region, SEKI_RING_REGION_BYTES */
	const uint8_t *theirs; /* p4vm region */
	uint32_t sub_tail;
	uint32_t cpl_head;
	uint32_t want_seen;
	uint32_t sample; /* number of the last one; while `sampling`, its echo is outstanding */
	bool sampling;
	uint64_t sample_ns;
	uint32_t arms;	/* times that this end armed */
	uint32_t woken; /* the arming of the other end that a wake-up was asked for */
};

/* Formats the switch region (zeroed by the caller) and makes `r` ready. Cannot fail. */
void seki_ring_switch_init(struct seki_ring_switch *r, void *switch_region,
			   const void *p4vm_region);

/*
 * How many more submissions fit now: 0 to SEKI_RING_ENTRIES. A submission gives its room back when
 * its completion is taken, so this depends on nothing that the peer could make up.
 */
uint32_t seki_ring_switch_room(const struct seki_ring_switch *r);

/* Where to put the packet of a run before it is submitted. slot < SEKI_RING_ENTRIES. */
static inline uint8_t *seki_ring_switch_slot(const struct seki_ring_switch *r, uint32_t slot,
					     uint32_t copied)
{
	return r->mine + seki_ring_offset(slot, copied);
}

/* Publishes n submissions at once; n <= seki_ring_switch_room(). */
void seki_ring_switch_submit(struct seki_ring_switch *r, const struct seki_submission *subs,
			     uint32_t n);

/*
 * Before a submit: have the P4 VM say when it took what is submitted next, and when it had decided.
 * One sample is out at a time: a new one replaces it.
 */
void seki_ring_switch_sample(struct seki_ring_switch *r, uint64_t now_ns);

struct seki_ring_sample {
	uint64_t submitted_ns;
	uint64_t taken_ns; /* these two as the P4 VM says, by its clock */
	uint64_t done_ns;
};

/* Is the sample back? True once for each. */
bool seki_ring_switch_sampled(struct seki_ring_switch *r, struct seki_ring_sample *out);

/*
 * After submitting: does the P4 VM sleep and want a wake-up? True once for each time that it arms. A
 * P4 VM that is just about to sleep is seen by wake_needed only, which includes the needed fence, so
 * call that too before this end sleeps, or after a while: a fence right behind a submission waits until
 * all of its cache lines have come from the other processor.
 */
bool seki_ring_switch_wake_seen(struct seki_ring_switch *r);
bool seki_ring_switch_wake_needed(struct seki_ring_switch *r);

/*
 * Takes up to max completions; copies them out, unchecked but for being copies. Returns how many,
 * or -EPROTO where the peer's index claims more than were ever outstanding (the queue is to be
 * dropped).
 */
int seki_ring_switch_take(struct seki_ring_switch *r, struct seki_completion *out, uint32_t max);

/* Is there a completion to take? A look only. */
bool seki_ring_switch_ready(const struct seki_ring_switch *r);

/* The new head that the P4 VM wrote for a run: copy once. slot < SEKI_RING_ENTRIES. */
static inline const uint8_t *seki_ring_switch_head(const struct seki_ring_switch *r, uint32_t slot,
						   uint32_t head_out)
{
	return r->theirs + seki_ring_offset(slot, head_out);
}

/*
 * Bytes of each packet that the P4 VM wants copied, cut to SEKI_PACKET_MAX; tells it what was seen.
 * To be called at each submission, for its packets, and at each poll.
 */
uint32_t seki_ring_switch_want(struct seki_ring_switch *r);

/*
 * Before sleeping: arm, and sleep only if it returns true (nothing to take). After waking: disarm.
 */
bool seki_ring_switch_arm(struct seki_ring_switch *r);
void seki_ring_switch_disarm(struct seki_ring_switch *r);

/* The P4 VM's end. */
struct seki_ring_p4vm {
	const uint8_t *theirs; /* switch region */
	uint8_t *mine;	       /* p4vm region */
	uint32_t sub_head;
	uint32_t cpl_tail;
	uint32_t cpl_head; /* the switch's, as last seen */
	uint32_t sample;   /* the last one that was taken or missed */
	uint32_t arms;	   /* as for the switch's end */
	uint32_t woken;	   /* as for the switch's end */
};

/* -EPROTO where the switch region's header is not of this version and geometry. */
int seki_ring_p4vm_init(struct seki_ring_p4vm *r, const void *switch_region, void *p4vm_region);

/*
 * Takes up to max submissions that are in bounds: slot and the run behind it within
 * SEKI_RING_ENTRIES, copied <= len, len >= SEKI_PACKET_MIN; others are skipped (and counted in *bad,
 * if not NULL). Returns how many, or -EPROTO as above. *sampled, if not NULL, becomes true where the
 * switch wants to know how long these take.
 */
int seki_ring_p4vm_take(struct seki_ring_p4vm *r, struct seki_submission *out, uint32_t max,
			uint64_t *bad, bool *sampled);

/* Before the answer to a sampled batch. */
void seki_ring_p4vm_report(struct seki_ring_p4vm *r, uint64_t taken_ns, uint64_t done_ns);

/* The packet of a run, as the switch may still be writing it: copy once. slot < SEKI_RING_ENTRIES.
 */
static inline const uint8_t *seki_ring_p4vm_packet(const struct seki_ring_p4vm *r,
						   const struct seki_submission *sub)
{
	return r->theirs + seki_ring_offset(sub->slot, sub->copied);
}

/*
 * The packet of a run was read and is answered: its first cache line goes to the cache that all
 * processors share, from which the switch, who writes it next, gets it sooner than from this processor's
 * own. A hint: what it is made of does nothing on a processor that does not know it (CLDEMOTE).
 */
static inline void seki_ring_p4vm_done(const struct seki_ring_p4vm *r,
				       const struct seki_submission *sub)
{
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x0f, 0x1c, 0x07" : : "D"(seki_ring_p4vm_packet(r, sub)));
#else
	(void)r;
	(void)sub;
#endif
}

/* Where to put the new head of a run's packet before it is answered. */
static inline uint8_t *seki_ring_p4vm_head(const struct seki_ring_p4vm *r, uint32_t slot,
					   uint32_t head_out)
{
	return r->mine + seki_ring_offset(slot, head_out);
}

/*
 * How many more answers fit, where that is less than `wanted`; else any number from that up: a
 * switch that does not take its completions gets no more of them, and the P4 VM takes no more
 * submissions than it can answer.
 */
uint32_t seki_ring_p4vm_room(struct seki_ring_p4vm *r, uint32_t wanted);

/* Publishes n answers at once; n <= seki_ring_p4vm_room(). */
void seki_ring_p4vm_answer(struct seki_ring_p4vm *r, const struct seki_completion *cpls,
			   uint32_t n);

/*
 * After answering: does the switch sleep and want its eventfd signalled? (Includes the fence.) True
 * once for each time that it arms.
 */
bool seki_ring_p4vm_wake_needed(struct seki_ring_p4vm *r);

void seki_ring_p4vm_set_want(struct seki_ring_p4vm *r, uint32_t bytes);

/* What the switch has seen of it: all that it publishes from now on has so much copied. */
uint32_t seki_ring_p4vm_want_seen(const struct seki_ring_p4vm *r);

/* Submissions that the switch has published so far, as it says. */
uint32_t seki_ring_p4vm_tail(const struct seki_ring_p4vm *r);

/* As for the switch's end. */
bool seki_ring_p4vm_arm(struct seki_ring_p4vm *r);
void seki_ring_p4vm_disarm(struct seki_ring_p4vm *r);

#endif
