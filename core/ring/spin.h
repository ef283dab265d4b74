/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long an end of a ring looks for work before it sleeps, from how long work took to come lately.
 * To look costs a processor's time; to sleep costs the other end a system call and this one the time
 * to wake up. So it looks for about twice as long as work takes, where that is not long; where it is
 * long, not at all. Where many packets come at once, sleeping is shared by them all: there, it looks
 * for less. All that was spent in vain is bounded: a share of the time that goes by.
 *
 * A wait goes: begin; look for as long as it says; vain, if that brought nothing, and sleep; end
 * when there is work. One thread's.
 */
#ifndef SEKI_CORE_RING_SPIN_H
#define SEKI_CORE_RING_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* Look in a tight loop for so long; then let others run between two looks. */
#define SEKI_SPIN_TIGHT_NS 4000u

struct seki_spin_limits {
	uint32_t few;	    /* so many packets at a time, or fewer, are few */
	uint32_t few_ns;    /* to look after few packets, at most */
	uint32_t many_ns;   /* and after more */
	uint32_t share;	    /* of all time, one in so many may be spent ... */
	bool count_success; /* ... looking, or only looking in vain */
};

struct seki_spin {
	const struct seki_spin_limits *limits;
	uint64_t window_ns[2]; /* how long to look now: after few packets, after many */
	uint64_t credit_ns;    /* that may be spent */
	uint64_t credit_at_ns; /* as of then */
	uint64_t since_ns;     /* the wait began */
	bool waiting;
	bool many;
};

/* The limits may be read until the end of `s`. */
void seki_spin_init(struct seki_spin *s, const struct seki_spin_limits *limits);

/* `packets` were there before the wait. Returns for how long to look: 0 is not at all. */
uint64_t seki_spin_begin(struct seki_spin *s, uint64_t now_ns, uint32_t packets);

/* Nothing came until now, and looking ends. */
void seki_spin_vain(struct seki_spin *s, uint64_t now_ns);

/* There is work, found by looking or after a sleep. Does nothing where no wait began. */
void seki_spin_end(struct seki_spin *s, uint64_t now_ns, bool looking);

/* Between two looks of a tight loop. */
static inline void seki_spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
