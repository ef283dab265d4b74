/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines from a table: one line an option. A command describes its options and positional
 * arguments, gets a filled struct, and prints its help from the same table.
 */
#ifndef SEKI_LIB_SYS_OPTS_H
#define SEKI_LIB_SYS_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum seki_opt_type {
	SEKI_OPT_FLAG,	   /* bool */
	SEKI_OPT_STRING,   /* const char *, into argv */
	SEKI_OPT_LIST,	   /* struct seki_opt_list: each time that it is given */
	SEKI_OPT_MAYBE,	   /* the same; without "=value" it is "" */
	SEKI_OPT_U32,	   /* uint32_t, min to max */
	SEKI_OPT_REQUIRED, /* positional, const char *, must be there */
	SEKI_OPT_OPTIONAL, /* positional, const char *, may be absent; after the required ones */
};

#define SEKI_OPT_LIST_MAX 64u

struct seki_opt_list {
	const char *items[SEKI_OPT_LIST_MAX]; /* into argv */
	uint32_t n;
};

struct seki_opt {
	const char *name; /* long name without dashes, or name of the positional argument */
	const char *arg;  /* what the help calls the value; NULL for flags and positional ones */
	char letter;	  /* short name or 0 */
	enum seki_opt_type type;
	size_t offset; /* of the member in the command's struct */
	uint32_t min;
	uint32_t max;
	const char *help;
};

#define SEKI_OPT_FLAG_LINE(cfg, member, letter_, name_, help_)                                     \
	{                                                                                          \
		.name = name_, .letter = letter_, .type = SEKI_OPT_FLAG,                           \
		.offset = offsetof(cfg, member), .help = help_                                     \
	}
#define SEKI_OPT_STRING_LINE(cfg, member, letter_, name_, arg_, help_)                             \
	{                                                                                          \
		.name = name_, .arg = arg_, .letter = letter_, .type = SEKI_OPT_STRING,            \
		.offset = offsetof(cfg, member), .help = help_                                     \
	}
#define SEKI_OPT_MAYBE_LINE(cfg, member, letter_, name_, arg_, help_)                              \
	{                                                                                          \
		.name = name_, .arg = arg_, .letter = letter_, .type = SEKI_OPT_MAYBE,             \
		.offset = offsetof(cfg, member), .help = help_                                     \
	}
#define SEKI_OPT_LIST_LINE(cfg, member, letter_, name_, arg_, help_)                               \
	{                                                                                          \
		.name = name_, .arg = arg_, .letter = letter_, .type = SEKI_OPT_LIST,              \
		.offset = offsetof(cfg, member), .help = help_                                     \
	}
#define SEKI_OPT_U32_LINE(cfg, member, letter_, name_, arg_, min_, max_, help_)                    \
	{                                                                                          \
		.name = name_, .arg = arg_, .letter = letter_, .type = SEKI_OPT_U32,               \
		.offset = offsetof(cfg, member), .min = min_, .max = max_, .help = help_           \
	}
#define SEKI_OPT_REQUIRED_LINE(cfg, member, name_, help_)                                          \
	{                                                                                          \
		.name = name_, .type = SEKI_OPT_REQUIRED, .offset = offsetof(cfg, member),         \
		.help = help_                                                                      \
	}
#define SEKI_OPT_OPTIONAL_LINE(cfg, member, name_, help_)                                          \
	{                                                                                          \
		.name = name_, .type = SEKI_OPT_OPTIONAL, .offset = offsetof(cfg, member),         \
		.help = help_                                                                      \
	}

struct seki_command {
	const char *name;	     /* "sekisho shield load" */
	const char *about;	     /* what it does, one or more lines */
	const struct seki_opt *opts; /* `count` of them */
	size_t count;
};

/* seki_opts_parse(): the call asks for the help text. */
#define SEKI_OPTS_HELP 1

/*
 * Fills `cfg` (holding the defaults) from argv[1..]. 0; SEKI_OPTS_HELP on --help or -h; -EINVAL
 * with one line in `err` that names the argument at fault. "--" ends the options.
 */
int seki_opts_parse(const struct seki_command *cmd, int argc, char **argv, void *cfg, char *err,
		    size_t err_size);

/* Usage, description and options, to `out`. */
void seki_opts_help(const struct seki_command *cmd, FILE *out);

#endif
