/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int set_path(struct sockaddr_un *addr, const char *path)
{
	size_t len = strlen(path);

	if (len > SEKI_UNIX_PATH_MAX)
		return -ENAMETOOLONG;
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path, path, len);
	return 0;
}

int seki_unix_listen(const char *path, int type, mode_t mode, int backlog)
{
	struct sockaddr_un addr;
	int err = set_path(&addr, path);
	int fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Nobody connects before listen(), so the mode is right from the first moment on. */
	if ((unlink(path) && errno != ENOENT) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(path, mode) || listen(fd, backlog)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int seki_unix_connect(const char *path, int type)
{
	struct sockaddr_un addr;
	int err = set_path(&addr, path);
	int fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(SEKI_FDS_MAX * sizeof(int))];
};

int seki_fds_send(int sock, const void *data, size_t len, const int *fds, uint32_t n)
{
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {0};

	if (n > SEKI_FDS_MAX)
		return -EINVAL;
	if (n) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

/* Collects the descriptors of a message into fds; returns how many. */
static uint32_t collect(struct msghdr *msg, int *fds, uint32_t room)
{
	uint32_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n < room)
				fds[n++] = fd;
			else
				close(fd); /* cannot be: the control buffer has no room for more */
		}
	}
	return n;
}

ssize_t seki_fds_recv(int sock, void *data, size_t len, int *fds, uint32_t max, uint32_t *n)
{
	struct iovec iov = {.iov_base = data, .iov_len = len};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int got[SEKI_FDS_MAX];
	ssize_t ret = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	uint32_t count;

	if (ret < 0)
		return -errno;
	count = collect(&msg, got, SEKI_FDS_MAX);
	if (count > max || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		ret = -EMSGSIZE;
	if (ret <= 0) {
		while (count)
			close(got[--count]);
		return ret;
	}
	memcpy(fds, got, count * sizeof(int));
	*n = count;
	return ret;
}
