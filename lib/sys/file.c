/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end or until more than max bytes have come. */
static int read_all(int fd, char *buf, size_t max, size_t *len)
{
	size_t n = 0;

	while (n <= max) {
		ssize_t got = read(fd, buf + n, max + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0) {
			*len = n;
			return 0;
		}
		n += (size_t)got;
	}
	return -EFBIG;
}

static int read_regular(int fd, size_t max, void **data, size_t *len)
{
	struct stat st;
	char *buf;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((unsigned long long)st.st_size > max)
		return -EFBIG;
	buf = malloc(max + 1);
	if (!buf)
		return -ENOMEM;
	err = read_all(fd, buf, max, len);
	if (err) {
		free(buf);
		return err;
	}
	*data = buf;
	return 0;
}

int seki_file_read(const char *path, size_t max, void **data, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = read_regular(fd, max, data, len);
	close(fd);
	return err;
}
