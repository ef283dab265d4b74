/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory files are a program's standard input, output and error, so that nothing is left behind,
 * whatever happens.
 */
#include "compiler/p4/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((off_t)64 << 20)

static int memory_file(const char *name, const char *text)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	size_t len = text ? strlen(text) : 0, done = 0;
	int err;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0) {
			err = -errno;
			close(fd);
			return err;
		}
		done += (size_t)n;
	}
	return fd;
}

/* In the child: becomes the program. */
static void exec_tool(char *const *argv, int in, int out, int log)
{
	int err;

	if (lseek(in, 0, SEEK_SET) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	err = errno;
	dprintf(2, "%s: %s\n", argv[0], strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
}

static int read_back(int fd, void **data, size_t *len)
{
	struct stat st;
	char *buf;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0 || st.st_size > OUTPUT_MAX)
		return -EIO;
	buf = malloc((size_t)st.st_size);
	if (!buf)
		return -ENOMEM;
	if (pread(fd, buf, (size_t)st.st_size, 0) != st.st_size) {
		free(buf);
		return -EIO;
	}
	*data = buf;
	*len = (size_t)st.st_size;
	return 0;
}

static void copy_log(int fd, char *log, size_t size)
{
	ssize_t n;

	if (!log || size == 0)
		return;
	n = pread(fd, log, size - 1, 0);
	log[n > 0 ? n : 0] = '\0';
}

int seki_tool_run(char *const *argv, const char *text, void **result, size_t *len, char *log,
		  size_t log_size)
{
	int in = memory_file("in", text);
	int out = memory_file("out", NULL);
	int err_log = memory_file("log", NULL);
	int err = in < 0 ? in : out < 0 ? out : err_log < 0 ? err_log : 0;
	pid_t pid;

	if (!err) {
		pid = fork();
		if (pid == 0)
			exec_tool(argv, in, out, err_log);
		err = pid < 0 ? -errno : wait_for(pid);
	}
	if (!err)
		err = read_back(out, result, len);
	if (err)
		copy_log(err_log, log, log_size);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (err_log >= 0)
		close(err_log);
	return err;
}
