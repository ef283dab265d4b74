/* SPDX-License-Identifier: Apache-2.0 */
/* A P4 program or its object, ready to run, for those subcommands of `sekisho p4` that do. */
#ifndef SEKI_CLI_P4_PROGRAM_H
#define SEKI_CLI_P4_PROGRAM_H

#include "cli/bpf.h"
#include "cli/p4.h"
#include "lib/p4/pipeline.h"

struct seki_cli_p4_program {
	struct seki_cli_object object;
	struct seki_p4rt *p4rt;
};

/* Builds where the file's name ends in .p4, else reads. False: it has complained. */
bool seki_cli_p4_open(const struct seki_cli_p4_source *source, struct seki_cli_p4_program *out);
void seki_cli_p4_close(struct seki_cli_p4_program *program); /* takes a zeroed one */

/* NULL: it has complained. */
struct seki_bpf_prog *seki_cli_p4_load(const struct seki_cli_p4_program *program,
				       enum seki_bpf_engine engine);

#endif
