/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `sekisho p4` share. */
#ifndef SEKI_CLI_P4_H
#define SEKI_CLI_P4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int seki_cli_p4_info(int argc, char **argv);
int seki_cli_p4_run(int argc, char **argv);
int seki_cli_p4_trace(int argc, char **argv);
int seki_cli_p4_test(int argc, char **argv);

/* A program and how to build it. */
struct seki_cli_p4_source {
	const char *file;    /* P4, or an object, to which the rest says nothing */
	const char *include; /* DIR[:DIR], or NULL */
	const char *externs; /* C of the program's own functions, or NULL */
	bool compat;	     /* as p4c would */
	bool trace;	     /* it is to print what it does */
};

/* Builds and verifies an object, of malloc(). Not 0: it has complained. */
int seki_cli_p4_object(const struct seki_cli_p4_source *source, void **object, size_t *len);

/*
 * Takes -Wall, -Werror, -WNAME and -Wno-NAME, written as compilers do, out of the arguments: *off is
 * the set of those (enum seki_warning) that are off. False: it has complained.
 */
bool seki_cli_p4_warnings(int *argc, char **argv, uint32_t *off, bool *werror);

/* "a:b:c" cut up in a copy, which is *buf's and the caller's to free; at most SEKI_CLI_P4_DIRS. */
#define SEKI_CLI_P4_DIRS 64u
uint32_t seki_cli_p4_dirs(const char *list, char **buf, const char **dirs);

int seki_cli_p4_fmt(int argc, char **argv);
int seki_cli_p4_graph(int argc, char **argv);

#endif
