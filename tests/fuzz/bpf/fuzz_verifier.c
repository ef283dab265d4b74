// SPDX-License-Identifier: Apache-2.0
/* Random programs: what the verifier accepts must run without a violation, in every engine alike. */
#include "tests/fuzz/bpf/checked.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct choices c = choices_of(bytes, len);

	check_random_program(&c, choose(&c, 3) ? KIND_TYPED : KIND_WILD);
	return 0;
}
