// SPDX-License-Identifier: Apache-2.0
/*
 * Why an object was refused: the log of lib/bpf, which is lines for people, shown as it is or taken
 * apart for programs. Its lines: the reason, then "  at insn N: CODE", "  in FILE:LINE: TEXT",
 * "  where REGISTER = ...", and a branch of the path as "  path: taken   at insn ..." with its line.
 */
#include <json-c/json.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bpf.h"
#include "lib/sys/log.h"

static const char *after(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

/* "12: r0 = 1", or "12". */
static void add_place(struct json_object *to, const char *text)
{
	char *end;

	seki_cli_add_u64(to, "instruction", strtoull(text, &end, 10));
	if (end[0] == ':' && end[1] == ' ')
		seki_cli_add_text(to, "code", end + 2);
}

/* "FILE:LINE: TEXT": up to the first number between colons. */
static void add_source(struct json_object *to, char *text)
{
	struct json_object *source;
	unsigned long line;
	char *end = NULL, *colon;

	for (colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
		line = strtoul(colon + 1, &end, 10);
		if (end != colon + 1 && *end == ':')
			break;
	}
	if (!colon)
		return;
	*colon = '\0';
	source = json_object_new_object();
	seki_cli_add_text(source, "file", text);
	seki_cli_add_u64(source, "line", line);
	seki_cli_add_text(source, "text", end + (end[1] == ' ' ? 2 : 1));
	json_object_object_add(to, "source", source);
}

static struct json_object *add_branch(struct json_object *path, const char *text)
{
	struct json_object *branch = json_object_new_object();
	const char *place = strstr(text, "at insn ");

	json_object_object_add(branch, "taken", json_object_new_boolean(!!after(text, "taken")));
	if (place)
		add_place(branch, place + strlen("at insn "));
	json_object_array_add(path, branch);
	return branch;
}

static void add_line(struct json_object *root, struct json_object *path, struct json_object **last,
		     char *line)
{
	const char *rest;

	if ((rest = after(line, "  at insn ")))
		add_place(root, rest);
	else if ((rest = after(line, "  in ")))
		add_source(*last, line + (rest - line));
	else if ((rest = after(line, "  where ")))
		seki_cli_add_text(root, "registers", rest);
	else if ((rest = after(line, "  path: ")))
		*last = add_branch(path, rest);
	else if (!json_object_object_get(root, "reason"))
		seki_cli_add_text(root, "reason", line);
}

static const char *errno_name(int err)
{
	switch (-err) {
	case ENOEXEC:
		return "not an object that loads";
	case EACCES:
		return "not proved safe";
	case E2BIG:
		return "too large or too complex";
	default:
		return strerror(-err);
	}
}

static void put_json(const char *path_of_file, const char *log, int err)
{
	struct json_object *root = json_object_new_object(), *last = root;
	struct json_object *path = json_object_new_array();
	char *copy = strdup(log), *save = NULL;

	seki_cli_add_text(root, "file", path_of_file);
	json_object_object_add(root, "accepted", json_object_new_boolean(false));
	seki_cli_add_text(root, "error", errno_name(err));
	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		add_line(root, path, &last, line);
	if (json_object_array_length(path))
		json_object_object_add(root, "path", path);
	else
		json_object_put(path);
	free(copy);
	seki_cli_put_json(root);
}

void seki_cli_put_refusal(const char *path, const char *log, int err, bool json)
{
	const struct seki_cli_colours *colours = seki_cli_colours(stderr);
	const char *end = strchr(log, '\n');

	if (json) {
		put_json(path, log, err);
		return;
	}
	complain("'%s' is %srefused%s, %s%s", path, colours->bad, colours->off, errno_name(err),
		 *log ? ":" : "");
	if (end)
		fprintf(stderr, "%.*s\n%s%s%s", (int)(end - log), log, colours->dim, end + 1,
			colours->off);
	else
		fputs(log, stderr);
}
