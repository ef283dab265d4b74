/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that makes a switch's wake-ups, messages on its attach connections, interrupts in the
 * guest. It does nothing else, so that a wake-up waits for nothing that takes time.
 */
#ifndef SEKI_P4VM_VM_WAKES_H
#define SEKI_P4VM_VM_WAKES_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/guest.h"

struct seki_wakes {
	pthread_t thread;
	sem_t runs;
	int epoll;
	int gone_event; /* eventfd: look at seki_wakes_gone() */
	uint32_t gone;	/* bit a slot; atomic */
	/* Under the mutex: a connection is closed only while the thread looks at none. */
	pthread_mutex_t mutex;
	struct {
		bool used;
		int conn;
		int vector; /* eventfd */
		uint32_t serial;
	} slots[SEKI_GUEST_SLOTS];
	uint32_t serial;
};

/* 0 or negative errno. The thread runs until the process ends. */
int seki_wakes_start(struct seki_wakes *wakes);

/* The connection stays the caller's, who removes it before he closes it. 0 or negative errno. */
int seki_wakes_add(struct seki_wakes *wakes, uint32_t slot, int conn, int vector);
void seki_wakes_remove(struct seki_wakes *wakes, uint32_t slot);

/* Slots whose connections have ended since the last call, a bit each. */
uint32_t seki_wakes_gone(struct seki_wakes *wakes);

#endif
