/* SPDX-License-Identifier: Apache-2.0 */
/* A P4 program or its object, ready to run, for those subcommands of `sekisho p4` that do. */
#ifndef SEKI_CLI_P4_PROGRAM_H
#define SEKI_CLI_P4_PROGRAM_H

#include "cli/bpf.h"
#include "cli/p4.h"
#include "lib/p4/pipeline.h"

/* Of those that run a program on packets. */
#define SEKI_CLI_P4_LINES                                                                          \
	SEKI_OPT_REQUIRED_LINE(struct config, source.file, "FILE", "P4 program, or its object"),   \
		SEKI_CLI_P4_PREPROCESS_LINES(struct config),                                       \
		SEKI_CLI_P4_EXTERN_LINE(struct config)
#define SEKI_CLI_ENTRIES_LINE                                                                      \
	SEKI_OPT_STRING_LINE(struct config, entries, 0, "entries", "FILE.stf",                     \
			     "set the entries of a script first")

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
