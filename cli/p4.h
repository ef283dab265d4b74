/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `sekisho p4` share. */
#ifndef SEKI_CLI_P4_H
#define SEKI_CLI_P4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sys/opts.h"

int seki_cli_p4_info(int argc, char **argv);
int seki_cli_p4_graph(int argc, char **argv);
int seki_cli_p4_run(int argc, char **argv);
int seki_cli_p4_trace(int argc, char **argv);
int seki_cli_p4_test(int argc, char **argv);

/* A program and how to build it. */
struct seki_cli_p4_source {
	const char *file;    /* P4, or an object, to which the rest says nothing */
	const char *externs; /* C of the program's own functions, or NULL */
	struct seki_opt_list include, system, defines, undefines;
	bool compat; /* as p4c would */
	bool trace;  /* it is to print what it does */
};

/* The options of it that all subcommands have: `cfg` has a member `source` of this type. */
#define SEKI_CLI_P4_PREPROCESS_LINES(cfg)                                                          \
	SEKI_OPT_LIST_LINE(cfg, source.include, 'I', "include", "DIR[:DIR]",                       \
			   "where #include looks, before what comes with the compiler"),           \
		SEKI_OPT_LIST_LINE(cfg, source.system, 0, "isystem", "DIR[:DIR]",                  \
				   "the same, after the folders of -I"),                           \
		SEKI_OPT_LIST_LINE(cfg, source.defines, 'D', "define", "NAME[=TEXT]",              \
				   "defines a macro, as 1 where there is no text"),                \
		SEKI_OPT_LIST_LINE(cfg, source.undefines, 'U', "undefine", "NAME",                 \
				   "takes back what -D defined")
#define SEKI_CLI_P4_EXTERN_LINE(cfg)                                                               \
	SEKI_OPT_STRING_LINE(cfg, source.externs, 0, "extern", "FILE.c",                           \
			     "C of the extern functions that the program declares")

struct seki_p4_result;

/* Reads and checks a program; the result is the caller's. Not 0: it has complained. */
int seki_cli_p4_check(const struct seki_cli_p4_source *source, struct seki_p4_result **out);

/* Builds and verifies an object, of malloc(). Not 0: it has complained. */
int seki_cli_p4_object(const struct seki_cli_p4_source *source, void **object, size_t *len);

/*
 * Takes -Wall, -Werror, -WNAME and -Wno-NAME, written as compilers do, out of the arguments: *off is
 * the set of those (enum seki_warning) that are off. False: it has complained.
 */
bool seki_cli_p4_warnings(int *argc, char **argv, uint32_t *off, bool *werror);

/* P4Info from protobuf's bytes in protobuf's JSON form, of malloc(). NULL: memory is short. */
char *seki_cli_p4info_json(const void *info, size_t len);

int seki_cli_p4_fmt(int argc, char **argv);

#endif
