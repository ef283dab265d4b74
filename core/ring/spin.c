// SPDX-License-Identifier: Apache-2.0
/*
 * The windows grow at once, when work came so soon that looking longer would have found it, and
 * shrink by halves, when it came too late for any window (the way of KVM's halt_poll_ns).
 */
#include "core/ring/spin.h"

#include "core/base/check.h"

#define WINDOW_MIN_NS 2000u
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

/* After work that took `gap` to come. */
static void learn(struct seki_spin *s, uint64_t gap)
{
	uint64_t target = seki_min(seki_max(2 * gap, WINDOW_MIN_NS), limit(s));
	uint64_t *w = window(s);

	if (gap > limit(s))
		*w = *w / 2 < WINDOW_MIN_NS ? 0 : *w / 2;
	else if (target > *w)
		*w = target;
	else
		*w -= (*w - target) / 16;
}

void seki_spin_end(struct seki_spin *s, uint64_t now_ns, bool looking)
{
	if (!s->waiting)
		return;
	s->waiting = false;
	if (looking && s->limits->count_success)
		spend(s, now_ns - s->since_ns);
	learn(s, now_ns - s->since_ns);
}
