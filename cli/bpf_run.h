/* SPDX-License-Identifier: Apache-2.0 */
/* What came out of runs, in text and in JSON. */
#ifndef SEKI_CLI_BPF_RUN_H
#define SEKI_CLI_BPF_RUN_H

#include "cli/bpf_machine.h"

struct seki_cli_tally {
	uint64_t packets, passed, dropped, redirected;
	uint64_t failed;    /* could not be run */
	uint64_t max_insns; /* of the longest run; 0: not counted */
};

/* Counts the machine's last run. */
void seki_cli_tally_add(struct seki_cli_tally *tally, const struct seki_cli_machine *m);
void seki_cli_tally_print(const struct seki_cli_tally *tally, struct seki_bpf_prog *prog);
struct json_object *seki_cli_tally_json(const struct seki_cli_tally *tally,
					struct seki_bpf_prog *prog);

/* The machine's last run, on this packet, the n-th. `whole`: with the bytes that changed. */
void seki_cli_print_run(const struct seki_cli_machine *m, const struct seki_cli_packet *packet,
			uint64_t n, bool whole);
void seki_cli_put_run_json(const struct seki_cli_machine *m, const struct seki_cli_packet *packet,
			   uint64_t n);

#endif
