/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho shield load` and `unload`. */
#include "cli/shield_load.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/control.h"
#include "core/base/check.h"
#include "lib/sys/file.h"
#include "lib/sys/log.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"

#define complain(...) seki_complain("sekisho", __VA_ARGS__)

struct config {
	const char *name;
	const char *object;
	const char *port; /* NULL: of all that have none of their own */
	const char *keep; /* NULL: no maps; "": all */
	const char *run_dir;
};

#define NAME_LINE SEKI_OPT_REQUIRED_LINE(struct config, name, "NAME", "name of the P4 VM")
#define PORT_LINE                                                                                  \
	SEKI_OPT_STRING_LINE(struct config, port, 'p', "port", "PORT",                             \
			     "the program of this port alone (default: of all without their own)")
#define RUN_DIR_LINE                                                                               \
	SEKI_OPT_STRING_LINE(struct config, run_dir, 0, "run-dir", "DIR",                          \
			     "where the sockets are: DIR/NAME/ (default /run/sekisho)")

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void seki_cli_print_text(const char *text, FILE *out)
{
	char last = '\n';

	for (; *text; text++) {
		last = *text;
		putc(isprint((unsigned char)last) || last == '\n' || last == '\t' ? last : '?',
		     out);
	}
	if (last != '\n')
		putc('\n', out);
}

/* The request's first bytes. 0, or it has been complained about. */
static int make_target(const struct config *config, struct seki_control_target *out)
{
	*out = (struct seki_control_target){.flags = config->keep ? SEKI_CONTROL_KEEP_MAPS : 0};
	if (!config->port)
		return 0;
	if (!*config->port || strlen(config->port) >= sizeof(out->port))
		return complain("--port '%s': the name of a port has 1 to %zu characters",
				config->port, sizeof(out->port) - 1);
	strcpy(out->port, config->port);
	return 0;
}

/* The names, separated by commas, as the request has them; `out` has room for them. Returns how many
 * bytes. */
static uint32_t split_names(const char *names, char *out)
{
	size_t len = strlen(names) + 1;

	if (len == 1)
		return 0;
	memcpy(out, names, len);
	for (size_t i = 0; i < len; i++) {
		if (out[i] == ',')
			out[i] = '\0';
	}
	return (uint32_t)len;
}

/* malloc(), NULL: no memory. */
static char *make_request(const struct config *config, struct seki_control_target *target,
			  const void *object, size_t len, size_t *size)
{
	const char *names = config->keep ? config->keep : "";
	char *request = malloc(sizeof(*target) + strlen(names) + 1 + len);

	if (!request)
		return NULL;
	target->names = split_names(names, request + sizeof(*target));
	memcpy(request, target, sizeof(*target));
	*size = sizeof(*target) + target->names;
	memcpy(request + *size, object, len);
	*size += len;
	return request;
}

/* 0 and a reply; else it has been complained about. */
static int ask(const struct config *config, enum seki_control_op op, const char *name,
	       const void *request, size_t size, struct seki_control_frame *reply, char **text)
{
	int fd = seki_cli_connect(config->run_dir, config->name);
	int err;

	if (fd < 0)
		return fd;
	err = seki_cli_request(fd, op, name, request, size, reply, text);
	close(fd);
	if (err)
		complain("P4 VM '%s' did not answer: %s", config->name, strerror(-err));
	return err;
}

/* Sends the object and tells what became of it. */
static int load(const struct config *config, const void *object, size_t len)
{
	struct seki_control_target target;
	struct seki_control_frame reply;
	char *request, *text;
	size_t size;
	int err;

	if (make_target(config, &target))
		return SEKI_EXIT_USAGE;
	request = make_request(config, &target, object, len, &size);
	if (!request)
		return complain("no memory");
	err = ask(config, SEKI_CONTROL_LOAD, base_name(config->object), request, size, &reply,
		  &text);
	free(request);
	if (err)
		return SEKI_EXIT_FAILED;
	if (reply.status) {
		complain("P4 VM '%s' refused '%s':", config->name, config->object);
		seki_cli_print_text(*text ? text : strerror(-reply.status), stderr);
		complain("nothing changed: the program it ran before still runs");
	} else {
		seki_cli_print_text(text, stdout);
	}
	free(text);
	return reply.status ? SEKI_EXIT_FAILED : SEKI_EXIT_OK;
}

/* An exit code. */
static int load_file(const struct config *config)
{
	void *object;
	size_t len;
	int ret;

	ret = seki_file_read(config->object, SEKI_CONTROL_MAX_OBJECT, &object, &len);
	if (ret == -EFBIG)
		return complain("'%s' is larger than %u bytes", config->object,
				SEKI_CONTROL_MAX_OBJECT);
	if (ret == -EINVAL)
		return complain("'%s' is not a file", config->object);
	if (ret)
		return complain("'%s': %s", config->object, strerror(-ret));
	if (len == 0) {
		free(object);
		return complain("'%s' is empty; build it with `sekisho p4 build`", config->object);
	}
	ret = load(config, object, len);
	free(object);
	return ret;
}

int seki_cli_load_first(const char *run_dir, const char *name, const char *object)
{
	const struct config config = {.name = name, .object = object, .run_dir = run_dir};

	return load_file(&config);
}

int seki_cli_shield_load(int argc, char **argv)
{
	static const struct seki_opt options[] = {
		NAME_LINE,
		SEKI_OPT_REQUIRED_LINE(struct config, object, "OBJ",
				       "program, built by `sekisho p4 build`"),
		PORT_LINE,
		SEKI_OPT_MAYBE_LINE(struct config, keep, 'k', "keep-maps", "NAMES",
				    "carry maps over from the program before: all, or NAME,NAME"),
		RUN_DIR_LINE,
	};
	static const struct seki_command cmd = {
		"sekisho shield load",
		"Replaces the program of a running P4 VM, without losing a packet. What cannot be\n"
		"proven safe is refused, and the program that ran before goes on undisturbed.",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	config.run_dir = seki_rundir_base(config.run_dir);
	if (config.keep && strlen(config.keep) >= SEKI_CONTROL_MAX_NAMES)
		return complain("--keep-maps: names of more than %u bytes", SEKI_CONTROL_MAX_NAMES);
	return load_file(&config);
}

int seki_cli_shield_unload(int argc, char **argv)
{
	static const struct seki_opt options[] = {NAME_LINE, PORT_LINE, RUN_DIR_LINE};
	static const struct seki_command cmd = {
		"sekisho shield unload",
		"Takes a program away. Packets of a port that had its own are judged by that of all\n"
		"ports; where there is none, they are dropped, or pass (`run --no-program pass`).",
		options, SEKI_COUNT(options)};
	struct config config = {0};
	struct seki_control_target target;
	struct seki_control_frame reply;
	char *text;
	int ret;

	if (!seki_cli_parse(&cmd, argc, argv, &config, &ret))
		return ret;
	config.run_dir = seki_rundir_base(config.run_dir);
	if (make_target(&config, &target))
		return SEKI_EXIT_USAGE;
	if (ask(&config, SEKI_CONTROL_UNLOAD, "", &target, sizeof(target), &reply, &text))
		return SEKI_EXIT_FAILED;
	if (reply.status) {
		complain("P4 VM '%s' did not unload it:", config.name);
		seki_cli_print_text(*text ? text : strerror(-reply.status), stderr);
	}
	free(text);
	return reply.status ? SEKI_EXIT_FAILED : SEKI_EXIT_OK;
}
