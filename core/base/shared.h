/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to words that another world writes or reads: the only way to touch shared memory.
 * Each call is one aligned access that the compiler neither splits, repeats nor drops.
 */
#ifndef SEKI_CORE_BASE_SHARED_H
#define SEKI_CORE_BASE_SHARED_H

#include <stdint.h>

static inline uint32_t seki_load_acquire(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void seki_store_release(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint64_t seki_load64_acquire(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void seki_store64_release(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Orders a store before a later load, as arming before the last look at a ring needs. */
static inline void seki_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
