// SPDX-License-Identifier: Apache-2.0
/* The bytes are the code: what is left of it when the verifier accepts it runs in every engine. */
#include "tests/fuzz/bpf/checked.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct choices c = choices_of(bytes, len);

	check_random_program(&c, KIND_RAW);
	return 0;
}
