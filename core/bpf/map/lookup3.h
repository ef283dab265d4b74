/* SPDX-License-Identifier: Apache-2.0 */
/* Bob Jenkins' lookup3 hashlittle(), inline: a constant length makes it a few dozen instructions. */
#ifndef SEKI_CORE_BPF_LOOKUP3_H
#define SEKI_CORE_BPF_LOOKUP3_H

#include <stddef.h>
#include <stdint.h>

struct seki_lookup3 {
	uint32_t a, b, c;
};

static inline uint32_t seki_lookup3_rotate(uint32_t v, unsigned int by)
{
	return v << by | v >> (32 - by);
}

/* One of the reversible steps between blocks. */
#define SEKI_LOOKUP3_MIX(x, y, z, by) ((x) -= (z), (x) ^= seki_lookup3_rotate(z, by), (z) += (y))

static inline void seki_lookup3_mix(struct seki_lookup3 *s)
{
	SEKI_LOOKUP3_MIX(s->a, s->b, s->c, 4);
	SEKI_LOOKUP3_MIX(s->b, s->c, s->a, 6);
	SEKI_LOOKUP3_MIX(s->c, s->a, s->b, 8);
	SEKI_LOOKUP3_MIX(s->a, s->b, s->c, 16);
	SEKI_LOOKUP3_MIX(s->b, s->c, s->a, 19);
	SEKI_LOOKUP3_MIX(s->c, s->a, s->b, 4);
}

#define SEKI_LOOKUP3_END(to, from, by) ((to) ^= (from), (to) -= seki_lookup3_rotate(from, by))

/* Every bit of the last block reaches every bit of c. */
static inline void seki_lookup3_finish(struct seki_lookup3 *s)
{
	SEKI_LOOKUP3_END(s->c, s->b, 14);
	SEKI_LOOKUP3_END(s->a, s->c, 11);
	SEKI_LOOKUP3_END(s->b, s->a, 25);
	SEKI_LOOKUP3_END(s->c, s->b, 16);
	SEKI_LOOKUP3_END(s->a, s->c, 4);
	SEKI_LOOKUP3_END(s->b, s->a, 14);
	SEKI_LOOKUP3_END(s->c, s->b, 24);
}

/* Up to four bytes as a little-endian word; n >= 4: four. */
static inline uint32_t seki_lookup3_word(const uint8_t *p, size_t n)
{
	uint32_t word = 0;

	if (n >= 4)
		return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
	for (size_t i = 0; i < n; i++)
		word |= (uint32_t)p[i] << (i * 8);
	return word;
}

static inline void seki_lookup3_add(struct seki_lookup3 *s, const uint8_t *p, size_t n)
{
	s->a += seki_lookup3_word(p, n);
	if (n > 4)
		s->b += seki_lookup3_word(p + 4, n - 4);
	if (n > 8)
		s->c += seki_lookup3_word(p + 8, n - 8);
}

static inline uint32_t seki_lookup3(const void *data, size_t len, uint32_t seed)
{
	uint32_t start = 0xdeadbeefu + (uint32_t)len + seed;
	struct seki_lookup3 s = {start, start, start};
	const uint8_t *p = data;

	if (!len)
		return s.c;
	for (; len > 12; len -= 12, p += 12) {
		seki_lookup3_add(&s, p, 12);
		seki_lookup3_mix(&s);
	}
	seki_lookup3_add(&s, p, len);
	seki_lookup3_finish(&s);
	return s.c;
}

#endif
