/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands write: beside their place, then renamed, so that a failure leaves an old file
 * as it was. What is no file (a pipe, /dev/stdout) is written to as it is. */
#ifndef SEKI_CLI_OUTPUT_H
#define SEKI_CLI_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

struct seki_cli_output {
	const char *path;
	char *temp; /* name of what is not in its place yet; NULL: nothing is */
};

/* A new file to write to, which the caller closes; NULL: it has complained. */
FILE *seki_cli_output_open(struct seki_cli_output *output, const char *path);

/* Puts what was written to `file` in its place. 0, or 1 and it has complained. */
int seki_cli_output_commit(struct seki_cli_output *output, FILE *file);

/* Removes what is not in its place. Takes a zeroed one. */
void seki_cli_output_drop(struct seki_cli_output *output);

/* All at once. 0, or 1 and it has complained. */
int seki_cli_save(const char *path, const void *data, size_t len);

#endif
