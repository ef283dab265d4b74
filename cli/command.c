/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/sys/log.h"

static void help(const struct seki_cli_group *group, FILE *out)
{
	fprintf(out, "usage: %s COMMAND ...\n%s\n\n", group->name, group->about);
	for (size_t i = 0; i < group->count; i++)
		fprintf(out, "  %-10s %s\n", group->commands[i].name, group->commands[i].about);
	fprintf(out, "\n`%s COMMAND --help` tells more; --version prints the version\n",
		group->name);
}

int seki_cli_dispatch(const struct seki_cli_group *group, int argc, char **argv)
{
	if (argc < 2) {
		help(group, stderr);
		return SEKI_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(group, stdout);
		return SEKI_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sekisho " SEKI_VERSION);
		return SEKI_EXIT_OK;
	}
	for (size_t i = 0; i < group->count; i++) {
		if (strcmp(argv[1], group->commands[i].name) == 0)
			return group->commands[i].run(argc - 1, argv + 1);
	}
	seki_complain("sekisho", "there is no command '%s %s'; see %s --help", group->name, argv[1],
		      group->name);
	return SEKI_EXIT_USAGE;
}

bool seki_cli_parse(const struct seki_command *cmd, int argc, char **argv, void *config,
		    int *exit_code)
{
	char err[256];
	int ret = seki_opts_parse(cmd, argc, argv, config, err, sizeof(err));

	*exit_code = ret == SEKI_OPTS_HELP ? SEKI_EXIT_OK : SEKI_EXIT_USAGE;
	if (ret == SEKI_OPTS_HELP)
		seki_opts_help(cmd, stdout);
	else if (ret)
		seki_complain("sekisho", "%s", err);
	return ret == 0;
}
