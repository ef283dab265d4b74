// SPDX-License-Identifier: Apache-2.0
/* The switch's hook against a P4 VM that writes what it likes: eight bytes a step. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/hook/liar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liar *l = liar_create();
	uint64_t step;

	for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		liar_step(l, step);
	}
	liar_destroy(l);
	return 0;
}
