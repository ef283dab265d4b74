/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of any width as P4Runtime has them, big-endian bytes, and as people write them. A number
 * of `width` bits takes seki_p4rt_bytes(width) bytes, right-aligned; bits above the width are 0.
 */
#ifndef SEKI_LIB_P4_NUMBER_H
#define SEKI_LIB_P4_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEKI_P4RT_MAX_WIDTH 2048u
#define SEKI_P4RT_MAX_BYTES (SEKI_P4RT_MAX_WIDTH / 8)
#define SEKI_P4RT_MAX_TEXT  (2 * SEKI_P4RT_MAX_BYTES + 8) /* of a number printed, with its NUL */

static inline uint32_t seki_p4rt_bytes(uint32_t width)
{
	return (width + 7) / 8;
}

/*
 * Decimal, also negative; 0x, 0o, 0b, with '_' between digits; true, false; a MAC, IPv4 or IPv6
 * address. -EINVAL: it is none of these; -ERANGE: it has more bits.
 */
int seki_p4rt_number_parse(const char *text, size_t len, uint32_t width, uint8_t *out);

/* Of any number of bytes, as P4Runtime sends it. -ERANGE: it has more bits. */
int seki_p4rt_number_set(const uint8_t *bytes, size_t len, uint32_t width, uint8_t *out);

/* Decimal up to 16 bits, addresses at 48 and 128 bits, else hex. Of SEKI_P4RT_MAX_TEXT. */
void seki_p4rt_number_print(const uint8_t *number, uint32_t width, char *text);

/* All bits of the width, or the first `n` of them. */
void seki_p4rt_number_mask(uint32_t width, uint32_t n, uint8_t *out);

#endif
