// SPDX-License-Identifier: Apache-2.0
/*
 * The windows grow at once, when work came so soon that looking longer would have found it, and
 * shrink by halves, when it came too late for any window (the way of KVM's halt_poll_ns).
 */
#include "core/ring/spin.h"

#include "core/base/check.h"

/*
 * Less is not worth while: to sleep and to be woken takes as long, and under load, when all comes after a
 * microsecond, a single gap of a few would cost it.
 */
#define WINDOW_MIN_NS 20000u

/* What a sleep adds to the time that work takes to come, which is not to be held against looking. */
#define WAKE_UP_NS    30000u

#define CREDIT_MAX_NS 2000000u

static uint32_t limit(const struct seki_spin *s)
{
	return s->many ? s->limits->many_ns : s->limits->few_ns;
}

static uint64_t *window(struct seki_spin *s)
{
	return &s->window_ns[s->many];
}

void seki_spin_init(struct seki_spin *s, const struct seki_spin_limits *limits)
{
	*s = (struct seki_spin){.limits = limits, .credit_ns = CREDIT_MAX_NS};
	s->window_ns[0] = limits->few_ns;
	s->window_ns[1] = limits->many_ns;
}

static void spend(struct seki_spin *s, uint64_t ns)
{
	s->credit_ns -= seki_min(s->credit_ns, ns);
}

uint64_t seki_spin_begin(struct seki_spin *s, uint64_t now_ns, uint32_t packets)
{
	/* The first time, and after a clock that went back, there is enough or none to add. */
	uint64_t passed = now_ns > s->credit_at_ns ? now_ns - s->credit_at_ns : 0;

	s->credit_ns = seki_min(s->credit_ns + passed / s->limits->share, CREDIT_MAX_NS);
	s->credit_at_ns = now_ns;
	s->since_ns = now_ns;
	s->waiting = true;
	s->many = packets > s->limits->few;
	return seki_min(*window(s), s->credit_ns);
}

void seki_spin_vain(struct seki_spin *s, uint64_t now_ns)
{
	spend(s, now_ns - s->since_ns);
}

/* After work that took `gap` to come, `slept` of it for the sleep's own sake. */
static void learn(struct seki_spin *s, uint64_t gap, uint64_t slept)
{
	uint64_t target = seki_min(seki_max(2 * gap, WINDOW_MIN_NS), limit(s));
	uint64_t *w = window(s);

	if (gap > limit(s) + slept)
		*w = *w / 2 < WINDOW_MIN_NS ? 0 : *w / 2;
	else if (target > *w)
		*w = target;
	else
		*w -= (*w - target) / 16;
}

void seki_spin_end(struct seki_spin *s, uint64_t now_ns, bool looking)
{
	uint64_t gap;

	if (!s->waiting)
		return;
	gap = now_ns - s->since_ns;
	s->waiting = false;
	if (looking && s->limits->count_success)
		spend(s, gap);
	learn(s, gap, looking ? 0 : WAKE_UP_NS);
}
