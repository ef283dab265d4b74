/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends of a ring do with the words and descriptors of the regions. Inside core/ring only.
 */
#ifndef SEKI_CORE_RING_RING_WORDS_H
#define SEKI_CORE_RING_RING_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "abi/ring.h"
#include "core/base/shared.h"

#define SEKI_RING_MASK	(SEKI_RING_ENTRIES - 1u)
#define SEKI_DESC_BYTES 16u

static inline size_t seki_ring_desc_offset(uint32_t index)
{
	return SEKI_RING_DESC_OFFSET + (size_t)(index & SEKI_RING_MASK) * SEKI_DESC_BYTES;
}

/* One load a word: a compiler may not look a second time at what the peer may have changed since.
 */
static inline void seki_ring_copy_in(void *to, const uint8_t *from)
{
	const uint64_t *words = (const uint64_t *)(const void *)from;
	const uint64_t copy[] = {__atomic_load_n(&words[0], __ATOMIC_RELAXED),
				 __atomic_load_n(&words[1], __ATOMIC_RELAXED)};

	memcpy(to, copy, sizeof(copy));
}

static inline uint64_t seki_ring_load64(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void seki_ring_store64(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* The next value for an `armed` word: never 0. */
static inline uint32_t seki_ring_next_arm(uint32_t *arms)
{
	*arms += 1;
	if (*arms == 0)
		*arms = 1;
	return *arms;
}

/* Is the peer's `armed` word one that no wake-up was asked for yet? If so, it is now. */
static inline bool seki_ring_wake_due(uint32_t armed, uint32_t *woken)
{
	if (armed == 0 || armed == *woken)
		return false;
	*woken = armed;
	return true;
}

_Static_assert(sizeof(struct seki_submission) == SEKI_DESC_BYTES, "copied as two words");
_Static_assert(sizeof(struct seki_completion) == SEKI_DESC_BYTES, "copied as two words");

#endif
