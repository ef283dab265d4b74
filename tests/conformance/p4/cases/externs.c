/* SPDX-License-Identifier: Apache-2.0 */
/* The extern functions of externs.p4. */
#include <stdint.h>

static uint32_t fold(uint32_t sum)
{
	return (sum & 0xffff) + (sum >> 16);
}

uint16_t ones_sum(struct in_t h)
{
	if (!h.ebpf_valid)
		return 0;
	return (uint16_t)fold(h.a + (uint32_t)(h.high << 4 | h.low) + (h.word >> 16) +
			      (h.word & 0xffff));
}

uint8_t swap(uint8_t *x, uint8_t *y, uint32_t *product)
{
	uint8_t old = *x;

	*product = (uint32_t)*x * *y;
	*x = *y;
	*y = old;
	return *product != 0;
}

struct both_t parts(uint32_t word, uint8_t wanted)
{
	struct both_t both = {.first = wanted ? word >> 24 : 0xff, .second = word & 0xffffff};

	return both;
}
