/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho p4 graph`: pictures of a program. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/p4.h"
#include "compiler/p4/compile.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

struct config {
	struct seki_cli_p4_source source;
	const char *output;
	const char *parser;
	const char *control;
	bool dot;
};

static int put(const struct config *config, const void *data, size_t len)
{
	if (config->output)
		return seki_cli_save(config->output, data, len);
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout))
		return complain("cannot write to standard output");
	return SEKI_EXIT_OK;
}

static int put_svg(const struct config *config, const char *dot)
{
	static char log[1 << 12];
	void *svg;
	size_t len;
	int err, ret;

	err = seki_p4_svg_build(dot, &svg, &len, log, sizeof(log));
	if (err == -ENOENT)
		return complain("there is no 'dot', which lays out pictures: install the package "
				"'graphviz', or take the text of --dot elsewhere");
	if (err)
		return complain("'%s': dot could not lay it out: %s", config->source.file,
				*log ? log : strerror(-err));
	ret = put(config, svg, len);
	free(svg);
	return ret;
}

static int draw(const struct config *config, struct seki_p4_result *result)
{
	const char *wrong, *name = config->parser ? config->parser : config->control;
	const char *dot = seki_p4_result_dot(result, config->parser, config->control, &wrong);

	if (!dot)
		return complain("'%s'%s%s%s: %s", config->source.file, name ? ", '" : "",
				name ? name : "", name ? "'" : "", wrong);
	return config->dot ? put(config, dot, strlen(dot)) : put_svg(config, dot);
}

int seki_cli_p4_graph(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		SEKI_OPT_REQUIRED_LINE(struct config, source.file, "FILE.p4", "P4_16 program"),
		SEKI_OPT_STRING_LINE(struct config, output, 'o', "output", "FILE",
				     "where the picture goes (default: standard output)"),
		SEKI_OPT_STRING_LINE(struct config, parser, 0, "parser", "NAME",
				     "draw this parser only"),
		SEKI_OPT_STRING_LINE(struct config, control, 0, "control", "NAME",
				     "draw this control only"),
		SEKI_OPT_FLAG_LINE(struct config, dot, 0, "dot",
				   "write DOT text, which Graphviz reads, instead of SVG"),
		SEKI_CLI_P4_PREPROCESS_LINES(struct config),
	};
	static const struct seki_command cmd = {
		"sekisho p4 graph",
		"Draws a program as SVG: the states of its parsers, and the way of a packet through\n"
		"the tables and conditions of its controls.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	struct seki_p4_result *result;
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	if (config.parser && config.control) {
		complain("--parser and --control: give one, or none for all");
		return SEKI_EXIT_USAGE;
	}
	ret = seki_cli_p4_check(&config.source, &result);
	if (ret)
		return ret;
	ret = draw(&config, result);
	seki_p4_result_destroy(result);
	return ret;
}
