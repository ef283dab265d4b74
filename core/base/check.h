/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small checks that every folder shares: array sizes, overflow-checked ranges, bit masks.
 * Freestanding; everything is inline.
 */
#ifndef SEKI_CORE_BASE_CHECK_H
#define SEKI_CORE_BASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEKI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Does [off, off + len) lie inside [0, size)? Right for all values; nothing wraps. */
static inline bool seki_in_range(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static inline uint64_t seki_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t seki_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
