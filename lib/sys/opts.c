/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option tables of the programs' command lines. Parsed by hand and not by getopt, so that each
 * error names its argument and the table stays the only description of a command.
 */
#include "lib/sys/opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	const struct seki_command *cmd;
	char **argv;
	int argc;
	int next; /* index of the argument after the present one */
	void *cfg;
	char *err;
	size_t err_size;
	size_t positional; /* index in the table from which to look for the next positional one */
};

static bool is_positional(const struct seki_opt *opt)
{
	return opt->type == SEKI_OPT_REQUIRED || opt->type == SEKI_OPT_OPTIONAL;
}

static void *member(const struct parse *p, const struct seki_opt *opt)
{
	return (char *)p->cfg + opt->offset;
}

static int fail(struct parse *p, const char *what, const char *arg)
{
	snprintf(p->err, p->err_size, "%s '%s'; see %s --help", what, arg, p->cmd->name);
	return -EINVAL;
}

static const struct seki_opt *find_long(const struct seki_command *cmd, const char *name,
					size_t len)
{
	for (size_t i = 0; i < cmd->count; i++) {
		const struct seki_opt *opt = &cmd->opts[i];

		if (!is_positional(opt) && strlen(opt->name) == len &&
		    memcmp(opt->name, name, len) == 0)
			return opt;
	}
	return NULL;
}

static const struct seki_opt *find_short(const struct seki_command *cmd, char letter)
{
	for (size_t i = 0; i < cmd->count; i++) {
		if (letter && cmd->opts[i].letter == letter)
			return &cmd->opts[i];
	}
	return NULL;
}

static int set_u32(struct parse *p, const struct seki_opt *opt, const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < opt->min ||
	    value > opt->max) {
		snprintf(p->err, p->err_size, "--%s: '%s' is not a number from %u to %u", opt->name,
			 text, opt->min, opt->max);
		return -EINVAL;
	}
	*(uint32_t *)member(p, opt) = (uint32_t)value;
	return 0;
}

static int add_item(struct parse *p, const struct seki_opt *opt, const char *text)
{
	struct seki_opt_list *list = member(p, opt);

	if (list->n == SEKI_OPT_LIST_MAX) {
		snprintf(p->err, p->err_size, "--%s: at most %u times", opt->name,
			 SEKI_OPT_LIST_MAX);
		return -EINVAL;
	}
	list->items[list->n++] = text;
	return 0;
}

/* `value` is what followed '=' or the letter, NULL if nothing did. */
static int set_option(struct parse *p, const struct seki_opt *opt, const char *value)
{
	if (opt->type == SEKI_OPT_FLAG) {
		if (value)
			return fail(p, "no value wanted in", p->argv[p->next - 1]);
		*(bool *)member(p, opt) = true;
		return 0;
	}
	if (opt->type == SEKI_OPT_MAYBE) {
		*(const char **)member(p, opt) = value ? value : "";
		return 0;
	}
	if (!value) {
		if (p->next >= p->argc)
			return fail(p, "a value is missing after", p->argv[p->next - 1]);
		value = p->argv[p->next++];
	}
	if (opt->type == SEKI_OPT_U32)
		return set_u32(p, opt, value);
	if (opt->type == SEKI_OPT_LIST)
		return add_item(p, opt, value);
	*(const char **)member(p, opt) = value;
	return 0;
}

static int parse_long(struct parse *p, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct seki_opt *opt = find_long(p->cmd, arg + 2, len - 2);

	if (opt)
		return set_option(p, opt, equals ? equals + 1 : NULL);
	return strcmp(arg, "--help") == 0 ? SEKI_OPTS_HELP : fail(p, "unknown option", arg);
}

static int parse_short(struct parse *p, const char *arg)
{
	const struct seki_opt *opt = find_short(p->cmd, arg[1]);

	if (opt)
		return set_option(p, opt, arg[2] ? arg + 2 : NULL);
	return strcmp(arg, "-h") == 0 ? SEKI_OPTS_HELP : fail(p, "unknown option", arg);
}

static int parse_positional(struct parse *p, const char *arg)
{
	for (; p->positional < p->cmd->count; p->positional++) {
		const struct seki_opt *opt = &p->cmd->opts[p->positional];

		if (is_positional(opt)) {
			*(const char **)member(p, opt) = arg;
			p->positional++;
			return 0;
		}
	}
	return fail(p, "one argument too many:", arg);
}

static int check_required(struct parse *p)
{
	for (size_t i = p->positional; i < p->cmd->count; i++) {
		if (p->cmd->opts[i].type == SEKI_OPT_REQUIRED)
			return fail(p, "missing argument", p->cmd->opts[i].name);
	}
	return 0;
}

int seki_opts_parse(const struct seki_command *cmd, int argc, char **argv, void *cfg, char *err,
		    size_t err_size)
{
	struct parse p = {.cmd = cmd,
			  .argv = argv,
			  .argc = argc,
			  .next = 1,
			  .cfg = cfg,
			  .err = err,
			  .err_size = err_size};
	bool options = true;
	int ret;

	while (p.next < argc) {
		const char *arg = argv[p.next++];

		if (options && strcmp(arg, "--") == 0) {
			options = false;
			continue;
		}
		if (options && arg[0] == '-' && arg[1] == '-')
			ret = parse_long(&p, arg);
		else if (options && arg[0] == '-' && arg[1])
			ret = parse_short(&p, arg);
		else
			ret = parse_positional(&p, arg);
		if (ret)
			return ret;
	}
	return check_required(&p);
}

static void help_line(const struct seki_opt *opt, FILE *out)
{
	char left[64];

	if (is_positional(opt))
		snprintf(left, sizeof(left), "%s", opt->name);
	else
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s%s", opt->letter ? '-' : ' ',
			 opt->letter ? opt->letter : ' ', opt->letter ? "," : " ", opt->name,
			 opt->type == SEKI_OPT_MAYBE ? "[="
			 : opt->arg		     ? " "
						     : "",
			 opt->arg ? opt->arg : "", opt->type == SEKI_OPT_MAYBE ? "]" : "");
	fprintf(out, "  %-28s %s\n", left, opt->help);
}

void seki_opts_help(const struct seki_command *cmd, FILE *out)
{
	bool options = false;

	fprintf(out, "usage: %s", cmd->name);
	for (size_t i = 0; i < cmd->count; i++) {
		const struct seki_opt *opt = &cmd->opts[i];

		if (opt->type == SEKI_OPT_REQUIRED)
			fprintf(out, " %s", opt->name);
		else if (opt->type == SEKI_OPT_OPTIONAL)
			fprintf(out, " [%s]", opt->name);
		else
			options = true;
	}
	fprintf(out, "%s\n%s\n\n", options ? " [options]" : "", cmd->about);
	for (size_t i = 0; i < cmd->count; i++)
		help_line(&cmd->opts[i], out);
	fprintf(out, "  %-28s %s\n", "-h, --help", "this text");
}
