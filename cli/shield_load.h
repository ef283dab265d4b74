/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEKI_CLI_SHIELD_LOAD_H
#define SEKI_CLI_SHIELD_LOAD_H

#include <stdio.h>

/* Subcommands of `sekisho shield`: as main(). */
int seki_cli_shield_load(int argc, char **argv);
int seki_cli_shield_unload(int argc, char **argv);

/* Loads the first program of a P4 VM, for all ports: an exit code. */
int seki_cli_load_first(const char *run_dir, const char *name, const char *object);

/* What a P4 VM says may quote names from an object that somebody else made, and it may be broken. */
void seki_cli_print_text(const char *text, FILE *out);

#endif
