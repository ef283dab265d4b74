/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho`: one file per subcommand. A command gets the arguments from its own name on (argv[0] is
 * "p4", say), prints to stdout what was asked for and to stderr what went wrong, and returns the
 * exit code.
 */
#ifndef SEKI_CLI_CLI_H
#define SEKI_CLI_CLI_H

enum seki_exit {
	SEKI_EXIT_OK = 0,
	SEKI_EXIT_FAILED = 1, /* the input or the peer is at fault, or it did not work */
	SEKI_EXIT_USAGE = 2,  /* the call is at fault */
};

int seki_cli_bpf(int argc, char **argv);
int seki_cli_p4(int argc, char **argv);
int seki_cli_shield(int argc, char **argv);

#endif
