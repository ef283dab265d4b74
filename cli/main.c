/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/base/check.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
} commands[] = {
#ifdef SEKI_CLI_HAVE_P4
	{"p4", seki_cli_p4, "check P4 programs and build objects of them"},
#endif
	{"shield", seki_cli_shield, "run P4 VMs, load programs into them, see what they do"},
};

static void help(FILE *out)
{
	fputs("usage: sekisho COMMAND ...\n"
	      "The checkpoint between a virtual machine and everything outside it.\n\n",
	      out);
	for (size_t i = 0; i < SEKI_COUNT(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
	fputs("\n  --help     this text; `sekisho COMMAND --help` tells more\n"
	      "  --version  the version\n",
	      out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return SEKI_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return SEKI_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sekisho " SEKI_VERSION);
		return SEKI_EXIT_OK;
	}
	for (size_t i = 0; i < SEKI_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "sekisho: there is no command '%s'; see sekisho --help\n", argv[1]);
	return SEKI_EXIT_USAGE;
}
