// SPDX-License-Identifier: Apache-2.0
#include "p4vm/budget.h"

#include "core/base/check.h"

/* Longer than that fills any bucket; keeps the sums small. */
#define FILL_MAX_NS 60000000000ull

void seki_budget_init(struct seki_budget *budget, uint32_t millicpus)
{
	*budget = (struct seki_budget){.millicpus = millicpus, .tokens_ns = SEKI_BUDGET_BURST_NS};
	pthread_mutex_init(&budget->mutex, NULL);
}

static void fill(struct seki_budget *b, uint64_t now_ns)
{
	uint64_t since = now_ns > b->filled_ns ? now_ns - b->filled_ns : 0;
	uint64_t micro = seki_min(since, FILL_MAX_NS) * b->millicpus; /* thousandths of a token */

	/* The first time, from the beginning of the clock: full. */
	b->tokens_ns += (int64_t)(micro / 1000u);
	if (b->tokens_ns > SEKI_BUDGET_BURST_NS)
		b->tokens_ns = SEKI_BUDGET_BURST_NS;
	/* What is left over counts the next time. */
	if (since)
		b->filled_ns = now_ns - micro % 1000u / b->millicpus;
}

uint64_t seki_budget_take(struct seki_budget *budget, uint64_t used_ns, uint64_t now_ns)
{
	uint64_t wait = 0;

	pthread_mutex_lock(&budget->mutex);
	fill(budget, now_ns);
	budget->tokens_ns -= (int64_t)seki_min(used_ns, FILL_MAX_NS);
	if (budget->tokens_ns < 0)
		wait = (uint64_t)-budget->tokens_ns * 1000u / budget->millicpus + 1;
	pthread_mutex_unlock(&budget->mutex);
	return wait;
}

void seki_budget_hold(struct seki_budget *budget, uint64_t ns)
{
	pthread_mutex_lock(&budget->mutex);
	budget->held_ns += ns;
	pthread_mutex_unlock(&budget->mutex);
}

uint64_t seki_budget_held(struct seki_budget *budget)
{
	uint64_t held;

	pthread_mutex_lock(&budget->mutex);
	held = budget->held_ns;
	pthread_mutex_unlock(&budget->mutex);
	return held;
}
