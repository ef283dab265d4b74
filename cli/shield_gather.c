/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shield_gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/fields.h"
#include "cli/shield_view.h"
#include "lib/sys/fds.h"
#include "lib/sys/rundir.h"

/* One that answers answers at once. */
#define REPLY_SECONDS 1
#define ALL_SECONDS   4

#define ANSWER_MAX    (16u << 20) /* bytes of the switch's */
#define SOURCE_MAX    (4u << 20)  /* bytes of a program's source that are looked through */
#define SOURCE_LINE   100u
#define LINES_MAX     64u /* of each P4 VM's sites that are looked up */

#define OVS_RUNDIR    "/var/run/openvswitch"

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void miss(struct json_object *view, const char *who, const char *name, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s: %s", who, name, why);
	seki_view_miss(view, text);
}

/* 0 and the text; or negative errno. */
static int ask_p4vm(const char *run_dir, const char *name, char **text)
{
	struct seki_control_frame reply;
	int fd = seki_cli_open(run_dir, name, REPLY_SECONDS);
	int err;

	if (fd < 0)
		return fd;
	err = seki_cli_request(fd, SEKI_CONTROL_STATUS, "", NULL, 0, &reply, text);
	close(fd);
	if (!err && reply.status) {
		free(*text);
		return reply.status < 0 ? reply.status : -EPROTO;
	}
	return err;
}

static const char *p4vm_trouble(int err)
{
	if (err == -EAGAIN || err == -ETIMEDOUT)
		return "does not answer";
	if (err == -ENOENT || err == -ECONNREFUSED)
		return "does not run";
	if (err == -EACCES || err == -EPERM)
		return "belongs to somebody else; be that user, or root";
	if (err == -EPROTO)
		return "answered with something that is not its status";
	return strerror(-err);
}

static void add_p4vm(struct json_object *view, const char *run_dir, const char *name)
{
	char socket[PATH_MAX], *text = NULL;
	struct json_object *status = NULL;
	int err = seki_rundir_path(run_dir, name, SEKI_RUNDIR_PORT, socket, sizeof(socket));

	if (!err)
		err = ask_p4vm(run_dir, name, &text);
	if (!err) {
		status = json_tokener_parse(text);
		free(text);
		err = seki_view_add_p4vm(view, name, socket, status);
	}
	if (!err)
		return;
	json_object_put(status);
	miss(view, "P4 VM ", name, p4vm_trouble(err));
}

static int add_p4vms(struct json_object *view, const struct seki_gather *gather)
{
	time_t until = seconds() + ALL_SECONDS;
	char **names;
	int n;

	if (gather->name) {
		add_p4vm(view, gather->run_dir, gather->name);
		return 0;
	}
	n = seki_cli_instances(gather->run_dir, &names);
	for (int i = 0; i < n; i++) {
		if (seconds() < until)
			add_p4vm(view, gather->run_dir, names[i]);
		else
			miss(view, "P4 VM ", names[i], "not asked: others took too long");
		free(names[i]);
	}
	free(names);
	return n < 0 ? n : 0;
}

/* Where ovs-vswitchd listens: ovs-appctl(8). */
static int find_switch(char *out, size_t size)
{
	const char *dir = getenv("OVS_RUNDIR");
	char path[PATH_MAX];
	int pid, n;
	FILE *file;

	if (!dir)
		dir = OVS_RUNDIR;
	snprintf(path, sizeof(path), "%s/ovs-vswitchd.pid", dir);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fscanf(file, "%d", &pid);
	fclose(file);
	if (n != 1)
		return -EPROTO;
	n = snprintf(out, size, "%s/ovs-vswitchd.%d.ctl", dir, pid);
	return n < (int)size ? 0 : -ENAMETOOLONG;
}

/* One JSON value. NULL: *err. */
static struct json_object *receive(int fd, int *err)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value = NULL;
	size_t all = 0;
	char buf[65536];
	ssize_t n;

	*err = -EPROTO;
	while (tokener && !value && all < ANSWER_MAX) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0) {
			*err = n ? -errno : -ECONNRESET;
			break;
		}
		all += (size_t)n;
		value = json_tokener_parse_ex(tokener, buf, (int)n);
		if (!value && json_tokener_get_error(tokener) != json_tokener_continue)
			break;
	}
	json_tokener_free(tokener);
	return value;
}

/* JSON-RPC 1.0 (ovs-appctl's own words): the answer's `result` is a text, in JSON. */
static struct json_object *call_switch(int fd, int *err)
{
	static const char request[] =
		"{\"id\":0,\"method\":\"sekisho/show\",\"params\":[\"--json\"]}";
	const struct timeval limit = {.tv_sec = REPLY_SECONDS};
	struct json_object *answer, *inner = NULL;
	const char *text;

	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1) {
		*err = -errno;
		return NULL;
	}
	answer = receive(fd, err);
	if (answer) {
		text = json_object_get_string(seki_field(answer, "result"));
		inner = text ? json_tokener_parse(text) : NULL;
		*err = text ? -EPROTO : -EOPNOTSUPP;
	}
	json_object_put(answer);
	return inner;
}

static const char *switch_trouble(int err)
{
	if (err == -EACCES || err == -EPERM)
		return "only its user may ask it, or root";
	if (err == -ENOENT || err == -ECONNREFUSED)
		return "does not run here; name its control socket with --switch";
	if (err == -EAGAIN)
		return "does not answer";
	if (err == -EOPNOTSUPP)
		return "has no hook: it is not the one that `make ovs` builds";
	if (err == -EPROTO)
		return "answered with something that is not its ports";
	return strerror(-err);
}

static void add_switch(struct json_object *view, const struct seki_gather *gather)
{
	char path[PATH_MAX] = "ovs-vswitchd";
	struct json_object *answer = NULL;
	int err = 0, fd;

	if (gather->ovs_socket)
		snprintf(path, sizeof(path), "%s", gather->ovs_socket);
	else
		err = find_switch(path, sizeof(path));
	fd = err ? err : seki_unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0) {
		miss(view, "switch ", path, switch_trouble(fd));
		return;
	}
	answer = call_switch(fd, &err);
	close(fd);
	if (answer)
		err = seki_view_add_switch(view, answer, !gather->name);
	if (!err)
		return;
	json_object_put(answer);
	miss(view, "switch ", path, switch_trouble(err));
}

/* A program says itself what its source is called: only files of one folder are opened, by their last
 * names, and none that makes one wait. */
static FILE *open_source(const char *dir, const char *source)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash ? slash + 1 : source;
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (*name == '.' || !*name || snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX)
		return NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SOURCE_MAX)
		return fdopen(fd, "r");
	close(fd);
	return NULL;
}

static void add_line(struct json_object *site, const char *dir)
{
	const char *source = json_object_get_string(seki_field(site, "source"));
	uint64_t wanted = seki_field_u64(site, "line");
	FILE *file = source && wanted ? open_source(dir, source) : NULL;
	char *line = NULL, *start;
	size_t size = 0;
	ssize_t n = 0;

	for (uint64_t i = 0; file && i < wanted && n >= 0; i++)
		n = getline(&line, &size, file);
	if (file && n > 0) {
		start = line + strspn(line, " \t");
		start[strcspn(start, "\r\n")] = '\0';
		seki_field_put(site, "text",
			       json_object_new_string_len(start, (int)strnlen(start, SOURCE_LINE)));
	}
	if (file)
		fclose(file);
	free(line);
}

static void add_lines(struct json_object *view, const char *dir)
{
	for (size_t i = 0; i < seki_field_count(view, "p4vms"); i++) {
		struct json_object *p4vm = seki_field_item(view, "p4vms", i);

		for (size_t k = 0; k < seki_field_count(p4vm, "sites") && k < LINES_MAX; k++)
			add_line(seki_field_item(p4vm, "sites", k), dir);
	}
}

int seki_gather(const struct seki_gather *gather, struct json_object **view)
{
	int err;

	*view = seki_view_new();
	err = add_p4vms(*view, gather);
	if (err) {
		json_object_put(*view);
		return err;
	}
	add_switch(*view, gather);
	seki_view_sum(*view);
	if (gather->source_dir)
		add_lines(*view, gather->source_dir);
	return 0;
}
