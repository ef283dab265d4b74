// SPDX-License-Identifier: Apache-2.0
/* Objects from anywhere: loaded or refused with a reason; what is loaded runs on a packet. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/bpf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void run(struct seki_bpf_prog *prog)
{
	uint8_t packet[128] = {0};
	struct seki_bpf_run r = {
		.buf = packet, .size = sizeof(packet), .off = 32, .copied = 64, .len = 64};
	uint64_t r0;

	if (seki_bpf_prog_info(prog)->packet_touch <= r.copied)
		seki_bpf_prog_run(prog, &r, &r0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char log[2048] = "";
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts),
					  .max_map_bytes = 1 << 20,
					  .log = log,
					  .log_size = sizeof(log),
					  .verbose = true};
	struct seki_bpf_prog *prog;
	int err = seki_bpf_prog_load(bytes, len, &opts, &prog);

	if (err) {
		if (!log[0])
			abort(); /* a refusal has a reason */
		return 0;
	}
	run(prog);
	seki_bpf_prog_destroy(prog);
	return 0;
}
