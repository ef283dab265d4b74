/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and their subcommands, from a table: the help text, and which one is meant.
 */
#ifndef SEKI_CLI_COMMAND_H
#define SEKI_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/sys/opts.h"

struct seki_cli_command {
	const char *name;
	int (*run)(int argc, char **argv); /* see cli.h */
	const char *about;
};

/* Commands that share a first word. */
struct seki_cli_group {
	const char *name; /* "sekisho shield" */
	const char *about;
	const struct seki_cli_command *commands; /* `count` of them */
	size_t count;
};

/* Runs the command that argv[1] names, or prints the help; returns the exit code. */
int seki_cli_dispatch(const struct seki_cli_group *group, int argc, char **argv);

/* Fills `config` from the options, or prints the help or what is wrong. False: *exit_code is what
 * to return. */
bool seki_cli_parse(const struct seki_command *cmd, int argc, char **argv, void *config,
		    int *exit_code);

#endif
