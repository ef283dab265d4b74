// SPDX-License-Identifier: Apache-2.0
/* Both ends of a ring against random words in every shared field: eight bytes a step. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/ring/hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostile *h = hostile_create();
	uint64_t step;

	for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		hostile_step(h, step);
	}
	hostile_destroy(h);
	return 0;
}
