/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho p4 graph`: pictures of a program's parsers and controls, laid out by Graphviz. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/p4.h"
#include "compiler/p4/compile.h"
#include "core/base/check.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

struct config {
	const char *file;
	const char *output;
	const char *parser;
	const char *control;
	const char *include;
	bool dot;
};

/* The text as a file to read from, or -1. */
static int as_file(const char *text)
{
	size_t len = strlen(text), at = 0;
	int fd = memfd_create("graph", MFD_CLOEXEC);

	while (fd >= 0 && at < len) {
		ssize_t n = write(fd, text + at, len - at);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Runs dot(1) from `in` to `out`; its exit code. */
static int lay_out(int in, FILE *out)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(in, 0);
		dup2(fileno(out), 1);
		execlp("dot", "dot", "-Tsvg", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int save_picture(const struct config *config, const char *text)
{
	struct seki_cli_output output = {0};
	int in = as_file(text), code;
	FILE *out;

	if (in < 0)
		return complain("'%s': %s", config->file, strerror(errno));
	out = seki_cli_output_open(&output, config->output);
	if (!out) {
		close(in);
		return SEKI_EXIT_FAILED;
	}
	code = lay_out(in, out);
	close(in);
	if (code == 0 && seki_cli_output_commit(&output, out) == 0) {
		fclose(out);
		seki_cli_output_drop(&output);
		return SEKI_EXIT_OK;
	}
	fclose(out);
	seki_cli_output_drop(&output);
	if (code == 127)
		return complain("there is no 'dot': install the package 'graphviz', or take --dot");
	return code ? complain("'dot' failed on the graph of '%s'", config->file)
		    : SEKI_EXIT_FAILED;
}

static int deliver(const struct config *config, struct seki_p4_result *result)
{
	const char *wrong;
	const char *text = seki_p4_result_dot(result, config->parser, config->control, &wrong);
	const char *name = config->parser ? config->parser : config->control;

	if (!text)
		return complain("'%s'%s%s%s: %s", config->file, name ? ", '" : "", name ? name : "",
				name ? "'" : "", wrong);
	if (!config->dot)
		return save_picture(config, text);
	if (config->output)
		return seki_cli_save(config->output, text, strlen(text));
	fputs(text, stdout);
	return SEKI_EXIT_OK;
}

static int run(const struct config *config)
{
	const char *dirs[SEKI_CLI_P4_DIRS];
	struct seki_p4_opts opts = {
		.include_dirs = dirs, .check_only = true, .warnings_off = UINT32_MAX};
	struct seki_p4_result *result;
	char *buf;
	int err, ret;

	opts.n_include_dirs = seki_cli_p4_dirs(config->include, &buf, dirs);
	err = seki_p4_compile(config->file, &opts, &result);
	free(buf);
	if (err)
		return complain("'%s': %s", config->file, strerror(-err));
	fputs(seki_p4_result_text(result, false), stderr);
	ret = seki_p4_result_errors(result) ? SEKI_EXIT_FAILED : deliver(config, result);
	seki_p4_result_destroy(result);
	return ret;
}

int seki_cli_p4_graph(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_REQUIRED_LINE(struct config, file, "FILE.p4", "P4_16 program"),
		SEKI_OPT_STRING_LINE(struct config, output, 'o', "output", "OUT.svg",
				     "where the picture goes"),
		SEKI_OPT_STRING_LINE(struct config, parser, 0, "parser", "NAME",
				     "only the states of this parser"),
		SEKI_OPT_STRING_LINE(struct config, control, 0, "control", "NAME",
				     "only the flow through this control"),
		SEKI_OPT_FLAG_LINE(struct config, dot, 0, "dot",
				   "the graph in the language of Graphviz, not laid out"),
		SEKI_OPT_STRING_LINE(struct config, include, 'I', "include", "DIR[:DIR]",
				     "where #include looks"),
	};
	static const struct seki_command cmd = {
		"sekisho p4 graph",
		"Draws the states of parsers and the flow through controls, as SVG.", options,
		SEKI_COUNT(options)};
	struct config config = {0};
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	if (config.dot || config.output)
		return run(&config);
	complain("sekisho p4 graph needs -o OUT.svg, or --dot");
	return SEKI_EXIT_USAGE;
}
