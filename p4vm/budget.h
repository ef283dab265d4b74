/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time that the workers of a P4 VM may take, all together: a token bucket, filled at the rate that the
 * operator allows, from which each worker takes what it has used. It holds the programs of an honest
 * P4 VM to their share; what breaks into the process is held by cgroups, if the operator has put it into one.
 */
#ifndef SEKI_P4VM_BUDGET_H
#define SEKI_P4VM_BUDGET_H

#include <pthread.h>
#include <stdint.h>

/* How much may be used at once after doing nothing: of a full processor's time. */
#define SEKI_BUDGET_BURST_NS 10000000

struct seki_budget {
	uint32_t millicpus; /* 0: no limit. Constant */

	pthread_mutex_t mutex; /* held for a few additions */
	int64_t tokens_ns;     /* negative: owed */
	uint64_t filled_ns;    /* CLOCK_BOOTTIME: up to when it is filled */
	uint64_t held_ns;      /* time that workers have waited */
};

void seki_budget_init(struct seki_budget *budget, uint32_t millicpus);

/* Takes `used_ns` out at the time `now_ns`. Returns for how long to wait before using more: any thread. */
uint64_t seki_budget_take(struct seki_budget *budget, uint64_t used_ns, uint64_t now_ns);

/* A worker has waited. Any thread. */
void seki_budget_hold(struct seki_budget *budget, uint64_t ns);

/* See held_ns. Any thread. */
uint64_t seki_budget_held(struct seki_budget *budget);

#endif
