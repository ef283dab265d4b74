/* SPDX-License-Identifier: Apache-2.0 */
/* Any text through all phases of the P4 compiler: no crash, no leak, bounded nesting and memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/p4/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seki_p4_opts opts = {.compat = size & 1};
	struct seki_p4_result *result;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* A name in angle brackets: #include finds only what comes with the compiler. */
	if (seki_p4_compile_text("<fuzz>", text, (uint32_t)size, &opts, &result) == 0) {
		seki_p4_result_text(result, true);
		seki_p4_result_json(result);
		seki_p4_result_destroy(result);
	}
	free(text);
	return 0;
}
