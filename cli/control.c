/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/sys/fds.h"
#include "lib/sys/log.h"
#include "lib/sys/rundir.h"

/* Longer than any verification takes. */
#define REPLY_SECONDS 60

static void explain(const char *name, const char *path, int err)
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		seki_complain("sekisho",
			      "no P4 VM '%s' runs here (%s: %s); start it: "
			      "sekisho shield run %s",
			      name, path, strerror(-err), name);
	else if (err == -EACCES || err == -EPERM)
		seki_complain("sekisho",
			      "P4 VM '%s' belongs to somebody else (%s: %s); "
			      "be the user who started it",
			      name, path, strerror(-err));
	else
		seki_complain("sekisho", "P4 VM '%s': %s: %s", name, path, strerror(-err));
}

/* A P4 VM that is stopped has a queue of calls that fills up: whoever comes then does not wait. */
static int open_socket(const char *path, unsigned int seconds)
{
	const struct timeval limit = {.tv_sec = seconds};
	int fd = seki_unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	/* Cannot fail: a valid descriptor of a socket and a sane time. */
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

int seki_cli_open(const char *base, const char *name, unsigned int seconds)
{
	char path[PATH_MAX];
	int err = seki_rundir_path(base, name, SEKI_RUNDIR_CONTROL, path, sizeof(path));

	return err ? err : open_socket(path, seconds);
}

int seki_cli_connect(const char *base, const char *name)
{
	char path[PATH_MAX];
	int fd, err;

	err = seki_rundir_path(base, name, SEKI_RUNDIR_CONTROL, path, sizeof(path));
	if (err) {
		seki_complain("sekisho",
			      "'%s' is not the name of a P4 VM: letters, digits, '.', "
			      "'_' and '-', at most %u of them",
			      name, SEKI_RUNDIR_NAME_MAX);
		return err;
	}
	fd = open_socket(path, REPLY_SECONDS);
	if (fd < 0)
		explain(name, path, fd);
	return fd;
}

static int is_instance(const struct dirent *entry)
{
	return seki_rundir_name_ok(entry->d_name);
}

int seki_cli_instances(const char *base, char ***out)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int n = scandir(base, &entries, is_instance, alphasort), kept = 0;
	char **names;

	*out = NULL;
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		/* Is there a control socket in it, alive or not? */
		if (names &&
		    !seki_rundir_path(base, name, SEKI_RUNDIR_CONTROL, path, sizeof(path)) &&
		    !access(path, F_OK))
			names[kept] = strdup(name);
		kept += names && names[kept];
		free(entries[i]);
	}
	free(entries);
	*out = names;
	return names ? kept : -ENOMEM;
}

static int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The socket's time limit is for all of it: a peer that sends byte after byte does not stretch it. */
static int recv_all(int fd, void *data, size_t len)
{
	ssize_t n;

	if (!len)
		return 0;
	do
		n = recv(fd, data, len, MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	return (size_t)n == len ? 0 : -ETIMEDOUT;
}

static int receive_reply(int fd, enum seki_control_op op, struct seki_control_frame *reply,
			 char **text)
{
	char *buf;
	int err = recv_all(fd, reply, sizeof(*reply));

	if (err)
		return err;
	if (reply->magic != SEKI_CONTROL_MAGIC || reply->op != op ||
	    reply->len > SEKI_CONTROL_MAX_REPLY)
		return -EPROTO;
	buf = calloc(1, (size_t)reply->len + 1);
	if (!buf)
		return -ENOMEM;
	err = recv_all(fd, buf, reply->len);
	if (err) {
		free(buf);
		return err;
	}
	*text = buf;
	return 0;
}

int seki_cli_request(int fd, enum seki_control_op op, const char *name, const void *data,
		     size_t len, struct seki_control_frame *reply, char **text)
{
	struct seki_control_frame frame = {
		.magic = SEKI_CONTROL_MAGIC, .op = op, .len = (uint32_t)len};
	int err;

	snprintf(frame.name, sizeof(frame.name), "%s", name);
	err = send_all(fd, &frame, sizeof(frame));
	if (!err)
		err = send_all(fd, data, len);
	return err ? err : receive_reply(fd, op, reply, text);
}

pid_t seki_cli_peer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	return cred.pid > 0 ? cred.pid : -ESRCH;
}
