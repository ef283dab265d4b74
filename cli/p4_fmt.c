/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho p4 fmt`: the canonical layout of P4 source files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/p4.h"
#include "compiler/p4/fmt/fmt.h"
#include "compiler/p4/tool.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"

#define MAX_FILE      ((size_t)16 << 20)

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

enum mode { FMT_PRINT, FMT_IN_PLACE, FMT_CHECK, FMT_DIFF };

static void help(FILE *out)
{
	fputs("usage: sekisho p4 fmt [-i | --check | --diff] FILE.p4 ...\n"
	      "Lays P4 source out in the canonical way: the tokens, comments and directives of a file\n"
	      "stay as they are; only the space between them changes.\n\n"
	      "  -i, --in-place  write the files where they change; else they go to standard output\n"
	      "      --check     write nothing: name the files that would change, and fail\n"
	      "      --diff      write nothing: show what would change, and fail\n",
	      out);
}

/* What diff(1) says of the file and its canonical layout, which it is given as its input. It exits with 1
 * where they differ. */
static int show_diff(const char *path, const char *text)
{
	static const char script[] =
		"diff -u --label \"$1\" --label \"$1\" -- \"$1\" -; test $? -le 1";
	const char *argv[] = {"sh", "-c", script, "sh", path, NULL};
	char log[256] = "";
	size_t len;
	void *out;

	if (seki_tool_run((char *const *)argv, text, &out, &len, log, sizeof(log)))
		return complain("cannot run 'diff': %s", log);
	fwrite(out, 1, len, stdout);
	free(out);
	return SEKI_EXIT_FAILED;
}

/* The exit code for one file, of which `text` is the layout and `old` what it has. */
static int deliver(enum mode mode, const char *path, const char *old, size_t len, const char *text)
{
	bool same = strlen(text) == len && memcmp(old, text, len) == 0;

	switch (mode) {
	case FMT_IN_PLACE:
		return same ? SEKI_EXIT_OK : seki_cli_save(path, text, strlen(text));
	case FMT_CHECK:
		if (!same)
			puts(path);
		return same ? SEKI_EXIT_OK : SEKI_EXIT_FAILED;
	case FMT_DIFF:
		return same ? SEKI_EXIT_OK : show_diff(path, text);
	default:
		fputs(text, stdout);
		return SEKI_EXIT_OK;
	}
}

static int format(enum mode mode, const char *path)
{
	char *text;
	void *data;
	size_t len;
	int err = seki_file_read(path, MAX_FILE, &data, &len);
	int ret;

	if (err)
		return complain("'%s': %s", path, strerror(-err));
	err = seki_p4_fmt(path, data, len, &text);
	if (!err) {
		ret = deliver(mode, path, data, len, text);
	} else {
		if (text)
			fputs(text, stderr);
		ret = complain("'%s' is left as it is: %s", path,
			       text ? "it has errors" : strerror(-err));
	}
	free(text);
	free(data);
	return ret;
}

static bool take_option(const char *arg, enum mode *mode)
{
	if (strcmp(arg, "-i") == 0 || strcmp(arg, "--in-place") == 0)
		*mode = FMT_IN_PLACE;
	else if (strcmp(arg, "--check") == 0)
		*mode = FMT_CHECK;
	else if (strcmp(arg, "--diff") == 0)
		*mode = FMT_DIFF;
	else
		return false;
	return true;
}

int seki_cli_p4_fmt(int argc, char **argv)
{
	enum mode mode = FMT_PRINT;
	int i = 1, ret = SEKI_EXIT_OK;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help(stdout);
			return SEKI_EXIT_OK;
		}
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (!take_option(argv[i], &mode)) {
			complain("sekisho p4 fmt has no option '%s'", argv[i]);
			return SEKI_EXIT_USAGE;
		}
	}
	if (i == argc) {
		help(stderr);
		return SEKI_EXIT_USAGE;
	}
	for (; i < argc; i++)
		if (format(mode, argv[i]) != SEKI_EXIT_OK)
			ret = SEKI_EXIT_FAILED;
	return ret;
}
